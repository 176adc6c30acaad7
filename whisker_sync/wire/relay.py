"""
What is said between a relay and who uses it: targets, pages, codes and limits.

Both sides build and read it with the functions here, so that neither guesses what the
other means. ``docs/reference/relay-api.md`` says the same for whoever writes a client of
their own. Signatures are in :mod:`whisker_sync.identity.mailbox`.

A page of entries is the only answer that is not JSON: entries are large and unreadable.
Any bytes are either exactly one page or a :exc:`~whisker_sync.errors.MalformedFrame`.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from whisker_sync.errors import MalformedFrame
from whisker_sync.ids import Incarnation, MailboxId

ID_BYTES = 16
"""Random bytes that an entry or a blob is known by."""

MAX_ENVELOPE = 1 << 20
"""Bytes of one entry or blob that each relay takes; one may take less only if it says so."""

MAX_PAGE_ENTRIES = 256
"""Entries in one page."""

MAX_PAGE_BYTES = 4 << 20
"""Bytes of the entries in one page; one entry always fits."""

MAX_SNAPSHOT_BLOBS = 1024
"""Blobs that one snapshot may consist of."""

MAX_POSITION = (1 << 53) - 1
"""The greatest position: every language can hold it."""

OVERHEAD = 128
"""Bytes that each entry and blob counts more than it has, against a mailbox's quota."""

MAX_SNAPSHOT_BODY = 64 * 1024
"""Bytes of the JSON that says what a snapshot consists of."""


class Code(StrEnum):
    """Why a relay did not do what it was asked to do; a program decides by these."""

    BAD_REQUEST = "bad_request"
    NOT_SIGNED = "not_signed"
    BAD_SIGNATURE = "bad_signature"
    CLOCK_SKEW = "clock_skew"
    REPLAYED = "replayed"
    WRONG_MAILBOX = "wrong_mailbox"
    NO_SUCH_PATH = "no_such_path"
    UNKNOWN_MAILBOX = "unknown_mailbox"
    NO_SNAPSHOT = "no_snapshot"
    UNKNOWN_BLOB = "unknown_blob"
    WRONG_METHOD = "wrong_method"
    TOO_SLOW = "too_slow"
    DIFFERENT_CONTENT = "different_content"
    SNAPSHOT_CHANGED = "snapshot_changed"
    MISSING_BLOB = "missing_blob"
    NOT_COVERED = "not_covered"
    TOO_LARGE = "too_large"
    TOO_FAST = "too_fast"
    FAILED = "failed"
    UNAVAILABLE = "unavailable"
    MAILBOX_FULL = "mailbox_full"
    RELAY_FULL = "relay_full"


# Targets: what stands behind the method in a request, and what is signed.

LIMITS = "/v1/limits"
"""Where a relay says what it takes; the only target that needs no signature."""


def mailbox_target(mailbox: MailboxId) -> str:
    """``GET``: what there is of a mailbox."""
    return f"/v1/mailboxes/{mailbox.hex()}"


def entry_target(mailbox: MailboxId, entry: bytes) -> str:
    """``PUT``: append an entry."""
    return f"{mailbox_target(mailbox)}/entries/{entry.hex()}"


def read_target(mailbox: MailboxId, after: int) -> str:
    """``GET``: the page of entries behind a position."""
    return f"{mailbox_target(mailbox)}/entries?after={after}"


def trim_target(mailbox: MailboxId, upto: int) -> str:
    """``DELETE``: forget all entries up to a position, which a snapshot covers."""
    return f"{mailbox_target(mailbox)}/entries?upto={upto}"


def blob_target(mailbox: MailboxId, blob: bytes) -> str:
    """``PUT``, ``GET``: a piece of a snapshot, or of an asset."""
    return f"{mailbox_target(mailbox)}/blobs/{blob.hex()}"


def snapshot_target(mailbox: MailboxId) -> str:
    """``PUT``, ``GET``: what stands in for the entries that were trimmed."""
    return f"{mailbox_target(mailbox)}/snapshot"


def wake_target(mailbox: MailboxId) -> str:
    """A WebSocket that says when there is more to read."""
    return f"{mailbox_target(mailbox)}/wake"


# Pages.


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it lies in a mailbox."""

    id: bytes
    """16 random bytes, drawn by who sent it."""

    body: bytes
    """An envelope, which a relay cannot read."""


@dataclass(frozen=True, slots=True)
class Page:
    """Entries that follow each other without a gap, and where they lie."""

    incarnation: Incarnation
    """The life of the mailbox; positions of another life mean nothing."""

    first: int
    """Position of the oldest entry that is still there; ``head + 1`` if none is."""

    head: int
    """Position of the newest entry; 0 if there never was one."""

    start: int
    """Position of the first entry in this page; more than asked for if some were trimmed."""

    entries: tuple[Entry, ...]
    """The entries, oldest first."""

    @property
    def last(self) -> int:
        """The position to go on reading behind; the head if nothing is left."""
        return self.start + len(self.entries) - 1

    def encode(self) -> bytes:
        """The page as bytes."""
        parts = [_PAGE.pack(self.incarnation, self.first, self.head, self.start)]
        for entry in self.entries:
            parts += (entry.id, len(entry.body).to_bytes(4, "big"), entry.body)
        return b"".join(parts)

    @classmethod
    def decode(cls, data: bytes) -> Page:
        """
        Read a page.

        Raises:
            MalformedFrame: The bytes are none, or beyond a limit.
        """
        if len(data) < _PAGE.size:
            raise MalformedFrame("a page that ends too early")
        incarnation, first, head, start = _PAGE.unpack_from(data)
        page = cls(Incarnation(incarnation), first, head, start, _entries(data[_PAGE.size :]))
        if not 1 <= first <= head + 1 <= MAX_POSITION:
            raise MalformedFrame("a mailbox that ends before it begins")
        if not first <= start or not page.last <= head:
            raise MalformedFrame("entries that are not in the mailbox")
        return page


_PAGE = struct.Struct(">8sQQQ")


def _entries(data: bytes) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    at = 0
    while at < len(data):
        body = at + ID_BYTES + 4
        end = body + int.from_bytes(data[at + ID_BYTES : body], "big")
        if end > len(data) or body > len(data):
            raise MalformedFrame("a page that ends too early")
        if end - body > MAX_ENVELOPE or len(entries) == MAX_PAGE_ENTRIES:
            raise MalformedFrame("more in a page than it may hold")
        entries.append(Entry(data[at : at + ID_BYTES], data[body:end]))
        at = end
    return tuple(entries)


def fitting(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """As many of the first entries as one page holds; at least one, if there is one."""
    size = 0
    for count, entry in enumerate(entries):
        size += len(entry.body)
        if count and (size > MAX_PAGE_BYTES or count == MAX_PAGE_ENTRIES):
            return tuple(entries[:count])
    return tuple(entries)


# Numbers and ids within a target have one spelling, too.

_POSITION = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)
_HEX = re.compile(r"(?:[0-9a-f]{2})+", re.ASCII)


def position(text: str) -> int | None:
    """Read a position; nothing if it is none."""
    value = int(text) if _POSITION.fullmatch(text) else MAX_POSITION + 1
    return value if value <= MAX_POSITION else None


def some_id(text: str, size: int) -> bytes | None:
    """Read an id of so many bytes in lower-case hexadecimal; nothing if it is none."""
    return bytes.fromhex(text) if len(text) == 2 * size and _HEX.fullmatch(text) else None
