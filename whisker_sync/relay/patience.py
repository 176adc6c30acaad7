"""
How long a relay waits for whoever is slow, and how many may wait.

uvicorn waits for ever for the head of a request and for a reader that does not read, and
counts no addresses. These two protocols are uvicorn's with that added; they
start one timer at a time:

* until a head is complete, counted from the connection or from its first byte;
* while a body is read away that was refused, so that the answer gets through;
* while the other side leaves no room for more of an answer.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
from collections import Counter
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from whisker_sync.relay.limits import Limits
from whisker_sync.relay.refusals import STATUS, Refusal
from whisker_sync.wire.relay import Code


class Seats:
    """Who is connected."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._all = 0
        self._each: Counter[str] = Counter()

    def enter(self, host: str) -> bool:
        """Count a connection, unless there are too many."""
        each = 0 if _is_here(host) else self._each[host]
        if self._all >= self._limits.connections or each >= self._limits.connections_each:
            return False
        self._all += 1
        self._each[host] += 1
        return True

    def leave(self, host: str) -> None:
        """Forget one."""
        self._all -= 1
        self._each[host] -= 1
        if not self._each[host]:
            del self._each[host]


class Settings(uvicorn.Config):
    """uvicorn's settings, with the limits of a relay."""

    def __init__(self, app: Any, limits: Limits, **options: Any) -> None:
        self.limits = limits
        self.seats = Seats(limits)
        super().__init__(
            app,
            http=PatientHttp,
            ws=PatientSocket,
            ws_ping_interval=20.0,
            ws_ping_timeout=20.0,
            ws_per_message_deflate=False,
            ws_max_size=1024,
            timeout_keep_alive=int(limits.idle_seconds),
            timeout_graceful_shutdown=int(limits.stop_seconds),
            server_header=False,
            access_log=False,
            **options,
        )


class PatientHttp(H11Protocol):
    """HTTP, with a seat and a timer."""

    config: Settings

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See :class:`asyncio.Protocol`."""
        assert isinstance(transport, asyncio.Transport)
        self._timer: asyncio.TimerHandle | None = None
        self._waits_for = ""
        self._host = _host(transport)
        self._has_seat = self.config.seats.enter(self._host)
        super().connection_made(transport)
        if self._has_seat:
            self._look(is_new=True)
            return
        busy = Refusal(
            Code.UNAVAILABLE,
            "too many are connected at the moment; try again soon",
            retry=self.config.limits.retry_seconds,
        )
        self._say(busy)

    def data_received(self, data: bytes) -> None:
        """See :class:`asyncio.Protocol`."""
        if not self._has_seat or self.transport.is_closing():
            return
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """Begin to wait for what comes next."""
        super().on_response_complete()
        self._look()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Pass the connection on, with its seat."""
        self._wait_for("")
        self._has_seat = False
        super().handle_websocket_upgrade(event)

    def pause_writing(self) -> None:
        """See :class:`asyncio.Protocol`."""
        super().pause_writing()
        self._wait_for("room")

    def resume_writing(self) -> None:
        """See :class:`asyncio.Protocol`."""
        super().resume_writing()
        self._wait_for("")
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """See :class:`asyncio.Protocol`."""
        self._wait_for("")
        if self._has_seat:
            self._has_seat = False
            self.config.seats.leave(self._host)
        super().connection_lost(exc)

    def _look(self, *, is_new: bool = False) -> None:
        """See for what we wait now."""
        if self._waits_for == "room" or self.transport.is_closing():
            return
        theirs, ours = self.conn.their_state, self.conn.our_state
        if theirs is h11.IDLE and (is_new or self.conn.trailing_data[0]):
            self._wait_for("head")
        elif theirs is h11.IDLE and self._waits_for == "head" and self.cycle is None:
            pass  # it is new, and has said nothing yet
        elif theirs is h11.SEND_BODY and ours in {h11.DONE, h11.MUST_CLOSE}:
            self._wait_for("rest")
        else:
            self._wait_for("")

    def _wait_for(self, what: str) -> None:
        """Start the timer, unless it is for this that it runs already."""
        if what == self._waits_for:
            return
        self._waits_for = what
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        limits = self.config.limits
        match what:
            case "head":
                self._timer = self.loop.call_later(limits.header_seconds, self._too_slow)
            case "rest":
                self._timer = self.loop.call_later(limits.drain_seconds, self.transport.abort)
            case "room":
                self._timer = self.loop.call_later(limits.send_seconds, self.transport.abort)
            case _:
                pass

    def _too_slow(self) -> None:
        self._say(Refusal(Code.TOO_SLOW, "the head of this request came too slowly"))

    def _say(self, refusal: Refusal) -> None:
        """Say something that no request was read for, and hang up."""
        body = json.dumps(refusal.content()).encode()
        retry = f"Retry-After: {refusal.retry}\r\n" if refusal.retry else ""
        head = (
            f"HTTP/1.1 {STATUS[refusal.code]} {refusal.code}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n{retry}Connection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


class PatientSocket(WebSocketsSansIOProtocol):
    """A WebSocket, with the seat of the connection it came from, and a timer."""

    config: Settings

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See :class:`asyncio.Protocol`."""
        assert isinstance(transport, asyncio.Transport)
        self._timer: asyncio.TimerHandle | None = None
        self._host = _host(transport)
        super().connection_made(transport)

    def pause_writing(self) -> None:
        """See :class:`asyncio.Protocol`."""
        super().pause_writing()
        self._timer = self.loop.call_later(self.config.limits.send_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """See :class:`asyncio.Protocol`."""
        super().resume_writing()
        self._stop_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """See :class:`asyncio.Protocol`."""
        self._stop_timer()
        self.config.seats.leave(self._host)
        super().connection_lost(exc)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _host(transport: asyncio.Transport) -> str:
    peer = transport.get_extra_info("peername")
    return str(peer[0]) if isinstance(peer, tuple) else ""


def _is_here(host: str) -> bool:
    """Whether that is this machine: a proxy, which counts by itself."""
    try:
        return not host or ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
