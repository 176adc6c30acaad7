"""Tests for :mod:`whisker_sync.transport.lan`, over loopback."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.transport.tap import Tap, flip, tap
from whisker_sync.errors import CannotConnect, LinkClosed, NoNetwork, PortInUse
from whisker_sync.ids import Address
from whisker_sync.transport import limits
from whisker_sync.transport.lan import LanLink, Listener, dial

HERE = "127.0.0.1"


@asynccontextmanager
async def pair() -> AsyncIterator[tuple[LanLink, LanLink]]:
    listener = await Listener.open(interface=HERE)
    try:
        async with asyncio.timeout(10):
            ours = await dial([Address(HERE, listener.port)])
            theirs = await listener.accept()
        yield ours, theirs
        ours.abort()
        theirs.abort()
    finally:
        await listener.close()


@asynccontextmanager
async def pair_through_tap() -> AsyncIterator[tuple[LanLink, LanLink, Tap]]:
    """Both ends of a link, proven, and the wire between them."""
    listener = await Listener.open(interface=HERE)
    async with tap(listener.port) as wire:
        ours = await dial([Address(HERE, wire.port)])
        theirs = await listener.accept()
        theirs.prove()
        yield ours, theirs, wire
        ours.abort()
        theirs.abort()
    await listener.close()


async def test_frames_arrive_whole_and_in_order() -> None:
    async with pair() as (ours, theirs):
        for i in range(100):
            await ours.send(b"%d" % i * (i + 1))
        for i in range(100):
            assert await theirs.receive() == b"%d" % i * (i + 1)
        await theirs.send(b"")
        assert await ours.receive() == b""


async def test_a_frame_may_have_a_mebibyte_and_no_more() -> None:
    async with pair() as (ours, theirs):
        await ours.send(b"x" * limits.MAX_FRAME)
        assert len(await theirs.receive()) == limits.MAX_FRAME
        await ours.send(b"x" * (limits.MAX_FRAME + 1))
        with pytest.raises(LinkClosed):
            await theirs.receive()


@pytest.mark.parametrize("from_us", [True, False])
async def test_a_frame_that_was_damaged_on_the_way_ends_the_link(from_us: bool) -> None:
    listener = await Listener.open(interface=HERE)
    async with tap(listener.port) as wire:
        ours = await dial([Address(HERE, wire.port)])
        theirs = await listener.accept()
        sender, receiver = (ours, theirs) if from_us else (theirs, ours)
        await sender.send(b"edit")
        assert await receiver.receive() == b"edit"
        wire.change = flip
        await sender.send(b"edit")
        async with asyncio.timeout(10):
            with pytest.raises(LinkClosed):
                await receiver.receive()
            with pytest.raises(LinkClosed):
                await sender.receive()
    await listener.close()


async def test_both_ends_of_a_link_have_the_same_binding_and_no_other_listener_has_it() -> None:
    bindings = set()
    for _ in range(2):
        async with pair() as (ours, theirs):
            assert ours.binding == theirs.binding
            assert ours.here == theirs.here == "127.0.0.1"
            bindings.add(ours.binding)
    assert len(bindings) == 2


async def test_nothing_of_a_frame_can_be_read_on_the_wire() -> None:
    listener = await Listener.open(interface=HERE)
    async with tap(listener.port) as wire:
        ours = await dial([Address(HERE, wire.port)])
        theirs = await listener.accept()
        await ours.send(b"the lighthouse keeper" * 10)
        await theirs.receive()
        assert b"lighthouse" not in wire.seen
        assert len(wire.seen) > 500
    await listener.close()


async def test_small_frames_do_not_wait_for_each_other() -> None:
    """Regression: with Nagle's algorithm on one side a proof took 40 ms longer."""
    async with pair() as ends:
        for end in ends:
            connection: socket.socket = end._connection.transport.get_extra_info("socket")
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_the_other_side_learns_why_a_link_ends() -> None:
    async with pair() as (ours, theirs):
        waiting = asyncio.ensure_future(theirs.receive())
        await ours.close("stopping, naïvely " + "é" * 200)
        with pytest.raises(LinkClosed, match="stopping, naïvely"):
            await waiting
        with pytest.raises(LinkClosed):
            await ours.send(b"x")
        with pytest.raises(LinkClosed):
            await ours.receive()


async def test_an_abort_is_noticed() -> None:
    async with pair() as (ours, theirs):
        waiting = asyncio.ensure_future(theirs.receive())
        ours.abort()
        with pytest.raises(LinkClosed):
            await waiting


async def test_who_takes_nothing_is_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SEND_SECONDS", 0.2)
    async with pair() as (ours, _):
        with pytest.raises(LinkClosed, match="takes nothing"):
            await _pour_into(ours)


async def _pour_into(link: LanLink) -> None:
    async with asyncio.timeout(10):
        while True:
            await link.send(b"x" * limits.MAX_FRAME)


async def test_so_many_frames_wait_to_be_read_and_no_more() -> None:
    async with pair() as (link, other):
        waiting = other._connection.recv_messages.frames
        sending = asyncio.ensure_future(send_much(link))
        async with asyncio.timeout(10):
            while len(waiting) <= limits.MAX_QUEUE:  # noqa: ASYNC110 - the network fills it
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)  # more is on its way; it must stay there
        assert len(waiting) == limits.MAX_QUEUE + 1  # the one at which it stopped reading
        assert not sending.done()
        for _ in range(MUCH):
            await other.receive()
        await sending


MUCH = 40
"""Mebibytes that do not fit into all the buffers on the way."""


async def send_much(link: LanLink) -> None:
    for _ in range(MUCH):
        await link.send(b"x" * limits.MAX_FRAME)


async def test_a_link_that_is_cut_without_a_word_is_noticed() -> None:
    """Packets are lost from here on, both ways, and nobody is told."""
    async with pair_through_tap() as (link, other, wire):
        await link.send(b"hello")
        assert await other.receive() == b"hello"
        wire.change = lambda _: b""
        began = asyncio.get_running_loop().time()
        for end in (link, other):
            with pytest.raises(LinkClosed):
                await end.receive()
        took = asyncio.get_running_loop().time() - began
        assert took < limits.PING_SECONDS + limits.PONG_SECONDS + limits.CLOSE_SECONDS + 1


async def test_an_end_does_not_wait_for_who_is_gone() -> None:
    async with pair_through_tap() as (link, _, wire):
        wire.change = lambda _: b""
        async with asyncio.timeout(limits.CLOSE_SECONDS + 1):
            await link.close("over")


async def test_the_first_address_that_answers_wins() -> None:
    listener = await Listener.open(interface=HERE)
    silent = socket.create_server((HERE, 0))
    dead = socket.create_server((HERE, 0))
    dead_port = dead.getsockname()[1]
    dead.close()
    ports = [silent.getsockname()[1], dead_port, listener.port]
    async with asyncio.timeout(2):
        link = await dial([Address(HERE, port) for port in ports])
    assert link.address.port == listener.port
    link.abort()
    silent.close()
    await listener.close()


async def test_when_nobody_answers_it_says_so() -> None:
    silent = socket.create_server((HERE, 0))
    address = Address(HERE, silent.getsockname()[1])
    with pytest.raises(CannotConnect, match="nobody answers"):
        await dial([address], seconds=0.2)
    silent.close()
    with pytest.raises(CannotConnect, match="cannot connect to 127"):
        await dial([address])
    with pytest.raises(CannotConnect):
        await dial([])


async def test_something_else_on_the_port_is_no_peer() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH\r\n")
        writer.close()

    server = await asyncio.start_server(greet, HERE, 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(CannotConnect, match="something else"):
        await dial([Address(HERE, port)])
    server.close()


@pytest.mark.parametrize(
    "garbage", [b"\x00" * 100, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01"]
)
async def test_garbage_on_our_port_harms_nobody(
    garbage: bytes, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    listener = await Listener.open(interface=HERE)
    reader, writer = await asyncio.open_connection(HERE, listener.port)
    writer.write(garbage)
    writer.write_eof()
    async with asyncio.timeout(10):
        await reader.read()
    writer.close()
    link = await dial([Address(HERE, listener.port)])
    link.abort()
    await listener.close()
    assert not caplog.records
    assert capfd.readouterr() == ("", "")


async def test_a_port_that_is_taken_is_an_error_of_its_own() -> None:
    listener = await Listener.open(interface=HERE)
    with pytest.raises(PortInUse, match=str(listener.port)):
        await Listener.open(listener.port, HERE)
    await listener.close()


async def test_an_address_that_we_do_not_have_is_an_error_of_its_own() -> None:
    with pytest.raises(NoNetwork, match=r"192\.0\.2\.1"):
        await Listener.open(interface="192.0.2.1")


async def test_without_an_interface_both_families_reach_one_port() -> None:
    listener = await Listener.open()
    link = await dial([Address(HERE, listener.port)])
    arrived = await listener.accept()
    assert arrived.address.host == HERE
    link.abort()
    if socket.has_dualstack_ipv6():
        link = await dial([Address("::1", listener.port)])
        link.abort()
    await listener.close()
