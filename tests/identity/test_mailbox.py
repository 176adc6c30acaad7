from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.identity.mailbox import STAMP_BYTES, MailboxKey, Stamp, mailbox_of

VECTORS = json.loads(
    (Path(__file__).parents[2] / "docs/reference/relay-vectors.json").read_text("utf-8")
)

KEY = MailboxKey(bytes(range(32)))
TARGET = "/v1/mailboxes/00/entries?after=7"


def stamp(**changes: Any) -> Stamp:
    asked: dict[str, Any] = {
        "key": KEY,
        "method": "GET",
        "target": TARGET,
        "body": b"",
        "time": 1_800_000_000,
        "nonce": bytes(16),
    }
    return Stamp.sign(**asked | changes)


@pytest.mark.parametrize("vector", VECTORS["stamps"], ids=lambda vector: vector["name"])
def test_a_stamp_is_what_the_reference_says(vector: dict[str, Any]) -> None:
    body, nonce = bytes.fromhex(vector["body"]), bytes.fromhex(vector["nonce"])
    made = Stamp.sign(
        MailboxKey(bytes.fromhex(vector["seed"])),
        vector["method"],
        vector["target"],
        body,
        vector["time"],
        nonce,
    )
    assert made.mailbox.hex() == vector["mailbox"]
    assert made.encode() == vector["authorization"]

    # And once more from the words of the reference, without our code.
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(vector["seed"]))
    public = private.public_key().public_bytes_raw()
    digest = hashlib.sha256(body).digest()
    mailbox = hashlib.sha256(public).digest()
    fields = [vector["method"], vector["target"], mailbox, digest, vector["time"], nonce]
    signed = b"whisker-sync/1 relay request\0" + cbor2.dumps(fields, canonical=True)
    data = public + vector["time"].to_bytes(8, "big") + nonce + digest + private.sign(signed)
    encoded = base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    assert vector["authorization"] == f"Whisker {encoded}"


def test_the_key_of_an_epoch_has_one_mailbox_and_another_epoch_another() -> None:
    keys = [MailboxKey.of_epoch(bytes([number]) * 32) for number in (1, 1, 2)]
    assert keys[0].mailbox == keys[1].mailbox == mailbox_of(keys[0].public)
    assert keys[2].mailbox != keys[0].mailbox


def test_a_stamp_proves_its_request() -> None:
    assert stamp().proves("GET", TARGET)
    assert Stamp.decode(stamp().encode()) == stamp()


@pytest.mark.parametrize(
    "changed",
    [
        {"public": MailboxKey(bytes(32)).public},
        {"time": 1_800_000_001},
        {"nonce": bytes(15) + b"\1"},
        {"body": hashlib.sha256(b"another").digest()},
        {"signature": bytes(64)},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_stamp_that_was_changed_proves_nothing(changed: dict[str, Any]) -> None:
    assert not replace(stamp(), **changed).proves("GET", TARGET)


def test_a_stamp_proves_no_other_request() -> None:
    assert not stamp().proves("DELETE", TARGET)
    assert not stamp().proves("GET", TARGET.replace("7", "8"))


def test_a_key_that_anybody_can_sign_for_opens_no_mailbox() -> None:
    anybody = Stamp(bytes(32), 1_800_000_000, bytes(16), hashlib.sha256(b"").digest(), bytes(64))
    # Of eight nonces one makes that signature fit, if nobody looks at the key.
    assert not any(
        replace(anybody, nonce=bytes([number]) * 16).proves("GET", TARGET) for number in range(99)
    )


def test_a_signature_for_something_else_is_no_stamp() -> None:
    genuine = stamp()
    forged = KEY.sign("roster", genuine._signed("GET", TARGET))
    assert not replace(genuine, signature=forged).proves("GET", TARGET)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Whisker",
        "Whisker ",
        "Whisker é",
        "Basic dXNlcjpwYXNz",
        stamp().encode()[:-1],
        stamp().encode() + "A",
        stamp().encode() + "=",
        stamp().encode() + " ",
        stamp().encode().replace("Whisker ", "Whisker  "),
        stamp().encode().replace("Whisker", "whisker"),
    ],
)
def test_whatever_is_spelt_otherwise_is_no_stamp(header: str) -> None:
    assert Stamp.decode(header) is None


@given(st.binary(min_size=STAMP_BYTES, max_size=STAMP_BYTES))
def test_any_152_bytes_are_a_stamp_in_one_spelling(data: bytes) -> None:
    header = "Whisker " + base64.urlsafe_b64encode(data).decode().rstrip("=")
    found = Stamp.decode(header)
    assert found is not None
    assert found.encode() == header


@given(st.text())
def test_any_text_is_a_stamp_or_nothing(text: str) -> None:
    found = Stamp.decode(f"Whisker {text}")
    assert found is None or found.encode() == f"Whisker {text}"


def test_a_mailbox_key_does_not_show_itself() -> None:
    assert bytes(range(32)).hex() not in repr(KEY)
