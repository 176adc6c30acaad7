"""
The thread that owns a journal.

Group commit: what is submitted while a transaction runs goes into the next one
together, and when none runs it starts at once. So a single save is durable after one
sync of the disk, and a thousand keystrokes do not cost a thousand.

Whoever submits is told on the event loop, in order, when a ticket is durable. If the
disk is full or fails, nothing is dropped: the batches stay, the trouble is told once,
and they are tried again each second until it works.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from whisker_sync.batch import Batch, Recalled
from whisker_sync.errors import JournalDamaged, WhiskerError
from whisker_sync.store.journal import Journal
from whisker_sync.store.journal_file import Connect, connect
from whisker_sync.store.salvage import finish, is_damage, salvage
from whisker_sync.store.store import OpenStore, Store

RETRY_SECONDS = 1.0
"""How long to wait before a batch that could not be written is tried again."""

T = TypeVar("T")


class Writer:
    """
    An open journal behind a thread.

    ``committed`` and ``trouble`` are called on the event loop: with the newest durable
    ticket, and with a sentence when writing fails, None when it works again.
    """

    def __init__(
        self, committed: Callable[[int], None], trouble: Callable[[str | None], None]
    ) -> None:
        self._committed = committed
        self._trouble = trouble
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[tuple[int, Batch] | Callable[[], None] | None] = (
            queue.SimpleQueue()
        )
        self._give_up = threading.Event()
        self._journal: Store
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)

    @classmethod
    async def open(
        cls,
        path: Path,
        entropy: bytes,
        *,
        committed: Callable[[int], None],
        trouble: Callable[[str | None], None],
        connect: Connect = connect,
        store: OpenStore | None = None,
    ) -> tuple[Writer, Recalled]:
        """
        Open a journal and start its thread.

        A damaged one is set aside, and what is good in it goes into a new one; the fact
        ``SALVAGED`` then says so: see :mod:`whisker_sync.store.salvage`. If there is a
        ``store``, that is opened instead, and nothing is known of its damages.

        Raises:
            JournalError, DiskFull: As :meth:`Journal.open` and :meth:`Journal.recall`.
        """
        writer = cls(committed, trouble)
        writer._thread.start()
        try:
            if store is not None:
                recalled = await writer.run(writer._recall, partial(store, entropy))
            else:
                recalled = await writer.run(writer._open, path, entropy, connect)
        except BaseException:
            writer._queue.put(None)
            raise
        return writer, recalled

    def submit(self, ticket: int, batch: Batch) -> None:
        """Have a batch written; tickets ascend."""
        self._queue.put((ticket, batch))

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call a function on the thread, after all that was submitted before."""
        done: asyncio.Future[T] = self._loop.create_future()

        def call() -> None:
            try:
                result = function(*arguments)
            except BaseException as problem:  # carried over to whoever waits
                self._tell(_fail, done, problem)
            else:
                self._tell(_succeed, done, result)

        self._queue.put(call)
        return await done

    @property
    def journal(self) -> Store:
        """The journal, for functions given to :meth:`run`."""
        return self._journal

    async def close(self) -> None:
        """Write what is left, once more if it has to be, and close the journal."""
        self._give_up.set()
        await self.run(self._close)
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    # On the thread.

    def _open(self, path: Path, entropy: bytes, connect: Connect) -> Recalled:
        finish(path)
        opening = partial(Journal.open, path, entropy, connect=connect)
        try:
            return self._recall(opening)
        except JournalDamaged as problem:
            if not is_damage(problem):
                raise
            salvage(path, problem, entropy)
        return self._recall(opening)

    def _recall(self, opening: Callable[[], Store]) -> Recalled:
        journal = opening()
        try:
            recalled = journal.recall()
        except BaseException:
            journal.close()
            raise
        self._journal = journal
        return recalled

    def _close(self) -> None:
        self._journal.close()

    def _work(self) -> None:
        item = self._queue.get()
        while item is not None:
            if callable(item):
                item()
                item = self._queue.get()
                continue
            batches = [item]
            item = self._next()
            while isinstance(item, tuple):
                batches.append(item)
                item = self._next()
            self._write(batches)
            if item is _NOTHING:
                item = self._queue.get()

    def _next(self) -> Any:
        try:
            return self._queue.get_nowait()
        except queue.Empty:
            return _NOTHING

    def _write(self, batches: list[tuple[int, Batch]]) -> None:
        failed = False
        while True:
            try:
                self._journal.write([batch for _, batch in batches])
            except WhiskerError as problem:
                if not failed:
                    failed = True
                    self._tell(self._trouble, str(problem))
                if self._give_up.wait(RETRY_SECONDS):
                    return
                continue
            if failed:
                self._tell(self._trouble, None)
            self._tell(self._committed, batches[-1][0])
            return

    def _tell(self, function: Callable[..., None], *arguments: Any) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(function, *arguments)


_NOTHING = object()


def _succeed(done: asyncio.Future[T], result: T) -> None:
    if not done.done():
        done.set_result(result)


def _fail(done: asyncio.Future[Any], problem: BaseException) -> None:
    if not done.done():
        done.set_exception(problem)
