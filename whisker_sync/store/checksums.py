"""
What tells a row of the journal that is as it was written from one that is not.

A checksum is over the key and the content of a row together, so a row that came to another
place is noticed like one that was changed. It is for accidents only: whoever can write the file
can compute it. Nothing here reads or writes; what does not match is for the caller to refuse.
"""

from __future__ import annotations

import hashlib
import struct
from typing import Any

from whisker_sync.record import Entry


def entry_checksum(entry: Entry) -> bytes:
    """8 bytes over an entry of the log."""
    record = entry.record
    numbers = struct.pack(">QQqB", entry.seq, record.client, record.time, record.format)
    devices = entry.source + record.author + record.voucher
    document = record.document.encode()
    head = (
        b"log" + numbers + struct.pack(">HBH", len(document), len(devices), len(record.signature))
    )
    return _hash(head + document + devices + record.signature + record.update)


def row_checksum(*parts: Any) -> bytes:
    """8 bytes over the name of a table and what one of its rows holds."""
    whole = bytearray()
    for part in parts:
        piece = part if isinstance(part, bytes) else str(part).encode()
        whole += len(piece).to_bytes(4, "big") + piece
    return _hash(bytes(whole))


def is_intact(checksum: object, *parts: object) -> bool:
    """Whether this is the checksum of a row, whatever is there by now in place of its values."""
    try:
        return row_checksum(*parts) == checksum
    except (TypeError, AttributeError):
        return False


def blob(value: object) -> bytes:
    """
    A value that we wrote as bytes; of a number, ``bytes()`` would make as many zeros.

    Raises:
        TypeError: It is something else.
    """
    if not isinstance(value, bytes):
        raise TypeError("a value of another kind than was written")
    return value


def _hash(whole: bytes) -> bytes:
    return hashlib.blake2b(whole, digest_size=8).digest()
