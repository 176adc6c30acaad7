"""Tests for :mod:`whisker_sync.sync.handshake`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import pytest

from whisker_sync.errors import (
    DifferentVersion,
    DifferentWorkspace,
    ForgedDevice,
    UnexpectedMessage,
)
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.ids import WorkspaceId
from whisker_sync.sync.handshake import Handshake, State
from whisker_sync.wire.codec import decode_greeting, encode
from whisker_sync.wire.limits import MACS
from whisker_sync.wire.messages import (
    Challenge,
    Greeting,
    Introduction,
    Proof,
    Standing,
    Welcome,
)

ALICE, BOB, MALLORY = (DeviceKey(letter * 32) for letter in (b"a", b"b", b"m"))
KEY, OTHER_KEY = b"k" * 32, b"o" * 32
BINDING = b"t" * 32
WORKSPACE = WorkspaceId(b"w" * 16)
ALICES, BOBS = Standing(b"a" * 32, (b"t" * 32,)), Standing(b"b" * 32, ())
NO_MACS = (b"m" * 32,) * MACS


def alice(
    device: DeviceKey = ALICE,
    workspace: WorkspaceId = WORKSPACE,
    keys: Sequence[bytes] = (KEY,),
    binding: bytes = BINDING,
) -> Handshake:
    """Alice, who dials."""
    return Handshake(device, workspace, keys, ALICES, binding, b"1" * 32, dialling=True)


def bob(
    device: DeviceKey = BOB,
    workspace: WorkspaceId = WORKSPACE,
    keys: Sequence[bytes] = (KEY,),
    binding: bytes = BINDING,
    nonce: bytes = b"2" * 32,
) -> Handshake:
    """Bob, who is dialled."""
    return Handshake(device, workspace, keys, BOBS, binding, nonce, dialling=False)


def run(ours: Handshake, theirs: Handshake) -> list[Greeting]:
    """Let both talk, as frames, until nobody has anything to say; return what was said."""
    said: list[Greeting] = []
    to_us, to_them = list(theirs.begin()), list(ours.begin())
    while to_us or to_them:
        said += to_us + to_them
        for_us = [decode_greeting(encode(g, BOB.device)[0]) for g in to_us]
        for_them = [decode_greeting(encode(g, ALICE.device)[0]) for g in to_them]
        to_them = [answer for g in for_us for answer in ours.receive(g)]
        to_us = [answer for g in for_them for answer in theirs.receive(g)]
    return said


def until_welcome(ours: Handshake, theirs: Handshake) -> Welcome:
    """Let both talk until the dialled side welcomes."""
    (proof,) = ours.receive(theirs.begin()[0])
    (welcome,) = theirs.receive(proof)
    assert isinstance(welcome, Welcome)
    return welcome


def until_introduction(ours: Handshake, theirs: Handshake) -> Introduction:
    """Let both talk until the dialling side introduces itself."""
    (introduction,) = ours.receive(until_welcome(ours, theirs))
    assert isinstance(introduction, Introduction)
    return introduction


def test_members_of_one_workspace_know_each_other_after_four_messages() -> None:
    ours, theirs = alice(), bob()
    said = run(ours, theirs)
    assert [type(greeting) for greeting in said] == [Challenge, Proof, Welcome, Introduction]
    assert (ours.other, theirs.other) == (BOB.device, ALICE.device)
    assert (ours.public, theirs.public) == (BOB.public, ALICE.public)
    assert ours.state is theirs.state is State.PROVEN
    assert ours.transcript == theirs.transcript
    assert (ours.theirs, theirs.theirs) == (BOBS, ALICES)


@pytest.mark.parametrize(
    ("dialling", "dialled"),
    [
        ((KEY, OTHER_KEY), (OTHER_KEY,)),
        ((OTHER_KEY,), (KEY, OTHER_KEY)),
        ((*(b"%d" % n * 32 for n in range(MACS - 1)), KEY), (KEY,)),
        ((KEY,), (*(b"%d" % n * 32 for n in range(9)), KEY)),
    ],
)
def test_who_was_away_while_the_key_was_changed_can_dial_and_be_dialled(
    dialling: tuple[bytes, ...], dialled: tuple[bytes, ...]
) -> None:
    ours, theirs = alice(keys=dialling), bob(keys=dialled)
    run(ours, theirs)
    assert ours.state is theirs.state is State.PROVEN


def test_nobody_can_count_how_often_the_key_was_changed() -> None:
    proofs = [
        alice(keys=keys).receive(bob().begin()[0])[0]
        for keys in ((KEY,), (KEY, OTHER_KEY), tuple(b"%d" % n * 32 for n in range(9)))
    ]
    for proof in proofs:
        assert isinstance(proof, Proof)
        assert len(set(proof.macs)) == MACS


def test_a_stranger_who_dials_learns_no_device() -> None:
    ours, theirs = alice(keys=(OTHER_KEY,)), bob()
    (challenge,) = theirs.begin()
    (proof,) = ours.receive(challenge)
    with pytest.raises(DifferentWorkspace):
        theirs.receive(proof)
    assert theirs.other is None
    said = encode(challenge, BOB.device)[0]
    assert not [secret for secret in (BOB.public, BOB.device, WORKSPACE) if secret in said]


def test_a_stranger_who_is_dialled_learns_no_device() -> None:
    ours, theirs = alice(), bob(keys=(OTHER_KEY,))
    (proof,) = ours.receive(theirs.begin()[0])
    said = encode(proof, ALICE.device)[0]
    assert not [secret for secret in (ALICE.public, ALICE.device, WORKSPACE) if secret in said]
    with pytest.raises(DifferentWorkspace):
        ours.receive(Welcome(b"m" * 32, BOB.public, b"s" * 64, BOBS))
    assert ours.other is None


def test_nobody_sits_in_between() -> None:
    """Who decrypts in the middle shows a certificate of their own: the bindings differ."""
    ours, theirs = alice(binding=b"m" * 32), bob()
    (proof,) = ours.receive(theirs.begin()[0])
    with pytest.raises(DifferentWorkspace):
        theirs.receive(proof)


def test_a_member_in_the_middle_cannot_be_one_of_the_two() -> None:
    """One who knows the key can make the proofs fit, but not the signatures."""
    ours, theirs = alice(binding=b"m" * 32), bob()
    mallory_as_bob = bob(binding=b"m" * 32)
    mallory_as_alice = alice()
    welcome = until_welcome(mallory_as_alice, theirs)
    forged = until_welcome(ours, mallory_as_bob)
    with pytest.raises(ForgedDevice):
        ours.receive(replace(welcome, mac=forged.mac))


def test_a_proof_cannot_be_used_twice() -> None:
    ours, theirs = alice(), bob()
    (proof,) = ours.receive(theirs.begin()[0])
    another = bob(nonce=b"3" * 32)
    another.begin()
    with pytest.raises(DifferentWorkspace):
        another.receive(proof)


def test_an_introduction_cannot_be_used_twice() -> None:
    introduction = until_introduction(alice(), bob())
    another = bob(nonce=b"3" * 32)
    until_welcome(alice(device=MALLORY), another)
    with pytest.raises(ForgedDevice):
        another.receive(introduction)


def test_a_proof_cannot_be_reflected() -> None:
    """A dialled side that knows no key sends our own words back to us."""
    ours, theirs = alice(), bob()
    (proof,) = ours.receive(theirs.begin()[0])
    assert isinstance(proof, Proof)
    for mac in proof.macs:
        ours, theirs = alice(), bob()
        ours.receive(theirs.begin()[0])
        with pytest.raises(DifferentWorkspace):
            ours.receive(Welcome(mac, BOB.public, b"s" * 64, BOBS))


def test_a_welcome_cannot_be_reflected() -> None:
    """A dialling side without a device of its own says that it is whom it dialled."""
    ours, theirs = alice(), bob()
    welcome = until_welcome(ours, theirs)
    with pytest.raises(ForgedDevice):
        theirs.receive(Introduction(welcome.public, welcome.signature, BOBS))


def test_nobody_can_put_another_device_into_a_welcome() -> None:
    ours, theirs = alice(), bob()
    welcome = until_welcome(ours, theirs)
    with pytest.raises(ForgedDevice):
        ours.receive(replace(welcome, public=MALLORY.public))
    assert ours.other is None


def test_nobody_can_put_another_device_into_an_introduction() -> None:
    ours, theirs = alice(), bob()
    introduction = until_introduction(ours, theirs)
    with pytest.raises(ForgedDevice):
        theirs.receive(replace(introduction, public=MALLORY.public))
    assert theirs.other is None


def test_whoever_knows_the_key_must_still_have_the_device() -> None:
    """Mallory knows the workspace's key, and says that they are Alice."""
    mallory, theirs = alice(device=MALLORY), bob()
    introduction = until_introduction(mallory, theirs)
    with pytest.raises(ForgedDevice):
        theirs.receive(replace(introduction, public=ALICE.public))


def test_an_introduction_is_for_one_device_only() -> None:
    """What Alice signs for Mallory, Mallory cannot use to be Alice for Bob."""
    signed = ALICE.sign("handshake", b"C" + hashlib.sha256(b"").digest())
    theirs = bob()
    until_welcome(alice(device=MALLORY), theirs)
    with pytest.raises(ForgedDevice):
        theirs.receive(Introduction(ALICE.public, signed, ALICES))
    mallory = bob(device=MALLORY)
    for_mallory = until_introduction(alice(), mallory)
    theirs = bob()
    until_welcome(alice(), theirs)  # the same in all, but for whom was dialled
    with pytest.raises(ForgedDevice):
        theirs.receive(for_mallory)


def test_one_key_for_two_workspaces_does_not_mix_them() -> None:
    ours, theirs = alice(workspace=WorkspaceId(b"v" * 16)), bob()
    with pytest.raises(ForgedDevice):
        until_introduction(ours, theirs)


@pytest.mark.parametrize(
    "changed",
    [Challenge(1, 2, b"2" * 32), Challenge(0, 1, b"2" * 32), Challenge(1, 1, b"x" * 32)],
)
def test_nobody_can_change_what_is_on_offer(changed: Challenge) -> None:
    """The offer is part of what is proven."""
    ours, theirs = alice(), bob()
    theirs.begin()
    (proof,) = ours.receive(changed)
    with pytest.raises(DifferentWorkspace):
        theirs.receive(proof)


def test_nobody_can_talk_us_down_to_an_older_version() -> None:
    ours = Handshake(
        ALICE, WORKSPACE, (KEY,), ALICES, BINDING, b"1" * 32, dialling=True, speaks=(1, 2)
    )
    theirs = Handshake(
        BOB, WORKSPACE, (KEY,), BOBS, BINDING, b"2" * 32, dialling=False, speaks=(1, 2)
    )
    (challenge,) = theirs.begin()
    assert isinstance(challenge, Challenge)
    (proof,) = ours.receive(replace(challenge, newest=1))
    assert isinstance(proof, Proof)
    assert proof.version == 1
    with pytest.raises(DifferentWorkspace):
        theirs.receive(proof)


def test_both_speak_the_newest_version_that_both_know() -> None:
    ours = Handshake(
        ALICE, WORKSPACE, (KEY,), ALICES, BINDING, b"1" * 32, dialling=True, speaks=(1, 3)
    )
    theirs = Handshake(
        BOB, WORKSPACE, (KEY,), BOBS, BINDING, b"2" * 32, dialling=False, speaks=(1, 2)
    )
    proof = run(ours, theirs)[1]
    assert isinstance(proof, Proof)
    assert proof.version == 2
    assert theirs.state is State.PROVEN


@pytest.mark.parametrize(("oldest", "newest"), [(2, 3), (0, 0), (1, 0)])
def test_without_a_common_version_somebody_must_upgrade(oldest: int, newest: int) -> None:
    with pytest.raises(DifferentVersion, match="upgrade"):
        alice().receive(Challenge(oldest, newest, b"n" * 32))


def test_a_proof_of_a_version_that_we_did_not_offer_is_refused() -> None:
    theirs = bob()
    theirs.begin()
    with pytest.raises(DifferentVersion):
        theirs.receive(Proof(2, b"n" * 32, NO_MACS))


GREETINGS: list[Greeting] = [
    Challenge(1, 1, b"n" * 32),
    Proof(1, b"n" * 32, NO_MACS),
    Welcome(b"m" * 32, BOB.public, b"s" * 64, BOBS),
    Introduction(ALICE.public, b"s" * 64, ALICES),
]
EXPECTED = {
    State.AWAITING_CHALLENGE: Challenge,
    State.AWAITING_PROOF: Proof,
    State.AWAITING_WELCOME: Welcome,
    State.AWAITING_INTRODUCTION: Introduction,
}


def at(state: State) -> Handshake:
    """A handshake that was led to a state by honest messages."""
    ours, theirs = alice(), bob()
    if state is State.AWAITING_CHALLENGE:
        return ours
    (proof,) = ours.receive(theirs.begin()[0])
    if state is State.AWAITING_PROOF:
        return theirs
    if state is State.AWAITING_WELCOME:
        return ours
    (welcome,) = theirs.receive(proof)
    if state is State.AWAITING_INTRODUCTION:
        return theirs
    ours.receive(welcome)
    if state is State.OVER:
        with pytest.raises(UnexpectedMessage):
            ours.receive(welcome)
    return ours


def test_after_a_mistake_there_is_no_second_try() -> None:
    ours, theirs = alice(), bob()
    (proof,) = ours.receive(theirs.begin()[0])
    assert isinstance(proof, Proof)
    with pytest.raises(DifferentWorkspace):
        theirs.receive(replace(proof, macs=NO_MACS))
    with pytest.raises(UnexpectedMessage, match="nothing any more"):
        theirs.receive(proof)


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("greeting", GREETINGS, ids=lambda g: type(g).__name__)
def test_nothing_else_than_what_is_due_is_accepted(state: State, greeting: Greeting) -> None:
    handshake = at(state)
    assert handshake.state is state
    if EXPECTED.get(state) is not type(greeting):
        with pytest.raises(UnexpectedMessage, match=type(greeting).__name__):
            handshake.receive(greeting)
