"""
Mailboxes in one SQLite file: for a relay on one machine, which is most of them.

One connection, one thread, and group commit: what is asked for while a transaction runs
goes into the next one together, and each answer is given after the COMMIT (WAL,
``synchronous=FULL``). A second process is kept out (``locking_mode=EXCLUSIVE``), also
because SQLite before 3.51.3 can lose a WAL that two connections reset
(sqlite.org/wal.html#walresetbug); for several workers there is PostgreSQL.

A transaction that cannot be written is rolled back, and what it was to do is tried again
one by one, so that a disk without room refuses only what needs some.
"""

from __future__ import annotations

import asyncio
import os
import queue
import sqlite3
import sys
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

from whisker_sync.errors import (
    BadSettings,
    DifferentContent,
    JournalBusy,
    JournalDamaged,
    JournalTooNew,
    MailboxError,
    MissingBlob,
    NotCovered,
    SnapshotChanged,
    StoreUnavailable,
    UnknownMailbox,
)
from whisker_sync.ids import Incarnation, MailboxId
from whisker_sync.relay.store import (
    TOUCH_SECONDS,
    Claims,
    Listeners,
    Placed,
    Snapshot,
    State,
    Totals,
    check_room,
    split_ids,
)
from whisker_sync.wire.relay import (
    MAX_PAGE_BYTES,
    MAX_PAGE_ENTRIES,
    OVERHEAD,
    Entry,
    Page,
)

FORMAT = 1
"""Layout of the file, in SQLite's ``user_version``."""

APPLICATION = 0x77686D62
"""``whmb``, SQLite's ``application_id``."""

MAX_GROUP = 256
"""Requests in one transaction: what the last of them waits for is bounded."""

FORGET_AT_ONCE = 100
"""Mailboxes tidied up in one go; requests come in between."""

_TABLES = """
CREATE TABLE mailbox (
    number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, incarnation BLOB NOT NULL,
    first INTEGER NOT NULL, head INTEGER NOT NULL, held INTEGER NOT NULL,
    snapshot INTEGER NOT NULL, covers INTEGER NOT NULL, named BLOB NOT NULL,
    oldest REAL, used REAL NOT NULL
);
CREATE INDEX mailbox_oldest ON mailbox (oldest) WHERE oldest IS NOT NULL;
CREATE INDEX mailbox_used ON mailbox (used);
CREATE TABLE entry (
    box INTEGER NOT NULL, position INTEGER NOT NULL, id BLOB NOT NULL, time REAL NOT NULL,
    body BLOB NOT NULL, UNIQUE (box, position), UNIQUE (box, id)
);
CREATE TABLE blob (
    box INTEGER NOT NULL, id BLOB NOT NULL, time REAL NOT NULL, is_named INTEGER NOT NULL,
    body BLOB NOT NULL, UNIQUE (box, id)
);
CREATE INDEX blob_time ON blob (time) WHERE NOT is_named;
"""

T = TypeVar("T")


class _Box(NamedTuple):
    """A row of ``mailbox``."""

    number: int
    incarnation: Incarnation
    first: int
    head: int
    held: int
    snapshot: int
    covers: int
    named: bytes
    used: float


_ROW = f"SELECT {', '.join(_Box._fields)} FROM mailbox WHERE id = ?"


class SqliteStore:
    """A :class:`~whisker_sync.relay.store.RelayStore` in the file at ``path``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._claims = Claims()
        self._listeners = Listeners()
        self._loop: asyncio.AbstractEventLoop
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="mailboxes", daemon=True)
        self._database: sqlite3.Connection

    async def __aenter__(self) -> Self:
        """
        Open the file, or make it.

        Raises:
            JournalBusy: Another process has it open.
            JournalTooNew: A newer version wrote it.
            JournalDamaged: It is no such file.
            BadSettings: There can be no such file.
        """
        self._loop = asyncio.get_running_loop()
        self._database = await asyncio.to_thread(_open, self._path)
        self._thread.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Do what was asked for, and close the file."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)
        await asyncio.to_thread(self._database.close)

    # What is asked for: a function for the thread, and what follows on the event loop.

    async def append(self, mailbox: MailboxId, entry: Entry, now: float, quota: int) -> Placed:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        return await self._do(_append, mailbox, entry, now, quota)

    async def read(self, mailbox: MailboxId, after: int, now: float) -> Page | None:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        return await self._do(_read, mailbox, after, now)

    async def state(self, mailbox: MailboxId, now: float) -> State | None:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        return await self._do(_state, mailbox, now)

    async def put_blob(self, mailbox: MailboxId, blob: Entry, now: float, quota: int) -> bool:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        return await self._do(_put_blob, mailbox, blob, now, quota)

    async def blob(self, mailbox: MailboxId, blob: bytes, now: float) -> bytes | None:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        return await self._do(_blob, mailbox, blob, now)

    async def put_snapshot(
        self, mailbox: MailboxId, covers: int, blobs: Sequence[bytes], replaces: int, now: float
    ) -> int:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        return await self._do(_put_snapshot, mailbox, covers, blobs, replaces, now)

    async def snapshot(self, mailbox: MailboxId, now: float) -> Snapshot | None:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        return await self._do(_snapshot, mailbox, now)

    async def trim(self, mailbox: MailboxId, upto: int, now: float) -> tuple[int, int]:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        return await self._do(_trim, mailbox, upto, now)

    @asynccontextmanager
    async def wakeups(self, mailbox: MailboxId) -> AsyncIterator[asyncio.Event]:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        with self._listeners.listen(mailbox) as event:
            yield event

    async def claim(self, token: bytes, now: float) -> bool:
        """See :class:`~whisker_sync.relay.store.RelayStore`; forgotten when the process ends."""
        return self._claims.claim(token, now)

    async def forget(self, before: float) -> int:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        count = 0
        while more := await self._do(_forget, before):
            count += more
        return count

    async def begin_anew(self) -> int:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        return await self._do(_begin_anew)

    async def totals(self) -> Totals:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        return await self._do(_totals)

    async def _do(self, function: Callable[..., T], *arguments: Any) -> T:
        job = _Job(self._loop.create_future(), function, arguments)
        self._queue.put(job)
        result: T = await job.done
        return result

    # On the thread.

    def _work(self) -> None:
        more = True
        while more:
            jobs = [self._queue.get()]
            while len(jobs) < MAX_GROUP and jobs[-1] is not None:
                try:
                    jobs.append(self._queue.get_nowait())
                except queue.Empty:
                    break
            more = jobs[-1] is not None
            self._carry_out([job for job in jobs if job is not None])

    def _carry_out(self, jobs: list[_Job]) -> None:
        try:
            answers = self._together(jobs)
        except sqlite3.Error as problem:
            if len(jobs) > 1:
                for job in jobs:
                    self._carry_out([job])
                return
            answers = [StoreUnavailable(str(problem))]
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._answer, jobs, answers)

    def _together(self, jobs: list[_Job]) -> list[Any]:
        """Do all in one transaction; nobody hears an answer before it is committed."""
        answers: list[Any] = []
        self._database.execute("BEGIN")
        try:
            for job in jobs:
                try:
                    answers.append(job.function(self._database, *job.arguments))
                except MailboxError as problem:  # said before anything was changed
                    answers.append(problem)
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise
        return answers

    # On the event loop again.

    def _answer(self, jobs: list[_Job], answers: list[Any]) -> None:
        for job, answer in zip(jobs, answers, strict=True):
            if isinstance(answer, Placed) and answer.is_new:
                self._listeners.wake(job.arguments[0])
            if job.done.done():
                continue  # who asked does not wait any more
            if isinstance(answer, MailboxError):
                job.done.set_exception(answer)
            else:
                job.done.set_result(answer)


class _Job(NamedTuple):
    """Something to do on the thread."""

    done: asyncio.Future[Any]
    function: Callable[..., Any]
    arguments: tuple[Any, ...]


def _open(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as problem:
        raise BadSettings(str(path), str(problem.strerror).lower()) from None
    database = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        _prepare(database, path)
    except sqlite3.DatabaseError as problem:
        database.close()
        if "locked" in str(problem):
            raise JournalBusy(str(path)) from None
        raise JournalDamaged(str(path), str(problem)) from None
    except BaseException:
        database.close()
        raise
    return database


def _prepare(database: sqlite3.Connection, path: Path) -> None:
    # EXCLUSIVE before WAL: then there is no shared memory, and nobody else gets in.
    database.execute("PRAGMA locking_mode = EXCLUSIVE")
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("PRAGMA trusted_schema = OFF")
    if sys.platform == "darwin":
        database.execute("PRAGMA fullfsync = 1")
        database.execute("PRAGMA checkpoint_fullfsync = 1")
    database.execute("BEGIN IMMEDIATE")
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if (
        application == version == 0
        and not database.execute("SELECT 1 FROM sqlite_master").fetchone()
    ):
        for statement in filter(str.strip, _TABLES.split(";")):
            database.execute(statement)
        database.execute(f"PRAGMA application_id = {APPLICATION}")
        database.execute(f"PRAGMA user_version = {FORMAT}")
    elif application != APPLICATION:
        raise JournalDamaged(str(path), "it holds no mailboxes")
    elif version > FORMAT:
        raise JournalTooNew(str(path), version)
    database.execute("COMMIT")


# What a store does, within a transaction. A MailboxError is raised before the first change.


def _box(database: sqlite3.Connection, mailbox: MailboxId) -> _Box | None:
    row = database.execute(_ROW, (mailbox,)).fetchone()
    return _Box(*row) if row else None


def _used(database: sqlite3.Connection, mailbox: MailboxId, now: float) -> _Box | None:
    box = _box(database, mailbox)
    if box and box.used < now - TOUCH_SECONDS:
        database.execute("UPDATE mailbox SET used = ? WHERE number = ?", (now, box.number))
    return box


def _made(database: sqlite3.Connection, mailbox: MailboxId, now: float) -> _Box:
    database.execute(
        "INSERT INTO mailbox (id, incarnation, first, head, held, snapshot, covers, named, used)"
        " VALUES (?, randomblob(8), 1, 0, 0, 0, 0, x'', ?)",
        (mailbox, now),
    )
    box = _box(database, mailbox)
    assert box
    return box


def _append(
    database: sqlite3.Connection, mailbox: MailboxId, entry: Entry, now: float, quota: int
) -> Placed:
    box = _box(database, mailbox)
    if box:
        there = database.execute(
            "SELECT position, body FROM entry WHERE box = ? AND id = ?", (box.number, entry.id)
        ).fetchone()
        if there:
            if there[1] != entry.body:
                raise DifferentContent
            return Placed(box.incarnation, there[0], is_new=False)
    more = check_room(box.held if box else 0, entry.body, quota)
    box = box or _made(database, mailbox, now)
    database.execute(
        "INSERT INTO entry (box, position, id, time, body) VALUES (?, ?, ?, ?, ?)",
        (box.number, box.head + 1, entry.id, now, entry.body),
    )
    database.execute(
        "UPDATE mailbox SET head = head + 1, held = held + ?, used = max(used, ?),"
        " oldest = coalesce(oldest, ?) WHERE number = ?",
        (more, now, now, box.number),
    )
    return Placed(box.incarnation, box.head + 1, is_new=True)


def _read(database: sqlite3.Connection, mailbox: MailboxId, after: int, now: float) -> Page | None:
    if (box := _used(database, mailbox, now)) is None:
        return None
    start = min(max(after + 1, box.first), box.head + 1)
    rows = database.execute(
        "SELECT id, body FROM entry WHERE box = ? AND position >= ? ORDER BY position LIMIT ?",
        (box.number, start, MAX_PAGE_ENTRIES),
    )
    entries: list[Entry] = []
    size = 0
    for name, body in rows:
        size += len(body)
        if entries and size > MAX_PAGE_BYTES:
            break
        entries.append(Entry(name, body))
    rows.close()
    return Page(box.incarnation, box.first, box.head, start, tuple(entries))


def _state(database: sqlite3.Connection, mailbox: MailboxId, now: float) -> State | None:
    box = _used(database, mailbox, now)
    return State(box.incarnation, box.first, box.head, box.held, box.snapshot) if box else None


def _put_blob(
    database: sqlite3.Connection, mailbox: MailboxId, blob: Entry, now: float, quota: int
) -> bool:
    box = _box(database, mailbox)
    if box:
        there = database.execute(
            "SELECT body FROM blob WHERE box = ? AND id = ?", (box.number, blob.id)
        ).fetchone()
        if there:
            if there[0] != blob.body:
                raise DifferentContent
            database.execute(
                "UPDATE blob SET time = ? WHERE box = ? AND id = ?", (now, box.number, blob.id)
            )
            return False
    more = check_room(box.held if box else 0, blob.body, quota)
    box = box or _made(database, mailbox, now)
    database.execute(
        "INSERT INTO blob (box, id, time, is_named, body) VALUES (?, ?, ?, 0, ?)",
        (box.number, blob.id, now, blob.body),
    )
    database.execute(
        "UPDATE mailbox SET held = held + ?, used = max(used, ?) WHERE number = ?",
        (more, now, box.number),
    )
    return True


def _blob(
    database: sqlite3.Connection, mailbox: MailboxId, blob: bytes, now: float
) -> bytes | None:
    if (box := _used(database, mailbox, now)) is None:
        return None
    row = database.execute(
        "SELECT body FROM blob WHERE box = ? AND id = ?", (box.number, blob)
    ).fetchone()
    return row[0] if row else None


def _put_snapshot(
    database: sqlite3.Connection,
    mailbox: MailboxId,
    covers: int,
    blobs: Sequence[bytes],
    replaces: int,
    now: float,
) -> int:
    if (box := _box(database, mailbox)) is None:
        raise UnknownMailbox
    if box.snapshot != replaces:
        raise SnapshotChanged(box.snapshot)
    if not box.covers <= covers <= box.head:
        raise NotCovered(covers, box.covers, box.head)
    for blob in blobs:
        there = "SELECT 1 FROM blob WHERE box = ? AND id = ?"
        if not database.execute(there, (box.number, blob)).fetchone():
            raise MissingBlob(blob.hex())
    for blob in set(split_ids(box.named)) - set(blobs):
        _drop_blob(database, box.number, blob)
    database.executemany(
        "UPDATE blob SET is_named = 1 WHERE box = ? AND id = ?",
        [(box.number, blob) for blob in blobs],
    )
    database.execute(
        "UPDATE mailbox SET snapshot = snapshot + 1, covers = ?, named = ?, used = max(used, ?)"
        " WHERE number = ?",
        (covers, b"".join(blobs), now, box.number),
    )
    return box.snapshot + 1


def _snapshot(database: sqlite3.Connection, mailbox: MailboxId, now: float) -> Snapshot | None:
    box = _used(database, mailbox, now)
    if box is None or not box.snapshot:
        return None
    return Snapshot(box.incarnation, box.snapshot, box.covers, split_ids(box.named))


def _trim(
    database: sqlite3.Connection, mailbox: MailboxId, upto: int, now: float
) -> tuple[int, int]:
    if (box := _used(database, mailbox, now)) is None:
        raise UnknownMailbox
    if upto > box.covers:
        raise NotCovered(upto, 0, box.covers)
    return _cut(database, box.number, box.first, upto)


def _cut(database: sqlite3.Connection, number: int, first: int, upto: int) -> tuple[int, int]:
    """Forget the entries of a mailbox up to a position."""
    count = max(upto - first + 1, 0)
    if not count:
        return 0, first
    gone = "FROM entry WHERE box = ? AND position <= ?"
    (size,) = database.execute(
        f"SELECT sum(length(body) + {OVERHEAD}) {gone}", (number, upto)
    ).fetchone()
    database.execute(f"DELETE {gone}", (number, upto))
    database.execute(
        "UPDATE mailbox SET first = ?, held = held - ?,"
        " oldest = (SELECT time FROM entry WHERE box = number AND position = ?) WHERE number = ?",
        (upto + 1, size, upto + 1, number),
    )
    return count, upto + 1


def _drop_blob(database: sqlite3.Connection, number: int, blob: bytes) -> None:
    database.execute(
        "UPDATE mailbox SET held = held - (SELECT length(body) + ? FROM blob"
        " WHERE box = number AND id = ?) WHERE number = ?",
        (OVERHEAD, blob, number),
    )
    database.execute("DELETE FROM blob WHERE box = ? AND id = ?", (number, blob))


def _forget(database: sqlite3.Connection, before: float) -> int:
    idle = database.execute(
        "SELECT number FROM mailbox WHERE used < ? LIMIT ?", (before, FORGET_AT_ONCE)
    ).fetchall()
    for (number,) in idle:
        database.execute("DELETE FROM entry WHERE box = ?", (number,))
        database.execute("DELETE FROM blob WHERE box = ?", (number,))
        database.execute("DELETE FROM mailbox WHERE number = ?", (number,))
    blobs = database.execute(
        "SELECT box, id FROM blob WHERE time < ? AND NOT is_named LIMIT ?",
        (before, FORGET_AT_ONCE),
    ).fetchall()
    for number, blob in blobs:
        _drop_blob(database, number, blob)
    return len(idle) + len(blobs) + _forget_entries(database, before)


def _forget_entries(database: sqlite3.Connection, before: float) -> int:
    old = database.execute(
        "SELECT number, first, head FROM mailbox WHERE oldest < ? LIMIT ?",
        (before, FORGET_AT_ONCE),
    ).fetchall()
    count = 0
    for number, first, head in old:
        # Up to the first that is young: clocks may have gone back between two entries.
        (young,) = database.execute(
            "SELECT min(position) FROM entry WHERE box = ? AND time >= ?", (number, before)
        ).fetchone()
        count += _cut(database, number, first, head if young is None else young - 1)[0]
    return count


def _begin_anew(database: sqlite3.Connection) -> int:
    return database.execute("UPDATE mailbox SET incarnation = randomblob(8)").rowcount


def _totals(database: sqlite3.Connection) -> Totals:
    return Totals(
        *database.execute(
            "SELECT count(*), coalesce(sum(head - first + 1), 0), coalesce(sum(held), 0)"
            " FROM mailbox"
        ).fetchone()
    )
