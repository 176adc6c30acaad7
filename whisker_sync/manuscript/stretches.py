r"""
Where in a text the words of each passage are.

A passage that was split off keeps its words where they are, in the text of the passage that
it was a part of: a text of the document is then cut by *marks*, and each stretch between two of
them is the body of one passage. So words that somebody writes at the same moment in what another
splits off are in their place, once, whatever becomes of the two passages afterwards.

A mark names the passage that begins there. It is never shown, and nobody's edit deletes it,
for no version of a file that an author has seen holds one. Its line ends keep the words on both
sides apart while it is written; a merge may take one of them, and the mark is still one.

What looks like a mark and names no passage of this text is text.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

_MARK = re.compile("\x02([0-9a-f]{16})\x03")


@dataclass(frozen=True, slots=True)
class Stretch:
    """What of a text is the body of one passage."""

    start: int
    """In code points, like ``end``."""

    end: int


def mark(id_: str) -> str:
    """Return what begins the stretch of a passage."""
    return f"\n\x02{id_}\x03\n"


def stretches(text: str, first: str, others: Collection[str]) -> dict[str, Stretch]:
    """
    Return what of a text belongs to which passage, in order.

    ``first`` is the passage whose text it is, ``others`` those that were split off from it.
    """
    found: dict[str, Stretch] = {}
    id_, start = first, 0
    for match in _MARK.finditer(text) if others else ():
        if match[1] in others and match[1] not in found and match[1] != id_:
            end, behind = match.span()
            found[id_] = Stretch(start, end - (text[start:end][-1:] == "\n"))
            id_, start = match[1], behind + (text[behind : behind + 1] == "\n")
    found[id_] = Stretch(start, len(text))
    return found
