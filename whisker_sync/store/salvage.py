"""
A damaged journal is set aside, and a new one begins with what is good in it.

Rule 1: the damaged file is never deleted and never written to. It gets another name
beside the new one, and what is read, is read from a copy.

Rule 2: only what carries its checksum goes into the new journal, and the new journal is
another life (incarnation): nobody's position in the old one means anything in it.

Rule 3: when the new journal is complete and synced, it is called ready; then the files
get their names. If the power fails before that, the next opening begins again; if it
fails between the renamings, the next opening finishes them.

What is lost decides what the rest is worth. If every update is there, the facts are good,
too. If one is missing, then what was known of the author's files speaks of texts that are
not here any more, and would make them look deleted; and positions in other journals speak
of updates that we do not hold any more. So both are left behind: the files are met as if
for the first time, and the others send what we lack.

How it reads
============

Rows are read in ranges; a range that cannot be read is halved until single rows are left
out. Tables without numbers are read from both ends towards the damage. If the first page
is unreadable, which names the tables, it is replaced in the copy by that of a new
journal: it is the same in all of them but for a few counters.
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import os
import shutil
import sqlite3
import struct
import sys
import zlib
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from whisker_sync.errors import DiskFull, JournalDamaged
from whisker_sync.ids import DeviceId
from whisker_sync.record import Entry, Record
from whisker_sync.revision import Revision, decode
from whisker_sync.store.checksums import entry_checksum, row_checksum
from whisker_sync.store.history import unpack_revision
from whisker_sync.store.journal import Journal

SALVAGED = "salvaged"
"""Fact of a journal that took the place of a damaged one: a sentence for the author."""

INCOMPLETE = "incomplete"
"""Fact of such a journal if updates are missing in it."""

MAX_ATTEMPTS = 50_000
"""Ranges of rows that are tried in one table."""

MAX_POSITION = 1 << 24
"""How far to look for rows if nothing says how many there are."""

PAGE = 4096
"""Bytes of a page; SQLite's own choice."""

FIXED = 24
"""Bytes at the beginning that are the same in all our journals."""

_TEMPORARY = ("I/O error", "readonly", "unable to open", "out of memory", "interrupted")
"""What SQLite says of a drive or a system that fails, which is no damage of the file."""

_BAD = (sqlite3.Error, UnicodeError, OverflowError)
"""What Python's SQLite raises at damage: its messages may quote it."""

_MEANT_FOR_OLD = ("shadow/", "cursor/", "install")
"""Facts that are worth nothing if an update is missing."""


def is_damage(problem: JournalDamaged) -> bool:
    """Tell damage of the file from a failure of the drive, which passes or does not."""
    return not any(word in problem.problem for word in _TEMPORARY)


def salvage(path: Path, problem: JournalDamaged, entropy: bytes) -> None:
    """
    Set a damaged journal aside, and put a new one with what was saved in its place.

    Nobody has it open. ``entropy`` is 8 random bytes, for the new journal's incarnation.

    Raises:
        JournalDamaged, DiskFull: That cannot be done; the damaged one is where it was.
    """
    try:
        _build(path, problem, entropy)
        _beside(path, "new").rename(_beside(path, "ready"))
        _sync_names(path.parent)
        finish(path)
    except OSError as failure:
        if failure.errno == errno.ENOSPC:
            raise DiskFull(str(path)) from None
        raise JournalDamaged(str(path), failure.strerror or str(failure)) from None


def finish(path: Path) -> None:
    """Give the names that a salvage meant to give, if it was interrupted at that."""
    ready = _beside(path, "ready")
    if not ready.exists():
        return
    aside = _aside(path)
    # The WAL goes first: SQLite would take it for that of the new journal.
    if _wal(path).exists():
        _wal(path).rename(_wal(aside))
    if path.exists():
        path.rename(aside)
    ready.rename(path)
    _sync_names(path.parent)


def _build(path: Path, problem: JournalDamaged, entropy: bytes) -> None:
    new, copy = _beside(path, "new"), _beside(path, "copy")
    _remove(new, copy)
    shutil.copy(path, copy)
    if _wal(path).exists():
        shutil.copy(_wal(path), _wal(copy))
    journal = Journal.open(new, entropy)
    try:
        with closing(_open(copy, new)) as database:
            wreck = Wreck(database)
            facts = wreck.facts()
            complete = wreck.is_complete()
            if not complete:
                facts = {n: v for n, v in facts.items() if not n.startswith(_MEANT_FOR_OLD)}
                facts[INCOMPLETE] = b""
                facts["unacked"] = str(len(wreck.entries)).encode()
            facts[SALVAGED] = _sentence(path, problem, complete=complete).encode()
            head = wreck.head if complete else wreck.newest() + 1
            journal.refill(
                wreck.entries, wreck.snapshots, facts, wreck.assets(), wreck.revisions(), head
            )
    finally:
        journal.close()
        _remove(copy)
    if _wal(new).exists():  # closing did not get to its end
        raise DiskFull(str(path))


class Wreck:
    """What can be read of a damaged database and carries its checksum."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self.head = 0
        """The newest position, if the journal could say so; else 0."""

        self._seal: int | None = None
        self._rows: list[bytes] = []  # checksums of good rows of the log, and of snapshots
        self._read_head()
        self._keys = self._devices()
        self.entries: tuple[Entry, ...] = ()
        """The good entries, ascending."""

        self.snapshots: dict[str, tuple[int, bytes, bytes]] = {}
        """For each document position, state and digest of the newest good snapshot."""

        self._read_snapshots()
        self._read_log()

    def is_complete(self) -> bool:
        """Whether no update is missing."""
        seal = 0
        for checksum in self._rows:
            seal ^= int.from_bytes(checksum, "big")
        return seal == self._seal

    def newest(self) -> int:
        """The newest position that anything speaks of."""
        through = [through for through, _, _ in self.snapshots.values()]
        last = self.entries[-1].seq if self.entries else 0
        return max([self.head, last, *through])

    def facts(self) -> dict[str, bytes]:
        """The good facts, but for those on binary files that are not here."""
        facts = {}
        for name, value, checksum in self._from_both_ends("name, value, checksum", "fact", "name"):
            with suppress(TypeError, AttributeError, ValueError):
                if row_checksum("fact", name, value) == checksum and isinstance(value, bytes):
                    facts[name] = value
        here = {f"asset/{sha256.hex()}" for sha256, _ in self.assets()}
        return {n: v for n, v in facts.items() if not n.startswith("asset/") or n in here}

    def assets(self) -> Iterator[tuple[bytes, bytes]]:
        """The good binary files, one after the other."""
        for _, sha256, content in self._numbered("sha256, content", "asset", "rowid", step=1):
            if isinstance(content, bytes) and hashlib.sha256(content).digest() == sha256:
                yield sha256, content

    def revisions(self) -> Iterator[Revision]:
        """The good revisions, one after the other."""
        if not self.has_history:
            return
        for _, id_, packed in self._numbered("id, content", "revision", "rowid", step=1):
            encoded = unpack_revision(id_, packed)
            if encoded is not None and (revision := decode(encoded)) is not None:
                yield revision

    @property
    def has_history(self) -> bool:
        """Whether a table of revisions can be read; in older formats there is none."""
        with suppress(*_BAD):
            self._database.execute("SELECT 1 FROM revision LIMIT 0").fetchall()
            return True
        return False

    # Private methods.

    def _read_head(self) -> None:
        for name, value in self._from_both_ends("name, value", "meta", "name"):
            if name != "head" or not isinstance(value, bytes) or len(value) != 24:
                continue
            if row_checksum("meta", name, value[:16]) == value[16:]:
                self.head = int.from_bytes(value[:8], "big")
                self._seal = int.from_bytes(value[8:16], "big")

    def _devices(self) -> dict[int, set[bytes]]:
        """The devices by number; where table and index differ, both of what they say."""
        keys: dict[int, set[bytes]] = {}
        for source in ("device NOT INDEXED", "device INDEXED BY sqlite_autoindex_device_1"):
            order = "id" if "NOT" in source else "key"
            for id_, key in self._from_both_ends("id, key", source, order):
                if isinstance(id_, int) and isinstance(key, bytes):
                    keys.setdefault(id_, set()).add(key)
        return keys

    def _read_snapshots(self) -> None:
        columns = "document, through, state, digest, checksum"
        for row in self._from_both_ends(columns, "snapshot", "document, through"):
            document, through, packed, digest, checksum = row
            with suppress(TypeError, AttributeError, ValueError, zlib.error):
                if row_checksum("snapshot", document, through, packed, digest) != checksum:
                    continue
                state = zlib.decompress(packed)
                self._rows.append(checksum)
                if through >= self.snapshots.get(document, (0,))[0]:
                    self.snapshots[document] = (through, state, digest)

    def _read_log(self) -> None:
        columns = "document, source, author, client, time, format, voucher, signature, content"
        found: dict[int, Entry] = {}
        for row in self._numbered(f"{columns}, checksum", "log", "seq"):
            entry = self._entry(*row)
            if entry is None or entry.seq in found:
                continue
            self._rows.append(row[-1])
            found[entry.seq] = entry
        self.entries = tuple(
            entry
            for _, entry in sorted(found.items())
            if entry.seq > self.snapshots.get(entry.record.document, (0,))[0]
        )

    def _entry(
        self,
        seq: int,
        document: str,
        source: int,
        author: int,
        client: int,
        time: int,
        form: int,
        voucher: int | None,
        signature: bytes | None,
        update: bytes,
        checksum: bytes,
    ) -> Entry | None:
        sources, authors = self._keys.get(source, ()), self._keys.get(author, ())
        vouchers = self._keys.get(voucher, ()) if voucher is not None else (b"",)
        for keys in itertools.product(sources, authors, vouchers):
            device, by, vouched = (DeviceId(key) for key in keys)
            with suppress(TypeError, AttributeError, ValueError, struct.error):
                record = Record(document, update, by, client, time, form, vouched, signature or b"")
                entry = Entry(seq, device, record)
                if entry_checksum(entry) == checksum:
                    return entry
        return None

    def _numbered(
        self, columns: str, table: str, key: str, *, step: int = 256
    ) -> Iterator[tuple[Any, ...]]:
        """Rows of a table with numbers, by ranges."""
        query = f"SELECT {key}, {columns} FROM {table} WHERE {key} BETWEEN ? AND ? ORDER BY {key}"
        last = self._last(table, key)
        ranges = [(low, min(low + step - 1, last)) for low in range(1, last + 1, step)]
        ranges.reverse()
        attempts = 0
        while ranges and attempts < MAX_ATTEMPTS:
            attempts += 1
            low, high = ranges.pop()
            try:
                rows = self._database.execute(query, (low, high)).fetchall()
            except _BAD:
                if low < high:
                    middle = (low + high) // 2
                    ranges += [(middle + 1, high), (low, middle)]
                continue
            yield from rows

    def _last(self, table: str, key: str) -> int:
        for order in (f"max({key})", f"count({key})"):
            with suppress(*_BAD):
                found = self._database.execute(f"SELECT {order} FROM {table}").fetchone()[0]
                if found is None or 0 <= found <= MAX_POSITION:
                    return found or 0
        return min(self.head, MAX_POSITION)

    def _from_both_ends(self, columns: str, table: str, key: str) -> Iterator[tuple[Any, ...]]:
        """Rows of a table without numbers, each once."""
        seen: set[tuple[Any, ...]] = set()
        descending = ", ".join(f"{each} DESC" for each in key.split(", "))
        for order in (key, descending):
            try:
                for row in self._database.execute(
                    f"SELECT {columns} FROM {table} ORDER BY {order}"
                ):
                    if row not in seen:
                        seen.add(row)
                        yield row
            except _BAD:
                continue
            return


def _open(copy: Path, sample: Path) -> sqlite3.Connection:
    """Open a copy of the damaged file; ``sample`` is a journal that is well."""
    with sample.open("rb") as file:
        page = file.read(PAGE)
    with copy.open("r+b") as file:
        file.write(page[:FIXED])
    database = _connect(copy)
    if _knows_its_tables(database):
        return database
    database.close()
    pages = max(copy.stat().st_size // PAGE, 1)
    with copy.open("r+b") as file:
        # Counter of changes, pages, and no free ones: nothing is written here.
        file.write(page[:FIXED] + page[92:96] + pages.to_bytes(4, "big") + bytes(8) + page[40:])
    return _connect(copy)


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None, timeout=0)
    with suppress(*_BAD):
        database.execute("PRAGMA locking_mode = EXCLUSIVE")  # then no file is made for a WAL
        database.execute("PRAGMA trusted_schema = OFF")
    return database


def _knows_its_tables(database: sqlite3.Connection) -> bool:
    try:
        for table in ("meta", "device", "log", "snapshot", "fact", "asset"):
            database.execute(f"SELECT 1 FROM {table} LIMIT 0").fetchall()
    except _BAD:
        return False
    return True


def _sentence(path: Path, problem: JournalDamaged, *, complete: bool) -> str:
    rest = (
        "everything that it held was saved"
        if complete
        else "what is missing comes back from your files and from the other devices; "
        "words that were deleted lately may come back, too"
    )
    return f"the journal was damaged ({problem.problem}) and is kept as {_aside(path).name}; {rest}"


def _aside(path: Path) -> Path:
    """The first name that is free for a damaged journal."""
    names = (_beside(path, f"damaged-{number}") for number in itertools.count(1))
    return next(name for name in names if not name.exists())


def _beside(path: Path, what: str) -> Path:
    return path.with_name(f"{path.stem}.{what}{path.suffix}")


def _wal(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _remove(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
        _wal(path).unlink(missing_ok=True)


def _sync_names(folder: Path) -> None:
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
