"""The suite for stores of mailboxes finds what stores get wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from whisker_sync.ids import MailboxId
from whisker_sync.relay.memory import MemoryStore
from whisker_sync.relay.store import Placed
from whisker_sync.testing import mailboxes
from whisker_sync.testing.mailboxes import RelayStoreSuite
from whisker_sync.wire.relay import OVERHEAD, Entry, Page

Suite = RelayStoreSuite


class TakesTwice(MemoryStore):
    """Forgets what it had: a retry is a second entry."""

    async def append(self, mailbox: MailboxId, entry: Entry, now: float, quota: int) -> Placed:
        twin = Entry(entry.id[::-1], entry.body)
        return await super().append(mailbox, twin if mailbox in self._boxes else entry, now, quota)


class LeavesGaps(MemoryStore):
    """Gives out positions before entries are there, as a sequence does."""

    async def append(self, mailbox: MailboxId, entry: Entry, now: float, quota: int) -> Placed:
        box = self._boxes.get(mailbox)
        position = (box.head if box else 0) + 1
        await asyncio.sleep(0)
        placed = await super().append(mailbox, entry, now, quota)
        return Placed(placed.incarnation, position, placed.is_new)


class Overfills(MemoryStore):
    """Looks at the quota, and then takes its time."""

    async def append(self, mailbox: MailboxId, entry: Entry, now: float, quota: int) -> Placed:
        box = self._boxes.get(mailbox)
        room = box is None or box.held + len(entry.body) + OVERHEAD <= quota
        await asyncio.sleep(0)
        return await super().append(mailbox, entry, now, 1 << 50 if room else quota)


class ReplacesAnyway(MemoryStore):
    """Does not compare when it sets a snapshot."""

    async def put_snapshot(
        self, mailbox: MailboxId, covers: int, blobs: Sequence[bytes], replaces: int, now: float
    ) -> int:
        box = self._boxes.get(mailbox)
        number = box.snapshot if box else 0
        return await super().put_snapshot(mailbox, covers, blobs, number, now)


class TrimsAnything(MemoryStore):
    """Trims what no snapshot covers."""

    async def trim(self, mailbox: MailboxId, upto: int, now: float) -> tuple[int, int]:
        if mailbox in self._boxes:
            self._boxes[mailbox].covers = 1 << 50
        return await super().trim(mailbox, upto, now)


class LosesWakeups(MemoryStore):
    """Arms its event only when somebody waits for it."""

    @asynccontextmanager
    async def wakeups(self, mailbox: MailboxId) -> AsyncIterator[asyncio.Event]:
        yield asyncio.Event()


class ForgetsNames(MemoryStore):
    """Forgets blobs by age, whoever names them."""

    async def forget(self, before: float) -> int:
        for box in self._boxes.values():
            box.named = ()
        return await super().forget(before)


class ReturnsTooEarly(MemoryStore):
    """Says that an entry is there, and puts it there later."""

    async def append(self, mailbox: MailboxId, entry: Entry, now: float, quota: int) -> Placed:
        later = super().append
        placed = await MemoryStore().append(mailbox, entry, now, quota)
        asyncio.get_running_loop().call_later(
            0.01, lambda: asyncio.ensure_future(later(mailbox, entry, now, quota))
        )
        return placed


class ReadsWithoutEnd(MemoryStore):
    """Gives out pages of any size."""

    async def read(self, mailbox: MailboxId, after: int, now: float) -> Page | None:
        page = await super().read(mailbox, after, now)
        while page is not None and page.last < page.head:
            more = await super().read(mailbox, page.last, now)
            assert more is not None
            whole = (*page.entries, *more.entries)
            page = Page(page.incarnation, page.first, page.head, page.start, whole)
        return page


FOUND: list[tuple[type[MemoryStore], Callable[..., Any]]] = [
    (TakesTwice, Suite.test_an_entry_that_comes_again_lies_where_it_lay),
    (LeavesGaps, Suite.test_many_who_append_at_once_leave_no_gap),
    (Overfills, Suite.test_many_at_once_do_not_get_beyond_the_quota),
    (ReplacesAnyway, Suite.test_a_snapshot_replaces_the_one_it_was_made_from),
    (ReplacesAnyway, Suite.test_of_many_who_replace_a_snapshot_at_once_one_does),
    (TrimsAnything, Suite.test_only_what_a_snapshot_covers_can_be_trimmed),
    (LosesWakeups, Suite.test_who_listens_is_woken_by_an_entry),
    (LosesWakeups, Suite.test_who_listens_reads_and_then_waits_misses_nothing),
    (ForgetsNames, Suite.test_blobs_are_forgotten_unless_a_snapshot_names_them),
    (ReturnsTooEarly, Suite.test_entries_lie_in_the_order_in_which_they_came),
    (ReadsWithoutEnd, Suite.test_a_page_has_only_so_many_entries),
]


@pytest.mark.parametrize(("store", "test"), FOUND, ids=lambda each: each.__name__)
async def test_a_store_that_is_wrong_is_found(
    store: type[MemoryStore], test: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailboxes, "NAP", 0.1)
    async with store() as wrong:
        with pytest.raises((AssertionError, TimeoutError, pytest.fail.Exception)):
            await test(Suite(), wrong)


@pytest.mark.parametrize(("store", "test"), FOUND, ids=lambda each: each.__name__)
async def test_a_store_that_is_right_is_not(
    store: type[MemoryStore], test: Callable[..., Any]
) -> None:
    async with MemoryStore() as right:
        await test(Suite(), right)
