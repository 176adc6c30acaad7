"""
The vectors of ``docs/reference/envelope.md``, read from ``envelope-vectors.json``.

They are checked twice: against the code, and against the page, which is spelt out here
with nothing but CBOR and the library's ciphers. They change only with the version.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from whisker_sync.identity.contents import ContentKeys
from whisker_sync.identity.envelope import Envelope, MailKeys, Postmark
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.ids import WorkspaceId

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
VECTORS = json.loads((REFERENCE / "envelope-vectors.json").read_text("utf-8"))
ENVELOPES = VECTORS["envelopes"]
KEYS = MailKeys(VECTORS["epoch"], bytes.fromhex(VECTORS["key"]))


def told(name: str) -> bytes:
    return bytes.fromhex(VECTORS[name])


def hkdf(key: bytes, purpose: str, about: bytes = b"") -> bytes:
    info = b"whisker-sync/1 " + purpose.encode() + about
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(key)


def spell(*fields: Any) -> bytes:
    return cbor2.dumps(list(fields), canonical=True)


def postmark(vector: dict[str, Any]) -> Postmark:
    roster = (vector["roster_version"], bytes.fromhex(vector["roster_hash"]))
    seen = tuple((bytes.fromhex(track), number) for track, number in vector["seen"])
    return Postmark(roster, seen, vector["missing"])


def test_the_mailbox_is_as_the_page_says() -> None:
    pair = Ed25519PrivateKey.from_private_bytes(hkdf(told("key"), "mailbox"))
    public = pair.public_key().public_bytes_raw()
    assert public == told("mailbox_public") == KEYS.box.public
    assert hashlib.sha256(public).digest() == told("mailbox") == KEYS.mailbox
    assert spell(1, told("mailbox"), VECTORS["epoch"]) == told("context") == KEYS.context


def test_a_track_is_as_the_page_says() -> None:
    whole = hashlib.sha256(told("device_public") + told("session")).digest()
    assert whole[:8] == told("track")


@pytest.mark.parametrize("vector", ENVELOPES, ids=lambda vector: vector["what"])
def test_an_envelope_is_as_the_page_says(vector: dict[str, Any]) -> None:
    key, context = told("key"), told("context")
    header = told("device_public") + told("session") + vector["seq"].to_bytes(8, "big")
    seen = [[bytes.fromhex(track), number] for track, number in vector["seen"]]
    inner = spell(
        told("workspace"),
        vector["roster_version"],
        bytes.fromhex(vector["roster_hash"]),
        seen,
        vector["missing"],
        0,
        1,
        bytes.fromhex(vector["letter"]),
    )
    device = Ed25519PrivateKey.from_private_bytes(told("device_seed"))
    signature = device.sign(b"whisker-sync/1 envelope\0" + spell(context, header, inner))
    content = spell(inner, signature)
    id_ = hmac.digest(hkdf(key, "envelope id"), header, "sha256")[:16]
    sealing = ChaCha20Poly1305(hkdf(key, "envelope header", id_))
    hidden = sealing.encrypt(bytes(12), header, context)
    least = 16 + len(hidden) + 16 + 4 + len(content)
    size = next(size for size in (1024, 4096, 16384, 65536, 262144) if size >= least)
    padded = len(content).to_bytes(4, "big") + content + bytes(size - least)
    sealing = ChaCha20Poly1305(hkdf(key, "msg", told("device_public") + told("session")))
    body = sealing.encrypt(vector["seq"].to_bytes(12, "big"), padded, context)
    assert (id_ + hidden + body).hex() == vector["bytes"]


@pytest.mark.parametrize("vector", ENVELOPES, ids=lambda vector: vector["what"])
def test_an_envelope_is_closed_and_opened_as_the_vectors_say(vector: dict[str, Any]) -> None:
    device = DeviceKey(told("device_seed"))
    workspace, letter = WorkspaceId(told("workspace")), bytes.fromhex(vector["letter"])
    envelope = Envelope(
        workspace, device.public, told("session"), vector["seq"], postmark(vector), 0, 1, letter
    )
    sealed = bytes.fromhex(vector["bytes"])
    assert envelope.close(KEYS, device) == sealed
    assert Envelope.open(KEYS, workspace, sealed) == envelope
    assert envelope.track == told("track")


def test_a_content_is_sealed_as_the_page_says() -> None:
    key, context = told("key"), told("context")
    content = b"a picture " * 30_000
    sha256 = hashlib.sha256(content).digest()
    assert sha256.hex() == VECTORS["content"]["SHA-256"]
    pieces = ContentKeys(KEYS).close(content)
    assert len(pieces) == len(VECTORS["content"]["pieces"]) == 2
    for index, (piece, vector) in enumerate(zip(pieces, VECTORS["content"]["pieces"], strict=True)):
        name = sha256 + index.to_bytes(4, "big")
        id_ = hmac.digest(hkdf(key, "content id"), name, "sha256")[:16]
        padded = len(content).to_bytes(4, "big") + content[index * 250_000 :][:250_000]
        padded += bytes(vector["bytes"] - 32 - len(padded))
        cipher = ChaCha20Poly1305(hkdf(key, "content", name))
        assert id_ + cipher.encrypt(bytes(12), padded, context) == piece
        assert (id_.hex(), len(piece)) == (vector["id"], vector["bytes"])
        assert hashlib.sha256(piece).hexdigest() == vector["SHA-256 of the piece"]
