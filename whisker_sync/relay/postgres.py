"""
Mailboxes in PostgreSQL: for several workers and several machines behind one name.

Positions are given out under the lock of the mailbox's row, and that lock is held until
the COMMIT: so they become visible in order and without gaps. (A sequence would not do:
what was drawn first may be committed last, and a reader in between never sees it.)

Group commit: what is to be appended while a transaction runs goes into the next one
together, with one NOTIFY for all of its mailboxes. Rows are locked in the order of their
ids, so that two workers never wait for each other.

One connection listens. When it breaks, or its server stays silent, everybody who waits is
woken once it is there again: something may have been missed. All other connections come
from a pool, and whatever is wrong with them is :exc:`StoreUnavailable`; the next call tries again.

Claims lie in a table that is not logged: they survive a worker, and need not survive the server.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import asyncpg

from whisker_sync.errors import (
    DifferentContent,
    JournalTooNew,
    MailboxError,
    MailboxFull,
    MissingBlob,
    NotCovered,
    SnapshotChanged,
    StoreUnavailable,
    UnknownMailbox,
)
from whisker_sync.ids import Incarnation, MailboxId
from whisker_sync.relay.store import (
    CLAIM_SECONDS,
    TOUCH_SECONDS,
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
"""Layout of the tables; kept in a table of its own."""

MAX_GROUP = 128
"""Entries in one transaction; their mailboxes fit into one NOTIFY (8,000 bytes)."""

MAX_GROUP_BYTES = 8 << 20
"""Bytes of entries after which a transaction takes no further one."""

CONNECTIONS = 8
"""Connections of one worker, besides the one that listens and the one that appends."""

CONNECT_SECONDS = 5.0
"""How long a connection may take to be made, or to become free."""

COMMAND_SECONDS = 20.0
"""How long the server may take to answer."""

LISTEN_SECONDS = 15.0
"""How often the connection that listens is asked whether it is still there."""

RETRY_SECONDS = 1.0
"""How long to wait before it is made anew."""

FORGET_AT_ONCE = 1000
"""Things forgotten in one transaction."""

CLAIMS_BETWEEN = 1000
"""Claims after which the old ones are forgotten."""

_CHANNEL = "whisker_relay"

_LOCK = 0x77686D62  # of who makes the tables

_TABLES = """
CREATE SCHEMA IF NOT EXISTS whisker_relay;
CREATE TABLE whisker_relay.format (version integer NOT NULL);
CREATE TABLE whisker_relay.mailbox (
    number bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, id bytea NOT NULL UNIQUE,
    incarnation bytea NOT NULL DEFAULT substring(uuid_send(gen_random_uuid()) FROM 9),
    first bigint NOT NULL DEFAULT 1, head bigint NOT NULL DEFAULT 0,
    held bigint NOT NULL DEFAULT 0, snapshot bigint NOT NULL DEFAULT 0,
    covers bigint NOT NULL DEFAULT 0, named bytea NOT NULL DEFAULT '',
    oldest double precision, used double precision NOT NULL
);
CREATE INDEX ON whisker_relay.mailbox (oldest) WHERE oldest IS NOT NULL;
CREATE INDEX ON whisker_relay.mailbox (used);
CREATE TABLE whisker_relay.entry (
    box bigint NOT NULL REFERENCES whisker_relay.mailbox ON DELETE CASCADE,
    position bigint NOT NULL, id bytea NOT NULL, time double precision NOT NULL,
    body bytea NOT NULL, PRIMARY KEY (box, position), UNIQUE (box, id)
);
CREATE TABLE whisker_relay.blob (
    box bigint NOT NULL REFERENCES whisker_relay.mailbox ON DELETE CASCADE,
    id bytea NOT NULL, time double precision NOT NULL, is_named boolean NOT NULL DEFAULT false,
    body bytea NOT NULL, PRIMARY KEY (box, id)
);
CREATE INDEX ON whisker_relay.blob (time) WHERE NOT is_named;
ALTER TABLE whisker_relay.entry ALTER body SET STORAGE EXTERNAL;
ALTER TABLE whisker_relay.blob ALTER body SET STORAGE EXTERNAL;
CREATE UNLOGGED TABLE whisker_relay.claim (
    token bytea PRIMARY KEY, time double precision NOT NULL
);
CREATE INDEX ON whisker_relay.claim (time);
"""

_COLUMNS = "number, id, incarnation, first, head, held, snapshot, covers, named, used"

_ROW = f"SELECT {_COLUMNS} FROM whisker_relay.mailbox WHERE id = $1"

_PAGE = """
SELECT m.number, m.incarnation, m.first, m.head, m.used, e.id, e.body
FROM whisker_relay.mailbox m LEFT JOIN LATERAL (
    SELECT * FROM (
        SELECT position, id, body, sum(octet_length(body)) OVER (ORDER BY position) AS size
        FROM (
            SELECT position, id, body FROM whisker_relay.entry
            WHERE box = m.number AND position > $2 ORDER BY position LIMIT $3
        ) few
    ) measured WHERE size <= $4 OR position = greatest($2 + 1, m.first)
) e ON true
WHERE m.id = $1 ORDER BY e.position
"""

_UNAVAILABLE = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.InsufficientResourcesError,
    asyncpg.exceptions.InvalidAuthorizationSpecificationError,
    asyncpg.exceptions.InvalidCatalogNameError,
    asyncpg.exceptions.ReadOnlySQLTransactionError,
    asyncpg.exceptions.TransactionRollbackError,
)
"""What is no mistake of ours and may be over soon; a deadlock or a failover, too."""


@contextmanager
def _guarded() -> Iterator[None]:
    try:
        yield
    except _UNAVAILABLE as problem:
        raise StoreUnavailable(str(problem) or type(problem).__name__) from problem


@dataclass(slots=True)
class _Waiting:
    """Somebody who wants to append."""

    mailbox: MailboxId
    entry: Entry
    now: float
    quota: int
    done: asyncio.Future[Placed]


class PostgresStore:
    """A :class:`~whisker_sync.relay.store.RelayStore` in the database at ``url``."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._listeners = Listeners()
        self._waiting: deque[_Waiting] = deque()
        self._more = asyncio.Event()
        self._closing = False
        self._tasks: list[asyncio.Task[None]] = []
        self._pool: Any = None
        self._preparing = asyncio.Lock()
        self._is_prepared = False
        self._claimed = 0

    async def __aenter__(self) -> Self:
        """
        Begin; a database that is not there yet is asked again with each call.

        Raises:
            JournalTooNew: A newer version made the tables.
        """
        self._pool = await asyncpg.create_pool(
            self._url,
            min_size=0,
            max_size=CONNECTIONS + 1,
            timeout=CONNECT_SECONDS,
            command_timeout=COMMAND_SECONDS,
        )
        try:
            await self._prepare()
        except StoreUnavailable:
            pass  # and so it will be said to whoever asks
        except BaseException:
            await self._pool.close()
            raise
        self._tasks = [asyncio.create_task(self._append_all()), asyncio.create_task(self._listen())]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Append what is waiting, and hang up."""
        self._closing = True
        self._more.set()
        appending, listening = self._tasks
        await appending
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        try:
            await asyncio.wait_for(self._pool.close(), CONNECT_SECONDS)
        except _UNAVAILABLE:
            self._pool.terminate()

    # Appending: one task, one transaction after the other.

    async def append(self, mailbox: MailboxId, entry: Entry, now: float, quota: int) -> Placed:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        done: asyncio.Future[Placed] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(mailbox, entry, now, quota, done))
        self._more.set()
        return await done

    async def _append_all(self) -> None:
        while not self._closing or self._waiting:
            await self._more.wait()
            group = self._next_group()
            if not self._waiting and not self._closing:
                self._more.clear()
            try:
                answers = await self._append_group(group)
            except Exception as problem:  # told to everybody who waits for it
                answers = [problem] * len(group)
            for waiting, answer in zip(group, answers, strict=True):
                if waiting.done.done():
                    continue  # who asked does not wait any more
                if isinstance(answer, Placed):
                    waiting.done.set_result(answer)
                else:
                    waiting.done.set_exception(answer)

    def _next_group(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        size = 0
        while self._waiting and len(group) < MAX_GROUP and size < MAX_GROUP_BYTES:
            group.append(self._waiting.popleft())
            size += len(group[-1].entry.body)
        return group

    async def _append_group(self, group: list[_Waiting]) -> list[Any]:
        async with self._transaction() as connection:
            boxes = await _locked(connection, group)
            there = await _those_there(connection, group, boxes)
            answers, rows = _judge(group, boxes, there)
            if rows:
                await _insert(connection, rows, boxes)
        return answers

    # Everything else: a connection of the pool each.

    async def read(self, mailbox: MailboxId, after: int, now: float) -> Page | None:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        async with self._connection() as connection:
            rows = await connection.fetch(_PAGE, mailbox, after, MAX_PAGE_ENTRIES, MAX_PAGE_BYTES)
            if not rows:
                return None
            await _touch(connection, rows[0], now)
        first, head = rows[0]["first"], rows[0]["head"]
        start = min(max(after + 1, first), head + 1)
        entries = tuple(Entry(row["id"], row["body"]) for row in rows if row["id"] is not None)
        return Page(Incarnation(rows[0]["incarnation"]), first, head, start, entries)

    async def state(self, mailbox: MailboxId, now: float) -> State | None:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        async with self._connection() as connection:
            box = await _used(connection, mailbox, now)
        return box and State(
            Incarnation(box["incarnation"]), box["first"], box["head"], box["held"], box["snapshot"]
        )

    async def put_blob(self, mailbox: MailboxId, blob: Entry, now: float, quota: int) -> bool:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        async with self._transaction() as connection:
            box = await connection.fetchrow(f"{_ROW} FOR UPDATE", mailbox)
            if box is None:
                check_room(0, blob.body, quota)
                await _make(connection, [mailbox], now)
                box = await connection.fetchrow(f"{_ROW} FOR UPDATE", mailbox)
            same = await connection.fetchval(
                "UPDATE whisker_relay.blob SET time = $3 WHERE box = $1 AND id = $2"
                " RETURNING sha256(body) = sha256($4)",
                *(box["number"], blob.id, now, blob.body),
            )
            if same is False:
                raise DifferentContent
            if same is None:
                more = check_room(box["held"], blob.body, quota)
                await connection.execute(
                    "INSERT INTO whisker_relay.blob (box, id, time, body) VALUES ($1, $2, $3, $4)",
                    *(box["number"], blob.id, now, blob.body),
                )
                await connection.execute(
                    "UPDATE whisker_relay.mailbox SET held = held + $2,"
                    " used = greatest(used, $3) WHERE number = $1",
                    *(box["number"], more, now),
                )
        return same is None

    async def blob(self, mailbox: MailboxId, blob: bytes, now: float) -> bytes | None:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        async with self._connection() as connection:
            box = await _used(connection, mailbox, now)
            body: bytes | None = box and await connection.fetchval(
                "SELECT body FROM whisker_relay.blob WHERE box = $1 AND id = $2",
                *(box["number"], blob),
            )
        return body

    async def put_snapshot(
        self, mailbox: MailboxId, covers: int, blobs: Sequence[bytes], replaces: int, now: float
    ) -> int:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        async with self._transaction() as connection:
            box = await connection.fetchrow(f"{_ROW} FOR UPDATE", mailbox)
            if box is None:
                raise UnknownMailbox
            if box["snapshot"] != replaces:
                raise SnapshotChanged(box["snapshot"])
            if not box["covers"] <= covers <= box["head"]:
                raise NotCovered(covers, box["covers"], box["head"])
            there = await connection.fetch(
                "UPDATE whisker_relay.blob SET is_named = true WHERE box = $1 AND id = ANY($2)"
                " RETURNING id",
                *(box["number"], list(blobs)),
            )
            known = {row["id"] for row in there}
            for blob in blobs:
                if blob not in known:
                    raise MissingBlob(blob.hex())
            gone = list(set(split_ids(box["named"])) - set(blobs))
            await _drop_blobs(connection, box["number"], gone)
            await connection.execute(
                "UPDATE whisker_relay.mailbox SET snapshot = snapshot + 1, covers = $2,"
                " named = $3, used = greatest(used, $4) WHERE number = $1",
                *(box["number"], covers, b"".join(blobs), now),
            )
        return int(box["snapshot"]) + 1

    async def snapshot(self, mailbox: MailboxId, now: float) -> Snapshot | None:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        async with self._connection() as connection:
            box = await _used(connection, mailbox, now)
        if box is None or not box["snapshot"]:
            return None
        return Snapshot(
            Incarnation(box["incarnation"]), box["snapshot"], box["covers"], split_ids(box["named"])
        )

    async def trim(self, mailbox: MailboxId, upto: int, now: float) -> tuple[int, int]:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        async with self._transaction() as connection:
            box = await connection.fetchrow(f"{_ROW} FOR UPDATE", mailbox)
            if box is None:
                raise UnknownMailbox
            if upto > box["covers"]:
                raise NotCovered(upto, 0, box["covers"])
            await _touch(connection, box, now)
            return await _cut(connection, box["number"], box["first"], upto)

    @asynccontextmanager
    async def wakeups(self, mailbox: MailboxId) -> AsyncIterator[asyncio.Event]:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        with self._listeners.listen(mailbox) as event:
            yield event

    async def claim(self, token: bytes, now: float) -> bool:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        self._claimed += 1
        async with self._connection() as connection:
            if self._claimed % CLAIMS_BETWEEN == 0:
                await connection.execute(
                    "DELETE FROM whisker_relay.claim WHERE time < $1", now - CLAIM_SECONDS
                )
            return bool(
                await connection.fetchval(
                    "INSERT INTO whisker_relay.claim (token, time) VALUES ($1, $2)"
                    " ON CONFLICT DO NOTHING RETURNING true",
                    *(token, now),
                )
            )

    async def forget(self, before: float) -> int:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        count = 0
        while more := await self._forget_some(before):
            count += more
        return count

    async def begin_anew(self) -> int:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        async with self._connection() as connection:
            return _count(
                await connection.execute(
                    "UPDATE whisker_relay.mailbox SET incarnation ="
                    " substring(uuid_send(gen_random_uuid()) FROM 9)"
                )
            )

    async def totals(self) -> Totals:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        async with self._connection() as connection:
            row = await connection.fetchrow(
                "SELECT count(*)::bigint, coalesce(sum(head - first + 1), 0)::bigint,"
                " coalesce(sum(held), 0)::bigint FROM whisker_relay.mailbox"
            )
        return Totals(*row)

    async def _forget_some(self, before: float) -> int:
        async with self._transaction() as connection:
            idle = await connection.execute(
                "DELETE FROM whisker_relay.mailbox WHERE number IN (SELECT number"
                " FROM whisker_relay.mailbox WHERE used < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
                *(before, FORGET_AT_ONCE),
            )
            old = await connection.fetch(
                "SELECT number, first, head FROM whisker_relay.mailbox WHERE oldest < $1"
                " ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED",
                *(before, FORGET_AT_ONCE),
            )
            count = _count(idle)
            for box in old:
                # Up to the first that is young: clocks may have gone back between two entries.
                young = await connection.fetchval(
                    "SELECT min(position) FROM whisker_relay.entry WHERE box = $1 AND time >= $2",
                    *(box["number"], before),
                )
                upto = box["head"] if young is None else young - 1
                count += (await _cut(connection, box["number"], box["first"], upto))[0]
        return count + await self._forget_blobs(before)

    async def _forget_blobs(self, before: float) -> int:
        async with self._transaction() as connection:
            boxes = await connection.fetch(
                "SELECT number FROM whisker_relay.mailbox WHERE number IN (SELECT box"
                " FROM whisker_relay.blob WHERE time < $1 AND NOT is_named LIMIT $2)"
                " ORDER BY id FOR UPDATE",
                *(before, FORGET_AT_ONCE),
            )
            count = 0
            for box in boxes:
                blobs = await connection.fetch(
                    "SELECT id FROM whisker_relay.blob WHERE box = $1 AND time < $2"
                    " AND NOT is_named",
                    *(box["number"], before),
                )
                await _drop_blobs(connection, box["number"], [row["id"] for row in blobs])
                count += len(blobs)
        return count

    # Connections.

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        with _guarded():
            await self._prepare()
            async with self._pool.acquire(timeout=CONNECT_SECONDS) as connection:
                yield connection

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Any]:
        async with self._connection() as connection, connection.transaction():
            yield connection

    async def _prepare(self) -> None:
        if self._is_prepared:
            return
        async with self._preparing:
            if self._is_prepared:
                return
            with _guarded():
                async with self._pool.acquire(timeout=CONNECT_SECONDS) as connection:
                    await _make_tables(connection)
            self._is_prepared = True

    async def _listen(self) -> None:
        while True:
            with suppress(*_UNAVAILABLE):
                await self._listen_once()
            await asyncio.sleep(RETRY_SECONDS)

    async def _listen_once(self) -> None:
        connection = await asyncpg.connect(
            self._url, timeout=CONNECT_SECONDS, command_timeout=CONNECT_SECONDS
        )
        ended = asyncio.Event()
        connection.add_termination_listener(lambda _: ended.set())
        try:
            await connection.add_listener(_CHANNEL, self._hear)
            self._listeners.wake_all()
            while not ended.is_set():
                await connection.execute("SELECT 1")
                with suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), LISTEN_SECONDS)
        finally:
            connection.terminate()

    def _hear(self, _connection: Any, _process: int, _channel: str, payload: Any) -> None:
        for cut in range(0, len(payload), 64):
            self._listeners.wake(MailboxId(bytes.fromhex(payload[cut : cut + 64])))


async def _make_tables(connection: Any) -> None:
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        if await connection.fetchval("SELECT to_regclass('whisker_relay.format')") is None:
            await connection.execute(_TABLES)
            await connection.execute("INSERT INTO whisker_relay.format VALUES ($1)", FORMAT)
        version = await connection.fetchval("SELECT version FROM whisker_relay.format")
    if version > FORMAT:
        raise JournalTooNew("the relay's database", version)


# What appending consists of, within a transaction.


async def _locked(connection: Any, group: list[_Waiting]) -> dict[MailboxId, Any]:
    """The rows of the mailboxes that exist or may be made, locked."""
    ids = sorted({waiting.mailbox for waiting in group})
    rows = f"SELECT {_COLUMNS} FROM whisker_relay.mailbox WHERE id = ANY($1) ORDER BY id FOR UPDATE"
    boxes = {row["id"]: row for row in await connection.fetch(rows, ids)}
    fits = {
        waiting.mailbox for waiting in group if len(waiting.entry.body) + OVERHEAD <= waiting.quota
    }
    if missing := [mailbox for mailbox in ids if mailbox not in boxes and mailbox in fits]:
        await _make(connection, missing, group[0].now)
        boxes |= {row["id"]: row for row in await connection.fetch(rows, missing)}
    return boxes


async def _those_there(
    connection: Any, group: list[_Waiting], boxes: dict[MailboxId, Any]
) -> dict[tuple[MailboxId, bytes], tuple[int, bytes]]:
    """Of the entries to be appended those that are there: position, and SHA-256."""
    known = [waiting for waiting in group if waiting.mailbox in boxes]
    rows = await connection.fetch(
        "SELECT m.id AS mailbox, e.id, e.position, sha256(e.body) AS body"
        " FROM unnest($1::bytea[], $2::bytea[]) AS w (mailbox, id)"
        " JOIN whisker_relay.mailbox m ON m.id = w.mailbox"
        " JOIN whisker_relay.entry e ON e.box = m.number AND e.id = w.id",
        *([waiting.mailbox for waiting in known], [waiting.entry.id for waiting in known]),
    )
    return {(MailboxId(row["mailbox"]), row["id"]): (row["position"], row["body"]) for row in rows}


_Row = tuple[MailboxId, int, Entry, float]
"""A new entry: mailbox, position, the entry, when it came."""


def _judge(
    group: list[_Waiting],
    boxes: dict[MailboxId, Any],
    there: dict[tuple[MailboxId, bytes], tuple[int, bytes]],
) -> tuple[list[Placed | MailboxError], list[_Row]]:
    """What each hears, and what is to be inserted."""
    answers: list[Placed | MailboxError] = []
    rows: list[_Row] = []
    heads = {mailbox: row["head"] for mailbox, row in boxes.items()}
    held = {mailbox: row["held"] for mailbox, row in boxes.items()}
    for each in group:
        mailbox, entry = each.mailbox, each.entry
        digest, more = hashlib.sha256(entry.body).digest(), len(entry.body) + OVERHEAD
        position, same = there.get((mailbox, entry.id), (0, b""))
        if position and same != digest:
            answers.append(DifferentContent())
        elif position:
            life = Incarnation(boxes[mailbox]["incarnation"])
            answers.append(Placed(life, position, is_new=False))
        elif held.get(mailbox, 0) + more > each.quota:
            answers.append(MailboxFull(held.get(mailbox, 0), more, each.quota))
        else:
            heads[mailbox] += 1
            held[mailbox] += more
            there[mailbox, entry.id] = heads[mailbox], digest
            rows.append((mailbox, heads[mailbox], entry, each.now))
            life = Incarnation(boxes[mailbox]["incarnation"])
            answers.append(Placed(life, heads[mailbox], is_new=True))
    return answers, rows


async def _insert(connection: Any, rows: list[_Row], boxes: dict[MailboxId, Any]) -> None:
    await connection.execute(
        "INSERT INTO whisker_relay.entry (box, position, id, time, body) SELECT * FROM"
        " unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::double precision[], $5::bytea[])",
        [boxes[mailbox]["number"] for mailbox, _, _, _ in rows],
        [position for _, position, _, _ in rows],
        [entry.id for _, _, entry, _ in rows],
        [now for _, _, _, now in rows],
        [entry.body for _, _, entry, _ in rows],
    )
    changed = sorted({mailbox for mailbox, _, _, _ in rows})
    of = {mailbox: [row for row in rows if row[0] == mailbox] for mailbox in changed}
    await connection.execute(
        "UPDATE whisker_relay.mailbox m SET head = w.head, held = m.held + w.more,"
        " oldest = coalesce(m.oldest, w.oldest), used = greatest(m.used, w.used)"
        " FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::double precision[],"
        " $5::double precision[]) AS w (number, head, more, oldest, used)"
        " WHERE m.number = w.number",
        [boxes[mailbox]["number"] for mailbox in changed],
        [of[mailbox][-1][1] for mailbox in changed],
        [sum(len(row[2].body) + OVERHEAD for row in of[mailbox]) for mailbox in changed],
        [of[mailbox][0][3] for mailbox in changed],
        [max(row[3] for row in of[mailbox]) for mailbox in changed],
    )
    names = "".join(mailbox.hex() for mailbox in changed)
    # 64 letters each: 124 mailboxes are the most that one payload has room for.
    for cut in range(0, len(names), 64 * 124):
        await connection.execute("SELECT pg_notify($1, $2)", _CHANNEL, names[cut : cut + 64 * 124])


# What else is done within a transaction.


async def _make(connection: Any, mailboxes: list[MailboxId], now: float) -> None:
    await connection.execute(
        "INSERT INTO whisker_relay.mailbox (id, used) SELECT unnest($1::bytea[]), $2"
        " ON CONFLICT DO NOTHING",
        *(mailboxes, now),
    )


async def _used(connection: Any, mailbox: MailboxId, now: float) -> Any:
    box = await connection.fetchrow(_ROW, mailbox)
    if box is not None:
        await _touch(connection, box, now)
    return box


async def _touch(connection: Any, box: Any, now: float) -> None:
    if box["used"] < now - TOUCH_SECONDS:
        await connection.execute(
            "UPDATE whisker_relay.mailbox SET used = greatest(used, $2) WHERE number = $1",
            *(box["number"], now),
        )


async def _cut(connection: Any, number: int, first: int, upto: int) -> tuple[int, int]:
    """Forget the entries of a mailbox up to a position."""
    count = max(upto - first + 1, 0)
    if not count:
        return 0, first
    size = await connection.fetchval(
        "WITH gone AS (DELETE FROM whisker_relay.entry WHERE box = $1 AND position <= $2"
        f" RETURNING octet_length(body) + {OVERHEAD} AS size) SELECT sum(size)::bigint FROM gone",
        *(number, upto),
    )
    await connection.execute(
        "UPDATE whisker_relay.mailbox SET first = $2, held = held - $3, oldest ="
        " (SELECT time FROM whisker_relay.entry WHERE box = $1 AND position = $2)"
        " WHERE number = $1",
        *(number, upto + 1, size),
    )
    return count, upto + 1


async def _drop_blobs(connection: Any, number: int, blobs: list[bytes]) -> None:
    size = await connection.fetchval(
        "WITH gone AS (DELETE FROM whisker_relay.blob WHERE box = $1 AND id = ANY($2)"
        f" RETURNING octet_length(body) + {OVERHEAD} AS size)"
        " SELECT coalesce(sum(size), 0)::bigint FROM gone",
        *(number, blobs),
    )
    await connection.execute(
        "UPDATE whisker_relay.mailbox SET held = held - $2 WHERE number = $1", *(number, size)
    )


def _count(tag: str) -> int:
    """How many rows a command says that it changed: ``DELETE 3``."""
    return int(tag.rpartition(" ")[2])
