"""
Connections to the database, and what it means if one breaks.

All connections come from a pool. Whatever is wrong with one is :exc:`StoreUnavailable`, and the
next call tries again: a database that is not there yet, or not any more, costs no more than that.
The tables are made by whoever reaches it first.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import asyncpg

from whisker_sync.errors import StoreUnavailable
from whisker_sync.relay.postgres.tables import make_tables

CONNECTIONS = 8
"""Connections of one worker, besides the one that listens and the one that appends."""

CONNECT_SECONDS = 5.0
"""How long a connection may take to be made, or to become free."""

COMMAND_SECONDS = 20.0
"""How long the server may take to answer."""

UNAVAILABLE = (
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
    except UNAVAILABLE as problem:
        raise StoreUnavailable(str(problem) or type(problem).__name__) from problem


class Database:
    """The database at ``url``, to one worker."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool: Any = None
        self._preparing = asyncio.Lock()
        self._is_prepared = False

    async def begin(self) -> None:
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

    async def end(self) -> None:
        """Hang up."""
        try:
            await asyncio.wait_for(self._pool.close(), CONNECT_SECONDS)
        except UNAVAILABLE:
            self._pool.terminate()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """
        A connection of the pool.

        Raises:
            StoreUnavailable: There is none, or it broke.
        """
        with _guarded():
            await self._prepare()
            async with self._pool.acquire(timeout=CONNECT_SECONDS) as connection:
                yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        """A connection, and a transaction that it commits; see :meth:`connection`."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def connect(self) -> Any:
        """A connection besides the pool, for whoever listens; its answers have to come soon."""
        return await asyncpg.connect(
            self._url, timeout=CONNECT_SECONDS, command_timeout=CONNECT_SECONDS
        )

    async def _prepare(self) -> None:
        if self._is_prepared:
            return
        async with self._preparing:
            if self._is_prepared:
                return
            with _guarded():
                async with self._pool.acquire(timeout=CONNECT_SECONDS) as connection:
                    await make_tables(connection)
            self._is_prepared = True
