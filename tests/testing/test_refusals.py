"""
The way back from a refusal, with others around: what one device cannot take in, all let go of.

Somebody's program once died of an edit, and takes it in no more. Whoever wrote the edit writes it
anew; whoever else has it lets go of it. At the end nobody is split from anybody, and each word is
there once.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from whisker_sync.peer.events import BeginAnew
from whisker_sync.testing import Machine, World

CAVE = ":: Cave\nIt is dark here.\n"
DEADLY = CAVE.replace("dark", "deadly dark")
LATER = DEADLY.replace("here", "here, still")


def save(world: World, machine: Machine, text: str, file: str = "cave.twee") -> None:
    machine.save(file, text)
    world.run(3)


def seen_by_bob(world: World, alice: Machine) -> None:
    """Bob sees how it is written."""
    world.machine("bob")
    world.run(3)
    save(world, alice, DEADLY)


def told_to_bob_with_everything(world: World, alice: Machine) -> None:
    """Bob comes later, and gets it in one answer with all else."""
    save(world, alice, DEADLY)
    world.machine("bob")
    world.run(5)


def told_to_bob_by_dave(world: World, alice: Machine) -> None:
    """Bob comes later, and gets it from dave, who has it from Alice, in one answer each."""
    save(world, alice, DEADLY)
    world.machine("dave")
    world.run(5)
    alice.stop()
    world.machine("bob")
    world.run(5)
    alice.boot()
    world.run(5)


def built_on_by_bob(world: World, alice: Machine) -> None:
    """There are later edits, by both; bob's builds on it."""
    seen_by_bob(world, alice)
    save(world, world.machines["bob"], LATER)
    save(world, alice, ":: Lake\nDeep.\n", "lake.twee")


WAYS = (seen_by_bob, told_to_bob_with_everything, told_to_bob_by_dave, built_on_by_bob)


@pytest.mark.parametrize("seed", range(1, 4))
@pytest.mark.parametrize("way", WAYS)
def test_what_one_cannot_take_in_is_written_anew_by_its_author(
    way: Callable[[World, Machine], None], seed: int
) -> None:
    with World(seed) as world:
        alice, carol = world.machine("alice"), world.machine("carol")
        world.run(3)
        save(world, alice, CAVE)
        carol.stop()
        way(world, alice)
        written = alice.text("cave.twee")
        deadly, *_ = [
            entry.record
            for entry in alice.journal.read(0, 1 << 30)
            if entry.source == alice.device and b"deadly" in entry.record.update
        ]
        carol.die_of(deadly)
        carol.boot()
        world.run(30)
        assert BeginAnew() in alice.events
        world.settle()
        assert world.check(strict=True) == []
        for machine in world.machines.values():
            assert machine.status.split == ()
            assert machine.text("cave.twee") == written
