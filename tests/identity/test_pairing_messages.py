"""Tests for :mod:`whisker_sync.identity.pairing_messages`."""

from __future__ import annotations

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.errors import MalformedFrame
from whisker_sync.identity.card import MAX_CARD
from whisker_sync.identity.link import MAX_TITLE, title_of
from whisker_sync.identity.pairing_messages import (
    MAX_ADMISSION_FRAME,
    MAX_PAIRING_FRAME,
    Admission,
    Answer,
    Knock,
    PairingMessage,
    Reason,
    Refusal,
    Request,
    decode,
    encode,
    is_pairing,
)
from whisker_sync.identity.roster import Role

nonces = macs = st.binary(min_size=32, max_size=32)
signatures = st.binary(min_size=64, max_size=64)
cards = st.binary(min_size=1, max_size=MAX_CARD)
messages = st.one_of(
    st.builds(Knock, st.integers(0, 255), nonces, macs),
    st.builds(
        Answer,
        cards,
        st.text(max_size=MAX_TITLE).map(title_of),
        st.sampled_from(Role),
        st.integers(0, 1),
        macs,
        signatures,
    ),
    st.builds(Request, cards, macs, signatures),
    st.builds(Admission, st.binary(max_size=2000)),
    st.builds(Refusal, st.sampled_from(Reason)),
)

MAC, SIGNATURE, CARD = bytes(32), bytes(64), b"card"


@given(messages)
def test_a_message_is_read_as_it_was_written(message: PairingMessage) -> None:
    frame = encode(message)
    assert decode(frame) == message
    assert is_pairing(frame)


def test_the_largest_messages_fit_before_anybody_is_let_in() -> None:
    title, card = "\U0001f31a" * MAX_TITLE, bytes(MAX_CARD)
    frame = encode(Answer(card, title, Role.OWNER, 1, MAC, SIGNATURE))
    assert len(frame) <= MAX_PAIRING_FRAME
    assert encode(decode(frame)) == frame


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_malformed(frame: bytes) -> None:
    try:
        message = decode(frame)
    except MalformedFrame:
        return
    assert encode(message) == frame


@given(messages, st.data())
def test_a_changed_message_is_another_or_malformed(
    message: PairingMessage, data: st.DataObject
) -> None:
    frame = bytearray(encode(message))
    place = data.draw(st.integers(0, len(frame) - 1))
    frame[place] ^= data.draw(st.integers(1, 255))
    try:
        changed = decode(bytes(frame))
    except MalformedFrame:
        return
    assert changed != message
    assert encode(changed) == frame


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [32],
        [31, 1, MAC, MAC],
        [37, 1],
        [32, 256, MAC, MAC],
        [32, -1, MAC, MAC],
        [32, True, MAC, MAC],
        [32, 1, MAC[1:], MAC],
        [32, 1, MAC, MAC + b"x"],
        [32, 1, MAC, MAC, MAC],
        [33, CARD, "a\nb", 1, 0, MAC, SIGNATURE],
        [33, CARD, " a", 1, 0, MAC, SIGNATURE],
        [33, CARD, "a" * (MAX_TITLE + 1), 1, 0, MAC, SIGNATURE],
        [33, CARD, "a", 0, 0, MAC, SIGNATURE],
        [33, CARD, "a", 4, 0, MAC, SIGNATURE],
        [33, CARD, "a", [1], 0, MAC, SIGNATURE],
        [33, CARD, "a", 1, 2, MAC, SIGNATURE],
        [33, CARD, "a", 1, 0, MAC, SIGNATURE[1:]],
        [34, bytes(MAX_CARD + 1), MAC, SIGNATURE],
        [34, "card", MAC, SIGNATURE],
        [35, "sealed"],
        [36, 0],
        [36, 4],
        [36, [1]],
        [36, 1.0],
        {32: 1},
        cbor2.CBORTag(37, bytes(16)),
        [36, cbor2.CBORTag(2, b"\x01")],
    ],
)
def test_what_a_field_may_not_be_is_malformed(fields: object) -> None:
    with pytest.raises(MalformedFrame):
        decode(cbor2.dumps(fields, canonical=True))


def test_another_spelling_is_malformed() -> None:
    frame = encode(Refusal(Reason.FULL))
    assert decode(frame) == Refusal(Reason.FULL)
    for other in (frame + b"\0", b"\x9f" + frame[1:] + b"\xff", frame[:-1] + b"\x18\x02"):
        with pytest.raises(MalformedFrame):
            decode(other)


def test_a_frame_beyond_its_limit_is_malformed() -> None:
    whole = Admission(bytes(MAX_PAIRING_FRAME - 6))
    assert decode(encode(whole)) == whole
    frame = encode(Admission(bytes(MAX_PAIRING_FRAME - 5)))
    with pytest.raises(MalformedFrame, match="4097 bytes, where 4096 are the limit"):
        decode(frame)
    assert encode(decode(frame, MAX_ADMISSION_FRAME)) == frame


@pytest.mark.parametrize("frame", [b"", b"\x84", b"\x84\x18", b"\x84\x18\x1f\x00", b"\x84\x00\x01"])
def test_what_is_no_pairing_is_not_taken_for_one(frame: bytes) -> None:
    assert not is_pairing(frame)


def test_each_reason_has_a_sentence() -> None:
    assert len({reason.sentence for reason in Reason}) == len(Reason)
