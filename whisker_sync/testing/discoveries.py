"""
What every way of finding each other must do, as tests that anybody can run on theirs.

Needs pytest and pytest-asyncio. Say how that of one more device is made; all that are made
within a test hear each other, and nobody else::

    class TestMine(AnnouncingSuite):
        @pytest.fixture
        def make(self, tmp_path):
            return lambda: my_package.Discovery(tmp_path)

What only tells of places that it knows, and announces nothing, runs :class:`DiscoverySuite`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from whisker_sync.discovery.discovery import Discovery, Gone, Sighting, Voice
from whisker_sync.ids import Address

SECONDS = 15.0
"""How long it may take to hear of somebody."""

SILENCE = 1.0
"""Seconds after which nothing more is believed to come."""

ONE, OTHER = b"tag--one", b"tag-othr"
NEAR, FAR, THIRD = 41001, 41002, 41003
"""Ports; nobody listens there, and nobody is called."""


class Ear:
    """What a voice hears, as it comes."""

    def __init__(self, voice: Voice) -> None:
        self.voice = voice
        self._heard: asyncio.Queue[Sighting | Gone] = asyncio.Queue()
        self._listening = asyncio.ensure_future(self._listen())

    async def next(self, wanted: Callable[[Sighting | Gone], bool]) -> Sighting | Gone:
        """The next that is wanted; others are passed over."""
        async with asyncio.timeout(SECONDS):
            while not wanted(heard := await self._heard.get()):
                pass
            return heard

    async def sighting(self, tag: bytes | None = None) -> Sighting:
        """The next sighting, of this tag if there is one."""
        found = await self.next(lambda each: isinstance(each, Sighting) and tag in {None, each.tag})
        assert isinstance(found, Sighting)
        return found

    async def rest(self) -> list[Sighting | Gone]:
        """All that comes until it is silent."""
        heard: list[Sighting | Gone] = []
        with suppress(TimeoutError):
            while True:
                async with asyncio.timeout(SILENCE):
                    heard.append(await self._heard.get())
        return heard

    async def stop(self) -> None:
        """Listen no more."""
        self._listening.cancel()
        with suppress(asyncio.CancelledError):
            await self._listening

    async def _listen(self) -> None:
        async for each in self.voice.sightings():
            self._heard.put_nowait(each)


@asynccontextmanager
async def announced(discovery: Discovery, port: int, tag: bytes) -> AsyncIterator[Ear]:
    """Somebody who announces themself, for a while."""
    async with _heard(await discovery.announce(port, tag)) as ear:
        yield ear


@asynccontextmanager
async def listening(discovery: Discovery) -> AsyncIterator[Ear]:
    """Somebody who only listens, for a while."""
    async with _heard(await discovery.listen()) as ear:
        yield ear


@asynccontextmanager
async def _heard(voice: Voice) -> AsyncIterator[Ear]:
    ear = Ear(voice)
    try:
        yield ear
    finally:
        await voice.close()
        await ear.stop()


def ports(sighting: Sighting) -> set[int]:
    """The ports of all addresses of a sighting."""
    return {address.port for address in sighting.addresses}


Make = Callable[[], Discovery]


class DiscoverySuite:
    """Tests of whatever tells of others; see the module."""

    pytestmark = pytest.mark.asyncio

    @pytest.fixture
    def make(self) -> Make:
        """How that of one more device is made: to be said by whoever runs this."""
        raise NotImplementedError

    async def test_somebody_is_heard_of_with_addresses(self, make: Make) -> None:
        async with announced(make(), FAR, OTHER), listening(make()) as ear:
            found = await ear.sighting()
            assert found.addresses
            assert all(isinstance(address, Address) for address in found.addresses)

    async def test_who_asks_hears_again(self, make: Make) -> None:
        async with announced(make(), FAR, OTHER), announced(make(), NEAR, ONE) as ear:
            first = await ear.sighting()
            for ask in (ear.voice.ask, ear.voice.refresh):
                await ear.rest()
                await ask()
                assert await ear.next(lambda each: each == first) == first

    async def test_who_has_closed_hears_nothing_more(self, make: Make) -> None:
        ear = Ear(await make().listen())
        await ear.voice.close()
        await ear.rest()
        async with announced(make(), FAR, OTHER):
            assert await ear.rest() == []
        await ear.stop()


class AnnouncingSuite(DiscoverySuite):
    """Tests of a way by which devices hear of each other; see the module."""

    @pytest.fixture
    def devices(self, make: Make) -> tuple[Discovery, Discovery]:
        """Those of two devices."""
        return make(), make()

    async def test_two_hear_of_each_other(self, devices: tuple[Discovery, Discovery]) -> None:
        one, other = devices
        async with announced(one, NEAR, ONE) as near, announced(other, FAR, OTHER) as far:
            assert ports(await near.sighting(OTHER)) == {FAR}
            assert ports(await far.sighting(ONE)) == {NEAR}

    async def test_nobody_hears_of_themself(self, devices: tuple[Discovery, Discovery]) -> None:
        one, _ = devices
        async with announced(one, NEAR, ONE) as near, announced(one, NEAR, OTHER) as again:
            for ear in (near, again):
                assert [each for each in await ear.rest() if isinstance(each, Sighting)] == []

    async def test_one_device_may_announce_several_tags(
        self, devices: tuple[Discovery, Discovery]
    ) -> None:
        one, other = devices
        async with (
            announced(one, NEAR, ONE),
            announced(one, NEAR, OTHER),
            announced(other, FAR, b"tag--far") as ear,
        ):
            heard = await ear.sighting(ONE)
            await ear.voice.ask()
            assert heard.instance != (await ear.sighting(OTHER)).instance

    async def test_who_was_taken_back_is_gone(self, devices: tuple[Discovery, Discovery]) -> None:
        one, other = devices
        async with announced(one, NEAR, ONE) as ear:
            async with announced(other, FAR, OTHER):
                found = await ear.sighting(OTHER)
            gone = Gone(found.instance)
            assert await ear.next(lambda each: each == gone) == gone

    async def test_another_tag_is_heard_of(self, devices: tuple[Discovery, Discovery]) -> None:
        one, other = devices
        async with announced(one, NEAR, ONE) as ear, announced(other, FAR, OTHER) as far:
            before = await ear.sighting(OTHER)
            await far.voice.retag(b"tag--new")
            assert (await ear.sighting(b"tag--new")).instance == before.instance

    async def test_who_only_listens_hears_and_is_not_heard_of(
        self, devices: tuple[Discovery, Discovery]
    ) -> None:
        one, other = devices
        async with listening(other) as ear, announced(one, NEAR, ONE) as near:
            assert ports(await ear.sighting(ONE)) == {NEAR}
            assert await near.rest() == []
