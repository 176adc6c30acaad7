"""
The same insertion twice.

Two devices that get one change by another way, from a common repository, a formatter, an
archive, each write it into the document, and as characters merge it would be there twice.
Such insertions have the same text between the same two characters: none of the two was
made in sight of the other. An author who repeats a word does it beside the first, which
then is a neighbour of the second.

One of the two may have been edited before its device looked: a word more, other line ends, a
header line. Then all words of the one are in the other, in the same order, and the one with
fewer says nothing that the other does not.

This is only the book of what was written here, and of what others turn out to have
written, too. Which of the two goes is the same for everybody: the one with fewer words, else
the one with the larger id.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from whisker_sync.document.gate import STRING, Id, Struct
from whisker_sync.document.ledger import Place
from whisker_sync.document.schema import Kind

MAX_KNOWN = 4_096
"""Insertions of our own that are remembered, newest kept."""

MAX_LETTERS = 1024 * 1024
"""Letters of all of them together."""

ENOUGH_WORDS = 3
"""Insertions with fewer words are one only if they are the same to the letter."""

_Spot = tuple[str, Id | None, Id | None]
"""A root, and the ids before and behind."""


@dataclass(frozen=True, slots=True)
class Written:
    """An insertion: the id of its first letter, and its text."""

    id: Id
    text: str


@dataclass(frozen=True, slots=True)
class Twin:
    """The same words, inserted twice at the same place."""

    root: str
    stays: Written
    goes: Written


class Twins:
    """What was written here, and who wrote the same."""

    def __init__(self) -> None:
        self._ours: dict[_Spot, list[Written]] = {}
        self._known = 0
        self._letters = 0
        self._found: list[Twin] = []

    def wrote(self, structs: Iterable[tuple[Struct, Place]]) -> None:
        """Remember what was inserted here."""
        for struct, place in structs:
            if (spot := _spot(struct, place)) is None:
                continue
            ours = self._ours.setdefault(spot, [])
            if all(each.text != struct.text for each in ours):
                ours.append(Written((struct.client, struct.clock), struct.text))
                self._known += 1
                self._letters += len(struct.text)
        while self._known > MAX_KNOWN or self._letters > MAX_LETTERS:
            oldest = self._ours.pop(next(iter(self._ours)))
            self._known -= len(oldest)
            self._letters -= sum(len(each.text) for each in oldest)

    def heard(self, structs: Iterable[tuple[Struct, Place]]) -> None:
        """Compare what others inserted with that."""
        if not self._ours:
            return
        for struct, place in structs:
            if (spot := _spot(struct, place)) is None:
                continue
            theirs = Written((struct.client, struct.clock), struct.text)
            for ours in self._ours.get(spot, ()):
                if twin := _twin(spot[0], ours, theirs):
                    self._found.append(twin)

    def take(self) -> list[Twin]:
        """Return what was found since the last time."""
        found, self._found = self._found, []
        return found


def _twin(root: str, one: Written, other: Written) -> Twin | None:
    """Return which of two insertions at one place goes, if one of them says all of the other."""
    stays, goes = sorted((one, other), key=lambda each: each.id)
    if stays.text == goes.text:
        return Twin(root, stays, goes)
    fewer, more = goes.text.split(), stays.text.split()
    if len(fewer) > len(more):
        stays, goes, fewer, more = goes, stays, more, fewer
    if len(fewer) < ENOUGH_WORDS or not _is_within(fewer, more):
        return None
    return Twin(root, stays, goes)


def _is_within(fewer: Sequence[str], more: Iterable[str]) -> bool:
    """Tell whether words are among others, in the same order."""
    rest = iter(more)
    return all(word in rest for word in fewer)


def _spot(struct: Struct, place: Place) -> _Spot | None:
    if struct.kind != STRING or place.kind is not Kind.TEXT:
        return None
    return place.touch[0], struct.origin, struct.right
