"""
One short number for the content of a document.

Two replicas with equal digests show the same, whatever way they came to it; state
vectors do not say that, because they do not see deletions. Each text, register
and record that holds something is hashed on its own, with all lengths, names and
types, and the hashes are added up modulo 2**256. So the order does not matter, and
a change costs only what it touched. It protects against accidents, not against a
member who wants two contents to look alike.

Nothing here depends on the version of Python, of the engine, or of Unicode.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping

from whisker_sync.document.schema import Scalar

VERSION = b"whisker-sync/1 digest\0"
_MODULUS = 1 << 256


def element(root: str, key: str | None, content: str | Mapping[str, Scalar]) -> int:
    """The number of one text (``key`` None), register or record."""
    parts = [_string(root), b"-" if key is None else b"+" + _string(key)]
    if isinstance(content, str):
        parts.append(b"t" + _string(content))
    else:
        parts.append(b"m" + struct.pack(">Q", len(content)))
        for name in sorted(content):
            parts += (_string(name), _scalar(content[name]))
    return int.from_bytes(hashlib.sha256(VERSION + b"".join(parts)).digest(), "big")


def add(total: int, number: int) -> int:
    """The sum of numbers, in a fixed width."""
    return (total + number) % _MODULUS


def subtract(total: int, number: int) -> int:
    """The opposite of :func:`add`."""
    return (total - number) % _MODULUS


def digest(total: int) -> bytes:
    """The digest of a document: 32 bytes."""
    return hashlib.sha256(VERSION + total.to_bytes(32, "big")).digest()


def _string(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack(">Q", len(encoded)) + encoded


def _scalar(value: Scalar) -> bytes:
    match value:
        case None:
            return b"n"
        case bool():
            return b"1" if value else b"0"
        case int():
            return b"i" + _string(str(value))
        case float():
            return b"f" + struct.pack(">d", value)
        case str():
            return b"s" + _string(value)
        case _:
            return b"b" + struct.pack(">Q", len(value)) + value
