"""
A tap on a wire: passes TCP connections on to a port, and keeps or changes what it sees.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

HERE = "127.0.0.1"

Change = Callable[[bytes], bytes]


def leave(chunk: bytes) -> bytes:
    """Change nothing."""
    return chunk


def flip(chunk: bytes) -> bytes:
    """Turn one bit over."""
    return chunk[:-1] + bytes([chunk[-1] ^ 1])


class Tap:
    """See the module; ``change`` may be replaced while it runs."""

    def __init__(self, port: int) -> None:
        self.port = 0
        self.seen = bytearray()
        self.seen_from_dialling = bytearray()
        self.change: Change = leave
        self._to = port
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        back, there = await asyncio.open_connection(HERE, self._to)
        try:
            await asyncio.gather(
                self._pass(reader, there, self.seen_from_dialling),
                self._pass(back, writer, bytearray()),
            )
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            there.transport.abort()
            writer.transport.abort()
            self._tasks.discard(task)

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: bytearray
    ) -> None:
        while chunk := await reader.read(1 << 16):
            self.seen += chunk
            seen += chunk
            writer.write(self.change(chunk))
            await writer.drain()
        writer.close()

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks)


@asynccontextmanager
async def tap(port: int) -> AsyncIterator[Tap]:
    """A tap in front of a port of this machine."""
    tapped = Tap(port)
    server = await asyncio.start_server(tapped.serve, HERE, 0)
    tapped.port = server.sockets[0].getsockname()[1]
    try:
        yield tapped
    finally:
        server.close()
        await tapped.end()
