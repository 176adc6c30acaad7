"""
What is kept on disk and what comes back from it, as values.

The pure rooms say what must be kept; ``store/`` keeps it. Neither knows how the
other does its part.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from whisker_sync.ids import Incarnation
from whisker_sync.record import Entry
from whisker_sync.revision import Revision

CONFIDENTIAL = "invitation/"
"""What the facts begin with that are secret: once forgotten, they are to be found nowhere."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Everything that one input changes on disk: all of it becomes durable, or nothing."""

    entries: tuple[Entry, ...] = ()
    """New records, in the order of their positions."""

    facts: tuple[tuple[str, bytes | None], ...] = ()
    """Small values to remember under a name; None forgets the name."""

    assets: tuple[tuple[bytes, bytes], ...] = ()
    """Contents of binary files with their SHA-256 before them."""

    revisions: tuple[Revision, ...] = ()
    """What goes into the history."""

    def __bool__(self) -> bool:
        return bool(self.entries or self.facts or self.assets or self.revisions)


@dataclass(frozen=True, slots=True)
class Recalled:
    """All that a journal holds when it is opened."""

    incarnation: Incarnation
    """The life of this journal, for cursors of other devices."""

    head: int
    """Position of the newest record ever written; 0 in a new journal."""

    first: int
    """Position of the oldest record still in the log; ``head + 1`` if none is."""

    facts: dict[str, bytes]
    """The small values, by name."""

    documents: dict[str, tuple[bytes, ...]]
    """For each document its snapshot, if there is one, then the updates after it, oldest first."""

    tail: tuple[Entry, ...]
    """The records still in the log from ``first`` on, oldest first, without gaps."""

    revisions: dict[bytes, int] = field(default_factory=dict)
    """The history: the id of each revision and its time, milliseconds since 1970."""

    history_from: int = 0
    """The day since 1970 from which on the history is kept."""
