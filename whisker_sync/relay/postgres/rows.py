"""
What is done with the row of a mailbox, within a transaction of somebody's.

Whoever changes a mailbox locks its row first, and several in the order of their ids: so no two
workers ever wait for each other.
"""

from __future__ import annotations

from typing import Any

from whisker_sync.ids import MailboxId
from whisker_sync.relay.store import TOUCH_SECONDS
from whisker_sync.wire.relay import OVERHEAD

COLUMNS = "number, id, incarnation, first, head, held, snapshot, covers, named, used"

ROW = f"SELECT {COLUMNS} FROM whisker_relay.mailbox WHERE id = $1"


async def make(connection: Any, mailboxes: list[MailboxId], now: float) -> None:
    """Make mailboxes, where there are none."""
    await connection.execute(
        "INSERT INTO whisker_relay.mailbox (id, used) SELECT unnest($1::bytea[]), $2"
        " ON CONFLICT DO NOTHING",
        *(mailboxes, now),
    )


async def used(connection: Any, mailbox: MailboxId, now: float) -> Any:
    """The row of a mailbox, which is used just now; None: there is none."""
    box = await connection.fetchrow(ROW, mailbox)
    if box is not None:
        await touch(connection, box, now)
    return box


async def touch(connection: Any, box: Any, now: float) -> None:
    """Note that a mailbox is used, now and then."""
    if box["used"] < now - TOUCH_SECONDS:
        await connection.execute(
            "UPDATE whisker_relay.mailbox SET used = greatest(used, $2) WHERE number = $1",
            *(box["number"], now),
        )


async def cut(connection: Any, number: int, first: int, upto: int) -> tuple[int, int]:
    """Forget the entries of a mailbox up to a position; return how many, and which is first."""
    gone = max(upto - first + 1, 0)
    if not gone:
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
    return gone, upto + 1


async def drop_blobs(connection: Any, number: int, blobs: list[bytes]) -> None:
    """Forget blobs of a mailbox."""
    size = await connection.fetchval(
        "WITH gone AS (DELETE FROM whisker_relay.blob WHERE box = $1 AND id = ANY($2)"
        f" RETURNING octet_length(body) + {OVERHEAD} AS size)"
        " SELECT coalesce(sum(size), 0)::bigint FROM gone",
        *(number, blobs),
    )
    await connection.execute(
        "UPDATE whisker_relay.mailbox SET held = held - $2 WHERE number = $1", *(number, size)
    )


def count(tag: str) -> int:
    """How many rows a command says that it changed: ``DELETE 3``."""
    return int(tag.rpartition(" ")[2])
