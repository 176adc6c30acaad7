"""Tests for :mod:`whisker_sync.wire.codec`."""

from __future__ import annotations

import zlib

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.errors import MalformedFrame
from whisker_sync.ids import DeviceId, Incarnation
from whisker_sync.record import Record
from whisker_sync.shown import plain
from whisker_sync.wire import limits
from whisker_sync.wire.codec import Assembly, decode, decode_greeting, encode
from whisker_sync.wire.messages import (
    Ack,
    Archive,
    Asset,
    Bye,
    Carried,
    Catch,
    Challenge,
    Covers,
    Greeting,
    Hello,
    Holding,
    Introduction,
    Links,
    Members,
    Message,
    Part,
    Present,
    Proof,
    Push,
    Reject,
    Rest,
    Revisions,
    Shelves,
    Standing,
    Stocked,
    Titles,
    WantAsset,
    WantRevisions,
    Welcome,
)

SENDER = DeviceId(b"s" * 32)

number = st.integers(0, (1 << 63) - 1)
small = st.integers(0, 255)
device = st.binary(min_size=32, max_size=32).map(DeviceId)
hash32 = st.binary(min_size=32, max_size=32)
hash64 = st.binary(min_size=64, max_size=64)
life = st.binary(min_size=8, max_size=8).map(Incarnation)
print16 = st.binary(min_size=16, max_size=16)
name = st.text(max_size=limits.MAX_NAME).map(plain)
reason = st.text(max_size=limits.MAX_REASON).map(plain)
document = st.text(min_size=1, max_size=limits.MAX_DOCUMENT_NAME)
record = st.builds(
    Record,
    document,
    st.binary(max_size=60),
    st.just(SENDER) | device,
    number,
    number,
    small,
    st.just(DeviceId(b"")) | device,
    st.binary(max_size=limits.MAX_SIGNATURE),
)
standings = st.builds(Standing, hash32, st.lists(hash32, max_size=limits.MAX_TIPS).map(tuple))
greeting: st.SearchStrategy[Greeting] = st.one_of(
    st.builds(Challenge, small, small, hash32),
    st.builds(Proof, small, hash32, st.lists(hash32, min_size=8, max_size=8).map(tuple)),
    st.builds(Welcome, hash32, hash32, hash64, standings),
    st.builds(Introduction, hash32, hash64, standings),
)
message: st.SearchStrategy[Message] = st.one_of(
    greeting,
    st.builds(Members, hash32, st.binary(max_size=300)),
    st.builds(
        Hello,
        life,
        life,
        number,
        number,
        st.just(Incarnation(b"")) | life,
        number,
        st.just(b"") | print16,
        st.lists(device, max_size=3).map(tuple),
        name,
        name,
        st.integers(0, 65535),
    ),
    st.builds(Push, number, st.lists(record, max_size=5).map(tuple)),
    st.builds(Ack, number),
    st.builds(Rest, number, print16),
    st.builds(
        Catch,
        st.lists(st.builds(Holding, document, print16, st.binary(max_size=50)), max_size=4).map(
            tuple
        ),
    ),
    st.builds(Links, st.lists(device, max_size=3).map(tuple)),
    st.builds(WantAsset, hash32),
    st.builds(Asset, hash32, st.none() | st.binary(max_size=100)),
    st.builds(
        Reject,
        st.text(min_size=1, max_size=limits.MAX_DOCUMENT_NAME),
        st.binary(min_size=32, max_size=32),
        reason,
        st.lists(st.tuples(number, number, number), max_size=3).map(tuple),
    ),
    st.builds(
        Present,
        st.text(min_size=1, max_size=limits.MAX_DOCUMENT_NAME),
        st.text("abc 水", max_size=limits.MAX_PLACE),
    ),
    st.builds(Archive, print16),
    st.builds(
        Shelves,
        number,
        st.dictionaries(number, st.binary(min_size=8, max_size=8), max_size=4).map(
            lambda sums: tuple(sorted(sums.items()))
        ),
    ),
    st.builds(
        Titles,
        number,
        st.sets(print16, max_size=4).map(lambda ids: tuple(sorted(ids))),
        st.booleans(),
    ),
    st.builds(WantRevisions, st.lists(print16, max_size=4).map(tuple)),
    st.builds(Revisions, st.booleans(), st.lists(st.binary(max_size=60), max_size=4).map(tuple)),
    st.builds(Bye, reason),
    st.builds(
        Covers,
        st.dictionaries(life, number, max_size=3).map(lambda tracks: tuple(sorted(tracks.items()))),
    ),
    st.builds(
        lambda lying, lacked: Stocked(tuple(sorted(lying.items())), tuple(sorted(lacked))),
        st.dictionaries(st.binary(min_size=32, max_size=32), st.integers(0, 255), max_size=3),
        st.sets(st.binary(min_size=32, max_size=32), max_size=3),
    ),
    st.builds(
        lambda incarnation, ends, cursors, assets: Carried(
            Incarnation(incarnation),
            min(ends),
            max(ends),
            tuple(
                (DeviceId(device), Incarnation(of), position)
                for device, (of, position) in sorted(cursors.items())
            ),
            tuple(sorted(assets)),
        ),
        life,
        st.tuples(number, number),
        st.dictionaries(st.binary(min_size=32, max_size=32), st.tuples(life, number), max_size=3),
        st.sets(life, max_size=3),
    ),
)


def carry(sent: Message) -> Message:
    """Encode and decode ``sent``, over as many frames as it takes."""
    assembly = Assembly()
    arrived: Message | None = None
    for frame in encode(sent, SENDER):
        assert len(frame) <= limits.MAX_FRAME
        heard = decode(frame, SENDER)
        assert arrived is None
        arrived = assembly.add(heard, SENDER) if isinstance(heard, Part) else heard
    assert arrived is not None
    return arrived


@given(message)
def test_what_is_decoded_is_what_was_encoded(sent: Message) -> None:
    assert carry(sent) == sent


@given(greeting)
def test_a_greeting_is_understood_before_any_proof(sent: Greeting) -> None:
    (frame,) = encode(sent, SENDER)
    assert decode_greeting(frame) == sent


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_malformed_frame(frame: bytes) -> None:
    try:
        decode(frame, SENDER)
    except MalformedFrame as problem:
        assert str(problem)


@given(message, st.data())
def test_a_changed_frame_is_another_message_or_malformed(
    sent: Message, data: st.DataObject
) -> None:
    frame = bytearray(encode(sent, SENDER)[0])
    place = data.draw(st.integers(0, len(frame) - 1))
    frame[place] ^= data.draw(st.integers(1, 255))
    try:
        heard = decode(bytes(frame), SENDER)
    except MalformedFrame:
        return
    if not isinstance(heard, Part):
        assert encode(heard, SENDER)[0] == bytes(frame)


@given(message, st.integers(1, 20))
def test_a_truncated_or_extended_frame_is_malformed(sent: Message, size: int) -> None:
    frame = encode(sent, SENDER)[0]
    with pytest.raises(MalformedFrame):
        decode(frame[:-size], SENDER)
    with pytest.raises(MalformedFrame):
        decode(frame + b"\x00" * size, SENDER)


@pytest.mark.parametrize(
    "value",
    [
        [6, True],
        [6, -1],
        [6, 1 << 63],
        [6, 1.0],
        [6, "1"],
        [6],
        [6, 1, 1],
        [99],
        [],
        {},
        6,
        ["6", 1],
        [7, 1, b"short"],
        [9, [b"x" * 31]],
        [9, [b"x" * 32] * (limits.MAX_LINKED + 1)],
        [5, 0, [["", b"", 0, 0]]],
        [5, 0, [["d", b"", 0, 0, SENDER, 1, b"", b""]]],
        [5, 0, [["d", b"", 0, 0, SENDER]]],
        [12, "x" * (limits.MAX_REASON + 1)],
        [13, limits.MAX_MESSAGE + 1, True, b""],
        [13, 5, True, b"x" * (limits.PART + 1)],
        [10, None],
    ],
    ids=repr,
)
def test_a_field_of_the_wrong_kind_or_size_is_malformed(value: object) -> None:
    with pytest.raises(MalformedFrame):
        decode(cbor2.dumps(value, canonical=True), SENDER)


@pytest.mark.parametrize(
    "frame",
    [
        bytes.fromhex("9f0601ff"),  # indefinite length
        bytes.fromhex("82061801"),  # 1 in two bytes
        bytes.fromhex("8206c101"),  # a date
        bytes.fromhex("8206d9d9f701"),  # a self-describing tag
        bytes.fromhex("8206d81c01"),  # a shared reference
        bytes.fromhex("82061b7fffffffffffffff00"),  # a byte too many
        b"\x81" * 5000,  # depth
        bytes.fromhex("9b00ffffffffffffff"),  # an array longer than memory
    ],
)
def test_another_spelling_is_malformed(frame: bytes) -> None:
    with pytest.raises(MalformedFrame):
        decode(frame, SENDER)


def test_a_frame_is_accepted_up_to_its_limit() -> None:
    with pytest.raises(MalformedFrame, match="in one frame"):
        decode(b"\x00" * (limits.MAX_FRAME + 1), SENDER)
    with pytest.raises(MalformedFrame, match="not an array"):
        decode(b"\x00" + b"", SENDER)


def test_a_stranger_may_send_less() -> None:
    with pytest.raises(MalformedFrame, match="before any proof"):
        decode_greeting(b"\x00" * (limits.MAX_STRANGER_FRAME + 1))


def test_a_stranger_may_only_greet() -> None:
    (frame,) = encode(Ack(1), SENDER)
    with pytest.raises(MalformedFrame, match="before any proof"):
        decode_greeting(frame)


def big_push(size: int) -> Push:
    """A push that does not compress well."""
    noise = b"".join(
        zlib.crc32(bytes([i & 255, i >> 8 & 255])).to_bytes(4) for i in range(size // 4)
    )
    return Push(7, (Record("d", noise, SENDER, 1, 2),))


def test_a_large_message_goes_in_parts() -> None:
    sent = big_push(3 * limits.PART)
    frames = encode(sent, SENDER)
    assert len(frames) > 1
    assert all(len(frame) < limits.PART + 64 for frame in frames)
    assert carry(sent) == sent


def test_typing_is_never_compressed() -> None:
    (frame,) = encode(Push(7, (Record("story", b"u" * 24, SENDER, 1 << 31, 1 << 40),)), SENDER)
    assert len(frame) < 24 + 32


def feed(*parts: Part) -> Message | None:
    assembly = Assembly()
    arrived = None
    for part in parts:
        arrived = assembly.add(part, SENDER)
    return arrived


BODY = cbor2.dumps([6, 1])
SQUEEZED = zlib.compress(BODY)


def test_parts_make_one_message() -> None:
    assert feed(Part(len(BODY), False, SQUEEZED[:4]), Part(len(BODY), True, SQUEEZED[4:])) == Ack(1)


@pytest.mark.parametrize(
    "parts",
    [
        [Part(len(BODY) + 1, True, SQUEEZED)],
        [Part(len(BODY) - 1, True, SQUEEZED)],
        [Part(len(BODY), True, SQUEEZED[:-1])],
        [Part(len(BODY), True, SQUEEZED + b"x")],
        [Part(len(BODY), True, b"not zlib")],
        [Part(len(BODY), False, SQUEEZED[:4]), Part(len(BODY) + 1, True, SQUEEZED[4:])],
        [Part(10, True, zlib.compress(b"\x00" * 1_000_000))],
    ],
)
def test_parts_that_make_no_message_are_malformed(parts: list[Part]) -> None:
    with pytest.raises(MalformedFrame):
        feed(*parts)


def test_a_part_within_parts_is_malformed() -> None:
    body = cbor2.dumps([13, len(BODY), True, SQUEEZED])
    with pytest.raises(MalformedFrame, match="within"):
        feed(Part(len(body), True, zlib.compress(body)))


def test_a_bomb_is_stopped_at_the_announced_size() -> None:
    bomb = zlib.compress(b"\x00" * (64 << 20), 9)
    assembly = Assembly()
    with pytest.raises(MalformedFrame, match="larger than announced"):
        assembly.add(Part(1000, True, bomb), SENDER)


@pytest.mark.parametrize("value", [b"\x80", b"\x00", b"\x81\x81\x00", b"\x84\x61a\x40\x00\x00"])
def test_a_message_of_too_many_values_is_malformed_before_they_are_built(value: bytes) -> None:
    count = (limits.MAX_MESSAGE >> 3) // len(value)
    body = b"\x82\x08\x9a" + count.to_bytes(4, "big") + value * count
    part = Part(len(body), True, zlib.compress(body))
    assert len(part.data) <= limits.PART
    with pytest.raises(MalformedFrame, match="values in one message"):
        Assembly().add(part, SENDER)


def test_the_fullest_messages_are_read() -> None:
    record = Record("d", b"u", DeviceId(b"d" * 32), 1, 1, 1, DeviceId(b""), b"")
    push = Push(1, (record,) * limits.MAX_RECORDS)
    catch = Catch((Holding("d", b"f" * 16, b""),) * limits.MAX_DOCUMENTS)
    assert carry(push) == push
    assert carry(catch) == catch
