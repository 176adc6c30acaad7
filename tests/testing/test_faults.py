"""Tests for what machines of a simulated world can suffer: does it happen as it should?"""

from __future__ import annotations

from pathlib import Path

import pytest

from whisker_sync.document import Kind, Root, Schema
from whisker_sync.document import hold as holds
from whisker_sync.peer import library
from whisker_sync.peer.events import Trouble
from whisker_sync.sync import session
from whisker_sync.testing import Machine, World, bounds, random_history
from whisker_sync.testing.histories import Carry, Install, Rename, Scribble, make_world, perform
from whisker_sync.testing.machine import EPOCH, YEAR

CAVE = ":: Cave\nIt is dark here.\n\n:: Way out\nLight!\n"
NOTES = Schema((Root("body", Kind.TEXT),))
SMALL_WORLDS = 6


def pair(world: World) -> tuple[Machine, Machine]:
    alice, bob = world.machine("alice"), world.machine("bob")
    world.run(3)
    return alice, bob


def sentences(machine: Machine) -> list[str]:
    return [event.sentence for event in machine.events if isinstance(event, Trouble)]


def write(machine: Machine, world: World) -> str:
    """Insert a new word at the beginning of the notes."""
    word = world.words.fresh()
    with machine.edit("notes", word) as edit:
        edit.insert("body", 0, f"{word} ")
    return word


# Sleep.


def test_who_sleeps_does_nothing_and_then_everything() -> None:
    with World(1) as world:
        alice, bob = pair(world)
        bob.sleep(2)
        alice.save("cave.twee", CAVE)
        world.run(1.9)
        assert bob.folder == {}
        assert any(peer.connected for peer in alice.status.peers)
        world.run(1)
        assert bob.text("cave.twee") == CAVE


def test_who_sleeps_for_long_is_given_up_and_comes_back() -> None:
    with World(1) as world:
        alice, bob = pair(world)
        bob.sleep(60)
        world.run(10)
        assert not any(peer.connected for peer in alice.status.peers)
        alice.save("cave.twee", CAVE)
        world.run(55)
        assert bob.text("cave.twee") == CAVE
        world.settle()
        assert world.check() == []


def test_what_is_saved_while_a_process_sleeps_is_noticed_afterwards() -> None:
    with World(1) as world:
        alice, bob = pair(world)
        alice.sleep(5)
        alice.save("cave.twee", CAVE)
        world.run(4)
        assert bob.folder == {}
        world.settle()
        assert bob.text("cave.twee") == CAVE


# Clocks.


def test_a_clock_jumps_and_time_goes_on() -> None:
    with World(1, schemas={"notes": NOTES}, files=False) as world:
        alice, bob = pair(world)
        alice.set_clock(30)
        assert alice.clock - bob.clock == 30 * YEAR
        bob.set_clock(-100)
        assert bob.clock == 0
        write(alice, world)
        write(bob, world)
        alice.set_clock(0)
        assert alice.clock == EPOCH + int(world.now * 1000)
        world.settle()
        assert world.check() == []


# Full disks.


def test_a_full_disk_is_said_aloud_promises_nothing_and_recovers_by_itself() -> None:
    with World(1, schemas={"notes": NOTES}, files=False) as world:
        alice, bob = pair(world)
        bob.fill(4)
        word = write(alice, world)
        world.run(2)
        assert word in bob.document("notes").text("body")
        assert [peer.unacked for peer in alice.status.peers] == [1]
        assert bob.status.trouble is not None
        assert len(sentences(bob)) == 1
        world.run(4)
        assert [peer.unacked for peer in alice.status.peers] == [0]
        assert bob.status.trouble is None
        world.settle()
        assert world.check() == []


def test_files_that_found_no_room_are_written_when_there_is_some() -> None:
    with World(1) as world:
        alice, bob = pair(world)
        bob.fill(3)
        alice.save("cave.twee", CAVE)
        world.run(2)
        assert bob.folder == {}
        world.settle()
        assert bob.text("cave.twee") == CAVE
        assert world.check() == []


def test_a_file_that_found_no_room_is_written_later_though_nothing_else_happens() -> None:
    with World(1) as world:
        alice, bob = pair(world)
        alice.save("cave.twee", CAVE)
        world.run(3)
        alice.save("cave.twee", CAVE.replace("dark", "cold"))
        while bob.is_idle or bob.journal.head < 2:
            world.run(0.001)
        bob.fill(30)
        world.run(25)
        assert bob.text("cave.twee") == CAVE
        assert [problem.path for problem in bob.status.problems] == ["cave.twee"]
        world.run(20)
        assert bob.text("cave.twee") == CAVE.replace("dark", "cold")
        assert bob.status.problems == ()
        assert sum("cave.twee" in sentence for sentence in sentences(bob)) == 1


def test_a_process_does_not_start_on_a_full_disk() -> None:
    with World(1) as world:
        alice, _ = pair(world)
        alice.stop()
        alice.fill(1)
        alice.boot()
        assert not alice.is_up
        world.run(1)
        alice.boot()
        assert alice.is_up


# Versions.


@pytest.mark.parametrize("version", [1, 2, 4])
def test_versions_that_have_one_in_common_talk(version: int) -> None:
    with World(1) as world:
        alice, bob = pair(world)
        perform(Install(1, version), world)
        alice.save("cave.twee", CAVE)
        world.run(10)
        assert bob.text("cave.twee") == CAVE
        assert sentences(alice) + sentences(bob) == []


@pytest.mark.parametrize("version", [0, 3])
def test_versions_that_have_none_in_common_say_so_and_wait(version: int) -> None:
    with World(1) as world:
        alice, bob = pair(world)
        perform(Install(1, version), world)
        alice.save("cave.twee", CAVE)
        world.run(120)
        assert bob.folder == {}
        said = sentences(alice) + sentences(bob)
        assert said
        assert all("upgrade whisker-sync on" in sentence for sentence in said)
        assert len(said) < 10
        world.settle()
        assert bob.text("cave.twee") == CAVE
        assert world.check() == []


# Backups and copies.


@pytest.mark.parametrize("disks", [False, True])
@pytest.mark.parametrize("home", [False, True])
def test_what_a_restored_machine_forgot_comes_back_from_the_others(
    disks: bool, home: bool, tmp_path: Path
) -> None:
    place = tmp_path if disks else None
    with World(1, schemas={"notes": NOTES}, files=False, disks=place) as world:
        alice, bob = pair(world)
        first = write(alice, world)
        world.run(3)
        world.back_up(alice)
        second = write(alice, world)
        world.run(3)
        world.part([alice])
        third = write(alice, world)
        world.run(10)
        alice.restore(folder=True, home=home)
        assert alice.document("notes").text("body").split() == [first]
        world.settle()
        assert bob.document("notes").text("body").split() == [second, first]
        assert world.check() == []  # nobody else ever had the third
        assert third not in bob.document("notes").text("body")


def test_words_that_others_have_stored_may_not_be_lost_with_a_backup() -> None:
    with World(1, schemas={"notes": NOTES}, files=False) as world:
        alice, bob = pair(world)
        world.back_up(alice)
        world.back_up(bob)
        write(alice, world)
        world.run(3)
        alice.restore(folder=True)
        bob.crash()
        assert bob._backup is not None
        bob.disk.become(bob._backup.disk)  # by magic: as if bob had never stored it
        world.settle()
        assert world.check() == ["1 words are lost: w0x"]


@pytest.mark.parametrize(
    "ends", [(), ("stop",), ("crash",), ("stop", "crash"), ("crash", "stop"), ("crash", "crash")]
)
def test_what_a_machine_put_back_reads_from_its_folder_is_there_once(ends: tuple[str, ...]) -> None:
    """Journal and notes are put back, the folder is not; it ends and starts again, all alone."""
    with World(1) as world:
        alice, bob = pair(world)
        alice.save("cave.twee", CAVE)
        world.run(3)
        world.back_up(alice)
        alice.save("cave.twee", CAVE.replace("dark", "pitch dark"))
        world.run(3)
        world.part([alice])
        alice.restore(folder=False, home=True)
        world.run(3)
        for end in ends:
            alice.crash() if end == "crash" else alice.stop()
            alice.boot()
            world.run(3)
        world.heal()
        world.settle()
        assert (
            alice.text("cave.twee") == bob.text("cave.twee") == CAVE.replace("dark", "pitch dark")
        )


def test_without_a_backup_nothing_can_be_restored() -> None:
    with World(1) as world:
        alice, _ = pair(world)
        alice.save("cave.twee", CAVE)
        alice.restore(folder=True)
        assert alice.text("cave.twee") == CAVE


def test_only_the_journal_can_be_put_back() -> None:
    with World(1) as world:
        alice, bob = pair(world)
        alice.save("cave.twee", CAVE)
        world.run(3)
        world.back_up(alice)
        alice.save("lake.twee", ":: Lake\nDeep.\n")
        world.run(3)
        alice.restore(folder=False)
        world.settle()
        assert bob.text("lake.twee") == ":: Lake\nDeep.\n"
        assert world.check(strict=True) == []


@pytest.mark.parametrize("disks", [False, True])
def test_a_copied_folder_becomes_a_device_of_its_own(disks: bool, tmp_path: Path) -> None:
    with World(1, disks=tmp_path if disks else None) as world:
        alice, bob = pair(world)
        alice.save("cave.twee", CAVE)
        world.run(3)
        carol = world.copy(alice, "carol")
        assert carol.text("cave.twee") == CAVE
        assert carol.device not in {alice.device, bob.device}
        carol.save("cave.twee", CAVE.replace("dark", "bright"))
        world.settle()
        assert bob.text("cave.twee") == CAVE.replace("dark", "bright")
        assert world.check() == []


def test_two_machines_that_are_one_device_lose_nothing_and_are_told_of() -> None:
    with World(1, schemas={"notes": NOTES}, files=False) as world:
        alice, bob = pair(world)
        write(alice, world)
        world.run(3)
        carol = world.copy(alice, "carol", same_device=True)
        assert carol.device == alice.device
        write(alice, world)
        write(carol, world)
        world.run(30)
        said = [sentence for each in (alice, bob, carol) for sentence in sentences(each)]
        assert any("two machines say that they are" in sentence for sentence in said)
        world.settle()
        assert carol.device != alice.device
        assert world.check() == []


# Programs, and what is kept in memory.


def test_what_a_machine_withdraws_comes_back_from_its_copy() -> None:
    """Alice told nobody; but the copy of her machine did, and by then it was in the journal."""
    with World(1) as world:
        alice, bob = pair(world)
        alice.stop()
        world.part([alice])
        alice.boot()
        alice.save("cave.twee", CAVE)
        world.run(3)
        carol = world.copy(alice, "carol", same_device=True)
        world.run(10)
        assert bob.text("cave.twee") == CAVE
        carol.stop()
        world.heal()
        world.run(10)
        assert any("older than what bob has" in sentence for sentence in sentences(alice))
        world.settle()
        assert world.check(strict=True) == []
        assert [machine.text("cave.twee") for machine in (alice, bob, carol)] == [CAVE] * 3


def test_programs_edit_whatever_a_schema_allows() -> None:
    with make_world(1) as world:
        alice, bob = pair(world)
        for number in range(48):
            perform(Scribble(number % 2, number % 12, number, number // 4), world)
            world.run(0.1)
        world.settle()
        assert world.check() == []
        notes = alice.document("notes")
        assert {"body", "page:a", "page:b", "settings", "cards"} <= notes.roots()
        assert notes.digest() == bob.document("notes").digest()


def test_worlds_are_well_in_small_rooms_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs are read from disk, snapshots made, windows full and holds overflow all the time."""
    monkeypatch.setattr(library, "LOG_BYTES", 3_000)
    monkeypatch.setattr(library, "COMPACT_ENTRIES", 12)
    monkeypatch.setattr(library, "COMPACT_BYTES", 2_000)
    monkeypatch.setattr(session, "WINDOW", 600)
    monkeypatch.setattr(session, "PUSH_BYTES", 300)
    monkeypatch.setattr(holds, "MAX_HELD", 2)
    monkeypatch.setattr(bounds, "SLACK", 20_000)
    for seed in range(SMALL_WORLDS):
        history = random_history(seed, without=(Carry, Rename))
        assert history.judge().wrong == (), history


def test_too_much_in_memory_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "SLACK", 0)
    monkeypatch.setattr(library, "LOG_BYTES", 0)
    with World(1, schemas={"notes": NOTES}, files=False) as world:
        alice, _ = pair(world)
        write(alice, world)
        world.settle()
        assert any("bytes of its log in memory" in sentence for sentence in world.check())


def test_answering_with_everything_again_and_again_is_found() -> None:
    with World(1) as world:
        pair(world)
        world.settle()
        world.exchanges["alice", "bob"] = bounds.MAX_EXCHANGES + 1
        assert world.check() == ["bob answered alice 4 times with all that it lacked"]


def test_asking_for_nothing_again_and_again_is_found() -> None:
    with World(1) as world:
        pair(world)
        world.settle()
        world.vain_questions["alice", "bob"] = bounds.MAX_VAIN_QUESTIONS + 1
        sentence = "alice asked bob 9 times for all that it lacks, and lacked nothing"
        assert world.check() == [sentence]


def test_a_write_that_is_not_wanted_any_more_is_no_trouble_once_there_is_room() -> None:
    # A file that could not be written was renamed before there was room again.
    history = random_history(57, replicas=(2, 2, 3, 3, 4), without=())
    assert history.judge(once=False).wrong == ()
