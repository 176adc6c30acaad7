"""
A cable between daemons that delays, swallows, cuts and damages what passes through it.

It has an address of its own (another one of loopback, so this needs Linux), with a door
for each daemon under that daemon's own port. So whatever address one daemon learns of the
other, from its author or from the other itself, leads through the cable again.

What is wrong with the cable is a value, and may change at any time. Bytes that wait in it
go on when it is well again, as they would in a network that was stuck.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from benchmarks.reliability.desk import LOOPBACK

ADDRESS = "127.0.0.9"
"""Where the doors are."""

CHUNK = 16 << 10
"""Bytes that are taken at once, at most."""


@dataclass(frozen=True, slots=True)
class Well:
    """Nothing is wrong."""


@dataclass(frozen=True, slots=True)
class Late:
    """Everything arrives late; later things never sooner."""

    seconds: float
    """How late, at most."""


@dataclass(frozen=True, slots=True)
class Trickle:
    """Little passes at a time."""

    rate: int
    """Bytes in a second."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Each connection breaks, wherever in a frame that is."""

    after: int
    """Bytes that each connection may carry before, at most."""


@dataclass(frozen=True, slots=True)
class BlackHole:
    """Connections are accepted, and nothing passes."""


@dataclass(frozen=True, slots=True)
class OneWay:
    """Nothing passes to one of the daemons; the other way is free."""

    blocked: int
    """The number of the daemon that hears nothing."""


@dataclass(frozen=True, slots=True)
class Flip:
    """Bits are turned over."""

    odds: float
    """How likely it is for each chunk that one of its bits is."""


Fault = Well | Late | Trickle | Cut | BlackHole | OneWay | Flip


class Cable:
    """Doors to some daemons; see :meth:`open`."""

    def __init__(self, dice: Random) -> None:
        self.connections = 0
        """How many were made through it."""

        self.passed = 0
        """Bytes that came through."""

        self.flipped = 0
        """Bits that were turned over."""

        self._dice = dice
        self._fault: Fault = Well()
        self._changed = asyncio.Event()
        self._servers: list[asyncio.Server] = []
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, ports: Sequence[int]) -> None:
        """Open a door for each daemon, by the port where it listens."""
        for number, port in enumerate(ports):

            async def serve(
                reader: asyncio.StreamReader,
                writer: asyncio.StreamWriter,
                number: int = number,
                port: int = port,
            ) -> None:
                await self._carry(reader, writer, number, port)

            self._servers.append(await asyncio.start_server(serve, ADDRESS, port))

    async def close(self) -> None:
        """Close all doors and break what passes through them."""
        for server in self._servers:
            server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def become(self, fault: Fault) -> None:
        """Change what is wrong with it."""
        self._fault = fault
        self._changed.set()
        self._changed = asyncio.Event()

    def cut(self) -> None:
        """Break all connections, as if the cable were pulled."""
        for writer in self._writers:
            writer.transport.abort()

    async def _carry(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        number: int,
        port: int,
    ) -> None:
        """Be one connection to a daemon."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        self.connections += 1
        there: asyncio.StreamWriter | None = None
        try:
            back, there = await asyncio.open_connection(LOOPBACK, port, local_addr=(ADDRESS, 0))
            self._writers.add(there)
            await asyncio.gather(
                self._pump(reader, there, number), self._pump(back, writer, 1 - number)
            )
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for end in (writer, there):
                if end is not None:
                    self._writers.discard(end)
                    end.transport.abort()
            self._tasks.discard(task)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, towards: int
    ) -> None:
        """Carry bytes in one direction until they end; raises ConnectionError if it breaks."""
        left: int | None = None
        while chunk := await reader.read(CHUNK):
            while self._is_stuck(towards):
                await self._changed.wait()
            match self._fault:
                case Late(seconds):
                    await self._pause(seconds * self._dice.random())
                case Trickle(rate):
                    chunk = await self._trickle(chunk, writer, rate)
                case Cut(after):
                    left = self._dice.randrange(after) if left is None else left
                    if len(chunk) >= left:
                        writer.write(chunk[:left])
                        await writer.drain()
                        raise ConnectionResetError
                    left -= len(chunk)
                case Flip(odds) if self._dice.random() < odds:
                    chunk = self._flip(chunk)
                case _:
                    left = None
            writer.write(chunk)
            await writer.drain()
            self.passed += len(chunk)
        with suppress(OSError):
            writer.write_eof()

    def _is_stuck(self, towards: int) -> bool:
        match self._fault:
            case BlackHole():
                return True
            case OneWay(blocked):
                return towards == blocked
            case _:
                return False

    async def _trickle(self, chunk: bytes, writer: asyncio.StreamWriter, rate: int) -> bytes:
        """Let a little through at a time; return what is left when the fault has gone."""
        while chunk and self._fault == Trickle(rate):
            few = self._dice.randrange(1, 64)
            writer.write(chunk[:few])
            await writer.drain()
            chunk = chunk[few:]
            await self._pause(few / rate)
        return chunk

    async def _pause(self, seconds: float) -> None:
        """Wait, but not longer than the cable is as it is."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()

    def _flip(self, chunk: bytes) -> bytes:
        damaged = bytearray(chunk)
        damaged[self._dice.randrange(len(damaged))] ^= 1 << self._dice.randrange(8)
        self.flipped += 1
        return bytes(damaged)
