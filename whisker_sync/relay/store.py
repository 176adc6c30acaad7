"""
What a relay keeps mailboxes in.

A :class:`RelayStore` is a log of entries for each mailbox, with blobs and one snapshot
beside it. All of it is opaque. There are three: in memory, in one SQLite file, and in
PostgreSQL, which several workers and machines may share. Whoever writes a fourth runs
:class:`whisker_sync.testing.mailboxes.RelayStoreSuite` on it.

Rule 1: what returned is durable. A reader sees nothing that could still be taken back.

Rule 2: positions have no gaps, and what is not there when somebody reads up to a position
will never be there. So positions are given out in the order in which entries become
durable, one mailbox at a time.

Rule 3: everything may be said twice. Who got no answer says it again, and it counts once.

Rule 4: wake-ups are hints. One may get lost or come for nothing; what counts is read.

A store decides nothing: what is too much, and what time it is, comes with each call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from whisker_sync.errors import MailboxFull, StoreUnavailable
from whisker_sync.ids import Incarnation, MailboxId
from whisker_sync.wire.relay import ID_BYTES, OVERHEAD, Entry, Page

CLAIM_SECONDS = 600.0
"""How long a claim is remembered: as long as a stamp can be valid by anybody's clock."""

MAX_CLAIMS = 1 << 20
"""Claims remembered in memory for one period: 1,700 requests each second, or 100 MB."""

TOUCH_SECONDS = 24 * 3600.0
"""How exactly a store knows when a mailbox was last used: not each reading is a write."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an entry lies."""

    incarnation: Incarnation
    """The life of the mailbox."""

    position: int
    """The entry's place in it, from 1."""

    is_new: bool
    """Whether it was put there just now; else it lay there already."""


@dataclass(frozen=True, slots=True)
class State:
    """What there is of a mailbox."""

    incarnation: Incarnation
    """This life of it."""

    first: int
    """Position of the oldest entry that is still there; ``head + 1`` if none is."""

    head: int
    """Position of the newest entry; 0 if there never was one."""

    bytes: int
    """What counts against its quota."""

    snapshot: int
    """Number of its snapshot; 0 if there is none."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What stands in for entries that may be trimmed."""

    incarnation: Incarnation
    """The life of the mailbox."""

    number: int
    """Counts the snapshots of a mailbox, from 1."""

    covers: int
    """Position up to which it says all that the entries said."""

    blobs: tuple[bytes, ...]
    """Ids of the blobs that it consists of, in order."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What a store holds."""

    mailboxes: int
    """How many mailboxes."""

    entries: int
    """Entries in all of them."""

    bytes: int
    """What counts against their quotas."""


class RelayStore(Protocol):
    """
    Keeps mailboxes; see the rules above.

    An asynchronous context manager; nothing else is called outside of it. Each method may
    raise :exc:`~whisker_sync.errors.StoreUnavailable`: it may or may not have been done
    then, and can be said again. ``now`` is in seconds since 1970.
    """

    async def __aenter__(self) -> Self:
        """Open it."""

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Finish what was asked for, and close it."""

    async def append(self, mailbox: MailboxId, entry: Entry, now: float, quota: int) -> Placed:
        """
        Put an entry behind all others; the mailbox is made if there is none.

        Raises:
            MailboxFull: It would hold more than ``quota`` bytes.
            DifferentContent: Another entry has this id.
        """

    async def read(self, mailbox: MailboxId, after: int, now: float) -> Page | None:
        """The entries behind a position, as many as a page holds; nothing: no mailbox."""

    async def state(self, mailbox: MailboxId, now: float) -> State | None:
        """What there is of a mailbox; nothing if there is no such mailbox."""

    async def put_blob(self, mailbox: MailboxId, blob: Entry, now: float, quota: int) -> bool:
        """
        Keep a blob; true if it was not there already.

        Raises:
            MailboxFull, DifferentContent: As :meth:`append`.
        """

    async def blob(self, mailbox: MailboxId, blob: bytes, now: float) -> bytes | None:
        """A blob's bytes, if it is there."""

    async def put_snapshot(
        self, mailbox: MailboxId, covers: int, blobs: Sequence[bytes], replaces: int, now: float
    ) -> int:
        """
        Replace the snapshot number ``replaces`` (0: none); return the number of the new one.

        Blobs that the old one named and this one does not are gone. ``blobs`` names none
        twice.

        Raises:
            UnknownMailbox: There is none.
            SnapshotChanged: It is not number ``replaces`` that would be replaced.
            NotCovered: It covers less than the old one, or more than there is.
            MissingBlob: One of the blobs is not there.
        """

    async def snapshot(self, mailbox: MailboxId, now: float) -> Snapshot | None:
        """The snapshot; nothing if there is none."""

    async def trim(self, mailbox: MailboxId, upto: int, now: float) -> tuple[int, int]:
        """
        Forget entries up to a position; return how many, and which is the first now.

        Raises:
            UnknownMailbox: There is none.
            NotCovered: The snapshot does not stand in for all of them.
        """

    def wakeups(self, mailbox: MailboxId) -> AbstractAsyncContextManager[asyncio.Event]:
        """An event that is set whenever there may be more; who waits for it clears it."""

    async def claim(self, token: bytes, now: float) -> bool:
        """Whether nobody claimed this within the last :data:`CLAIM_SECONDS`, at least."""

    async def forget(self, before: float) -> int:
        """
        Forget what is older than that; return how many things.

        Entries and blobs that no snapshot names by when they came, whole mailboxes by when
        they were last used (which is known within :data:`TOUCH_SECONDS`).
        """

    async def begin_anew(self) -> int:
        """
        Give each mailbox another incarnation; return how many there are.

        For who put back a backup: positions are given out again then, for other entries.
        """

    async def totals(self) -> Totals:
        """What there is in all."""


def check_room(held: int, body: bytes, quota: int) -> int:
    """What ``body`` counts in a mailbox that holds so much, or :exc:`MailboxFull`."""
    more = len(body) + OVERHEAD
    if held + more > quota:
        raise MailboxFull(held, more, quota)
    return more


def split_ids(joined: bytes) -> tuple[bytes, ...]:
    """The ids of blobs, as a store keeps them in one column."""
    return tuple(joined[cut : cut + ID_BYTES] for cut in range(0, len(joined), ID_BYTES))


class Listeners:
    """Who waits for which mailbox, within one process."""

    def __init__(self) -> None:
        self._events: dict[MailboxId, set[asyncio.Event]] = {}

    def __len__(self) -> int:
        return sum(len(events) for events in self._events.values())

    @contextmanager
    def listen(self, mailbox: MailboxId) -> Iterator[asyncio.Event]:
        """An event that :meth:`wake` sets."""
        event = asyncio.Event()
        self._events.setdefault(mailbox, set()).add(event)
        try:
            yield event
        finally:
            events = self._events[mailbox]
            events.discard(event)
            if not events:
                del self._events[mailbox]

    def wake(self, mailbox: MailboxId) -> None:
        """Tell whoever waits for this mailbox."""
        for event in self._events.get(mailbox, ()):
            event.set()

    def wake_all(self) -> None:
        """Tell everybody, after some news may have got lost."""
        for mailbox in self._events:
            self.wake(mailbox)


class Claims:
    """
    What was claimed lately, in memory.

    Two sets that take turns: each claim is remembered for a whole period at least, and
    nothing has to be looked through.
    """

    def __init__(self) -> None:
        self._now: set[bytes] = set()
        self._before: set[bytes] = set()
        self._turn = 0.0

    def claim(self, token: bytes, now: float) -> bool:
        """Whether nobody claimed this before, as :meth:`RelayStore.claim`."""
        if now >= self._turn:
            self._before = self._now if now < self._turn + CLAIM_SECONDS else set()
            self._now, self._turn = set(), now + CLAIM_SECONDS
        if token in self._now or token in self._before:
            return False
        if len(self._now) >= MAX_CLAIMS:
            raise StoreUnavailable("too many requests in the last minutes")
        self._now.add(token)
        return True
