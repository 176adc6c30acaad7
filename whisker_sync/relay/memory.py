"""
Mailboxes in memory: for tests, and for whoever only wants to see a relay run.

Also the shortest description of what the other stores do.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from whisker_sync.errors import (
    DifferentContent,
    MissingBlob,
    NotCovered,
    SnapshotChanged,
    UnknownMailbox,
)
from whisker_sync.ids import Incarnation, MailboxId
from whisker_sync.relay.store import Claims, Listeners, Placed, Snapshot, State, Totals, check_room
from whisker_sync.wire.relay import OVERHEAD, Entry, Page, fitting


@dataclass(slots=True)
class _Box:
    """One mailbox."""

    used: float
    incarnation: Incarnation = field(default_factory=lambda: Incarnation(secrets.token_bytes(8)))
    trimmed: int = 0
    entries: list[tuple[Entry, float]] = field(default_factory=list)
    blobs: dict[bytes, tuple[bytes, float]] = field(default_factory=dict)
    snapshot: int = 0
    covers: int = 0
    named: tuple[bytes, ...] = ()

    @property
    def head(self) -> int:
        return self.trimmed + len(self.entries)

    @property
    def held(self) -> int:
        entries = sum(len(entry.body) + OVERHEAD for entry, _ in self.entries)
        return entries + sum(len(body) + OVERHEAD for body, _ in self.blobs.values())


class MemoryStore:
    """A :class:`~whisker_sync.relay.store.RelayStore` that forgets everything at the end."""

    def __init__(self) -> None:
        self._boxes: dict[MailboxId, _Box] = {}
        self._claims = Claims()
        self._listeners = Listeners()

    async def __aenter__(self) -> Self:
        """Nothing has to be opened."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Nothing has to be closed."""

    async def append(self, mailbox: MailboxId, entry: Entry, now: float, quota: int) -> Placed:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        box = self._boxes.get(mailbox) or _Box(now)
        for position, (there, _) in enumerate(box.entries, box.trimmed + 1):
            if there.id == entry.id:
                if there.body != entry.body:
                    raise DifferentContent
                return Placed(box.incarnation, position, is_new=False)
        check_room(box.held, entry.body, quota)
        box.entries.append((entry, now))
        box.used = max(box.used, now)
        self._boxes[mailbox] = box
        self._listeners.wake(mailbox)
        return Placed(box.incarnation, box.head, is_new=True)

    async def read(self, mailbox: MailboxId, after: int, now: float) -> Page | None:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        if (box := self._use(mailbox, now)) is None:
            return None
        skip = min(max(after - box.trimmed, 0), len(box.entries))
        entries = fitting([entry for entry, _ in box.entries[skip:]])
        return Page(box.incarnation, box.trimmed + 1, box.head, box.trimmed + 1 + skip, entries)

    async def state(self, mailbox: MailboxId, now: float) -> State | None:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        if (box := self._use(mailbox, now)) is None:
            return None
        return State(box.incarnation, box.trimmed + 1, box.head, box.held, box.snapshot)

    async def put_blob(self, mailbox: MailboxId, blob: Entry, now: float, quota: int) -> bool:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        box = self._boxes.get(mailbox) or _Box(now)
        there = box.blobs.get(blob.id)
        if there is None:
            check_room(box.held, blob.body, quota)
        elif there[0] != blob.body:
            raise DifferentContent
        box.blobs[blob.id] = blob.body, now
        box.used = max(box.used, now)
        self._boxes[mailbox] = box
        return there is None

    async def blob(self, mailbox: MailboxId, blob: bytes, now: float) -> bytes | None:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        box = self._use(mailbox, now)
        there = box.blobs.get(blob) if box else None
        return there[0] if there else None

    async def put_snapshot(
        self, mailbox: MailboxId, covers: int, blobs: Sequence[bytes], replaces: int, now: float
    ) -> int:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        if (box := self._use(mailbox, now)) is None:
            raise UnknownMailbox
        if box.snapshot != replaces:
            raise SnapshotChanged(box.snapshot)
        if not box.covers <= covers <= box.head:
            raise NotCovered(covers, box.covers, box.head)
        for blob in blobs:
            if blob not in box.blobs:
                raise MissingBlob(blob.hex())
        for blob in set(box.named) - set(blobs):
            del box.blobs[blob]
        box.snapshot, box.covers, box.named = box.snapshot + 1, covers, tuple(blobs)
        return box.snapshot

    async def snapshot(self, mailbox: MailboxId, now: float) -> Snapshot | None:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        box = self._use(mailbox, now)
        if box is None or not box.snapshot:
            return None
        return Snapshot(box.incarnation, box.snapshot, box.covers, box.named)

    async def trim(self, mailbox: MailboxId, upto: int, now: float) -> tuple[int, int]:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        if (box := self._use(mailbox, now)) is None:
            raise UnknownMailbox
        if upto > box.covers:
            raise NotCovered(upto, 0, box.covers)
        count = max(upto - box.trimmed, 0)
        del box.entries[:count]
        box.trimmed += count
        return count, box.trimmed + 1

    @asynccontextmanager
    async def wakeups(self, mailbox: MailboxId) -> AsyncIterator[asyncio.Event]:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        with self._listeners.listen(mailbox) as event:
            yield event

    async def claim(self, token: bytes, now: float) -> bool:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        return self._claims.claim(token, now)

    async def forget(self, before: float) -> int:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        count = 0
        for mailbox, box in list(self._boxes.items()):
            if box.used < before:
                del self._boxes[mailbox]
                count += 1
                continue
            while box.entries and box.entries[0][1] < before:
                del box.entries[0]
                box.trimmed += 1
                count += 1
            for blob, (_, time) in list(box.blobs.items()):
                if time < before and blob not in box.named:
                    del box.blobs[blob]
                    count += 1
        return count

    async def begin_anew(self) -> int:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        for box in self._boxes.values():
            box.incarnation = Incarnation(secrets.token_bytes(8))
        return len(self._boxes)

    async def totals(self) -> Totals:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        boxes = self._boxes.values()
        return Totals(
            len(boxes), sum(len(box.entries) for box in boxes), sum(box.held for box in boxes)
        )

    def _use(self, mailbox: MailboxId, now: float) -> _Box | None:
        box = self._boxes.get(mailbox)
        if box is not None:
            box.used = max(box.used, now)
        return box
