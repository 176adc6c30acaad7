"""Tests for :mod:`whisker_sync.node.carriers`."""

from __future__ import annotations

import asyncio

from whisker_sync.errors import LinkClosed
from whisker_sync.ids import Address
from whisker_sync.node.carriers import Carrier


class Slow:
    """A link that takes one frame, and the next only when it is told to."""

    def __init__(self) -> None:
        self.address = Address("192.0.2.1", 1)
        self.binding = bytes(32)
        self.sent: list[bytes] = []
        self.free = asyncio.Event()
        self.over = asyncio.Event()

    def prove(self) -> None:
        pass

    async def send(self, frame: bytes) -> None:
        self.sent.append(frame)
        await self.free.wait()

    async def receive(self) -> bytes:
        await self.over.wait()
        raise LinkClosed("over")

    async def close(self, reason: str) -> None:
        self.over.set()

    def abort(self) -> None:
        self.over.set()


async def test_what_is_dropped_does_not_leave_and_what_comes_after_it_does() -> None:
    link = Slow()
    carrier = Carrier(link, heard=lambda _: None, drained=lambda: None)
    running = asyncio.ensure_future(carrier.run())
    for frame in (b"under way", b"secret", b"another"):
        carrier.send(frame)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert link.sent == [b"under way"]
    carrier.drop()
    carrier.send(b"notice")
    carrier.hang_up("no member any more")
    link.free.set()
    assert await running == "no member any more"
    assert link.sent == [b"under way", b"notice"]
