"""
Finding each other within one process: for tests, and for devices that live side by side.

Voices hear each other at one square. Nothing leaves the process.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import count

from whisker_sync.discovery.discovery import Gone, Sighting
from whisker_sync.ids import Address


class Square:
    """Where voices hear each other; ``host`` is that of all addresses."""

    def __init__(self, host: str = "memory") -> None:
        self.host = host
        self.voices: list[MemoryVoice] = []
        self.numbers = count(1)

    def discovery(self) -> MemoryDiscovery:
        """What one more device finds others by."""
        return MemoryDiscovery(self)


class MemoryDiscovery:
    """See :class:`whisker_sync.discovery.discovery.Discovery`."""

    def __init__(self, square: Square) -> None:
        self.square = square

    async def announce(self, port: int, tag: bytes) -> MemoryVoice:
        """Say that somebody with a tag listens at a port, and hear of others."""
        voice = MemoryVoice(self, port, tag)
        voice.tell_others(voice.sighting)
        await voice.ask()
        return voice

    async def listen(self) -> MemoryVoice:
        """Hear of others, and announce nothing."""
        voice = MemoryVoice(self, 0, b"")
        await voice.ask()
        return voice


class MemoryVoice:
    """See :class:`whisker_sync.discovery.discovery.Voice`; announces nothing without a port."""

    def __init__(self, owner: MemoryDiscovery, port: int, tag: bytes) -> None:
        self.owner = owner
        self.port = port
        self._square = owner.square
        self._name = f"voice {next(self._square.numbers)}"
        self._tag = tag
        self._heard: asyncio.Queue[Sighting | Gone] = asyncio.Queue()
        self._square.voices.append(self)

    @property
    def sighting(self) -> Sighting:
        """What others hear of it."""
        return Sighting(self._name, (Address(self._square.host, self.port),), self._tag)

    def tell_others(self, what: Sighting | Gone) -> None:
        """Tell all voices of other devices, if there is anything to tell of."""
        for other in self._square.voices:
            if self.port and other.owner is not self.owner:
                other.hear(what)

    def hear(self, what: Sighting | Gone) -> None:
        """Hear of somebody."""
        self._heard.put_nowait(what)

    async def sightings(self) -> AsyncIterator[Sighting | Gone]:
        """What is heard of others, as it comes."""
        while True:
            yield await self._heard.get()

    async def retag(self, tag: bytes) -> None:
        """Announce another tag."""
        self._tag = tag
        self.tell_others(self.sighting)

    async def ask(self) -> None:
        """Hear of everybody once more."""
        for other in self._square.voices:
            if other.port and other.owner is not self.owner:
                self.hear(other.sighting)

    async def refresh(self) -> None:
        """Announce it again, and ask."""
        self.tell_others(self.sighting)
        await self.ask()

    async def close(self) -> None:
        """Fall silent."""
        self._square.voices.remove(self)
        self.tell_others(Gone(self._name))
