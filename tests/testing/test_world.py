"""Tests for :mod:`whisker_sync.testing`: is the imagined world a good one?"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from whisker_sync.document import Kind, Root, Schema
from whisker_sync.manuscript.schema import STORY
from whisker_sync.peer.events import FileChanged
from whisker_sync.testing import History, Machine, World, random_history, shorten
from whisker_sync.testing.authors import Author
from whisker_sync.testing.histories import Boot, Wait, Write, make_world
from whisker_sync.testing.words import Words

CAVE = ":: Cave\nIt is dark here.\n\n:: Way out\nLight!\n"
NOTES = Schema((Root("body", Kind.TEXT),))
SEEDS = (13, 151, 190, 225, 255)
"""Of histories in which machines sleep, are restored, copied and cloned, and disks are full."""


def pair(world: World) -> tuple[Machine, Machine]:
    return world.machine("alice"), world.machine("bob")


def play(seed: int, disks: Path | None = None) -> str:
    """Play one history; return the trace of its world."""
    history = random_history(seed)
    with make_world(history.seed, disks) as world:
        history.play(world)
        return world.trace


def test_a_program_of_somebody_else_can_use_it() -> None:
    with World(seed=1, schemas={"notes": NOTES}, files=False) as world:
        alice, bob = pair(world)
        world.part([alice])
        with alice.edit("notes") as edit:
            edit.insert("body", 0, "hello ")
        with bob.edit("notes") as edit:
            edit.insert("body", 0, "world ")
        alice.stop()
        world.settle()
        assert sorted(alice.document("notes").text("body").split()) == ["hello", "world"]
        assert world.check() == []


def test_a_save_is_noticed_and_shown_elsewhere() -> None:
    with World(1) as world:
        alice, bob = pair(world)
        world.run(3)
        alice.save("cave.twee", CAVE)
        world.run(1)
        assert bob.text("cave.twee") == CAVE
        assert FileChanged("cave.twee") in bob.events
        world.settle()
        assert world.check() == []


def test_one_seed_is_one_history() -> None:
    assert play(SEEDS[0]) == play(SEEDS[0])
    assert play(SEEDS[0]) != play(SEEDS[1])


def test_one_seed_is_one_history_in_every_process_and_on_every_disk(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.testing.test_world import play\n"
        f"for seed in {SEEDS}:\n"
        "    place = Path(sys.argv[1]) / str(seed)\n"
        "    place.mkdir(parents=True)\n"
        "    print(play(seed), play(seed, place))"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, tmp_path / hash_seed],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            stdout=subprocess.PIPE,
            text=True,
        )
        for hash_seed in ("0", "4242")
    ]
    found = [process.communicate()[0].split() for process in processes]
    traces = [play(seed) for seed in SEEDS]
    assert found == [[trace for trace in traces for _ in ("memory", "disk")]] * len(processes)


def test_what_was_not_committed_dies_with_the_process() -> None:
    with World(1, schemas={"notes": NOTES}, files=False) as world:
        alice = world.machine("alice")
        world.run(1)
        found = set()
        for number in range(20):
            with alice.edit("notes") as edit:
                edit.insert("body", 0, f"{number} ")
            alice.crash()  # by half of the chances the transaction was complete
            alice.boot()
            found.add(str(number) in alice.document("notes").text("body").split())
            world.run(1)
        assert found == {True, False}
        world.settle()
        assert world.check() == []


def test_a_fuse_kills_between_two_effects() -> None:
    with World(1) as world:
        alice, _ = pair(world)
        world.run(3)
        for fuse in range(1, 12):
            alice.fuse = fuse
            alice.save("cave.twee", f":: Cave\n{'dark ' * fuse}\n")
            world.run(1)
            assert not alice.is_up or alice.fuse is not None
            alice.boot()
        world.settle()
        assert world.check() == []


def test_nothing_gets_through_a_partition_until_it_heals() -> None:
    with World(1) as world:
        alice, bob = pair(world)
        world.run(3)
        world.part([alice])
        alice.save("cave.twee", CAVE)
        world.run(20)
        assert bob.folder == {}
        world.settle()
        assert bob.text("cave.twee") == CAVE


def test_frames_wait_out_a_short_silence() -> None:
    with World(1) as world:
        alice, bob = pair(world)
        world.run(3)
        world.block(alice, bob)
        alice.save("cave.twee", CAVE)
        world.run(0.5)
        assert bob.folder == {}
        world.heal()
        world.run(0.5)
        assert bob.text("cave.twee") == CAVE


def test_a_courier_does_no_harm() -> None:
    with World(1) as world:
        alice, bob = pair(world)
        world.run(3)
        author = Author(alice, world.words)
        author.make(0)
        for place in range(10):
            author.write(0, 0, place, 2, 0)
            world.run(0.2)
        world.part([bob])
        world.deliver(bob)
        world.run(5)
        assert bob.status.held == 0
        world.settle()
        assert world.check() == []


def test_words_that_are_lost_or_there_twice_are_found() -> None:
    words = Words()
    text = words.fresh(4)
    assert text == "w0x w1x w2x w3x"
    assert words.judge([text]) == []
    assert words.judge(["w0x w1x", "w3x"]) == ["1 words are lost: w2x"]
    assert words.judge([text, "w1x"]) == ["1 words are there twice: w1x"]
    words.changed(text, "w0x w1x w3x")
    assert words.judge(["w0x w1x", "w3x"]) == []


def test_what_differs_is_found() -> None:
    with World(1) as world:
        alice, bob = pair(world)
        alice.save("cave.twee", CAVE)
        world.settle()
        bob.folder.clear()  # by magic: no watcher saw it
        assert "cave.twee differs between alice and bob" in world.check()


def test_who_never_comes_to_rest_is_found() -> None:
    with World(1) as world:
        alice, bob = pair(world)
        alice.crash()
        alice.folder.clear()
        bob.stop()
        with pytest.raises(AssertionError, match="never quiet"):
            world.settle(0)


def test_a_history_is_shortened_to_what_matters() -> None:
    history = History(7, 4, (Boot(1), Write(3, 1, 5, 9, 2), Wait(1000), Write(2), Boot(0)))

    def fails(each: History) -> bool:
        return any(isinstance(operation, Write) for operation in each.operations)

    assert shorten(history, fails) == History(7, 2, (Write(0, words=0),))


def test_the_story_is_there_for_programs_too() -> None:
    with World(2) as world:
        alice, bob = pair(world)
        author = Author(alice, world.words)
        author.make(0)
        world.run(3)
        author.program(0, 0)
        world.settle()
        assert world.words.typed == 17
        assert world.check() == []
        assert alice.document(STORY).digest() == bob.document(STORY).digest()
