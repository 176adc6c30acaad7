"""
What we keep on disk: it is in use, damaged, or of a later version.
"""

from __future__ import annotations

from whisker_sync.errors.root import WhiskerError


class JournalError(WhiskerError):
    """The journal on disk cannot be used as asked."""


class JournalBusy(JournalError):
    """Another process holds the journal."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __str__(self) -> str:
        return f"{self.path} is in use by another process"


class JournalDamaged(JournalError):
    """The journal on disk does not hold what was written."""

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path} is damaged ({self.problem}); it is kept as it is"


class JournalTooNew(JournalError):
    """The journal was written by a newer whisker_sync."""

    def __init__(self, path: str, version: int) -> None:
        self.path = path
        self.version = version

    def __str__(self) -> str:
        return (
            f"{self.path} was written by a newer version (format {self.version}); "
            "upgrade with: pip install -U whisker-sync"
        )
