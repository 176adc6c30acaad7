"""What somebody who was not invited, or not like this, may try while others pair."""

from __future__ import annotations

import hashlib
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.identity.pairs import (
    ADA,
    ADAS_CARD,
    BINDING,
    BOB,
    BOBS_CARD,
    EVE,
    EVES_CARD,
    INVITED,
    NOW,
    OURS,
    SPOKEN,
    THEIRS,
    WRONG,
    Invitation,
    Pair,
    device,
)
from whisker_sync.errors import (
    InvitationError,
    MalformedFrame,
    NotInvited,
    NotTheInviter,
    TurnedAway,
    UnexpectedMessage,
    WhiskerError,
)
from whisker_sync.identity.card import Card, PersonId
from whisker_sync.identity.link import PairingKey
from whisker_sync.identity.offers import MAX_TRIES, TRIES_PER_ADDRESS, Ending, Offers, Terms
from whisker_sync.identity.pairing import Inviter, Inviting, Joiner, Joining
from whisker_sync.identity.pairing_messages import (
    Admission,
    Answer,
    Reason,
    Refusal,
    Request,
    decode,
    encode,
)

PAYLOAD = b"a roster and a key"
EVES_BINDING = hashlib.sha256(b"Eve's certificate").digest()
HOME, ELSEWHERE = "192.0.2.66", "192.0.2.99"


def guess(ada: Invitation, address: str, now: float = NOW) -> None:
    with pytest.raises(NotInvited):
        ada.dial(WRONG, EVE, address).knock(now)


def test_a_guessed_code_that_is_wrong_is_answered_with_silence() -> None:
    ada = Invitation()
    pair = ada.dial(WRONG, EVE)
    with pytest.raises(NotInvited):
        pair.inviter.receive(pair.joiner.begin(), NOW)
    assert not pair.inviter.proven
    assert ada.offer.tries == 1
    with pytest.raises(UnexpectedMessage):
        pair.inviter.receive(pair.joiner.begin(), NOW)


def test_an_expired_code_lets_nobody_knock() -> None:
    ada = Invitation()
    with pytest.raises(NotInvited):
        ada.ask(now=NOW + 600)
    ada.ask(now=NOW + 599)


def test_an_expired_code_lets_nobody_in_who_waits() -> None:
    ada = Invitation()
    bob = ada.ask(now=NOW + 599)
    (guest,) = ada.offers.waiting(NOW + 599)
    assert ada.offers.waiting(NOW + 600) == ()
    with pytest.raises(InvitationError, match="its time is over"):
        ada.offer.confirm(guest, NOW + 600)
    with pytest.raises(TurnedAway, match="has run out"):
        bob.answer(PAYLOAD, NOW + 600)
    assert bob.joiner.payload is None


def test_an_expired_code_does_not_bring_a_seat_back() -> None:
    ada = Invitation(Terms("The Cave", yes=True))
    ada.ask()
    with pytest.raises(NotInvited):
        ada.ask(now=NOW + 600)


def test_a_second_joiner_finds_the_seat_taken() -> None:
    ada = Invitation(Terms("The Cave", yes=True))
    bob = ada.ask()
    bob.answer(PAYLOAD)
    eve = ada.ask(person=(EVE, EVES_CARD))
    assert ada.offers.waiting(NOW) == ()
    with pytest.raises(TurnedAway, match="used already"):
        eve.answer(PAYLOAD)
    assert eve.joiner.payload is None


def test_a_second_joiner_who_waits_is_turned_away_when_the_seat_is_taken() -> None:
    ada = Invitation()
    eve, bob = ada.ask(person=(EVE, EVES_CARD)), ada.ask()
    eve_as_listed = ada.offers.find("Eve", NOW)
    ada.offer.confirm(ada.offers.find("Bob", NOW), NOW)
    with pytest.raises(InvitationError, match="everybody"):
        ada.offer.confirm(eve_as_listed, NOW)
    assert ada.offers.waiting(NOW) == ()
    with pytest.raises(TurnedAway, match="used already"):
        eve.answer(PAYLOAD)
    bob.answer(PAYLOAD)
    assert (bob.joiner.payload, eve.joiner.payload) == (PAYLOAD, None)


def test_a_second_joiner_with_the_first_ones_card_gets_only_what_they_cannot_open() -> None:
    ada = Invitation(Terms("The Cave", yes=True))
    ada.ask()
    eve = ada.dial(INVITED, EVE)
    eve.knock()
    with pytest.raises(AssertionError):
        eve.joiner.request(BOBS_CARD)
    stolen = Request(BOBS_CARD.encode(), bytes(32), EVE.sign("pairing", b""))
    with pytest.raises(NotInvited):
        eve.inviter.receive(encode(stolen), NOW)


def test_a_man_in_the_middle_who_ends_the_encryption_gets_nothing() -> None:
    # Bob sees Eve's certificate, Ada shows her own; Eve forwards what they say.
    ada = Invitation(Terms("The Cave", yes=True))
    bob = ada.dial(seen=EVES_BINDING)
    with pytest.raises(NotInvited):
        bob.inviter.receive(bob.joiner.begin(), NOW)
    assert ada.offer.seated == []


def test_a_man_in_the_middle_who_answers_himself_learns_no_name() -> None:
    # Eve has no key: whatever she answers, Bob says no more than his knock.
    joiner = Joiner(INVITED, BOB, EVES_BINDING, THEIRS, OURS)
    knock = joiner.begin()
    eve = Inviter(Offers(EVE, EVES_CARD), EVES_BINDING, THEIRS, HOME)
    with pytest.raises(NotInvited):
        eve.receive(knock, NOW)
    forged = Answer(ADAS_CARD.encode(), "The Cave", Terms("").role, 0, bytes(32), bytes(64))
    with pytest.raises(NotTheInviter):
        joiner.receive(encode(forged))
    assert joiner.host is None
    with pytest.raises(AssertionError):
        joiner.request(BOBS_CARD)
    assert BOBS_CARD.key not in knock
    assert b"Bob" not in knock


def test_a_man_in_the_middle_who_found_the_link_is_not_the_device_that_it_names() -> None:
    # Eve knows the secret, makes an offer of her own with it, and announces its tag.
    eve = Offers(EVE, EVES_CARD)
    eve.open((INVITED,), Terms("The Cave"), NOW)
    inviter = Inviter(eve, EVES_BINDING, THEIRS, HOME)
    joiner = Joiner(INVITED, BOB, EVES_BINDING, THEIRS, OURS)
    (answer,) = inviter.receive(joiner.begin(), NOW)
    with pytest.raises(NotTheInviter):
        joiner.receive(answer)
    assert joiner.host is None


def test_a_man_in_the_middle_with_the_link_cannot_sign_as_the_device_that_it_names() -> None:
    eve = Offers(EVE, ADAS_CARD)
    eve.open((INVITED,), Terms("The Cave"), NOW)
    inviter = Inviter(eve, EVES_BINDING, THEIRS, HOME)
    joiner = Joiner(INVITED, BOB, EVES_BINDING, THEIRS, OURS)
    (answer,) = inviter.receive(joiner.begin(), NOW)
    with pytest.raises(NotTheInviter):
        joiner.receive(answer)


def test_a_man_in_the_middle_who_found_out_a_code_in_time_is_seen_by_his_fingerprint() -> None:
    # A code names no device. With it, Eve can be a host to Bob, but not Ada.
    eve = Offers(EVE, Card.issue(EVE, "laptop", PersonId(bytes(16)), "Ada", 0))
    eve.open((SPOKEN,), Terms("The Cave"), NOW)
    inviter = Inviter(eve, EVES_BINDING, THEIRS, HOME)
    joiner = Joiner(SPOKEN, BOB, EVES_BINDING, THEIRS, OURS)
    (answer,) = inviter.receive(joiner.begin(), NOW)
    joiner.receive(answer)
    assert joiner.host is not None
    assert joiner.host.name == "Ada"
    assert joiner.host.fingerprint != ADA.fingerprint


@pytest.mark.parametrize("field", ["card", "title", "role", "mine", "mac", "signature"])
def test_a_man_in_the_middle_can_change_nothing_of_an_answer(field: str) -> None:
    ada = Invitation()
    bob = ada.dial()
    (frame,) = bob.inviter.receive(bob.joiner.begin(), NOW)
    answer = decode(frame)
    assert isinstance(answer, Answer)
    changes: dict[str, object] = {
        "card": EVES_CARD.encode(),
        "title": "The Grave",
        "role": Terms("").role.OWNER,
        "mine": 1,
        "mac": bytes(32),
        "signature": bytes(64),
    }
    values = {name: getattr(answer, name) for name in changes} | {field: changes[field]}
    with pytest.raises(NotTheInviter):
        bob.joiner.receive(encode(Answer(**values)))


@pytest.mark.parametrize("field", ["card", "mac", "signature"])
def test_a_man_in_the_middle_can_change_nothing_of_a_request(field: str) -> None:
    ada = Invitation(Terms("The Cave", yes=True))
    bob = ada.dial()
    bob.knock()
    request = decode(bob.joiner.request(BOBS_CARD))
    assert isinstance(request, Request)
    changes = {"card": EVES_CARD.encode(), "mac": bytes(32), "signature": bytes(64)}
    values = {name: getattr(request, name) for name in changes} | {field: changes[field]}
    with pytest.raises(NotInvited):
        bob.inviter.receive(encode(Request(**values)), NOW)
    assert ada.offer.tries == 1
    assert ada.offer.seated == []


def test_a_man_in_the_middle_cannot_let_anybody_in_himself() -> None:
    ada = Invitation()
    bob = ada.ask()
    with pytest.raises(NotTheInviter):
        bob.joiner.receive(encode(Admission(bytes(100))))
    assert bob.joiner.payload is None


def test_a_refusal_from_whoever_has_proven_nothing_says_nothing() -> None:
    bob = Invitation().dial()
    with pytest.raises(UnexpectedMessage):
        bob.joiner.receive(encode(Refusal(Reason.DECLINED)))


def test_a_replay_of_a_whole_conversation_gets_nothing() -> None:
    ada = Invitation(Terms("The Cave", seats=2, yes=True))
    bob = ada.dial()
    knock = bob.joiner.begin()
    (answer,) = bob.inviter.receive(knock, NOW)
    bob.joiner.receive(answer)
    request = bob.joiner.request(BOBS_CARD)
    bob.inviter.receive(request, NOW)
    admission = bob.inviter.admit(PAYLOAD, NOW)
    # To the inviter, on a new connection.
    for frame in (knock, request, answer, admission):
        eve = ada.dial(INVITED, EVE)
        with pytest.raises((NotInvited, UnexpectedMessage)):
            eve.inviter.receive(frame, NOW)
    # To the joiner, who tries again.
    again = ada.dial().joiner
    with pytest.raises(NotTheInviter):
        again.receive(answer)
    later = ada.ask()
    with pytest.raises(NotTheInviter):
        later.joiner.receive(admission)
    assert later.joiner.payload is None


def test_a_replay_to_a_joiner_by_whoever_repeats_the_inviters_nonce_gets_nothing() -> None:
    ada = Invitation()
    first = Inviter(ada.offers, BINDING, THEIRS, HOME)
    (answer,) = first.receive(Joiner(INVITED, BOB, BINDING, THEIRS, OURS).begin(), NOW)
    again = Joiner(INVITED, BOB, BINDING, THEIRS, bytes(32))
    with pytest.raises(NotTheInviter):
        again.receive(answer)


def test_a_replayed_card_of_the_same_device_is_not_the_one_that_it_shows_now() -> None:
    ada = Invitation(Terms("The Cave", yes=True))
    bob = ada.dial()
    bob.knock()
    request = decode(bob.joiner.request(BOBS_CARD))
    assert isinstance(request, Request)
    old = Card.issue(BOB, "laptop", PersonId(bytes(16)), "Robert", 0).encode()
    with pytest.raises(NotInvited):
        bob.inviter.receive(encode(Request(old, request.mac, request.signature)), NOW)


def test_a_replay_within_a_conversation_ends_it() -> None:
    ada = Invitation()
    bob = ada.dial()
    knock = bob.joiner.begin()
    (answer,) = bob.inviter.receive(knock, NOW)
    with pytest.raises(UnexpectedMessage):
        bob.inviter.receive(knock, NOW)
    bob.joiner.receive(answer)
    with pytest.raises(UnexpectedMessage):
        bob.joiner.receive(answer)
    assert (bob.inviter.state, bob.joiner.state) == (Inviting.DONE, Joining.ENDED)


def test_a_replayed_request_makes_nobody_wait() -> None:
    ada = Invitation()
    bob = ada.dial()
    bob.knock()
    request = bob.joiner.request(BOBS_CARD)
    bob.inviter.receive(request, NOW)
    with pytest.raises(UnexpectedMessage):
        bob.inviter.receive(request, NOW)
    assert ada.offers.waiting(NOW) == ()


def test_a_reflection_of_what_the_joiner_said_proves_nothing_to_them() -> None:
    bob = Invitation().dial()
    with pytest.raises(UnexpectedMessage):
        bob.joiner.receive(bob.joiner.begin())


def test_a_reflection_of_the_joiners_mac_is_not_the_inviters() -> None:
    joiner = Joiner(SPOKEN, BOB, BINDING, THEIRS, OURS)
    knock = decode(joiner.begin())
    mac = getattr(knock, "mac", b"")
    forged = Answer(EVES_CARD.encode(), "The Cave", Terms("").role, 0, mac, bytes(64))
    with pytest.raises(NotTheInviter):
        joiner.receive(encode(forged))


def test_a_reflection_of_what_the_inviter_said_proves_nothing_to_them() -> None:
    ada = Invitation()
    bob = ada.dial()
    (answer,) = bob.inviter.receive(bob.joiner.begin(), NOW)
    with pytest.raises(UnexpectedMessage):
        bob.inviter.receive(answer, NOW)
    # Nor as a request: its MAC and its signature are over another statement.
    values = decode(answer)
    assert isinstance(values, Answer)
    again = ada.dial()
    again.knock()
    with pytest.raises(NotInvited):
        again.inviter.receive(encode(Request(values.card, values.mac, values.signature)), NOW)


def test_too_many_tries_from_one_address_and_nobody_there_is_listened_to() -> None:
    ada = Invitation()
    for _ in range(TRIES_PER_ADDRESS - 1):
        guess(ada, HOME)
    ada.ask(address=HOME).inviter.close()
    guess(ada, HOME)
    with pytest.raises(NotInvited):
        ada.ask(address=HOME)
    assert ada.offer.tries == TRIES_PER_ADDRESS
    ada.ask(address=ELSEWHERE)


def test_too_many_tries_from_one_address_count_whatever_it_is_spelt_like() -> None:
    ada = Invitation()
    for address in ("192.0.2.66", "::ffff:192.0.2.66", "::FFFF:c000:0242"):
        guess(ada, address)
    with pytest.raises(NotInvited):
        ada.ask(address="192.0.2.66")


def test_too_many_tries_from_one_address_do_not_count_against_the_next_invitation() -> None:
    ada = Invitation()
    for _ in range(TRIES_PER_ADDRESS):
        guess(ada, HOME)
    ada.offers.open((SPOKEN,), Terms("The Cave"), NOW)
    ada.ask(SPOKEN, address=HOME)


def test_the_global_cap_ends_an_invitation() -> None:
    ada = Invitation()
    bob = ada.ask()
    for number in range(MAX_TRIES - 1):
        guess(ada, f"192.0.2.{number}")
    assert ada.offers.is_open(NOW)
    guess(ada, ELSEWHERE)
    assert ada.offer.ending(NOW) is Ending.GUESSED
    with pytest.raises(NotInvited):
        ada.ask(address="198.51.100.1")
    with pytest.raises(TurnedAway, match="run out"):
        bob.answer(PAYLOAD)


def test_the_global_cap_bounds_what_guessing_costs_to_remember() -> None:
    ada = Invitation()
    for number in range(3 * MAX_TRIES):
        guess(ada, f"2001:db8::{number:x}")
    assert ada.offer.tries == MAX_TRIES


def test_another_version_is_not_spoken_with() -> None:
    bob = Invitation().dial()
    knock = bytearray(bob.joiner.begin())
    assert knock[3] == 1
    knock[3] = 2
    with pytest.raises(NotInvited):
        bob.inviter.receive(bytes(knock), NOW)


@given(st.binary(max_size=5000))
def test_bytes_that_are_no_message_end_a_conversation(frame: bytes) -> None:
    pair = Invitation().dial()
    for receive in (lambda f: pair.inviter.receive(f, NOW), pair.joiner.receive):
        with pytest.raises((MalformedFrame, NotInvited, NotTheInviter, UnexpectedMessage)):
            receive(frame)
    assert (pair.inviter.state, pair.joiner.state) == (Inviting.DONE, Joining.ENDED)


# Whatever happens to messages, and whenever a human says something.

PEOPLE = [(BOB, BOBS_CARD), (EVE, EVES_CARD), device("Mallory")]
KEYS: list[PairingKey] = [INVITED, INVITED, SPOKEN, SPOKEN, WRONG]
ACTS = ["dial", "step", "double", "mix_up", "lose", "confirm", "decline", "answer", "close", "wait"]
"""What happens; most of the time a message arrives (``step``), or somebody comes or decides."""

WEIGHTS = {"step": 20, "dial": 5, "confirm": 4, "answer": 6}
OFTEN = [act for act in ACTS for _ in range(WEIGHTS.get(act, 1))]


class Street:
    """An invitation and a network that loses, doubles, reorders and mixes up messages."""

    def __init__(self, seats: int, yes: bool) -> None:
        terms = Terms("The Cave", seats=seats, yes=yes)
        self.ada = Invitation(terms, INVITED, SPOKEN)
        self.pairs: list[Pair] = []
        self.under_way: list[tuple[Pair, bool, bytes]] = []
        """Which connection, whether to the inviter, and what."""

        self.said: list[bytes] = []
        self.confirmed: set[bytes] = set()
        self.now = NOW
        self.yes = int(yes)

    def act(self, data: st.DataObject, act: str) -> None:
        with suppress(WhiskerError):  # whoever drives it hangs up
            getattr(self, act)(data)

    def send(self, pair: Pair, inwards: bool, frame: bytes) -> None:
        self.under_way.append((pair, inwards, frame))
        self.said.append(frame)

    def arrive(self, pair: Pair, inwards: bool, frame: bytes) -> None:
        if inwards:
            for answer in pair.inviter.receive(frame, self.now):
                self.send(pair, False, answer)
            return
        pair.joiner.receive(frame)
        if pair.joiner.state is Joining.DECIDING:
            card = next(card for key, card in PEOPLE if key is pair.joiner._key)
            self.send(pair, True, pair.joiner.request(card))

    def dial(self, data: st.DataObject) -> None:
        person = data.draw(st.sampled_from(PEOPLE))
        pair = self.ada.dial(data.draw(st.sampled_from(KEYS)), person[0])
        self.pairs.append(pair)
        self.send(pair, True, pair.joiner.begin())

    def step(self, data: st.DataObject) -> None:
        if self.under_way:
            place = data.draw(st.integers(0, len(self.under_way) - 1))
            self.arrive(*self.under_way.pop(place))

    def double(self, data: st.DataObject) -> None:
        if self.under_way:
            self.arrive(*data.draw(st.sampled_from(self.under_way)))

    def lose(self, data: st.DataObject) -> None:
        if self.under_way:
            self.under_way.pop(data.draw(st.integers(0, len(self.under_way) - 1)))

    def mix_up(self, data: st.DataObject) -> None:
        """Something that was said once arrives on any connection, at either end."""
        if self.said:
            pair = data.draw(st.sampled_from(self.pairs))
            inwards: bool = data.draw(st.booleans())
            self.arrive(pair, inwards, data.draw(st.sampled_from(self.said)))

    def confirm(self, data: st.DataObject) -> None:
        if guests := self.ada.offers.waiting(self.now):
            guest = data.draw(st.sampled_from(guests))
            self.ada.offer.confirm(guest, self.now)
            self.confirmed.add(guest.encoded)

    def decline(self, data: st.DataObject) -> None:
        if guests := self.ada.offers.waiting(self.now):
            self.ada.offer.decline(data.draw(st.sampled_from(guests)))

    def answer(self, data: st.DataObject) -> None:
        for pair in self.pairs:
            verdict = pair.inviter.verdict(self.now)
            if isinstance(verdict, Reason):
                self.send(pair, False, pair.inviter.refuse(verdict))
            elif verdict.name == "ADMIT":
                assert pair.inviter.guest is not None
                who = pair.inviter.guest.encoded
                self.send(pair, False, pair.inviter.admit(who, self.now))

    def close(self, data: st.DataObject) -> None:
        if self.pairs:
            data.draw(st.sampled_from(self.pairs)).inviter.close()

    def wait(self, data: st.DataObject) -> None:
        self.now += data.draw(st.sampled_from([1.0, 200.0]))

    def check(self) -> None:
        seated = {guest.encoded for guest in self.ada.offer.seated}
        assert len(seated) == len(self.ada.offer.seated) <= self.ada.offer.terms.seats
        assert len(seated - self.confirmed) <= self.yes
        for pair in self.pairs:
            if pair.joiner.payload is not None:
                # Who has a payload has their own, was confirmed, and knew the invitation.
                assert pair.joiner.payload == pair.joiner._card
                assert pair.joiner.payload in seated
                assert pair.joiner._invited is not WRONG


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 2), st.booleans(), st.data())
def test_no_order_of_messages_lets_two_onto_one_seat_or_anybody_in_unconfirmed(
    seats: int, yes: bool, data: st.DataObject
) -> None:
    street = Street(seats, yes)
    for act in data.draw(st.lists(st.sampled_from(OFTEN), min_size=30, max_size=60)):
        street.act(data, act)
        street.check()


def test_the_street_of_the_test_above_can_let_somebody_in() -> None:
    street = Street(1, yes=True)
    pair = street.ada.ask()
    street.pairs.append(pair)
    pair.joiner.receive(pair.inviter.admit(BOBS_CARD.encode(), NOW))
    street.check()
    assert pair.joiner.payload == BOBS_CARD.encode()
