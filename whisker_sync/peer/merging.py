"""
What others wrote, whatever way it came: taken in, put aside or sent back.

Rule 1: before the engine sees a record, the guard has a note of it; see
:mod:`~whisker_sync.peer.guard`.

Rule 2: what is refused is kept aside, as far as there is room, and its sender is told if they
are there; see :mod:`~whisker_sync.peer.splits`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

from whisker_sync.document import Change
from whisker_sync.identity.keys import fingerprint
from whisker_sync.ids import DeviceId
from whisker_sync.peer import events, poison
from whisker_sync.peer.acquaintances import Acquaintances
from whisker_sync.peer.circle import Circle
from whisker_sync.peer.conversation import Conversation
from whisker_sync.peer.effects import Effect, Tell
from whisker_sync.peer.guard import Guard
from whisker_sync.peer.library import Library, Merge
from whisker_sync.peer.lines import Lines
from whisker_sync.peer.showing import Showing
from whisker_sync.peer.splits import Splits
from whisker_sync.record import Record
from whisker_sync.sync.session import News, Session


class Merging:
    """See the module."""

    def __init__(
        self,
        library: Library,
        guard: Guard,
        lines: Lines,
        circle: Circle,
        acquaintances: Acquaintances,
        splits: Splits,
        showing: Showing,
    ) -> None:
        self._library = library
        self._guard = guard
        self._lines = lines
        self._circle = circle
        self._acquaintances = acquaintances
        self._splits = splits
        self._showing = showing

    def edited(self, document: str, change: Change, at: int, now: float) -> Iterator[Effect]:
        """Take note of an edit that a program made here."""
        self._library.wrote(document, change, at, from_file=False)
        yield from self._showing.changed(document, change.touched, self._library.device, now)

    def from_link(
        self, conversation: Conversation, session: Session, news: News, now: float
    ) -> Iterator[Effect]:
        """Take in what somebody sent, and keep how far we have read their journal."""
        waits = False
        figures = self._lines.statistics.of(session.device)
        figures.received_updates += len(news.records)
        self._guard.enter(news.records)
        for record in news.records:
            merge = yield from self._take(record, session.device, now)
            waits |= merge.waits
            if merge.refused is not None:
                figures.refused += 1
                rejection = self._splits.rejection(record, session.device, merge.refused)
                yield from self._lines.send(conversation, rejection)
        self._guard.leave()
        if waits:
            session.behind = True
            session.settle(news.number, None)
            return
        if not self._library.waits:
            session.cursor = max(session.cursor, news.through)
            self._acquaintances.note_progress(session)
        session.settle(news.number, self._library.due)

    def from_letter(
        self, records: Sequence[Record], source: DeviceId, now: float
    ) -> Iterator[Effect]:
        """Take in what a member left at a relay or in a bundle."""
        self._guard.enter(records)
        for record in records:
            yield from self._take(record, source, now)
        self._guard.leave()

    # Private methods.

    def _take(self, record: Record, source: DeviceId, now: float) -> Generator[Effect, None, Merge]:
        if self._circle.reads(source):
            merge = Merge(refused="it comes from a device that may only read this story")
        else:
            merge = self._library.merge(record, source)
        if merge.forked:
            yield Tell(
                events.Trouble(
                    "another device used this one's identity for its edits (a copied folder?); "
                    "both texts were kept"
                )
            )
        if merge.refused is not None:
            yield from self._quarantine(record, merge.refused)
        if merge.applied:
            self._library.document(record.document).look(merge.touched)
            yield from self._showing.changed(record.document, merge.touched, record.author, now)
        return merge

    def _quarantine(self, record: Record, reason: str) -> Iterator[Effect]:
        kept = poison.quarantine(record, self._library.facts)
        if kept.keys() & self._library.facts:
            return
        for name, update in kept.items():
            self._library.remember(name, update)
        yield Tell(
            events.Trouble(f"an update from {fingerprint(record.author)} was put aside: {reason}")
        )
