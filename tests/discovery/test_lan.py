"""Tests for :mod:`whisker_sync.discovery.lan`: real mDNS, on loopback only."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator

import pytest

from whisker_sync.discovery.lan import Gone, Lan, Sighting
from whisker_sync.ids import Address

HERE = "127.0.0.1"
ONE, OTHER = b"tag--one", b"tag-othr"


class Seeker:
    """A :class:`Lan` and what it heard."""

    def __init__(self, lan: Lan, name: str) -> None:
        self.lan = lan
        self.name = f"{name}._whisker-sync._tcp.local."
        self._heard: AsyncIterator[Sighting | Gone] = lan.sightings()

    @classmethod
    async def start(cls, port: int, tag: bytes) -> Seeker:
        name = secrets.token_hex(8)
        return cls(await Lan.open(port, tag, name, HERE), name)

    async def until(self, name: str, kind: type[Sighting | Gone]) -> Sighting | Gone:
        async with asyncio.timeout(15):
            async for heard in self._heard:
                if heard.instance == name and isinstance(heard, kind):
                    return heard
        raise AssertionError


async def test_two_see_each_other_and_one_leave() -> None:
    alice = await Seeker.start(1001, ONE)
    bob = await Seeker.start(1002, OTHER)
    seen = await alice.until(bob.name, Sighting)
    assert seen == Sighting(bob.name, (Address(HERE, 1002),), OTHER)
    assert await bob.until(alice.name, Sighting) == Sighting(
        alice.name, (Address(HERE, 1001),), ONE
    )
    await bob.lan.close()
    await alice.until(bob.name, Gone)
    await alice.lan.close()


async def test_who_asks_again_hears_again() -> None:
    alice = await Seeker.start(1003, ONE)
    bob = await Seeker.start(1004, ONE)
    await alice.until(bob.name, Sighting)
    await alice.lan.ask()
    await alice.until(bob.name, Sighting)
    await alice.lan.refresh()
    await alice.until(bob.name, Sighting)
    await alice.lan.close()
    await bob.lan.close()


async def test_another_tag_is_heard_of() -> None:
    alice = await Seeker.start(1005, ONE)
    bob = await Seeker.start(1006, ONE)
    await alice.until(bob.name, Sighting)
    await bob.lan.retag(OTHER)
    async with asyncio.timeout(15):
        while True:
            seen = await alice.until(bob.name, Sighting)
            if isinstance(seen, Sighting) and seen.tag == OTHER:
                break
    await alice.lan.close()
    await bob.lan.close()


async def test_nobody_sees_themself() -> None:
    alice = await Seeker.start(1007, ONE)
    bob = await Seeker.start(1008, ONE)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await alice.until(alice.name, Sighting)
    await alice.lan.close()
    await bob.lan.close()
