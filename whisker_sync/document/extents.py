"""
What updates speak of: which ids they insert and which they delete.

Whether somebody who has some updates has the news of another one, too, can be told
without a document: an update brings nothing new if all it inserts and deletes is spoken
of already. So a mailbox, which nobody can ask what it holds, is known by what was seen in
it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from whisker_sync.document.gate import Malformed, Span, encode_state, parse


class Extents:
    """The ids that a growing set of updates of one document speaks of."""

    def __init__(self) -> None:
        self._inserted = _Spans()
        self._deleted = _Spans()

    def add(self, update: bytes) -> None:
        """Take an update into account; bytes that are none speak of nothing."""
        inserted, deleted = _spans(update)
        for client, clock, length in inserted:
            self._inserted.add(client, clock, clock + length)
        for client, clock, length in deleted:
            self._deleted.add(client, clock, clock + length)

    def cover(self, update: bytes) -> bool:
        """Whether everything that an update speaks of is spoken of already."""
        inserted, deleted = _spans(update)
        return self._inserted.cover(inserted) and self._deleted.cover(deleted)

    def state(self) -> bytes:
        """The state vector of who has these updates: for each client what is there without gap."""
        return encode_state(self._inserted.reached())


class _Spans:
    """For each client stretches of clocks, joined where they touch."""

    def __init__(self) -> None:
        self._starts: dict[int, list[int]] = {}
        self._ends: dict[int, list[int]] = {}

    def add(self, client: int, start: int, end: int) -> None:
        starts, ends = self._starts.setdefault(client, []), self._ends.setdefault(client, [])
        first, behind = bisect_left(ends, start), bisect_right(starts, end)
        if first < behind:
            start, end = min(start, starts[first]), max(end, ends[behind - 1])
        starts[first:behind], ends[first:behind] = [start], [end]

    def cover(self, spans: Iterable[Span]) -> bool:
        return all(self._covers(client, at, at + length) for client, at, length in spans)

    def _covers(self, client: int, start: int, end: int) -> bool:
        at = bisect_right(self._starts.get(client, []), start) - 1
        return at >= 0 and end <= self._ends[client][at]

    def reached(self) -> dict[int, int]:
        return {
            client: self._ends[client][0]
            for client, starts in sorted(self._starts.items())
            if starts[0] == 0
        }


def _spans(update: bytes) -> tuple[Iterable[Span], Iterable[Span]]:
    try:
        parsed = parse(update, ours=True)
    except Malformed:
        return (), ()
    return [(s.client, s.clock, s.length) for s in parsed.structs], parsed.deletions
