"""
Machines that are put back to a backup without their folder, and are then alone for a while.

Everything may happen to such a machine: it writes, crashes at any effect, stops, starts. When it
meets the others at last every word is there, and none of them twice: it must know what it read
from its own folder for what the others have already, however often it began again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisker_sync.peer.put_back import PutBack
from whisker_sync.testing import History, Machine, World
from whisker_sync.testing.histories import (
    BackUp,
    Boot,
    Crash,
    Grow,
    Heal,
    Operation,
    Part,
    Rewind,
    Stop,
    Wait,
    Write,
)

CAVE = ":: Cave\nIt is dark here.\n"

EXAMPLES = 25
"""Histories that are drawn in one run."""

PLANTED = 40
"""Worlds in which a planted bug must show."""

FUSES = range(1, 120, 3)
"""After how many effects somebody dies who was alone and meets another one."""

_place = st.integers(0, 23)
_writes = st.builds(Write, st.integers(0, 1), st.just(0), st.integers(0, 1), _place)
_alone: st.SearchStrategy[Operation] = st.one_of(
    st.builds(Write, st.just(0), st.just(0), st.integers(0, 1), _place),
    st.builds(Grow, st.just(0)),
    st.builds(Crash, st.just(0), fuse=st.integers(0, 30)),
    st.just(Stop(0)),
    st.just(Boot(0)),
    st.builds(Wait, st.integers(0, 300)),
)


def put_back(
    seed: int, replicas: int, told: tuple[Operation, ...], alone: tuple[Operation, ...]
) -> History:
    """The first writes what all hear, and is put back to before that; then it is on its own."""
    return History(
        seed,
        replicas,
        (
            Wait(4000),
            BackUp(0),
            *told,
            Wait(4000),
            Part(1),
            Rewind(0, home=True),
            *alone,
            Boot(0),
            Wait(2000),
            Heal(),
        ),
    )


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(
    st.builds(
        put_back,
        st.integers(0, (1 << 32) - 1),
        st.integers(2, 3),
        st.lists(_writes, min_size=1, max_size=4).map(tuple),
        st.lists(_alone, max_size=8).map(tuple),
    )
)
def test_what_a_machine_reads_that_was_put_back_is_there_once(history: History) -> None:
    assert history.judge(strict=True).wrong == ()


def test_nor_is_it_there_twice_if_it_crashes_in_the_moment_in_which_it_hears_of_that() -> None:
    told = (Write(0, 0, 1, 7, 3), Write(1, 0, 0, 14, 3, 1), Write(1, 0, 0, 12, 1, 1))
    for fuse in range(1, 40):
        history = put_back(32, 2, told, (Crash(0, fuse=fuse),))
        assert history.judge(strict=True).wrong == ()


def test_a_process_that_crashes_and_tells_the_next_one_nothing_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The planted bug: where a process began that met nobody is not durable with what it read."""
    monkeypatch.setattr(PutBack, "note", lambda _: None)
    for seed in range(PLANTED):
        dice = Random(seed)
        told = Write(0, 0, dice.randrange(2), dice.randrange(24))
        history = put_back(seed, 2, (told,), (Wait(1000), Crash(0)))
        wrong = [each for each in history.judge(strict=True).wrong if "twice" in each]
        if wrong:
            return
    pytest.fail(f"{PLANTED} worlds, and nobody noticed")


@contextmanager
def wrote_alone(seed: int) -> Iterator[tuple[World, Machine, Machine]]:
    """Alice, who met bob long ago, starts alone and writes."""
    with World(seed) as world:
        alice, bob = world.machine("alice"), world.machine("bob")
        world.run(3)
        alice.stop()
        world.part([alice])
        alice.boot()
        alice.save("cave.twee", CAVE)
        world.run(1)
        yield world, alice, bob
        alice.make_room()
        alice.boot()
        world.settle()
        assert world.check(strict=True) == []  # she says nothing of a backup
        assert bob.text("cave.twee") == alice.text("cave.twee") == CAVE


@pytest.mark.parametrize("fuse", FUSES)
def test_who_told_others_what_it_wrote_alone_is_never_taken_for_put_back(fuse: int) -> None:
    with wrote_alone(fuse) as (world, alice, _):
        alice.fuse = fuse
        world.heal()
        world.run(3)


def test_nor_if_its_disk_had_no_room_to_forget_that_it_was_alone() -> None:
    with wrote_alone(1) as (world, alice, bob):
        alice.fill(60)
        world.heal()
        world.run(5)
        assert bob.text("cave.twee") == CAVE
        alice.crash()
