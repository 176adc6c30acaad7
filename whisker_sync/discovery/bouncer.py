"""
Keeps a flood of packets away from whoever has to read them.

Reading an mDNS packet takes a hundred times as long as sending one, and it is the
loop's time, which everything else here needs, too. So packets are counted before they
are read, all together and by sender, and what is beyond the limits of a second is
dropped. mDNS expects that packets get lost.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

from whisker_sync.discovery import limits


class Bouncer(asyncio.DatagramProtocol):
    """Stands in front of another protocol; ``clock`` is a monotonic time in seconds."""

    def __init__(self, inner: asyncio.DatagramProtocol, clock: Callable[[], float]) -> None:
        self._inner = inner
        self._clock = clock
        self._until = 0.0
        self._seen: Counter[str] = Counter()
        self._total = 0

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        """See :class:`asyncio.DatagramProtocol`."""
        if self._lets_in(addr[0]):
            self._inner.datagram_received(data, addr)

    def error_received(self, exc: Exception) -> None:
        """See :class:`asyncio.DatagramProtocol`."""
        self._inner.error_received(exc)

    def connection_lost(self, exc: Exception | None) -> None:
        """See :class:`asyncio.DatagramProtocol`."""
        self._inner.connection_lost(exc)

    def _lets_in(self, host: str) -> bool:
        now = self._clock()
        if now >= self._until:
            self._until, self._total = now + 1.0, 0
            self._seen.clear()
        if self._total >= limits.MAX_DATAGRAMS or self._seen[host] >= limits.MAX_DATAGRAMS_EACH:
            return False
        self._total += 1
        self._seen[host] += 1
        return True
