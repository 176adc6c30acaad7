"""Worlds in which somebody is let in by letters that lie at a relay."""

from __future__ import annotations

import pytest

from tests.testing.test_relay_worlds import STORY, alone, relay_of, troubles
from whisker_sync.identity.card import Card
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.identity.link import SECRET_BYTES, InvitationLink
from whisker_sync.identity.offers import Ending, Terms
from whisker_sync.identity.rendezvous import MAX_LETTERS, Rendezvous
from whisker_sync.identity.roster import Role
from whisker_sync.peer.acts import Confirm, Decline, Invite, Meeting, Remove, Withdraw
from whisker_sync.peer.events import GuestWaiting
from whisker_sync.peer.inputs import RelayNamed
from whisker_sync.peer.invitations import FACT
from whisker_sync.testing.machine import Machine
from whisker_sync.testing.relay import HONEST, URL, Vices
from whisker_sync.testing.stranger import Stranger
from whisker_sync.testing.world import World

YES = Terms("The Cave", yes=True, minutes=60)
ASK = Terms("The Cave", minutes=60)


def invite(world: World, host: Machine, terms: Terms = YES) -> InvitationLink:
    """A link that names the relay, for whoever is meant."""
    secret = world.dice.randbytes(SECRET_BYTES)
    link = InvitationLink(secret, host.device, terms.title, (), URL)
    host.do(Invite((link.pairing_key(),), terms, Meeting(secret, host.clock)))
    return link


def stranger(world: World, link: InvitationLink, name: str = "bob") -> Stranger:
    key = DeviceKey(name.encode().ljust(32, b"."))
    card: Card = world.people.card_of(key, name)
    return Stranger(relay_of(world), link, key, card, world.dice)


def alice_invites(world: World, terms: Terms = YES) -> tuple[Machine, InvitationLink]:
    """Alice has a story, invites to it, and goes."""
    alice = world.machine("alice")
    world.run(5)
    alice.save("start.twee", STORY)
    world.run(5)
    link = invite(world, alice, terms)
    world.run(5)
    alice.stop()
    return alice, link


def test_two_who_are_never_on_together_pair_and_converge() -> None:
    with World(1, relay=HONEST) as world:
        alice, link = alice_invites(world)
        guest = stranger(world, link)
        guest.look()
        assert guest.asked
        assert guest.papers is None
        alone(world, alice)
        guest.look()
        assert guest.papers is not None
        bob = world.newcomer("bob", guest.key, guest.papers)
        bob.save("bob.twee", ":: Bob\nFrom Bob.\n")
        world.run(90)
        bob.stop()
        assert bob.text("start.twee") == STORY
        alone(world, alice)
        assert alice.folder == bob.folder
        assert troubles(alice) == troubles(bob) == []


def test_a_human_is_asked_whenever_the_machine_next_runs() -> None:
    with World(2, relay=HONEST) as world:
        alice, link = alice_invites(world, ASK)
        guest = stranger(world, link)
        guest.look()
        world.run(1800)
        alice.boot()
        world.run(5)
        assert [event.name for event in alice.events if isinstance(event, GuestWaiting)] == ["bob"]
        guest.look()
        assert guest.papers is None
        alice.do(Confirm("bob"))
        world.run(5)
        guest.look()
        assert guest.papers is not None
        assert guest.papers.membership.role(guest.key.device) is Role.WRITER


def test_who_is_declined_is_told_so_and_cannot_come_in_after_a_restart() -> None:
    with World(3, relay=HONEST) as world:
        alice, link = alice_invites(world, ASK)
        guest = stranger(world, link)
        guest.look()
        alice.boot()
        world.run(5)
        alice.do(Decline("bob"))
        alice.crash()  # before anything was left
        alice.boot()
        world.run(5)
        alice.do(Decline("bob"))
        world.run(5)
        guest.look()
        assert guest.turned_away == "they were asked, and said no"


def test_a_second_one_with_the_same_link_finds_the_seat_taken() -> None:
    with World(4, relay=HONEST) as world:
        alice, link = alice_invites(world)
        first, second = stranger(world, link), stranger(world, link, "eve")
        first.look()
        second.look()
        alone(world, alice)
        first.look()
        second.look()
        assert first.papers is not None
        assert second.papers is None
        assert second.turned_away == "the invitation was used already; ask for a new one"
        third = stranger(world, link, "mallory")
        third.look()
        assert not third.asked
        assert third.turned_away == "the invitation was used already; ask for a new one"


def test_an_invitation_that_is_over_by_the_next_start_lets_nobody_in() -> None:
    with World(5, relay=HONEST) as world:
        alice, link = alice_invites(world, Terms("The Cave", yes=True, minutes=10))
        guest = stranger(world, link)
        guest.look()
        world.run(700)
        alone(world, alice)
        guest.look()
        assert guest.turned_away is not None
        assert "has run out" in guest.turned_away
        assert kept(alice) == {}


def test_an_invitation_that_is_over_while_it_runs_is_closed() -> None:
    with World(6, relay=HONEST) as world:
        alice = world.machine("alice")
        world.run(5)
        link = invite(world, alice, Terms("The Cave", minutes=1))
        world.run(70)
        guest = stranger(world, link)
        guest.look()
        assert not guest.asked
        assert guest.turned_away is not None
        assert kept(alice) == {}
        assert not alice.peer.invitation_tags(world.now)


def kept(machine: Machine) -> dict[str, bytes]:
    """What the journal has of invitations."""
    machine.boot()
    facts = machine.peer.facts(FACT)
    return {name: value for name, value in facts.items() if value}


def test_the_secret_is_kept_until_the_last_seat_is_taken_and_no_longer() -> None:
    with World(7, relay=HONEST) as world:
        alice, link = alice_invites(world)
        (fact,) = kept(alice).values()
        assert link.secret in fact
        guest = stranger(world, link)
        guest.look()
        world.run(5)
        guest.look()
        assert guest.papers is not None
        assert kept(alice) == {}
        alice.stop()
        assert kept(alice) == {}


def test_what_was_taken_back_is_over_for_those_who_write_too() -> None:
    with World(8, relay=HONEST) as world:
        alice, link = alice_invites(world)
        alice.boot()
        world.run(5)
        (offer,) = alice.peer.offers(world.now)
        assert offer.number < 0  # of an earlier process
        alice.do(Withdraw(offer.number))
        world.run(5)
        guest = stranger(world, link)
        guest.look()
        assert guest.turned_away is not None
        assert kept(alice) == {}


def test_a_clock_that_is_put_back_does_not_make_it_last_longer() -> None:
    with World(9, relay=HONEST) as world:
        alice, link = alice_invites(world)
        guest = stranger(world, link)
        guest.look()
        alice.set_clock(-5)
        alone(world, alice)
        guest.look()
        assert guest.papers is None
        assert guest.turned_away is not None


def test_somebody_who_was_removed_comes_back_only_by_an_owner() -> None:
    with World(10, relay=HONEST) as world:
        alice, link = alice_invites(world, ASK)
        guest = stranger(world, link)
        guest.look()
        alice.boot()
        world.run(5)
        alice.do(Confirm("bob"))
        world.run(5)
        alice.do(Remove(frozenset({guest.key.device})))
        world.run(5)
        again = stranger(world, link)
        again.look()
        world.run(5)
        again.look()
        assert again.papers is None  # the seat was used, whoever was removed
        assert again.turned_away is not None
        # What lay there before the removal has keys of before.
        guest.look()
        assert guest.papers is not None
        assert guest.papers.membership.version < alice.peer.papers.membership.version


def test_an_inviter_who_was_removed_lets_nobody_in() -> None:
    with World(11, relay=HONEST) as world:
        alice = world.machine("alice")
        bob = world.machine("bob")
        world.run(30)
        link = invite(world, bob)
        world.run(5)
        alice.do(Remove(frozenset({bob.device})))
        world.run(30)
        assert bob.status.outside is not None
        guest = stranger(world, link, "carol")
        guest.look()
        world.run(60)
        guest.look()
        assert guest.papers is None
        assert kept(bob) == {}


def test_another_relay_ends_it_at_the_first_and_on_the_network_it_goes_on() -> None:
    with World(12, relay=HONEST) as world:
        alice = world.machine("alice")
        world.run(5)
        link = invite(world, alice, ASK)
        world.run(5)
        guest = stranger(world, link)
        guest.look()
        world.run(5)
        alice.tell(RelayNamed("", alice.clock))
        world.run(5)
        (offer,) = alice.peer.offers(world.now)
        assert offer.ending is None
        assert offer.waiting == ()  # nobody could tell them
        assert kept(alice) == {}
        assert alice.peer.invitation_tags(world.now) == (link.pairing_key().tag,)


def test_the_same_relay_named_again_is_read_again() -> None:
    with World(13, relay=HONEST) as world:
        alice = world.machine("alice")
        world.run(5)
        link = invite(world, alice)
        alice.tell(RelayNamed(URL, alice.clock))
        world.run(5)
        guest = stranger(world, link)
        guest.look()
        world.run(5)
        guest.look()
        assert guest.papers is not None
        assert [offer.ending for offer in alice.peer.offers(world.now)] == [Ending.FULL]


@pytest.mark.parametrize("seed", range(30))
def test_whoever_dies_in_between_the_one_seat_goes_to_one_guest(seed: int) -> None:
    vices = Vices(repeat=0.2, swap=0.3, sleep=0.3)
    with World(seed, relay=vices) as world:
        alice, link = alice_invites(world)
        guests = [stranger(world, link, name) for name in ("bob", "eve")]
        dice = world.dice
        for _ in range(40):
            world.run(dice.random() * 3)
            match dice.randrange(6):
                case 0:
                    alice.crash()
                case 1:
                    alice.stop()
                case 2:
                    relay_of(world).is_up = not relay_of(world).is_up
                case 3:
                    alice.boot()
                    alice.fuse = dice.randrange(6)
                case _:
                    alice.boot()
            for guest in guests:
                if dice.random() < 0.4 and guest.turned_away is None:
                    guest.look()
        alice.fuse = None
        alice.boot()
        relay_of(world).mend()
        for _ in range(3):
            world.run(120)
            for guest in guests:
                if guest.turned_away is None:
                    guest.look()
        assert sum(guest.papers is not None for guest in guests) == 1
        assert sum(guest.turned_away is not None for guest in guests) == 1
        members = alice.peer.papers.membership.members
        let_in = [member.device for member in members if member.device != alice.device]
        assert let_in == [guest.key.device for guest in guests if guest.papers is not None]
        assert kept(alice) == {}


@pytest.mark.parametrize("at", range(5))
def test_a_relay_that_forgets_is_told_everything_again(at: int) -> None:
    with World(at, relay=HONEST) as world:
        relay = relay_of(world)
        alice = world.machine("alice")
        world.run(5)
        relay.back_up()
        link = invite(world, alice, Terms("The Cave", seats=2, yes=True))
        guest = stranger(world, link)
        for step in range(5):
            world.run(5)
            if step == at:
                relay.begin_anew() if at % 2 else relay.roll_back()
                world.run(120)
            guest.look()
        assert guest.papers is not None


def test_a_relay_that_fills_a_rendezvous_is_read_so_far_and_no_further() -> None:
    with World(14, relay=HONEST) as world:
        alice, link = alice_invites(world)
        key = Rendezvous(link.secret).box
        for number in range(MAX_LETTERS - 1):
            relay_of(world).leave(key, number.to_bytes(16, "big") + bytes(4080))
        guest = stranger(world, link)
        guest.look()  # behind all that
        alone(world, alice)
        guest.look()
        assert guest.papers is None
        alone(world, alice)  # and is not read again and again


def test_the_relay_sees_nothing_of_a_pairing() -> None:
    with World(15, relay=HONEST) as world:
        alice, link = alice_invites(world)
        guest = stranger(world, link)
        guest.look()
        alone(world, alice)
        guest.look()
        assert guest.papers is not None
        seen = relay_of(world).content
        for marker in (b"alice", b"bob", b"The Cave", link.secret, b"start.twee", b"Once upon"):
            assert marker not in seen
        assert bytes(alice.device) not in seen
        assert bytes(guest.key.device) not in seen
