"""Tests for :mod:`whisker_sync.sync.handshake`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from whisker_sync.errors import DifferentVersion, DifferentWorkspace, UnexpectedMessage
from whisker_sync.ids import DeviceId
from whisker_sync.sync.handshake import Handshake, State
from whisker_sync.wire.codec import decode_greeting, encode
from whisker_sync.wire.messages import Challenge, Greeting, Introduction, Proof, Welcome

ALICE, BOB = DeviceId(b"a" * 32), DeviceId(b"b" * 32)
KEY, OTHER_KEY = b"k" * 32, b"o" * 32


def pair(alice_key: bytes = KEY, bob_key: bytes = KEY) -> tuple[Handshake, Handshake]:
    """Alice, who dials, and Bob."""
    return (
        Handshake(ALICE, alice_key, b"1" * 32, dialling=True),
        Handshake(BOB, bob_key, b"2" * 32, dialling=False),
    )


def run(alice: Handshake, bob: Handshake) -> list[Greeting]:
    """Let both talk, as frames, until nobody has anything to say; return what was said."""
    said: list[Greeting] = []
    to_alice, to_bob = list(bob.begin()), list(alice.begin())
    while to_alice or to_bob:
        said += to_alice + to_bob
        for_alice = [decode_greeting(encode(g, BOB)[0]) for g in to_alice]
        for_bob = [decode_greeting(encode(g, ALICE)[0]) for g in to_bob]
        to_bob = [answer for g in for_alice for answer in alice.receive(g)]
        to_alice = [answer for g in for_bob for answer in bob.receive(g)]
    return said


def test_members_of_one_workspace_know_each_other_after_four_messages() -> None:
    alice, bob = pair()
    said = run(alice, bob)
    assert [type(greeting) for greeting in said] == [Challenge, Proof, Welcome, Introduction]
    assert (alice.other, bob.other) == (BOB, ALICE)
    assert alice.state is bob.state is State.PROVEN


def test_a_stranger_who_dials_learns_no_device() -> None:
    alice, bob = pair(alice_key=OTHER_KEY)
    (challenge,) = bob.begin()
    (proof,) = alice.receive(challenge)
    with pytest.raises(DifferentWorkspace):
        bob.receive(proof)
    assert bob.other is None
    assert bytes(BOB) not in encode(challenge, BOB)[0]


def test_a_stranger_who_is_dialled_learns_no_device() -> None:
    alice, bob = pair(bob_key=OTHER_KEY)
    (proof,) = alice.receive(bob.begin()[0])
    assert bytes(ALICE) not in encode(proof, ALICE)[0]
    with pytest.raises(DifferentWorkspace):
        alice.receive(Welcome(b"m" * 32, BOB))
    assert alice.other is None


def test_a_proof_cannot_be_used_twice() -> None:
    alice, bob = pair()
    (proof,) = alice.receive(bob.begin()[0])
    another = Handshake(BOB, KEY, b"3" * 32, dialling=False)
    another.begin()
    with pytest.raises(DifferentWorkspace):
        another.receive(proof)


def test_a_proof_cannot_be_reflected() -> None:
    """A dialled side that knows no key sends our own words back to us."""
    alice, bob = pair()
    (proof,) = alice.receive(bob.begin()[0])
    assert isinstance(proof, Proof)
    with pytest.raises(DifferentWorkspace):
        alice.receive(Welcome(proof.mac, BOB))


def test_nobody_can_put_another_device_into_a_welcome_or_introduction() -> None:
    alice, bob = pair()
    (proof,) = alice.receive(bob.begin()[0])
    (welcome,) = bob.receive(proof)
    assert isinstance(welcome, Welcome)
    with pytest.raises(DifferentWorkspace):
        alice.receive(replace(welcome, device=DeviceId(b"m" * 32)))
    (introduction,) = alice.receive(welcome)
    assert isinstance(introduction, Introduction)
    with pytest.raises(DifferentWorkspace):
        bob.receive(replace(introduction, device=DeviceId(b"m" * 32)))


def test_nobody_can_talk_us_down_to_an_older_version() -> None:
    """The offer is part of what is proven."""
    alice, bob = pair()
    (challenge,) = bob.begin()
    assert isinstance(challenge, Challenge)
    (proof,) = alice.receive(replace(challenge, newest=challenge.newest + 1))
    with pytest.raises(DifferentWorkspace):
        bob.receive(proof)


@pytest.mark.parametrize(("oldest", "newest"), [(2, 3), (0, 0), (1, 0)])
def test_without_a_common_version_somebody_must_upgrade(oldest: int, newest: int) -> None:
    alice, _ = pair()
    with pytest.raises(DifferentVersion, match="upgrade"):
        alice.receive(Challenge(oldest, newest, b"n" * 32))


def test_a_proof_of_a_version_that_we_did_not_offer_is_refused() -> None:
    _, bob = pair()
    bob.begin()
    with pytest.raises(DifferentVersion):
        bob.receive(Proof(2, b"n" * 32, b"m" * 32))


GREETINGS: list[Greeting] = [
    Challenge(1, 1, b"n" * 32),
    Proof(1, b"n" * 32, b"m" * 32),
    Welcome(b"m" * 32, BOB),
    Introduction(b"m" * 32, BOB),
]
EXPECTED = {
    State.AWAITING_CHALLENGE: Challenge,
    State.AWAITING_PROOF: Proof,
    State.AWAITING_WELCOME: Welcome,
    State.AWAITING_INTRODUCTION: Introduction,
}


def at(state: State) -> Handshake:
    """A handshake that was led to a state by honest messages."""
    alice, bob = pair()
    if state is State.AWAITING_CHALLENGE:
        return alice
    (proof,) = alice.receive(bob.begin()[0])
    if state is State.AWAITING_PROOF:
        return bob
    if state is State.AWAITING_WELCOME:
        return alice
    (welcome,) = bob.receive(proof)
    if state is State.AWAITING_INTRODUCTION:
        return bob
    alice.receive(welcome)
    return alice


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("greeting", GREETINGS, ids=lambda g: type(g).__name__)
def test_nothing_else_than_what_is_due_is_accepted(state: State, greeting: Greeting) -> None:
    handshake = at(state)
    assert handshake.state is state
    if EXPECTED.get(state) is not type(greeting):
        with pytest.raises(UnexpectedMessage, match=type(greeting).__name__):
            handshake.receive(greeting)
