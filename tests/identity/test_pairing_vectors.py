"""
The vectors of ``docs/reference/pairing.md``, read from ``pairing-vectors.json``.

They are checked twice: against the code, and against the page, which is spelt out here
with nothing but hashes and CBOR. They change only with the version of the pairing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from whisker_sync.errors import MalformedFrame, TurnedAway
from whisker_sync.identity.card import Card
from whisker_sync.identity.correspondence import Asking
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.identity.link import InvitationLink, PairingKey
from whisker_sync.identity.offers import Offers, Terms, Verdict
from whisker_sync.identity.pairing import Inviter, Joiner
from whisker_sync.identity.pairing_messages import Reason, Refusal, decode, encode
from whisker_sync.identity.roster import Role
from whisker_sync.identity.spoken import SpokenCode
from whisker_sync.identity.words import WORDS, to_number
from whisker_sync.ids import Address, DeviceId

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
VECTORS = json.loads((REFERENCE / "pairing-vectors.json").read_text("utf-8"))
TALK = VECTORS["conversation"]
FRAMES = {name: bytes.fromhex(frame) for name, frame in TALK["frames"].items()}


def told(name: str) -> bytes:
    return bytes.fromhex(TALK[name])


def hkdf(key: bytes, purpose: str) -> bytes:
    info = b"whisker-sync/1 " + purpose.encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(key)


def spell(*fields: Any) -> bytes:
    return cbor2.dumps(list(fields), canonical=True)


def test_a_link_is_as_the_page_says() -> None:
    link = VECTORS["link"]
    secret, inviter = bytes.fromhex(link["secret"]), bytes.fromhex(link["inviter"])
    packed = spell(2, secret, inviter, link["title"], link["addresses"], link["relay"])
    text = "whisker:join#" + base64.urlsafe_b64encode(packed).decode().rstrip("=")
    assert text == link["text"]
    assert hkdf(secret, "invitation link").hex() == link["key"]
    assert hkdf(secret, "invitation tag")[:8].hex() == link["tag"]


def test_a_link_is_read_as_the_vectors_say() -> None:
    link = VECTORS["link"]
    addresses = tuple(Address(host, port) for host, port in link["addresses"])
    secret, inviter = bytes.fromhex(link["secret"]), DeviceId(bytes.fromhex(link["inviter"]))
    made = InvitationLink(secret, inviter, link["title"], addresses, link["relay"])
    assert made.link() == link["text"]
    assert InvitationLink.parse(link["text"]) == made
    key, tag = bytes.fromhex(link["key"]), bytes.fromhex(link["tag"])
    assert made.pairing_key() == PairingKey(key, tag, inviter)


def test_a_code_is_as_the_page_and_the_vectors_say() -> None:
    vector = VECTORS["code"]
    nameplate, words = vector["text"].split("-", 1)
    salt = f"whisker-sync/1 invitation words {nameplate}".encode()
    key = hashlib.scrypt(words.encode(), salt=salt, n=2**17, r=8, p=1, dklen=32, maxmem=2**28)
    assert key.hex() == vector["key"]
    assert hkdf(nameplate.encode(), "invitation nameplate")[:8].hex() == vector["tag"]
    code = SpokenCode.parse(vector["text"])
    assert to_number(code.words) == vector["number of the words"]
    assert code.stretch() == PairingKey(key, bytes.fromhex(vector["tag"]))


def test_the_page_names_the_list_of_words() -> None:
    listed = hashlib.sha256(" ".join(WORDS).encode()).hexdigest()
    assert listed in (REFERENCE / "pairing.md").read_text("utf-8")


def test_a_conversation_is_as_the_page_says() -> None:
    binding, n_inviter, n_joiner = told("binding"), told("n_dialled"), told("n_joiner")
    said = b"whisker-sync/1 pairing transcript\0" + spell(1, binding, n_inviter, n_joiner)
    t = hashlib.sha256(said).digest()
    assert t.hex() == TALK["transcript"]

    ada, bob = told("inviter card"), told("joiner card")
    terms = TALK["title"], TALK["role"], TALK["mine"]
    statements = {
        "C": spell("join C", t),
        "S": spell("join S", t, ada, *terms),
        "J": spell("join J", t, bob),
    }
    macs = {
        name: hmac.digest(told("invitation key"), b"whisker-sync/1 pairing\0" + said, "sha256")
        for name, said in statements.items()
    }
    assert FRAMES["Knock"] == spell(32, 1, n_joiner, macs["C"])
    *answer, signed = cbor2.loads(FRAMES["Answer"])
    assert answer == [33, ada, *terms, macs["S"]]
    public(ada).verify(signed, b"whisker-sync/1 pairing\0" + statements["S"])
    *request, signed = cbor2.loads(FRAMES["Request"])
    assert request == [34, bob, macs["J"]]
    public(bob).verify(signed, b"whisker-sync/1 pairing\0" + statements["J"])


MEET = VECTORS["rendezvous"]
LETTERS = MEET["letters"]


def test_a_rendezvous_is_as_the_page_says() -> None:
    secret = bytes.fromhex(MEET["secret"])
    seed = hkdf(secret, "rendezvous mailbox")
    box = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    mailbox = hashlib.sha256(box).digest()
    assert mailbox.hex() == MEET["mailbox"]
    for name, letter in LETTERS.items():
        assert hashlib.sha256(closed(name)).hexdigest() == letter["SHA-256 of the letter"]


def test_what_is_said_at_a_rendezvous_is_as_the_page_says() -> None:
    mailbox, ada, bob = bytes.fromhex(MEET["mailbox"]), told("inviter card"), told("joiner card")
    purpose, petition = b"whisker-sync/1 pairing\0", bytes.fromhex(LETTERS["Petition"]["id"])
    terms = TALK["title"], TALK["role"], TALK["mine"], MEET["until"]
    *greeting, signed = content("Greeting")
    assert greeting == [65, ada, *terms]
    public(ada).verify(signed, purpose + spell("left S", mailbox, ada, *terms))

    number, sealed = content("Petition")
    info = b"whisker-sync/1 pairing petition\0"
    info += spell(mailbox, petition, hashlib.sha256(raw(ada)).digest())
    card, signed = cbor2.loads(opened(sealed, "inviter", info))
    assert (number, card) == (66, bob)
    public(bob).verify(signed, purpose + spell("left J", mailbox, petition, bob))

    for name, reason in (("Decision", 0), ("Refusal", 1)):
        *decision, signed = content(name)
        assert decision[:3] == [67, petition, reason]
        said = spell("left A", mailbox, petition, reason, decision[3])
        public(ada).verify(signed, purpose + said)
    said = b"whisker-sync/1 rendezvous transcript\0" + spell(mailbox, petition)
    info = b"whisker-sync/1 pairing admission\0"
    info += spell(hashlib.sha256(said).digest(), hashlib.sha256(raw(ada)).digest(), bob)
    assert opened(content("Decision")[3], "joiner", info) == told("payload")
    assert content("Refusal")[3] == b""

    assert content("Closing")[:2] == [68, 3]
    public(ada).verify(content("Closing")[2], purpose + spell("left X", mailbox, 3))


def content(name: str) -> list[Any]:
    fields: list[Any] = cbor2.loads(bytes.fromhex(LETTERS[name]["content"]))
    return fields


def opened(sealed: bytes, whose: str, info: bytes) -> bytes:
    seed = hkdf(told(f"{whose} private key"), "device box")
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
    return suite.decrypt(sealed, X25519PrivateKey.from_private_bytes(seed), info=info)


def test_letters_are_read_as_the_vectors_say() -> None:
    bob, card = DeviceKey.load(told("joiner private key")), Card.decode(told("joiner card"))
    ada = Card.decode(told("inviter card"))
    asking = Asking(InvitationLink(bytes.fromhex(MEET["secret"]), ada.device, "The Cave"), bob)
    asking.asked(bytes.fromhex(LETTERS["Petition"]["id"]), card)
    for name in ("Greeting", "Petition", "Decision", "Closing"):
        asking.read(closed(name))
    asking.at_the_end()
    assert asking.payload == told("payload")
    with pytest.raises(TurnedAway, match="said no"):
        asking.read(closed("Refusal"))


def closed(name: str) -> bytes:
    """A letter as a relay keeps it, made from its content."""
    id_ = bytes.fromhex(LETTERS[name]["id"])
    padded = bytes.fromhex(LETTERS[name]["content"])
    padded = len(padded).to_bytes(4, "big") + padded
    padded += bytes(LETTERS[name]["bytes"] - 32 - len(padded))
    info = b"whisker-sync/1 rendezvous letter" + id_
    secret = bytes.fromhex(MEET["secret"])
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret)
    return id_ + ChaCha20Poly1305(key).encrypt(
        bytes(12), padded, spell(1, bytes.fromhex(MEET["mailbox"]))
    )


def raw(card: bytes) -> bytes:
    key: bytes = cbor2.loads(cbor2.loads(card)[0])[1]
    return key


def public(card: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(raw(card))


def test_a_conversation_is_held_as_the_vectors_say() -> None:
    ada, bob = (DeviceKey.load(told(f"{side} private key")) for side in ("inviter", "joiner"))
    cards = [Card.decode(told(f"{side} card")) for side in ("inviter", "joiner")]
    invited = PairingKey(told("invitation key"), bytes(8), ada.device)
    offers = Offers(ada, cards[0])
    terms = Terms(TALK["title"], Role(TALK["role"]), bool(TALK["mine"]), yes=True)
    offers.open((invited,), terms, 0.0)
    inviter = Inviter(offers, told("binding"), told("n_dialled"), "192.0.2.9")
    joiner = Joiner(invited, bob, told("binding"), told("n_dialled"), told("n_joiner"))

    assert joiner.begin() == FRAMES["Knock"]
    assert inviter.receive(FRAMES["Knock"], 0.0) == (FRAMES["Answer"],)
    joiner.receive(FRAMES["Answer"])
    assert joiner.request(cards[1]) == FRAMES["Request"]
    assert inviter.receive(FRAMES["Request"], 0.0) == ()
    assert inviter.verdict(0.0) is Verdict.ADMIT
    joiner.receive(FRAMES["Admission"])
    assert joiner.payload == told("payload")


@pytest.mark.parametrize("name", [reason.name for reason in Reason])
def test_each_refusal_is_as_the_vectors_say(name: str) -> None:
    frame = bytes.fromhex(VECTORS["refusals"][name])
    assert encode(Refusal(Reason[name])) == frame
    assert decode(frame) == Refusal(Reason[name])
    assert len(VECTORS["refusals"]) == len(Reason)


@pytest.mark.parametrize("vector", VECTORS["malformed"], ids=lambda vector: vector["why"])
def test_each_malformed_frame_is_refused(vector: dict[str, Any]) -> None:
    frame = bytes.fromhex(vector["frame"]) + bytes(vector.get("zeros after it", 0))
    with pytest.raises(MalformedFrame):
        decode(frame)
