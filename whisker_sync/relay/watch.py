"""
What a relay tells its operator: a line for each request, and numbers for Prometheus.

Rule 1: no secrets. A line has six letters of a mailbox's id, enough to tell two of them
apart while one looks; ids of entries, stamps and bodies are never in it, addresses only if
the operator asked for them. Numbers are about all mailboxes together.
"""

from __future__ import annotations

import logging
import os
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from whisker_sync.relay.store import Totals

LOG = logging.getLogger("whisker_sync.relay")
"""Where the lines go."""

SHOWN = 6
"""Letters of a mailbox's id in a line."""

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 30.0)
"""Upper bounds of the buckets in which durations are counted."""

WHAT = "whisker_sync.what"
"""Key in the scope of a request: what it asks for, in one word."""


class Watch:
    """Counts and logs requests."""

    def __init__(self, *, addresses: bool) -> None:
        self._addresses = addresses
        self._requests: Counter[tuple[str, int]] = Counter()
        self._durations: dict[str, list[int]] = {}
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._received = 0
        self._sent = 0
        self.listeners = 0
        self.wakeups = 0
        self.totals: Totals | None = None

    def around(self, app: ASGIApp) -> ASGIApp:
        """The same application, watched."""

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" and scope["type"] != "websocket":
                await app(scope, receive, send)
                return
            visit = _Visit()

            async def heard() -> Message:
                message = await receive()
                visit.received += len(message.get("body", b""))
                return message

            async def said(message: Message) -> None:
                if message["type"] == "websocket.accept":
                    visit.status = 101
                visit.status = message.get("status", visit.status)
                visit.sent += len(message.get("body", b""))
                await send(message)

            try:
                await app(scope, heard, said)
            finally:
                self._note(scope, visit)

        return watched

    def text(self) -> str:
        """The numbers in the text format of Prometheus."""
        return "".join(f"{line}\n" for line in self._lines())

    def _note(self, scope: Scope, visit: _Visit) -> None:
        what, seconds = scope.get(WHAT, "other"), time.perf_counter() - visit.began
        self._requests[what, visit.status] += 1
        self._received += visit.received
        self._sent += visit.sent
        if what != "wake":  # which lasts as long as somebody listens
            buckets = self._durations.setdefault(what, [0] * (len(SECONDS) + 1))
            buckets[bisect_left(SECONDS, seconds)] += 1
            self._seconds[what] += seconds
        mailbox = scope.get("path_params", {}).get("mailbox", "")
        client = scope.get("client")
        who = f" {client[0]}" if self._addresses and client else ""
        LOG.info(
            "%s %s %d, %d in, %d out, %.1f ms%s",
            what,
            mailbox[:SHOWN] if mailbox.isalnum() and mailbox.isascii() else "-",
            visit.status,
            visit.received,
            visit.sent,
            1000 * seconds,
            who,
        )

    def _lines(self) -> Iterator[str]:
        worker = f'worker="{os.getpid()}"'
        yield "# TYPE whisker_relay_requests_total counter"
        for (what, status), count in sorted(self._requests.items()):
            labels = f'what="{what}",status="{status}",{worker}'
            yield f"whisker_relay_requests_total{{{labels}}} {count}"
        yield "# TYPE whisker_relay_request_seconds histogram"
        for what, buckets in sorted(self._durations.items()):
            below = 0
            for bound, count in zip((*map(str, SECONDS), "+Inf"), buckets, strict=True):
                below += count
                labels = f'what="{what}",le="{bound}",{worker}'
                yield f"whisker_relay_request_seconds_bucket{{{labels}}} {below}"
            labels = f'what="{what}",{worker}'
            yield f"whisker_relay_request_seconds_sum{{{labels}}} {self._seconds[what]:.6f}"
            yield f"whisker_relay_request_seconds_count{{{labels}}} {below}"
        for name, kind, value in (
            ("received_bytes_total", "counter", self._received),
            ("sent_bytes_total", "counter", self._sent),
            ("wakeups_total", "counter", self.wakeups),
            ("listeners", "gauge", self.listeners),
        ):
            yield f"# TYPE whisker_relay_{name} {kind}"
            yield f"whisker_relay_{name}{{{worker}}} {value}"
        if self.totals is not None:
            for name, value in (
                ("mailboxes", self.totals.mailboxes),
                ("entries", self.totals.entries),
                ("stored_bytes", self.totals.bytes),
            ):
                yield f"# TYPE whisker_relay_{name} gauge"
                yield f"whisker_relay_{name} {value}"


class _Visit:
    """One request while it lasts."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.status = 0  # nobody waited for the answer
        self.received = 0
        self.sent = 0
