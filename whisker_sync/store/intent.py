"""
What a process was about to do when it ended: a note that outlives it.

A small file that is written and never synced. It survives the death of the process, which
is what it is for, and not that of the machine: after a power loss nobody is to blame.

::

    file      length of the payload, 8 bytes; 0: nothing is under way
              SHA-256 of the payload, 32 bytes
              payload: records, one after the other

The file is made large enough at the start, so that a full disk does not matter.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from whisker_sync.ids import DeviceId
from whisker_sync.record import Record

ROOM = 64 << 10
"""Bytes of the file at the start; what is longer makes it grow."""

MAX_PAYLOAD = 64 << 20
"""Bytes that a note can have; a message cannot be longer."""

_HEAD = struct.Struct(">Q32s")
_FIELDS = struct.Struct(">HI32sQQ")


class Intent:
    """The note of one workspace; a :class:`~whisker_sync.peer.guard.Guard`."""

    def __init__(self, path: Path) -> None:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | _BINARY, 0o600)
        self._file = os.fdopen(handle, "r+b", buffering=0)
        with suppress(OSError):  # no room: then there is no note, which is no reason to stop
            if path.stat().st_size < ROOM:
                self._file.write(bytes(ROOM))

    def enter(self, records: Sequence[Record]) -> None:
        """Note that these are about to be merged."""
        payload = b"".join(_encode(record) for record in records)
        with suppress(OSError):
            self._file.seek(0)
            self._file.write(_HEAD.pack(len(payload), hashlib.sha256(payload).digest()) + payload)

    def leave(self) -> None:
        """Note that nothing is under way."""
        with suppress(OSError):
            self._file.seek(0)
            self._file.write(bytes(8))

    def left_over(self) -> tuple[Record, ...]:
        """What the process before this one was about to merge when it ended."""
        self._file.seek(0)
        head = self._file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return ()
        length, checksum = _HEAD.unpack(head)
        if not 0 < length <= MAX_PAYLOAD:
            return ()
        payload = self._file.read(length)
        if hashlib.sha256(payload).digest() != checksum:
            return ()
        return tuple(_decode(payload))

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def _encode(record: Record) -> bytes:
    name = record.document.encode()
    fields = _FIELDS.pack(len(name), len(record.update), record.author, record.client, record.time)
    return fields + name + record.update


def _decode(payload: bytes) -> Iterator[Record]:
    at = 0
    while at < len(payload):
        name_size, size, author, client, time = _FIELDS.unpack_from(payload, at)
        at += _FIELDS.size
        name = payload[at : at + name_size].decode()
        at += name_size
        yield Record(name, payload[at : at + size], DeviceId(author), client, time)
        at += size


_BINARY: int = getattr(os, "O_BINARY", 0)
