"""What is malformed or too large at each stage: it ends there, and costs little."""

from __future__ import annotations

import asyncio
import zlib
from contextlib import suppress
from pathlib import Path

import pytest

from tests.node.test_node import HERE
from tests.transport.test_attacks import (
    SECONDS,
    Scene,
    attacked,
    bare,
    gone,
    hear,
    heard_until_the_end,
    say,
)
from whisker_sync.errors import LinkClosed
from whisker_sync.transport import limits, tls
from whisker_sync.transport.lan import SUBPROTOCOL, LanLink, dial
from whisker_sync.wire import limits as wire
from whisker_sync.wire.codec import canonical

UPGRADE = {
    "Host": tls.NAME,
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Protocol": SUBPROTOCOL,
}


def request(first: str = "GET / HTTP/1.1", **changes: str | None) -> bytes:
    """A request for a WebSocket, with headers changed, added or (None) left out."""
    headers = {**UPGRADE, **{name.replace("_", "-"): value for name, value in changes.items()}}
    lines = [first, *(f"{name}: {value}" for name, value in headers.items() if value is not None)]
    return "\r\n".join([*lines, "", ""]).encode()


BEFORE_TLS = {
    "a record of the largest size, of nothing": b"\x16\x03\x01\x40\x00" + bytes(1 << 14),
    "a record beyond the largest size": b"\x16\x03\x01\xff\xff" + bytes(1 << 16),
    "a hello that announces 16 MiB": b"\x16\x03\x01\x00\x04\x01\xff\xff\xff",
    "an alert": b"\x15\x03\x01\x00\x02\x02\x28",
    "data before any handshake": b"\x17\x03\x03\x00\x10" + bytes(16),
    "SSL 2": b"\x80\x2e\x01\x00\x02" + bytes(44),
    "a megabyte of plain text": b"GET / HTTP/1.1\r\n" * (1 << 16),
}


@pytest.mark.parametrize("said", BEFORE_TLS.values(), ids=BEFORE_TLS)
async def test_malformed_before_tls(tmp_path: Path, said: bytes) -> None:
    async with attacked(tmp_path) as scene:
        connection = await bare(scene.address)
        with suppress(ConnectionError):
            await asyncio.get_running_loop().sock_sendall(connection, said)
        await gone(connection)


IN_THE_UPGRADE = {
    "a line without end": b"GET /" + b"x" * (1 << 20),
    "a header without end": b"GET / HTTP/1.1\r\nx: " + b"x" * (1 << 20),
    "a thousand headers": request(**{f"x{i}": "y" for i in range(1000)}),
    "another method": request("POST / HTTP/1.1"),
    "an older HTTP": request("GET / HTTP/1.0"),
    "no key": request(Sec_WebSocket_Key=None),
    "a key that is too short": request(Sec_WebSocket_Key="YQ=="),
    "another version": request(Sec_WebSocket_Version="7"),
    "no upgrade": request(Upgrade=None),
    "no protocol of ours": request(Sec_WebSocket_Protocol=None),
    "another protocol": request(Sec_WebSocket_Protocol="chat"),
    "a body": request(Content_Length="5") + b"hello",
    "letters that are none": b"GET / HTTP/1.1\r\n\xff\xfe: \x00\r\n\r\n",
    "no HTTP at all": b"\x00" * 1000 + b"\r\n\r\n",
}


@pytest.mark.parametrize("said", IN_THE_UPGRADE.values(), ids=IN_THE_UPGRADE)
async def test_malformed_in_the_upgrade(tmp_path: Path, said: bytes) -> None:
    """Nothing of ours is said to whoever does not even ask properly."""
    async with attacked(tmp_path) as scene:
        reader, writer = await asyncio.open_connection(
            HERE, scene.node.port, ssl=tls.client(), server_hostname=tls.NAME
        )
        writer.write(said)
        heard = b""
        async with asyncio.timeout(limits.PROOF_SECONDS / 2):  # at once, not for lack of a proof
            with suppress(ConnectionError):
                heard = await reader.read()
        writer.close()
        assert not heard.startswith(b"HTTP/1.1 101")
        scene.assert_nothing_told(heard)


async def member(scene: Scene) -> LanLink:
    """A link on which Bob's key was proven; what is said next is what the attacker likes."""
    link = await dial([scene.address])
    handshake = scene.handshake(link, dialling=True, device=scene.bob.user.key)
    (proof,) = handshake.receive(await hear(link))
    await say(link, proof)
    (introduction,) = handshake.receive(await hear(link))
    await say(link, introduction)
    return link


def bomb() -> bytes:
    """Parts of a message that are small, and would be large."""
    squeezed = zlib.compress(bytes(wire.MAX_MESSAGE * 2), 9)[: wire.PART]
    return canonical([13, wire.MAX_MESSAGE, False, squeezed])


AFTER_PROOF = {
    "nothing": b"",
    "no CBOR": b"\xff" * 100,
    "a message that there is not": canonical([999]),
    "a greeting once more": canonical([0, 1, 1, b"n" * 32]),
    "news before any hello": canonical([5, 1, []]),
    "the largest frame, of nothing": bytes(wire.MAX_FRAME),
    "a frame that is too large": bytes(wire.MAX_FRAME + 1),
    "a million lists": b"\x81" * (1 << 20),
    "a text that announces much": b"\x82\x0c\x7b" + b"\xff" * 8,
    "a small message that says to be large": canonical([13, wire.MAX_MESSAGE, True, b"x"]),
    "a message that unpacks to more than it says": bomb(),
}


@pytest.mark.parametrize("said", AFTER_PROOF.values(), ids=AFTER_PROOF)
async def test_malformed_after_proof(tmp_path: Path, said: bytes) -> None:
    """A member who is broken, or hostile: hung up on, and the story stays as it is."""
    async with attacked(tmp_path) as scene:
        link = await member(scene)
        with suppress(LinkClosed):
            for _ in range(3):
                await link.send(said)
        await heard_until_the_end(link)
        assert (scene.alice.folder / "cave.twee").exists()


async def test_text_frames_are_no_frames_of_ours(tmp_path: Path) -> None:
    async with attacked(tmp_path) as scene:
        link = await member(scene)
        with suppress(LinkClosed):
            await link._connection.send("text, not bytes")
        async with asyncio.timeout(SECONDS):
            await heard_until_the_end(link)
