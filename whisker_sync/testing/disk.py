"""
A disk that outlives the process that writes to it.

It holds one production journal. Without a path the journal is SQLite in memory, kept
while its machine is down: thousands of worlds are opened per minute, and what SQLite does
between COMMIT and the platter is not what a world is about. With a path it is a file as
in production, a hundred times slower; the same seed gives the same trace on both.

A disk can be full: then each COMMIT fails as SQLite's does, and takes back what it was to
make durable. And it can be copied, and be as it was when a copy was made.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from whisker_sync.batch import Recalled
from whisker_sync.store.journal import Journal
from whisker_sync.store.journal_file import connect


class _Handle:
    """What a journal holds of a disk; with ``stays`` closing it closes nothing."""

    def __init__(self, disk: Disk, database: sqlite3.Connection, *, stays: bool) -> None:
        self._disk = disk
        self._database = database
        self._stays = stays

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def execute(self, statement: str, *arguments: Any) -> sqlite3.Cursor:
        """Run a statement, unless there is no room for what it does."""
        if statement == "COMMIT" and self._disk.is_full:
            raise sqlite3.OperationalError("database or disk is full")
        return self._database.execute(statement, *arguments)

    def close(self) -> None:
        """Let go; what is in memory must stay, for the disk is still there."""
        if not self._stays:
            self._database.close()


class Disk:
    """Where one machine keeps its journal; ``path`` names a file to use instead of memory."""

    def __init__(self, path: Path | None = None) -> None:
        self.is_full = False
        """There is no room for anything new."""

        self._path = path
        self._database: sqlite3.Connection | None = None

    def open(self, entropy: bytes) -> Journal:
        """
        Open the journal, or make it.

        Raises:
            DiskFull: There is no room to note even that.
        """
        if self._path is not None:
            self.lose_power()
            return Journal.open(self._path, entropy, connect=self._connect)
        if self._database is None:
            self._database = connect(":memory:")
        kept = _Handle(self, self._database, stays=True)
        # The journal insists on a file that exists, and never looks into this one.
        return Journal.open(Path(__file__), entropy, connect=lambda _: kept)

    def recall(self) -> Recalled:
        """All that the journal holds, while nobody has it open; at least once somebody had."""
        full, self.is_full = self.is_full, False
        journal = self.open(b"")
        recalled = journal.recall()
        journal.close()
        self.is_full = full
        return recalled

    def copy(self, path: Path | None) -> Disk:
        """Make another disk with the same on it; ``path`` is where, if this one has one."""
        copy = Disk(path if self._path is not None else None)
        source = self._database or connect(str(self._path))
        target = connect(":memory:" if copy._path is None else str(copy._path))
        source.backup(target)
        if self._database is None:
            source.close()
        if copy._path is None:
            copy._database = target
        else:
            target.close()
        return copy

    def become(self, copy: Disk) -> None:
        """Hold what a copy holds, while nobody has the journal open."""
        self.close()
        if self._path is None:
            self._database = copy.copy(None)._database  # noqa: SLF001 - one disk to another
            return
        for end in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + end).unlink(missing_ok=True)
        copy.copy(self._path)

    def lose_power(self) -> None:
        """End whoever has it open, in the middle of whatever they do."""
        if self._database is None:
            return
        if self._path is not None:
            self._database.close()
            self._database = None
        elif self._database.in_transaction:
            self._database.rollback()

    def close(self) -> None:
        """Throw it away."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def _connect(self, path: str) -> _Handle:
        self._database = connect(path)
        return _Handle(self, self._database, stays=False)
