"""Large binary files in an imagined world: several sources, cut cables, processes that die."""

from __future__ import annotations

import hashlib
from collections import Counter
from random import Random

import pytest

from whisker_sync.chunks import CHUNK, MAX_WHOLE
from whisker_sync.ids import StoryPath
from whisker_sync.peer.effects import Effect
from whisker_sync.peer.fetching import MAX_REQUESTS
from whisker_sync.peer.inputs import AssetRead, Input
from whisker_sync.testing import Machine, World

SOUND_PATH = StoryPath("sound.ogg")
SOUND = Random(5).randbytes(MAX_WHOLE + 4 * CHUNK)
CHUNKS = -(-len(SOUND) // CHUNK)


def served(machine: Machine, counts: Counter[str]) -> None:
    """Count the contents that a machine reads for others, as long as its process lives."""
    handle = machine.peer.handle

    def listen(input: Input, now: float) -> list[Effect]:  # noqa: A002 - as there
        if isinstance(input, AssetRead) and input.content is not None:
            counts[machine.name] += 1
        return handle(input, now)

    machine.peer.handle = listen  # type: ignore[method-assign]


def test_a_large_file_arrives_in_chunks_each_of_which_travels_once() -> None:
    with World(1) as world:
        alice, bob = world.machine("alice"), world.machine("bob")
        counts = Counter[str]()
        served(alice, counts)
        world.run(3)
        alice.save("sound.ogg", SOUND)
        world.settle()
        assert bob.folder[SOUND_PATH] == SOUND
        assert counts == {"alice": CHUNKS}
        assert world.check() == []


def test_several_devices_are_asked_at_once() -> None:
    with World(3) as world:
        machines = [world.machine(name) for name in ("alice", "bob", "cyd")]
        machines[0].save("sound.ogg", SOUND)
        world.settle()
        counts = Counter[str]()
        for machine in machines:
            served(machine, counts)
        dan = world.machine("dan")
        world.settle()
        assert dan.folder[SOUND_PATH] == SOUND
        assert len(counts) >= 2
        assert sum(counts.values()) <= CHUNKS + MAX_REQUESTS, "of two calls at once one goes"


@pytest.mark.parametrize("seed", range(8))
def test_what_came_before_the_cable_was_cut_or_the_process_died_is_not_sent_again(
    seed: int,
) -> None:
    with World(seed) as world:
        alice, bob = world.machine("alice"), world.machine("bob")
        world.run(3)
        counts = Counter[str]()
        served(alice, counts)
        alice.save("sound.ogg", SOUND)
        while counts["alice"] < CHUNKS // 2:
            world.run(0.002)
        if seed % 2:
            bob.crash()
            bob.boot()
        else:
            world.cut(alice, bob)
        world.settle()
        assert bob.folder[SOUND_PATH] == SOUND
        under_way = 8  # asked for, or not durable yet, when it broke
        assert counts["alice"] <= CHUNKS + under_way
        assert world.check() == []


def test_a_device_between_two_others_passes_it_on() -> None:
    with World(4) as world:
        alice, bob, cyd = (world.machine(name) for name in ("alice", "bob", "cyd"))
        world.block(alice, cyd)
        world.block(cyd, alice)
        alice.save("sound.ogg", SOUND)
        world.run(60)
        assert bob.folder[SOUND_PATH] == SOUND
        assert cyd.folder[SOUND_PATH] == SOUND
        world.settle()
        assert world.check() == []


def test_a_large_file_that_changes_is_taken_in_and_replaced() -> None:
    with World(6) as world:
        alice, bob = world.machine("alice"), world.machine("bob")
        alice.save("sound.ogg", SOUND)
        world.settle()
        counts = Counter[str]()
        served(bob, counts)
        changed = SOUND[:CHUNK] + b"\0 a note \0" + SOUND[CHUNK + 10 :]
        bob.save("sound.ogg", changed)
        world.settle()
        assert hashlib.sha256(alice.folder[SOUND_PATH]).digest() == hashlib.sha256(changed).digest()
        assert counts["bob"] <= 2, "only what changed travels"
        alice.save("sound.ogg", None)
        world.settle()
        assert "sound.ogg" not in bob.folder
        assert world.check() == []


def test_of_a_large_file_that_two_change_at_once_both_stay() -> None:
    with World(9) as world:
        alice, bob = world.machine("alice"), world.machine("bob")
        alice.save("sound.ogg", SOUND)
        world.settle()
        world.part([alice])
        versions = {name: SOUND + name.encode() for name in ("alice", "bob")}
        alice.save("sound.ogg", versions["alice"])
        bob.save("sound.ogg", versions["bob"])
        world.run(5)
        world.expect("at the same time")
        world.settle()
        assert alice.folder == bob.folder
        assert set(alice.folder.values()) == set(versions.values())
        assert world.check(words=False) == []
