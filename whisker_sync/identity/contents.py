"""
The contents of binary files, sealed for a mailbox.

A content is known by its SHA-256, to whoever has the story. Its **pieces** lie in a mailbox as
blobs, under ids that members compute from that: nobody has to be told where they are.

Rule 1: the same content looks the same, whoever seals it: leaving it twice is leaving it once.
Its key is its own, made from the key of the epoch and the SHA-256, so it seals nothing else;
and only who has the key of the epoch can tell that it is this content.

Rule 2: nobody signs it. What is put together has the SHA-256 that the document names, or it is
nothing.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from whisker_sync.errors import BadEnvelope
from whisker_sync.identity.envelope import ID_BYTES, MAX_PIECE, SIZES, MailKeys

MAX_CONTENT = 1 << 20
"""Bytes of a content; larger files are cut into several."""

_LENGTH_BYTES = 4
_TAG_BYTES = 16


def pieces_of(size: int) -> int:
    """How many pieces a content of so many bytes has."""
    return max(1, -(-size // MAX_PIECE))


class ContentKeys:
    """What seals contents for one mailbox; shows no key."""

    def __init__(self, keys: MailKeys) -> None:
        self.box = keys.box
        """What signs requests to a relay."""

        self._keys = keys
        self._ids = keys.derive("content id")

    def id_of(self, content: bytes, index: int) -> bytes:
        """The id of a piece; ``content`` is a SHA-256."""
        return hmac.digest(self._ids, _name(content, index), "sha256")[:ID_BYTES]

    def ids(self, content: bytes, pieces: int) -> tuple[bytes, ...]:
        """The ids of the pieces of a content, in order."""
        return tuple(self.id_of(content, index) for index in range(pieces))

    def close(self, content: bytes) -> tuple[bytes, ...]:
        """The pieces of a content of up to 1 MiB, as they lie in a mailbox."""
        assert len(content) <= MAX_CONTENT
        sha256 = hashlib.sha256(content).digest()
        return tuple(
            self._close(sha256, index, content) for index in range(pieces_of(len(content)))
        )

    def pieces(self, content: bytes, first: bytes) -> int:
        """
        How many pieces a content has, by its first one.

        Raises:
            BadEnvelope: It is none of this content.
        """
        return pieces_of(self._open(content, 0, first)[0])

    def open(self, content: bytes, closed: Sequence[bytes]) -> bytes:
        """
        Put a content together from its pieces, in their order.

        Raises:
            BadEnvelope: They are not the pieces of this content.
        """
        opened = [self._open(content, index, piece) for index, piece in enumerate(closed)]
        whole = b"".join(piece for _, piece in opened)
        if hashlib.sha256(whole).digest() != content:
            raise BadEnvelope("it is not the content that it should be")
        return whole

    def _close(self, sha256: bytes, index: int, content: bytes) -> bytes:
        piece = content[index * MAX_PIECE : (index + 1) * MAX_PIECE]
        padded = len(content).to_bytes(_LENGTH_BYTES, "big") + piece
        around = ID_BYTES + _TAG_BYTES
        size = next(size for size in SIZES if len(padded) + around <= size)
        padded += bytes(size - around - len(padded))
        sealed = self._cipher(sha256, index).encrypt(bytes(12), padded, self._keys.context)
        return self.id_of(sha256, index) + sealed

    def _open(self, sha256: bytes, index: int, closed: bytes) -> tuple[int, bytes]:
        """The size of the whole content, and this piece of it."""
        if len(closed) not in SIZES or closed[:ID_BYTES] != self.id_of(sha256, index):
            raise BadEnvelope("it is no piece of this content")
        try:
            cipher = self._cipher(sha256, index)
            padded = cipher.decrypt(bytes(12), closed[ID_BYTES:], self._keys.context)
        except InvalidTag:
            raise BadEnvelope("it cannot be opened with the key of this story") from None
        size = int.from_bytes(padded[:_LENGTH_BYTES], "big")
        if size > MAX_CONTENT:
            raise BadEnvelope("it is too large")
        left = max(0, min(MAX_PIECE, size - index * MAX_PIECE))
        return size, padded[_LENGTH_BYTES : _LENGTH_BYTES + left]

    def _cipher(self, sha256: bytes, index: int) -> ChaCha20Poly1305:
        return ChaCha20Poly1305(self._keys.derive("content", _name(sha256, index)))

    def __repr__(self) -> str:
        return "ContentKeys(key=***)"


def _name(content: bytes, index: int) -> bytes:
    return content + index.to_bytes(4, "big")
