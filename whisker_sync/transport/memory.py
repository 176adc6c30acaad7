"""
Links within one process: for tests, and for workspaces that live side by side in a program.

Whoever is dialled is found by a number at a switchboard. Nothing leaves the process.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Sequence
from itertools import count

from whisker_sync.errors import CannotConnect, LinkClosed
from whisker_sync.ids import Address

HOST = "memory"
"""The host of all addresses here; the port tells them apart."""

MAX_WAITING = 64
"""Frames that wait on a link to be received."""


class _Line:
    """One direction of a link."""

    def __init__(self) -> None:
        self.frames: deque[bytes] = deque()
        self.reason: str | None = None
        self._filled, self._room = asyncio.Event(), asyncio.Event()

    async def put(self, frame: bytes) -> None:
        while self.reason is None and len(self.frames) >= MAX_WAITING:
            self._room.clear()
            await self._room.wait()
        if self.reason is not None:
            raise LinkClosed(self.reason)
        self.frames.append(frame)
        self._filled.set()

    async def get(self) -> bytes:
        while not self.frames:
            if self.reason is not None:
                raise LinkClosed(self.reason)
            self._filled.clear()
            await self._filled.wait()
        self._room.set()
        return self.frames.popleft()

    def end(self, reason: str) -> None:
        self.reason = self.reason or reason
        self._filled.set()
        self._room.set()


class MemoryLink:
    """One end of a link; see :class:`whisker_sync.transport.link.Link`."""

    def __init__(self, address: Address, binding: bytes, out: _Line, into: _Line) -> None:
        self._address = address
        self._binding = binding
        self._out = out
        self._into = into

    @property
    def address(self) -> Address:
        """Where the other side is."""
        return self._address

    @property
    def binding(self) -> bytes:
        """Drawn anew for each link."""
        return self._binding

    def prove(self) -> None:
        """Nothing: nobody here is a stranger."""

    async def send(self, frame: bytes) -> None:
        """
        Send a frame; waits while too many are waiting there.

        Raises:
            LinkClosed: The link ended.
        """
        await asyncio.sleep(0)  # others have their turns, however much is sent
        await self._out.put(frame)

    async def receive(self) -> bytes:
        """
        The next frame; what was sent before the other side ended the link still comes.

        Raises:
            LinkClosed: The link ended.
        """
        return await self._into.get()

    async def close(self, reason: str) -> None:
        """End the link; the other side learns the reason behind what was sent before."""
        self._into.frames.clear()
        self._into.end(reason)
        self._out.end(reason)

    def abort(self) -> None:
        """End the link at once."""
        for line in (self._into, self._out):
            line.frames.clear()
            line.end("the other side is gone")


class MemoryLinks:
    """The links of one device; see :class:`whisker_sync.transport.link.Links`."""

    def __init__(self, number: int, listening: dict[int, asyncio.Queue[MemoryLink]]) -> None:
        self.address = Address(HOST, number)
        """Where others reach it, once it listens."""

        self._listening = listening
        self._arrived: asyncio.Queue[MemoryLink] = asyncio.Queue()
        self._accepted: list[MemoryLink] = []

    async def listen(self) -> int:
        """Be found from here on."""
        self._listening[self.address.port] = self._arrived
        return self.address.port

    async def accept(self) -> MemoryLink:
        """The next link that somebody else opened."""
        link = await self._arrived.get()
        self._accepted.append(link)
        return link

    async def dial(self, addresses: Sequence[Address]) -> MemoryLink:
        """
        Open a link to the first of the addresses where somebody listens.

        Raises:
            CannotConnect: Nobody does.
        """
        for address in addresses:
            arrived = self._listening.get(address.port) if address.host == HOST else None
            if arrived is not None:
                binding, out, back = secrets.token_bytes(32), _Line(), _Line()
                arrived.put_nowait(MemoryLink(self.address, binding, back, out))
                return MemoryLink(address, binding, out, back)
        raise CannotConnect(", ".join(map(str, addresses)), "nobody listens there")

    def stop(self) -> None:
        """Be found no more."""
        self._listening.pop(self.address.port, None)

    async def close(self) -> None:
        """Be found no more, and end all links that came in here."""
        self.stop()
        while not self._arrived.empty():
            self._accepted.append(self._arrived.get_nowait())
        for link in self._accepted:
            link.abort()


class Switchboard:
    """Where the links of one process meet."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._listening: dict[int, asyncio.Queue[MemoryLink]] = {}

    def links(self) -> MemoryLinks:
        """The links of one more device."""
        return MemoryLinks(next(self._numbers), self._listening)
