"""
Links on the local network: WebSockets, dialled and listened for.

No proxy, no compression (updates are packed already, and it costs memory for each
connection), Nagle's algorithm off. Each frame carries a checksum: what TCP lets through
once in many million segments would be an edit that nobody made, and different on two
devices for ever. Whoever speaks something else on our port is shown
out without noise. Nothing here knows who is at the other side: that is for the
handshake, which speaks first on every link.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import zlib
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from whisker_sync.errors import CannotConnect, LinkClosed, NoNetwork, PortInUse
from whisker_sync.ids import Address
from whisker_sync.transport import limits

SUBPROTOCOL = Subprotocol("whisker-sync.1")

# What the library says of strangers on the port is not for the author to read.
_SILENT = logging.getLogger("whisker_sync.transport.websockets")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


class LanLink:
    """A WebSocket connection as a link."""

    def __init__(self, connection: Connection, address: Address) -> None:
        self._connection = connection
        self._address = address

    @property
    def address(self) -> Address:
        """Where the other side is."""
        return self._address

    async def send(self, frame: bytes) -> None:
        """See :class:`whisker_sync.transport.link.Link`."""
        try:
            async with asyncio.timeout(limits.SEND_SECONDS):
                await self._connection.send(frame + _checksum(frame))
        except TimeoutError:
            self.abort()
            raise LinkClosed("the other side takes nothing any more") from None
        except ConnectionClosed as closed:
            raise LinkClosed(_reason(closed)) from None

    async def receive(self) -> bytes:
        """See :class:`whisker_sync.transport.link.Link`."""
        try:
            frame = await self._connection.recv(decode=False)
        except ConnectionClosed as closed:
            raise LinkClosed(_reason(closed)) from None
        checked = memoryview(frame)[: -limits.CHECKSUM]
        if frame[-limits.CHECKSUM :] != _checksum(checked):
            self.abort()
            raise LinkClosed("a frame was damaged on the way")
        return bytes(checked)

    async def close(self, reason: str) -> None:
        """See :class:`whisker_sync.transport.link.Link`."""
        # A close frame has room for 123 bytes.
        short = reason.encode()[:120].decode(errors="ignore")
        with suppress(TimeoutError):
            async with asyncio.timeout(limits.CLOSE_SECONDS):
                await self._connection.close(1000, short)
        self.abort()

    def abort(self) -> None:
        """See :class:`whisker_sync.transport.link.Link`."""
        transport = self._connection.transport
        if transport is not None:
            transport.abort()


class Listener:
    """A port that other devices dial."""

    def __init__(self, server: Server, port: int, arrived: asyncio.Queue[LanLink]) -> None:
        self.port = port
        self._server = server
        self._arrived = arrived

    @classmethod
    async def open(cls, port: int = 0, interface: str | None = None) -> Listener:
        """
        Listen on a port (0: any that is free) of one interface's address, or of all.

        Raises:
            PortInUse: Somebody else listens there.
            NoNetwork: This machine has no such address.
        """
        listening = _socket(port, interface)
        arrived: asyncio.Queue[LanLink] = asyncio.Queue()
        here: Counter[str] = Counter()

        async def handle(connection: ServerConnection) -> None:
            host, remote_port = connection.remote_address[:2]
            here[host] += 1
            try:
                arrived.put_nowait(LanLink(connection, Address(_plain(host), remote_port)))
                await connection.wait_closed()
            finally:
                here[host] -= 1

        def admit(connection: ServerConnection, _: Request) -> Response | None:
            host = connection.remote_address[0]
            if here[host] >= limits.MAX_CONNECTIONS_EACH or here.total() >= limits.MAX_CONNECTIONS:
                return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "too many connections\n")
            return None

        server = await serve(
            handle,
            sock=listening,
            process_request=admit,
            subprotocols=[SUBPROTOCOL],
            compression=None,
            max_size=limits.MAX_FRAME + limits.CHECKSUM,
            open_timeout=limits.OPEN_SECONDS,
            ping_interval=limits.PING_SECONDS,
            ping_timeout=limits.PONG_SECONDS,
            close_timeout=limits.CLOSE_SECONDS,
            logger=_SILENT,
            server_header=None,
        )
        return cls(server, listening.getsockname()[1], arrived)

    async def accept(self) -> LanLink:
        """The next link that somebody else opened."""
        return await self._arrived.get()

    def stop(self) -> None:
        """Stop listening; links that came in here go on."""
        self._server.close(close_connections=False)

    async def close(self) -> None:
        """Stop listening, and end all links that came in here."""
        self._server.close()
        await self._server.wait_closed()


async def dial(addresses: Sequence[Address], seconds: float = limits.OPEN_SECONDS) -> LanLink:
    """
    Open a link to whichever of the addresses answers first; all are tried at once.

    Raises:
        CannotConnect: None of them answers in time.
    """
    attempts = [asyncio.ensure_future(_dial(address, seconds)) for address in addresses]
    problem = CannotConnect(", ".join(map(str, addresses)), "there is no address to try")
    won: LanLink | None = None
    try:
        for attempt in asyncio.as_completed(attempts):
            try:
                won = await attempt
            except CannotConnect as failed:
                problem = failed
            else:
                return won
        raise problem
    finally:
        for other in attempts:
            other.cancel()
            other.add_done_callback(lambda done: _let_go(done, won))


def _let_go(attempt: asyncio.Future[LanLink], won: LanLink | None) -> None:
    """End a link that was opened although another had won by then."""
    if not attempt.cancelled() and not attempt.exception() and attempt.result() is not won:
        attempt.result().abort()


async def _dial(address: Address, seconds: float) -> LanLink:
    try:
        connection: ClientConnection = await connect(
            "ws://whisker.invalid/",
            host=address.host,
            port=address.port,
            proxy=None,
            compression=None,
            subprotocols=[SUBPROTOCOL],
            max_size=limits.MAX_FRAME + limits.CHECKSUM,
            open_timeout=seconds,
            ping_interval=limits.PING_SECONDS,
            ping_timeout=limits.PONG_SECONDS,
            close_timeout=limits.CLOSE_SECONDS,
            logger=_SILENT,
            user_agent_header=None,
        )
    except TimeoutError:
        raise CannotConnect(str(address), "nobody answers") from None
    except (InvalidHandshake, InvalidMessage, EOFError):
        raise CannotConnect(str(address), "something else answers there") from None
    except OSError as problem:
        raise CannotConnect(str(address), problem.strerror or str(problem)) from None
    return LanLink(connection, address)


def _socket(port: int, interface: str | None) -> socket.socket:
    """One socket for both families, so that there is one port."""
    try:
        if interface is not None:
            family = socket.AF_INET6 if ":" in interface else socket.AF_INET
            return socket.create_server((interface, port), family=family)
        if socket.has_dualstack_ipv6():
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
        return socket.create_server(("", port))
    except OSError as problem:
        if problem.errno == errno.EADDRINUSE:
            raise PortInUse(port) from None
        raise NoNetwork(interface or "at all") from None


def _checksum(frame: bytes | memoryview) -> bytes:
    return zlib.crc32(frame).to_bytes(limits.CHECKSUM, "big")


def _plain(host: str) -> str:
    """An IPv4 address that came over a socket for both families, as such."""
    return host.removeprefix("::ffff:")


def _reason(closed: ConnectionClosed) -> str:
    if closed.rcvd is not None and closed.rcvd.reason:
        return closed.rcvd.reason
    if closed.sent is not None and closed.sent.reason:
        return closed.sent.reason
    return "the other side is gone" if closed.rcvd is None else "the other side hung up"
