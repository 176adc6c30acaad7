"""
What keeps a journal, whatever it is made of.

A workspace needs one place where all that its device knows is durable: the numbered log of
updates, small facts, contents of binary files, the history. By default that is a SQLite file
(:mod:`whisker_sync.store.journal`); whoever makes another puts it through
``whisker_sync.testing.journals``.

What a method returned from is durable, all of it; what raises has changed nothing. All calls
come from one thread, one at a time, so a store may block and needs no lock. Two processes
never have a workspace open at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from whisker_sync.batch import Batch, Recalled
from whisker_sync.ids import Incarnation
from whisker_sync.record import Entry

HISTORY_FROM = "history/from"
"""The fact that says from which day since 1970 on the history is kept."""


class Store(Protocol):
    """
    An open journal.

    Anything here may raise :exc:`~whisker_sync.errors.DiskFull` (it will be tried again) or a
    :exc:`~whisker_sync.errors.JournalError`.
    """

    @property
    def head(self) -> int:
        """The position of the newest entry ever written; 0: none was."""

    def recall(self) -> Recalled:
        """Everything that is kept, to start from."""

    def read(self, after: int, max_bytes: int) -> list[Entry]:
        """
        Consecutive entries after a position, until their updates have about ``max_bytes``.

        Empty if the entry right after the position is not in the log any more.
        """

    def asset(self, sha256: bytes) -> bytes | None:
        """The content of a binary file; None: it is not kept."""

    def revisions(self, ids: Iterable[bytes]) -> list[bytes | None]:
        """The revisions with these ids, encoded; None: not kept."""

    def history(
        self, *, since: int = 0, after: bytes | None = None, max_bytes: int | None = None
    ) -> list[bytes]:
        """
        Revisions from a time on (milliseconds since 1970), newest first, encoded.

        Of the same time, in the order of their ids. About ``max_bytes`` of them, at least
        one; ``after`` is the id of the last one that was read before.
        """

    def write(self, batches: Sequence[Batch]) -> None:
        """Make batches durable, all or none; the positions of their entries follow on."""

    def compact(
        self,
        document: str,
        through: int,
        state: bytes,
        digest: bytes,
        verify: Callable[[bytes], bytes],
    ) -> None:
        """
        Replace the entries of a document up to a position by a snapshot, ``state``.

        It is read back first, and ``verify`` must find ``digest`` in it.

        Raises:
            JournalDamaged: It does not.
        """

    def restart(
        self, document: str, state: bytes, digest: bytes, batch: Batch, entropy: bytes
    ) -> None:
        """
        Begin a document anew: this state, then the batch, in a new life of the journal.

        All entries of the document go; ``entropy`` is as for :meth:`renew`.
        """

    def renew(self, entropy: bytes) -> Incarnation:
        """Begin a new life with what is here; ``entropy``, 8 random bytes, names it."""

    def forget_assets(self, assets: Sequence[bytes]) -> None:
        """Remove contents of binary files, by their SHA-256; what is not here is not missed."""
        ...

    def thin(self, before: int, keep: int) -> int:
        """
        Let go of old history: whole days (UTC), the oldest first, that end before a time.

        As long as the history has no more than about ``keep`` bytes everything stays;
        milestones stay in any case. Returns how many revisions went. The day from which on
        all is kept becomes the fact :data:`HISTORY_FROM`, in decimal digits.
        """

    def close(self) -> None:
        """Let go of everything. Closing twice is fine."""


OpenStore = Callable[[bytes], Store]
"""
Opens what is kept of one workspace, or makes it, with 8 random bytes as the name of a new one's
life. Called on the store's thread; raises as :class:`Store` does.
"""
