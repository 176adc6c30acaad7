"""Two people pair by letters that a relay keeps, as it should go."""

from __future__ import annotations

import pytest

from tests.identity.letters import PAYLOAD, UNTIL, Ada, Joiner, Relay
from tests.identity.pairs import ADA, ADAS_CARD, EVE, EVES_CARD, INVITED, NOW, TERMS
from whisker_sync.errors import MalformedPaper, TurnedAway
from whisker_sync.identity.canonical import pack, unpack
from whisker_sync.identity.offers import MAX_DECLINED, Ending, Offer, Terms
from whisker_sync.identity.pairing import MAX_PAYLOAD
from whisker_sync.identity.pairing_messages import Reason
from whisker_sync.identity.rendezvous import SIZES
from whisker_sync.identity.roster import Role

YES = Terms("The Cave", yes=True)


def test_two_who_are_never_on_together_pair() -> None:
    relay = Relay()
    Ada(relay).greet()
    bob = Joiner(relay)
    bob.ask()
    ada = Ada(relay, YES)  # whose device runs again
    ada.read()
    ada.answer()
    bob.begin_anew()
    assert bob.read() == PAYLOAD


def test_the_joiner_is_shown_who_invites_and_to_what() -> None:
    relay = Relay()
    terms = Terms("The Cave", Role.READER, mine=True)
    Ada(relay, terms).greet()
    bob = Joiner(relay)
    bob.read()
    host = bob.side.host
    assert host is not None
    assert (host.card, host.title, host.role, host.mine) == (
        ADAS_CARD,
        "The Cave",
        Role.READER,
        True,
    )
    assert bob.side.until == UNTIL


def test_a_human_decides_and_nobody_is_let_in_before() -> None:
    relay = Relay()
    ada, bob = Ada(relay), Joiner(relay)
    ada.greet()
    bob.ask()
    ada.read()
    ada.answer()
    assert bob.read() is None
    (guest,) = ada.offers.waiting(NOW)
    assert (guest.name, guest.address) == ("Bob", "a relay")
    ada.offer.confirm(guest, NOW)
    ada.answer()
    assert bob.read() == PAYLOAD


def test_who_is_declined_hears_so() -> None:
    relay = Relay()
    ada, bob = Ada(relay), Joiner(relay)
    ada.greet()
    bob.ask()
    ada.read()
    ada.offer.decline(ada.offers.find("Bob", NOW))
    ada.answer()
    with pytest.raises(TurnedAway, match="said no"):
        bob.read()


def test_a_second_joiner_finds_the_seat_taken() -> None:
    relay = Relay()
    ada, bob, eve = Ada(relay, YES), Joiner(relay), Joiner(relay, EVE, EVES_CARD)
    ada.greet()
    bob.ask()
    eve.ask()
    ada.read()
    ada.answer()
    assert bob.read() == PAYLOAD
    with pytest.raises(TurnedAway, match="used already"):
        eve.read()


def test_who_asks_when_the_time_is_over_is_told_so() -> None:
    relay = Relay()
    ada, bob = Ada(relay, YES), Joiner(relay)
    ada.greet()
    bob.ask()
    ada.read(NOW + 600)
    ada.answer(now=NOW + 600)
    with pytest.raises(TurnedAway, match="run out"):
        bob.read()
    assert ada.offer.seated == []


def test_who_comes_after_the_end_need_not_ask() -> None:
    relay = Relay()
    ada, bob = Ada(relay), Joiner(relay)
    ada.greet()
    relay.leave(ada.side.closing(Reason.OVER))
    with pytest.raises(TurnedAway, match="run out"):
        bob.read()


def test_an_answer_counts_more_than_the_end() -> None:
    relay = Relay()
    ada, bob = Ada(relay, YES), Joiner(relay)
    ada.greet()
    bob.ask()
    relay.leave(ada.side.closing(Reason.FULL))
    ada.read()
    ada.answer()
    assert bob.read() == PAYLOAD


def test_who_answered_before_a_restart_does_not_answer_again() -> None:
    relay = Relay()
    ada, bob = Ada(relay, YES), Joiner(relay)
    ada.greet()
    bob.ask()
    ada.read()
    ada.answer()
    lying = len(relay.letters)
    ada.begin_anew()
    ada.read()
    ada.answer()
    assert len(relay.letters) == lying
    assert ada.side.greeted


def test_a_seat_that_was_given_before_a_restart_is_answered_after_it() -> None:
    relay = Relay()
    ada, bob = Ada(relay), Joiner(relay)
    ada.greet()
    bob.ask()
    ada.read()
    ada.offer.confirm(ada.offers.find("Bob", NOW), NOW)
    kept = unpack(pack(ada.offer.kept()), 1 << 20, 8)
    again = Ada(relay, offer=Offer.recalled((INVITED,), kept, "a relay", NOW))
    again.read()
    again.answer()
    assert bob.read() == PAYLOAD


def test_what_is_kept_of_an_invitation_is_all_that_was_decided() -> None:
    offer = Ada(Relay(), Terms("The Cave", Role.READER, seats=3, minutes=7)).offer
    relay = Relay()
    ada, bob, eve = Ada(relay, offer=offer), Joiner(relay), Joiner(relay, EVE, EVES_CARD)
    ada.greet()
    bob.ask()
    eve.ask()
    ada.read()
    waiting = {guest.name: guest for guest in offer.waiting(NOW)}
    offer.confirm(waiting["Bob"], NOW)
    offer.decline(waiting["Eve"])
    recalled = Offer.recalled((INVITED,), offer.kept(), "a relay", NOW + 7)
    assert recalled.kept() == offer.kept()
    assert recalled.terms == offer.terms
    assert recalled.ending(NOW) is None
    assert recalled.ending(NOW + 7) is Ending.OVER


def test_the_first_who_needs_no_confirmation_is_remembered() -> None:
    relay = Relay()
    ada, bob = Ada(relay, Terms("The Cave", seats=2, yes=True)), Joiner(relay)
    ada.greet()
    bob.ask()
    ada.read()
    assert not Offer.recalled((INVITED,), ada.offer.kept(), "a relay", NOW).terms.yes


def test_of_those_declined_so_many_are_remembered() -> None:
    offer = Ada(Relay()).offer
    offer._declined = {b"%d" % number for number in range(MAX_DECLINED + 1)}
    kept = offer.kept()
    assert len(kept[-1]) == MAX_DECLINED
    Offer.recalled((INVITED,), kept, "a relay", NOW)
    with pytest.raises(MalformedPaper):
        Offer.recalled((INVITED,), [*kept[:-1], [*kept[-1], b"1"]], "a relay", NOW)


@pytest.mark.parametrize("at", range(8))
def test_what_was_kept_and_is_damaged_is_no_invitation(at: int) -> None:
    kept = Ada(Relay()).offer.kept()
    kept[at] = b"nonsense"
    with pytest.raises(MalformedPaper):
        Offer.recalled((INVITED,), kept, "a relay", NOW)


def test_the_largest_payload_fits_the_largest_letter() -> None:
    relay = Relay()
    ada, bob = Ada(relay, YES), Joiner(relay)
    ada.greet()
    bob.ask()
    ada.read()
    ada.answer(bytes(MAX_PAYLOAD))
    assert len(relay.letters[-1]) == SIZES[-1]
    assert bob.read() == bytes(MAX_PAYLOAD)


def test_all_letters_but_what_lets_in_look_alike() -> None:
    relay = Relay()
    ada, bob, eve = Ada(relay, TERMS), Joiner(relay), Joiner(relay, EVE, EVES_CARD)
    ada.greet()
    bob.ask()
    eve.ask()
    ada.read()
    ada.offer.decline(ada.offers.find("Bob", NOW))
    ada.answer()
    relay.leave(ada.side.closing(Reason.OVER))
    assert {len(letter) for letter in relay.letters} == {SIZES[0]}
    assert len({letter[:16] for letter in relay.letters}) == len(relay.letters)


def test_nobody_reads_a_secret_off_a_rendezvous() -> None:
    assert "***" in repr(Relay().rendezvous)
    assert ADA.device.hex() not in repr(Relay().rendezvous)
