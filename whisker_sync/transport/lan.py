"""
Links on the local network: WebSockets within TLS, dialled and listened for.

Rule 1: nothing leaves unencrypted. What is damaged on the way, by chance or on purpose,
ends the link; no part of it is ever handed on.

No proxy, no compression (updates are packed already, and it costs memory for each
connection), Nagle's algorithm off. Whoever speaks something else on our port is shown
out without noise. Nothing here knows who is at the other side: that is for the
handshake, which speaks first on every link, and has the link's binding to prove that
nobody sits in between.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from ssl import SSLContext, SSLError

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from whisker_sync.errors import CannotConnect, DiskFull, LinkClosed, NoNetwork, PortInUse
from whisker_sync.ids import Address
from whisker_sync.transport import limits, tls
from whisker_sync.transport.door import Arrival, Door

SUBPROTOCOL = Subprotocol("whisker-sync.1")

# What the library says of strangers on the port is not for the author to read.
_SILENT = logging.getLogger("whisker_sync.transport.websockets")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


class LanLink:
    """A WebSocket connection as a link."""

    def __init__(self, connection: Connection, address: Address, binding: bytes) -> None:
        self._connection = connection
        self._address = address
        self._binding = binding

    @property
    def address(self) -> Address:
        """Where the other side is."""
        return self._address

    @property
    def binding(self) -> bytes:
        """See :class:`whisker_sync.transport.link.Link`."""
        return self._binding

    @property
    def here(self) -> str:
        """The address of this machine that the connection goes over; empty: it is not known."""
        name = self._connection.transport.get_extra_info("sockname")
        return str(name[0]).removeprefix("::ffff:").partition("%")[0] if name else ""

    def prove(self) -> None:
        """See :class:`whisker_sync.transport.link.Link`."""
        if isinstance(self._connection, Arrival):
            self._connection.prove()

    async def send(self, frame: bytes) -> None:
        """See :class:`whisker_sync.transport.link.Link`."""
        try:
            async with asyncio.timeout(limits.SEND_SECONDS):
                await self._connection.send(frame)
        except TimeoutError:
            self.abort()
            raise LinkClosed("the other side takes nothing any more") from None
        except ConnectionClosed as closed:
            raise LinkClosed(_reason(closed)) from None

    async def receive(self) -> bytes:
        """See :class:`whisker_sync.transport.link.Link`."""
        try:
            return await self._connection.recv(decode=False)
        except ConnectionClosed as closed:
            raise LinkClosed(_reason(closed)) from None

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

    def __init__(
        self, server: Server, port: int, door: Door, arrived: asyncio.Queue[LanLink]
    ) -> None:
        self.port = port
        self._server = server
        self._door = door
        self._arrived = arrived

    @classmethod
    async def open(cls, port: int = 0, interface: str | None = None) -> Listener:
        """
        Listen on a port (0: any that is free) of one interface's address, or of all.

        Raises:
            PortInUse: Somebody else listens there.
            NoNetwork: This machine has no such address.
            DiskFull: There is no room for a file that is needed for a moment.
        """
        context, binding = _certificate()
        listening = _socket(port, interface)
        arrived: asyncio.Queue[LanLink] = asyncio.Queue()
        door = Door(context)

        async def handle(connection: ServerConnection) -> None:
            host, remote_port = connection.remote_address[:2]
            address = Address(_plain(host), remote_port)
            arrived.put_nowait(LanLink(connection, address, binding))
            await connection.wait_closed()

        server = await serve(
            handle,
            sock=listening,
            create_connection=partial(Arrival, door),  # type: ignore[arg-type]  # a wrapper will do
            subprotocols=[SUBPROTOCOL],
            compression=None,
            max_size=limits.MAX_FRAME,
            max_queue=limits.MAX_QUEUE,
            open_timeout=limits.PROOF_SECONDS,
            ping_interval=limits.PING_SECONDS,
            ping_timeout=limits.PONG_SECONDS,
            close_timeout=limits.CLOSE_SECONDS,
            logger=_SILENT,
            server_header=None,
        )
        return cls(server, listening.getsockname()[1], door, arrived)

    async def accept(self) -> LanLink:
        """The next link that somebody else opened."""
        return await self._arrived.get()

    def stop(self) -> None:
        """Stop listening; links that came in here go on."""
        self._server.close(close_connections=False)

    async def close(self) -> None:
        """Stop listening, and end all links that came in here."""
        self._door.close()
        self._server.close()
        await self._server.wait_closed()


class LanLinks:
    """
    The links of a device on its local networks; see :class:`whisker_sync.transport.link.Links`.

    ``port`` is where to listen (0: any that is free), ``interface`` an address of this machine
    (None: all).
    """

    def __init__(self, port: int = 0, interface: str | None = None) -> None:
        self._port = port
        self._interface = interface
        self._listener: Listener | None = None

    async def listen(self) -> int:
        """
        Listen on the port; the errors are those of :meth:`Listener.open`.

        Raises:
            PortInUse: Somebody else listens there.
            NoNetwork: This machine has no such address.
            DiskFull: There is no room for a file that is needed for a moment.
        """
        self._listener = await Listener.open(self._port, self._interface)
        return self._listener.port

    async def accept(self) -> LanLink:
        """The next link that somebody else opened."""
        assert self._listener is not None, "nobody comes in before listening"
        return await self._listener.accept()

    async def dial(self, addresses: Sequence[Address]) -> LanLink:
        """
        Open a link to whichever of the addresses answers first; all are tried at once.

        Raises:
            CannotConnect: None of them answers in time.
        """
        return await dial(addresses)

    def stop(self) -> None:
        """Stop listening; links that came in here go on."""
        if self._listener is not None:
            self._listener.stop()

    async def close(self) -> None:
        """Stop listening, and end all links that came in here."""
        if self._listener is not None:
            await self._listener.close()


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
            f"wss://{tls.NAME}/",
            host=address.host,
            port=address.port,
            ssl=tls.client(),
            server_hostname=tls.NAME,
            proxy=None,
            compression=None,
            subprotocols=[SUBPROTOCOL],
            max_size=limits.MAX_FRAME,
            max_queue=limits.MAX_QUEUE,
            open_timeout=seconds,
            ping_interval=limits.PING_SECONDS,
            ping_timeout=limits.PONG_SECONDS,
            close_timeout=limits.CLOSE_SECONDS,
            logger=_SILENT,
            user_agent_header=None,
        )
    except TimeoutError:
        raise CannotConnect(str(address), "nobody answers") from None
    except (SSLError, WebSocketException, EOFError, ValueError):  # the last for odd redirects
        raise CannotConnect(str(address), "something else answers there") from None
    except OSError as problem:
        raise CannotConnect(str(address), problem.strerror or "it hung up at once") from None
    if not tls.speaks_ours(connection.transport):
        connection.transport.abort()
        raise CannotConnect(str(address), "something else answers there")
    return LanLink(connection, address, tls.binding_of(connection.transport))


def _certificate() -> tuple[SSLContext, bytes]:
    try:
        return tls.server()
    except OSError as problem:
        raise DiskFull(problem.filename or "a temporary file") from None


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


def _plain(host: str) -> str:
    """An IPv4 address that came over a socket for both families, as such."""
    return host.removeprefix("::ffff:")


def _reason(closed: ConnectionClosed) -> str:
    if closed.rcvd is not None and closed.rcvd.reason:
        return closed.rcvd.reason
    if closed.sent is not None and closed.sent.reason:
        return closed.sent.reason
    return "the other side is gone" if closed.rcvd is None else "the other side hung up"
