"""
What a journal row and a frame carry: one update and where it comes from.

A record never interprets its update. Signature and voucher are in the format
from the first version on and stay empty: whoever may write vouches for what it passes on by
passing it on.
"""

from __future__ import annotations

from dataclasses import dataclass

from whisker_sync.ids import DeviceId

RECORD_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Record:
    """One update of one document, as it was authored."""

    document: str
    """Name of the document within the workspace."""

    update: bytes
    """The update in the v1 encoding of Yjs, exactly as it arrived."""

    author: DeviceId
    """The device on which the edit was made."""

    client: int
    """The CRDT client id its author used, a claim; 0 where an update merges several."""

    time: int
    """Milliseconds since 1970 on the author's clock: for display, never for decisions."""

    format: int = RECORD_FORMAT
    """Version of this layout."""

    voucher: DeviceId = DeviceId(b"")
    """The first full member that accepted the record from its author; empty: nobody yet."""

    signature: bytes = b""
    """The voucher's signature; empty: none."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A record at its place in one device's journal."""

    seq: int
    """Position in the journal, from 1, without gaps."""

    source: DeviceId
    """The device from which the record arrived: ourselves if it was made here."""

    record: Record
    """What was recorded."""
