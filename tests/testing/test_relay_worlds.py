"""Worlds in which a relay carries letters between those who are never online together."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from whisker_sync.identity.roster import Role
from whisker_sync.peer import acts, snapshots
from whisker_sync.peer.events import Trouble
from whisker_sync.peer.inputs import Do, RelayNamed
from whisker_sync.testing.histories import (
    NOTES,
    Block,
    Clone,
    Copy,
    Cut,
    Draw,
    Fill,
    Heal,
    Install,
    Part,
    Restore,
    Rewind,
    random_history,
)
from whisker_sync.testing.machine import Machine
from whisker_sync.testing.relay import HONEST, URL, ImaginedRelay, Vices
from whisker_sync.testing.world import MAX_VAIN_TICKS, World

STORY = ":: Start\nOnce upon a time.\n\n:: Cave\nDark.\n"


def relay_of(world: World) -> ImaginedRelay:
    assert world.relay is not None
    return world.relay


def alone(world: World, machine: Machine, *saves: tuple[str, str], seconds: float = 90) -> None:
    """Let one machine be on for a while, with nobody else, and its author save files."""
    machine.boot()
    world.run(5)
    for path, text in saves:
        machine.save(path, text)
        world.run(5)
    world.run(seconds)
    assert machine.vain_ticks <= MAX_VAIN_TICKS
    machine.stop()


def two(world: World) -> tuple[Machine, Machine]:
    alice, bob = world.machine("alice"), world.machine("bob")
    alice.stop()
    bob.stop()
    return alice, bob


def troubles(machine: Machine) -> list[str]:
    return [event.sentence for event in machine.events if isinstance(event, Trouble)]


def test_two_who_are_never_online_together_converge() -> None:
    with World(1, relay=HONEST) as world:
        alice, bob = two(world)
        alone(world, alice, ("start.twee", STORY))
        alone(world, bob, ("bob.twee", ":: Bob\nFrom Bob.\n"))
        alone(world, alice)
        assert alice.folder == bob.folder
        assert set(alice.folder) == {"start.twee", "bob.twee"}
        assert troubles(alice) == troubles(bob) == []


def unacked(machine: Machine, other: Machine) -> int:
    return {peer.device: peer.unacked for peer in machine.status.peers}[other.device]


def parted(world: World) -> tuple[Machine, Machine]:
    """Two that are on at once, and have only the relay between them."""
    alice, bob = world.machine("alice"), world.machine("bob")
    world.part([alice])
    world.run(5)
    return alice, bob


def test_what_one_saves_the_other_has_in_seconds_through_the_relay_alone() -> None:
    with World(2, relay=HONEST) as world:
        alice, bob = parted(world)
        alice.save("start.twee", STORY)
        world.run(5)
        assert bob.text("start.twee") == STORY
        bob.save("start.twee", STORY.replace("Dark", "Light"))
        world.run(5)
        assert alice.text("start.twee") == STORY.replace("Dark", "Light")


def test_pending_falls_when_another_device_says_that_it_has_read() -> None:
    with World(3, relay=HONEST) as world:
        alice, bob = two(world)
        alice.boot()
        world.run(5)
        alice.save("start.twee", STORY)
        world.run(60)
        assert alice.status.relay.unsent == 0
        assert alice.status.pending == 1  # the relay is no device
        alice.stop()
        alone(world, bob)
        alice.boot()
        world.run(60)
        assert alice.status.pending == 0


def test_nothing_is_left_twice_by_those_who_are_connected_besides() -> None:
    with World(4, relay=HONEST) as world:
        alice, bob = world.machine("alice"), world.machine("bob")
        world.run(120)
        (mailbox,) = relay_of(world).mailboxes
        papers = relay_of(world).size(mailbox)
        world.run(120)
        assert relay_of(world).size(mailbox) == papers <= 6
        alice.save("start.twee", STORY)
        world.run(600)
        assert relay_of(world).size(mailbox) == papers + 2  # receipts answer no receipts
        assert alice.folder == bob.folder


def test_what_a_device_without_a_relay_wrote_is_left_by_another() -> None:
    with World(5, relay=HONEST) as world:
        alice, bob = two(world)
        carol = world.machine("carol")
        carol.tell(RelayNamed("", 0))
        alice.boot()
        world.run(5)
        carol.save("start.twee", STORY)
        world.run(90)
        alice.stop()
        carol.stop()
        alone(world, bob)
        assert bob.text("start.twee") == STORY


@pytest.mark.parametrize("seed", range(3))
def test_a_relay_that_repeats_swaps_and_wakes_nobody_does_no_harm(seed: int) -> None:
    with World(seed, relay=Vices(repeat=0.5, swap=0.5, sleep=0.5)) as world:
        alice, bob = two(world)
        for turn in range(3):
            alone(world, alice, (f"alice-{turn}.twee", f":: A{turn}\nalice {turn}\n"))
            alone(world, bob, (f"bob-{turn}.twee", f":: B{turn}\nbob {turn}\n"))
        alone(world, alice)
        assert len(alice.folder) == 6
        assert alice.folder == bob.folder
        assert troubles(alice) == troubles(bob) == []


@pytest.mark.parametrize("seed", range(3))
def test_a_message_that_is_kept_back_is_reported_and_comes_again(seed: int) -> None:
    with World(seed, relay=HONEST) as world:
        relay = relay_of(world)
        alice, bob = two(world)
        alone(world, alice, ("start.twee", STORY))
        alone(world, bob)
        alice.boot()
        world.run(30)
        relay.vices = Vices(keep_back=1.0)
        alice.save("kept-back.twee", ":: Lost\nNobody is to see this.\n")
        while not relay.kept_back:
            world.run(0.05)
        relay.vices = HONEST
        alice.save("after.twee", ":: After\nThis comes through.\n")
        world.run(120)
        assert any("the relay is missing a message" in sentence for sentence in troubles(alice))
        alice.stop()
        alone(world, bob)
        assert bob.folder == alice.folder
        alone(world, alice)
        bob.boot()
        world.run(120)
        assert bob.status.relay.missing == 0  # a snapshot stands in for it


def test_a_relay_that_keeps_everything_back_is_made_up_for_on_the_lan() -> None:
    with World(7, relay=Vices(keep_back=1.0)) as world:
        alice, bob = world.machine("alice"), world.machine("bob")
        alice.save("start.twee", STORY)
        world.run(60)
        assert bob.text("start.twee") == STORY
        assert alice.status.pending == 0
        assert any("the relay is missing" in sentence for sentence in troubles(alice))


@pytest.mark.parametrize("seed", range(3))
def test_a_relay_that_is_put_back_a_day_is_reported_and_filled_again(seed: int) -> None:
    with World(seed, relay=HONEST) as world:
        relay = relay_of(world)
        alice, bob = two(world)
        alone(world, alice, ("one.twee", ":: One\none\n"))
        relay.back_up()
        alone(world, alice, ("two.twee", ":: Two\ntwo\n"), ("three.twee", ":: Three\nthree\n"))
        relay.roll_back()
        alone(world, alice)
        assert any("forgotten" in sentence or "missing" in sentence for sentence in troubles(alice))
        alone(world, bob)
        assert set(bob.folder) == {"one.twee", "two.twee", "three.twee"}


def test_a_relay_that_lost_everything_is_filled_again() -> None:
    with World(8, relay=HONEST) as world:
        alice, bob = two(world)
        alone(world, alice, ("one.twee", ":: One\none\n"))
        alone(world, bob)
        relay_of(world).begin_anew()
        alone(world, bob, ("two.twee", ":: Two\ntwo\n"))
        alone(world, alice)
        carol = world.machine("carol")
        world.run(30)
        assert carol.folder == alice.folder == bob.folder
        assert len(carol.folder) == 2


@pytest.mark.parametrize("seed", range(3))
def test_a_relay_that_dies_again_and_again_loses_nothing(seed: int) -> None:
    with World(seed, relay=HONEST) as world:
        relay = relay_of(world)
        alice, bob = parted(world)
        for turn in range(12):
            world.run(world.dice.uniform(0, 2))
            relay.is_up = not relay.is_up
            alice.save(f"{turn}.twee", f":: Turn {turn}\nturn {turn}\n")
        assert not alice.status.relay.reached or relay.is_up
        relay.is_up = True
        world.run(30)
        assert len(bob.folder) == 12
        assert alice.folder == bob.folder
        assert bob.status.relay.reached


@pytest.mark.parametrize("seed", range(4))
def test_processes_that_die_between_any_two_effects_lose_nothing(seed: int) -> None:
    with World(seed, relay=HONEST) as world:
        alice, bob = parted(world)
        for turn in range(8):
            for machine in (alice, bob):
                machine.boot()
                machine.fuse = world.dice.randrange(40)
                machine.save(f"{machine.name}-{turn}.twee", f":: {machine.name} {turn}\n{turn}\n")
            world.run(world.dice.uniform(0, 8))
        for machine in (alice, bob):
            machine.fuse = None
            machine.boot()
        world.run(120)
        assert alice.folder == bob.folder
        assert len(bob.folder) == 16
        assert alice.broken_promises == bob.broken_promises == []
        assert alice.status.relay.missing == bob.status.relay.missing == 0


def test_a_much_used_mailbox_is_replaced_by_a_snapshot_that_is_enough_for_whoever_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(snapshots, "SNAPSHOT_ENTRIES", 10)
    with World(9, relay=HONEST) as world:
        alice, bob = parted(world)
        for turn in range(40):
            (alice, bob)[turn % 2].save("start.twee", STORY + f"Turn {turn}.\n")
            world.run(4)
        world.run(120)
        (mailbox,) = relay_of(world).mailboxes
        assert relay_of(world).size(mailbox) <= 12
        alice.stop()
        bob.stop()
        carol = world.machine("carol")
        world.run(60)
        assert carol.folder == alice.folder == bob.folder
        assert carol.status.relay.missing == 0
        assert troubles(carol) == []


def test_a_stranger_at_the_relay_reads_nothing() -> None:
    markers = ("lighthouse", "keeper.twee", "alice", "bob", "Moonbeam")
    with World(10, relay=HONEST) as world:
        alice, bob = two(world)
        alone(world, alice, ("keeper.twee", ":: Moonbeam\nThe lighthouse.\n"))
        alone(world, bob)
        assert bob.text("keeper.twee") == ":: Moonbeam\nThe lighthouse.\n"
        content = relay_of(world).content
        assert len(content) > 1000
        assert not [marker for marker in markers if marker.encode() in content]
        alice.boot()
        assert bytes(alice.peer.papers.workspace) not in content
        assert bytes(alice.device) not in content


def test_a_relay_that_is_taken_back_and_named_anew_is_used_again() -> None:
    with World(11, relay=HONEST) as world:
        alice, bob = parted(world)
        alice.tell(RelayNamed("", 0))
        alice.save("start.twee", STORY)
        world.run(30)
        assert bob.folder == {}
        assert alice.status.relay.url == ""
        alice.tell(RelayNamed(URL, 0))
        world.run(30)
        assert bob.text("start.twee") == STORY


LONELY = (Draw, Clone, Copy, Restore, Rewind, Fill, Install, Part, Block, Heal, Cut)
"""What histories with nothing but a relay do without: what needs a LAN, or has tests of its own."""

EVERY_VICE = Vices(repeat=0.3, swap=0.3, keep_back=0.1, sleep=0.3)


def relayed(vices: Vices) -> Callable[[int], World]:
    def make(seed: int) -> World:
        world = World(seed, schemas={"notes": NOTES}, relay=vices, lan=False)
        for sentence in ("the relay is missing", "the relay has forgotten"):
            world.expect(sentence)
        return world

    return make


@pytest.mark.parametrize("vices", [HONEST, EVERY_VICE], ids=["honest", "every vice"])
@pytest.mark.parametrize("seed", range(6))
def test_histories_with_nothing_but_a_relay_lose_no_word(seed: int, vices: Vices) -> None:
    history = random_history(seed, replicas=(2, 3, 4), without=LONELY)
    assert history.judge(make=relayed(vices)).wrong == ()


def remove(owner: Machine, other: Machine) -> None:
    owner.tell(Do(1, acts.Remove(frozenset({other.device}))))


def test_after_a_removal_everybody_else_follows_to_another_mailbox() -> None:
    with World(12, relay=HONEST) as world:
        relay = relay_of(world)
        alice, bob = two(world)
        carol = world.machine("carol")
        carol.stop()
        alone(world, alice, ("start.twee", STORY))
        alone(world, bob)
        alone(world, carol)
        alone(world, alice)
        (old,) = relay.mailboxes
        alice.boot()
        world.run(30)
        remove(alice, carol)
        world.run(30)
        alice.save("secret.twee", ":: Secret\nNot for Carol.\n")
        world.run(30)
        alice.stop()
        alone(world, bob, ("bob.twee", ":: Bob\nFrom Bob.\n"))
        assert "secret.twee" in bob.folder
        (new,) = relay.mailboxes - {old}
        before = relay.size(new)
        alone(world, carol, ("carol.twee", ":: Carol\nFrom Carol.\n"))
        assert "secret.twee" not in carol.folder
        assert any("does not belong" in sentence for sentence in troubles(carol))
        alone(world, alice)
        assert alice.folder == bob.folder
        assert "carol.twee" not in alice.folder
        assert relay.size(new) <= before + 2
        assert relay.mailboxes == {old, new}


def test_who_wrote_before_it_heard_of_a_removal_loses_nothing() -> None:
    with World(13, relay=HONEST) as world:
        alice, bob = parted(world)
        carol = world.machine("carol")
        world.run(30)
        for turn in range(4):
            bob.save(f"{turn}.twee", f":: Turn {turn}\n{turn}\n")
            world.run(0.3)
            if turn == 1:
                remove(alice, carol)
        world.run(120)
        assert alice.folder == bob.folder
        assert len(alice.folder) == 4


def test_who_may_only_read_gets_everything_and_leaves_nothing_but_receipts() -> None:
    with World(14, relay=HONEST, lan=False) as world:
        alice, bob, carol = (world.machine(name) for name in ("alice", "bob", "carol"))
        world.run(60)
        alice.tell(Do(1, acts.ChangeRole(frozenset({carol.device}), Role.READER)))
        world.run(60)
        alice.save("start.twee", STORY)
        world.run(60)
        assert carol.text("start.twee") == STORY
        assert unacked(alice, carol) == 0
        relay_of(world).begin_anew()
        alice.stop()
        world.run(180)  # carol has what the relay lacks, and it is not for her to leave it
        bob.save("more.twee", ":: More\nmore\n")
        world.run(120)
        assert carol.folder == bob.folder
        assert bob.status.quarantined == carol.status.quarantined == 0
        assert carol.vain_ticks <= MAX_VAIN_TICKS


def history(machine: Machine) -> set[bytes]:
    """The revisions that lie in a machine's journal, encoded."""
    machine.boot()
    return set(machine.journal.history())


def test_the_history_comes_through_the_relay_alone() -> None:
    with World(16, relay=HONEST) as world:
        alice, bob = two(world)
        alone(world, alice, ("start.twee", STORY), ("start.twee", STORY.replace("Dark", "Light")))
        alone(world, bob, ("start.twee", STORY.replace("Dark", "Dim")))
        alone(world, alice)
        assert history(alice) == history(bob)
        assert len(history(bob)) >= 3


def test_a_snapshot_brings_the_newest_of_the_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "SNAPSHOT_ENTRIES", 6)
    with World(17, relay=HONEST) as world:
        alice, bob = two(world)
        saves = [("start.twee", STORY.replace("Dark", f"Dark {n}")) for n in range(16)]
        alone(world, alice, *saves)
        (mailbox,) = relay_of(world).mailboxes
        assert relay_of(world).size(mailbox) < 8
        alone(world, bob)
        assert history(bob) == history(alice)
        assert len(history(bob)) == 16
        # What is too much stays with those who have it.
        monkeypatch.setattr(snapshots, "HISTORY_BYTES", 700)
        alice.stop()
        bob.stop()
        more = [("start.twee", STORY.replace("Dark", f"Darker {n}")) for n in range(16)]
        alone(world, alice, *more)
        carol = world.machine("carol")
        carol.stop()
        alone(world, carol)
        assert history(carol) < history(alice)
        assert carol.text("start.twee") == alice.text("start.twee")


def test_who_may_only_read_adds_nothing_to_the_history_through_a_relay() -> None:
    with World(18, relay=HONEST) as world:
        alice, bob = world.machine("alice"), world.machine("bob")
        world.run(30)
        alice.do(acts.ChangeRole(frozenset({bob.device}), Role.READER))
        world.run(30)
        before = history(alice)
        world.part([alice])
        bob.save("start.twee", STORY)
        world.run(120)
        assert history(alice) == before


@pytest.mark.parametrize("read_by_owner", [True, False])
def test_what_a_writer_left_before_they_became_a_reader_reaches_all_or_nobody(
    read_by_owner: bool,
) -> None:
    with World(19, relay=HONEST, lan=False) as world:
        alice, bob, carol = (world.machine(name) for name in ("alice", "bob", "carol"))
        world.run(60)
        for machine in (alice, carol):
            machine.stop()
        bob.save("start.twee", STORY)
        world.run(60)
        bob.stop()
        alice.boot()
        if not read_by_owner:
            relay_of(world).is_up = False
        world.run(60)
        alice.do(acts.ChangeRole(frozenset({bob.device}), Role.READER))
        world.run(10)
        relay_of(world).is_up = True
        world.run(120)
        alice.save("alice.twee", ":: Alice\nFrom Alice.\n")
        world.run(120)
        if read_by_owner:
            alice.save("start.twee", STORY.replace("Dark", "Darker"))  # builds on it
            world.run(120)
        alice.stop()
        carol.boot()
        world.run(300)
        carol.save("carol.twee", ":: Carol\nFrom Carol.\n")
        world.run(120)
        carol.stop()
        alice.boot()
        world.run(300)
        carol.boot()
        world.run(300)
        assert alice.folder == carol.folder
        assert "start.twee" in carol.folder  # she had read it before she heard of the role
        assert alice.status.held == carol.status.held == 0
