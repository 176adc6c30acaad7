"""Letters as bytes."""

from __future__ import annotations

import os
from contextlib import suppress

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.test_codec import SENDER, message
from whisker_sync.errors import MalformedFrame
from whisker_sync.record import Record
from whisker_sync.wire import letters
from whisker_sync.wire.codec import encode
from whisker_sync.wire.messages import Ack, Bye, Message, Push


@given(st.lists(message, max_size=4))
def test_what_was_written_is_read(messages: list[Message]) -> None:
    assert letters.read(letters.write(messages, SENDER), SENDER) == tuple(messages)


def large(update: bytes) -> Push:
    return Push(0, (Record("story", update, SENDER, 1, 2),))


def test_large_messages_come_in_parts() -> None:
    sent = (large(os.urandom(700_000)), Ack(1), large(os.urandom(5000)))
    assert letters.read(letters.write(sent, SENDER), SENDER) == sent


@given(st.binary(max_size=60))
def test_any_bytes_are_a_letter_or_malformed(data: bytes) -> None:
    with suppress(MalformedFrame):
        assert letters.write(letters.read(data, SENDER), SENDER) == data


PARTS = encode(large(os.urandom(600_000)), SENDER)
(BYE,) = encode(Bye("so long"), SENDER)


@pytest.mark.parametrize(
    "frames",
    [
        [PARTS[0]],
        [PARTS[0], BYE, *PARTS[1:]],
        [*PARTS, PARTS[0]],
        [BYE, 7],
        [BYE, [BYE]],
        {1: BYE},
        [BYE] * (letters.MAX_FRAMES + 1),
    ],
    ids=["unfinished", "interrupted", "begun", "a number", "nested", "no array", "too many"],
)
def test_what_is_no_letter_is_refused(frames: object) -> None:
    with pytest.raises(MalformedFrame):
        letters.read(cbor2.dumps(frames), SENDER)


def test_as_many_frames_as_there_may_be_are_read() -> None:
    said = letters.read(cbor2.dumps([BYE] * letters.MAX_FRAMES), SENDER)
    assert len(said) == letters.MAX_FRAMES


def test_a_letter_beyond_the_limit_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    letter = letters.write([Bye("so long")], SENDER)
    monkeypatch.setattr(letters, "MAX_LETTER", len(letter))
    assert letters.read(letter, SENDER) == (Bye("so long"),)
    monkeypatch.setattr(letters, "MAX_LETTER", len(letter) - 1)
    with pytest.raises(MalformedFrame, match="in one letter"):
        letters.read(letter, SENDER)
