"""
A disk that outlives the process that writes to it.

It holds one production journal. Without a path the journal is SQLite in memory, kept
while its machine is down: thousands of worlds are opened per minute, and what SQLite does
between COMMIT and the platter is not what a world is about. With a path it is a file as
in production, a hundred times slower; the same seed gives the same trace on both.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from whisker_sync.store.journal import Journal, connect


class _Kept:
    """A connection that stays open when its journal is closed."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def close(self) -> None:
        """Do nothing: the disk is still there."""


class Disk:
    """Where one machine keeps its journal; ``path`` names a file to use instead of memory."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._database: sqlite3.Connection | None = None

    def open(self, entropy: bytes) -> Journal:
        """Open the journal, or make it."""
        if self._path is not None:
            self.lose_power()
            return Journal.open(self._path, entropy, connect=self._connect)
        if self._database is None:
            self._database = connect(":memory:")
        kept = _Kept(self._database)
        # The journal insists on a file that exists, and never looks into this one.
        return Journal.open(Path(__file__), entropy, connect=lambda _: kept)

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

    def _connect(self, path: str) -> sqlite3.Connection:
        self._database = connect(path)
        return self._database
