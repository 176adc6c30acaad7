r"""
A place in a passage that names another passage.

The names of passages stand in links (``[[Cave]]``), in strings (``(goto: "Cave")``), as
bare words (``<<goto Cave>>``) and in attributes of HTML (``data-passage="Cave"``). Each has
its own way to spell a name, which :func:`spell` knows for writing and this module's
:func:`unquote` for reading. Only a name that is written out counts: one that is put
together while the story runs cannot be followed by looking at it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

_ESCAPE = re.compile(
    r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL
)
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_MOST_UNICODE = 0x10FFFF
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_NOT_A_NAME = frozenset({"true", "false", "null", "undefined", "NaN", "to", "is", "autofocus"})
"""Bare words that SugarCube takes for a value, or for something else than a passage."""


class Kind(Enum):
    """What a reference is for."""

    LINK = "link"
    """The reader may choose to go there."""

    GOTO = "goto"
    """The story goes there by itself."""

    INCLUDE = "include"
    """The other passage is shown within this one."""

    QUESTION = "question"
    """The story asks about the other passage, most often whether it was visited."""


class Spelling(Enum):
    """How a name is written where it stands."""

    PLAIN = "plain"
    """As it is, between brackets."""

    QUOTED = "quoted"
    """As a string with backslashes; the quotes stand around the place."""

    WORD = "word"
    """As a bare word among the arguments of a macro."""

    ATTRIBUTE = "attribute"
    """As HTML, between the quotes of an attribute."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A passage's name in the text of another passage."""

    target: str
    """The name that it means."""

    start: int
    end: int
    """Where the name is spelled, in code points, without quotes and brackets."""

    kind: Kind
    spelling: Spelling = Spelling.PLAIN
    live: bool = True
    """False: it is commented out."""


def spell(name: str, reference: Reference, text: str) -> str:
    """Return how another name is written in the place of a reference."""
    match reference.spelling:
        case Spelling.PLAIN:
            return name
        case Spelling.QUOTED:
            quote = text[reference.start - 1]
            return name.replace("\\", "\\\\").replace(quote, f"\\{quote}")
        case Spelling.WORD:
            return (
                name if is_word(name) else '"' + name.replace("\\", r"\\").replace('"', r"\"") + '"'
            )
        case Spelling.ATTRIBUTE:
            quote = text[reference.start - 1]
            entity = "&quot;" if quote == '"' else "&#39;"
            return name.replace("&", "&amp;").replace(quote, entity)


def is_word(name: str) -> bool:
    """Tell whether a macro takes a bare word for this name."""
    return bool(_WORD.fullmatch(name)) and name not in _NOT_A_NAME


def unquote(raw: str) -> str:
    """Return what a string literal says, given what stands between its quotes."""
    if "\\" not in raw:
        return raw
    said = _ESCAPE.sub(_character, raw)
    return said.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _character(escape: re.Match[str]) -> str:
    code = escape[1] or escape[2] or escape[3]
    if code is None:
        return _CONTROLS.get(escape[4], escape[4])
    number = int(code, 16)
    return chr(number) if number <= _MOST_UNICODE else escape[0]
