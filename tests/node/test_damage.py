"""A whole node on a journal that was damaged: see :mod:`whisker_sync.store.salvage`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.node.test_node import CAVE, HERE, Author, in_sync, until
from tests.store.test_writer import database_of
from whisker_sync.ids import Address
from whisker_sync.node import start
from whisker_sync.peer.effects import Compact

Damage = Callable[[Path], None]


def execute(path: Path, statement: str) -> None:
    database = sqlite3.connect(path)
    database.execute(statement)
    database.commit()
    database.close()


def lose_an_update(path: Path) -> None:
    execute(path, "DELETE FROM log WHERE seq = (SELECT max(seq) FROM log)")


def lose_the_first_update(path: Path) -> None:
    execute(path, "UPDATE log SET content = x'00' WHERE seq = 1")


def lose_all(path: Path) -> None:
    path.write_bytes(Random(1).randbytes(path.stat().st_size))


def lose_a_fact(path: Path) -> None:
    execute(path, "UPDATE fact SET value = x'00' WHERE name LIKE 'shadow/%'")


EVERY = pytest.mark.parametrize(
    "damage", [lose_an_update, lose_the_first_update, lose_all, lose_a_fact]
)
WORDS = CAVE.replace("dark", "pitch dark")
"""The cave after it was edited once more."""


def said(author: Author) -> list[str]:
    return sorted(each.name for each in author.layout.local.glob("*damaged*.db"))


@EVERY
async def test_without_others_the_folder_stays_as_it_is(damage: Damage, tmp_path: Path) -> None:
    alice = Author(tmp_path, "alice")
    cave, picture = alice.folder / "cave.twee", alice.folder / "map.png"
    cave.write_text(CAVE)
    picture.write_bytes(bytes(range(256)))
    async with alice.online():
        pass
    cave.write_text(WORDS)
    async with alice.online():
        pass
    before = alice.files()
    damage(alice.layout.journal)
    async with alice.online() as a:
        await until(lambda: a.status.settled, a)
        assert alice.files() == before
        assert said(alice) == ["journal.damaged-1.db"]
        # And it is all in the document again: somebody new gets everything.
        bob = alice.invite(tmp_path, "bob")
        async with bob.online() as b:
            b.connect(Address(HERE, a.port))
            await in_sync(a, b)
            await until(lambda: bob.files() == before, a, b)
    assert alice.files() == before


@EVERY
async def test_with_somebody_who_has_everything_nothing_is_lost_or_doubled(
    damage: Damage, tmp_path: Path
) -> None:
    alice, bob = Author.pair(tmp_path)
    cave = alice.folder / "cave.twee"
    cave.write_text(CAVE)
    (alice.folder / "map.png").write_bytes(bytes(range(256)))
    async with alice.online() as a, bob.online() as b:
        b.connect(Address(HERE, a.port))
        await until(lambda: alice.files() == bob.files(), a, b)
        await in_sync(a, b)
        cave.write_text(WORDS)
        await until(lambda: alice.files() == bob.files(), a, b)
        await in_sync(a, b)
    damage(alice.layout.journal)
    async with alice.online() as a, bob.online() as b:
        b.connect(Address(HERE, a.port))
        await in_sync(a, b)
        assert a.status.digest == b.status.digest
        assert alice.files() == bob.files()
        assert alice.files()["cave.twee"] == WORDS.encode()
        cave.write_text(WORDS.replace("Light!", "Light at last!"))
        await until(lambda: b"at last" in bob.files()["cave.twee"], a, b)
        await in_sync(a, b)


@pytest.mark.parametrize("damage", [lose_an_update, lose_the_first_update, lose_a_fact])
async def test_what_both_wrote_since_is_merged(damage: Damage, tmp_path: Path) -> None:
    alice, bob = Author.pair(tmp_path)
    (alice.folder / "cave.twee").write_text(CAVE)
    async with alice.online() as a, bob.online() as b:
        b.connect(Address(HERE, a.port))
        await in_sync(a, b)
    damage(alice.layout.journal)
    (alice.folder / "cave.twee").write_text(WORDS)
    (bob.folder / "cave.twee").write_text(CAVE.replace("Light!", "Light at last!"))
    async with alice.online() as a, bob.online() as b:
        b.connect(Address(HERE, a.port))
        await in_sync(a, b)
        await until(lambda: alice.files() == bob.files(), a, b)
        merged = alice.files()["cave.twee"].decode()
        assert merged == WORDS.replace("Light!", "Light at last!")


# The checks above must bite.


async def test_to_believe_what_is_said_of_files_without_their_texts_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("whisker_sync.store.salvage._MEANT_FOR_OLD", ("install",))
    with pytest.raises(AssertionError):
        await test_without_others_the_folder_stays_as_it_is(lose_an_update, tmp_path)


async def test_to_read_the_folder_before_the_others_were_heard_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "_knows_others", lambda *_: False)
    with pytest.raises(AssertionError):
        await test_what_both_wrote_since_is_merged(lose_the_first_update, tmp_path)


# A full disk.


async def test_a_full_disk_is_loud_and_passes(tmp_path: Path) -> None:
    alice, bob = Author.pair(tmp_path)
    cave = alice.folder / "cave.twee"
    cave.write_text(CAVE)
    async with alice.online() as a, bob.online() as b:
        b.connect(Address(HERE, a.port))
        await in_sync(a, b)
        run = database_of(a._running.writer).execute
        await a._running.writer.run(run, "PRAGMA max_page_count = 20")
        big = CAVE + "A long way down.\n" * 20_000
        cave.write_text(big)
        await until(lambda: a.status.trouble is not None, a, b)
        assert "no space left" in (a.status.trouble or "")
        # What is not safe here is shown to nobody.
        assert bob.files()["cave.twee"] == CAVE.encode()
        # The thread is busy trying again, so the limit is lifted under its feet.
        run("PRAGMA max_page_count = 1000000")
        await until(lambda: bob.files()["cave.twee"] == big.encode(), a, b)
        assert a.status.trouble is None
        await in_sync(a, b)


async def test_a_snapshot_for_which_there_is_no_room_can_wait(tmp_path: Path) -> None:
    alice = Author(tmp_path, "alice")
    (alice.folder / "cave.twee").write_text(CAVE)
    async with alice.online() as a:
        run = database_of(a._running.writer).execute
        await a._running.writer.run(run, "PRAGMA max_page_count = 20")
        await a._reader.compact(Compact("story", 1, Random(1).randbytes(500_000), b"digest"))
        assert not a._running._failure.done()
        await a._running.writer.run(run, "PRAGMA max_page_count = 1000000")
        assert a._running.writer.journal.recall().first == 1
