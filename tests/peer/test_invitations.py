"""What a device asks of a relay for whoever it invited, step by step."""

from __future__ import annotations

from random import Random

import pytest

from tests.identity.letters import UNTIL
from tests.identity.pairs import ADA, ADAS_CARD, LINK, NOW, TERMS
from whisker_sync.batch import Recalled
from whisker_sync.errors import MalformedFrame
from whisker_sync.identity.offers import Offer, Offers, Terms
from whisker_sync.identity.rendezvous import Greeting, Rendezvous
from whisker_sync.ids import Incarnation
from whisker_sync.peer.effects import PostMail, ReadMail, UnwatchMail, WatchMail
from whisker_sync.peer.inputs import MailPosted, MailRead, MailRefused, MailWaits
from whisker_sync.peer.invitations import AGAIN_SECONDS, FACT, Invitations
from whisker_sync.peer.library import Library
from whisker_sync.wire.relay import Entry, Page

URL = "https://relay.example"
AT = (UNTIL - 600) * 1000
MEETING = Rendezvous(LINK.secret)
EMPTY = Page(Incarnation(b""), 1, 0, 1, ())


def page(*letters: bytes) -> Page:
    entries = tuple(Entry(letter[:16], letter) for letter in letters)
    return Page(Incarnation(b"7" * 8), 1, len(entries), 1, entries)


class Ada:
    """Her device, as far as invitations go."""

    def __init__(self, facts: dict[str, bytes] | None = None, terms: Terms = TERMS) -> None:
        recalled = Recalled(Incarnation(b"1" * 8), 0, 1, dict(facts or {}), {}, ())
        self.library = Library(ADA.device, recalled, {}, Random(1))
        self.letters = Invitations(ADA, self.library, Random(2).randbytes)
        self.offers = Offers(ADA, ADAS_CARD)
        self.terms = terms

    def begin(self) -> Offer:
        offer = self.offers.open((LINK.pairing_key(),), self.terms, NOW)
        self.letters.begin(URL, LINK.secret, ADAS_CARD, offer, AT)
        return offer

    def follow(self, now: float = NOW) -> list[object]:
        return list(self.letters.follow(now))

    def read(self, what: Page, now: float = NOW) -> list[object]:
        list(self.letters.hear(MailRead(MEETING.mailbox, what), now))
        return self.follow(now)


def greeting_of(post: object) -> bytes:
    """The letter that is left, which must be a greeting."""
    assert isinstance(post, PostMail)
    id_, letter = MEETING.open(post.envelope)
    assert id_ == post.id
    assert isinstance(letter, Greeting)
    assert letter.until == UNTIL
    return post.envelope


def test_a_rendezvous_is_read_before_anything_is_left_there() -> None:
    ada = Ada()
    ada.begin()
    assert [type(effect) for effect in ada.follow()] == [WatchMail, ReadMail]
    assert ada.follow() == []
    (post,) = ada.read(EMPTY)
    greeting_of(post)
    assert ada.follow() == []


def test_a_greeting_that_lies_there_is_not_left_again() -> None:
    ada = Ada()
    ada.begin()
    ada.follow()
    greeting = greeting_of(ada.read(EMPTY)[0])
    again = Ada(ada.library.facts)
    assert len(list(again.letters.use(URL, ADAS_CARD, AT, NOW))) == 1
    again.follow()
    assert again.read(page(greeting)) == []


def test_a_letter_that_was_refused_is_left_again_after_a_minute() -> None:
    ada = Ada()
    ada.begin()
    ada.follow()
    (post,) = ada.read(EMPTY)
    assert isinstance(post, PostMail)
    list(ada.letters.hear(MailRefused(MEETING.mailbox, post.id, "full"), NOW))
    assert ada.follow() == []
    assert ada.letters.deadline() == NOW + AGAIN_SECONDS
    assert ada.follow(NOW + AGAIN_SECONDS) == [post]
    list(ada.letters.hear(MailPosted(MEETING.mailbox, post.id), NOW + AGAIN_SECONDS))
    assert ada.follow(NOW + 2 * AGAIN_SECONDS) == []


def test_an_end_is_noticed_once_also_while_the_relay_does_not_answer() -> None:
    ada = Ada()
    offer = ada.begin()
    ada.follow()
    assert ada.letters.deadline() == offer.ends
    ada.follow(offer.ends)
    assert ada.letters.deadline() == float("inf")  # nothing to wake up for before it answers
    (closing,) = ada.read(EMPTY, offer.ends)
    assert isinstance(closing, PostMail)
    list(ada.letters.hear(MailPosted(MEETING.mailbox, closing.id), offer.ends))
    assert ada.follow(offer.ends) == [UnwatchMail(MEETING.mailbox)]
    assert not ada.letters.knows(MEETING.mailbox)
    assert not ada.library.facts_below(FACT)


def test_of_another_relay_nothing_is_recalled_and_the_secret_goes() -> None:
    ada = Ada()
    ada.begin()
    again = Ada(ada.library.facts)
    assert list(again.letters.use("https://elsewhere.example", ADAS_CARD, AT, NOW)) == []
    assert not again.library.facts_below(FACT)


def test_what_is_damaged_in_the_journal_is_forgotten() -> None:
    ada = Ada()
    ada.begin()
    ((name, fact),) = ada.library.facts_below(FACT).items()
    for damaged in (b"", fact[:-1], fact.replace(LINK.secret, b""), b"\x80" + fact):
        again = Ada({name: damaged})
        assert list(again.letters.use(URL, ADAS_CARD, AT, NOW)) == []
        assert not again.library.facts_below(FACT)


def test_a_fact_says_how_long_is_left_by_the_clock_of_the_day() -> None:
    ada = Ada()
    ada.begin()
    for later, left in ((0, 600), (599, 1), (600, 0), (9_999, 600 - 9_999), (-1, 0)):
        again = Ada(ada.library.facts)
        (offer,) = again.letters.use(URL, ADAS_CARD, AT + later * 1000, 5_000.0)
        assert offer.ends == 5_000.0 + left


def test_a_mailbox_that_is_none_of_ours_is_for_others() -> None:
    ada = Ada()
    ada.begin()
    assert ada.letters.knows(MEETING.mailbox)
    assert not ada.letters.knows(Rendezvous(bytes(16)).mailbox)
    list(ada.letters.hear(MailWaits(MEETING.mailbox), NOW))
    with pytest.raises(MalformedFrame):
        Rendezvous(bytes(16)).open(greeting_of(_posted(ada)))


def _posted(ada: Ada) -> object:
    ada.follow()
    return ada.read(EMPTY)[0]
