"""
The same insertion twice.

Two devices that get one change by another way, from a common repository, a formatter, an
archive, each write it into the document, and as characters merge it would be there twice.
Such insertions have the same text between the same two characters: none of the two was
made in sight of the other. An author who repeats a word does it beside the first, which
then is a neighbour of the second.

One of the two may have been edited before its device looked: a word more, other line ends, a
header line. Then all words of the one are in the other, in the same order, and the one with
fewer says nothing that the other does not. Or it was written where others had changed the blanks
around it: then the two stand side by side in the end, with only blanks between. Or it is a
passage to the one, and to the other, who joined it to another one before that, some lines of it.

Insertions that are not alike may come to stand side by side without a blank, as when two people
write a sentence anew. Where none was made in sight of the other, one of the two devices puts one.

This is only the book of what was written here, and of what others turn out to have
written, too. Which of the two goes is the same for everybody: the one with fewer words, else
the one with the larger id.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from itertools import islice

from whisker_sync.document.gate import STRING, Id, Span, Struct
from whisker_sync.document.ledger import Place
from whisker_sync.document.schema import Kind
from whisker_sync.text.tokens import is_run_together, is_within

MAX_KNOWN = 4_096
"""Insertions of our own that are remembered, newest kept."""

MAX_LETTERS = 1024 * 1024
"""Letters of all of them together."""

MAX_BESIDE = 32
"""Insertions in one text that are compared with where others wrote, at once: the newest of ours,
and the first of theirs."""

ENOUGH_WORDS = 3
"""Insertions with fewer words are one only if they are the same to the letter."""

MANY_WORDS = 8
"""Insertions with so many words, and just those of a text that somebody made, are that text."""

_WORD = re.compile(r"[^\s\x00-\x1f]+")
"""Signs that are not for reading part words, too: somebody may have cut the text there."""

_LINE = re.compile(r"\n\s*")

_Spot = tuple[str, Id | None, Id | None]
"""A root, and the ids before and behind."""


@dataclass(frozen=True, slots=True)
class Written:
    """An insertion: the id of its first letter, and its text."""

    id: Id
    text: str

    @property
    def span(self) -> Span:
        """What of its client's it is."""
        return *self.id, len(self.text.encode("utf-16-le")) // 2


@dataclass(frozen=True, slots=True)
class Beside:
    """What was inserted here and what somebody else did, neither of them in sight of the other."""

    root: str
    ours: Written
    theirs: Written


@dataclass(frozen=True, slots=True)
class Twin:
    """The same words, inserted twice at the same place, or as a text of their own."""

    root: str
    stays: Written
    goes: Written
    elsewhere: str = ""
    """The root of the one that stays, if that is another."""

    beside: bool = False
    """They are one only if they stand side by side, with nothing but blanks between."""

    @property
    def is_same(self) -> bool:
        """They are the same to the letter: none has what the other has not."""
        return self.stays.text == self.goes.text


class Twins:
    """What was written here, and who wrote the same."""

    def __init__(self) -> None:
        self._ours: dict[_Spot, list[Written]] = {}
        self._known = 0
        self._letters = 0
        self._found: list[Twin] = []
        self._beside: list[Beside] = []
        self._parts: deque[Twin] = deque(maxlen=MAX_BESIDE)
        """Where one was perhaps written in several steps: what was put to it goes, too."""

        self._same: deque[tuple[Written, Written]] = deque(maxlen=MAX_BESIDE)
        """Of ours and theirs what is the same: what is put into both may be the same again."""

        self._long: dict[tuple[str, ...], tuple[str, Written, int]] = {}
        """Where many words were put into a text, by the first of a line: its root, and where."""

        self._newest: dict[str, deque[tuple[_Spot, Written]]] = {}

    def wrote(self, structs: Iterable[tuple[Struct, Place]]) -> None:
        """Remember what was inserted here."""
        for struct, place in structs:
            if (spot := _spot(struct, place)) is None:
                continue
            ours = self._ours.setdefault(spot, [])
            if all(each.text != struct.text for each in ours):
                written = Written((struct.client, struct.clock), struct.text)
                ours.append(written)
                self._newest.setdefault(spot[0], deque(maxlen=MAX_BESIDE)).append((spot, written))
                self._known += 1
                self._letters += len(struct.text)
                if spot[1:] != (None, None):
                    lines = _lines(struct.text)
                    self._long |= {first: (spot[0], written, start) for start, first in lines}
        while self._known > MAX_KNOWN or self._letters > MAX_LETTERS:
            spot = next(iter(self._ours))
            oldest = self._ours.pop(spot)
            self._forget(spot[0], oldest)
            for _, first in (line for each in oldest for line in _lines(each.text)):
                self._long.pop(first, None)
            self._known -= len(oldest)
            self._letters -= sum(len(each.text) for each in oldest)

    def _forget(self, root: str, oldest: Collection[Written]) -> None:
        """Compare with these no more; they stand first, unless newer ones took their place."""
        newest = self._newest.get(root)
        while newest and newest[0][1] in oldest:
            newest.popleft()
        if not newest:
            self._newest.pop(root, None)

    def heard(self, structs: Iterable[tuple[Struct, Place]]) -> None:
        """Compare what others inserted with that."""
        if not self._ours:
            return
        heard: Counter[str] = Counter()
        for struct, place in structs:
            if (spot := _spot(struct, place)) is None:
                continue
            theirs = Written((struct.client, struct.clock), struct.text)
            there = self._ours.get(self._here(spot), ())
            known = [(ours, _twin(spot[0], ours, theirs)) for ours in there]
            twins = [twin for _, twin in known if twin is not None]
            self._same += ((ours, theirs) for ours, twin in known if twin and twin.is_same)
            twins += [part for twin in twins for part in self._parts_of(twin)]
            if not twins:
                twins = [twin for each in self._parts if (twin := _part(each, spot, theirs))]
            if spot[1:] == (None, None) and (long := self._long.get(_first(theirs.text))):
                # A passage that somebody has joined to the one before it, before they looked.
                root, ours, start = long
                parts = _within(ours, start, theirs)
                twins += [Twin(root, theirs, part, elsewhere=spot[0]) for part in parts]
            self._found += twins
            heard[spot[0]] += 1
            if heard[spot[0]] <= MAX_BESIDE and not twins:
                self._compare_beside(spot, theirs)
        del self._beside[: -MAX_BESIDE * MAX_BESIDE]

    def _here(self, spot: _Spot) -> _Spot:
        """Return where in ours a place is that is in a twin of it."""
        root, left, right = spot
        return root, self._own(left), self._own(right)

    def _own(self, id_: Id | None) -> Id | None:
        for ours, theirs in self._same if id_ is not None else ():
            client, start, length = theirs.span
            if id_ is not None and id_[0] == client and start <= id_[1] < start + length:
                return ours.id[0], ours.id[1] + id_[1] - start
        return id_

    def _parts_of(self, twin: Twin) -> list[Twin]:
        """Return what was put to the one that goes, if the other has that as well."""
        if twin.is_same:
            return []
        self._parts.append(twin)
        ours = self._newest.get(twin.root, ())
        return [part for spot, each in ours if (part := _part(twin, spot, each)) is not None]

    def _compare_beside(self, spot: _Spot, theirs: Written) -> None:
        """Compare what others inserted with what was inserted here in the same text."""
        for there, ours in self._newest.get(spot[0], ()):
            if _is_in_sight(ours, spot):
                continue
            twin = _twin(spot[0], ours, theirs) if _is_near(there, spot) else None
            if twin is not None:
                self._found.append(twin)
                continue
            is_same = ours.text.strip() == theirs.text.strip()
            if is_same and len(_words(ours.text)) >= ENOUGH_WORDS:
                # One of them was written where others had changed the blanks around, or had put
                # something to the same place.
                stays, goes = sorted((ours, theirs), key=lambda each: each.id)
                self._found.append(Twin(spot[0], stays, goes, beside=not _is_half(there, spot)))
            self._beside.append(Beside(spot[0], ours, theirs))

    def take(self) -> list[Twin]:
        """Return what was found since the last time."""
        found, self._found = self._found, []
        return found

    def take_beside(self) -> list[Beside]:
        """Return what stands beside something of ours since the last time."""
        found, self._beside = self._beside, []
        return found


def missing_blanks(
    beside: Iterable[Beside],
    text_of: Callable[[str], str],
    place_of: Callable[[str, int, int], int],
) -> list[tuple[str, int]]:
    """
    Return where a blank is missing that is for us to write: root, and code point.

    It is for the device of the one with the larger id. ``place_of`` is where an id is in a root, in
    bytes of UTF-8.
    """
    found: set[tuple[str, int]] = set()
    wholes: dict[str, bytes] = {}
    places: dict[Id, int] = {}
    for each in beside:
        root = each.root
        if each.ours.id < each.theirs.id:
            continue
        for written in (each.ours, each.theirs):
            if written.id not in places:
                places[written.id] = place_of(root, *written.id)
        one, other = sorted((each.ours, each.theirs), key=lambda written: places[written.id])
        start, left, right = places[one.id], one.text.encode(), other.text.encode()
        if start + len(left) != places[other.id]:
            continue
        whole = wholes.get(root) or wholes.setdefault(root, text_of(root).encode())
        if whole.startswith(left + right, start):
            at = _missing(whole[:start].decode(), one.text, other.text)
            found |= {(root, at)} if at is not None else set()
    return sorted(found)


def _missing(before: str, left: str, right: str) -> int | None:
    """Return where a blank is missing between two texts that stand behind another, or before."""
    if is_run_together(left, right):
        return len(before) + len(left)
    if right[:1].isspace() and is_run_together(before, left):
        return len(before)  # the second one took it along
    return None


def _is_in_sight(ours: Written, spot: _Spot) -> bool:
    """Tell whether somebody put something right behind or before a letter of ours."""
    client, clock = ours.id
    ids = (id_ for id_ in spot[1:] if isinstance(id_, tuple) and id_[0] == client)
    return any(clock <= id_[1] < clock + len(ours.text) for id_ in ids)


def _is_half(one: _Spot, other: _Spot) -> bool:
    """Tell whether two places are behind the same letter, or before the same."""
    return any(left == right for left, right in zip(one[1:], other[1:], strict=True))


def _is_near(one: _Spot, other: _Spot) -> bool:
    """Tell whether two places are the same but for a blank, before it or behind."""
    return any(
        left is not None
        and right is not None
        and left[0] == right[0]
        and abs(left[1] - right[1]) == 1
        for left, right in zip(one[1:], other[1:], strict=True)
    )


def _twin(root: str, one: Written, other: Written) -> Twin | None:
    """Return which of two insertions at one place goes, if one of them says all of the other."""
    stays, goes = sorted((one, other), key=lambda each: each.id)
    if stays.text == goes.text:
        return Twin(root, stays, goes)
    fewer, more = _words(goes.text), _words(stays.text)
    if len(fewer) > len(more):
        stays, goes, fewer, more = goes, stays, more, fewer
    if len(fewer) < ENOUGH_WORDS or not is_within(fewer, more):
        return None
    return Twin(root, stays, goes)


def _first(text: str, start: int = 0) -> tuple[str, ...]:
    """Return the first of many words."""
    return tuple(each.group() for each in islice(_WORD.finditer(text, start), MANY_WORDS))


def _lines(text: str) -> Iterable[tuple[int, tuple[str, ...]]]:
    """Return where lines begin that many words follow, and the first of these."""
    for start in (0, *(match.end() for match in _LINE.finditer(text))):
        if len(first := _first(text, start)) == MANY_WORDS:
            yield start, first


def _within(written: Written, start: int, other: Written) -> list[Written]:
    """
    Return the words of another in what was written, if they are there.

    If there are only those, return all of it as well: it goes with its blanks, if they are there
    still.
    """
    text, words = written.text, _words(other.text)
    places = list(islice(_WORD.finditer(text, start), len(words)))
    if [place.group() for place in places] != words:
        return []
    end, (client, clock) = places[-1].end(), written.id
    before = len(text[:start].encode("utf-16-le")) // 2
    part = Written((client, clock + before), text[start:end])
    return [part] if text[:start].strip() or text[end:].strip() else [written, part]


def _part(twin: Twin, spot: _Spot, written: Written) -> Twin | None:
    """Return that an insertion goes, too, which was put to one that goes."""
    few = _words(written.text)
    is_there = spot[0] == twin.root and _is_in_sight(twin.goes, spot) and written != twin.goes
    if not is_there or len(few) < ENOUGH_WORDS or not is_within(few, _words(twin.stays.text)):
        return None
    return Twin(twin.root, twin.stays, written)


def _words(text: str) -> list[str]:
    return _WORD.findall(text)


def _spot(struct: Struct, place: Place) -> _Spot | None:
    if struct.kind != STRING or place.kind is not Kind.TEXT:
        return None
    return place.touch[0], struct.origin, struct.right
