"""
Bring an author's change into a text that others changed meanwhile.

The author saved a text that was made from a *base*; the *live* text went on from the
same base. What the author did to the base is done to the live text. Nothing is ever
a conflict, and what either side wrote is in the result:

* only what the author saw is deleted, never what others wrote meanwhile;
* an edit that both made is made once, also if somebody else wrote at the same place;
* what is only inserted stays left of what others inserted at the same place;
* what replaces something stands where the last word of that still is; if nothing
  of it is left, beside what others put there instead;
* words that neither side had put together are not put together: the last blank
  between two words stays.

Where the same words were written twice by two people who did not do quite the same,
both stay. That is for people to see and not for us to guess.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

from whisker_sync.text.edits import Splice, apply, diff
from whisker_sync.text.tokens import has_word, is_row_of, join

ENOUGH_WORDS = 3
"""So many words in a row are at one place twice only by two ways."""


def three_way(base: str, ours: str, theirs: str) -> str:
    """Return ``theirs`` with the change from ``base`` to ``ours`` in it."""
    return apply(theirs, rebase(base, ours, theirs))


def rebase(base: str, saved: str, live: str) -> list[Splice]:
    """Return the edits to ``live`` that do what was done from ``base`` to ``saved``."""
    if saved in {base, live}:
        return []
    ours = diff(base, saved)
    if base == live:
        return ours
    since = _Since(base, live)
    moved = (splice for edit in ours if not since.made(edit) for splice in since.rebase(edit))
    return [splice for edit in _together(moved) for splice in _apart(edit, live)]


class _Since:
    """What happened to the base since then, and where its pieces are in the live text."""

    def __init__(self, base: str, live: str) -> None:
        self._live = live
        self._edits = diff(base, live)
        self._made = frozenset(self._edits)
        self._starts = [edit.start for edit in self._edits]
        self._shifts = [0]
        """By how much the live text is longer, before the first edit and behind each."""
        for edit in self._edits:
            self._shifts.append(self._shifts[-1] + len(edit.insert) - (edit.end - edit.start))

    def made(self, edit: Splice) -> bool:
        """Tell whether just this edit was made already, or is part of what was put there."""
        if edit in self._made:
            return True
        words = edit.insert.split()
        if edit.start < edit.end or len(words) < ENOUGH_WORDS:
            return False
        there = self._edits[bisect_right(self._starts, edit.start) - 1 :][:1]
        return any(is_row_of(words, e.insert.split()) for e in there if e.start == edit.start)

    def rebase(self, edit: Splice) -> Iterator[Splice]:
        """Return what an edit to the base means for the live text, in order."""
        left = list(self._left(edit.start, edit.end))
        if not left:
            place = self._place(edit.start, edit.end)
            insert = self._fit(edit.insert, place, place) if edit.start < edit.end else edit.insert
            if insert:
                yield Splice(place, place, insert)
            return
        with_words = [n for n, (start, end) in enumerate(left) if has_word(self._live[start:end])]
        last = with_words[-1] if with_words else len(left) - 1
        whole = left == [(left[0][0], left[0][0] + edit.end - edit.start)]
        for n, (start, end) in enumerate(left):
            insert = edit.insert if n == last else ""
            yield Splice(start, end, insert if whole else self._fit(insert, start, end))

    def _fit(self, insert: str, start: int, end: int) -> str:
        """Leave out a blank at an end of a text that has one beside it already."""
        if insert[:1] == " " == self._live[start - 1 : start]:
            insert = insert[1:]
        if insert[-1:] == " " == self._live[end : end + 1]:
            insert = insert[:-1]
        return insert

    def _left(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Return the stretches of the live text that are left of a stretch of the base."""
        n = bisect_right(self._starts, start)
        if n:
            start = max(start, self._edits[n - 1].end)
        while start < end:
            stop = min(end, self._edits[n].start) if n < len(self._edits) else end
            if start < stop:
                yield start + self._shifts[n], stop + self._shifts[n]
            if n == len(self._edits):
                return
            start = self._edits[n].end
            n += 1

    def _place(self, start: int, end: int) -> int:
        """Return where to put what replaces a stretch of the base of which nothing is left."""
        n = bisect_right(self._starts, start)
        if n == 0 or self._edits[n - 1].end < start:
            return start + self._shifts[n]
        other = self._edits[n - 1]
        if other.start < start and other.end == end:
            # They replaced this and what was before it.
            return end + self._shifts[n]
        return other.start + self._shifts[n - 1]


def _together(edits: Iterable[Splice]) -> list[Splice]:
    """Make one edit of those that touch."""
    together: list[Splice] = []
    for edit in edits:
        if together and together[-1].end == edit.start:
            before = together.pop()
            blank = " " * join(before.insert, edit.insert)
            together.append(Splice(before.start, edit.end, before.insert + blank + edit.insert))
        else:
            together.append(edit)
    return together


def _apart(edit: Splice, live: str) -> Iterator[Splice]:
    """Keep apart what is no word in either text, if possible by what stands there already."""
    start, end, insert = edit.start, edit.end, edit.insert
    before, behind = live[start - 1 : start] if start else "", live[end : end + 1]
    if not insert:
        if not join(before, behind):
            yield edit
        elif (kept := _separator(live, start, end)) is None:
            yield Splice(start, end, " ")
        else:
            yield from (Splice(a, b, "") for a, b in ((start, kept), (kept + 1, end)) if a < b)
        return
    if join(before, insert):
        if live[start:end][:1].isspace():
            start += 1
        else:
            insert = " " + insert
    if join(insert, behind):
        if live[start:end][-1:].isspace():
            end -= 1
        else:
            insert += " "
    yield Splice(start, end, insert)


def _separator(live: str, start: int, end: int) -> int | None:
    """Return where in a stretch something keeps words apart: the last blank, else any sign."""
    places = [n for n in range(start, end) if not join("a", live[n])]
    return next((n for n in reversed(places) if live[n].isspace()), places[-1] if places else None)
