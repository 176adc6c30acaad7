"""
Attacks on connections, each by its name: real sockets, and real nodes to be attacked.

After each attack the node that was attacked still works: see :func:`attacked`.
"""

from __future__ import annotations

import asyncio
import base64
import random
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from tests.node.test_node import CAVE, HERE, Author, in_sync, until
from tests.transport.tap import Tap, flip, tap
from whisker_sync.errors import CannotConnect, LinkClosed
from whisker_sync.identity.keyring import key_ring
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.ids import Address, DeviceId
from whisker_sync.node.node import Node
from whisker_sync.node.settings import load_papers
from whisker_sync.peer.events import Event, Trouble
from whisker_sync.sync.handshake import Handshake
from whisker_sync.transport import limits, tls
from whisker_sync.transport.lan import SUBPROTOCOL, LanLink, Listener, dial
from whisker_sync.wire.codec import decode_greeting, encode
from whisker_sync.wire.limits import MACS, MAX_STRANGER_FRAME
from whisker_sync.wire.messages import (
    Challenge,
    Greeting,
    Introduction,
    Proof,
    Standing,
    Welcome,
)

ELSEWHERE = "127.0.0.2"
MALLORY = DeviceKey(b"m" * 32)
STRANGE = Standing(b"d" * 32, ())
NO_MACS = (b"m" * 32,) * MACS
SECONDS = 10

linux = pytest.mark.skipif(sys.platform != "linux", reason="one address of loopback only")


class Scene:
    """Alice, who is attacked, and Bob, whom she invited."""

    def __init__(self, alice: Author, bob: Author, node: Node) -> None:
        self.alice = alice
        self.bob = bob
        self.node = node
        papers = load_papers(alice.layout)
        (self.key,) = key_ring(papers, alice.user.key).keys
        self.workspace = papers.workspace

    @property
    def address(self) -> Address:
        """Where Alice listens."""
        return Address(HERE, self.node.port)

    def handshake(
        self,
        link: LanLink,
        *,
        dialling: bool,
        device: DeviceKey = MALLORY,
        key: bytes | None = None,
    ) -> Handshake:
        """A handshake as an attacker leads it who knows the key, or has another one."""
        return Handshake(
            device,
            self.workspace,
            (key or self.key,),
            STRANGE,
            link.binding,
            random.randbytes(32),
            dialling=dialling,
        )

    def secrets(self) -> dict[str, bytes]:
        """What a stranger must never see."""
        keys = {"alice": self.alice.user.key, "bob": self.bob.user.key}
        return {
            "workspace": self.workspace,
            "key": self.key,
            **{f"{name}'s device": key.device for name, key in keys.items()},
            **{f"{name}'s public key": key.public for name, key in keys.items()},
        }

    def assert_nothing_told(self, heard: bytes) -> None:
        """A stranger heard nothing that they must not know."""
        assert [name for name, secret in self.secrets().items() if secret in heard] == []

    def troubles(self) -> list[str]:
        """What Alice is told from here on that should worry her; grows by itself."""
        told: list[str] = []
        tell = self.node._tell

        def listen(event: Event) -> None:
            if isinstance(event, Trouble):
                told.append(event.sentence)
            tell(event)

        self.node._tell = listen  # type: ignore[method-assign]
        return told

    def devices_met(self) -> set[DeviceId]:
        """The devices that Alice ever had a conversation with."""
        return {peer.device for peer in self.node.status.peers}


@asynccontextmanager
async def attacked(tmp_path: Path) -> AsyncIterator[Scene]:
    """Alice's node; after the attack she has met nobody, and Bob can sync with her."""
    alice, bob = Author.pair(tmp_path)
    (alice.folder / "cave.twee").write_text(CAVE)
    async with alice.online() as node:
        scene = Scene(alice, bob, node)
        yield scene
        assert scene.devices_met() <= {bob.user.key.device}
        await bob_gets_the_story(scene)


async def bob_gets_the_story(scene: Scene) -> None:
    """See that Alice still serves those whom she invited."""
    async with scene.bob.online() as b:
        b.connect(scene.address)
        await until(lambda: "cave.twee" in scene.bob.files(), scene.node, b)


async def hear(link: LanLink) -> Greeting:
    """The next greeting on a link."""
    async with asyncio.timeout(SECONDS):
        return decode_greeting(await link.receive())


async def say(link: LanLink, greeting: Greeting) -> None:
    """Send a greeting."""
    for frame in encode(greeting, MALLORY.device):
        await link.send(frame)


async def heard_until_the_end(link: LanLink) -> bytes:
    """All that still comes on a link, until the other side ends it."""
    heard = bytearray()
    async with asyncio.timeout(SECONDS):
        with suppress(LinkClosed):
            while True:
                heard += await link.receive()
    return bytes(heard)


async def gone(connection: socket.socket) -> None:
    """Wait until the other side ends a bare connection, whatever it says before."""
    async with asyncio.timeout(SECONDS):
        with suppress(ConnectionError):
            while await asyncio.get_running_loop().sock_recv(connection, 1 << 16):
                pass
    connection.close()


async def bare(address: Address, host: str = HERE) -> socket.socket:
    """A bare TCP connection, from an address of loopback."""
    connection = socket.create_connection(
        (address.host, address.port), source_address=(host, 0), timeout=SECONDS
    )
    connection.setblocking(False)
    return connection


@asynccontextmanager
async def trap(scene: Scene) -> AsyncIterator[tuple[Listener, LanLink]]:
    """A port of the attacker's, and the link of Alice, who was led to dial it."""
    listener = await Listener.open(interface=HERE)
    scene.node.connect(Address(HERE, listener.port), keep=False)
    async with asyncio.timeout(SECONDS):
        link = await listener.accept()
    yield listener, link
    await listener.close()


# Strangers.


async def test_stranger_who_dials(tmp_path: Path) -> None:
    async with attacked(tmp_path) as scene:
        link = await dial([scene.address])
        handshake = scene.handshake(link, dialling=True, key=b"x" * 32)
        challenge = await hear(link)
        for answer in handshake.receive(challenge):
            await say(link, answer)
        assert await heard_until_the_end(link) == b""
        scene.assert_nothing_told(encode(challenge, MALLORY.device)[0])


async def test_stranger_who_is_dialled(tmp_path: Path) -> None:
    async with attacked(tmp_path) as scene, trap(scene) as (_, link):
        await say(link, Challenge(1, 1, b"n" * 32))
        proof = await hear(link)
        assert isinstance(proof, Proof)
        await say(link, Welcome(b"m" * 32, MALLORY.public, b"s" * 64, STRANGE))
        assert await heard_until_the_end(link) == b""
        scene.assert_nothing_told(encode(proof, MALLORY.device)[0])


async def test_stranger_is_told_no_reason(tmp_path: Path) -> None:
    async with attacked(tmp_path) as scene:
        link = await dial([scene.address])
        await hear(link)
        await link.send(b"garbage")
        with pytest.raises(LinkClosed, match=r"hung up$"):
            await link.receive()


# Somebody in between.


async def relay(one: LanLink, other: LanLink, heard: list[Greeting]) -> None:
    """Pass on what one side says to the other."""
    with suppress(LinkClosed):
        while True:
            frame = await one.receive()
            heard.append(decode_greeting(frame))
            await other.send(frame)
    other.abort()


async def test_man_in_the_middle_who_terminates_tls(tmp_path: Path) -> None:
    """He decrypts and encrypts anew, with a certificate of his own."""
    heard: list[Greeting] = []
    async with attacked(tmp_path) as scene:
        listener = await Listener.open(interface=HERE)
        async with scene.bob.online() as b:
            b.connect(Address(HERE, listener.port), keep=False)
            async with asyncio.timeout(SECONDS):
                to_bob = await listener.accept()
                to_alice = await dial([scene.address])
                await asyncio.gather(relay(to_alice, to_bob, heard), relay(to_bob, to_alice, heard))
            assert [type(greeting) for greeting in heard] == [Challenge, Proof]
            assert not b.status.peers
            assert not scene.devices_met()
        await listener.close()


async def test_man_in_the_middle_who_only_forwards_learns_nothing(tmp_path: Path) -> None:
    """See also the capture below; here, that he is no obstacle either."""
    async with attacked(tmp_path) as scene, tap(scene.node.port) as wire:
        async with scene.bob.online() as b:
            b.connect(Address(HERE, wire.port), keep=False)
            await in_sync(scene.node, b)
        scene.assert_nothing_told(bytes(wire.seen))


async def test_man_in_the_middle_who_changes_one_bit(tmp_path: Path) -> None:
    async with attacked(tmp_path) as scene, tap(scene.node.port) as wire:
        link = await dial([Address(HERE, wire.port)])
        (proof,) = scene.handshake(link, dialling=True).receive(await hear(link))
        wire.change = flip
        await say(link, proof)
        assert await heard_until_the_end(link) == b""


# Replays and reflections.


async def test_replayed_greeting(tmp_path: Path) -> None:
    """Mallory keeps what Bob proved to them, and shows it to Alice."""
    async with attacked(tmp_path) as scene:
        listener = await Listener.open(interface=HERE)
        async with scene.bob.online() as b:
            b.connect(Address(HERE, listener.port), keep=False)
            async with asyncio.timeout(SECONDS):
                to_bob = await listener.accept()
            await say(to_bob, Challenge(1, 1, b"n" * 32))
            proof = await hear(to_bob)
            to_bob.abort()
        link = await dial([scene.address])
        await hear(link)
        await say(link, proof)
        assert await heard_until_the_end(link) == b""
        await listener.close()


async def test_replayed_bytes(tmp_path: Path) -> None:
    """Mallory keeps all bytes that Bob sent through a wire, and sends them again."""
    async with attacked(tmp_path) as scene, tap(scene.node.port) as wire:
        async with scene.bob.online() as b:
            b.connect(Address(HERE, wire.port), keep=False)
            await in_sync(scene.node, b)
        connection = await bare(scene.address)
        await asyncio.get_running_loop().sock_sendall(connection, bytes(wire.seen_from_dialling))
        await gone(connection)


async def test_reflected_greeting(tmp_path: Path) -> None:
    """Alice dials Mallory, who sends her own proof back as theirs."""
    async with attacked(tmp_path) as scene, trap(scene) as (_, link):
        await say(link, Challenge(1, 1, b"n" * 32))
        proof = await hear(link)
        assert isinstance(proof, Proof)
        await say(link, Welcome(proof.macs[0], scene.alice.user.key.public, b"s" * 64, STRANGE))
        assert await heard_until_the_end(link) == b""


async def test_reflected_connection(tmp_path: Path) -> None:
    """Alice dials Mallory, who connects her with herself."""
    heard: list[Greeting] = []
    async with attacked(tmp_path) as scene, trap(scene) as (_, link):
        back = await dial([scene.address])
        async with asyncio.timeout(SECONDS):
            await asyncio.gather(relay(back, link, heard), relay(link, back, heard))
        assert [type(greeting) for greeting in heard] == [Challenge, Proof]


# Older and weaker.


async def test_downgrade_offer(tmp_path: Path) -> None:
    """Mallory offers a version that nobody should speak any more."""
    async with attacked(tmp_path) as scene, trap(scene) as (_, link):
        await say(link, Challenge(0, 0, b"n" * 32))
        assert await heard_until_the_end(link) == b""


async def test_downgrade_answer(tmp_path: Path) -> None:
    async with attacked(tmp_path) as scene:
        link = await dial([scene.address])
        await hear(link)
        await say(link, Proof(0, b"n" * 32, NO_MACS))
        assert await heard_until_the_end(link) == b""


async def test_downgrade_of_tls(tmp_path: Path) -> None:
    context = credulous([tls.ALPN])
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with attacked(tmp_path) as scene:
        with pytest.raises(OSError):  # noqa: PT011 - an alert, or the end of it
            await asyncio.open_connection(HERE, scene.node.port, ssl=context)


@pytest.mark.parametrize("protocols", [[], ["h2", "http/1.1"], ["whisker/0"]])
async def test_another_protocol_within_tls(tmp_path: Path, protocols: list[str]) -> None:
    async with attacked(tmp_path) as scene:
        reader, writer = await asyncio.open_connection(
            HERE, scene.node.port, ssl=credulous(protocols)
        )
        async with asyncio.timeout(limits.PROOF_SECONDS / 2):  # at once, not for lack of a proof
            with suppress(ConnectionError):
                assert await reader.read() == b""
        writer.close()


def credulous(protocols: list[str]) -> ssl.SSLContext:
    """What a client has who believes every certificate, and offers these protocols."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if protocols:
        context.set_alpn_protocols(protocols)
    return context


async def test_plaintext_client(tmp_path: Path) -> None:
    async with attacked(tmp_path) as scene:
        connection = await bare(scene.address)
        request = b"GET / HTTP/1.1\r\nHost: w.invalid\r\nUpgrade: websocket\r\n\r\n"
        await asyncio.get_running_loop().sock_sendall(connection, request)
        await gone(connection)


async def test_plaintext_server(tmp_path: Path) -> None:
    """Who is dialled and speaks no TLS hears nothing that means anything."""
    heard = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read(1 << 16))
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        writer.close()

    async with attacked(tmp_path) as scene:
        server = await asyncio.start_server(serve, HERE, 0)
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(CannotConnect, match="something else"):
            await dial([Address(HERE, port)])
        heard.clear()
        scene.node.connect(Address(HERE, port), keep=False)
        await until(lambda: bool(heard), scene.node)
        scene.assert_nothing_told(bytes(heard))
        server.close()


async def test_redirecting_server(tmp_path: Path) -> None:
    """Nobody sends us elsewhere, and none of the ways to try ends the node."""
    dialled = 0
    context, _ = tls.server()
    where = ["https://192.0.2.1/", "ftp://x/", "http://[", "//w.invalid:1/", "\x01", "/again"]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal dialled
        await reader.readuntil(b"\r\n\r\n")
        location = where[dialled % len(where)]
        dialled += 1
        writer.write(f"HTTP/1.1 302 Found\r\nLocation: {location}\r\n\r\n".encode())
        writer.close()

    async with attacked(tmp_path) as scene:
        server = await asyncio.start_server(serve, HERE, 0, ssl=context)
        address = Address(HERE, server.sockets[0].getsockname()[1])
        for _ in where[:-1]:
            with pytest.raises(CannotConnect, match="something else"):
                await dial([address])
        scene.node.connect(address, keep=False)
        await until(lambda: dialled >= len(where), scene.node)
        server.close()


# Noise.


@pytest.mark.parametrize("size", [1, 100, 100_000])
async def test_garbage_bytes(tmp_path: Path, size: int) -> None:
    async with attacked(tmp_path) as scene:
        connection = await bare(scene.address)
        with suppress(ConnectionError):
            noise = random.Random(size).randbytes(size)
            await asyncio.get_running_loop().sock_sendall(connection, noise)
            connection.shutdown(socket.SHUT_WR)
        await gone(connection)


async def test_garbage_within_tls(tmp_path: Path) -> None:
    async with attacked(tmp_path) as scene:
        reader, writer = await asyncio.open_connection(
            HERE, scene.node.port, ssl=tls.client(), server_hostname=tls.NAME
        )
        writer.write(random.Random(1).randbytes(1000) + b"\r\n\r\n")
        async with asyncio.timeout(SECONDS):
            with suppress(ConnectionError):
                await reader.read()
        writer.close()


@pytest.mark.parametrize("frame", [b"", b"\x00", b"\x80", b"\x9f" * 100, b"\x82\x0c\x61\x78"])
async def test_garbage_for_a_greeting(tmp_path: Path, frame: bytes) -> None:
    async with attacked(tmp_path) as scene:
        link = await dial([scene.address])
        await hear(link)
        await link.send(frame)
        assert await heard_until_the_end(link) == b""


@pytest.mark.parametrize("size", [MAX_STRANGER_FRAME + 1, limits.MAX_FRAME, limits.MAX_FRAME + 1])
async def test_oversized_frame_before_proof(tmp_path: Path, size: int) -> None:
    async with attacked(tmp_path) as scene:
        link = await dial([scene.address])
        await hear(link)
        with suppress(LinkClosed):
            await link.send(b"\x00" * size)
        assert await heard_until_the_end(link) == b""


# Too many, and too slow.


@linux
async def test_slowloris(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections that stop at each stage before the proof; others are served meanwhile."""
    monkeypatch.setattr(limits, "PROOF_SECONDS", 2.0)
    loop = asyncio.get_running_loop()
    async with attacked(tmp_path) as scene:
        deadline = loop.time() + 4.5  # a peer that waits for a proof by itself would wait longer
        silent = await bare(scene.address, ELSEWHERE)
        slow = await bare(scene.address, ELSEWHERE)
        await loop.sock_sendall(slow, b"\x16\x03\x01")  # the beginning of a TLS record
        _, half = await asyncio.open_connection(
            HERE,
            scene.node.port,
            ssl=tls.client(),
            server_hostname=tls.NAME,
            local_addr=(ELSEWHERE, 0),
        )
        half.write(b"GET / HTTP/1.1\r\n")
        unproven = await connect(
            "wss://w.invalid/",
            host=HERE,
            port=scene.node.port,
            ssl=tls.client(),
            proxy=None,
            subprotocols=[SUBPROTOCOL],
            local_addr=(ELSEWHERE, 0),
        )
        await bob_gets_the_story(scene)
        assert unproven.close_code is None  # all this was faster than the deadline
        await gone(silent)
        await gone(slow)
        async with asyncio.timeout_at(deadline):
            with suppress(ConnectionError):
                await half.wait_closed()
            await unproven.wait_closed()
        half.close()


async def trickle(connection: socket.socket) -> None:
    """Send the bytes of a TLS record one by one, for ever."""
    with suppress(ConnectionError):
        for byte in b"\x16\x03\x01\x40\x00" + b"\x00" * 10_000:
            await asyncio.get_running_loop().sock_sendall(connection, bytes([byte]))
            await asyncio.sleep(0.02)


async def test_slowloris_who_never_stops_sending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PROOF_SECONDS", 0.5)
    async with attacked(tmp_path) as scene:
        connection = await bare(scene.address)
        trickling = asyncio.ensure_future(trickle(connection))
        await gone(connection)
        trickling.cancel()
        monkeypatch.undo()


@linux
async def test_too_many_connections_of_one_address(tmp_path: Path) -> None:
    async with attacked(tmp_path) as scene:
        waiting = [await bare(scene.address, ELSEWHERE) for _ in range(limits.MAX_STRANGERS_EACH)]
        await gone(await bare(scene.address, ELSEWHERE))
        await bob_gets_the_story(scene)
        for connection in waiting:
            connection.close()


# Members who are not whom they say.


async def test_non_member_with_the_key_who_signs_with_a_wrong_key(tmp_path: Path) -> None:
    """Mallory got hold of the key, and says that they are Bob."""
    async with attacked(tmp_path) as scene:
        troubles = scene.troubles()
        link = await dial([scene.address])
        handshake = scene.handshake(link, dialling=True)
        (proof,) = handshake.receive(await hear(link))
        await say(link, proof)
        (introduction,) = handshake.receive(await hear(link))
        assert isinstance(introduction, Introduction)
        await say(link, replace(introduction, public=scene.bob.user.key.public))
        assert await heard_until_the_end(link) == b""
        assert not scene.devices_met()
        assert ["which device" in sentence for sentence in troubles] == [True]


async def test_non_member_with_the_key_who_is_dialled(tmp_path: Path) -> None:
    async with attacked(tmp_path) as scene, trap(scene) as (_, link):
        handshake = scene.handshake(link, dialling=False)
        await say(link, handshake.begin()[0])
        (welcome,) = handshake.receive(await hear(link))
        assert isinstance(welcome, Welcome)
        await say(link, replace(welcome, public=scene.bob.user.key.public))
        assert await heard_until_the_end(link) == b""
        assert not scene.devices_met()


# What passes by.


def spellings(marker: str | bytes) -> set[bytes]:
    """How something might stand on a wire."""
    raw = marker.encode() if isinstance(marker, str) else marker
    assert len(raw) >= 5  # shorter ones are there by chance
    whole = raw[: len(raw) // 3 * 3], raw[: len(raw) // 5 * 5]
    found = {raw, raw.hex().encode(), base64.b64encode(whole[0]), base64.b32encode(whole[1])}
    if isinstance(marker, str):
        found |= {marker.encode("utf-16-le"), marker.encode("utf-16-be")}
    return found


async def exchange_of_a_session(tmp_path: Path) -> tuple[Tap, Scene]:
    """All that passes while two nodes meet, exchange files both ways, edit and part."""
    alice, bob = Author.pair(tmp_path)
    for author in (alice, bob):
        (author.home / "settings.toml").write_text(f'device = "laptop-of-{author.name}-marker"\n')
        author.user = replace(
            author.user,
            person=f"person-{author.name}",
            device=f"laptop-of-{author.name}-marker",
        )
    (alice.folder / "secret-lighthouse.twee").write_text(":: Lantern room\nThe keeper is gone.\n")
    (bob.folder / "secret-harbour.twee").write_text(":: Harbour wall\nNobody waits.\n")
    (alice.folder / "hidden-picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"marker-pixels" * 99)
    async with alice.online() as a, tap(a.port) as wire, bob.online() as b:
        b.connect(Address(HERE, wire.port), keep=False)
        await in_sync(a, b)
        await until(lambda: len(alice.files()) == len(bob.files()) == 3, a, b)
        (bob.folder / "secret-lighthouse.twee").write_text(":: Lantern room\nShe came back.\n")
        await until(lambda: b"came back" in alice.files()["secret-lighthouse.twee"], a, b)
        return wire, Scene(alice, bob, a)


async def test_capture_of_a_session_shows_nothing(tmp_path: Path) -> None:
    wire, scene = await exchange_of_a_session(tmp_path)
    markers: list[str | bytes] = [
        *scene.secrets().values(),
        *("secret-lighthouse", "secret-harbour", "hidden-picture"),
        *("Lantern room", "The keeper", "Harbour wall", "Nobody waits", "came back"),
        *("marker-pixels", "laptop-of-alice", "laptop-of-bob", "person-alice", "person-bob"),
        *("The Cave", "whisker-sync", "passage", ".twee", "story"),
    ]
    seen = bytes(wire.seen)
    assert len(seen) > 3000
    assert [marker for marker in markers for each in spellings(marker) if each in seen] == []


async def test_capture_sees_what_is_not_encrypted(tmp_path: Path) -> None:
    """That the test above would find something: the little that TLS says in the open."""
    wire, _ = await exchange_of_a_session(tmp_path)
    assert tls.NAME.encode() in wire.seen
    assert tls.ALPN.encode() in wire.seen
