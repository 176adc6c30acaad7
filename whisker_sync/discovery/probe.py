"""
Trying out whether machines on this network can find and reach each other.

A machine alone can only find out what is wrong with itself. That its packets come back to
it says nothing about whether others get them: many networks of cafes and schools keep their
guests apart ("client isolation"), and a firewall lets a machine talk to itself. So there is
a meeting of two: one listens, the other calls, and each tries what the other side must be
able to do: be called, and hear an announcement.

Nothing that is said here names a person, a device or a story.

The meeting, over one TCP connection, a line of JSON each::

    calling:    {"whisker": VERSION, "time": MS, "port": P, "token": T}
    listening:  {"whisker": VERSION, "time": MS, "token": U}
    both call to the whole network with their token, and the listening side calls port P
    both:       {"heard": BOOL, "reached": BOOL}    what of the other side arrived
"""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import struct
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import ifaddr

from whisker_sync.errors import CannotConnect, MalformedFrame, PortInUse

GROUP = "224.0.0.251"
"""Where mDNS talks (RFC 6762, section 3), and where we must be heard."""

MDNS_PORT = 5353

ECHO_SECONDS = 1.5
"""How long an announcement may take to arrive."""

STEP_SECONDS = 5.0
"""How long the other side may take for each step of a meeting."""

MAX_LINE = 1024
"""Bytes of a line of a meeting."""

REPEATS = 3
"""How often an announcement is made: wireless networks lose some."""

TOKEN_BYTES = 8

ANY = "0.0.0.0"  # noqa: S104 - it is there to be called, for a minute
"""All addresses of this machine."""


@dataclass(frozen=True, slots=True)
class Interface:
    """One of this machine's ways into a network."""

    name: str
    """As the system calls it."""

    address: str
    """An IPv4 address; mDNS needs one per interface to be told apart."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """What two machines found out about the way between them."""

    version: str
    """The other side's version of this program."""

    clock: float
    """Seconds by which the other side's clock is ahead of ours."""

    they_heard: bool
    """An announcement of ours reached the other side."""

    we_heard: bool
    """An announcement of the other side reached us."""

    caller_reached: bool
    """The listening side could call the calling one, too."""


def interfaces() -> list[Interface]:
    """The interfaces with an IPv4 address, but loopback."""
    return [
        Interface(adapter.nice_name, ip.ip)
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
        if isinstance(ip.ip, str) and not ip.ip.startswith("127.")
    ]


async def echo(address: str) -> bool:
    """Whether an announcement that leaves by an interface comes back to this machine."""
    token = secrets.token_hex(TOKEN_BYTES)
    with _listening([address]) as heard:
        try:
            _announce(address, token)
        except OSError:
            return False
        return await _wait_for(heard, token, ECHO_SECONDS)


async def listen(
    port: int, version: str, ready: Callable[[int], None], seconds: float
) -> tuple[str, Meeting]:
    """
    Wait for one machine that calls; return its address and what was found out.

    ``port`` is where to listen, 0: anywhere; ``ready`` is told where it is.

    Raises:
        PortInUse: Something else listens there.
        TimeoutError: Nobody called within ``seconds``.
        CannotConnect, MalformedFrame: Whoever called does not know this meeting.
    """
    calls: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue(4)

    def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.QueueFull):
            calls.put_nowait((reader, writer))

    try:
        # Any port would be another one for each kind of address.
        server = await asyncio.start_server(take, None if port else ANY, port, limit=MAX_LINE)
    except OSError:
        raise PortInUse(port) from None
    try:
        ready(server.sockets[0].getsockname()[1])
        async with asyncio.timeout(seconds):
            reader, writer = await calls.get()
        host = str(writer.get_extra_info("peername")[0])
        try:
            return host, await _host(_Line(reader, writer, host), version, host)
        finally:
            writer.close()
    finally:
        server.close()


async def call(host: str, port: int, version: str) -> Meeting:
    """
    Call a machine that listens; return what was found out.

    Raises:
        CannotConnect: Nothing answers there.
        MalformedFrame: What answers does not know this meeting.
    """
    try:
        async with asyncio.timeout(STEP_SECONDS):
            reader, writer = await asyncio.open_connection(host, port, limit=MAX_LINE)
    except (OSError, TimeoutError) as problem:
        raise CannotConnect(f"{host}:{port}", str(problem) or "no answer") from None
    try:
        return await _guest(_Line(reader, writer, host), version)
    finally:
        writer.close()


# The two sides.


async def _host(line: _Line, version: str, host: str) -> Meeting:
    theirs = await line.hear("whisker", "time", "port", "token")
    clock = _ahead(theirs)
    token = secrets.token_hex(TOKEN_BYTES)
    own = [each.address for each in interfaces()]
    with _listening(own) as heard:
        await line.say({"whisker": version, "time": _now(), "token": token})
        reached, we_heard, _ = await asyncio.gather(
            _is_reached(host, theirs["port"]),
            _wait_for(heard, str(theirs["token"]), ECHO_SECONDS),
            _announce_everywhere(own, token),
        )
    await line.say({"heard": we_heard, "reached": reached})
    told = await line.hear("heard", "reached")
    return Meeting(str(theirs["whisker"])[:40], clock, bool(told["heard"]), we_heard, reached)


async def _guest(line: _Line, version: str) -> Meeting:
    token = secrets.token_hex(TOKEN_BYTES)
    own = [each.address for each in interfaces()]
    anywhere = "::" if ":" in line.host else ANY
    server = await asyncio.start_server(lambda _, writer: writer.close(), anywhere, 0)
    port = server.sockets[0].getsockname()[1]
    try:
        with _listening(own) as heard:
            hello = {"whisker": version, "time": _now(), "port": port, "token": token}
            await line.say(hello)
            theirs = await line.hear("whisker", "time", "token")
            clock = _ahead(theirs)
            we_heard, _ = await asyncio.gather(
                _wait_for(heard, str(theirs["token"]), ECHO_SECONDS),
                _announce_everywhere(own, token),
            )
        told = await line.hear("heard", "reached")
        await line.say({"heard": we_heard, "reached": True})
    finally:
        server.close()
    return Meeting(
        str(theirs["whisker"])[:40], clock, bool(told["heard"]), we_heard, bool(told["reached"])
    )


class _Line:
    """Lines of JSON between two machines."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str
    ) -> None:
        self._reader = reader
        self._writer = writer
        self.host = host

    async def say(self, values: dict[str, Any]) -> None:
        self._writer.write(json.dumps(values).encode() + b"\n")
        with suppress(ConnectionError):
            await self._writer.drain()

    async def hear(self, *names: str) -> dict[str, Any]:
        """The next line, which must have these names."""
        try:
            async with asyncio.timeout(STEP_SECONDS + ECHO_SECONDS):
                line = await self._reader.readline()
        except (OSError, TimeoutError, ValueError) as problem:
            raise CannotConnect(self.host, str(problem) or "no answer") from None
        try:
            values = json.loads(line)
        except ValueError:
            values = None
        if not isinstance(values, dict) or not set(names) <= set(values):
            raise MalformedFrame("something else than whisker doctor answers there")
        return values


def _ahead(theirs: dict[str, Any]) -> float:
    said = theirs["time"]
    return (said - _now()) / 1000 if isinstance(said, (int, float)) else 0.0


def _now() -> int:
    return int(time.time() * 1000)


async def _is_reached(host: str, port: object) -> bool:
    if type(port) is not int or not 0 < port < 65536:
        return False
    try:
        async with asyncio.timeout(STEP_SECONDS / 2):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


# Announcements: a question of mDNS for a name that nobody has but who asks.


async def _announce_everywhere(addresses: Sequence[str], token: str) -> None:
    for _ in range(REPEATS):
        for address in addresses:
            with suppress(OSError):
                _announce(address, token)
        await asyncio.sleep(ECHO_SECONDS / 2 / REPEATS)


def _announce(address: str, token: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        sender.bind((address, 0))
        sender.sendto(question(token), (GROUP, MDNS_PORT))


def question(token: str) -> bytes:
    """A question for a name of our service (RFC 1035, section 4)."""
    labels = (token, "_whisker-sync", "_tcp", "local")
    name = b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"
    return struct.pack(">6H", 0, 0, 1, 0, 0, 0) + name + struct.pack(">2H", 12, 1)


class _listening:  # noqa: N801 - used as a context
    """What is announced on the networks of some addresses, while the block lasts."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._sockets: list[socket.socket] = []
        self._addresses = addresses

    def __enter__(self) -> list[socket.socket]:
        for address in self._addresses:
            with suppress(OSError):
                self._sockets.append(_receiver(address))
        return self._sockets

    def __exit__(self, *_: object) -> None:
        for each in self._sockets:
            each.close()


def _receiver(address: str) -> socket.socket:
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "SO_REUSEPORT"):
            receiver.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        receiver.bind(("", MDNS_PORT))
        membership = socket.inet_aton(GROUP) + socket.inet_aton(address)
        receiver.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        receiver.setblocking(False)
    except BaseException:
        receiver.close()
        raise
    return receiver


async def _wait_for(sockets: Sequence[socket.socket], token: str, seconds: float) -> bool:
    """Whether a token is announced within some time."""
    loop = asyncio.get_running_loop()
    wanted = token.encode()

    async def hear(receiver: socket.socket) -> None:
        while wanted not in await loop.sock_recv(receiver, 2048):
            pass

    tasks = [asyncio.ensure_future(hear(each)) for each in sockets]
    if not tasks:
        return False
    try:
        done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return any(task.exception() is None for task in done)
