"""
The strict reader of updates: bytes become structs, or are refused.

The engine is not safe on bytes from elsewhere: an update of eleven bytes can
kill the process at the next read. So no update reaches it that did not pass
here. The gate knows the format (Yjs update, v1; see "Y.js internals" in the
Yjs repository, and lib0's encoding for the integers) and nothing of documents:
what an update builds on is for :mod:`whisker_sync.document.ledger` to judge.

An update is a list of clients with their structs, then a set of deletions::

    update    clients, { structs, client, clock, struct... }, deletions
    struct    info byte: 5 bits kind, then flags 20 key, 40 right origin, 80 origin
    deletions clients, { client, ranges, { clock, length }... }

Lengths of strings in a document count UTF-16 units, those of bytes count bytes.
It is one flat function, because it runs for each keystroke of each co-author.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import NoReturn

MAX_UPDATE = 16 << 20
"""Bytes of one update."""

MAX_CLOCK = (1 << 31) - 1
"""The engine computes with 32 bits; beyond this our own next edit would wrap."""

MAX_CLIENT = (1 << 53) - 1
"""Yjs draws client ids of up to 53 bits; we draw 32."""

MAX_CLIENTS = 50_000
"""
Clients in a state vector; each time that somebody opens a document and edits it is one, and each
imprint is.
"""

MAX_NAME = 256
"""Bytes of the name of a root, a key or an element."""

MAX_DEPTH = 32
"""Nesting of a value; deeper ones overflow the stack of whoever reads them."""

GC, DELETED, JSON, BINARY, STRING, EMBED, FORMAT, TYPE, ANY, DOC, SKIP = range(11)

Id = tuple[int, int]
"""Client and clock."""

Span = tuple[int, int, int]
"""Some of what a client wrote: client, first clock, length."""


class Malformed(Exception):
    """Bytes that are no update; never leaves this room."""


@dataclass(slots=True)
class Struct:
    """One piece of a document, as an update describes it."""

    client: int
    clock: int
    length: int
    kind: int
    origin: Id | None
    right: Id | None
    parent: str | Id | None
    """Name of a root, id of a nested type, or None: that of the origins."""

    key: str | None
    """The key in a map, where it is spelled out."""

    keyed: bool
    """It belongs to a key, spelled out or not."""

    detail: int
    """Of TYPE: which; of ANY: 1 if it is one scalar."""

    halves: tuple[int, ...] = ()
    """Of STRING: the places of second halves of characters that take two units."""

    text: str = ""
    """Of STRING: what it says."""


@dataclass(slots=True)
class Parsed:
    """What an update says."""

    structs: list[Struct]
    deletions: list[Span]


def parse(data: bytes, *, ours: bool = False) -> Parsed:
    """
    Read an update.

    The engine itself writes an empty text where an empty one was given, and only our
    own journal (``ours``) may do so: from others it corrupts memory.

    Raises:
        Malformed: It is none, or is beyond a limit.
    """
    if len(data) > MAX_UPDATE:
        raise Malformed(f"{len(data)} bytes in one update")
    try:
        return _parse(data, ours=ours)
    except IndexError:
        raise Malformed("it ends too early") from None
    except UnicodeDecodeError:
        raise Malformed("a text that is not UTF-8") from None


def _parse(data: bytes, *, ours: bool) -> Parsed:
    size = len(data)
    at = 0
    structs: list[Struct] = []
    clients, at = _uint(data, at)
    if clients * 3 > size:
        raise Malformed("more clients than bytes")
    seen: set[int] = set()
    for _ in range(clients):
        count, at = _uint(data, at)
        client, at = _uint(data, at)
        clock, at = _uint(data, at)
        if client > MAX_CLIENT or client in seen:
            raise Malformed("a client twice, or one that cannot be")
        if not 0 < count <= size - at:
            raise Malformed("a client without structs, or with more than bytes")
        seen.add(client)
        for _ in range(count):
            info = data[at]
            at += 1
            kind = info & 31
            origin = right = None
            parent: str | Id | None = None
            key = None
            detail = 0
            halves: tuple[int, ...] = ()
            text = ""
            if kind == GC:
                if info:
                    raise Malformed("flags where nothing is left")
                length, at = _uint(data, at)
            elif kind == SKIP:
                raise Malformed("a gap within an update")
            else:
                if info & 128:
                    origin_client, at = _uint(data, at)
                    origin_clock, at = _uint(data, at)
                    origin = (origin_client, origin_clock)
                if info & 64:
                    right_client, at = _uint(data, at)
                    right_clock, at = _uint(data, at)
                    right = (right_client, right_clock)
                if not info & 192:
                    named, at = _uint(data, at)
                    if named == 1:
                        parent, at = _name(data, at)
                    elif named == 0:
                        parent_client, at = _uint(data, at)
                        parent_clock, at = _uint(data, at)
                        parent = (parent_client, parent_clock)
                    else:
                        raise Malformed("a parent of no kind")
                    if info & 32:
                        key, at = _name(data, at)
                if kind == STRING:
                    end, at = _span(data, at)
                    text = data[at:end].decode()
                    length = len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
                    if length > len(text):
                        halves = _halves(text)
                    at = end
                elif kind == DELETED:
                    length, at = _uint(data, at)
                elif kind == ANY:
                    length, at = _uint(data, at)
                    if length > size - at:
                        raise Malformed("more values than bytes")
                    detail = int(length == 1)
                    for _ in range(length):
                        scalar, at = _any(data, at, MAX_DEPTH)
                        detail &= scalar
                elif kind == BINARY:
                    length = 1
                    at = _span(data, at)[0]
                elif kind == TYPE:
                    length = 1
                    detail, at = _uint(data, at)
                    if detail == 3:
                        _, at = _name(data, at)
                    elif detail == 5 or detail > 6:  # 5: the engine does not read it like others
                        raise Malformed("a type that is not known")
                elif kind == FORMAT:
                    length = 1
                    _, at = _name(data, at)
                    at = _json(data, at)
                elif kind == EMBED:
                    length = 1
                    at = _json(data, at)
                else:
                    raise Malformed(f"a struct of kind {kind}")
            if not (length > 0 or (ours and kind == STRING)) or length > MAX_CLOCK - clock:
                raise Malformed("a length of nothing or beyond all clocks")
            keyed = bool(info & 32)
            structs.append(
                Struct(
                    *(client, clock, length, kind, origin, right, parent, key, keyed, detail),
                    *(halves, text),
                )
            )
            clock += length
    deletions, at = _deletions(data, at, ours=ours)
    if at != size:
        raise Malformed("bytes after its end")
    return Parsed(structs, deletions)


def _deletions(data: bytes, at: int, *, ours: bool) -> tuple[list[tuple[int, int, int]], int]:
    deletions: list[tuple[int, int, int]] = []
    clients, at = _uint(data, at)
    seen: set[int] = set()
    for _ in range(clients):
        client, at = _uint(data, at)
        ranges, at = _uint(data, at)
        if client > MAX_CLIENT or client in seen or ranges * 2 > len(data) - at:
            raise Malformed("a client twice, or more deletions than bytes")
        seen.add(client)
        end = 0
        for _ in range(ranges):
            clock, at = _uint(data, at)
            length, at = _uint(data, at)
            if not 0 < length <= MAX_CLOCK - clock:
                raise Malformed("a deletion of nothing or beyond all clocks")
            if clock < end and not ours:
                # All engines sort and join them. Ours looks at each piece of a range again.
                raise Malformed("a deletion twice, or out of order")
            end = clock + length
            deletions.append((client, clock, length))
    return deletions, at


def parse_state(data: bytes) -> dict[int, int]:
    """
    Read a state vector: client to next clock.

    Raises:
        Malformed: It is none.
    """
    try:
        count, at = _uint(data, 0)
        if count > MAX_CLIENTS or count * 2 > len(data):
            raise Malformed("too many clients")
        clocks: dict[int, int] = {}
        for _ in range(count):
            client, at = _uint(data, at)
            clock, at = _uint(data, at)
            if client > MAX_CLIENT or client in clocks or clock > MAX_CLOCK:
                raise Malformed("a client twice, or one that cannot be")
            clocks[client] = clock
    except IndexError:
        raise Malformed("it ends too early") from None
    if at != len(data):
        raise Malformed("bytes after its end")
    return clocks


def encode_state(clocks: dict[int, int]) -> bytes:
    """The state vector of some clocks, clients in ascending order."""
    parts = [uint(len(clocks))]
    for client in sorted(clocks):
        parts += (uint(client), uint(clocks[client]))
    return b"".join(parts)


def encode_deletions(deletions: Sequence[Span]) -> bytes:
    """The update that only deletes, of each client one span."""
    parts = [uint(0), uint(len(deletions))]
    for client, clock, length in deletions:
        parts += (uint(client), uint(1), uint(clock), uint(length))
    return b"".join(parts)


def uint(value: int) -> bytes:
    """An unsigned integer as lib0 writes it: 7 bits in a byte, lowest first."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _uint(data: bytes, at: int) -> tuple[int, int]:
    byte = data[at]
    if byte < 128:
        return byte, at + 1
    value = byte & 127
    shift = 7
    while True:
        at += 1
        byte = data[at]
        value |= (byte & 127) << shift
        if byte < 128:
            if not byte or value > MAX_CLIENT:
                raise Malformed("an integer spelled too long or too large")
            return value, at + 1
        shift += 7
        if shift > 56:
            raise Malformed("an integer spelled too long or too large")


def _span(data: bytes, at: int) -> tuple[int, int]:
    """Where bytes with their length before them end, and where they begin."""
    length, at = _uint(data, at)
    if at + length > len(data):
        raise IndexError
    return at + length, at


def _name(data: bytes, at: int) -> tuple[str, int]:
    end, at = _span(data, at)
    if end - at > MAX_NAME:
        raise Malformed("a name that is too long")
    return data[at:end].decode(), end


def _json(data: bytes, at: int) -> int:
    end, at = _span(data, at)
    text = data[at:end].decode()
    depth = 0
    for character in text:
        if character in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise Malformed("a value nested too deep")
        elif character in "]}":
            depth -= 1
    try:
        value = json.loads(text, parse_float=_finite, parse_int=_finite, parse_constant=_no_number)
        json.dumps(value, ensure_ascii=False).encode()
    except ValueError:
        raise Malformed("a value that is not JSON") from None
    return end


def _finite(spelled: str) -> float:
    """The number; the engine has no larger ones than a float, and fails at them."""
    number = float(spelled)
    if not isfinite(number):
        raise Malformed("a number beyond all numbers")
    return number


def _no_number(_: str) -> NoReturn:
    raise Malformed("a value that is not JSON")


def _halves(text: str) -> tuple[int, ...]:
    """Where a cut would leave half a character on either side, in UTF-16 units."""
    found, at = [], 0
    for character in text:
        at += 1
        if character > "\uffff":
            found.append(at)
            at += 1
    return tuple(found)


def _any(data: bytes, at: int, depth: int) -> tuple[int, int]:
    """Read one value; return 1 if it is a scalar, and where it ends."""
    tag = data[at]
    at += 1
    if 120 <= tag <= 127:
        return _scalar(data, at, tag)
    if tag == 119:
        end, at = _span(data, at)
        data[at:end].decode()
        return 1, end
    if tag == 116:
        end, _ = _span(data, at)
        return 1, end
    if tag not in {117, 118} or not depth:
        raise Malformed("a value of no kind, or nested too deep")
    count, at = _uint(data, at)
    if count > len(data) - at:
        raise Malformed("more values than bytes")
    for _ in range(count):
        if tag == 118:
            end, at = _span(data, at)
            data[at:end].decode()
            at = end
        _, at = _any(data, at, depth - 1)
    return 0, at


def _scalar(data: bytes, at: int, tag: int) -> tuple[int, int]:
    match tag:
        case 122 | 123:
            end = at + 8
        case 124:
            end = at + 4
        case 125:
            end = at
            while data[end] > 127:
                end += 1
            end += 1
            if end - at > 9:
                raise Malformed("an integer spelled too long or too large")
        case _:
            return 1, at
    if end > len(data):
        raise IndexError
    return 1, end
