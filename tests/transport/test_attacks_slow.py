"""Attacks with patience, each by its name: whoever takes long must cost little, member or not."""

from __future__ import annotations

import asyncio
import base64
import random
import socket
import ssl
from contextlib import suppress
from pathlib import Path

import pytest

from tests.node.test_node import HERE, in_sync, until
from tests.transport.test_attacks import (
    SECONDS,
    attacked,
    bare,
    bob_gets_the_story,
    gone,
    hear,
    heard_until_the_end,
    linux,
    say,
)
from whisker_sync.node.node import Node
from whisker_sync.peer.events import PeerLeft
from whisker_sync.transport import limits, tls
from whisker_sync.transport.door import Door
from whisker_sync.transport.lan import LanLinks, dial
from whisker_sync.wire.codec import decode
from whisker_sync.wire.messages import Members

HELLO_BYTES = 700
"""Bytes of a TLS ClientHello, or more."""


def door_of(node: Node) -> Door:
    """Where strangers have to wait at a node."""
    links = node._network._links
    assert isinstance(links, LanLinks)
    assert links._listener is not None
    return links._listener._door


def client_hello() -> bytes:
    """The bytes with which an honest client would begin."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = tls.client().wrap_bio(incoming, outgoing, server_hostname=tls.NAME)
    with suppress(ssl.SSLWantReadError):
        client.do_handshake()
    hello = outgoing.read()
    assert len(hello) < HELLO_BYTES
    return hello


async def drip(connection: socket.socket, data: bytes) -> None:
    """Send byte by byte, so slowly that it takes longer than there is time."""
    pause = 2 * limits.PROOF_SECONDS / len(data)
    with suppress(OSError):
        for byte in data:
            await asyncio.get_running_loop().sock_sendall(connection, bytes([byte]))
            await asyncio.sleep(pause)


@linux
async def test_slowloris_from_many_addresses_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All places of strangers are taken by some who speak properly and never come to an end."""
    monkeypatch.setattr(limits, "PROOF_SECONDS", 1.0)
    hello = client_hello()
    async with attacked(tmp_path) as scene:
        hosts = [f"127.0.0.{i}" for i in range(10, 10 + limits.MAX_STRANGERS)]
        connections = [await bare(scene.address, host) for host in hosts]
        dripping = [asyncio.ensure_future(drip(each, hello)) for each in connections]
        door = door_of(scene.node)
        await until(lambda: len(door._strangers) == limits.MAX_STRANGERS, scene.node)
        await gone(await bare(scene.address, "127.0.0.9"))  # there is no place left, for a moment
        for each in connections:
            await gone(each)
        assert not door._strangers
        for task in dripping:
            task.cancel()
        monkeypatch.undo()


@linux
async def test_slowloris_does_not_part_who_is_connected(tmp_path: Path) -> None:
    async with attacked(tmp_path) as scene, scene.bob.online() as b:
        b.connect(scene.address, keep=False)
        await in_sync(scene.node, b)
        hosts = [f"127.0.0.{i}" for i in range(10, 10 + limits.MAX_STRANGERS)]
        connections = [await bare(scene.address, host) for host in hosts]
        (scene.bob.folder / "lake.twee").write_text(":: Lake\nDeep.\n")
        await until(lambda: "lake.twee" in scene.alice.files(), scene.node, b)
        for each in connections:
            each.close()


async def test_slow_reader_among_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Bob's machine takes no more packets, but its connection stays.

    Pings do not notice, because they wait behind what is sent.
    """
    monkeypatch.setattr(limits, "SEND_SECONDS", 0.5)
    monkeypatch.setattr(limits, "PING_SECONDS", 60.0)
    async with attacked(tmp_path) as scene:
        async with scene.bob.online() as b:
            b.connect(scene.address, keep=False)
            await in_sync(scene.node, b)
            events = scene.node.events()
            for carrier in b._network._carriers.values():
                transport = carrier.link._connection.transport  # type: ignore[attr-defined]
                transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_RCVBUF, 1
                )
                transport.pause_reading()
            for i in range(8):
                noise = base64.b64encode(random.Random(i).randbytes(750_000)).decode()
                (scene.alice.folder / f"noise-{i}.txt").write_text(noise)
            async with asyncio.timeout(2 * SECONDS):
                async for event in events:
                    if isinstance(event, PeerLeft):
                        assert event.reason == "the other side takes nothing any more"
                        break
            for carrier in b._network._carriers.values():
                carrier.link.abort()
        monkeypatch.undo()
        await bob_gets_the_story(scene)


async def test_stranger_who_reads_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tiny window, so that even our first packets do not fit."""
    monkeypatch.setattr(limits, "PROOF_SECONDS", 1.0)
    async with attacked(tmp_path) as scene:
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        connection.settimeout(SECONDS)
        connection.connect((HERE, scene.node.port))
        connection.sendall(client_hello())
        door = door_of(scene.node)
        await until(lambda: bool(door._strangers), scene.node)
        await until(lambda: not door._strangers, scene.node)
        connection.close()
        monkeypatch.undo()


async def test_silence_of_a_non_member_with_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mallory proves to know the key, and then waits for what Alice may say."""
    monkeypatch.setattr("whisker_sync.peer.greeting.PAPERS_SECONDS", 1.0)
    async with attacked(tmp_path) as scene:
        link = await dial([scene.address])
        handshake = scene.handshake(link, dialling=True)
        for _ in range(2):
            (answer,) = handshake.receive(await hear(link))
            await say(link, answer)
        heard = await heard_until_the_end(link)
        # That Alice is a member, which who knows the key may know; of the story, nothing.
        assert isinstance(decode(heard, scene.alice.user.key.device), Members)
        assert not [word for word in (b"cave", b"Cave", b"dark") if word in heard]
