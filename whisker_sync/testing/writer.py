"""
The thread that a process has for its journal, as in ``store/writer.py``.

It does one thing after the other, in the order in which it was asked. Batches that follow each
other are written in one transaction, and only then is it said that they are durable. If there is
no room it tries again, and everything behind waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

from whisker_sync.batch import Batch
from whisker_sync.document import Document, Schema
from whisker_sync.errors import DiskFull
from whisker_sync.ids import LinkId
from whisker_sync.peer.effects import Compact, ReadAsset
from whisker_sync.peer.inputs import (
    AssetRead,
    Committed,
    HistoryRead,
    Input,
    LogRead,
    RevisionsRead,
    StoreTrouble,
)
from whisker_sync.store.journal import Journal
from whisker_sync.testing.timers import Timers

RETRY_SECONDS = 1.0
"""How long to wait before a batch that could not be written is tried again; as there."""


class Writer:
    """What a process has asked of its journal."""

    def __init__(
        self,
        journal: Journal,
        timers: Timers,
        schemas: Mapping[str, Schema],
        tell: Callable[[Input], None],
        unkept: set[str],
    ) -> None:
        """``unkept``: words that no disk has yet; what becomes durable is taken out."""
        self._journal = journal
        self._timers = timers
        self._schemas = schemas
        self._tell = tell
        self._unkept = unkept
        self._queue: deque[tuple[int, Batch] | Callable[[], None]] = deque()
        self._busy: list[tuple[int, Batch]] | None = None
        """What is being written; empty: something is being read."""

        self._failing = False  # the journal could not be written when we last tried

    @property
    def is_idle(self) -> bool:
        """Nothing is asked for that is not done."""
        return not self._queue and self._busy is None

    @property
    def is_writing(self) -> bool:
        """A transaction is under way."""
        return bool(self._busy)

    def submit(self, item: tuple[int, Batch] | Callable[[], None]) -> None:
        """Write a batch, and say so under its ticket; or do something else with the journal."""
        self._queue.append(item)
        self._work()

    # How it ends.

    def complete(self) -> None:
        """Finish the transaction that is under way; nobody lives to hear of it."""
        self._write(self._busy or [])

    def finish(self) -> None:
        """
        Write all that was asked for.

        Raises:
            DiskFull: There is no room for it.
        """
        asked = (item for item in self._queue if isinstance(item, tuple))
        self._write([*(self._busy or ()), *asked])

    def _write(self, batches: list[tuple[int, Batch]]) -> None:
        self._journal.write([batch for _, batch in batches])
        self._unkept -= self._words_of(batches)

    # How it works.

    def _work(self) -> None:
        if self._busy is not None or not self._queue:
            return
        self._busy = []
        if callable(self._queue[0]):
            call = self._queue.popleft()
            assert callable(call)
            self._timers.within(0.0002, 0.002, lambda: self._called(call))
            return
        while self._queue and isinstance(self._queue[0], tuple):
            batch = self._queue.popleft()
            assert isinstance(batch, tuple)
            self._busy.append(batch)
        self._timers.within(0.001, 0.02, self._commit)

    def _called(self, call: Callable[[], None]) -> None:
        self._busy = None
        call()
        self._work()

    def _commit(self) -> None:
        batches = self._busy
        assert batches
        try:
            self._write(batches)
        except DiskFull as problem:
            self._timers.after(RETRY_SECONDS, self._commit)
            if not self._failing:
                self._failing = True
                self._tell(StoreTrouble(str(problem)))
            return
        self._busy = None
        self._work()
        if self._failing:
            self._failing = False
            self._tell(StoreTrouble(None))
        self._tell(Committed(batches[-1][0]))

    def _words_of(self, batches: list[tuple[int, Batch]]) -> set[str]:
        updates = b"\n".join(entry.record.update for _, batch in batches for entry in batch.entries)
        return {word for word in self._unkept if word.encode() in updates}

    # What else is done with a journal.

    def read_log(self, link: LinkId, after: int, max_bytes: int) -> None:
        """Read on behind a position, for somebody on a link."""
        read = self._journal.read
        self.submit(lambda: self._tell(LogRead(link, tuple(read(after, max_bytes)))))

    def read_asset(self, wish: ReadAsset) -> None:
        """Read the content of a binary file, for somebody on a link."""
        read = self._journal.asset
        self.submit(lambda: self._tell(AssetRead(wish.link, wish.asset, read(wish.asset))))

    def read_history(self, max_bytes: int) -> None:
        """Read the newest revisions."""
        read = self._journal.history
        self.submit(lambda: self._tell(HistoryRead(tuple(read(max_bytes=max_bytes)))))

    def read_revisions(self, link: LinkId, ids: tuple[bytes, ...]) -> None:
        """Read some revisions, for somebody on a link."""
        read = self._journal.revisions
        self.submit(lambda: self._tell(RevisionsRead(link, tuple(read(ids)))))

    def compact(self, snapshot: Compact) -> None:
        """Put a snapshot into the place of what it is made from."""
        schema = self._schemas[snapshot.document]

        def verify(state: bytes) -> bytes:
            return Document.load(snapshot.document, schema, 1, [state]).digest()

        self.submit(
            lambda: self._journal.compact(
                snapshot.document, snapshot.through, snapshot.state, snapshot.digest, verify
            )
        )
