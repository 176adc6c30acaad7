from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.relay.cluster import Cluster, new_cluster
from whisker_sync.errors import JournalTooNew, StoreUnavailable
from whisker_sync.relay.postgres import PostgresStore, listening
from whisker_sync.relay.postgres import store as store_module
from whisker_sync.relay.postgres.appending import MAX_GROUP
from whisker_sync.relay.store import CLAIM_SECONDS
from whisker_sync.testing.mailboxes import (
    BOX,
    NAP,
    NOW,
    OTHER,
    PLENTY,
    entry,
    everything,
    put,
)


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A server that the test may stop."""
    monkeypatch.setattr(listening, "RETRY_SECONDS", 0.05)
    cluster = new_cluster()
    yield cluster
    cluster.end()


async def test_a_database_that_was_away_is_used_again_by_itself(own: Cluster) -> None:
    async with PostgresStore(own.url) as store, store.wakeups(BOX) as woken:
        await put(store, 1)
        await asyncio.to_thread(own.stop)
        with pytest.raises(StoreUnavailable):
            await store.append(BOX, entry(2), NOW, PLENTY)
        with pytest.raises(StoreUnavailable):
            await store.read(BOX, 0, NOW)
        with pytest.raises(StoreUnavailable):
            await store.claim(b"claim", NOW)
        woken.clear()
        await asyncio.to_thread(own.start)
        await store.append(BOX, entry(2), NOW, PLENTY)
        assert await everything(store) == [entry(1), entry(2)]
        # Who waited meanwhile is woken, whatever it missed.
        await asyncio.wait_for(woken.wait(), NAP)
        woken.clear()
        await put(store, 3)
        await asyncio.wait_for(woken.wait(), NAP)


async def test_a_relay_may_start_before_its_database(own: Cluster) -> None:
    await asyncio.to_thread(own.stop)
    async with PostgresStore(own.url) as store:
        with pytest.raises(StoreUnavailable):
            await store.state(BOX, NOW)
        await asyncio.to_thread(own.start)
        await put(store, 1)
        assert await everything(store) == [entry(1)]


async def test_what_was_acknowledged_survives_a_failure_of_the_servers_power(own: Cluster) -> None:
    async with PostgresStore(own.url) as store:
        tasks = [asyncio.create_task(put(store, number)) for number in range(600)]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.to_thread(own.stop, "immediate")
        results = await asyncio.gather(*tasks, return_exceptions=True)
        acknowledged = {entry(number).id for number, each in enumerate(results) if each is None}
        assert acknowledged
        assert all(each is None or isinstance(each, StoreUnavailable) for each in results)
        await asyncio.to_thread(own.start)
        found = [each.id for each in await everything(store)]
        assert acknowledged <= set(found)
        assert len(found) == len(set(found))


async def test_a_listener_that_was_cut_off_listens_again(
    cluster: Cluster, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "RETRY_SECONDS", 0.05)
    async with PostgresStore(database) as store, store.wakeups(BOX) as woken:
        await put(store, 1)
        await asyncio.wait_for(woken.wait(), NAP)
        woken.clear()
        cut = (
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE query IN ('SELECT 1', 'LISTEN whisker_relay')"
        )
        assert int(await asyncio.to_thread(cluster.sql, cut)) >= 1
        await asyncio.wait_for(woken.wait(), NAP)  # something may have been missed
        woken.clear()
        await put(store, 2)
        await asyncio.wait_for(woken.wait(), NAP)


async def test_one_commit_tells_of_many_mailboxes(database: str) -> None:
    boxes = [type(BOX)(bytes([number]) * 32) for number in range(MAX_GROUP)]
    async with PostgresStore(database) as store:
        await asyncio.gather(*(put(store, 1, box=box) for box in boxes))
        async with store.wakeups(boxes[0]) as first, store.wakeups(boxes[-1]) as last:
            first.clear()
            last.clear()
            await asyncio.gather(*(put(store, 2, box=box) for box in boxes))
            await asyncio.wait_for(first.wait(), NAP)
            await asyncio.wait_for(last.wait(), NAP)


async def test_workers_that_append_to_the_same_mailboxes_do_not_wait_for_each_other(
    database: str,
) -> None:
    async with PostgresStore(database) as one, PostgresStore(database) as two:
        boxes = [BOX, OTHER]
        await asyncio.gather(
            *(put(one, number, box=boxes[number % 2]) for number in range(100)),
            *(put(two, number, box=boxes[1 - number % 2]) for number in range(100, 200)),
        )
        for box in boxes:
            assert len(await everything(one, box)) == 100


async def test_old_claims_are_forgotten(
    cluster: Cluster, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "CLAIMS_BETWEEN", 3)
    async with PostgresStore(database) as store:
        for number in range(6):
            await store.claim(bytes([number]), NOW + number * CLAIM_SECONDS)
        assert not await store.claim(bytes([5]), NOW + 5 * CLAIM_SECONDS + 1)
    kept = await asyncio.to_thread(cluster.sql, "SELECT count(*) FROM whisker_relay.claim")
    assert int(kept) < 6


async def test_tables_of_a_newer_version_are_left_alone(cluster: Cluster, database: str) -> None:
    async with PostgresStore(database) as store:
        await put(store, 1)
    cluster.sql("UPDATE whisker_relay.format SET version = 2")
    with pytest.raises(JournalTooNew):
        async with PostgresStore(database):
            pass


async def test_several_workers_may_make_the_tables_at_once(database: str) -> None:
    stores = [PostgresStore(database) for _ in range(4)]

    async def use(store: PostgresStore, number: int) -> None:
        async with store:
            await put(store, number)

    await asyncio.gather(*(use(store, number) for number, store in enumerate(stores)))
    async with PostgresStore(database) as store:
        assert len(await everything(store)) == 4
