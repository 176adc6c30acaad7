"""
Frames: what a stranger, then a member, may send on a link.

What is decoded must encode to the bytes that came: one message has one spelling.
"""

from __future__ import annotations

import struct
import zlib
from random import Random

import cbor2

from benchmarks.fuzz.corpus import kept
from benchmarks.fuzz.mutate import NUMBERS, mutate
from benchmarks.fuzz.target import Broken, Target, Verdict
from whisker_sync.errors import MalformedFrame
from whisker_sync.ids import DeviceId, Incarnation
from whisker_sync.record import Record
from whisker_sync.wire import limits
from whisker_sync.wire.codec import Assembly, decode, decode_greeting, encode
from whisker_sync.wire.messages import (
    Ack,
    Archive,
    Asset,
    Bye,
    Catch,
    Challenge,
    Hello,
    Holding,
    Introduction,
    Links,
    Members,
    Message,
    Part,
    Proof,
    Push,
    Reject,
    Rest,
    Revisions,
    Shelves,
    Standing,
    Titles,
    WantAsset,
    WantRevisions,
    Welcome,
)

SENDER = DeviceId(b"s" * 32)
_OTHER = DeviceId(b"o" * 32)
_LIFE = Incarnation(b"lifelife")

GREETINGS: tuple[Message, ...] = (
    Challenge(1, 1, b"n" * 32),
    Proof(1, b"n" * 32, tuple(bytes([n]) * 32 for n in range(limits.MACS))),
    Welcome(b"m" * 32, b"p" * 32, b"s" * 64, Standing(b"d" * 32, (b"t" * 32, b"u" * 32))),
    Introduction(b"p" * 32, b"s" * 64, Standing(b"d" * 32, ())),
)
MESSAGES: tuple[Message, ...] = (
    Members(b"d" * 32, b"evidence"),
    Hello(b"boot" * 2, _LIFE, 1, 300, _LIFE, 70_000, b"f" * 16, (_OTHER,), "laptop", "Ada", 4711),
    Hello(b"boot" * 2, _LIFE, 1, 0, Incarnation(b""), 0, b"", (), "", "", 0),
    Push(
        9,
        (
            Record("story", b"\1\1\1\0\4\1\1t\1a\0", SENDER, 1, 1_700_000_000_000),
            Record("story", b"update", _OTHER, 1 << 32, 0, 1, SENDER, b"s" * 64),
        ),
    ),
    Push(0, ()),
    Ack(7),
    Rest(1 << 40, b"f" * 16),
    Catch((Holding("story", b"f" * 16, b"\1\1\5"), Holding("é", b"f" * 16, b""))),
    Links((_OTHER, SENDER)),
    Archive(b"t" * 16),
    Shelves(19_000, ((19_000, b"s" * 8), (20_000, b"u" * 8))),
    Titles(20_000, (b"a" * 16, b"b" * 16), is_answer=True),
    WantRevisions((b"a" * 16,)),
    Revisions(asked=True, revisions=(b"[]", b"")),
    WantAsset(b"h" * 32),
    Asset(b"h" * 32, b"picture"),
    Asset(b"h" * 32, None),
    Reject("story", b"h" * 32, "it ended a process"),
    Bye("good night"),
)
LARGE: tuple[Message, ...] = (
    Asset(b"h" * 32, Random(1).randbytes(limits.COMPRESS_FROM)),
    Push(3, tuple(Record("story", bytes([n]) * 700, SENDER, 1, n) for n in range(9))),
    Asset(b"h" * 32, Random(2).randbytes(limits.PART + 1000)),
)

_VALUES: tuple[object, ...] = (-1, 1.5, None, True, False, "", b"", "é", [], {}, [0])
_NAN = b"\xf9\x7e\x00"
WORDS = (
    *(cbor2.dumps(number) for number in NUMBERS),
    *(cbor2.dumps(value) for value in _VALUES),
    *(b"\x1b" + struct.pack(">Q", n) for n in (0, 23, (1 << 63) - 1, 1 << 63)),
    *(b"\x18\x05", b"\x19\x00\x05", _NAN, b"\xf7", b"\xf6", b"\x80", b"\x9f", b"\xff", b"\x5f"),
    *(b"\x9b" + b"\x7f" * 8, b"\xbb" + b"\xff" * 8, b"\x5b" + b"\xff" * 8, b"\x7a\xff\xff\xff\xff"),
    *(b"\xc0\x60", b"\xc1\x00", b"\xc2\x41\xff", b"\xc4\x82\x1b" + b"\x7f" * 8 + b"\x01"),
    *(
        b"\xc5\x82\x1a\x7f\xff\xff\xff\x01",
        b"\xd8\x1c\x80",
        b"\xd8\x1d\x00",
        b"\xd8\x1e\x82\x01\x00",
    ),
    *(b"\xd8\x23\x61(", b"\xd8\x25\x40", b"\xd9\x01\x00\x80", b"\xd9\xd9\xf7", b"\x81", b"\xa1"),
)
"""What CBOR is made of, and what decoders of it have stumbled over."""


class Frame(Target):
    """:func:`whisker_sync.wire.codec.decode`."""

    def __init__(self) -> None:
        frames = [
            frame for each in (*GREETINGS, *MESSAGES, *LARGE[:2]) for frame in encode(each, SENDER)
        ]
        super().__init__([*frames, *kept("frame").values()], WORDS)

    def judge(self, case: int, data: bytes) -> Verdict:
        """It is one message in its only spelling, or malformed."""
        try:
            message = decode(data, SENDER)
        except MalformedFrame:
            return Verdict.REFUSED
        if isinstance(message, Part):
            again = cbor2.dumps([13, message.size, message.last, message.data], canonical=True)
            if again != data:
                raise Broken("a part has another spelling")
        else:
            _same(message, data)
        return Verdict.ACCEPTED


class Greeting(Target):
    """:func:`whisker_sync.wire.codec.decode_greeting`."""

    def __init__(self) -> None:
        frames = [frame for each in (*GREETINGS, *MESSAGES) for frame in encode(each, SENDER)]
        super().__init__([*frames, *kept("greeting").values()], WORDS)

    def draw(self, dice: Random) -> bytes:
        """Mostly from greetings."""
        sample = dice.choice(self.samples[: len(GREETINGS)] if dice.randrange(4) else self.samples)
        return mutate(dice, sample, self.samples, self.words)

    def judge(self, case: int, data: bytes) -> Verdict:
        """It is a greeting in its only spelling, or malformed."""
        try:
            message = decode_greeting(data)
        except MalformedFrame:
            return Verdict.REFUSED
        _same(message, data)
        return Verdict.ACCEPTED


class Parts(Target):
    """
    :class:`whisker_sync.wire.codec.Assembly`, behind :func:`~whisker_sync.wire.codec.decode`.

    A case is a list of frames, each with four bytes of length before it.
    """

    def __init__(self) -> None:
        made = [pack([bytes(frame) for frame in encode(each, SENDER)]) for each in LARGE]
        small = [pack(split(encode_body(each), 64)) for each in (*GREETINGS, *MESSAGES)]
        super().__init__([*made[:2], *small, *kept("parts").values()], WORDS)
        self._wide = made[2]
        self._bodies = [encode_body(each) for each in (*GREETINGS, *MESSAGES, LARGE[1])]

    def draw(self, dice: Random) -> bytes:
        """A message in parts that is changed before or after it was cut, or parts of several."""
        match dice.randrange(8):
            case 0 | 1 | 2:
                body = mutate(dice, dice.choice(self._bodies), self._bodies, self.words)
                return pack(split(body, dice.choice((1, 9, 64, 5000))))
            case 3 | 4:
                frames = unpack(dice.choice(self.samples))
                at = dice.randrange(len(frames) or 1)
                frames[at : at + 1] = [mutate(dice, b"".join(frames[at : at + 1]), frames or [b""])]
                return pack(frames)
            case 5:
                frames = unpack(dice.choice(self.samples)) + unpack(dice.choice(self.samples))
                dice.shuffle(frames)
                return pack(frames)
            case 6 if not dice.randrange(200):
                return pack(bomb(dice))
            case 6 if not dice.randrange(50):
                return self._wide
            case _:
                return super().draw(dice)

    def judge(self, case: int, data: bytes) -> Verdict:
        """Whatever the parts make is one message in its only spelling."""
        assembly = Assembly()
        verdict = Verdict.REFUSED
        for frame in unpack(data):
            try:
                heard = decode(frame, SENDER)
                message = assembly.add(heard, SENDER) if isinstance(heard, Part) else heard
            except MalformedFrame:
                break  # whoever sent it is hung up on
            if message is not None:
                verdict = Verdict.ACCEPTED
                _same(message, encode_body(message))
        return verdict


def _same(message: Message, body: bytes) -> None:
    """Check that a message is spelled and carried as it should be."""
    if encode_body(message) != body:
        raise Broken(f"{type(message).__name__} has another spelling")


def encode_body(message: Message) -> bytes:
    """The bytes of a message before it is cut into parts."""
    frames = encode(message, SENDER)
    if len(frames) == 1 and len(frames[0]) < limits.COMPRESS_FROM and frames[0][1:2] != b"\x0d":
        return frames[0]
    squeezed = b"".join(cbor2.loads(frame)[3] for frame in frames)
    return zlib.decompress(squeezed)


def split(body: bytes, size: int) -> list[bytes]:
    """The frames that carry some bytes in parts of a size."""
    squeezed = zlib.compress(body, 6)
    cuts = range(0, len(squeezed), size)
    parts = [
        [13, len(body), cut + size >= len(squeezed), squeezed[cut : cut + size]] for cut in cuts
    ]
    return [cbor2.dumps(part, canonical=True) for part in parts]


def bomb(dice: Random) -> list[bytes]:
    """A message that is small on the way and large at its end."""
    piece = dice.choice(
        (b"\0", b"\x80", b"\x60", b"\x40", b"\xf6", b"\x84\x61a\x40\0\0", b"\x81\x81\0")
    )
    count = (dice.choice((1, 8, limits.MAX_MESSAGE >> 20)) << 20) // len(piece) - 64
    head = dice.choice((b"\x82\x08", b"\x83\x05\x00", b"\x82\x09", b""))
    return split(head + b"\x9a" + count.to_bytes(4, "big") + piece * count, limits.PART)


def pack(frames: list[bytes]) -> bytes:
    """Frames in one case."""
    return b"".join(len(frame).to_bytes(4, "big") + frame for frame in frames)


def unpack(case: bytes) -> list[bytes]:
    """The frames of a case, as far as it goes."""
    frames, at = [], 0
    while at + 4 <= len(case):
        end = at + 4 + int.from_bytes(case[at : at + 4], "big")
        frames.append(case[at + 4 : end])
        at = end
    return frames
