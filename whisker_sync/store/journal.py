"""
The journal of one device: every update it knows, what it must remember, binary files.

One SQLite file, one connection, one thread. What :meth:`Journal.write` returned from is
durable: the commit was synced (WAL, ``synchronous=FULL``). A second connection is
impossible on purpose (``locking_mode=EXCLUSIVE``): SQLite before 3.51.3 can lose a WAL
that two connections reset (sqlite.org/wal.html#walresetbug).

Every row carries a checksum over its key and content, or has a hash of its content for a
key. A row that does not match is never returned as if it were well: opening says
:exc:`JournalDamaged`, and the file stays as it is; of the history and of binary files, which
the others have, too, it is passed over. A *seal* over all updates and snapshots, written
with each transaction, says whether one is missing. Nothing of a document is ever deleted but
by :meth:`Journal.compact`, and only after the snapshot that replaces it was read back and
verified.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import struct
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import dropwhile
from pathlib import Path
from typing import Any

from whisker_sync.batch import Batch, Recalled
from whisker_sync.errors import DiskFull, JournalBusy, JournalDamaged, JournalError, JournalTooNew
from whisker_sync.ids import DeviceId, Incarnation
from whisker_sync.record import Entry, Record
from whisker_sync.revision import DAY_MS, MAX_REVISION, decode, encode, id_of
from whisker_sync.store.store import HISTORY_FROM

FORMAT = 2
"""
Layout of the file; kept in SQLite's ``user_version`` and in ``meta``.

In every format there is this table ``meta`` with this row: where the two do not agree, it
is a damaged journal and not a newer one. An older format is brought up to date when it is
opened, in one transaction.
"""

SQLITE_VERSION = sqlite3.sqlite_version
"""The SQLite that Python came with."""

APPLICATION = 0x77686B72
"""``whkr``, SQLite's ``application_id``: tells our files from others."""

GENERATIONS = 2
"""Snapshots kept of each document: the newest and the one before it."""

_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE device (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE);
CREATE TABLE log (
    seq INTEGER PRIMARY KEY, document TEXT NOT NULL, source INTEGER NOT NULL,
    author INTEGER NOT NULL, client INTEGER NOT NULL, time INTEGER NOT NULL,
    format INTEGER NOT NULL, voucher INTEGER, signature BLOB, content BLOB NOT NULL,
    checksum BLOB NOT NULL
);
CREATE TABLE snapshot (
    document TEXT NOT NULL, through INTEGER NOT NULL, state BLOB NOT NULL,
    digest BLOB NOT NULL, checksum BLOB NOT NULL, PRIMARY KEY (document, through)
) WITHOUT ROWID;
CREATE TABLE fact (name TEXT PRIMARY KEY, value BLOB NOT NULL, checksum BLOB NOT NULL)
    WITHOUT ROWID;
CREATE TABLE asset (sha256 BLOB PRIMARY KEY, content BLOB NOT NULL);
"""

_HISTORY = """
CREATE TABLE revision (id BLOB PRIMARY KEY, time INTEGER NOT NULL, content BLOB NOT NULL);
CREATE INDEX revision_time ON revision (time);
"""

_UPGRADES = {1: _HISTORY}
"""What brings a journal from a format to the next."""

_ASSET_KEYS = "SELECT sha256 FROM asset"

Connect = Callable[[str], Any]
"""Makes a connection with the interface of :mod:`sqlite3` (or of apsw's stand-in for it)."""


def connect(path: str) -> sqlite3.Connection:
    """Open a file as we need it, or make it: no waiting for locks, transactions by hand."""
    if path != ":memory:" and not Path(path).exists():
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    return sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)


class Journal:
    """An open journal; all calls from one thread."""

    def __init__(self, path: Path, database: Any) -> None:
        self._path = str(path)
        self._database = database
        self._devices: dict[bytes, int] = {}
        self._head = 0
        self._seal = 0
        self._closed = False

    @classmethod
    def open(cls, path: Path, entropy: bytes, *, connect: Connect = connect) -> Journal:
        """
        Open a journal, or make one; ``entropy`` is 8 random bytes for a new one's incarnation.

        Raises:
            JournalBusy: Another process has it open.
            JournalDamaged: It does not hold what was written. Nothing was changed.
            JournalTooNew: A newer version wrote it.
            DiskFull: There is no room for a new one.
        """
        journal = cls(path, connect(str(path)))
        try:
            with journal._guarded():
                journal._prepare(entropy)
        except BaseException:
            journal._database.close()
            raise
        return journal

    # Reading.

    def recall(self) -> Recalled:
        """
        Everything that is kept, to start from.

        Raises:
            JournalDamaged: A row does not hold what was written.
        """
        with self._guarded():
            tail = tuple(self._entries("SELECT * FROM log ORDER BY seq"))
            documents: dict[str, list[bytes]] = {}
            covered: dict[str, int] = {}
            for document, through, state in self._snapshots():
                documents[document] = [state]
                covered[document] = through
            for entry in tail:
                if entry.seq > covered.get(entry.record.document, 0):
                    documents.setdefault(entry.record.document, []).append(entry.record.update)
            facts = {}
            for name, value, checksum in self._rows("SELECT name, value, checksum FROM fact"):
                self._check(checksum, f"the fact {name!r}", "fact", name, value)
                facts[name] = value
            if self._sealed() != self._seal:
                raise JournalDamaged(self._path, "some of what was written is missing")
            for name in self._lost_assets(facts):
                del facts[name]  # so it is asked for again
            incarnation = Incarnation(self._meta("incarnation"))
            filed = self._rows("SELECT id, time FROM revision")
            revisions = {_blob(id_): time for id_, time in filed if isinstance(time, int)}
        first = self._first(tail)
        return Recalled(
            incarnation=incarnation,
            head=self._head,
            first=first,
            facts=facts,
            documents={name: tuple(updates) for name, updates in documents.items()},
            tail=tuple(entry for entry in tail if entry.seq >= first),
            revisions=revisions,
            history_from=int(facts.get(HISTORY_FROM, b"0")),
        )

    @property
    def head(self) -> int:
        """The newest position."""
        return self._head

    def renew(self, entropy: bytes) -> Incarnation:
        """
        Begin a new life with what is here; ``entropy`` is 8 random bytes.

        Raises:
            JournalError, DiskFull: It could not be written.
        """
        with self._guarded(), self._transaction():
            self._set_meta("incarnation", entropy[:8])
        return Incarnation(entropy[:8])

    def read(self, after: int, max_bytes: int) -> list[Entry]:
        """
        Consecutive entries after a position, about ``max_bytes`` of updates.

        Empty if the entry right after the position is not in the log any more.
        """
        found: list[Entry] = []
        with self._guarded():
            for entry in self._entries("SELECT * FROM log WHERE seq > ? ORDER BY seq", (after,)):
                if entry.seq != after + 1 or max_bytes <= 0:
                    break
                found.append(entry)
                after += 1
                max_bytes -= len(entry.record.update)
        return found

    def asset(self, sha256: bytes) -> bytes | None:
        """The content of a binary file; None if it is not kept, or not as it was."""
        with self._guarded():
            for (content,) in self._rows("SELECT content FROM asset WHERE sha256 = ?", (sha256,)):
                if hashlib.sha256(content).digest() == sha256:
                    return _blob(content)
        return None

    def revisions(self, ids: Iterable[bytes]) -> list[bytes | None]:
        """The revisions with these ids, encoded; None: not kept, or not as it was."""
        with self._guarded():
            return [self._revision(id_) for id_ in ids]

    def history(
        self, *, since: int = 0, after: bytes | None = None, max_bytes: int | None = None
    ) -> list[bytes]:
        """
        Revisions from a time on (milliseconds since 1970), newest first, encoded.

        Of the same time, in the order of their ids. About ``max_bytes`` of them, at least
        one; ``after`` is the id of the last one that was read before.
        """
        found: list[bytes] = []
        with self._guarded():
            query = "SELECT id, time FROM revision WHERE time >= ? ORDER BY time DESC, id"
            rows = iter(list(self._rows(query, (since,))))
            if after is not None:
                rows = dropwhile(lambda row: row[0] != after, rows)
                next(rows, None)
            for id_, _ in rows:
                content = self._revision(_blob(id_))
                if content is None:
                    continue
                if max_bytes is not None and (max_bytes := max_bytes - len(content)) < 0 and found:
                    break
                found.append(content)
        return found

    def thin(self, before: int, keep: int) -> int:
        """
        Let go of old history: whole days, the oldest first, all of them before a time.

        As long as the history has no more than ``keep`` bytes everything stays, however old
        a clock that may be wrong makes it; milestones stay in any case. Returns how many
        revisions went. From then on what is older is not taken in any more.

        Raises:
            JournalDamaged, DiskFull: As :meth:`write`; nothing was changed.
        """
        with self._unless_it_fails():
            size = "SELECT coalesce(sum(length(content)), 0) FROM revision"
            ((room,),) = self._rows(size)
            gone = 0
            query = "SELECT id, time, length(content) FROM revision WHERE time < ? ORDER BY time"
            day_of_before = before // DAY_MS
            edge = None
            for id_, time, length in list(self._rows(query, (day_of_before * DAY_MS,))):
                if room <= keep and edge != time // DAY_MS:
                    break
                edge = time // DAY_MS
                if not self._is_milestone(id_):
                    self._database.execute("DELETE FROM revision WHERE id = ?", (id_,))
                    room -= length
                    gone += 1
            if edge is not None:
                self._write_facts([(HISTORY_FROM, str(edge + 1).encode())])
        return gone

    def forget_assets(self, assets: Sequence[bytes]) -> None:
        """
        Remove contents of binary files, by their SHA-256; what is not here is not missed.

        Raises:
            JournalDamaged, DiskFull: As :meth:`write`; nothing was changed.
        """
        with self._unless_it_fails():
            self._database.executemany(
                "DELETE FROM asset WHERE sha256 = ?", [(asset,) for asset in assets]
            )

    def check(self) -> list[str]:
        """What is wrong with the file, in sentences; empty: nothing is."""
        found = []
        try:
            with self._guarded():
                rows = self._rows("PRAGMA integrity_check")
                found += [f"SQLite says: {line}" for (line,) in rows if line != "ok"]
                self.recall()
                for sha256, content in self._rows("SELECT sha256, content FROM asset"):
                    if hashlib.sha256(_blob(content)).digest() != _blob(sha256):
                        found.append(f"the binary file {sha256.hex()} is not as it was written")
                for (id_,) in self._rows("SELECT id FROM revision"):
                    if self._revision(_blob(id_)) is None:
                        found.append(f"the revision {id_.hex()} is not as it was written")
        except (JournalError, DiskFull) as problem:
            found.append(str(problem))
        return found

    # Writing.

    def write(self, batches: Sequence[Batch]) -> None:
        """
        Make batches durable, all or none.

        Raises:
            DiskFull: There is no room; nothing was written, and it may be tried again.
            JournalDamaged: The disk fails; nothing was written.
        """
        with self._unless_it_fails():
            head = self._head
            for batch in batches:
                self._write_entries(batch.entries)
                self._write_facts(batch.facts)
                self._write_assets(batch.assets)
                self._write_revisions(encode(each) for each in batch.revisions)
            if self._head != head:
                self._set_head()

    def refill(
        self,
        entries: Sequence[Entry],
        snapshots: Mapping[str, tuple[int, bytes, bytes]],
        facts: Mapping[str, bytes],
        assets: Iterable[tuple[bytes, bytes]],
        revisions: Iterable[bytes],
        head: int,
    ) -> None:
        """
        Fill a new journal with what was saved from another one, all or nothing.

        ``entries`` ascend and may have gaps. ``snapshots`` has for each document the
        position, the state and its digest. If ``head`` lies beyond the last entry, then
        nothing of the log counts as complete, and others compare documents instead.

        Raises:
            DiskFull, JournalDamaged: As :meth:`write`.
        """
        with self._unless_it_fails():
            for entry in entries:
                self._head = entry.seq - 1
                self._write_entries((entry,))
            for document, (through, state, digest) in snapshots.items():
                self._write_snapshot(document, through, state, digest)
            self._write_facts(facts.items())
            self._write_assets(assets)
            self._write_revisions(revisions)
            self._head = head
            self._set_head()

    def restart(
        self, document: str, state: bytes, digest: bytes, batch: Batch, entropy: bytes
    ) -> None:
        """
        Begin a document anew: this state, then the batch, in a new life of the journal.

        All of it or nothing. What was there before stays in an older snapshot at most.

        Raises:
            JournalDamaged, DiskFull: Nothing was changed.
        """
        with self._unless_it_fails():
            self._drop("snapshot WHERE document = ? AND through = ?", (document, self._head))
            self._write_snapshot(document, self._head, state, digest)
            self._drop("log WHERE document = ?", (document,))
            self._write_entries(batch.entries)
            self._write_facts(batch.facts)
            self._write_revisions(encode(each) for each in batch.revisions)
            self._set_head()
            self._set_meta("incarnation", entropy[:8])

    def compact(
        self,
        document: str,
        through: int,
        state: bytes,
        digest: bytes,
        verify: Callable[[bytes], bytes],
    ) -> None:
        """
        Replace the entries of a document up to a position by a snapshot.

        The snapshot is read back first, and ``verify`` must find ``digest`` in it.

        Raises:
            JournalDamaged: It does not; nothing was changed.
            DiskFull: There is no room; nothing was changed.
        """
        with self._unless_it_fails():
            self._drop("snapshot WHERE document = ? AND through = ?", (document, through))
            self._write_snapshot(document, through, state, digest)
            newest = {name: kept for name, _, kept in self._snapshots()}
            if verify(newest[document]) != digest:
                raise JournalDamaged(self._path, f"the snapshot of {document!r} came back changed")
            self._drop("log WHERE document = ? AND seq <= ?", (document, through))
            self._drop(
                "snapshot WHERE document = ?1 AND through NOT IN "
                "(SELECT through FROM snapshot WHERE document = ?1 ORDER BY through DESC LIMIT ?2)",
                (document, GENERATIONS),
            )
            self._set_head()
        # The snapshot is safe. If this fails, the file stays larger until the next time.
        with suppress(JournalError, DiskFull), self._guarded():
            # A script runs to its end; execute() would give back one page only.
            self._database.executescript("PRAGMA incremental_vacuum")
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """
        Close the file; at rest it is one file. Closing twice is fine.

        What :meth:`write` returned from is safe whatever happens here: if the disk fails,
        the next opening only looks at the whole file first.
        """
        if self._closed:
            return
        self._closed = True
        with suppress(JournalError, DiskFull), self._guarded():
            with self._transaction():
                self._set_meta("clean", b"\x01")
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._database.close()

    # Opening.

    def _prepare(self, entropy: bytes) -> None:
        run = self._database.execute
        run("PRAGMA locking_mode = EXCLUSIVE")
        run("PRAGMA trusted_schema = OFF")
        run("PRAGMA secure_delete = FAST")  # the secret of an invitation, say
        version = run("PRAGMA user_version").fetchone()[0]
        application = run("PRAGMA application_id").fetchone()[0]
        empty = not run("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if version > FORMAT and self._meta("format") == version.to_bytes(4, "big"):
            raise JournalTooNew(self._path, version)
        known = version == FORMAT or version in _UPGRADES
        if not empty and (application != APPLICATION or not known):
            raise JournalDamaged(self._path, "it is a database of another program")
        if empty:
            run("PRAGMA auto_vacuum = INCREMENTAL")
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")
        if sys.platform == "darwin":
            run("PRAGMA fullfsync = 1")
            run("PRAGMA checkpoint_fullfsync = 1")
        if empty:
            self._make(entropy)
        elif self._meta("clean") != b"\x01":
            for (line,) in self._rows("PRAGMA quick_check"):
                if line != "ok":
                    raise JournalDamaged(self._path, line)
        if not empty:
            self._upgrade(version)
        # What we read of the WAL may be in the system's memory only: after a sync that failed,
        # systems say that it worked the next time. What is written now must not build on it,
        # or it would be lost with it.
        run("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        with self._transaction():
            self._set_meta("clean", b"\x00")
        head = self._meta("head")
        self._head, self._seal = (int.from_bytes(part, "big") for part in (head[:8], head[8:]))
        self._devices = {_blob(key): id_ for id_, key in self._rows("SELECT id, key FROM device")}

    def _make(self, entropy: bytes) -> None:
        with self._transaction():
            self._run(_TABLES)
            for upgrade in _UPGRADES.values():
                self._run(upgrade)
            self._set_meta("format", FORMAT.to_bytes(4, "big"))
            self._set_meta("incarnation", entropy[:8])
            self._set_head()
            self._set_meta("clean", b"\x00")
            self._database.execute(f"PRAGMA application_id = {APPLICATION}")
            self._database.execute(f"PRAGMA user_version = {FORMAT}")

    def _upgrade(self, version: int) -> None:
        """Bring an older format up to date; nothing that is there changes."""
        while version < FORMAT:
            with self._transaction():
                self._run(_UPGRADES[version])
                version += 1
                self._set_meta("format", version.to_bytes(4, "big"))
                self._database.execute(f"PRAGMA user_version = {version}")

    def _run(self, statements: str) -> None:
        for statement in statements.split(";"):
            if statement.strip():
                self._database.execute(statement)

    # Private methods.

    def _write_entries(self, entries: Iterable[Entry]) -> None:
        rows = []
        for entry in entries:
            assert entry.seq == self._head + 1, "positions in a journal have no gaps"
            self._head = entry.seq
            record = entry.record
            rows.append(
                (
                    entry.seq,
                    record.document,
                    self._device(entry.source),
                    self._device(record.author),
                    record.client,
                    record.time,
                    record.format,
                    self._device(record.voucher) if record.voucher else None,
                    record.signature or None,
                    record.update,
                    self._sealing(entry_checksum(entry)),
                )
            )
        self._database.executemany("INSERT INTO log VALUES (?,?,?,?,?,?,?,?,?,?,?)", rows)

    def _write_facts(self, facts: Iterable[tuple[str, bytes | None]]) -> None:
        for name, value in facts:
            if value is None:
                self._database.execute("DELETE FROM fact WHERE name = ?", (name,))
            else:
                self._database.execute(
                    "INSERT OR REPLACE INTO fact VALUES (?, ?, ?)",
                    (name, value, row_checksum("fact", name, value)),
                )

    def _write_assets(self, assets: Iterable[tuple[bytes, bytes]]) -> None:
        self._database.executemany("INSERT OR IGNORE INTO asset VALUES (?, ?)", assets)

    def _write_revisions(self, revisions: Iterable[bytes]) -> None:
        for encoded in revisions:
            revision = decode(encoded)
            assert revision is not None, "what is filed is a revision"
            id_, packed = id_of(encoded), zlib.compress(encoded, 6)
            self._database.execute(
                "INSERT OR IGNORE INTO revision VALUES (?, ?, ?)",
                (id_, revision.time, packed),
            )

    def _revision(self, id_: bytes) -> bytes | None:
        query = "SELECT content FROM revision WHERE id = ?"
        for (packed,) in self._rows(query, (id_,)):
            return unpack_revision(id_, packed)
        return None

    def _is_milestone(self, id_: bytes) -> bool:
        encoded = self._revision(id_)
        revision = None if encoded is None else decode(encoded)
        return revision is not None and bool(revision.milestone)

    def _write_snapshot(self, document: str, through: int, state: bytes, digest: bytes) -> None:
        packed = zlib.compress(state, 6)
        checksum = self._sealing(row_checksum("snapshot", document, through, packed, digest))
        self._database.execute(
            "INSERT INTO snapshot VALUES (?, ?, ?, ?, ?)",
            (document, through, packed, digest, checksum),
        )

    def _drop(self, rows: str, arguments: tuple[Any, ...]) -> None:
        """Delete rows of the log or snapshots, given as table and condition."""
        for (checksum,) in self._rows(f"SELECT checksum FROM {rows}", arguments):
            self._sealing(checksum)
        self._database.execute(f"DELETE FROM {rows}", arguments)

    def _sealing(self, checksum: bytes) -> bytes:
        """Take a row into the seal, or out of it."""
        self._seal ^= int.from_bytes(checksum, "big")
        return checksum

    def _sealed(self) -> int:
        """What the seal must be over what is there."""
        seal = 0
        for table in ("log", "snapshot"):
            for (checksum,) in self._rows(f"SELECT checksum FROM {table}"):
                seal ^= int.from_bytes(checksum, "big")
        return seal

    def _lost_assets(self, facts: Iterable[str]) -> list[str]:
        """Facts that say that a binary file is here which is not."""
        kept = {f"asset/{_blob(sha256).hex()}" for (sha256,) in self._rows(_ASSET_KEYS)}
        return [name for name in facts if name.startswith("asset/") and name not in kept]

    def _device(self, device: bytes) -> int:
        known = self._devices.get(device)
        if known is None:
            known = self._devices[device] = len(self._devices) + 1
            self._database.execute("INSERT INTO device VALUES (?, ?)", (known, device))
        return known

    def _entries(self, query: str, arguments: tuple[Any, ...] = ()) -> Iterator[Entry]:
        keys = {id_: DeviceId(key) for key, id_ in self._devices.items()}
        for row in self._rows(query, arguments):
            seq, document, source, author, client, time, form, voucher, signature, update, sum_ = (
                row
            )
            try:
                entry = Entry(
                    seq,
                    keys[source],
                    Record(
                        document,
                        _blob(update),
                        keys[author],
                        client,
                        time,
                        form,
                        keys[voucher] if voucher is not None else DeviceId(b""),
                        _blob(signature or b""),
                    ),
                )
                intact = entry_checksum(entry) == sum_
            except (KeyError, TypeError, ValueError, AttributeError, struct.error):
                intact = False
            if not intact:
                raise JournalDamaged(self._path, f"entry {seq} is not as it was written")
            yield entry

    def _snapshots(self) -> Iterator[tuple[str, int, bytes]]:
        """The newest snapshot of each document."""
        newest: dict[str, tuple[Any, ...]] = {}
        # All rows in their order, and no search: in a damaged table that may pass a row by.
        for row in self._rows("SELECT document, through, state, digest, checksum FROM snapshot"):
            if row[0] not in newest or row[1] > newest[row[0]][1]:
                newest[row[0]] = row
        for document, through, packed, digest, checksum in newest.values():
            what = f"the snapshot of {document!r}"
            self._check(checksum, what, "snapshot", document, through, packed, digest)
            try:
                yield document, through, zlib.decompress(packed)
            except zlib.error:
                raise JournalDamaged(self._path, f"{what} cannot be unpacked") from None

    def _check(self, checksum: object, what: str, *parts: object) -> None:
        try:
            intact = row_checksum(*parts) == checksum
        except (TypeError, AttributeError):
            intact = False
        if not intact:
            raise JournalDamaged(self._path, f"{what} is not as it was written")

    def _first(self, tail: Sequence[Entry]) -> int:
        """From where on nothing is missing in the log."""
        first = self._head + 1
        for entry in reversed(tail):
            if entry.seq != first - 1:
                break
            first = entry.seq
        return first

    def _meta(self, name: str) -> bytes:
        for (value,) in self._rows("SELECT value FROM meta WHERE name = ?", (name,)):
            content, checksum = bytes(value[:-8]), bytes(value[-8:])
            self._check(checksum, f"its {name}", "meta", name, content)
            return content
        raise JournalDamaged(self._path, f"it does not say its {name}")

    def _set_meta(self, name: str, value: bytes) -> None:
        sealed = value + row_checksum("meta", name, value)
        self._database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, sealed))

    def _set_head(self) -> None:
        self._set_meta("head", self._head.to_bytes(8, "big") + self._seal.to_bytes(8, "big"))

    def _rows(self, query: str, arguments: tuple[Any, ...] = ()) -> Iterator[Any]:
        return iter(self._database.execute(query, arguments))

    @contextmanager
    def _unless_it_fails(self) -> Iterator[None]:
        """Write; if that fails, everything is as before, here and on disk."""
        head, seal, devices = self._head, self._seal, dict(self._devices)
        try:
            with self._guarded(), self._transaction():
                yield
        except BaseException:
            self._head, self._seal, self._devices = head, seal, devices
            raise

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Say in our words what SQLite says in its."""
        try:
            yield
        except (sqlite3.Error, TypeError, ValueError, OverflowError) as problem:
            sentence = str(problem)  # the last three: values of another kind than we wrote
        else:
            return
        if "locked" in sentence:
            raise JournalBusy(self._path)
        if "is full" in sentence or ("disk I/O error" in sentence and _is_full(self._path)):
            raise DiskFull(self._path)
        raise JournalDamaged(self._path, sentence)


def _is_full(path: str) -> bool:
    return shutil.disk_usage(Path(path).parent).free < 1 << 20


def _blob(value: object) -> bytes:
    """A value that we wrote as bytes; of a number, ``bytes()`` would make as many zeros."""
    if not isinstance(value, bytes):
        raise TypeError("a value of another kind than was written")
    return value


def unpack_revision(id_: object, packed: object) -> bytes | None:
    """The revision in a row, encoded; None: it is not the one of this id."""
    try:
        inflate = zlib.decompressobj()
        encoded = inflate.decompress(_blob(packed), MAX_REVISION + 1)
    except (zlib.error, TypeError):
        return None
    return encoded if id_of(encoded) == id_ else None


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


def _hash(whole: bytes) -> bytes:
    return hashlib.blake2b(whole, digest_size=8).digest()
