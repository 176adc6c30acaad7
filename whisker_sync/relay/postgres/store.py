"""
The store in PostgreSQL, call by call.

Each call is a transaction on a connection of the pool. What appends is gathered (appending.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

from whisker_sync.errors import (
    DifferentContent,
    MissingBlob,
    NotCovered,
    SnapshotChanged,
    UnknownMailbox,
)
from whisker_sync.ids import Incarnation, MailboxId
from whisker_sync.relay.postgres.appending import Appending
from whisker_sync.relay.postgres.database import Database
from whisker_sync.relay.postgres.forgetting import forget
from whisker_sync.relay.postgres.listening import Listening
from whisker_sync.relay.postgres.rows import ROW, count, cut, drop_blobs, make, touch, used
from whisker_sync.relay.store import (
    CLAIM_SECONDS,
    Listeners,
    Placed,
    Snapshot,
    State,
    Totals,
    check_room,
    split_ids,
)
from whisker_sync.wire.relay import MAX_PAGE_BYTES, MAX_PAGE_ENTRIES, Entry, Page

CLAIMS_BETWEEN = 1000
"""Claims after which the old ones are forgotten."""

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


class PostgresStore:
    """A :class:`~whisker_sync.relay.store.RelayStore` in the database at ``url``."""

    def __init__(self, url: str) -> None:
        self._database = Database(url)
        self._listeners = Listeners()
        self._appending = Appending(self._database)
        self._listening = Listening(self._database, self._listeners)
        self._tasks: list[asyncio.Task[None]] = []
        self._claimed = 0

    async def __aenter__(self) -> Self:
        """
        Begin; a database that is not there yet is asked again with each call.

        Raises:
            JournalTooNew: A newer version made the tables.
        """
        await self._database.begin()
        runs = (self._appending.run(), self._listening.run())
        self._tasks = [asyncio.create_task(run) for run in runs]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Append what is waiting, and hang up."""
        self._appending.close()
        appending, listening = self._tasks
        await appending
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await self._database.end()

    async def append(self, mailbox: MailboxId, entry: Entry, now: float, quota: int) -> Placed:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        return await self._appending.append(mailbox, entry, now, quota)

    async def read(self, mailbox: MailboxId, after: int, now: float) -> Page | None:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(_PAGE, mailbox, after, MAX_PAGE_ENTRIES, MAX_PAGE_BYTES)
            if not rows:
                return None
            await touch(connection, rows[0], now)
        first, head = rows[0]["first"], rows[0]["head"]
        start = min(max(after + 1, first), head + 1)
        entries = tuple(Entry(row["id"], row["body"]) for row in rows if row["id"] is not None)
        return Page(Incarnation(rows[0]["incarnation"]), first, head, start, entries)

    async def state(self, mailbox: MailboxId, now: float) -> State | None:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        async with self._database.connection() as connection:
            box = await used(connection, mailbox, now)
        return box and State(
            Incarnation(box["incarnation"]), box["first"], box["head"], box["held"], box["snapshot"]
        )

    async def put_blob(self, mailbox: MailboxId, blob: Entry, now: float, quota: int) -> bool:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        async with self._database.transaction() as connection:
            box = await connection.fetchrow(f"{ROW} FOR UPDATE", mailbox)
            if box is None:
                check_room(0, blob.body, quota)
                await make(connection, [mailbox], now)
                box = await connection.fetchrow(f"{ROW} FOR UPDATE", mailbox)
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
        async with self._database.connection() as connection:
            box = await used(connection, mailbox, now)
            body: bytes | None = box and await connection.fetchval(
                "SELECT body FROM whisker_relay.blob WHERE box = $1 AND id = $2",
                *(box["number"], blob),
            )
        return body

    async def put_snapshot(
        self, mailbox: MailboxId, covers: int, blobs: Sequence[bytes], replaces: int, now: float
    ) -> int:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        async with self._database.transaction() as connection:
            box = await connection.fetchrow(f"{ROW} FOR UPDATE", mailbox)
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
            await drop_blobs(connection, box["number"], gone)
            await connection.execute(
                "UPDATE whisker_relay.mailbox SET snapshot = snapshot + 1, covers = $2,"
                " named = $3, used = greatest(used, $4) WHERE number = $1",
                *(box["number"], covers, b"".join(blobs), now),
            )
        return int(box["snapshot"]) + 1

    async def snapshot(self, mailbox: MailboxId, now: float) -> Snapshot | None:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        async with self._database.connection() as connection:
            box = await used(connection, mailbox, now)
        if box is None or not box["snapshot"]:
            return None
        return Snapshot(
            Incarnation(box["incarnation"]), box["snapshot"], box["covers"], split_ids(box["named"])
        )

    async def trim(self, mailbox: MailboxId, upto: int, now: float) -> tuple[int, int]:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        async with self._database.transaction() as connection:
            box = await connection.fetchrow(f"{ROW} FOR UPDATE", mailbox)
            if box is None:
                raise UnknownMailbox
            if upto > box["covers"]:
                raise NotCovered(upto, 0, box["covers"])
            await touch(connection, box, now)
            return await cut(connection, box["number"], box["first"], upto)

    @asynccontextmanager
    async def wakeups(self, mailbox: MailboxId) -> AsyncIterator[asyncio.Event]:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        with self._listeners.listen(mailbox) as event:
            yield event

    async def claim(self, token: bytes, now: float) -> bool:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        self._claimed += 1
        async with self._database.connection() as connection:
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
        return await forget(self._database, before)

    async def begin_anew(self) -> int:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        async with self._database.connection() as connection:
            return count(
                await connection.execute(
                    "UPDATE whisker_relay.mailbox SET incarnation ="
                    " substring(uuid_send(gen_random_uuid()) FROM 9)"
                )
            )

    async def totals(self) -> Totals:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                "SELECT count(*)::bigint, coalesce(sum(head - first + 1), 0)::bigint,"
                " coalesce(sum(held), 0)::bigint FROM whisker_relay.mailbox"
            )
        return Totals(*row)
