"""
Finding others at places that are known beforehand: nothing is announced, nothing is asked.

For networks that carry no multicast, and for links that lead to a few places only.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from whisker_sync.discovery.discovery import Gone, Sighting
from whisker_sync.ids import Address


class Places:
    """See :class:`whisker_sync.discovery.discovery.Discovery`; ``addresses`` are others'."""

    def __init__(self, addresses: Sequence[Address]) -> None:
        self._addresses = tuple(addresses)

    async def announce(self, port: int, tag: bytes) -> _Heard:
        """Tell of all places; what is to be announced nobody hears."""
        return _Heard(self._addresses)

    async def listen(self) -> _Heard:
        """Tell of all places."""
        return _Heard(self._addresses)


class _Heard:
    """See :class:`whisker_sync.discovery.discovery.Voice`."""

    def __init__(self, addresses: Sequence[Address]) -> None:
        self._addresses = addresses
        self._asked = asyncio.Event()
        self._asked.set()

    async def sightings(self) -> AsyncIterator[Sighting | Gone]:
        """All places, and once more each time that somebody asks."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            for address in self._addresses:
                yield Sighting(f"place {address}", (address,), b"", lasting=True)

    async def retag(self, tag: bytes) -> None:
        """Nobody hears it."""

    async def ask(self) -> None:
        """Tell of all places once more."""
        self._asked.set()

    async def refresh(self) -> None:
        """Tell of all places once more."""
        self._asked.set()

    async def close(self) -> None:
        """Nothing was announced."""
