"""Tests for :mod:`whisker_sync.transport.door`, over loopback."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import pytest_asyncio

from whisker_sync.errors import CannotConnect, LinkClosed
from whisker_sync.ids import Address
from whisker_sync.transport import limits
from whisker_sync.transport.lan import LanLink, Listener, dial

HERE = "127.0.0.1"

linux = pytest.mark.skipif(sys.platform != "linux", reason="one address of loopback only")


@pytest_asyncio.fixture
async def listener() -> AsyncIterator[Listener]:
    listener = await Listener.open(interface=HERE)
    yield listener
    await listener.close()


async def stranger(listener: Listener, host: str = HERE) -> socket.socket:
    """A connection that says nothing."""
    connection = socket.create_connection((HERE, listener.port), source_address=(host, 0))
    connection.setblocking(False)
    await asyncio.sleep(0)
    return connection


async def end_of(connection: socket.socket) -> None:
    """Wait until the other side ends it."""
    with suppress(ConnectionError):
        assert await asyncio.get_running_loop().sock_recv(connection, 1) == b""


async def is_let_in(connection: socket.socket) -> bool:
    """Whether it is not ended at once."""
    try:
        async with asyncio.timeout(0.1):
            await end_of(connection)
    except TimeoutError:
        return True
    return False


async def member(listener: Listener) -> LanLink:
    """A connection that has proven itself."""
    link = await dial([Address(HERE, listener.port)])
    (await listener.accept()).prove()
    return link


def close(connections: list[socket.socket]) -> None:
    for connection in connections:
        connection.close()


async def test_one_address_has_few_places_before_a_proof(listener: Listener) -> None:
    waiting = [await stranger(listener) for _ in range(limits.MAX_STRANGERS_EACH)]
    for each in waiting:
        assert await is_let_in(each)
    one_more = await stranger(listener)
    assert not await is_let_in(one_more)
    close([*waiting, one_more])


@linux
async def test_all_strangers_together_have_few_places(listener: Listener) -> None:
    hosts = [f"127.0.0.{2 + i // limits.MAX_STRANGERS_EACH}" for i in range(limits.MAX_STRANGERS)]
    waiting = [await stranger(listener, host) for host in hosts]
    assert await is_let_in(waiting[-1])
    one_more = await stranger(listener, "127.0.0.99")
    assert not await is_let_in(one_more)
    close([*waiting, one_more])


async def test_who_has_proven_itself_takes_no_place_of_strangers(listener: Listener) -> None:
    members = [await member(listener) for _ in range(limits.MAX_STRANGERS_EACH + 1)]
    waiting = [await stranger(listener) for _ in range(limits.MAX_STRANGERS_EACH)]
    for each in waiting:
        assert await is_let_in(each)
    with pytest.raises(CannotConnect):
        await dial([Address(HERE, listener.port)])
    await members[0].send(b"still here")
    close(waiting)
    for link in members:
        link.abort()


async def test_one_address_may_have_so_many_connections_and_no_more(listener: Listener) -> None:
    members = [await member(listener) for _ in range(limits.MAX_CONNECTIONS_EACH)]
    with pytest.raises(CannotConnect):
        await member(listener)
    for link in members:
        link.abort()


@linux
async def test_there_may_be_so_many_connections_and_no_more(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_CONNECTIONS", 3)
    members = [await member(listener) for _ in range(2)]
    third = await stranger(listener, "127.0.0.2")
    assert await is_let_in(third)
    fourth = await stranger(listener, "127.0.0.3")
    assert not await is_let_in(fourth)
    close([third, fourth])
    for link in members:
        link.abort()


async def test_who_leaves_makes_room(listener: Listener) -> None:
    for _ in range(3 * limits.MAX_STRANGERS_EACH):
        waiting = await stranger(listener)
        waiting.close()
    link = await dial([Address(HERE, listener.port)])
    link.abort()


async def test_who_proves_nothing_in_time_is_thrown_out_wherever_it_stands(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PROOF_SECONDS", 0.3)
    silent = await stranger(listener)
    link = await dial([Address(HERE, listener.port)])
    async with asyncio.timeout(5):
        assert await is_let_in(silent)
        await end_of(silent)
        with pytest.raises(LinkClosed):
            await link.receive()
    silent.close()


async def test_who_has_proven_itself_may_stay(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PROOF_SECONDS", 0.3)
    link = await member(listener)
    waiting = asyncio.ensure_future(link.receive())
    done, _ = await asyncio.wait({waiting}, timeout=0.6)
    assert not done
    link.abort()
    with pytest.raises(LinkClosed):
        await waiting


async def test_closing_does_not_wait_for_strangers(listener: Listener) -> None:
    silent = await stranger(listener)
    assert await is_let_in(silent)
    async with asyncio.timeout(1):
        await listener.close()
    silent.close()
