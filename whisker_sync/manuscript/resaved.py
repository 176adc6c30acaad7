"""
What may have been cut from an old text, although it is not in the file any more.

An editor that shows old text shows what co-authors have taken to other files since. If its author
cuts just that, the file is saved as it is, or as an older version without it; there is no other
trace. It is no more than a hint: nothing is deleted for it, and a paste under the same name must
follow (moves.py).
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from whisker_sync.manuscript.cutting import Group
from whisker_sync.manuscript.render import View
from whisker_sync.manuscript.shadow import Page, Piece, runs_of


def taken_out(
    earlier: Iterable[Page], base: Page, text: str, view: View, known: Container[str]
) -> list[Group]:
    """
    Return the passages without which a save is word for word one of some ``earlier`` versions.

    They are not in its ``base``, but in other files now, and not ``known`` to be cut already.
    """
    here = {part.id for part in base.parts}
    found: dict[str, Group] = {}
    for version in earlier:
        went = {
            part.id
            for part in version.parts
            if part.id not in here and part.id not in known and part.id not in found
            if (passage := view.passages.get(part.id)) is not None
            if passage.file not in here and view.alive(passage)
        }
        rest = "".join(part.text for part in version.parts if part.id not in went)
        if went and rest.split() == text.split():
            runs = (run for run in runs_of(version) if run[0].id in went)
            found |= {run[0].id: Group(run) for run in runs if run[0].piece is Piece.PASSAGE}
    return list(found.values())
