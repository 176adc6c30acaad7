from __future__ import annotations

import asyncio
import sqlite3
import sys
from pathlib import Path

import pytest

from whisker_sync.errors import JournalBusy, JournalDamaged, JournalTooNew, StoreUnavailable
from whisker_sync.relay.sqlite import SqliteStore
from whisker_sync.testing.mailboxes import BOX, NOW, PLENTY, entry, everything, put


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mail.db"


async def test_nobody_else_may_open_the_file(path: Path) -> None:
    async with SqliteStore(path) as store:
        with pytest.raises(JournalBusy):
            async with SqliteStore(path):
                pass
        await put(store, 1)
    async with SqliteStore(path) as store:
        assert await everything(store) == [entry(1)]


@pytest.mark.skipif(sys.platform == "win32", reason="files have no modes there")
async def test_the_file_is_for_its_owner_only(path: Path) -> None:
    async with SqliteStore(path) as store:
        await put(store, 1)
        modes = {each.stat().st_mode & 0o777 for each in path.parent.iterdir()}
    assert modes == {0o600}


async def test_at_rest_there_is_one_file(path: Path) -> None:
    async with SqliteStore(path) as store:
        await put(store, 1)
    assert [each.name for each in path.parent.iterdir()] == [path.name]


async def test_a_file_of_somebody_else_is_left_alone(path: Path) -> None:
    novel = b"my novel, chapter one; " * 100
    await asyncio.to_thread(path.write_bytes, novel)
    with pytest.raises(JournalDamaged):
        async with SqliteStore(path):
            pass
    assert await asyncio.to_thread(path.read_bytes) == novel


async def test_a_database_of_somebody_else_is_left_alone(path: Path) -> None:
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE recipes (name TEXT)")
    database.close()
    with pytest.raises(JournalDamaged):
        async with SqliteStore(path):
            pass


async def test_a_file_of_a_newer_version_is_left_alone(path: Path) -> None:
    async with SqliteStore(path) as store:
        await put(store, 1)
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 2")
    database.close()
    with pytest.raises(JournalTooNew):
        async with SqliteStore(path):
            pass


async def test_a_disk_without_room_refuses_what_needs_some_and_nothing_else(path: Path) -> None:
    async with SqliteStore(path) as store:
        await put(store, 1)
        pages = store._database.execute("PRAGMA page_count").fetchone()[0]
        store._database.execute(f"PRAGMA max_page_count = {pages}")
        results = await asyncio.gather(
            store.append(BOX, entry(2, 100_000), NOW, PLENTY),
            everything(store),
            store.append(BOX, entry(1), NOW, PLENTY),
            return_exceptions=True,
        )
        assert isinstance(results[0], StoreUnavailable)
        assert results[1] == [entry(1)]
        assert not isinstance(results[2], BaseException)
        store._database.execute("PRAGMA max_page_count = 1000000")
        assert (await store.append(BOX, entry(2, 100_000), NOW, PLENTY)).position == 2


async def test_what_was_not_committed_was_seen_by_nobody(path: Path) -> None:
    async with SqliteStore(path) as store:
        await put(store, 1)
        pages = store._database.execute("PRAGMA page_count").fetchone()[0]
        store._database.execute(f"PRAGMA max_page_count = {pages}")
        # All of them in one transaction, which cannot be committed.
        results = await asyncio.gather(
            store.append(BOX, entry(2, 10), NOW, PLENTY),
            store.append(BOX, entry(3, 100_000), NOW, PLENTY),
            store.read(BOX, 0, NOW),
            return_exceptions=True,
        )
        page = results[2]
        assert not isinstance(page, BaseException)
        assert page is not None
        taken = [not isinstance(result, BaseException) for result in results[:2]]
        assert taken == [True, False]
        assert page.entries == tuple(await everything(store)) == (entry(1), entry(2, 10))
