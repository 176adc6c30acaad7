"""
One link, carried: a task that receives, a task that sends, and a bounded outbox between.

The peer puts frames into the outbox and never waits. Its sessions hold back what would
not fit long before the outbox is full; if it still fills, the link is ended, and what
was lost with it comes with the next conversation.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from whisker_sync.errors import LinkClosed
from whisker_sync.transport.link import Link

MAX_OUTBOX_FRAMES = 1024
"""Frames waiting for one link."""

MAX_OUTBOX_BYTES = 80 << 20
"""Bytes waiting for one link: the largest message, in parts, and some more."""

TURN_SECONDS = 0.02
"""How long frames of one link are taken before the other links, and all else, get a turn."""

HANGUP_SECONDS = 1.0
"""How long what is in the outbox may take before a link is ended."""


class Carrier:
    """Carries frames of one link until it ends; ``ended`` then says why."""

    def __init__(
        self, link: Link, heard: Callable[[bytes], None], drained: Callable[[], None]
    ) -> None:
        self.link = link
        self._heard = heard
        self._drained = drained
        self._outbox: deque[bytes] = deque()
        self._size = 0
        self._filled = asyncio.Event()
        self._reason: str | None = None

    def send(self, frame: bytes) -> None:
        """Put a frame into the outbox."""
        if self._reason is not None:
            return
        self._outbox.append(frame)
        self._size += len(frame)
        self._filled.set()
        if len(self._outbox) > MAX_OUTBOX_FRAMES or self._size > MAX_OUTBOX_BYTES:
            self._outbox.clear()
            self.hang_up("the other side is too slow")

    def drop(self) -> None:
        """Forget what is in the outbox."""
        self._outbox.clear()
        self._size = 0

    def hang_up(self, reason: str) -> None:
        """End the link when the outbox is empty."""
        if self._reason is None:
            self._reason = reason
            self._filled.set()

    async def run(self) -> str:
        """Carry until the link ends; return why it did."""
        receiving = asyncio.ensure_future(self._receive())
        sending = asyncio.ensure_future(self._send())
        try:
            done, _ = await asyncio.wait({receiving, sending}, return_when=asyncio.FIRST_COMPLETED)
            return (sending if sending in done else receiving).result()
        finally:
            for task in (receiving, sending):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            self.link.abort()

    async def _receive(self) -> str:
        clock = asyncio.get_running_loop().time
        turn = clock() + TURN_SECONDS
        try:
            while True:
                self._heard(await self.link.receive())
                if clock() >= turn:
                    # Many frames may have come at once; taking them never waits by itself.
                    await asyncio.sleep(0)
                    turn = clock() + TURN_SECONDS
        except LinkClosed as closed:
            return closed.reason

    async def _send(self) -> str:
        try:
            while True:
                await self._filled.wait()
                self._filled.clear()
                if self._reason is not None:
                    return await self._finish(self._reason)
                while self._outbox and self._reason is None:
                    frame = self._outbox.popleft()
                    self._size -= len(frame)
                    await self.link.send(frame)
                if self._reason is not None:
                    return await self._finish(self._reason)
                self._drained()
        except LinkClosed as closed:
            return closed.reason

    async def _finish(self, reason: str) -> str:
        with suppress(TimeoutError, LinkClosed):
            async with asyncio.timeout(HANGUP_SECONDS):
                while self._outbox:
                    await self.link.send(self._outbox.popleft())
        await self.link.close(reason)
        return reason
