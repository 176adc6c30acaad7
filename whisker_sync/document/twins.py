"""
The same insertion twice.

Two devices that get one change by another way, from a common repository, a formatter, an
archive, each write it into the document, and as characters merge it would be there twice.
Such insertions have the same text between the same two characters: none of the two was
made in sight of the other. An author who repeats a word does it beside the first, which
then is a neighbour of the second.

This is only the book of what was written here, and of what others turn out to have
written, too. Which of the two goes is the same for everybody: the one with the larger id.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from whisker_sync.document.gate import STRING, Id, Struct
from whisker_sync.document.ledger import Place
from whisker_sync.document.schema import Kind

MAX_KNOWN = 4_096
"""Insertions of our own that are remembered, newest kept."""

MAX_LETTERS = 1024 * 1024
"""Letters of all of them together."""

_Spot = tuple[str, Id | None, Id | None, str]
"""A root, the ids before and behind, and the text between."""


@dataclass(frozen=True, slots=True)
class Twin:
    """The same text, inserted twice at the same place."""

    root: str
    text: str
    stays: Id
    goes: Id


class Twins:
    """What was written here, and who wrote the same."""

    def __init__(self) -> None:
        self._ours: dict[_Spot, Id] = {}
        self._letters = 0
        self._found: list[Twin] = []

    def wrote(self, structs: Iterable[tuple[Struct, Place]]) -> None:
        """Remember what was inserted here."""
        for struct, place in structs:
            if (spot := _spot(struct, place)) and spot not in self._ours:
                self._ours[spot] = (struct.client, struct.clock)
                self._letters += len(struct.text)
        while len(self._ours) > MAX_KNOWN or self._letters > MAX_LETTERS:
            oldest = next(iter(self._ours))
            self._letters -= len(oldest[-1])
            del self._ours[oldest]

    def heard(self, structs: Iterable[tuple[Struct, Place]]) -> None:
        """Compare what others inserted with that."""
        if not self._ours:
            return
        for struct, place in structs:
            spot = _spot(struct, place)
            if spot and (ours := self._ours.get(spot)):
                stays, goes = sorted((ours, (struct.client, struct.clock)))
                self._found.append(Twin(spot[0], spot[3], stays, goes))

    def take(self) -> list[Twin]:
        """Return what was found since the last time."""
        found, self._found = self._found, []
        return found


def _spot(struct: Struct, place: Place) -> _Spot | None:
    if struct.kind != STRING or place.kind is not Kind.TEXT:
        return None
    return place.touch[0], struct.origin, struct.right, struct.text
