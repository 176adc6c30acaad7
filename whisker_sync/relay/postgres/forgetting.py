"""
What is old goes: mailboxes that nobody uses, entries, and blobs that no snapshot names.

It is done by and by, so that nobody waits long for a lock.
"""

from __future__ import annotations

from whisker_sync.relay.postgres.database import Database
from whisker_sync.relay.postgres.rows import count, cut, drop_blobs

FORGET_AT_ONCE = 1000
"""Things forgotten in one transaction."""


async def forget(database: Database, before: float) -> int:
    """Forget what is older; return how much that was."""
    gone = 0
    while more := await _forget_some(database, before):
        gone += more
    return gone


async def _forget_some(database: Database, before: float) -> int:
    async with database.transaction() as connection:
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
        gone = count(idle)
        for box in old:
            # Up to the first that is young: clocks may have gone back between two entries.
            young = await connection.fetchval(
                "SELECT min(position) FROM whisker_relay.entry WHERE box = $1 AND time >= $2",
                *(box["number"], before),
            )
            upto = box["head"] if young is None else young - 1
            gone += (await cut(connection, box["number"], box["first"], upto))[0]
    return gone + await _forget_blobs(database, before)


async def _forget_blobs(database: Database, before: float) -> int:
    async with database.transaction() as connection:
        boxes = await connection.fetch(
            "SELECT number FROM whisker_relay.mailbox WHERE number IN (SELECT box"
            " FROM whisker_relay.blob WHERE time < $1 AND NOT is_named LIMIT $2)"
            " ORDER BY id FOR UPDATE",
            *(before, FORGET_AT_ONCE),
        )
        gone = 0
        for box in boxes:
            blobs = await connection.fetch(
                "SELECT id FROM whisker_relay.blob WHERE box = $1 AND time < $2 AND NOT is_named",
                *(box["number"], before),
            )
            await drop_blobs(connection, box["number"], [row["id"] for row in blobs])
            gone += len(blobs)
    return gone
