"""Imagined worlds in which people come and go: everybody ends with the same roster."""

from __future__ import annotations

import pytest

from whisker_sync.identity.roster import Role
from whisker_sync.peer.acts import ChangeRole, Remove
from whisker_sync.testing.machine import Machine
from whisker_sync.testing.world import World

SEEDS = range(3)
CAVE = ":: Cave\nIt is dark here.\n"


def four(world: World) -> tuple[Machine, Machine, Machine, Machine]:
    """Alice and Bob, who own a story, and Carol and Dave, who write."""
    alice, bob, carol, dave = (world.machine(name) for name in ("alice", "bob", "carol", "dave"))
    alice.save("cave.twee", CAVE)
    world.settle()
    alice.do(ChangeRole(frozenset({bob.device}), Role.OWNER))
    world.settle()
    assert all(machine.text("cave.twee") == CAVE for machine in (alice, bob, carol, dave))
    world.expect("does not belong to the story any more")
    return alice, bob, carol, dave


def remove(machine: Machine, *others: Machine) -> None:
    machine.do(Remove(frozenset(other.device for other in others)))


def belong(world: World) -> list[str]:
    """Who belongs, as all who do agree."""
    (known,) = {
        tuple(member.card.person_name for member in machine.peer.papers.membership.members)
        for machine in world.members
    }
    assert sorted(known) == sorted(machine.name for machine in world.members)
    assert len({machine.peer.papers.digest for machine in world.members}) == 1
    assert len({machine.peer.ring.key for machine in world.members}) == 1
    return list(known)


@pytest.mark.parametrize("seed", SEEDS)
def test_two_owners_who_remove_each_other_are_both_out(seed: int) -> None:
    with World(seed) as world:
        alice, bob, carol, dave = four(world)
        world.part([alice, carol])
        remove(alice, bob)
        remove(bob, alice)
        world.run(5.0)
        world.settle()
        assert belong(world) == ["carol", "dave"]
        assert alice.status.outside is not None
        assert bob.status.outside is not None
        assert carol.status.role is Role.OWNER  # who came earliest of those who are left
        carol.save("cave.twee", CAVE + "On we go.\n")
        world.settle()
        assert dave.text("cave.twee") == CAVE + "On we go.\n"
        assert alice.text("cave.twee") == bob.text("cave.twee") == CAVE
        assert world.check(words=False) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_removal_during_a_partition_reaches_everybody(seed: int) -> None:
    with World(seed) as world:
        alice, bob, carol, dave = four(world)
        world.part([alice, bob])
        remove(alice, dave)
        dave.save("dave.twee", ":: Dave\nWritten before anybody here knew.\n")
        world.run(10.0)
        assert carol.text("dave.twee").startswith(":: Dave")
        world.settle()
        assert belong(world) == ["alice", "bob", "carol"]
        assert dave.status.outside is not None
        alice.save("cave.twee", CAVE + "Not for Dave.\n")
        world.settle()
        assert carol.text("cave.twee") == CAVE + "Not for Dave.\n"
        assert dave.text("cave.twee") == CAVE
        assert alice.text("dave.twee") == carol.text("dave.twee")  # by the word of Carol
        assert world.check(words=False) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_who_is_invited_again_is_back_everywhere(seed: int) -> None:
    with World(seed) as world:
        alice, bob, carol, dave = four(world)
        remove(alice, dave)
        world.settle()
        assert belong(world) == ["alice", "bob", "carol"]
        world.part([alice, bob])
        world.invite(bob, dave)
        world.run(5.0)
        world.settle()
        assert sorted(belong(world)) == ["alice", "bob", "carol", "dave"]
        dave.save("dave.twee", ":: Dave\nHere again.\n")
        world.settle()
        assert carol.text("dave.twee") == ":: Dave\nHere again.\n"
        assert world.check(words=False) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_reader_among_writers_ends_with_what_they_wrote(seed: int) -> None:
    with World(seed) as world:
        alice, bob, carol, dave = four(world)
        world.expect("you may read it, not write in it")
        world.expect("on this device only")
        alice.do(ChangeRole(frozenset({dave.device}), Role.READER))
        world.settle()
        world.part([alice, dave])
        dave.save("cave.twee", CAVE + "Dave was here.\n")
        bob.save("bob.twee", ":: Bob\nElsewhere.\n")
        alice.save("cave.twee", CAVE + "Alice was here.\n")
        world.run(5.0)
        dave.crash()
        world.settle()
        for machine in (alice, bob, carol, dave):
            assert machine.text("cave.twee") == CAVE + "Alice was here.\n"
            assert machine.text("bob.twee") == ":: Bob\nElsewhere.\n"
        kept = [content for path, content in dave.folder.items() if "yours" in path]
        assert kept == [(CAVE + "Dave was here.\n").encode()]
        assert len({machine.status.digest for machine in (alice, bob, carol, dave)}) == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_a_removal_and_a_crash_at_once_are_a_removal_or_none(seed: int) -> None:
    with World(seed) as world:
        alice, bob, _, dave = four(world)
        alice.fuse = seed + 1
        remove(alice, dave)
        if alice.is_up:
            alice.crash()
        world.settle()
        known = sorted(belong(world))
        assert known in (["alice", "bob", "carol", "dave"], ["alice", "bob", "carol"])
        if "dave" in known:
            remove(bob, dave)
        world.settle()
        assert belong(world) == ["alice", "bob", "carol"]
        assert world.check(words=False) == []
