"""What a relay, or somebody else who has the link, may try while others pair by letters."""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.identity.letters import PAYLOAD, UNTIL, Ada, Joiner, Relay
from tests.identity.pairs import ADA, ADAS_CARD, BOB, EVE, EVES_CARD, LINK, NOW, TERMS, device
from whisker_sync.errors import MalformedFrame, NotTheInviter, TurnedAway
from whisker_sync.identity.canonical import pack, unpack
from whisker_sync.identity.card import Card
from whisker_sync.identity.correspondence import Asking, Hosting
from whisker_sync.identity.envelope import MailKeys
from whisker_sync.identity.link import InvitationLink
from whisker_sync.identity.mailbox import MailboxKey
from whisker_sync.identity.offers import Offers, Terms
from whisker_sync.identity.pairing_messages import Reason
from whisker_sync.identity.rendezvous import (
    MAX_SEALED_CARD,
    SIZES,
    Closing,
    Decision,
    Greeting,
    Letter,
    Petition,
    Rendezvous,
)
from whisker_sync.identity.roster import Role
from whisker_sync.identity.seals import Sealer, hpke
from whisker_sync.identity.workspace import derive

YES = Terms("The Cave", yes=True)
OTHER = InvitationLink(bytes(16), ADA.device, "The Cave")


def paired() -> tuple[Relay, Ada, Joiner]:
    """Everything that is ever said, lying there."""
    relay = Relay()
    ada, bob = Ada(relay, YES), Joiner(relay)
    ada.greet()
    bob.ask()
    ada.read()
    ada.answer()
    return relay, ada, bob


# The relay.


@given(st.randoms(use_true_random=False), st.integers(1, 3))
@settings(max_examples=40)
def test_a_relay_that_replays_and_swaps_changes_nothing(dice: random.Random, times: int) -> None:
    relay, ada, bob = paired()
    relay.letters = relay.letters * times
    dice.shuffle(relay.letters)
    lying = len(relay.letters)
    ada.begin_anew()
    ada.read()
    ada.answer()
    assert len(relay.letters) == lying  # one petition, one answer
    assert len(ada.offer.seated) == 1
    for _ in range(2):  # the greeting may have come last
        bob.begin_anew()
        bob.read()
    assert bob.read() == PAYLOAD


def test_a_relay_that_keeps_back_the_greeting_learns_no_name_and_gets_no_petition() -> None:
    relay = Relay()
    Ada(relay, YES).greet()
    relay.letters.clear()
    bob = Joiner(relay)
    assert bob.read() is None
    with pytest.raises(AssertionError):
        bob.side.petition(bytes(16), bob.card)


def test_a_relay_that_keeps_back_the_petition_only_delays() -> None:
    relay = Relay()
    ada, bob = Ada(relay, YES), Joiner(relay)
    ada.greet()
    bob.ask()
    kept_back = relay.letters.pop()
    ada.read()
    ada.answer()
    assert bob.read() is None
    relay.letters.append(kept_back)
    ada.read()
    ada.answer()
    assert bob.read() == PAYLOAD


def test_a_relay_that_keeps_back_the_decision_gets_another_one_for_the_same_seat() -> None:
    relay, ada, bob = paired()
    relay.letters.pop()
    bob.begin_anew()
    assert bob.read() is None
    ada.begin_anew()
    ada.read()
    ada.answer()
    assert len(ada.offer.seated) == 1
    assert bob.read() == PAYLOAD


def test_a_relay_that_guesses_counts_as_nobody() -> None:
    relay = Relay()
    ada = Ada(relay, YES)
    ada.greet()
    dice = random.Random(1)
    relay.letters += [dice.randbytes(size) for size in SIZES for _ in range(20)]
    relay.letters += [b"", b"x" * 100, relay.letters[0][:-1], relay.letters[0][::-1]]
    ada.begin_anew()
    ada.read()
    assert ada.asking == {}
    assert ada.offer.tries == 0  # else a relay could end an invitation for the LAN as well
    assert ada.side.greeted


@given(st.data())
@settings(max_examples=60)
def test_a_relay_cannot_change_a_single_byte(data: st.DataObject) -> None:
    relay, _, _ = paired()
    which = data.draw(st.integers(0, len(relay.letters) - 1))
    letter = bytearray(relay.letters[which])
    at = data.draw(st.integers(0, len(letter) - 1))
    letter[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(MalformedFrame):
        relay.rendezvous.open(bytes(letter))


def test_a_letter_of_another_invitation_is_none_of_this() -> None:
    relay, ada, _ = paired()
    elsewhere = Rendezvous(OTHER.secret)
    assert elsewhere.mailbox != relay.rendezvous.mailbox
    for letter in relay.letters:
        with pytest.raises(MalformedFrame):
            elsewhere.open(letter)
    # Nor one that was closed anew by somebody who has both links.
    _, greeting = relay.rendezvous.open(relay.letters[0])
    bob = Asking(OTHER, BOB)
    with pytest.raises(MalformedFrame, match="somebody else"):
        bob.read(elsewhere.close(bytes(16), greeting))
    _, petition = relay.rendezvous.open(relay.letters[1])
    hosting = Hosting(elsewhere, ADA, ADAS_CARD, ada.offer)
    with pytest.raises(MalformedFrame, match="nobody"):
        hosting.read(elsewhere.close(relay.letters[1][:16], petition))


def test_a_relay_sees_neither_names_nor_titles_nor_keys() -> None:
    relay, _, _ = paired()
    everything = b"".join(relay.letters) + relay.rendezvous.mailbox
    for marker in (b"Ada", b"Bob", b"The Cave", PAYLOAD, LINK.secret, ADA.public, BOB.public):
        assert marker not in everything
    assert bytes(ADA.device) not in everything


def test_a_rendezvous_is_no_mailbox_of_a_workspace() -> None:
    key = hashlib.sha256(b"any").digest()
    mailboxes = {MailKeys(1, key).mailbox, MailboxKey.of_epoch(LINK.secret + bytes(16)).mailbox}
    assert Rendezvous(LINK.secret).mailbox not in mailboxes


# Somebody else who has the link.


def test_who_has_the_link_cannot_pose_as_the_inviter() -> None:
    relay = Relay()
    eve = Hosting(relay.rendezvous, EVE, EVES_CARD, Offers(EVE, EVES_CARD).open((), TERMS, NOW))
    relay.leave(eve.greeting(UNTIL))
    forged = eve.greeting(UNTIL)
    relay.leave(Greeting(ADAS_CARD.encode(), *_rest(forged)))
    bob = Joiner(relay)
    assert bob.read() is None
    assert bob.side.host is None


def _rest(greeting: Greeting) -> tuple[str, Role, int, int, bytes]:
    return greeting.title, greeting.role, greeting.mine, greeting.until, greeting.signature


def test_who_has_the_link_cannot_change_to_what_somebody_is_invited() -> None:
    true = Ada(Relay()).side.greeting(UNTIL)
    for forged in (
        replace(true, title="The Cellar"),
        replace(true, role=Role.OWNER),
        replace(true, mine=1),
        replace(true, until=UNTIL + 1),
    ):
        relay = Relay()
        relay.leave(forged)
        bob = Joiner(relay)
        bob.read()
        assert bob.side.host is None


def test_who_has_the_link_cannot_let_in_turn_away_or_close() -> None:
    relay = Relay()
    ada, bob = Ada(relay), Joiner(relay)
    ada.greet()
    bob.ask()
    eve = Hosting(relay.rendezvous, EVE, EVES_CARD, ada.offer)
    about = b"whatever"
    relay.leave(eve.decision(bob.id, None, hpke(BOB.box, about, b"a story of Eve's")))
    relay.leave(eve.decision(bob.id, Reason.DECLINED, b""))
    relay.leave(eve.closing(Reason.OVER))
    assert bob.read() is None
    ada.read()
    assert not ada.side.closed
    assert bob.id in ada.asking


def test_who_has_the_link_cannot_read_who_asks_nor_what_lets_them_in() -> None:
    relay, _, _ = paired()
    letters = [relay.rendezvous.open(closed)[1] for closed in relay.letters]
    eve = Joiner(relay, EVE, EVES_CARD)
    assert eve.read() is None
    for letter in letters:
        if isinstance(letter, Petition | Decision):
            assert b"Bob" not in letter.sealed
            assert PAYLOAD not in letter.sealed


def test_a_decision_for_somebody_else_is_not_ours() -> None:
    relay, _, _ = paired()
    eve = Joiner(relay, EVE, EVES_CARD)
    eve.ask()
    assert eve.read() is None


def test_a_petition_cannot_be_asked_again_under_another_id() -> None:
    relay, ada, bob = paired()
    _, petition = relay.rendezvous.open(relay.letters[1])
    ada.begin_anew()
    with pytest.raises(MalformedFrame, match="nobody"):
        ada.side.read(relay.rendezvous.close(bytes(16), petition))
    assert bob.read() == PAYLOAD


def test_a_petition_in_the_name_of_another_device_is_none() -> None:
    relay = Relay()
    ada = Ada(relay, YES)
    ada.greet()
    _, bobs_card = device("Bob")
    eve = Joiner(relay, EVE, EVES_CARD)
    eve.read()
    id_ = relay.fresh()
    sealed = eve.side.petition(id_, EVES_CARD, sealer=_with_card(bobs_card))
    relay.leave(sealed, id_)
    ada.read()
    assert ada.asking == {}


def _with_card(card: Card) -> Sealer:
    """Seals another card than the one that was signed for."""

    def seal(box: bytes, info: bytes, content: bytes) -> bytes:
        _, signature = unpack(content, MAX_SEALED_CARD, 2)
        return hpke(box, info, pack([card.encode(), signature]))

    return seal


def test_the_inviter_does_not_invite_itself() -> None:
    relay = Relay()
    ada = Ada(relay, YES)
    ada.greet()
    own = Joiner(relay, ADA, ADAS_CARD)
    assert own.read() is None
    assert own.side.host is None


def test_an_inviter_that_cannot_seal_is_told_of_plainly() -> None:
    relay = Relay()
    ada, bob = Ada(relay, YES), Joiner(relay)
    ada.greet()
    bob.ask()
    relay.leave(ada.side.decision(bob.id, None, b"nothing that opens"))
    with pytest.raises(NotTheInviter):
        bob.read()


def test_so_many_wait_by_letter_as_by_knocking() -> None:
    relay = Relay()
    ada = Ada(relay)
    ada.greet()
    crowd = [Joiner(relay, *device(f"guest {number}")) for number in range(6)]
    for joiner in crowd:
        joiner.ask()
    ada.read()
    ada.answer()
    assert len(ada.offer.waiting(NOW)) == 5  # one seat, and four more may wait
    with pytest.raises(TurnedAway, match="used already"):
        crowd[5].read()


# What is no letter.


def closed(fields: list[object]) -> bytes:
    """Anything, closed as a letter by somebody who has the link."""
    content = pack(fields)
    padded = len(content).to_bytes(4, "big") + content
    return close(padded + bytes(SIZES[0] - 32 - len(padded)))


def close(padded: bytes) -> bytes:
    """Padded content, closed as the page says, under an id of zeros."""
    secret, id_ = LINK.secret, bytes(16)
    key = ChaCha20Poly1305(derive(secret, "rendezvous letter", id_))
    context = pack([1, Rendezvous(secret).mailbox])
    return id_ + key.encrypt(bytes(12), padded, context)


@pytest.mark.parametrize(
    "fields",
    [
        [1],
        [32, 1, bytes(32), bytes(32)],
        [65, b"", "title", 9, 0, 0, bytes(64)],
        [65, b"", " title ", 2, 0, 0, bytes(64)],
        [65, b"", "title", 2, 2, 0, bytes(64)],
        [65, bytes(769), "title", 2, 0, 0, bytes(64)],
        [65, b"", "title", 2, 0, -1, bytes(64)],
        [65, b"", "title", 2, 0, 0, bytes(63)],
        [66, bytes(MAX_SEALED_CARD + 1)],
        [66, "text"],
        [67, bytes(15), 0, b"", bytes(64)],
        [67, bytes(16), 1, b"sealed", bytes(64)],
        [67, bytes(16), 4, b"", bytes(64)],
        [67, bytes(16), -1, b"", bytes(64)],
        [68, 0, bytes(64)],
        [68, 4, bytes(64)],
    ],
)
def test_what_is_malformed_is_no_letter(fields: list[object]) -> None:
    with pytest.raises(MalformedFrame):
        Relay().rendezvous.open(closed(fields))


def test_a_petition_of_the_largest_card_has_room() -> None:
    relay = Relay()
    assert relay.rendezvous.open(closed([66, bytes(MAX_SEALED_CARD)]))
    Ada(relay).greet()
    emoji = "🐈" * 64
    key, _ = device("Bob")
    bob = Joiner(relay, key, Card.issue(key, emoji, ADAS_CARD.person, emoji, 1))
    bob.ask()
    assert len(relay.letters[-1]) == SIZES[0]


def test_padding_that_holds_something_is_no_padding() -> None:
    relay = Relay()
    content = pack([68, 1, bytes(64)])
    padded = len(content).to_bytes(4, "big") + content
    padded += b"\0" * (SIZES[0] - 33 - len(padded)) + b"x"
    with pytest.raises(MalformedFrame, match="padded"):
        relay.rendezvous.open(close(padded))


def test_a_letter_says_the_same_after_closing_and_opening() -> None:
    relay = Relay()
    letters: list[Letter] = [
        Greeting(b"card", "The Cave", Role.READER, 1, UNTIL, bytes(64)),
        Petition(b"sealed"),
        Decision(bytes(16), None, b"sealed", bytes(64)),
        Decision(bytes(16), Reason.FULL, b"", bytes(64)),
        Closing(Reason.OVER, bytes(64)),
    ]
    for number, letter in enumerate(letters):
        id_ = bytes([number]) * 16
        assert relay.rendezvous.open(relay.rendezvous.close(id_, letter)) == (id_, letter)
