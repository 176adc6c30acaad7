"""Tests for :mod:`whisker_sync.identity.pairing` and :mod:`whisker_sync.identity.offers`."""

from __future__ import annotations

import pytest

from tests.identity.pairs import (
    ADA,
    ADAS_CARD,
    BOB,
    BOBS_CARD,
    EVE,
    EVES_CARD,
    INVITED,
    NOW,
    SPOKEN,
    Invitation,
    device,
)
from whisker_sync.errors import (
    InvitationError,
    NotInvited,
    NotTheInviter,
    TurnedAway,
    UnexpectedMessage,
    WorkspaceFull,
)
from whisker_sync.identity import pairing_proofs as proofs
from whisker_sync.identity.card import Card, PersonId
from whisker_sync.identity.offers import MAX_OFFERS, SPARE_GUESTS, Ending, Terms, Verdict, host_of
from whisker_sync.identity.pairing import MAX_PAYLOAD, Inviting, Joining
from whisker_sync.identity.pairing_messages import MAX_ADMISSION_FRAME, Reason, Request, encode
from whisker_sync.identity.roster import Role

PAYLOAD = b"a roster and a key"


def test_who_was_invited_and_confirmed_gets_what_lets_them_in() -> None:
    ada = Invitation()
    bob = ada.ask()
    (guest,) = ada.offers.waiting(NOW)
    ada.offer.confirm(guest, NOW)
    bob.answer(PAYLOAD)
    assert bob.joiner.payload == PAYLOAD
    assert (bob.joiner.state, bob.inviter.state) == (Joining.ADMITTED, Inviting.DONE)


def test_before_a_human_has_decided_nobody_gets_anything() -> None:
    ada = Invitation()
    bob = ada.ask()
    assert bob.inviter.verdict(NOW) is Verdict.WAIT
    bob.answer(PAYLOAD)
    assert bob.joiner.payload is None
    with pytest.raises(AssertionError):
        bob.inviter.admit(PAYLOAD, NOW)


def test_the_inviter_reads_who_asks_and_from_where() -> None:
    ada = Invitation()
    ada.ask()
    (guest,) = ada.offers.waiting(NOW)
    assert (guest.name, guest.fingerprint, guest.address) == ("Bob", BOB.fingerprint, "192.0.2.7")


def test_the_joiner_reads_who_invited_before_saying_who_they_are() -> None:
    ada = Invitation(Terms("The Cave", role=Role.READER, mine=True))
    bob = ada.dial()
    bob.knock()
    host = bob.joiner.host
    assert host is not None
    assert (host.name, host.fingerprint, host.title) == ("Ada", ADA.fingerprint, "The Cave")
    assert (host.role, host.mine) == (Role.READER, True)
    assert ada.offers.waiting(NOW) == ()


def test_the_same_invitation_can_be_told_as_a_link_and_as_a_code() -> None:
    ada = Invitation(Terms("The Cave", seats=2), INVITED, SPOKEN)
    bob, eve = ada.ask(INVITED), ada.ask(SPOKEN, (EVE, EVES_CARD))
    for guest in ada.offers.waiting(NOW):
        ada.offer.confirm(guest, NOW)
    for pair in (bob, eve):
        pair.answer(PAYLOAD)
        assert pair.joiner.payload == PAYLOAD
    assert ada.offers.tags(NOW) == (INVITED.tag, SPOKEN.tag)


def test_who_is_declined_is_told_so_and_asked_about_no_more() -> None:
    ada = Invitation()
    first = ada.ask()
    (guest,) = ada.offers.waiting(NOW)
    ada.offer.decline(guest)
    with pytest.raises(TurnedAway, match="said no"):
        first.answer(PAYLOAD)
    again = ada.ask()
    assert ada.offers.waiting(NOW) == ()
    with pytest.raises(TurnedAway, match="said no"):
        again.answer(PAYLOAD)


def test_a_human_may_think_again() -> None:
    ada = Invitation()
    bob = ada.ask()
    (guest,) = ada.offers.waiting(NOW)
    ada.offer.decline(guest)
    ada.offer.confirm(guest, NOW)
    bob.answer(PAYLOAD)
    assert bob.joiner.payload == PAYLOAD


def test_who_is_confirmed_is_in_whatever_is_said_afterwards() -> None:
    ada = Invitation(Terms("The Cave", seats=2))
    bob = ada.ask()
    (guest,) = ada.offers.waiting(NOW)
    ada.offer.confirm(guest, NOW)
    ada.offer.confirm(guest, NOW + 600)
    ada.offer.decline(guest)
    ada.offer.withdraw()
    assert len(ada.offer.seated) == 1
    bob.answer(PAYLOAD)
    assert bob.joiner.payload == PAYLOAD


def test_whose_connection_broke_after_the_confirmation_comes_back_for_their_seat() -> None:
    ada = Invitation()
    lost = ada.ask()
    (guest,) = ada.offers.waiting(NOW)
    ada.offer.confirm(guest, NOW)
    lost.inviter.close()
    again = ada.ask()
    again.answer(PAYLOAD)
    assert again.joiner.payload == PAYLOAD
    assert len(ada.offer.seated) == 1


def test_who_hangs_up_waits_no_more() -> None:
    ada = Invitation()
    bob = ada.ask()
    bob.inviter.close()
    assert ada.offers.waiting(NOW) == ()


def test_who_asks_twice_is_asked_about_once() -> None:
    ada = Invitation()
    pairs = [ada.ask(), ada.ask()]
    (guest,) = ada.offers.waiting(NOW)
    ada.offer.confirm(guest, NOW)
    for pair in pairs:
        pair.answer(PAYLOAD)
        assert pair.joiner.payload == PAYLOAD
    assert len(ada.offer.seated) == 1


def test_the_same_device_under_another_name_is_asked_about_again() -> None:
    ada = Invitation(Terms("The Cave", seats=2))
    ada.ask()
    ada.offer.confirm(ada.offers.find("Bob", NOW), NOW)
    renamed = Card.issue(BOB, "laptop", PersonId(bytes(16)), "Ada herself", 0)
    pair = ada.ask(person=(BOB, renamed))
    assert pair.inviter.verdict(NOW) is Verdict.WAIT
    assert [guest.name for guest in ada.offers.waiting(NOW)] == ["Ada herself"]


def test_yes_confirms_the_next_who_asks_and_nobody_after() -> None:
    ada = Invitation(Terms("The Cave", seats=2, yes=True))
    bob, eve = ada.ask(), ada.ask(person=(EVE, EVES_CARD))
    for pair in (bob, eve):
        pair.answer(PAYLOAD)
    assert (bob.joiner.payload, eve.joiner.payload) == (PAYLOAD, None)


def test_a_class_is_confirmed_from_one_list() -> None:
    ada = Invitation(Terms("The Cave", seats=30))
    pairs = [ada.ask(person=device(f"pupil {number}")) for number in range(30)]
    guests = ada.offers.waiting(NOW)
    assert [guest.name for guest in guests] == [f"pupil {number}" for number in range(30)]
    for guest in guests:
        ada.offer.confirm(guest, NOW)
    for pair in pairs:
        pair.answer(PAYLOAD)
        assert pair.joiner.payload == PAYLOAD
    assert ada.offer.ending(NOW) is Ending.FULL


def test_a_crowd_pushes_nobody_out() -> None:
    ada = Invitation()
    bob = ada.ask()
    crowd = [ada.ask(person=device(f"{number}")) for number in range(SPARE_GUESTS + 3)]
    assert len(ada.offers.waiting(NOW)) == 1 + SPARE_GUESTS
    assert bob.inviter.verdict(NOW) is Verdict.WAIT
    verdicts = [pair.inviter.verdict(NOW) for pair in crowd]
    assert verdicts.count(Verdict.WAIT) == SPARE_GUESTS
    assert verdicts.count(Reason.FULL) == 3


def test_somebody_is_found_by_name_or_by_fingerprint() -> None:
    ada = Invitation()
    ada.ask()
    assert ada.offers.find(" bob ", NOW).device == BOB.device
    assert ada.offers.find(BOB.fingerprint.lower(), NOW).device == BOB.device
    with pytest.raises(InvitationError, match="nobody called 'Eve' waits"):
        ada.offers.find("Eve", NOW)


def test_of_two_with_one_name_only_a_fingerprint_tells_which() -> None:
    ada = Invitation()
    ada.ask()
    impostor = Card.issue(EVE, "laptop", PersonId(bytes(16)), "Bob", 0)
    ada.ask(person=(EVE, impostor))
    with pytest.raises(InvitationError, match="2 who wait are called 'bob'"):
        ada.offers.find("bob", NOW)
    assert ada.offers.find(EVE.fingerprint, NOW).device == EVE.device


def test_an_invitation_that_is_taken_back_lets_nobody_in() -> None:
    ada = Invitation()
    bob = ada.ask()
    (guest,) = ada.offers.waiting(NOW)
    ada.offer.withdraw()
    with pytest.raises(InvitationError, match="taken back"):
        ada.offer.confirm(guest, NOW)
    with pytest.raises(TurnedAway, match="taken back"):
        bob.answer(PAYLOAD)
    assert ada.offers.tags(NOW) == ()
    assert not ada.offers.is_open(NOW)


def test_who_knocked_and_says_no_more_is_told_when_the_time_is_over() -> None:
    ada = Invitation()
    bob = ada.dial()
    bob.knock()
    assert bob.inviter.verdict(NOW) is Verdict.WAIT
    assert bob.inviter.verdict(NOW + 600) is Reason.OVER


def test_so_many_invitations_are_open_at_a_time() -> None:
    ada = Invitation()
    for _ in range(MAX_OFFERS - 1):
        ada.offers.open((SPOKEN,), Terms("The Cave"), NOW)
    with pytest.raises(WorkspaceFull):
        ada.offers.open((SPOKEN,), Terms("The Cave"), NOW)
    ada.offers.open((SPOKEN,), Terms("The Cave"), NOW + 600)


@pytest.mark.parametrize("seats", [0, 101])
def test_seats_have_limits(seats: int) -> None:
    with pytest.raises(InvitationError, match="from 1 to 100"):
        Terms("The Cave", seats=seats)


@pytest.mark.parametrize("minutes", [0, 24 * 60 + 1])
def test_minutes_have_limits(minutes: int) -> None:
    with pytest.raises(InvitationError, match="from 1 to 1440"):
        Terms("The Cave", minutes=minutes)


def test_the_largest_payload_fits_into_a_frame() -> None:
    ada = Invitation(Terms("The Cave", yes=True))
    bob = ada.ask()
    frame = bob.inviter.admit(bytes(MAX_PAYLOAD), NOW)
    assert len(frame) <= MAX_ADMISSION_FRAME
    bob.joiner.receive(frame)
    assert bob.joiner.payload == bytes(MAX_PAYLOAD)


def test_what_is_sealed_can_be_made_without_chance() -> None:
    ada = Invitation(Terms("The Cave", yes=True))
    bob = ada.ask()
    seen: list[tuple[bytes, bytes]] = []

    def seal(box: bytes, info: bytes, content: bytes) -> bytes:
        seen.append((box, content))
        assert b"pairing admission" in info
        return b"sealed"

    assert b"sealed" in bob.inviter.admit(PAYLOAD, NOW, seal)
    assert seen == [(BOBS_CARD.box, PAYLOAD)]


def test_an_ended_conversation_stays_ended() -> None:
    ada = Invitation(Terms("The Cave", yes=True))
    bob = ada.ask()
    bob.answer(PAYLOAD)
    with pytest.raises(UnexpectedMessage):
        bob.inviter.receive(bob.joiner.begin(), NOW)
    with pytest.raises(AssertionError):
        bob.inviter.admit(PAYLOAD, NOW)


@pytest.mark.parametrize(
    ("spelt", "host"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("FE80:0::1%eth0", "fe80::1"),
        ("somewhere", "somewhere"),
    ],
)
def test_an_address_is_counted_under_one_spelling(spelt: str, host: str) -> None:
    assert host_of(spelt) == host


def test_nobody_joins_themself() -> None:
    ada = Invitation()
    pair = ada.dial(key=ADA)
    (answer,) = pair.inviter.receive(pair.joiner.begin(), NOW)
    with pytest.raises(NotTheInviter):
        pair.joiner.receive(answer)


def test_nobody_is_asked_whether_their_own_device_may_join() -> None:
    ada = Invitation()
    pair = ada.dial()
    pair.inviter.receive(pair.joiner.begin(), NOW)
    said = proofs.joiner_requests(pair.joiner._transcript, ADAS_CARD.encode())
    mac, signature = proofs.mac(INVITED.key, said), ADA.sign(proofs.PURPOSE, said)
    with pytest.raises(NotInvited):
        pair.inviter.receive(encode(Request(ADAS_CARD.encode(), mac, signature)), NOW)
