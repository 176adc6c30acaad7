"""Tests for :mod:`whisker_sync.peer.reception`: those who were invited, at a whole peer."""

from __future__ import annotations

import hashlib

import pytest

from tests.peer.crowd import Crowd, Someone
from whisker_sync.errors import TurnedAway
from whisker_sync.identity.card import Card, PersonId
from whisker_sync.identity.evidence import Evidence
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.identity.link import PairingKey
from whisker_sync.identity.offers import TRIES_PER_ADDRESS, Ending, Terms
from whisker_sync.identity.pairing import Joiner
from whisker_sync.identity.papers import Papers
from whisker_sync.identity.roster import Role
from whisker_sync.ids import Address, LinkId
from whisker_sync.peer.acts import ChangeRole, Confirm, Decline, Invite, Remove, Withdraw
from whisker_sync.peer.effects import Effect, Hangup, Persist, Proven, Send, Tell
from whisker_sync.peer.events import GuestJoined, GuestWaiting, Trouble
from whisker_sync.peer.inputs import Committed, Do, FrameArrived, Input, LinkUp, Tick
from whisker_sync.peer.lines import WITHOUT_A_WORD
from whisker_sync.wire.codec import decode_greeting
from whisker_sync.wire.messages import Challenge

INVITED = PairingKey(b"k" * 32, b"t" * 8)
WRONG = PairingKey(b"x" * 32, b"t" * 8)
TERMS = Terms("The Cave")


class Guest:
    """Somebody at the door of a peer."""

    def __init__(
        self, host: Someone, name: str = "bob", invited: PairingKey = INVITED, at: str = "192.0.2.9"
    ) -> None:
        host.crowd.acts += 1
        self.host = host
        self.link = LinkId(10_000 + host.crowd.acts)
        self.heard: list[bytes] = []
        self.effects: list[Effect] = []
        self.key = DeviceKey(hashlib.sha256(name.encode()).digest())
        person = PersonId(hashlib.sha256(name.encode()).digest()[:16])
        self.card = Card.issue(self.key, f"{name}s laptop", person, name, 0)
        binding = b"b" * 32
        self.tell(LinkUp(self.link, None, Address(at, 1), binding, 1))
        challenge = decode_greeting(self.heard.pop())
        assert isinstance(challenge, Challenge)
        self.joiner = Joiner(invited, self.key, binding, challenge.nonce, b"n" * 32)

    def knock(self) -> None:
        self.tell(FrameArrived(self.link, self.joiner.begin()))

    def ask(self) -> None:
        self.knock()
        self.joiner.receive(self.heard.pop())
        self.tell(FrameArrived(self.link, self.joiner.request(self.card)))

    def tell(self, input_: Input) -> None:
        """Have the host hear something, and keep what it says to us."""
        peer, now = self.host.peer, self.host.crowd.now
        waiting = [*peer.handle(input_, now)]
        while waiting:
            effect = waiting.pop(0)
            self.effects.append(effect)
            match effect:
                case Send(link, frame) if link == self.link:
                    self.heard.append(frame)
                case Persist(ticket, batch):
                    self.host.persist(batch)
                    waiting += peer.handle(Committed(ticket), now)
                case Tell(event):
                    self.host.events.append(event)
                case _:
                    pass

    def do(self, act: Confirm | Decline | Withdraw) -> None:
        """Have the host's user decide."""
        self.host.crowd.acts += 1
        self.tell(Do(self.host.crowd.acts, act))

    @property
    def hung_up_on(self) -> bool:
        return Hangup(self.link, WITHOUT_A_WORD) in self.effects

    def papers(self) -> Papers:
        """What lets them in."""
        self.joiner.receive(self.heard.pop())
        assert self.joiner.payload is not None
        return Papers.trust(Evidence.decode(self.joiner.payload))


def host(terms: Terms = TERMS) -> Someone:
    """Alice, who owns a story and invites somebody to it."""
    crowd = Crowd()
    alice = crowd.join("alice")
    crowd.run()
    assert alice.do(Invite((INVITED,), terms)) is None
    return alice


def test_whoever_is_confirmed_becomes_a_member_and_gets_the_story() -> None:
    alice = host()
    alice.save("cave.twee", ":: Cave\nDark.\n")
    guest = Guest(alice)
    guest.ask()
    assert [e.name for e in alice.events if isinstance(e, GuestWaiting)] == ["bob"]
    assert guest.heard == []
    guest.do(Confirm("Bob"))
    bob = alice.crowd.join("bob", papers=guest.papers())
    assert guest.hung_up_on
    assert [e.name for e in alice.events if isinstance(e, GuestJoined)] == ["bob"]
    alice.crowd.connect(bob, alice)
    alice.crowd.wait()
    assert bob.read("cave.twee") == ":: Cave\nDark.\n"


def test_nothing_lets_somebody_in_before_it_is_durable_that_they_belong() -> None:
    alice = host()
    guest = Guest(alice)
    guest.ask()
    effects = alice.peer.handle(Do(9_000, Confirm("bob")), alice.crowd.now)
    assert [effect for effect in effects if isinstance(effect, Persist)]
    assert not [effect for effect in effects if isinstance(effect, Send)]


def test_yes_lets_in_the_first_and_asks_about_the_second() -> None:
    alice = host(Terms("The Cave", seats=2, yes=True))
    guest = Guest(alice)
    guest.ask()
    assert guest.papers().membership.role(guest.key.device) is Role.WRITER
    second = Guest(alice, "carol")
    second.ask()
    assert second.heard == []
    (offer,) = alice.peer.offers(alice.crowd.now)
    assert [visitor.name for visitor in offer.waiting] == ["carol"]
    assert [visitor.name for visitor in offer.seated] == ["bob"]


def test_who_is_declined_is_told_so() -> None:
    alice = host()
    guest = Guest(alice)
    guest.ask()
    guest.do(Decline("bob"))
    with pytest.raises(TurnedAway, match="said no"):
        guest.papers()
    assert guest.hung_up_on


def test_somebody_who_waits_is_told_when_the_time_is_over() -> None:
    alice = host(Terms("The Cave", minutes=1))
    guest = Guest(alice)
    guest.ask()
    deadline = alice.peer.deadline()
    assert deadline is not None
    assert deadline <= 60.0
    alice.crowd.now = 60.0
    guest.tell(Tick())
    with pytest.raises(TurnedAway, match="run out"):
        guest.papers()
    (offer,) = alice.peer.offers(60.0)
    assert offer.ending is Ending.OVER


def test_who_says_nothing_after_the_knock_is_not_kept_for_ever() -> None:
    alice = host(Terms("The Cave", minutes=1))
    guest = Guest(alice)
    guest.knock()
    assert Proven(guest.link) in guest.effects
    alice.crowd.now = 60.0
    guest.tell(Tick())
    assert guest.hung_up_on


def test_guessing_a_code_is_answered_by_silence_and_ends_after_three_tries() -> None:
    alice = host()
    for _ in range(TRIES_PER_ADDRESS):
        guest = Guest(alice, invited=WRONG)
        guest.knock()
        assert guest.heard == []
        assert guest.hung_up_on
    right = Guest(alice)
    right.knock()
    assert right.heard == []
    elsewhere = Guest(alice, at="192.0.2.10")
    elsewhere.knock()
    assert elsewhere.heard


def test_a_knock_at_a_device_that_invited_nobody_is_answered_by_silence() -> None:
    crowd = Crowd()
    alice = crowd.join("alice")
    guest = Guest(alice)
    guest.knock()
    assert guest.heard == []
    assert guest.hung_up_on
    assert not [event for event in alice.events if isinstance(event, Trouble)]


def test_an_invitation_that_was_taken_back_or_used_lets_nobody_in() -> None:
    alice = host()
    assert alice.do(Withdraw(1)) is None
    guest = Guest(alice)
    guest.knock()
    assert guest.hung_up_on
    assert alice.peer.invitation_tags(alice.crowd.now) == ()


def test_a_reader_invites_nobody_who_may_write() -> None:
    alice = host(Terms("The Cave", yes=True))
    guest = Guest(alice)
    guest.ask()
    bob = alice.crowd.join("bob", papers=guest.papers())
    alice.crowd.connect(bob, alice)
    alice.crowd.wait()
    assert alice.do(ChangeRole(frozenset({bob.device}), Role.READER)) is None
    alice.crowd.wait()
    assert "as writer" in (bob.do(Invite((INVITED,), TERMS)) or "")


def test_a_writer_lets_somebody_in_without_an_owner() -> None:
    alice = host(Terms("The Cave", yes=True))
    guest = Guest(alice)
    guest.ask()
    bob = alice.crowd.join("bob", papers=guest.papers())
    bob.save("cave.twee", ":: Cave\nDark.\n")
    bob.crowd.run()
    assert bob.do(Invite((INVITED,), Terms("The Cave", yes=True))) is None
    another = Guest(bob, "carol")
    another.ask()
    carol = alice.crowd.join("carol", papers=another.papers())
    alice.crowd.connect(carol, alice)  # who has never heard of Carol
    alice.crowd.connect(carol, bob)
    alice.crowd.wait(5.0)
    assert carol.read("cave.twee") == alice.read("cave.twee") == ":: Cave\nDark.\n"
    assert not alice.peer.papers.membership.unfinished


def test_who_was_removed_and_is_invited_again_is_back_for_everybody() -> None:
    alice = host(Terms("The Cave", seats=3, yes=True))
    crowd = alice.crowd
    alice.save("cave.twee", ":: Cave\nDark.\n")
    guest = Guest(alice)
    guest.ask()
    bob = crowd.join("bob", papers=guest.papers())
    crowd.connect(bob, alice)
    crowd.wait()
    assert alice.do(Remove(frozenset({bob.device}))) is None
    crowd.wait()
    crowd.connect(bob, alice)
    crowd.wait()
    assert bob.peer.status().outside is not None
    again = Guest(alice)
    again.ask()
    again.do(Confirm("bob"))
    bob.papers = again.papers()
    bob.boot()
    assert bob.peer.status().outside is None
    crowd.connect(bob, alice)
    alice.save("cave.twee", ":: Cave\nPitch dark.\n")
    crowd.wait()
    assert bob.read("cave.twee") == ":: Cave\nPitch dark.\n"


def test_a_new_device_takes_the_place_of_an_old_one() -> None:
    alice = host(Terms("The Cave", seats=2, yes=True))
    old = Guest(alice, "old laptop")
    old.ask()
    old.papers()
    new = Guest(alice, "new laptop")
    new.ask()
    new.do(Confirm("new laptop", replacing=(old.key.device,)))
    membership = new.papers().membership
    assert membership.may_read(new.key.device)
    assert membership.was_removed(old.key.device)
    assert membership.epoch.number == 2


def test_a_device_that_is_a_member_already_gets_the_papers_again() -> None:
    alice = host(Terms("The Cave", seats=2, yes=True))
    for _ in range(2):
        guest = Guest(alice)
        guest.ask()
        assert len(guest.papers().membership.members) == 2
