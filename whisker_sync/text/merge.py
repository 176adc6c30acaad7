"""
How two changes of one text go together.

The author saved a text that was made from a *base*, while the *live* text went on
from the same base. What the author did to the base is done to the live text:

* deleted is only what the author saw, never what others wrote meanwhile;
* what both did alike is done once;
* an insertion stands where its place in the base is now, left of what others
  inserted there; the text of a replacement where the last word of the replaced
  stretch was that still is there;
* no two words grow together that neither side had put together.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from whisker_sync.text.edits import Splice, apply, diff


def three_way(base: str, ours: str, theirs: str) -> str:
    """``theirs`` with what ``ours`` changed from ``base``."""
    return apply(theirs, rebase(base, ours, theirs))


def rebase(base: str, saved: str, live: str) -> list[Splice]:
    """The splices that do to ``live`` what the author did between ``base`` and ``saved``."""
    if base == live:
        return diff(base, saved)
    if saved in {base, live}:
        return []
    route = _Route(base, live)
    deleted: list[tuple[int, int]] = []
    inserted: dict[int, str] = {}
    for splice in diff(base, saved):
        if splice in route.changes:
            continue
        survivors = route.survivors(splice.start, splice.end)
        deleted += survivors
        if splice.insert:
            at = survivors[-1][1] if survivors else route.behind(splice.start)
            inserted[at] = inserted.get(at, "") + splice.insert
    return _apart(live, saved, _together(deleted, inserted))


class _Route:
    """Where each position of the base is in the live text."""

    def __init__(self, base: str, live: str) -> None:
        splices = diff(base, live)
        self.changes = frozenset(splices)
        self._kept: list[tuple[int, int, int]] = []  # from, to in the base; from in the live text
        at = shift = 0
        for splice in splices:
            if at < splice.start:
                self._kept.append((at, splice.start, at + shift))
            at = splice.end
            shift += len(splice.insert) - (splice.end - splice.start)
        if at < len(base):
            self._kept.append((at, len(base), at + shift))
        self._starts = [start for start, _, _ in self._kept]

    def survivors(self, start: int, end: int) -> list[tuple[int, int]]:
        """What is left in the live text of a stretch of the base."""
        found = []
        at = max(bisect_right(self._starts, start) - 1, 0)
        for first, last, live in self._kept[at:]:
            if first >= end:
                break
            low, high = max(first, start), min(last, end)
            if low < high:
                found.append((live + low - first, live + high - first))
        return found

    def behind(self, place: int) -> int:
        """The position behind the last character before ``place`` that is still there."""
        at = bisect_right(self._starts, place - 1) - 1
        if at < 0:
            return 0
        first, last, live = self._kept[at]
        return live + min(last, place) - first


def _together(deleted: Iterable[tuple[int, int]], inserted: dict[int, str]) -> list[Splice]:
    """One ascending list of both; an insertion joins a deletion that it adjoins."""
    splices: list[Splice] = []
    places = sorted(
        [*((a, b, "") for a, b in deleted), *((at, at, s) for at, s in inserted.items())]
    )
    for start, end, text in places:
        last = splices[-1] if splices else None
        if last is not None and last.end == start and (last.start < last.end or start < end):
            splices[-1] = Splice(last.start, end, last.insert + text)
        else:
            splices.append(Splice(start, end, text))
    return splices


def _apart(live: str, saved: str, splices: list[Splice]) -> list[Splice]:
    """Put a blank where words would grow together that were apart on both sides."""
    done = []
    for splice in splices:
        left = live[splice.start - 1 : splice.start]
        right = live[splice.end : splice.end + 1]
        insert = splice.insert
        if insert:
            if _grow(left, insert[0]) and left + insert[:12] not in saved:
                insert = " " + insert
            if _grow(insert[-1], right) and insert[-12:] + right not in saved:
                insert += " "
        elif _grow(left, right) and any(c.isspace() for c in live[splice.start : splice.end]):
            around = (
                live[max(splice.start - 6, 0) : splice.start] + live[splice.end : splice.end + 6]
            )
            if around not in saved:
                insert = " "
        done.append(Splice(splice.start, splice.end, insert))
    return done


def _grow(left: str, right: str) -> bool:
    return left.isalnum() and right.isalnum()
