"""
The documents of one device and the journal they are kept in.

Rule 1: whatever changes a document passes through here and becomes an entry of
the journal: the bytes that arrived or were made, never a re-encoding.

Rule 2: nothing is written here. One input makes at most one batch; the peer
takes it with :meth:`Library.batch` and asks the world to keep it. The world
answers with tickets: ``committed`` is the newest one known to be durable.

Positions, oldest to newest::

    first ......... durable ......... sendable ......... head
    in the log      safe on disk      may be sent        known

What came from files may be sent only when it is durable: after a crash it
would be read from the file once more, and be there twice. What a program
edited in memory cannot be derived again, so it may be sent at once.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from whisker_sync import chunks
from whisker_sync.batch import Batch, Recalled
from whisker_sync.document import (
    Applied,
    Change,
    Document,
    Forked,
    Hold,
    Nothing,
    NotReady,
    Rejected,
    Schema,
    Span,
    Touch,
    coalesce,
    extent,
    fresh_client,
)
from whisker_sync.errors import EngineFailure
from whisker_sync.ids import DeviceId, Incarnation
from whisker_sync.peer.poison import Poison, is_overlapping
from whisker_sync.record import Entry, Record
from whisker_sync.revision import Revision
from whisker_sync.wire.messages import Holding

LOG_BYTES = 8 << 20
"""Bytes of recent updates that stay in memory; what is older is read from disk when needed."""

MERGE_AT_MOST = 128
"""Records merged into one; merging costs more than it saves beyond."""

COMPACT_ENTRIES = 10_000
"""Entries in the log from which a snapshot replaces them."""

COMPACT_BYTES = 4 << 20
"""Bytes of updates in the log from which a snapshot replaces them."""

EMPTY_UPDATE = b"\x00\x00"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A record and the device that it came from."""

    record: Record
    source: DeviceId


@dataclass(frozen=True, slots=True)
class Merge:
    """What became of one record that arrived."""

    applied: tuple[Arrival, ...] = ()
    """The record, and those that had waited for it; empty: it was known, or is not usable yet."""

    touched: frozenset[Touch] = frozenset()
    waits: bool = False
    """It builds on something that is not here, and is held."""

    refused: str | None = None
    """Why it will never be used."""

    forked: bool = False
    """Somebody else used our client id; we took a new one."""


class Library:
    """All documents of a workspace on this device; what sessions ask, and what the peer does."""

    def __init__(
        self, device: DeviceId, recalled: Recalled, schemas: Mapping[str, Schema], dice: Random
    ) -> None:
        self._device = device
        self.first = recalled.first
        self.head = self.durable = self.sendable = recalled.head
        self.facts = dict(recalled.facts)
        self.saved_facts: dict[str, bytes | None] = dict(recalled.facts)
        """The facts as they are on disk; None: it was forgotten."""

        self.committed = self.ticket = 0
        self._withheld_after = self._withheld_until = 0
        self._incarnation = recalled.incarnation
        self._poison = Poison(recalled.facts)
        self._dice = dice
        self._documents: dict[str, Document] = {}
        self._holds: dict[str, Hold[Arrival]] = {}
        self.waits = False
        """Something waits for what it builds on."""

        for name, schema in schemas.items():
            self._open(name, schema, recalled.documents.get(name, ()))
        self._log = list(recalled.tail)
        self._log_bytes = sum(len(entry.record.update) for entry in self._log)
        self._own = [entry.seq for entry in self._log if entry.source == device]
        self._unacked_older = int(recalled.facts.get("unacked", b"0"))  # before the log begins
        self._from_files: deque[int] = deque()  # positions that may not be sent yet
        self._batches: deque[tuple[int, int, dict[str, bytes | None]]] = deque()
        self._weights: deque[int] = deque()  # of each batch, in binary files
        self._entries: list[Entry] = []
        self._new_facts: dict[str, bytes | None] = {}
        self._lazy_facts: dict[str, bytes | None] = {}
        self._assets: list[tuple[bytes, bytes]] = []
        self._complete: set[bytes] = set()  # lists of which we have all chunks
        self.unwritten = 0
        """Bytes of binary files that are on their way to the journal."""
        self._revisions: list[Revision] = []
        self._fingerprint: bytes | None = None
        self._large: set[str] = set()  # documents that we said are large

    # What a session asks.

    @property
    def device(self) -> DeviceId:
        """Ourselves."""
        return self._device

    @property
    def incarnation(self) -> Incarnation:
        """The life of our journal."""
        return self._incarnation

    @property
    def tellable(self) -> int:
        """The newest position that others may know; see :meth:`withhold`."""
        if self.committed < self._withheld_until:
            return min(self.durable, self._withheld_after)
        return self.durable

    @property
    def at_rest(self) -> bool:
        """All is durable, and nothing waits for what it builds on."""
        return self.tellable == self.head and not self.waits

    def entries(self, after: int, room: int) -> Sequence[Entry] | None:
        """Sendable entries after a position, some ``room`` bytes; None: they are on disk only."""
        start = after + 1 - (self._log[0].seq if self._log else self.head + 1)
        if start < 0:
            return None
        found: list[Entry] = []
        for entry in self._log[start : start + MERGE_AT_MOST * 8]:
            if entry.seq > self.sendable or room <= 0:
                break
            found.append(entry)
            room -= len(entry.record.update)
        return found

    def fingerprint(self) -> bytes:
        """16 bytes over all documents that hold something."""
        if self._fingerprint is None:
            together = hashlib.blake2b(digest_size=16)
            for name, document in sorted(self._documents.items()):
                if document.clocks():
                    together.update(_frame(name.encode()) + document.fingerprint())
            self._fingerprint = together.digest()
        return self._fingerprint

    def holdings(self) -> tuple[Holding, ...]:
        """What we hold of each document."""
        return tuple(
            Holding(name, document.fingerprint()[:16], document.state())
            for name, document in sorted(self._documents.items())
        )

    def missing(self, holdings: Sequence[Holding]) -> tuple[Record, ...]:
        """
        Records that bring a holder of ``holdings`` up to date.

        Raises:
            DocumentError: One of the state vectors is none.
        """
        held = {holding.document: holding for holding in holdings}
        records = []
        for name, document in sorted(self._documents.items()):
            theirs = held.get(name)
            if theirs is not None and theirs.fingerprint == document.fingerprint()[:16]:
                continue
            update = document.encode(theirs.state if theirs is not None else None)
            if update != EMPTY_UPDATE:
                records.append(Record(name, update, self.device, client=0, time=0))
        return tuple(records)

    def coalesce(self, records: Sequence[Record]) -> tuple[Record, ...]:
        """The same news in as few records as possible; each keeps its author and client."""
        merged: list[Record] = []
        run: list[Record] = []
        for record in records:
            if run and (len(run) == MERGE_AT_MOST or not _alike(run[0], record)):
                merged += _merge(run)
                run = []
            run.append(record)
        if run:
            merged += _merge(run)
        return tuple(merged)

    # What changes documents.

    def document(self, name: str) -> Document:
        """
        A document by its name.

        Raises:
            KeyError: The workspace was opened without a schema for it.
        """
        return self._documents[name]

    def wrote(self, name: str, change: Change, at: int, *, from_file: bool) -> None:
        """Note an edit that was made here and is in the document already."""
        client = change.clients[0] if len(change.clients) == 1 else 0
        record = Record(name, change.update, self.device, client, at)
        self._append(Arrival(record, self.device))
        self._own.append(self.head)
        if from_file:
            self._from_files.append(self.head)
        self._update_sendable()

    def merge(self, record: Record, source: DeviceId) -> Merge:
        """
        Take a record that another device sent.

        Raises:
            EngineFailure: The engine broke over it; the process has to start again.
        """
        document = self._documents.get(record.document)
        if document is None:
            return Merge(refused=f"no document called {record.document!r} is open here")
        if self._poison and self._poison.is_in(record.document, record.update):
            return Merge(refused="it has ended this program before")
        arrival = Arrival(record, source)
        match document.merge(record.update, origin=source.hex()):
            case Applied(touched):
                return self._applied(document, arrival, touched)
            case Nothing():
                return Merge()
            case NotReady(missing) if self._poison.is_missing(record.document, missing):
                self._refuse_after(record)
                return Merge(refused="it builds on what has ended this program before")
            case NotReady(missing):
                self._holds[record.document].add(record.update, arrival, missing)
                self._note_whether_it_waits()
                return Merge(waits=True)
            case Rejected(reason):
                if document.broken is not None:  # what is in memory cannot be trusted any more
                    raise EngineFailure("taking in an update", document.broken)
                return Merge(refused=reason)
            case Forked():
                document.rotate(self._fresh_client(document))
                return replace(self.merge(record, source), forked=True)

    def spans_refused(self, record: Record) -> tuple[Span, ...]:
        """What of a record that was refused cannot be taken in."""
        return self._poison.spans_in(record)

    def is_for_us_to_withdraw(self, name: str, span: Span, teller: DeviceId) -> bool:
        """
        Whether we let go of something because ``teller`` cannot take it in.

        If it was written here, or if the one lets go of it who wrote it, or gave it to us.
        """
        if span[0] == self._documents[name].client:
            return True
        return any(
            is_overlapping(extent(entry.record.update), [span])
            for entry in self._log
            if entry.record.document == name
            and (entry.source in (self._device, teller) or entry.record.author == teller)
        )

    def clients_since(self, position: int, name: str) -> tuple[int, ...]:
        """Under which client ids a document was edited here after a position, and is now."""
        clients = {self._documents[name].client}
        for entry in self._log:
            ours = entry.source == self._device and entry.record.document == name
            if ours and entry.seq > position:
                clients |= {client for client, _, _ in extent(entry.record.update)}
        return tuple(sorted(clients))

    def remember(self, name: str, value: bytes | None, *, soon: bool = True) -> None:
        """Keep a small value; ``soon=False``: when something else is written anyway."""
        if self.facts.get(name) == value and not (soon and name in self._lazy_facts):
            return
        if value is None:
            self.facts.pop(name, None)
        else:
            self.facts[name] = value
        is_soon = soon or name in self._new_facts
        (self._lazy_facts if is_soon else self._new_facts).pop(name, None)
        (self._new_facts if is_soon else self._lazy_facts)[name] = value

    def withhold(self, after: int, until: int) -> None:
        """Tell nobody a position behind ``after`` before the ticket ``until`` is durable."""
        self._withheld_after, self._withheld_until = after, until

    def unwritten_facts(self, prefix: str) -> list[str]:
        """The names that begin so of the facts that go into the next batch."""
        pending = self._new_facts.keys() | self._lazy_facts.keys()
        return sorted(name for name in pending if name.startswith(prefix))

    def facts_below(self, prefix: str) -> dict[str, bytes]:
        """The facts whose names begin so."""
        return {name: value for name, value in self.facts.items() if name.startswith(prefix)}

    def has_become_large(self, name: str) -> bool:
        """Whether a document comes near its limit; true once."""
        if name in self._large or not self._documents[name].is_large():
            return False
        self._large.add(name)
        return True

    def keep(self, asset: bytes, content: bytes) -> None:
        """Keep the content of a binary file."""
        self._assets.append((asset, content))
        self.unwritten += len(content)
        self.remember(f"asset/{asset.hex()}", b"")

    def has(self, asset: bytes) -> bool:
        """Whether the content of a binary file is kept, or will be with the next batch."""
        return f"asset/{asset.hex()}" in self.facts

    def keep_list(self, list_: bytes) -> None:
        """Keep which chunks a large file consists of."""
        self.remember(f"chunks/{chunks.id_of(list_).hex()}", list_)

    def note_kept(self, assets: Iterable[bytes]) -> None:
        """Note that contents are in the journal already."""
        for asset in assets:
            self.remember(f"asset/{asset.hex()}", b"")

    def list_of(self, asset: bytes) -> bytes | None:
        """Which chunks a large file consists of, by the SHA-256 of its list."""
        return self.facts.get(f"chunks/{asset.hex()}")

    def lacks(self, list_: bytes) -> tuple[bytes, ...]:
        """What we have not of a large file: the list itself, or chunks."""
        if list_ in self._complete:
            return ()
        known = self.list_of(list_)
        if known is None:
            return (list_,)
        missing = tuple(chunk for chunk in chunks.hashes(known) if not self.has(chunk))
        if not missing:
            self._complete.add(list_)
        return missing

    def file(self, revision: Revision) -> None:
        """Keep a revision of the history."""
        self._revisions.append(revision)

    # What the peer asks.

    @property
    def names(self) -> tuple[str, ...]:
        """The documents."""
        return tuple(self._documents)

    @property
    def is_long(self) -> bool:
        """A snapshot in place of the log may be worth its while."""
        size = self.head - self.first + 1
        return size >= COMPACT_ENTRIES or self._log_bytes >= COMPACT_BYTES

    @property
    def held(self) -> int:
        """Updates that wait for what they build on."""
        return sum(len(hold) for hold in self._holds.values())

    @property
    def dropped(self) -> int:
        """Updates that could not even wait, because too many did."""
        return sum(hold.dropped for hold in self._holds.values())

    @property
    def held_bytes(self) -> int:
        """Bytes of these updates."""
        return sum(hold.size for hold in self._holds.values())

    @property
    def log_bytes(self) -> int:
        """Bytes of recent updates in memory."""
        return self._log_bytes

    @property
    def due(self) -> int:
        """The ticket that will make everything durable that is known now."""
        return self.ticket + self._urgent

    @property
    def _urgent(self) -> bool:
        """Whether something is to be written now."""
        return bool(self._entries or self._new_facts or self._assets or self._revisions)

    def unacked(self, through: int) -> int:
        """How many records made here lie after a position."""
        older = self._unacked_older if through < self.first - 1 else 0
        return older + len(self._own) - bisect_right(self._own, through)

    def digest(self) -> bytes:
        """32 bytes over the content of all documents that hold something."""
        together = hashlib.sha256()
        for name, document in sorted(self._documents.items()):
            if document.clocks():
                together.update(_frame(name.encode()) + document.digest())
        return together.digest()

    def batch(self, *, everything: bool = False) -> tuple[int, Batch] | None:
        """Ticket and content of what is to be written now; None: nothing is."""
        if not self._urgent and not (everything and self._lazy_facts):
            return None
        facts = {**self._lazy_facts, **self._new_facts}
        batch = Batch(
            tuple(self._entries),
            tuple(facts.items()),
            tuple(self._assets),
            tuple(self._revisions),
        )
        self._entries, self._assets, self._revisions = [], [], []
        self._new_facts, self._lazy_facts = {}, {}
        self.ticket += 1
        self._batches.append((self.ticket, self.head, facts))
        self._weights.append(sum(len(content) for _, content in batch.assets))
        return self.ticket, batch

    def commit(self, ticket: int) -> None:
        """Note that all batches up to ``ticket`` are durable."""
        self.committed = max(self.committed, ticket)
        while self._batches and self._batches[0][0] <= ticket:
            _, self.durable, facts = self._batches.popleft()
            self.unwritten -= self._weights.popleft()
            self.saved_facts.update(facts)
        self._update_sendable()
        self._trim()

    def compactable(self, acked: int) -> list[tuple[str, int, bytes, bytes]]:
        """
        Snapshots worth making: document, position, state, digest.

        Only when all is durable, nothing waits, and what was made here has
        reached another device (``acked``) or grew beyond all measure.
        """
        size = self.head - self.first + 1
        if not self.at_rest or not self.is_long:
            return []
        if acked < self.head and size < 2 * COMPACT_ENTRIES and self._log_bytes < LOG_BYTES:
            return []
        self._unacked_older = self.unacked(acked)
        self.remember("unacked", str(self._unacked_older).encode())
        self.first = self.head + 1
        self._own = []
        self._log, self._log_bytes = [], 0
        return [
            (name, self.head, document.encode(), document.digest())
            for name, document in self._documents.items()
        ]

    # Private methods.

    def _open(self, name: str, schema: Schema, updates: Iterable[bytes]) -> None:
        document = Document.load(name, schema, fresh_client((), self._dice), updates)
        if document.client in document.clocks():
            document.rotate(self._fresh_client(document))
        self._documents[name] = document
        self._holds[name] = Hold()

    def _fresh_client(self, document: Document) -> int:
        return fresh_client(document.clocks(), self._dice)

    def _applied(self, document: Document, arrival: Arrival, touched: frozenset[Touch]) -> Merge:
        self._append(arrival)
        applied = [arrival]
        hold = self._holds[document.name]
        if len(hold):
            released, more = hold.release(document, arrival.source.hex())
            for held in released:
                self._append(held)
            applied += released
            touched |= more
            self._note_whether_it_waits()
        self._update_sendable()
        return Merge(tuple(applied), touched)

    def _refuse_after(self, record: Record) -> None:
        """Never take in what builds on poison, nor what waits for that."""
        name = record.document
        refused = [record]
        while refused:
            for each in refused:
                self._poison.note_after(each)
            in_vain = self._holds[name].drop(lambda gap: self._poison.is_missing(name, gap))
            refused = [arrival.record for arrival in in_vain]
        self._note_whether_it_waits()

    def _note_whether_it_waits(self) -> None:
        self.waits = any(map(len, self._holds.values()))

    def _append(self, arrival: Arrival) -> None:
        self.head += 1
        entry = Entry(self.head, arrival.source, arrival.record)
        self._log.append(entry)
        self._log_bytes += len(arrival.record.update)
        self._entries.append(entry)
        self._fingerprint = None

    def _update_sendable(self) -> None:
        while self._from_files and self._from_files[0] <= self.durable:
            self._from_files.popleft()
        self.sendable = self._from_files[0] - 1 if self._from_files else self.head

    def _trim(self) -> None:
        if self._log_bytes <= LOG_BYTES:
            return
        keep = 0
        while self._log_bytes > LOG_BYTES // 2 and self._log[keep].seq <= self.durable:
            self._log_bytes -= len(self._log[keep].record.update)
            keep += 1
        del self._log[:keep]


def _frame(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


def _alike(first: Record, second: Record) -> bool:
    return (
        first.document == second.document
        and first.author == second.author
        and first.client == second.client
        and first.format == second.format
        and not (first.signature or second.signature)
        and first.voucher == second.voucher
    )


def _merge(run: list[Record]) -> list[Record]:
    if len(run) == 1:
        return run
    updates = coalesce([record.update for record in run])
    if len(updates) > 1:
        return run
    return [replace(run[-1], update=updates[0])]
