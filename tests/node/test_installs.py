"""Tests for :mod:`whisker_sync.node.installs`: copied and restored folders, with real nodes."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from tests.node.test_node import CAVE, HERE, SECONDS, Author, in_sync, until
from whisker_sync.errors import AnotherCopy, MustBeginAnew
from whisker_sync.ids import Address, DeviceId
from whisker_sync.node.installs import FACT, Install, Verdict
from whisker_sync.node.node import Node
from whisker_sync.node.settings import User, load_local
from whisker_sync.store.layout import Layout

DEVICE = DeviceId(b"d" * 32)


class Notes:
    """What one machine knows of one journal."""

    def __init__(self, author: Author, device: DeviceId = DEVICE) -> None:
        self.author = author
        self.device = device
        self.facts: dict[str, bytes] = {}
        self.head = 0

    def start(self) -> Verdict:
        install = Install(self.author.layout, self.author.home, self.device)
        verdict = install.judge(self.facts, self.head)
        self.facts = dict([install.begin()])
        install.reached(self.head)
        return verdict


@pytest.fixture
def alice(tmp_path: Path) -> Author:
    return Author(tmp_path, "alice")


def test_a_new_journal_and_one_that_goes_on_are_known(alice: Author) -> None:
    notes = Notes(alice)
    assert [notes.start() for _ in range(3)] == [Verdict.KNOWN] * 3


def test_a_journal_from_before_the_last_start_is_restored(alice: Author) -> None:
    notes = Notes(alice)
    notes.start()
    backup = dict(notes.facts)
    notes.start()
    notes.facts = backup
    assert notes.start() is Verdict.RESTORED
    assert notes.start() is Verdict.KNOWN


def test_a_journal_that_is_shorter_than_it_was_is_restored(alice: Author) -> None:
    notes = Notes(alice)
    notes.head = 7
    notes.start()
    notes.head = 6
    assert notes.start() is Verdict.RESTORED


def test_a_crash_between_the_two_notes_is_no_restore(alice: Author) -> None:
    notes = Notes(alice)
    notes.start()
    Install(alice.layout, alice.home, DEVICE).begin()  # and then the process dies
    assert notes.start() is Verdict.KNOWN


def test_a_journal_of_another_device_is_copied(alice: Author) -> None:
    notes = Notes(alice)
    notes.start()
    notes.device = DeviceId(b"e" * 32)
    assert notes.start() is Verdict.COPIED


def test_a_damaged_note_of_the_user_counts_as_none(alice: Author) -> None:
    notes = Notes(alice)
    notes.start()
    (note,) = (alice.home / "stories").iterdir()
    note.write_bytes(b"{")
    assert notes.start() is Verdict.RESTORED
    notes.facts[FACT] = b"{"
    assert notes.start() is Verdict.KNOWN


async def open_(layout: Layout, user: User) -> Node:
    return await Node.open(layout, user, lan=False, interface=HERE)


async def test_a_copy_beside_the_first_folder_is_refused_and_a_moved_one_is_not(
    alice: Author, tmp_path: Path
) -> None:
    async with alice.online():
        pass
    copy = shutil.copytree(alice.folder, tmp_path / "copy")
    with pytest.raises(AnotherCopy, match="alice"):
        await open_(Layout(copy), alice.user)
    shutil.rmtree(alice.folder)
    node = await open_(Layout(copy), alice.user)
    await node.close()


async def test_a_restored_backup_gets_everything_back_and_doubles_nothing(tmp_path: Path) -> None:
    alice, bob = Author.pair(tmp_path)
    cave = alice.folder / "cave.twee"
    cave.write_text(CAVE)
    async with alice.online() as a, bob.online() as b:
        b.connect(Address(HERE, a.port))
        await in_sync(a, b)
    backup = shutil.copytree(alice.layout.home, tmp_path / "backup")
    async with alice.online() as a, bob.online() as b:
        cave.write_text(CAVE.replace("dark", "pitch dark"))
        (alice.folder / "lake.twee").write_text(":: Lake\nDeep.\n")
        await until(lambda: alice.files() == bob.files() and len(bob.files()) == 2, a, b)
        await in_sync(a, b)
    shutil.rmtree(alice.layout.home)
    shutil.move(backup, alice.layout.home)
    (bob.folder / "cave.twee").write_text(CAVE.replace("dark", "pitch dark, and cold,"))
    async with alice.online() as a, bob.online() as b:
        b.connect(Address(HERE, a.port))
        await until(lambda: alice.files() == bob.files(), a, b)
        await in_sync(a, b)
    assert alice.files()["cave.twee"].decode() == CAVE.replace("dark", "pitch dark, and cold,")
    assert alice.files()["lake.twee"] == b":: Lake\nDeep.\n"
    assert not load_local(alice.layout).joining


async def test_a_restored_backup_of_somebody_alone_takes_the_files_as_they_are(
    alice: Author, tmp_path: Path
) -> None:
    cave = alice.folder / "cave.twee"
    cave.write_text(CAVE)
    async with alice.online() as a:
        await a.until(lambda s: s.settled)
    backup = shutil.copytree(alice.layout.home, tmp_path / "backup")
    cave.write_text(CAVE.replace("dark", "pitch dark"))
    async with alice.online() as a:
        await a.until(lambda s: s.settled)
    shutil.rmtree(alice.layout.home)
    shutil.move(backup, alice.layout.home)
    async with alice.online() as a:
        await a.until(lambda s: s.settled)
        assert cave.read_text() == CAVE.replace("dark", "pitch dark")
        digest = a.status.digest
    async with alice.online() as a:
        await a.until(lambda s: s.settled)
        assert a.status.digest == digest


async def test_a_backup_from_before_others_were_met_doubles_nothing(tmp_path: Path) -> None:
    alice, bob = Author.pair(tmp_path)
    cave = alice.folder / "cave.twee"
    async with alice.online() as a:
        await a.until(lambda s: s.settled)
    backup = shutil.copytree(alice.layout.home, tmp_path / "backup")
    cave.write_text(CAVE)
    async with alice.online() as a, bob.online() as b:
        b.connect(Address(HERE, a.port))
        await until(lambda: alice.files() == bob.files(), a, b)
        await in_sync(a, b)
    shutil.rmtree(alice.layout.home)
    shutil.move(backup, alice.layout.home)
    (bob.folder / "cave.twee").write_text(CAVE.replace("dark", "pitch dark"))
    async with alice.online() as a, bob.online() as b:
        b.connect(Address(HERE, a.port))
        await in_sync(a, b)
    assert (
        alice.files() == bob.files() == {"cave.twee": CAVE.replace("dark", "pitch dark").encode()}
    )


async def test_a_whole_machine_that_is_restored_begins_anew_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    alice, bob = Author.pair(tmp_path)
    cave = alice.folder / "cave.twee"
    cave.write_text(CAVE)
    async with alice.online() as a, bob.online() as b:
        b.connect(Address(HERE, a.port))
        await in_sync(a, b)
    cave.write_text(CAVE.replace("dark", "pitch dark"))  # while nothing runs, and then a backup
    backup = shutil.copytree(alice.layout.home, tmp_path / "backup")
    notes = shutil.copytree(alice.home, tmp_path / "backup-home")
    async with alice.online() as a, bob.online() as b:
        await until(lambda: alice.files() == bob.files(), a, b)
        await in_sync(a, b)
    for place, copy in ((alice.layout.home, backup), (alice.home, notes)):
        shutil.rmtree(place)
        shutil.move(copy, place)
    async with bob.online() as b:
        async with alice.online() as a:
            with pytest.raises(MustBeginAnew):
                await asyncio.wait_for(a.failed(), SECONDS)
        async with alice.online() as a:
            await in_sync(a, b)
    assert alice.files() == bob.files()
    assert alice.files()["cave.twee"].decode() == CAVE.replace("dark", "pitch dark")
