"""
Letters: messages for all others, as the bytes that envelopes carry.

A letter is a CBOR array of the frames that a link would carry, so a large message is in
parts here, too. Any bytes are either exactly one letter or a
:exc:`~whisker_sync.errors.MalformedFrame`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cbor2

from whisker_sync.errors import MalformedFrame
from whisker_sync.ids import DeviceId
from whisker_sync.wire import limits
from whisker_sync.wire.codec import Assembly, canonical, decode, encode
from whisker_sync.wire.messages import Message, Part

MAX_LETTER = limits.MAX_MESSAGE
"""Bytes of one letter."""

MAX_FRAMES = 1024
"""Frames in one letter."""


def write(messages: Iterable[Message], sender: DeviceId) -> bytes:
    """The letter with these messages of ``sender``."""
    frames = [frame for message in messages for frame in encode(message, sender)]
    return canonical(frames)


def read(letter: bytes, sender: DeviceId) -> tuple[Message, ...]:
    """
    The messages in a letter of ``sender``.

    Raises:
        MalformedFrame: It is none, or one of the messages is none.
    """
    return tuple(_messages(_frames(letter), sender))


def _frames(letter: bytes) -> list[bytes]:
    if len(letter) > MAX_LETTER:
        raise MalformedFrame(f"{len(letter)} bytes in one letter")
    try:
        frames = cbor2.loads(letter, max_depth=2, allow_indefinite=False)
    except Exception as problem:  # whatever cbor2 makes of hostile bytes
        raise MalformedFrame(f"not CBOR: {type(problem).__name__}") from None
    if type(frames) is not list or len(frames) > MAX_FRAMES:
        raise MalformedFrame("not an array of frames")
    if any(type(frame) is not bytes for frame in frames) or canonical(frames) != letter:
        raise MalformedFrame("not an array of frames in the one spelling it has")
    return frames


def _messages(frames: Iterable[bytes], sender: DeviceId) -> Iterator[Message]:
    assembly, parts = Assembly(), 0
    for frame in frames:
        message = decode(frame, sender)
        if isinstance(message, Part):
            whole = assembly.add(message, sender)
            parts = 0 if whole is not None else parts + 1
            if whole is not None:
                yield whole
        elif parts:
            raise MalformedFrame("a message within the parts of another")
        else:
            yield message
    if parts:
        raise MalformedFrame("a letter that ends within a message")
