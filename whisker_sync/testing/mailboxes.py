"""
What every store of mailboxes must do, as tests that anybody can run on theirs.

Needs pytest and pytest-asyncio. Say how a store is opened, and for what::

    class TestMine(RelayStoreSuite):
        open_store = staticmethod(my_package.open_store)

        @pytest.fixture
        def url(self, tmp_path):
            return f"mine:{tmp_path}"

Everything a store keeps at one ``url`` belongs to one test. A store that does not outlive
its process says ``outlives = False``; one that several processes may have open at a time
says ``is_shared = True``.
"""

from __future__ import annotations

import asyncio
import random
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from whisker_sync.errors import (
    DifferentContent,
    MailboxError,
    MailboxFull,
    MissingBlob,
    NotCovered,
    SnapshotChanged,
    UnknownMailbox,
)
from whisker_sync.ids import MailboxId
from whisker_sync.relay.memory import MemoryStore
from whisker_sync.relay.store import CLAIM_SECONDS, TOUCH_SECONDS, Placed, RelayStore, Snapshot
from whisker_sync.relay.stores import open_store
from whisker_sync.wire.relay import (
    MAX_PAGE_BYTES,
    MAX_PAGE_ENTRIES,
    MAX_POSITION,
    OVERHEAD,
    Entry,
    Page,
)

NOW = 1_800_000_000.0
DAY = 24 * 3600.0
PLENTY = 1 << 40
BOX = MailboxId(b"m" * 32)
OTHER = MailboxId(b"o" * 32)
NAP = 10.0
"""Seconds after which something that must come has not come."""


def entry(number: int, size: int = 3) -> Entry:
    """An entry unlike those of other numbers."""
    return Entry(number.to_bytes(16, "big"), number.to_bytes(8, "big") + bytes(size))


async def put(store: RelayStore, *numbers: int, box: MailboxId = BOX, now: float = NOW) -> None:
    """Append entries one by one."""
    for number in numbers:
        await store.append(box, entry(number), now, PLENTY)


async def everything(store: RelayStore, box: MailboxId = BOX, after: int = 0) -> list[Entry]:
    """All entries behind a position, read page by page."""
    found: list[Entry] = []
    while True:
        page = await store.read(box, after, NOW)
        assert page is not None
        assert Page.decode(page.encode()) == page
        found += page.entries
        after = page.last
        if after >= page.head:
            return found


async def cover(store: RelayStore, covers: int, *blobs: int, replaces: int = 0) -> int:
    """Put blobs, and a snapshot of them."""
    for blob in blobs:
        await store.put_blob(BOX, entry(blob), NOW, PLENTY)
    ids = [entry(blob).id for blob in blobs]
    return await store.put_snapshot(BOX, covers, ids, replaces, NOW)


async def outcome(call: Any) -> Any:
    """What a call returned or raised, for comparing."""
    try:
        return await call
    except MailboxError as problem:
        return type(problem), str(problem)


class RelayStoreSuite:
    """Tests of a store; see the module."""

    pytestmark = pytest.mark.asyncio

    open_store: Callable[[str], RelayStore] = staticmethod(open_store)
    outlives = True
    is_shared = False

    @pytest.fixture
    async def store(self, url: str) -> AsyncIterator[RelayStore]:
        """An open store, with nothing in it."""
        async with self.open_store(url) as store:
            yield store

    # Appending and reading.

    async def test_nothing_is_known_of_a_mailbox_into_which_nothing_was_put(
        self, store: RelayStore
    ) -> None:
        assert await store.read(BOX, 0, NOW) is None
        assert await store.state(BOX, NOW) is None
        assert await store.snapshot(BOX, NOW) is None
        assert await store.blob(BOX, bytes(16), NOW) is None
        with pytest.raises(UnknownMailbox):
            await store.trim(BOX, 0, NOW)
        with pytest.raises(UnknownMailbox):
            await store.put_snapshot(BOX, 0, [], 0, NOW)

    async def test_entries_lie_in_the_order_in_which_they_came(self, store: RelayStore) -> None:
        for number in range(1, 6):
            placed = await store.append(BOX, entry(number), NOW, PLENTY)
            assert (placed.position, placed.is_new) == (number, True)
        assert await everything(store) == [entry(number) for number in range(1, 6)]
        page = await store.read(BOX, 3, NOW)
        assert page is not None
        assert (page.first, page.head, page.start) == (1, 5, 4)
        assert page.incarnation == placed.incarnation

    async def test_mailboxes_do_not_know_each_other(self, store: RelayStore) -> None:
        await put(store, 1, 2)
        placed = await store.append(OTHER, entry(1), NOW, PLENTY)
        assert placed.position == 1
        assert await everything(store, OTHER) == [entry(1)]
        await store.put_blob(OTHER, entry(7), NOW, PLENTY)
        assert await store.blob(BOX, entry(7).id, NOW) is None

    async def test_an_entry_that_comes_again_lies_where_it_lay(self, store: RelayStore) -> None:
        await put(store, 1, 2, 3)
        again = await store.append(BOX, entry(2), NOW, PLENTY)
        assert (again.position, again.is_new) == (2, False)
        assert await everything(store) == [entry(1), entry(2), entry(3)]

    async def test_another_entry_with_the_same_id_changes_nothing(self, store: RelayStore) -> None:
        await put(store, 1)
        with pytest.raises(DifferentContent):
            await store.append(BOX, Entry(entry(1).id, b"other"), NOW, PLENTY)
        assert await everything(store) == [entry(1)]

    async def test_an_entry_may_be_empty(self, store: RelayStore) -> None:
        await store.append(BOX, Entry(bytes(16), b""), NOW, PLENTY)
        assert await everything(store) == [Entry(bytes(16), b"")]

    async def test_who_has_read_everything_gets_an_empty_page(self, store: RelayStore) -> None:
        await put(store, 1, 2)
        for after in (2, 3, MAX_POSITION - 1):
            page = await store.read(BOX, after, NOW)
            assert page is not None
            assert (page.entries, page.start, page.last) == ((), 3, 2)

    async def test_a_page_has_only_so_many_entries(self, store: RelayStore) -> None:
        count = MAX_PAGE_ENTRIES + 1
        await asyncio.gather(*(put(store, number) for number in range(count)))
        page = await store.read(BOX, 0, NOW)
        assert page is not None
        assert len(page.entries) == MAX_PAGE_ENTRIES
        assert len(await everything(store)) == count

    async def test_a_page_has_only_so_many_bytes_but_one_entry(self, store: RelayStore) -> None:
        size = MAX_PAGE_BYTES // 4
        bodies = [bytes([number]) * size for number in range(5)]
        for number, body in enumerate(bodies):
            await store.append(BOX, Entry(bytes([number]) * 16, body), NOW, PLENTY)
        page = await store.read(BOX, 0, NOW)
        assert page is not None
        assert [each.body for each in page.entries] == bodies[:4]
        large = Entry(b"large" + bytes(11), bytes(MAX_PAGE_BYTES + 1))
        await store.append(OTHER, large, NOW, PLENTY)
        page = await store.read(OTHER, 0, NOW)
        assert page is not None
        assert page.entries == (large,)

    async def test_many_who_append_at_once_leave_no_gap(self, store: RelayStore) -> None:
        await self._append_at_once(store, [store])

    async def test_many_who_send_the_same_entry_at_once_put_it_there_once(
        self, store: RelayStore
    ) -> None:
        placed = await asyncio.gather(
            *(store.append(BOX, entry(1), NOW, PLENTY) for _ in range(20))
        )
        assert {each.position for each in placed} == {1}
        assert [each.is_new for each in placed].count(True) == 1

    async def test_several_processes_leave_no_gap(self, url: str, store: RelayStore) -> None:
        if not self.is_shared:
            pytest.skip("only one process may have this store open")
        async with self.open_store(url) as second, self.open_store(url) as third:
            await self._append_at_once(store, [store, second, third])

    async def _append_at_once(self, reader: RelayStore, writers: list[RelayStore]) -> None:
        boxes = [MailboxId(bytes([number]) * 32) for number in range(5)]
        await reader.append(boxes[0], entry(0), NOW, PLENTY)
        count = 120
        seen: list[Entry] = []
        done = asyncio.Event()

        async def read() -> None:
            # What was seen up to a position is all there ever is up to it.
            while not done.is_set():
                page = await reader.read(boxes[0], len(seen), NOW)
                assert page is not None
                assert page.start == len(seen) + 1
                seen.extend(page.entries)
                await asyncio.sleep(0)

        async def write(number: int) -> Placed:
            writer, box = writers[number % len(writers)], boxes[number % len(boxes)]
            return await writer.append(box, entry(number), NOW, PLENTY)

        reading = asyncio.create_task(read())
        placed = await asyncio.gather(*(write(number) for number in range(1, count)))
        done.set()
        await reading
        for index, box in enumerate(boxes):
            positions = [
                each.position for number, each in enumerate(placed, 1) if number % 5 == index
            ]
            assert sorted(positions) == list(range(2 if index == 0 else 1, count // 5 + 1))
            found = await everything(reader, box)
            assert len({each.id for each in found}) == len(found) == count // 5
        assert seen == (await everything(reader, boxes[0]))[: len(seen)]

    async def test_who_gave_up_waiting_may_send_again(self, store: RelayStore) -> None:
        waiting = asyncio.create_task(store.append(BOX, entry(1), NOW, PLENTY))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        placed = await store.append(BOX, entry(1), NOW, PLENTY)
        assert placed.position == 1
        assert await everything(store) == [entry(1)]

    # Quotas.

    async def test_a_mailbox_takes_exactly_its_quota(self, store: RelayStore) -> None:
        quota = 2 * (100 + OVERHEAD)
        await store.append(BOX, Entry(b"1" * 16, bytes(100)), NOW, quota)
        with pytest.raises(MailboxFull) as full:
            await store.append(BOX, Entry(b"2" * 16, bytes(101)), NOW, quota)
        assert (full.value.held, full.value.more) == (100 + OVERHEAD, 101 + OVERHEAD)
        await store.append(BOX, Entry(b"2" * 16, bytes(100)), NOW, quota)
        state = await store.state(BOX, NOW)
        assert state is not None
        assert state.bytes == quota
        with pytest.raises(MailboxFull):
            await store.append(BOX, Entry(b"3" * 16, b""), NOW, quota)
        with pytest.raises(MailboxFull):
            await store.put_blob(BOX, Entry(b"3" * 16, b""), NOW, quota)
        again = await store.append(BOX, Entry(b"2" * 16, bytes(100)), NOW, quota)
        assert not again.is_new  # what is there needs no room

    async def test_what_does_not_fit_makes_no_mailbox(self, store: RelayStore) -> None:
        with pytest.raises(MailboxFull):
            await store.append(BOX, entry(1), NOW, OVERHEAD)
        with pytest.raises(MailboxFull):
            await store.put_blob(BOX, entry(1), NOW, OVERHEAD)
        assert await store.state(BOX, NOW) is None

    async def test_many_at_once_do_not_get_beyond_the_quota(self, store: RelayStore) -> None:
        one = OVERHEAD + len(entry(0).body)
        results = await asyncio.gather(
            *(store.append(BOX, entry(number), NOW, 7 * one) for number in range(20)),
            return_exceptions=True,
        )
        assert sum(isinstance(result, Placed) for result in results) == 7
        assert sum(isinstance(result, MailboxFull) for result in results) == 13
        state = await store.state(BOX, NOW)
        assert state is not None
        assert (state.bytes, state.head) == (7 * one, 7)

    # Blobs, snapshots, trimming.

    async def test_a_blob_is_kept_once_under_its_id(self, store: RelayStore) -> None:
        assert await store.put_blob(BOX, entry(1), NOW, PLENTY)
        assert not await store.put_blob(BOX, entry(1), NOW, PLENTY)
        with pytest.raises(DifferentContent):
            await store.put_blob(BOX, Entry(entry(1).id, b"other"), NOW, PLENTY)
        assert await store.blob(BOX, entry(1).id, NOW) == entry(1).body
        assert await store.blob(BOX, entry(2).id, NOW) is None
        state = await store.state(BOX, NOW)
        assert state is not None
        assert (state.head, state.bytes) == (0, len(entry(1).body) + OVERHEAD)

    async def test_a_snapshot_replaces_the_one_it_was_made_from(self, store: RelayStore) -> None:
        await put(store, 1, 2, 3)
        assert await cover(store, 2, 10, 11) == 1
        placed = await store.append(BOX, entry(3), NOW, PLENTY)
        ids = (entry(10).id, entry(11).id)
        assert await store.snapshot(BOX, NOW) == Snapshot(placed.incarnation, 1, 2, ids)
        with pytest.raises(SnapshotChanged) as changed:
            await cover(store, 3, 12)
        assert changed.value.number == 1
        assert await cover(store, 3, 12, 11, replaces=1) == 2
        ids = (entry(12).id, entry(11).id)
        assert await store.snapshot(BOX, NOW) == Snapshot(placed.incarnation, 2, 3, ids)
        assert await store.blob(BOX, entry(10).id, NOW) is None
        assert await store.blob(BOX, entry(11).id, NOW) == entry(11).body
        state = await store.state(BOX, NOW)
        assert state is not None
        assert state.snapshot == 2
        assert state.bytes == 5 * (OVERHEAD + len(entry(1).body))

    async def test_a_snapshot_may_consist_of_nothing(self, store: RelayStore) -> None:
        await put(store, 1)
        assert await cover(store, 1) == 1
        found = await store.snapshot(BOX, NOW)
        assert found is not None
        assert (found.covers, found.blobs) == (1, ())

    async def test_a_snapshot_promises_what_there_is(self, store: RelayStore) -> None:
        await put(store, 1, 2, 3)
        with pytest.raises(NotCovered):
            await cover(store, 4, 10)
        await cover(store, 2, 10)
        with pytest.raises(NotCovered):
            await cover(store, 1, 11, replaces=1)
        with pytest.raises(MissingBlob):
            await store.put_snapshot(BOX, 3, [entry(10).id, entry(12).id], 1, NOW)
        assert await store.blob(BOX, entry(10).id, NOW) == entry(10).body
        assert await cover(store, 2, 10, replaces=1) == 2

    async def test_of_many_who_replace_a_snapshot_at_once_one_does(self, store: RelayStore) -> None:
        await put(store, 1)
        for number in range(8):
            await store.put_blob(BOX, entry(number), NOW, PLENTY)
        results = await asyncio.gather(
            *(store.put_snapshot(BOX, 1, [entry(number).id], 0, NOW) for number in range(8)),
            return_exceptions=True,
        )
        assert results.count(1) == 1
        assert sum(isinstance(result, SnapshotChanged) for result in results) == 7
        found = await store.snapshot(BOX, NOW)
        assert found is not None
        assert found.blobs == (entry(results.index(1)).id,)

    async def test_only_what_a_snapshot_covers_can_be_trimmed(self, store: RelayStore) -> None:
        await put(store, 1, 2, 3, 4)
        with pytest.raises(NotCovered):
            await store.trim(BOX, 1, NOW)
        await cover(store, 3)
        with pytest.raises(NotCovered):
            await store.trim(BOX, 4, NOW)
        assert await store.trim(BOX, 2, NOW) == (2, 3)
        assert await store.trim(BOX, 2, NOW) == (0, 3)
        assert await store.trim(BOX, 1, NOW) == (0, 3)
        page = await store.read(BOX, 0, NOW)
        assert page is not None
        assert (page.first, page.start, page.head) == (3, 3, 4)
        assert page.entries == (entry(3), entry(4))
        assert await store.trim(BOX, 3, NOW) == (1, 4)
        state = await store.state(BOX, NOW)
        assert state is not None
        assert state.bytes == OVERHEAD + len(entry(4).body)

    async def test_a_mailbox_that_was_trimmed_to_its_end_goes_on(self, store: RelayStore) -> None:
        await put(store, 1, 2)
        await cover(store, 2)
        await store.trim(BOX, 2, NOW)
        page = await store.read(BOX, 0, NOW)
        assert page is not None
        assert (page.first, page.start, page.head, page.entries) == (3, 3, 2, ())
        placed = await store.append(BOX, entry(3), NOW, PLENTY)
        assert placed.position == 3
        again = await store.append(BOX, entry(1), NOW, PLENTY)
        assert (again.position, again.is_new) == (4, True)
        assert await everything(store, after=2) == [entry(3), entry(1)]

    async def test_trimming_makes_room(self, store: RelayStore) -> None:
        one = OVERHEAD + len(entry(0).body)
        await store.append(BOX, entry(1), NOW, one)
        await cover(store, 1)
        await store.trim(BOX, 1, NOW)
        assert (await store.append(BOX, entry(2), NOW, one)).position == 2

    # Wake-ups.

    async def test_who_listens_is_woken_by_an_entry(self, store: RelayStore) -> None:
        async with store.wakeups(BOX) as first, store.wakeups(BOX) as second:
            await put(store, 1)
            await asyncio.wait_for(first.wait(), NAP)
            await asyncio.wait_for(second.wait(), NAP)
            first.clear()
            await put(store, 2)
            await asyncio.wait_for(first.wait(), NAP)

    async def test_who_listens_in_another_process_is_woken(
        self, url: str, store: RelayStore
    ) -> None:
        if not self.is_shared:
            pytest.skip("only one process may have this store open")
        async with self.open_store(url) as other, other.wakeups(BOX) as woken:
            await put(other, 1)  # it is connected by now
            await asyncio.wait_for(woken.wait(), NAP)
            woken.clear()
            await put(store, 2)
            await asyncio.wait_for(woken.wait(), NAP)

    async def test_who_listens_reads_and_then_waits_misses_nothing(self, store: RelayStore) -> None:
        count, seen = 60, 0

        async def write() -> None:
            for number in range(count):
                await put(store, number)
                await asyncio.sleep(0)

        writing = asyncio.create_task(write())
        async with store.wakeups(BOX) as more, asyncio.timeout(6 * NAP):
            while seen < count:
                more.clear()
                page = await store.read(BOX, seen, NOW)
                seen = page.last if page else 0
                if seen < count:
                    await more.wait()
        await writing

    async def test_who_is_never_woken_reads_everything(self, store: RelayStore) -> None:
        async with store.wakeups(BOX):
            await put(store, *range(10))
            assert len(await everything(store)) == 10

    # Claims.

    async def test_a_claim_holds_for_a_while(self, store: RelayStore) -> None:
        assert await store.claim(b"a" * 24, NOW)
        assert not await store.claim(b"a" * 24, NOW)
        assert await store.claim(b"b" * 24, NOW + CLAIM_SECONDS - 1)
        assert not await store.claim(b"a" * 24, NOW + CLAIM_SECONDS - 1)
        assert not await store.claim(b"b" * 24, NOW + 2 * CLAIM_SECONDS - 2)

    async def test_of_many_who_claim_at_once_one_does(self, store: RelayStore) -> None:
        results = await asyncio.gather(*(store.claim(b"c" * 24, NOW) for _ in range(20)))
        assert results.count(True) == 1

    # Forgetting.

    async def test_entries_are_forgotten_with_age(self, store: RelayStore) -> None:
        for number in range(1, 4):
            await put(store, number, now=NOW + number * DAY)
        assert await store.forget(NOW + 3 * DAY) == 2
        page = await store.read(BOX, 0, NOW + 3 * DAY)
        assert page is not None
        assert (page.first, page.entries) == (3, (entry(3),))
        assert await store.forget(NOW + 3 * DAY) == 0
        state = await store.state(BOX, NOW + 3 * DAY)
        assert state is not None
        assert state.bytes == OVERHEAD + len(entry(3).body)

    async def test_a_young_entry_keeps_those_behind_it(self, store: RelayStore) -> None:
        await put(store, 1, now=NOW)
        await put(store, 2, now=NOW + 2 * DAY)
        await put(store, 3, now=NOW)  # the clock was put back
        await put(store, 4, now=NOW + 2 * DAY)
        assert await store.forget(NOW + DAY) == 1
        assert await everything(store) == [entry(2), entry(3), entry(4)]

    async def test_blobs_are_forgotten_unless_a_snapshot_names_them(
        self, store: RelayStore
    ) -> None:
        await put(store, 1, now=NOW + 9 * DAY)
        await cover(store, 1, 10)
        await store.put_blob(BOX, entry(11), NOW, PLENTY)
        await store.put_blob(BOX, entry(12), NOW, PLENTY)
        await store.put_blob(BOX, entry(12), NOW + 9 * DAY, PLENTY)  # somebody needs it again
        assert await store.forget(NOW + DAY) == 1
        assert await store.blob(BOX, entry(10).id, NOW + 9 * DAY) is not None
        assert await store.blob(BOX, entry(11).id, NOW + 9 * DAY) is None
        assert await store.blob(BOX, entry(12).id, NOW + 9 * DAY) is not None

    async def test_a_mailbox_that_nobody_uses_is_forgotten(self, store: RelayStore) -> None:
        await put(store, 1)
        await cover(store, 1, 10)
        await put(store, 1, box=OTHER)
        first = await store.append(BOX, entry(1), NOW, PLENTY)
        # Reading is a use.
        later = NOW + TOUCH_SECONDS + 2
        assert await store.read(OTHER, 1, later) is not None
        assert await store.forget(NOW + 1) >= 1
        assert await store.state(BOX, later) is None
        assert await store.state(OTHER, later) is not None
        second = await store.append(BOX, entry(2), later, PLENTY)
        assert second.position == 1
        assert second.incarnation != first.incarnation
        assert await everything(store) == [entry(2)]
        assert await store.blob(BOX, entry(10).id, later) is None

    async def test_mailboxes_get_new_incarnations_after_a_backup_was_put_back(
        self, store: RelayStore
    ) -> None:
        first = await store.append(BOX, entry(1), NOW, PLENTY)
        await store.append(OTHER, entry(1), NOW, PLENTY)
        assert await store.begin_anew() == 2
        again = await store.append(BOX, entry(1), NOW, PLENTY)
        assert again.position == 1
        assert again.incarnation != first.incarnation

    async def test_it_knows_what_it_holds_in_all(self, store: RelayStore) -> None:
        await put(store, 1, 2)
        await put(store, 3, box=OTHER)
        await cover(store, 1, 10)
        await store.trim(BOX, 1, NOW)
        totals = await store.totals()
        assert (totals.mailboxes, totals.entries) == (2, 2)
        assert totals.bytes == 3 * (OVERHEAD + len(entry(1).body))

    # Outliving.

    async def test_everything_is_there_again_when_it_is_opened_again(self, url: str) -> None:
        if not self.outlives:
            pytest.skip("this store does not outlive its process")
        async with self.open_store(url) as store:
            await put(store, *range(5))
            await cover(store, 2, 10, 11)
            await store.trim(BOX, 1, NOW)
            before = [await store.state(BOX, NOW), await store.snapshot(BOX, NOW)]
        async with self.open_store(url) as store:
            assert [await store.state(BOX, NOW), await store.snapshot(BOX, NOW)] == before
            assert await everything(store) == [entry(number) for number in range(1, 5)]
            assert await store.blob(BOX, entry(11).id, NOW) == entry(11).body

    async def test_what_was_asked_for_is_done_when_it_is_closed(self, url: str) -> None:
        if not self.outlives:
            pytest.skip("this store does not outlive its process")
        async with self.open_store(url) as store:
            tasks = [asyncio.create_task(put(store, number)) for number in range(50)]
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)
        async with self.open_store(url) as store:
            assert len(await everything(store)) == 50

    async def test_what_was_acknowledged_survives_kill_9(self, url: str) -> None:
        if not self.outlives:
            pytest.skip("this store does not outlive its process")
        factory = f"{self.open_store.__module__}:{self.open_store.__qualname__}"
        acknowledged: list[bytes] = []
        for life in range(3):
            child = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "whisker_sync.testing.appender", factory, url, BOX.hex(), str(life)),
                stdout=PIPE,
            )
            assert child.stdout is not None
            async with asyncio.timeout(6 * NAP):
                lines = [await child.stdout.readline() for _ in range(40)]
            child.kill()
            rest, _ = await child.communicate()
            # Whole lines only: the last one may have been cut by the death of its writer.
            lines += rest.split(b"\n")[:-1]
            acknowledged += [bytes.fromhex(line.decode()) for line in lines]
            async with self.open_store(url) as store:
                found = [each.id for each in await everything(store)]
            assert set(acknowledged) <= set(found)
            assert len(found) == len(set(found))

    # The whole.

    @pytest.mark.parametrize("seed", range(3))
    async def test_it_does_what_the_store_in_memory_does(
        self, seed: int, store: RelayStore
    ) -> None:
        dice, model, now = random.Random(seed), MemoryStore(), NOW
        for _ in range(250):
            now += dice.choice((0.0, 1.0, 100.0))
            box, number = dice.choice((BOX, OTHER)), dice.randrange(12)
            call = self._some_call(dice, box, number, now)
            ours, theirs = await outcome(call(store)), await outcome(call(model))
            assert _plain(ours) == _plain(theirs)
        assert await store.totals() == await model.totals()

    def _some_call(
        self, dice: random.Random, box: MailboxId, number: int, now: float
    ) -> Callable[[RelayStore], Any]:
        quota = 9 * (OVERHEAD + 30)
        thing, other = entry(number, dice.choice((3, 3, 3, 4))), entry(dice.randrange(12))
        position, version = dice.randrange(10), dice.randrange(4)
        blobs = [thing.id, other.id] if thing.id != other.id else [thing.id]
        return dice.choice(
            (
                lambda store: store.append(box, thing, now, quota),
                lambda store: store.append(box, thing, now, quota),
                lambda store: store.put_blob(box, thing, now, quota),
                lambda store: store.read(box, position, now),
                lambda store: store.state(box, now),
                lambda store: store.blob(box, thing.id, now),
                lambda store: store.put_snapshot(box, position, blobs, version, now),
                lambda store: store.put_snapshot(box, position, [], version, now),
                lambda store: store.snapshot(box, now),
                lambda store: store.trim(box, position, now),
            )
        )


def _plain(result: Any) -> Any:
    """A result without the chance that is in it."""
    match result:
        case Placed():
            return result.position, result.is_new
        case Page():
            return result.first, result.head, result.start, result.entries
        case Snapshot():
            return result.number, result.covers, result.blobs
        case _ if hasattr(result, "incarnation"):
            return result.first, result.head, result.bytes, result.snapshot
        case _:
            return result
