"""
The tables, and who makes them.

Claims lie in a table that is not logged: they survive a worker, and need not survive the server.
"""

from __future__ import annotations

from typing import Any

from whisker_sync.errors import JournalTooNew

FORMAT = 1
"""Layout of the tables; kept in a table of its own."""

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


async def make_tables(connection: Any) -> None:
    """
    Make the tables, if nobody did.

    Raises:
        JournalTooNew: A newer version made them.
    """
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        if await connection.fetchval("SELECT to_regclass('whisker_relay.format')") is None:
            await connection.execute(_TABLES)
            await connection.execute("INSERT INTO whisker_relay.format VALUES ($1)", FORMAT)
        version = await connection.fetchval("SELECT version FROM whisker_relay.format")
    if version > FORMAT:
        raise JournalTooNew("the relay's database", version)
