"""
The file of a journal: an SQLite database that is opened in one way, and fails in our words.

What a transaction returned from is durable: the commit was synced (WAL, ``synchronous=FULL``).
A second connection is impossible on purpose (``locking_mode=EXCLUSIVE``): SQLite before 3.51.3
can lose a WAL that two connections reset (sqlite.org/wal.html#walresetbug).

Whatever is no journal of ours, comes from a newer version, or was not closed and does not pass
SQLite's own check is refused before anything in it changes; an older format is brought up to date.
What a journal consists of is known here as tables only. What is in them, and whether it is what
was written, is for :mod:`~whisker_sync.store.journal` and its parts; of the rows only those of
``meta`` are read here, each sealed by its own checksum.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from whisker_sync.errors import DiskFull, JournalBusy, JournalDamaged, JournalError, JournalTooNew
from whisker_sync.store.checksums import is_intact, row_checksum

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

Connect = Callable[[str], Any]
"""Makes a connection with the interface of :mod:`sqlite3` (or of apsw's stand-in for it)."""


def connect(path: str) -> sqlite3.Connection:
    """Open a file as we need it, or make it: no waiting for locks, transactions by hand."""
    if path != ":memory:" and not Path(path).exists():
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    return sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)


class JournalFile:
    """
    An open file; all calls from one thread.

    Whatever reads or writes is called within :meth:`guarded`, but for :meth:`close` and
    :meth:`shrink`, which look after themselves.
    """

    def __init__(self, path: Path, connect: Connect) -> None:
        self.path = str(path)
        self.database = connect(self.path)
        self._closed = False

    def prepare(self, entropy: bytes) -> None:
        """
        See that it is a journal, in today's format, or make it one.

        ``entropy`` is 8 random bytes for a new one's incarnation.

        Raises:
            JournalDamaged: It does not hold what was written. Nothing was changed.
            JournalTooNew: A newer version wrote it.
        """
        self.run("PRAGMA locking_mode = EXCLUSIVE")
        self.run("PRAGMA trusted_schema = OFF")
        self.run("PRAGMA secure_delete = FAST")  # the secret of an invitation, say
        version = self._number("PRAGMA user_version")
        application = self._number("PRAGMA application_id")
        empty = not self._number("SELECT count(*) FROM sqlite_master")
        if version > FORMAT and self.meta("format") == version.to_bytes(4, "big"):
            raise JournalTooNew(self.path, version)
        known = version == FORMAT or version in _UPGRADES
        if not empty and (application != APPLICATION or not known):
            raise self.damaged("it is a database of another program")
        if empty:
            self.run("PRAGMA auto_vacuum = INCREMENTAL")
        self.run("PRAGMA journal_mode = WAL")
        self.run("PRAGMA synchronous = FULL")
        if sys.platform == "darwin":
            self.run("PRAGMA fullfsync = 1")
            self.run("PRAGMA checkpoint_fullfsync = 1")
        if empty:
            self._make(entropy)
        elif self.meta("clean") != b"\x01":
            for (line,) in self.rows("PRAGMA quick_check"):
                if line != "ok":
                    raise self.damaged(line)
        if not empty:
            self._upgrade(version)
        # What we read of the WAL may be in the system's memory only: after a sync that failed,
        # systems say that it worked the next time. What is written now must not build on it,
        # or it would be lost with it.
        self.checkpoint()
        with self.transaction():
            self.set_meta("clean", b"\x00")

    def let_go(self) -> None:
        """Close it as it is, because it cannot be used."""
        self._closed = True
        self.database.close()

    def close(self) -> None:
        """
        Close it; at rest it is one file. Closing twice is fine.

        What was committed is safe whatever happens here: if the disk fails, the next opening
        only looks at the whole file first.
        """
        if self._closed:
            return
        self._closed = True
        with suppress(JournalError, DiskFull), self.guarded():
            with self.transaction():
                self.set_meta("clean", b"\x01")
            self.checkpoint()
        self.database.close()

    # Reading and writing.

    def rows(self, query: str, arguments: tuple[Any, ...] = ()) -> Iterator[Any]:
        """What a query finds."""
        return iter(self.database.execute(query, arguments))

    def run(self, statement: str, arguments: tuple[Any, ...] = ()) -> None:
        """Change something."""
        self.database.execute(statement, arguments)

    def run_for_each(self, statement: str, arguments: Iterable[tuple[Any, ...]]) -> None:
        """The same, for several of a kind."""
        self.database.executemany(statement, arguments)

    def meta(self, name: str) -> bytes:
        """
        What the file says of itself under a name.

        Raises:
            JournalDamaged: It does not, or not as it was written.
        """
        for (value,) in self.rows("SELECT value FROM meta WHERE name = ?", (name,)):
            content, checksum = bytes(value[:-8]), bytes(value[-8:])
            self.check(checksum, f"its {name}", "meta", name, content)
            return content
        raise self.damaged(f"it does not say its {name}")

    def set_meta(self, name: str, value: bytes) -> None:
        """Have the file say something of itself."""
        sealed = value + row_checksum("meta", name, value)
        self.run("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, sealed))

    def check(self, checksum: object, what: str, *parts: object) -> None:
        """
        See that a row, called ``what``, is as it was written.

        Raises:
            JournalDamaged: It is not.
        """
        if not is_intact(checksum, *parts):
            raise self.damaged(f"{what} is not as it was written")

    def damaged(self, problem: str) -> JournalDamaged:
        """The error that says what is wrong with this file."""
        return JournalDamaged(self.path, problem)

    def checkpoint(self) -> None:
        """Bring what was committed into the file itself, and make the WAL empty."""
        self.database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def shrink(self) -> None:
        """Give back what is not needed any more; if that fails, it is larger until next time."""
        with suppress(JournalError, DiskFull), self.guarded():
            # A script runs to its end; execute() would give back one page only.
            self.database.executescript("PRAGMA incremental_vacuum")
            self.checkpoint()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Change all of it or nothing."""
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            if self.database.in_transaction:
                self.run("ROLLBACK")
            raise

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """
        Say in our words what SQLite says in its.

        Raises:
            JournalBusy, DiskFull, JournalDamaged: Something failed.
        """
        try:
            yield
        except (sqlite3.Error, TypeError, ValueError, OverflowError) as problem:
            sentence = str(problem)  # the last three: values of another kind than we wrote
        else:
            return
        if "locked" in sentence:
            raise JournalBusy(self.path)
        if "is full" in sentence or ("disk I/O error" in sentence and _is_full(self.path)):
            raise DiskFull(self.path)
        raise self.damaged(sentence)

    # Private methods.

    def _number(self, query: str) -> int:
        return int(self.database.execute(query).fetchone()[0])

    def _make(self, entropy: bytes) -> None:
        with self.transaction():
            self._run_all(_TABLES)
            for upgrade in _UPGRADES.values():
                self._run_all(upgrade)
            self.set_meta("format", FORMAT.to_bytes(4, "big"))
            self.set_meta("incarnation", entropy[:8])
            self.set_meta("head", bytes(16))
            self.set_meta("clean", b"\x00")
            self.run(f"PRAGMA application_id = {APPLICATION}")
            self.run(f"PRAGMA user_version = {FORMAT}")

    def _upgrade(self, version: int) -> None:
        """Bring an older format up to date; nothing that is there changes."""
        while version < FORMAT:
            with self.transaction():
                self._run_all(_UPGRADES[version])
                version += 1
                self.set_meta("format", version.to_bytes(4, "big"))
                self.run(f"PRAGMA user_version = {version}")

    def _run_all(self, statements: str) -> None:
        for statement in statements.split(";"):
            if statement.strip():
                self.run(statement)


def _is_full(path: str) -> bool:
    return shutil.disk_usage(Path(path).parent).free < 1 << 20
