"""Tests for :mod:`whisker_sync.node.carriers`, most of them with links over loopback."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from whisker_sync.errors import LinkClosed
from whisker_sync.ids import Address
from whisker_sync.node.carriers import (
    MAX_OUTBOX_BYTES,
    MAX_OUTBOX_FRAMES,
    TURN_SECONDS,
    Carrier,
)
from whisker_sync.transport.lan import LanLink, Listener, dial

HERE = "127.0.0.1"
SECONDS = 20


@asynccontextmanager
async def pair() -> AsyncIterator[tuple[LanLink, LanLink]]:
    """Both ends of a link."""
    listener = await Listener.open(interface=HERE)
    dialled = await dial([Address(HERE, listener.port)])
    accepted = await listener.accept()
    accepted.prove()
    yield dialled, accepted
    dialled.abort()
    await listener.close()


def nothing(*_: object) -> None:
    """Do nothing."""


async def test_so_many_frames_wait_and_no_more() -> None:
    async with pair() as (link, _):
        carrier = Carrier(link, nothing, nothing)
        for _ in range(MAX_OUTBOX_FRAMES):
            carrier.send(b"x")
        assert carrier._reason is None
        carrier.send(b"x")
        async with asyncio.timeout(SECONDS):
            assert await carrier.run() == "the other side is too slow"


async def test_so_many_bytes_wait_and_no_more() -> None:
    async with pair() as (link, _):
        carrier, half = Carrier(link, nothing, nothing), b"x" * (MAX_OUTBOX_BYTES // 2)
        carrier.send(half)
        carrier.send(half)
        assert carrier._reason is None
        carrier.send(b"x")
        async with asyncio.timeout(SECONDS):
            assert await carrier.run() == "the other side is too slow"


async def test_who_sends_much_leaves_turns_to_others() -> None:
    """Frames that came together are taken a few at a time."""
    frames, slow = 400, 0.001
    async with pair() as (link, other):
        for _ in range(frames):
            await link.send(b"x")
        heard, since, most = 0, 0, 0
        done = asyncio.Event()

        def hear(_: bytes) -> None:
            nonlocal heard, since, most
            until = time.monotonic() + slow
            while time.monotonic() < until:
                pass
            heard, since = heard + 1, since + 1
            most = max(most, since)
            if heard == frames:
                done.set()

        async def take_turns() -> None:
            nonlocal since
            while True:
                since = 0
                await asyncio.sleep(0)

        others = asyncio.ensure_future(take_turns())
        carrying = asyncio.ensure_future(Carrier(other, hear, nothing).run())
        async with asyncio.timeout(SECONDS):
            await done.wait()
        others.cancel()
        link.abort()
        await carrying
        assert 1 < most <= TURN_SECONDS / slow + 1


async def test_a_side_that_reads_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whisker_sync.transport.limits.SEND_SECONDS", 0.5)
    async with pair() as (link, other):
        carrier = Carrier(link, nothing, nothing)
        other._connection.transport.pause_reading()
        for _ in range(20):
            carrier.send(b"x" * (1 << 20))
        async with asyncio.timeout(SECONDS):
            assert await carrier.run() == "the other side takes nothing any more"


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
