"""Worlds in which pictures and sounds go through a relay."""

from __future__ import annotations

import hashlib

import pytest

from tests.testing.test_relay_worlds import alone, parted, relay_of, troubles, two
from whisker_sync import chunks
from whisker_sync.ids import StoryPath
from whisker_sync.peer import snapshots, stock
from whisker_sync.testing.machine import Machine
from whisker_sync.testing.relay import HONEST
from whisker_sync.testing.world import World

PICTURE = b"\x89PNG" + hashlib.sha256(b"picture").digest() * 300
SOUND = b"OggS" + hashlib.sha256(b"sound").digest() * 40_000  # more than one MiB: in chunks


def has(machine: Machine, path: str, content: bytes) -> bool:
    return machine.folder.get(StoryPath(path)) == content


def test_a_picture_reaches_who_is_never_on_at_the_same_time() -> None:
    with World(1, relay=HONEST) as world:
        alice, bob = two(world)
        alice.boot()
        world.run(5)
        alice.save("map.png", PICTURE)
        world.run(60)
        assert alice.status.relay.settled
        alice.stop()
        alone(world, bob)
        assert has(bob, "map.png", PICTURE)
        assert troubles(alice) == troubles(bob) == []
        assert PICTURE[:40] not in relay_of(world).content


def test_a_large_file_goes_in_chunks_and_a_piece_is_never_missing_at_the_end() -> None:
    assert len(SOUND) > chunks.MAX_WHOLE
    with World(2, relay=HONEST) as world:
        alice, bob = two(world)
        alice.boot()
        world.run(5)
        alice.save("wind.ogg", SOUND)
        world.run(120)
        alice.stop()
        bob.boot()
        world.run(10)
        bob.crash()  # in the middle of it
        alone(world, bob, seconds=120)
        assert has(bob, "wind.ogg", SOUND)


def test_those_who_have_only_the_relay_between_them_see_a_picture_in_seconds() -> None:
    with World(3, relay=HONEST) as world:
        alice, bob = parted(world)
        alice.save("map.png", PICTURE)
        world.run(30)
        assert has(bob, "map.png", PICTURE)
        bob.save("map.png", PICTURE + b"more")
        world.run(30)
        assert has(alice, "map.png", PICTURE + b"more")


def test_what_somebody_else_left_is_not_left_again() -> None:
    with World(4, relay=HONEST) as world:
        alice, bob = world.machine("alice"), world.machine("bob")
        world.run(30)
        before = len(relay_of(world).content)
        alice.save("map.png", PICTURE)
        world.run(300)
        assert has(bob, "map.png", PICTURE)
        (mailbox,) = relay_of(world).mailboxes
        assert relay_of(world).puts(mailbox) == 1
        world.run(300)
        bob.stop()
        bob.boot()
        world.run(120)
        assert relay_of(world).puts(mailbox) == 1  # also after a restart
        assert len(relay_of(world).content) > before


def test_a_relay_that_has_forgotten_a_picture_gets_it_again() -> None:
    with World(5, relay=HONEST) as world:
        alice, bob = two(world)
        alice.boot()
        world.run(5)
        alice.save("map.png", PICTURE)
        world.run(60)
        relay_of(world).forget_blobs()
        alice.stop()
        alone(world, bob)
        assert "map.png" not in bob.folder  # it says so in a letter
        alone(world, alice)
        alone(world, bob)
        assert has(bob, "map.png", PICTURE)


@pytest.mark.parametrize("what", ["roll back", "begin anew"])
def test_a_relay_that_was_put_back_gets_everything_again(what: str) -> None:
    with World(6, relay=HONEST) as world:
        alice, bob = two(world)
        alice.boot()
        world.run(10)
        relay_of(world).back_up()
        alice.save("map.png", PICTURE)
        world.run(60)
        relay_of(world).roll_back() if what == "roll back" else relay_of(world).begin_anew()
        world.run(180)
        alice.stop()
        alone(world, bob)
        assert has(bob, "map.png", PICTURE)


def test_what_is_beyond_the_room_waits_for_the_network_and_the_status_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stock, "MAX_PIECES", 3)
    with World(7, relay=HONEST) as world:
        alice, bob = two(world)
        alice.boot()
        world.run(5)
        alice.save("map.png", PICTURE)
        alice.save("wind.ogg", SOUND)
        world.run(120)
        assert alice.status.relay.waiting == 1
        assert alice.status.relay.settled
        alice.stop()
        alone(world, bob)
        assert has(bob, "map.png", PICTURE)
        assert "wind.ogg" not in bob.folder
        world.settle()
        assert has(bob, "wind.ogg", SOUND)
        assert world.check() == []


def test_a_relay_that_is_full_is_given_no_more_for_a_while_and_letters_go_on() -> None:
    with World(8, relay=HONEST) as world:
        alice, bob = parted(world)
        relay_of(world).room = 0
        alice.save("map.png", PICTURE)
        alice.save("start.twee", ":: Start\nWords.\n")
        world.run(60)
        assert bob.text("start.twee") == ":: Start\nWords.\n"
        assert alice.status.relay.waiting == 1
        relay_of(world).room = 1000
        world.run(stock.FULL_SECONDS)
        assert has(bob, "map.png", PICTURE)
        assert alice.status.relay.waiting == 0


def test_a_snapshot_keeps_pictures_and_who_is_new_gets_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(snapshots, "SNAPSHOT_ENTRIES", 8)
    with World(9, relay=HONEST) as world:
        alice, bob = two(world)
        alice.boot()
        world.run(5)
        alice.save("map.png", PICTURE)
        for number in range(20):
            alice.save("start.twee", f":: Start\n{number}.\n")
            world.run(20)
        world.run(120)
        alice.stop()
        (mailbox,) = relay_of(world).mailboxes
        assert relay_of(world).size(mailbox) < 10
        alone(world, bob, seconds=120)
        assert has(bob, "map.png", PICTURE)
        assert bob.text("start.twee") == ":: Start\n19.\n"


def test_who_is_new_and_makes_the_next_snapshot_keeps_what_the_last_one_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(snapshots, "SNAPSHOT_ENTRIES", 6)
    monkeypatch.setattr(snapshots, "SNAPSHOT_SECONDS", 0.1)
    with World(11, relay=HONEST) as world:
        alice, bob = two(world)
        alice.boot()
        world.run(5)
        alice.save("map.png", PICTURE)
        for number in range(17):
            alice.save("start.twee", f":: Start\n{number}.\n")
            world.run(5)
        alice.stop()
        alone(world, bob)
        (mailbox,) = relay_of(world).mailboxes
        assert relay_of(world).blobs(mailbox)
        assert has(bob, "map.png", PICTURE)


def test_after_a_removal_pictures_lie_in_the_new_mailbox_under_other_ids() -> None:
    from whisker_sync.peer.acts import Remove

    with World(10, relay=HONEST) as world:
        alice, bob = world.machine("alice"), world.machine("bob")
        carol = world.machine("carol")
        world.run(30)
        alice.save("map.png", PICTURE)
        world.run(120)
        carol.stop()
        alice.do(Remove(frozenset({carol.device})))
        world.run(180)
        bob.stop()
        alice.stop()
        new, old = sorted(relay_of(world).mailboxes, key=relay_of(world).puts)
        assert relay_of(world).puts(new) == relay_of(world).puts(old) == 1
        assert not relay_of(world).blobs(new) & relay_of(world).blobs(old)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_dies_in_between_all_have_all_pictures(seed: int) -> None:
    with World(seed, relay=HONEST, lan=False) as world:
        machines = [world.machine(name) for name in ("alice", "bob", "carol")]
        dice = world.dice
        world.run(5)
        for number in range(12):
            machine = dice.choice(machines)
            machine.boot()
            world.run(dice.random() * 5)
            machine.save(f"{number % 5}.png", PICTURE + bytes([number]))
            world.run(dice.random() * 20)
            victim = dice.choice(machines)
            if dice.random() < 0.5:
                victim.crash()
            elif dice.random() < 0.5:
                relay_of(world).is_up = not relay_of(world).is_up
        world.settle(1200)
        world.run(600)
        folders = [machine.folder for machine in machines]
        assert folders[0] == folders[1] == folders[2]
