"""Somebody who announces and listens, for tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from whisker_sync.discovery.discovery import Gone, Sighting
from whisker_sync.discovery.lan import SERVICE, Lan

HERE = "127.0.0.1"
SECONDS = 15


class Seeker:
    """A :class:`Lan` on loopback, and what it heard."""

    def __init__(self, lan: Lan) -> None:
        self.lan = lan
        self._heard: AsyncIterator[Sighting | Gone] = lan.sightings()

    @property
    def name(self) -> str:
        """The instance that it is."""
        return self.lan.name

    async def until(self, wanted: Callable[[Sighting | Gone], bool]) -> list[Sighting | Gone]:
        """All that is heard, up to what is wanted."""
        heard = []
        async with asyncio.timeout(SECONDS):
            async for each in self._heard:
                heard.append(each)
                if wanted(each):
                    return heard
        raise AssertionError

    async def sighting(self, name: str) -> Sighting:
        """The next sighting of an instance."""
        heard = await self.until(lambda each: isinstance(each, Sighting) and each.instance == name)
        assert isinstance(heard[-1], Sighting)
        return heard[-1]

    async def gone(self, name: str) -> None:
        """Wait until an instance is taken back."""
        await self.until(lambda each: each == Gone(name))


@asynccontextmanager
async def seeker(port: int, tag: bytes) -> AsyncIterator[Seeker]:
    """Somebody who is there for a while."""
    lan = await Lan.open(port, tag, HERE)
    try:
        yield Seeker(lan)
    finally:
        await lan.close()


def instance(name: str) -> str:
    """The whole name of an instance."""
    return f"{name}.{SERVICE}"


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so that nobody tells."""
    async with asyncio.timeout(SECONDS):
        while not condition():  # noqa: ASYNC110 - packets make it so
            await asyncio.sleep(0.01)
