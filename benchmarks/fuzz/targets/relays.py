"""
What a relay and its clients read of each other: pages, stamps, and what a snapshot is to be.

A client believes no relay, and a relay no client.
"""

from __future__ import annotations

import base64
import json
from random import Random

from benchmarks.fuzz.corpus import kept
from benchmarks.fuzz.mutate import mutate
from benchmarks.fuzz.target import Broken, Target, Verdict
from whisker_sync.errors import MalformedFrame
from whisker_sync.identity.mailbox import SCHEME, STAMP_BYTES, MailboxKey, Stamp
from whisker_sync.ids import Incarnation
from whisker_sync.relay.refusals import Refusal
from whisker_sync.relay.server import snapshot_of
from whisker_sync.wire.relay import (
    ID_BYTES,
    MAX_POSITION,
    MAX_SNAPSHOT_BLOBS,
    Entry,
    Page,
    read_target,
)

_KEY = MailboxKey(b"k" * 32)
_NUMBERS = (b"\0" * 8, b"\xff" * 8, (1 << 53).to_bytes(8, "big"), b"\0\0\0\0", b"\0\x10\0\1")


class Pages(Target):
    """:class:`whisker_sync.wire.relay.Page`, from a relay that may be hostile."""

    def __init__(self) -> None:
        life = Incarnation(b"12345678")
        entries = tuple(Entry(bytes([n]) * ID_BYTES, bytes(n * 40)) for n in range(4))
        pages = (
            Page(life, 1, 0, 1, ()),
            Page(life, 40, 50, 42, entries),
            Page(life, 7, MAX_POSITION - 1, 7, entries[:1]),
        )
        super().__init__([*(page.encode() for page in pages), *kept("entries").values()], _NUMBERS)

    def judge(self, case: int, data: bytes) -> Verdict:
        """It is one page in its only spelling, or malformed."""
        try:
            page = Page.decode(data)
        except MalformedFrame as problem:
            str(problem)
            return Verdict.REFUSED
        if page.encode() != data:
            raise Broken("a page has another spelling")
        if not 1 <= page.first <= page.start <= page.last + 1 <= page.head + 1:
            raise Broken("a page that is nowhere in its mailbox")
        return Verdict.ACCEPTED


class Stamps(Target):
    """:class:`whisker_sync.identity.mailbox.Stamp`, from anybody on the internet."""

    def __init__(self) -> None:
        self._target = read_target(_KEY.mailbox, 7)
        stamp = Stamp.sign(_KEY, "GET", self._target, b"", 1_800_000_000, b"n" * 16)
        self._good = stamp.encode().encode()
        words = (b"Whisker ", b"=", b"-", b"_", b"+", b"/", b" ", b"A" * 8)
        super().__init__([self._good, *kept("stamp").values()], words)

    def draw(self, dice: Random) -> bytes:
        """Changed as it is sent, or below its armour, and then it has its length."""
        if dice.randrange(2):
            return super().draw(dice)
        packed = base64.urlsafe_b64decode(self._good.removeprefix(SCHEME.encode() + b" ") + b"=")
        changed = mutate(dice, packed, [packed], ())[:STAMP_BYTES].ljust(STAMP_BYTES, b"\0")
        return SCHEME.encode() + b" " + base64.urlsafe_b64encode(changed).rstrip(b"=")

    def judge(self, case: int, data: bytes) -> Verdict:
        """It is one stamp in its only spelling, and proves nothing if it was changed."""
        header = data.decode("latin-1")
        stamp = Stamp.decode(header)
        if stamp is None:
            return Verdict.REFUSED
        if stamp.encode() != header:
            raise Broken("a stamp has another spelling")
        if stamp.proves("GET", self._target) and data != self._good:
            raise Broken("a stamp was changed and proves the same")
        return Verdict.ACCEPTED


class Snapshots(Target):
    """What a snapshot is to be, in JSON."""

    def __init__(self) -> None:
        names = [bytes([n]).hex() * ID_BYTES for n in range(3)]
        bodies = [
            {"v": 1, "covers": 42, "blobs": names, "replaces": 2},
            {"v": 1, "covers": 0, "blobs": [], "replaces": 0, "more": None},
        ]
        made = [json.dumps(body).encode() for body in bodies]
        words = (b"[" * 99, b'"', b"{}", b"1e999", b"NaN", b"true", b"1.0", b"-1", b"\\ud800", b",")
        super().__init__([*made, *kept("snapshot").values()], words)

    def judge(self, case: int, data: bytes) -> Verdict:
        """It says what a snapshot is to be, within the limits, or it is refused."""
        try:
            covers, blobs, replaces = snapshot_of(data)
        except Refusal:
            return Verdict.REFUSED
        if not all(type(number) is int for number in (covers, replaces)):
            raise Broken("a number that is none")
        if not all(0 <= number <= MAX_POSITION for number in (covers, replaces)):
            raise Broken("a number beyond its limit")
        if len(set(blobs)) != len(blobs) or len(blobs) > MAX_SNAPSHOT_BLOBS:
            raise Broken("blobs beyond their limit, or twice")
        if any(len(blob) != ID_BYTES for blob in blobs):
            raise Broken("an id that is none")
        return Verdict.ACCEPTED
