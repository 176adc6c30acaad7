"""
A note of what is about to be taken in, for the case that nobody lives to tell.

The engine is native code; in spite of the gate an update may one day end the process, or
never return. Whoever starts it again must know which one it was. So the peer says what it
is about to merge, and when that went well; whoever runs the peer keeps the note where it
survives the process.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from whisker_sync.record import Record


class Guard(Protocol):
    """Who keeps the note."""

    def enter(self, records: Sequence[Record]) -> None:
        """These are about to be merged and read."""

    def leave(self) -> None:
        """They were, and all is well."""


class Unguarded:
    """Keeps no note."""

    def enter(self, records: Sequence[Record]) -> None:
        """Do nothing."""

    def leave(self) -> None:
        """Do nothing."""
