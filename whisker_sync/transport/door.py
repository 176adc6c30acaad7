"""
Who comes in from outside, until it is known who that is.

Rule 1: a stranger costs little. There are only so many at a time, fewer from one
address, and each has five seconds from the first packet to the proof, however it fills
them; then its connection is gone. Members are counted apart, so that strangers who take
all their places keep no member out who is in already.

How it works: the library for WebSockets makes an :class:`Arrival` for each connection
as soon as there is one. It asks the :class:`Door`, begins TLS, and only when that is
done lets the library see anything. What the other side says meanwhile is kept for it.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from ssl import SSLContext
from typing import Any

from websockets.asyncio.server import ServerConnection

from whisker_sync.transport import limits, tls


class Door:
    """Counts who is in; ``context`` is what their connections are encrypted with."""

    def __init__(self, context: SSLContext) -> None:
        self.context = context
        self._strangers: dict[Arrival, str] = {}
        self._members: dict[Arrival, str] = {}

    def enter(self, arrival: Arrival, host: str) -> bool:
        """Let a stranger in, if there is room."""
        if self._is_full(host):
            return False
        self._strangers[arrival] = host
        return True

    def prove(self, arrival: Arrival) -> None:
        """Count one that proved itself as a member from here on."""
        host = self._strangers.pop(arrival, None)
        if host is not None:
            self._members[arrival] = host

    def leave(self, arrival: Arrival) -> None:
        """Forget one that is gone."""
        self._strangers.pop(arrival, None)
        self._members.pop(arrival, None)

    def close(self) -> None:
        """Throw out whoever has proven nothing."""
        for arrival in list(self._strangers):
            arrival.throw_out()

    def _is_full(self, host: str) -> bool:
        strangers, members = list(self._strangers.values()), list(self._members.values())
        here = strangers.count(host)
        return (
            len(strangers) >= limits.MAX_STRANGERS
            or here >= limits.MAX_STRANGERS_EACH
            or len(strangers) + len(members) >= limits.MAX_CONNECTIONS
            or here + members.count(host) >= limits.MAX_CONNECTIONS_EACH
        )


class Arrival(ServerConnection):
    """A connection that somebody opened to us: a door, then TLS, then a WebSocket."""

    def __init__(self, door: Door, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._door = door
        self._is_open = False
        self._early = bytearray()  # what came between TLS and the WebSocket
        self._raw: asyncio.Transport
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def prove(self) -> None:
        """Let it stay: the other side has proven who it is."""
        self._door.prove(self)
        self._stop_timer()

    def throw_out(self) -> None:
        """End it at once, wherever it stands."""
        self._raw.abort()

    # What asyncio tells: first of the bare connection, then of what comes out of TLS.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See :class:`asyncio.Protocol`."""
        assert isinstance(transport, asyncio.Transport)
        self._raw = transport
        peer = transport.get_extra_info("peername")
        if peer is None or not self._door.enter(self, peer[0]):
            transport.abort()
            return
        # asyncio does this only for sockets that know their protocol, and ours came without.
        with suppress(OSError):  # it may be gone already
            plain = transport.get_extra_info("socket")
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._timer = self.loop.call_later(limits.PROOF_SECONDS, transport.abort)
        transport.pause_reading()
        self._task = self.loop.create_task(self._begin_tls(transport))

    def data_received(self, data: bytes) -> None:
        """See :class:`asyncio.Protocol`."""
        if self._is_open:
            super().data_received(data)
        else:
            self._early += data

    def eof_received(self) -> None:
        """See :class:`asyncio.Protocol`."""
        if self._is_open:
            super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """See :class:`asyncio.Protocol`."""
        self._gone()
        if self._is_open:
            super().connection_lost(exc)

    async def _begin_tls(self, raw: asyncio.Transport) -> None:
        try:
            secure = await self.loop.start_tls(
                raw,
                self,
                self._door.context,
                server_side=True,
                ssl_handshake_timeout=limits.PROOF_SECONDS,
                ssl_shutdown_timeout=limits.CLOSE_SECONDS,
            )
        except OSError:
            secure = None
        # None, too, if the connection ended meanwhile.
        if secure is None or secure.is_closing() or not tls.speaks_ours(secure):
            raw.abort()
            self._gone()
            return
        self._is_open = True
        super().connection_made(secure)
        if self._early:
            early, self._early = bytes(self._early), bytearray()
            super().data_received(early)

    def _gone(self) -> None:
        self._door.leave(self)
        self._stop_timer()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
