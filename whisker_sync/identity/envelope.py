"""
What one member leaves for the others where strangers can take it: sealed, signed, padded.

An **envelope** carries one piece of a letter. A relay keeps it and a bundle holds it; both
see an id, a size out of a few, and noise. ``docs/reference/envelope.md`` has the bytes.

Rule 1: nothing in clear tells who wrote, or which envelopes belong together. The id is a
pseudo-random function of device, session and number; the header under a key of its own
hides these three; the content is padded.

Rule 2: no key and nonce are used twice. The key of the content is one device's for one
session, which is drawn anew at each start, so that a restored backup begins another one;
the nonce is the number of the envelope in it. Whoever closes two envelopes under one
number gives the content away: :class:`Desk` does not.

Rule 3: the key of an epoch opens an envelope, and proves nothing about who closed it: all
members have it. The signature of the device does, over everything in the envelope and
around it. Whether that device may write is for others to judge.

Every envelope says what its device has durably read (``seen``), so that whoever reads it
can tell what was kept from them.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from whisker_sync.errors import BadEnvelope, MalformedPaper
from whisker_sync.identity.canonical import (
    Fields,
    blob,
    exactly,
    items,
    number,
    pack,
    rising,
    sign_off,
    signed,
    unpack,
)
from whisker_sync.identity.keys import DeviceKey, device_of, verify
from whisker_sync.identity.mailbox import MailboxKey
from whisker_sync.identity.workspace import derive
from whisker_sync.ids import DeviceId, MailboxId, WorkspaceId

ENVELOPE_FORMAT = 1

SIZES = (1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10)
"""The bytes that an envelope can have; whoever watches learns no more about what is in it."""

ID_BYTES = 16
"""Bytes of an envelope's id, with which it begins."""

SESSION_BYTES = 16
"""Random bytes that name one session of a device."""

TRACK_BYTES = 8
"""Bytes that stand for a device and its session where what was read is listed."""

MAX_PIECE = 250_000
"""Bytes of a letter in one envelope."""

MAX_PIECES = 1024
"""Envelopes that carry one letter."""

MAX_SEEN = 256
"""Sessions that one envelope says it has read from."""

PURPOSE = "envelope"
"""What the signature of a device is made for."""

_HEADER = struct.Struct(">32s16sQ")
_TAG_BYTES = 16
_AROUND = ID_BYTES + _HEADER.size + 2 * _TAG_BYTES
_LENGTH_BYTES = 4

Track = bytes
"""8 bytes that stand for one session of one device."""

Seen = tuple[tuple[Track, int], ...]
"""For each session the number up to which nothing is missing; in the order of the tracks."""


class MailKeys:
    """What the key of one epoch opens when things are left for each other; shows no key."""

    def __init__(self, epoch: int, key: bytes) -> None:
        self.epoch = epoch
        """Number of the epoch."""

        self.box = MailboxKey.of_epoch(key)
        """What signs requests to a relay."""

        self.mailbox: MailboxId = self.box.mailbox
        """The mailbox of the epoch."""

        self.context = pack([ENVELOPE_FORMAT, self.mailbox, epoch])
        """What each envelope is bound to."""

        self._key = key
        self._ids = derive(key, "envelope id")

    def id_of(self, header: bytes) -> bytes:
        """The id of the envelope with this header; noise to whoever lacks the key."""
        return hmac.digest(self._ids, header, "sha256")[:ID_BYTES]

    def header_key(self, id_: bytes) -> ChaCha20Poly1305:
        """What hides the header of the one envelope with this id."""
        return ChaCha20Poly1305(derive(self._key, "envelope header", id_))

    def content_key(self, public: bytes, session: bytes) -> ChaCha20Poly1305:
        """What hides the contents of one session's envelopes."""
        return ChaCha20Poly1305(derive(self._key, "msg", public + session))

    def derive(self, purpose: str, about: bytes = b"") -> bytes:
        """A key of 32 bytes for one purpose, and there for ``about`` alone."""
        return derive(self._key, purpose, about)

    def __repr__(self) -> str:
        return f"MailKeys(epoch={self.epoch}, mailbox={self.mailbox.hex()[:8]}, key=***)"


@dataclass(frozen=True, slots=True)
class Postmark:
    """What each envelope tells of its device, apart from the letter."""

    roster: tuple[int, bytes] = (0, bytes(32))
    """Version and hash of the newest roster that it knows; zeros: none."""

    seen: Seen = ()
    """What it has durably read."""

    missing: int = 0
    """Envelopes that it knows of, and that are not there for it."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One envelope, as whoever holds the key of its epoch reads it."""

    workspace: WorkspaceId
    public: bytes
    """The public key of the device that closed it, 32 bytes."""

    session: bytes
    """Which of the device's sessions; 16 bytes."""

    seq: int
    """Number of the envelope in its session, from 1."""

    postmark: Postmark
    index: int
    """Which piece of the letter this is, from 0."""

    count: int
    """Pieces of the letter; they have numbers that follow each other."""

    piece: bytes
    """The piece."""

    @property
    def device(self) -> DeviceId:
        """Who closed it."""
        return device_of(self.public)

    @property
    def track(self) -> Track:
        """What stands for its session in ``seen``."""
        return track_of(self.public, self.session)

    def close(self, keys: MailKeys, key: DeviceKey) -> bytes:
        """Sign and seal it; the id comes first. Never twice under one number (rule 2)."""
        assert key.public == self.public
        assert self.seq >= 1
        assert 0 <= self.index < self.count
        header = _HEADER.pack(self.public, self.session, self.seq)
        inner = self._inner()
        content = sign_off(inner, key.sign(PURPOSE, _claim(keys, header, inner)))
        size = _size_for(len(content))
        padded = len(content).to_bytes(_LENGTH_BYTES, "big") + content
        padded += bytes(size - _AROUND - len(padded))
        id_ = keys.id_of(header)
        hidden = keys.header_key(id_).encrypt(bytes(12), header, keys.context)
        body_key = keys.content_key(self.public, self.session)
        return id_ + hidden + body_key.encrypt(_nonce(self.seq), padded, keys.context)

    def _inner(self) -> bytes:
        postmark = self.postmark
        return pack(
            [
                self.workspace,
                postmark.roster[0],
                postmark.roster[1],
                [list(entry) for entry in postmark.seen],
                postmark.missing,
                self.index,
                self.count,
                self.piece,
            ]
        )

    @classmethod
    def open(cls, keys: MailKeys, workspace: WorkspaceId, sealed: bytes) -> Envelope:
        """
        Read an envelope, and see that the device which it names has closed it.

        Raises:
            BadEnvelope: It is none of this workspace and epoch, or was changed.
        """
        if len(sealed) not in SIZES:
            raise BadEnvelope("it has a size that none has")
        id_, rest = sealed[:ID_BYTES], sealed[ID_BYTES:]
        cut = _HEADER.size + _TAG_BYTES
        try:
            header = keys.header_key(id_).decrypt(bytes(12), rest[:cut], keys.context)
            public, session, seq = _HEADER.unpack(header)
            body_key = keys.content_key(public, session)
            padded = body_key.decrypt(_nonce(seq), rest[cut:], keys.context)
        except InvalidTag:
            raise BadEnvelope("it cannot be opened with the key of this story") from None
        if keys.id_of(header) != id_:
            raise BadEnvelope("it goes by the id of another one")
        try:
            inner, signature = signed(_unpadded(padded), len(padded))
            envelope = _read(inner, public, session, number(seq))
        except MalformedPaper as problem:
            raise BadEnvelope(problem.problem) from None
        if not verify(public, PURPOSE, _claim(keys, header, inner), signature):
            raise BadEnvelope("the device which it names has not closed it")
        if envelope.workspace != workspace:
            raise BadEnvelope("it is of another story")
        return envelope


class Desk:
    """
    Where one device closes its envelopes, one after the other, during one session.

    ``session`` is 16 random bytes that were never used before.
    """

    def __init__(self, key: DeviceKey, workspace: WorkspaceId, session: bytes) -> None:
        assert len(session) == SESSION_BYTES
        self.seq = 0
        """Number of the envelope that was closed last."""

        self.track = track_of(key.public, session)
        self._key = key
        self._workspace = workspace
        self._session = session

    @property
    def device(self) -> DeviceId:
        """Who closes them."""
        return self._key.device

    def close(self, keys: MailKeys, postmark: Postmark, letter: bytes) -> tuple[bytes, ...]:
        """A letter in as many envelopes as it needs; also an empty one has one."""
        pieces = [letter[at : at + MAX_PIECE] for at in range(0, len(letter), MAX_PIECE)] or [b""]
        assert len(pieces) <= MAX_PIECES
        return tuple(
            self._close(keys, postmark, index, len(pieces), piece)
            for index, piece in enumerate(pieces)
        )

    def _close(
        self, keys: MailKeys, postmark: Postmark, index: int, count: int, piece: bytes
    ) -> bytes:
        self.seq += 1
        envelope = Envelope(
            self._workspace,
            self._key.public,
            self._session,
            self.seq,
            postmark,
            index,
            count,
            piece,
        )
        return envelope.close(keys, self._key)


def track_of(public: bytes, session: bytes) -> Track:
    """What stands for one session of one device."""
    return hashlib.sha256(public + session).digest()[:TRACK_BYTES]


def seen_of(numbers: Sequence[tuple[Track, int]]) -> Seen:
    """As much of what was read as an envelope says: the last in the list count most."""
    return tuple(sorted(numbers[-MAX_SEEN:]))


def _nonce(seq: int) -> bytes:
    return seq.to_bytes(12, "big")


def _claim(keys: MailKeys, header: bytes, inner: bytes) -> bytes:
    return pack([keys.context, header, inner])


def _size_for(content: int) -> int:
    for size in SIZES:
        if content + _LENGTH_BYTES + _AROUND <= size:
            return size
    raise AssertionError("a piece and what is around it fit into the largest envelope")


def _unpadded(padded: bytes) -> bytes:
    end = _LENGTH_BYTES + int.from_bytes(padded[:_LENGTH_BYTES], "big")
    if end > len(padded) or padded[end:].strip(b"\0"):
        raise BadEnvelope("it is padded with something")
    if _size_for(end - _LENGTH_BYTES) != len(padded) + _AROUND:
        raise BadEnvelope("it is larger than it must be")
    return padded[_LENGTH_BYTES:end]


def _read(inner: bytes, public: bytes, session: bytes, seq: int) -> Envelope:
    fields = unpack(inner, len(inner), 8)
    seen = tuple(_seen(item) for item in items(fields[3], MAX_SEEN))
    rising(track for track, _ in seen)
    roster = (number(fields[1]), exactly(fields[2], 32))
    postmark = Postmark(roster, seen, number(fields[4]))
    count = number(fields[6], MAX_PIECES)
    if seq == 0 or count == 0:
        raise MalformedPaper("a number that starts at 1")
    index = number(fields[5], count - 1)
    if seq <= index:
        raise MalformedPaper("a piece of a letter that began before its session")
    piece = blob(fields[7], MAX_PIECE)
    if count > 1 and len(piece) != MAX_PIECE and index < count - 1:
        raise MalformedPaper("a piece that is shorter than it must be")
    workspace = WorkspaceId(exactly(fields[0], 16))
    return Envelope(workspace, public, session, seq, postmark, index, count, piece)


def _seen(value: object) -> tuple[Track, int]:
    fields: Fields = items(value, 2)
    if len(fields) != 2:
        raise MalformedPaper("something else than a session and a number")
    return exactly(fields[0], TRACK_BYTES), number(fields[1])
