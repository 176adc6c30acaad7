"""
Whoever waits for a mailbox is woken, whatever worker appended something to it.

One connection listens. When it breaks, or its server stays silent, everybody who waits is woken
once it is there again: something may have been missed.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from whisker_sync.ids import MailboxId
from whisker_sync.relay.postgres.database import UNAVAILABLE, Database
from whisker_sync.relay.store import Listeners

LISTEN_SECONDS = 15.0
"""How often the connection that listens is asked whether it is still there."""

RETRY_SECONDS = 1.0
"""How long to wait before it is made anew."""

_CHANNEL = "whisker_relay"
_NAME = 64
"""Letters of a mailbox's name."""

_MAX_NAMES = 124
"""Mailboxes that one payload has room for; PostgreSQL allows 8,000 bytes."""


async def notify(connection: Any, mailboxes: list[MailboxId]) -> None:
    """Wake whoever waits for some mailboxes, when the transaction is committed."""
    for start in range(0, len(mailboxes), _MAX_NAMES):
        names = "".join(mailbox.hex() for mailbox in mailboxes[start : start + _MAX_NAMES])
        await connection.execute("SELECT pg_notify($1, $2)", _CHANNEL, names)


class Listening:
    """The connection that listens."""

    def __init__(self, database: Database, listeners: Listeners) -> None:
        self._database = database
        self._listeners = listeners

    async def run(self) -> None:
        """Listen, until cancelled."""
        while True:
            with suppress(*UNAVAILABLE):
                await self._listen_once()
            await asyncio.sleep(RETRY_SECONDS)

    async def _listen_once(self) -> None:
        connection = await self._database.connect()
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
        for cut in range(0, len(payload), _NAME):
            self._listeners.wake(MailboxId(bytes.fromhex(payload[cut : cut + _NAME])))
