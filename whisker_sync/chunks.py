"""
Large binary files in pieces.

A content of more than :data:`MAX_WHOLE` bytes is cut into chunks of :data:`CHUNK` bytes.
Each of them is an asset like a small file: known by its SHA-256, asked for, verified and
kept by itself. So whoever lacks a large file asks several devices at once, goes on where
it stopped, and never has more than a few chunks in memory.

The *list* of a content is the SHA-256 of each of its chunks, one after the other. It is
an asset, too: the document names content and list, so that nobody can pass off another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

CHUNK = 240 * 1024
"""Bytes of a chunk; with what the protocol adds it is one part of a message."""

MAX_WHOLE = 1 << 20
"""Bytes up to which a binary file is one asset."""

MAX_BYTES = 1 << 30
"""Bytes of a binary file at most."""

HASH = 32
"""Bytes of a SHA-256."""


def cut(content: bytes) -> Iterator[bytes]:
    """The chunks of a content that is in memory."""
    for at in range(0, len(content), CHUNK):
        yield content[at : at + CHUNK]


def list_of(chunks: Iterator[bytes]) -> bytes:
    """The list of these chunks."""
    return b"".join(hashlib.sha256(chunk).digest() for chunk in chunks)


def id_of(list_: bytes) -> bytes:
    """Under which asset a list is known."""
    return hashlib.sha256(list_).digest()


def hashes(list_: bytes) -> tuple[bytes, ...]:
    """The chunks that a list names, in order."""
    return tuple(list_[at : at + HASH] for at in range(0, len(list_), HASH))


def fits(list_: bytes, size: int) -> bool:
    """Tell whether a list may be that of a content of ``size`` bytes."""
    return len(list_) == -(-size // CHUNK) * HASH
