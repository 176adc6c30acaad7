"""
One document that many edit at once.

Rule 1: nothing reaches the engine that did not pass gate and ledger. Bytes from
elsewhere never raise; what became of them is the return value.

Rule 2: positions are code points, here and everywhere above.

Rule 3: an edit is whole or not at all. Its steps are checked as they are given
and carried out together at the end, in one transaction.

An edit, and each merge, says what it touched: a text by its root, a register or
record by root and key. Whoever caches anything drops just that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import isqrt
from random import Random
from typing import Any, TypeVar

from whisker_sync.document import digest as digests
from whisker_sync.document.engine import EXACT, Engine, merge
from whisker_sync.document.gate import (
    MAX_CLIENT,
    MAX_NAME,
    MAX_UPDATE,
    Malformed,
    Parsed,
    Span,
    encode_deletions,
    encode_state,
    parse,
    parse_state,
)
from whisker_sync.document.imprint import client_of, of_fields, of_record
from whisker_sync.document.ledger import Admitted, Impossible, Ledger, Missing, Touch
from whisker_sync.document.schema import Kind, Scalar, Schema
from whisker_sync.document.twins import Twin, Twins, Written, missing_blanks
from whisker_sync.errors import BadEdit, BadState, EngineFailure

MAX_INSERT = 8 << 20
"""Bytes inserted at once; together with its frame an update must stay below its limit."""

MAX_DOCUMENT = 12 << 20
"""
Bytes of a whole document, encoded, beyond which it does not grow by what comes from elsewhere.

Whoever is new, or was away for long, gets it in one update, which must stay below its own
limit however the text was cut up by then. Deletions are always taken in.
"""

LARGE_DOCUMENT = 8 << 20
"""Bytes from which on the author should know that there is a limit."""

MAX_LOOKS = 256
"""Letters of an insertion that are looked at to see whether something of it is there."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Change:
    """News in a document that were made here."""

    update: bytes
    """What to keep and to send."""

    origin: str
    """Who made it, as given to :meth:`Document.edit`."""

    touched: frozenset[Touch]
    clients: tuple[int, ...]
    """The client ids whose clocks it moved."""


@dataclass(frozen=True, slots=True)
class Applied:
    """The update is in the document now."""

    touched: frozenset[Touch]


@dataclass(frozen=True, slots=True)
class Nothing:
    """The document held it already."""


@dataclass(frozen=True, slots=True)
class NotReady:
    """It builds on something that is not here; hold it and ask for what is missing."""

    missing: Mapping[int, int]
    """Client to the clock that is needed."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """It will never be applied."""

    reason: str


@dataclass(frozen=True, slots=True)
class Forked:
    """Somebody else makes edits under our own client id; take another and merge again."""

    client: int


Merged = Applied | Nothing | NotReady | Rejected | Forked


class Edit:
    """The steps of one edit; ``change`` is what came of it, once it is over."""

    def __init__(self, document: Document) -> None:
        self.change: Change | None = None
        self._document = document
        self._texts: dict[str, str] = {}
        self._made: set[tuple[str, str]] = set()
        self._erased: set[str] = set()
        self._steps: list[Callable[[], None]] = []

    def insert(self, root: str, index: int, text: str) -> None:
        """
        Insert into a text, before the code point at ``index``.

        Raises:
            BadEdit: The index is outside, or the text cannot be encoded.
        """
        now = self._text(root)
        if not 0 <= index <= len(now):
            raise BadEdit(root, f"position {index} is outside of its {len(now)} characters")
        if not text:
            return
        _check_text(root, text)
        at = _bytes(now, index)
        engine_text = self._root(root, Kind.TEXT)
        self._texts[root] = now[:index] + text + now[index:]
        self._steps.append(lambda: engine_text.insert(at, text))

    def delete(self, root: str, index: int, length: int) -> None:
        """
        Delete ``length`` code points of a text from ``index`` on.

        Raises:
            BadEdit: The range is not within the text.
        """
        now = self._text(root)
        if not 0 <= index <= index + length <= len(now):
            raise BadEdit(
                root, f"{index} to {index + length} is not within its {len(now)} characters"
            )
        if not length:
            return
        start = _bytes(now, index)
        end = start + _bytes(now[index : index + length], length)
        engine_text = self._root(root, Kind.TEXT)
        self._texts[root] = now[:index] + now[index + length :]
        self._steps.append(lambda: engine_text.__delitem__(slice(start, end)))

    def splice(self, root: str, splices: Iterable[tuple[int, int, str]]) -> None:
        """
        Replace stretches of a text: from, to, and what comes instead, in order.

        All positions are of the text as it is before, and nothing overlaps. It is like an
        insertion behind each stretch and then its deletion, for each of them.

        Raises:
            BadEdit: A stretch is not within the text or not in order, or a text cannot be encoded.
        """
        now = self._text(root)
        engine_text = self._root(root, Kind.TEXT)
        pieces: list[str] = []
        places: list[tuple[int, int, str]] = []
        done = at = 0
        for start, end, insert in splices:
            if not done <= start <= end <= len(now):
                raise BadEdit(root, f"{start} to {end} is not behind {done} and within its text")
            _check_text(root, insert)
            first = at + _bytes(now[done:start], start - done)
            at = first + _bytes(now[start:end], end - start)
            places.append((first, at, insert))
            pieces += (now[done:start], insert)
            done = end
        pieces.append(now[done:])
        self._texts[root] = "".join(pieces)
        for first, last, insert in _in_good_order(places):
            if insert:
                self._steps.append(partial(engine_text.insert, last, insert))
            if first < last:
                self._steps.append(partial(engine_text.__delitem__, slice(first, last)))

    def set(self, root: str, key: str, value: Scalar) -> None:
        """
        Set a register of a map.

        Raises:
            BadEdit: The root is no map, or the value cannot be kept.
        """
        engine_map = self._root(root, Kind.MAP)
        _check_name(root, key)
        _check_scalar(root, value)
        self._steps.append(lambda: engine_map.__setitem__(key, value))

    def create(self, root: str, key: str, fields: Mapping[str, Scalar]) -> None:
        """
        Make a record. ``key`` must be random: no two devices may ever make the same.

        Raises:
            BadEdit: There is one, or a value cannot be kept.
        """
        self._make(root, key, fields)
        made = dict(fields)
        self._steps.append(lambda: self._document.engine.make_record(root, key, made))

    def imprint(
        self,
        root: str,
        key: str,
        fields: Mapping[str, Scalar],
        *,
        text: str,
        words: str,
        apart: Mapping[str, Scalar],
    ) -> None:
        """
        Make a record, and the first words of a text, that are one whoever makes them.

        The same ``key`` must always come with the same fields, text and words; see imprint.py.
        ``apart`` are registers that may differ: if they do, what one sets counts, and in any
        case what is set later.

        Raises:
            BadEdit: There is such a record, something was in the text, or a value cannot be kept.
        """
        self._make(root, key, {**fields, **apart})
        if self._text(text):
            raise BadEdit(text, "it does not begin here")
        _check_text(text, words)
        self._texts[text] = words
        engine, clocks = self._document.engine, self._document.clocks()
        made = of_record(root, key, fields, text, words)
        updates = [made, of_fields(made, root, key, apart)] if apart else [made]
        if any(client_of(update) in clocks for update in updates):  # taken for something else
            self._steps.append(partial(engine.make_record, root, key, {**fields, **apart}))
            self._steps.append(partial(engine.root(text, Kind.TEXT).insert, 0, words))
        else:
            self._steps += (partial(engine.take, update) for update in updates)

    def erase(self, root: str, spans: Iterable[Span]) -> None:
        """
        Delete what clients wrote in a text, wherever it is by then; no step there may follow.

        Raises:
            BadEdit: The root is no text.
        """
        self._root(root, Kind.TEXT)
        self._erased.add(root)
        engine = self._document.engine
        self._steps += (partial(engine.take, encode_deletions([span])) for span in spans)

    def set_field(self, root: str, key: str, field: str, value: Scalar) -> None:
        """
        Set a register of a record.

        Raises:
            BadEdit: There is no such record, or the value cannot be kept.
        """
        self._root(root, Kind.RECORDS)
        if (root, key) not in self._made and self._document.record(root, key) is None:
            raise BadEdit(root, f"there is no record {key!r}")
        _check_name(root, field)
        _check_scalar(root, value)
        self._steps.append(lambda: self._document.engine.set_field(root, key, field, value))

    def text(self, root: str) -> str:
        """A text as this edit leaves it so far."""
        return self._text(root)

    def known(self) -> dict[str, str]:
        """The texts that are known as this edit leaves them."""
        return {root: text for root, text in self._texts.items() if root not in self._erased}

    def _make(self, root: str, key: str, fields: Mapping[str, Scalar]) -> None:
        self._root(root, Kind.RECORDS)
        _check_name(root, key)
        if (root, key) in self._made or self._document.record(root, key) is not None:
            raise BadEdit(root, f"there is a record {key!r} already")
        for name, value in fields.items():
            _check_name(root, name)
            _check_scalar(root, value)
        self._made.add((root, key))

    def _text(self, root: str) -> str:
        self._root(root, Kind.TEXT)
        if root in self._erased:
            raise BadEdit(root, "this edit has erased in it already")
        known = self._texts.get(root)
        return self._document.text(root) if known is None else known

    def _root(self, root: str, kind: Kind) -> Any:
        declared = self._document.schema.kind_of(root)
        if declared is not kind:
            raise BadEdit(root, f"it is no {kind.value}")
        _check_name(root, root)
        return self._document.engine.root(root, kind)


class Document:
    """
    One replica of a document; ``client`` is its fresh client id.

    A client id is drawn at random each time a document is opened and never kept: one
    that is used again after a restored backup forks the document, silently and for good.
    """

    def __init__(self, name: str, schema: Schema, client: int) -> None:
        self.name = name
        self.schema = schema
        self.broken: str | None = None
        """What the engine failed at; from then on nothing is merged or edited."""

        self._client = client
        self._tracked: list[str] = []
        self._twins = Twins()
        self._begin()

    def _begin(self) -> None:
        self.engine = Engine(self._client)
        self._ledger = Ledger(self.schema)
        self._texts: dict[str, str] = {}
        self._elements: dict[Touch, int] = {}
        self._total = 0
        self._weight = 0  # bytes of what it was made of: as many as it has encoded, or more
        self._dirty: set[Touch] = set()
        self._fingerprint: bytes | None = None

    @classmethod
    def load(cls, name: str, schema: Schema, client: int, updates: Iterable[bytes]) -> Document:
        """
        Open a document from what was kept of it, in the order in which it was kept.

        What is damaged is left out, and everything that builds on it; the journal's
        checksums say so more precisely.
        """
        document = cls(name, schema, client)
        for update in updates:
            document.recall(update)
        return document

    def recall(self, update: bytes) -> Merged:
        """Take in bytes that were kept here; as :meth:`merge` does with those from elsewhere."""
        return self._merge(update, "journal", ours=True)

    # Reading.

    @property
    def client(self) -> int:
        """The client id of edits that are made here."""
        return self._client

    def text(self, root: str) -> str:
        """A text; empty if nothing was ever written there."""
        known = self._texts.get(root)
        if known is None:
            if root not in self._ledger.roots:
                return ""
            known = self._texts[root] = self.engine.text(root)
        return known

    def value(self, root: str, key: str) -> Scalar:
        """A register of a map; None if it was never set."""
        return self.engine.value(root, key) if root in self._ledger.roots else None

    def values(self, root: str) -> dict[str, Scalar]:
        """All registers of a map."""
        return self.engine.values(root) if root in self._ledger.roots else {}

    def record(self, root: str, key: str) -> dict[str, Scalar] | None:
        """The registers of a record; None if there is none."""
        return self.engine.record(root, key) if root in self._ledger.roots else None

    def records(self, root: str) -> dict[str, dict[str, Scalar]]:
        """All records."""
        return self.engine.records(root) if root in self._ledger.roots else {}

    def roots(self) -> frozenset[str]:
        """The names of all roots in which anything was ever written."""
        return frozenset(self._ledger.roots)

    # Comparing.

    def clocks(self) -> Mapping[int, int]:
        """The next clock of each client: what state vectors say."""
        return self._ledger.clocks

    def state(self) -> bytes:
        """The state vector, clients in ascending order."""
        return encode_state(self._ledger.clocks)

    def digest(self) -> bytes:
        """32 bytes that are equal for equal contents; see :mod:`whisker_sync.document.digest`."""
        for touch in self._dirty:
            number = self._element(touch)
            self._total = digests.subtract(self._total, self._elements.pop(touch, 0))
            if number:
                self._elements[touch] = number
                self._total = digests.add(self._total, number)
        self._dirty.clear()
        return digests.digest(self._total)

    def fingerprint(self) -> bytes:
        """32 bytes that are equal for replicas which may stand in for each other."""
        if self._fingerprint is None:
            self._fingerprint = hashlib.sha256(self.digest() + self.state()).digest()
        return self._fingerprint

    def encode(self, since: bytes | None = None) -> bytes:
        """
        The update for a holder of the state vector ``since``; None: for one who has nothing.

        Raises:
            BadState: It is no state vector.
        """
        if since is None:
            return self.engine.encode(b"\x00")
        try:
            clocks = parse_state(since)
        except Malformed as problem:
            raise BadState(str(problem)) from None
        return self.engine.encode(encode_state(self._ledger.settled(clocks)))

    # Writing.

    @contextmanager
    def edit(self, origin: str, *, once: bool = False) -> Iterator[Edit]:
        """
        Edit the document: all steps of the block become one change, at its end.

        If the block raises, nothing is changed. ``once``: what is inserted may come from
        elsewhere, too, and is to be there once; see :meth:`doubled`.
        """
        self._check_whole()
        edit = Edit(self)
        yield edit
        if edit._steps:  # noqa: SLF001 - an edit is part of its document
            update = self._engine(lambda: self.engine.write(origin, edit._steps))  # noqa: SLF001
            edit.change = self._note(update, origin, once=once)
            self._texts |= edit.known()

    def track(self, origin: str) -> None:
        """Make what ``origin`` edits from now on undoable, edit by edit."""
        if origin not in self._tracked:
            self._tracked.append(origin)
            self.engine.track(origin)

    def undo(self, origin: str) -> Change | None:
        """Take the latest tracked edit of ``origin`` back, and nobody else's."""
        return self._undo(origin, redo=False)

    def redo(self, origin: str) -> Change | None:
        """Make the latest edit that was undone again."""
        return self._undo(origin, redo=True)

    # Merging.

    def doubled(self) -> list[tuple[str, Span, str]]:
        """
        Return what is there twice since the last time: root, what is to be erased, where it stays.

        That is what was inserted here by an edit ``once``, and by somebody else with the same
        words at the same place, or as a text of its own, and neither has seen the other. To erase
        it is safe: whoever else does erases the same one of the two, and what others wrote in
        between stays. Nothing goes for something that is not there any more.
        """
        doubled: list[tuple[str, Span, str]] = []
        for twin in self._twins.take():
            is_there = self._is_there if twin.is_same else self._is_whole
            there = twin.elsewhere or twin.root
            both_are_there = is_there(there, twin.stays) and is_there(twin.root, twin.goes)
            if both_are_there and (not twin.beside or self._are_side_by_side(twin)):
                doubled.append((twin.root, twin.goes.span, there))
        return doubled

    def _are_side_by_side(self, twin: Twin) -> bool:
        """Tell whether the two are there as they were written, with only blanks between them."""
        text = self.text(twin.root).encode()
        both = ((self.engine.place(twin.root, *each.id), each) for each in (twin.stays, twin.goes))
        (start, one), (end, other) = sorted(both, key=lambda each: each[0])
        first, second = one.text.encode(), other.text.encode()
        are_whole = text.startswith(first, start) and text.startswith(second, end)
        return are_whole and not text[start + len(first) : end].strip()

    def _is_there(self, root: str, written: Written) -> bool:
        """Tell whether something of what was written is there still, by some of its letters."""
        client, clock, length = written.span
        some = range(clock, clock + length, length // MAX_LOOKS + 1)
        return any(self.engine.is_there(root, client, each) for each in some)

    def _is_whole(self, root: str, written: Written) -> bool:
        """Tell whether what was written is there still, and nothing is in between."""
        text = written.text.encode()
        return self.text(root).encode().startswith(text, self.engine.place(root, *written.id))

    def run_together(self) -> list[tuple[str, int]]:
        """
        Return where a blank is missing since the last time: root, and code point.

        That is where what was inserted here by an edit ``once`` and what somebody else inserted,
        neither in sight of the other, came to stand side by side. Only one of their two devices
        is told, so that there will be one blank.
        """
        return missing_blanks(self._twins.take_beside(), self.text, self.engine.place)

    def merge(self, update: bytes, origin: str) -> Merged:
        """Take in bytes from elsewhere; see the variants of :data:`Merged`."""
        return self._merge(update, origin, ours=False)

    def _merge(self, update: bytes, origin: str, *, ours: bool) -> Merged:
        if self.broken is not None:
            return Rejected(f"this document has to be opened again: {self.broken}")
        try:
            parsed = parse(update, ours=ours)
            if self._is_fork(parsed):
                return Forked(self._client)
            admitted = self._ledger.admit(parsed, ours=ours)
        except Malformed as problem:
            return Rejected(f"it is no update: {problem}")
        except Impossible as problem:
            return Rejected(str(problem))
        except Missing as missing:
            return NotReady(missing.needs)
        if not ours and self._outgrows(update, admitted):
            return Rejected(f"the document would have more than {MAX_DOCUMENT >> 20} MiB")
        for _, place in admitted.fresh:
            if place.touch[0] and place.kind is not Kind.FOREIGN:
                self.engine.root(place.touch[0], place.kind)
        try:
            changed = self._engine(lambda: self.engine.apply(update, origin))
        except EngineFailure as failure:
            return Rejected(str(failure))
        if not changed and not admitted.fresh:
            return Nothing()
        if not ours:
            clocks = self._ledger.clocks
            whole = (
                each for each in admitted.fresh if each[0].clock >= clocks.get(each[0].client, 0)
            )
            self._twins.heard(whole)
        touched = self._ledger.enter(admitted)
        self._touch(touched)
        self._gain(update)
        return Applied(touched)

    def is_large(self) -> bool:
        """Whether the author should know that there is a limit; cheap while it is not."""
        if self._weight > LARGE_DOCUMENT:
            self._weight = len(self.encode())
        return self._weight > LARGE_DOCUMENT

    def look(self, touched: Iterable[Touch]) -> None:
        """
        Read what was touched, as any reader would.

        Some updates that the engine takes in without a word harm whoever reads what they
        left. Better that this happens now, while it is known whose update it was.

        Raises:
            EngineFailure: It did; the document is broken.
        """
        for root, key in touched:
            match self.schema.kind_of(root):
                case Kind.TEXT:
                    self._engine(partial(self.text, root))
                case Kind.MAP if key is not None:
                    self._engine(partial(self.value, root, key))
                case Kind.RECORDS if key is not None:
                    self._engine(partial(self.record, root, key))
                case _:
                    pass

    def rotate(self, client: int) -> None:
        """Take a new client id: the old one is used by somebody else."""
        whole = self.encode()
        self._client = client
        self._begin()
        self._merge(whole, "rotation", ours=True)
        for origin in self._tracked:
            self.engine.track(origin)

    # Private methods.

    def _undo(self, origin: str, *, redo: bool) -> Change | None:
        self._check_whole()
        update = self._engine(lambda: self.engine.undo(origin, redo=redo))
        return self._note(update, origin)

    def _note(self, update: bytes | None, origin: str, *, once: bool = False) -> Change | None:
        if update is None:
            return None
        parsed = parse(update)
        admitted = self._ledger.admit(parsed)
        if once:
            self._twins.wrote(admitted.fresh)
        touched = self._ledger.enter(admitted)
        self._touch(touched)
        self._gain(update)
        clients = tuple(dict.fromkeys(struct.client for struct in parsed.structs))
        return Change(update, origin, touched, clients)

    def _outgrows(self, update: bytes, admitted: Admitted) -> bool:
        if not admitted.fresh or self._weight + len(update) <= MAX_DOCUMENT:
            return False
        whole = self.encode()
        self._weight = len(whole)
        return len(merge((whole, update))) > MAX_DOCUMENT

    def _gain(self, update: bytes) -> None:
        self._weight += len(update)

    def _touch(self, touched: frozenset[Touch]) -> None:
        self._fingerprint = None
        self._dirty |= touched
        for root, _ in touched:
            self._texts.pop(root, None)

    def _element(self, touch: Touch) -> int:
        root, key = touch
        match self.schema.kind_of(root):
            case Kind.TEXT:
                text = self.text(root)
                return digests.element(root, None, text) if text else 0
            case Kind.MAP if key is not None:
                value = self.value(root, key)
                return 0 if value is None else digests.element(root, key, {"": value})
            case Kind.RECORDS if key is not None:
                record = self.record(root, key)
                return 0 if record is None else digests.element(root, key, record)
            case _:
                return 0

    def _is_fork(self, parsed: Parsed) -> bool:
        own = self._client
        known = self._ledger.clocks.get(own, 0)
        return any(s.client == own and s.clock + s.length > known for s in parsed.structs)

    def _engine(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except EngineFailure as failure:
            self.broken = str(failure)
            raise

    def _check_whole(self) -> None:
        if self.broken is not None:
            raise EngineFailure("writing an edit", self.broken)


def coalesce(updates: Sequence[bytes]) -> list[bytes]:
    """
    The same news in one update, if they follow each other; else the updates as they are.

    Where something between them is left out, the engine would mark a gap, and an update
    with a gap is never let in anywhere. Costs more than it saves beyond some 128 updates.
    """
    merged = merge(updates)
    try:
        parse(merged)
    except Malformed:
        return list(updates)
    return [merged]


def extent(update: bytes) -> tuple[Span, ...]:
    """What an update is made of: client, first clock and length of each run; () of no update."""
    try:
        structs = parse(update, ours=True).structs
    except Malformed:
        return ()
    spans: list[Span] = []
    for struct in structs:
        client, start, length = spans[-1] if spans else (0, 0, 0)
        if spans and client == struct.client and start + length == struct.clock:
            spans[-1] = (client, start, length + struct.length)
        else:
            spans.append((struct.client, struct.clock, struct.length))
    return tuple(spans)


def fresh_client(known: Container[int], dice: Random) -> int:
    """A client id of 32 bits that the document does not know."""
    while True:
        client = dice.getrandbits(32)
        if client and client not in known:
            return client


def _bytes(text: str, index: int) -> int:
    """The position in UTF-8 of a position in code points."""
    return index if text.isascii() else len(text[:index].encode())


def _in_good_order(places: Sequence[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    """
    Return where to edit a text one after the other, each place as it is by then.

    To edit within a long run of letters the engine copies all of the run. So a few edits
    first make many short runs of it, and then come all others; both from the end on, so that
    nothing moves.
    """
    few = max(1, isqrt(len(places)))
    shifts = [0]
    for n, (first, last, insert) in enumerate(places):
        grown = len(insert.encode()) - (last - first)
        shifts.append(shifts[-1] + grown * (n % few == 0))
    yield from places[::few][::-1]
    for n in reversed(range(len(places))):
        if n % few:
            first, last, insert = places[n]
            yield first + shifts[n], last + shifts[n], insert


def _check_text(root: str, text: str) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise BadEdit(root, "the text contains half a character (a lone surrogate)") from None
    if size > MAX_INSERT:
        raise BadEdit(root, f"{size} bytes at once; {MAX_INSERT} is the limit")


def _check_name(root: str, name: str) -> None:
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise BadEdit(root, "a name contains half a character (a lone surrogate)") from None
    if not 0 < size <= MAX_NAME:
        raise BadEdit(root, f"a name has {size} bytes; 1 to {MAX_NAME} are allowed")


def _check_scalar(root: str, value: Scalar) -> None:
    match value:
        case None | bool() | float():
            return
        case int():
            if abs(value) >= EXACT:
                raise BadEdit(root, f"{value} is beyond 2**53 and would not stay exact")
        case str():
            _check_text(root, value)
        case bytes():
            if len(value) > MAX_INSERT:
                raise BadEdit(root, f"{len(value)} bytes at once; {MAX_INSERT} is the limit")
        case _:
            raise BadEdit(root, f"a register cannot hold a {type(value).__name__}")


assert MAX_INSERT < MAX_UPDATE
assert MAX_CLIENT >= (1 << 32) - 1
