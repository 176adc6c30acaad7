"""
The vectors of the protocol's reference, ``docs/reference/vectors.json``.

Each says what a message is, in words of JSON, and how it looks as a frame. They
change only with the version of the protocol: a red test here means that peers
of today would no longer understand those of yesterday.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from whisker_sync.errors import MalformedFrame
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.identity.workspace import derive, discovery_tag
from whisker_sync.ids import DeviceId, WorkspaceId
from whisker_sync.sync.handshake import Handshake
from whisker_sync.wire import messages
from whisker_sync.wire.codec import decode, encode

VECTORS = json.loads(
    (Path(__file__).parents[2] / "docs" / "reference" / "vectors.json").read_text("utf-8")
)
SENDER = DeviceId(bytes.fromhex(VECTORS["sender"]))


def in_words(value: object) -> Any:
    """A message as JSON says it: bytes in hex, its kind as the first word."""
    match value:
        case bytes():
            return value.hex()
        case tuple():
            return [in_words(item) for item in value]
        case _ if dataclasses.is_dataclass(value):
            fields = {f.name: in_words(getattr(value, f.name)) for f in dataclasses.fields(value)}
            return {"is": type(value).__name__, **fields}
        case _:
            return value


@pytest.mark.parametrize("vector", VECTORS["messages"], ids=lambda vector: vector["message"]["is"])
def test_each_frame_means_what_the_reference_says(vector: dict[str, Any]) -> None:
    frame = bytes.fromhex(vector["frame"])
    message = decode(frame, SENDER)
    assert in_words(message) == vector["message"]
    if not isinstance(message, messages.Part):
        assert encode(message, SENDER) == (frame,)


def test_the_reference_has_each_message() -> None:
    named = {vector["message"]["is"] for vector in VECTORS["messages"]}
    assert named == {kind.__name__ for kind in messages.Message.__args__} | {"Part"}


@pytest.mark.parametrize("vector", VECTORS["malformed"], ids=lambda vector: vector["why"])
def test_each_malformed_frame_is_refused(vector: dict[str, str]) -> None:
    with pytest.raises(MalformedFrame):
        decode(bytes.fromhex(vector["frame"]), SENDER)


def test_keys_tags_and_proofs_are_as_the_reference_says() -> None:
    words = VECTORS["proof"]
    key = bytes.fromhex(words["workspace key"])
    assert derive(key, "handshake").hex() == words["handshake key"]
    assert discovery_tag(key, words["hour"]).hex() == words["discovery tag"]
    seeds = {side: bytes.fromhex(words[f"{side} private key"]) for side in ("dialling", "dialled")}
    nonces = {side: bytes.fromhex(words[f"n_{side}"]) for side in seeds}
    workspace = WorkspaceId(bytes.fromhex(words["workspace"]))
    binding = bytes.fromhex(words["binding"])
    standings = {
        side: messages.Standing(
            bytes.fromhex(words[f"{side} digest"]),
            tuple(bytes.fromhex(tip) for tip in words[f"{side} tips"]),
        )
        for side in seeds
    }
    alice, bob = (
        Handshake(
            DeviceKey(seeds[side]),
            workspace,
            (key,),
            standings[side],
            binding,
            nonces[side],
            dialling=side == "dialling",
        )
        for side in seeds
    )
    (challenge,) = bob.begin()
    (proof,) = alice.receive(challenge)
    (welcome,) = bob.receive(proof)
    (introduction,) = alice.receive(welcome)
    assert bob.receive(introduction) == ()
    said = [
        encode(greeting, SENDER)[0].hex() for greeting in (challenge, proof, welcome, introduction)
    ]
    assert said == words["frames"]
    assert alice.transcript.hex() == bob.transcript.hex() == words["transcript"]
    assert alice.public == DeviceKey(seeds["dialled"]).public
    assert (alice.theirs, bob.theirs) == (standings["dialled"], standings["dialling"])
    assert bob.public == DeviceKey(seeds["dialling"]).public
