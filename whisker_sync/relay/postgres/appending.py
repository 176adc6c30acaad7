"""
Many entries in one transaction: group commit.

One task does one transaction after the other. What is to be appended while one runs goes into the
next one together, and those who wait for any of its mailboxes are woken at once. Rows are locked
in the order of their ids, so that two workers never wait for each other.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from dataclasses import dataclass
from typing import Any

from whisker_sync.errors import DifferentContent, MailboxError, MailboxFull
from whisker_sync.ids import Incarnation, MailboxId
from whisker_sync.relay.postgres.database import Database
from whisker_sync.relay.postgres.listening import notify
from whisker_sync.relay.postgres.rows import COLUMNS, make
from whisker_sync.relay.store import Placed
from whisker_sync.wire.relay import OVERHEAD, Entry

MAX_GROUP = 128
"""Entries in one transaction."""

MAX_GROUP_BYTES = 8 << 20
"""Bytes of entries after which a transaction takes no further one."""


@dataclass(slots=True)
class _Waiting:
    """Somebody who wants to append."""

    mailbox: MailboxId
    entry: Entry
    now: float
    quota: int
    done: asyncio.Future[Placed]


class Appending:
    """Whatever waits to be appended by one worker."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[_Waiting] = deque()
        self._more = asyncio.Event()
        self._closing = False

    async def append(self, mailbox: MailboxId, entry: Entry, now: float, quota: int) -> Placed:
        """See :class:`~whisker_sync.relay.store.RelayStore`."""
        done: asyncio.Future[Placed] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(mailbox, entry, now, quota, done))
        self._more.set()
        return await done

    def close(self) -> None:
        """Let :meth:`run` end, when what is waiting is appended."""
        self._closing = True
        self._more.set()

    async def run(self) -> None:
        """Append whatever comes, until :meth:`close`."""
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
        async with self._database.transaction() as connection:
            boxes = await _locked(connection, group)
            there = await _those_there(connection, group, boxes)
            answers, rows = _judge(group, boxes, there)
            if rows:
                await _insert(connection, rows, boxes)
        return answers


# What that consists of, within a transaction.


async def _locked(connection: Any, group: list[_Waiting]) -> dict[MailboxId, Any]:
    """The rows of the mailboxes that exist or may be made, locked."""
    ids = sorted({waiting.mailbox for waiting in group})
    rows = f"SELECT {COLUMNS} FROM whisker_relay.mailbox WHERE id = ANY($1) ORDER BY id FOR UPDATE"
    boxes = {row["id"]: row for row in await connection.fetch(rows, ids)}
    fits = {
        waiting.mailbox for waiting in group if len(waiting.entry.body) + OVERHEAD <= waiting.quota
    }
    if missing := [mailbox for mailbox in ids if mailbox not in boxes and mailbox in fits]:
        await make(connection, missing, group[0].now)
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
    await notify(connection, changed)
