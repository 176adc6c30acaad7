"""Tests for :mod:`whisker_sync.discovery.lan`: real mDNS, on loopback only."""

from __future__ import annotations

import asyncio
import re

import pytest

from tests.discovery.seeker import HERE, seeker
from whisker_sync.discovery.bouncer import Bouncer
from whisker_sync.discovery.discovery import Sighting
from whisker_sync.discovery.lan import SERVICE
from whisker_sync.ids import Address

ONE, OTHER = b"tag--one", b"tag-othr"


async def test_two_see_each_other_and_one_leaves() -> None:
    async with seeker(1001, ONE) as alice:
        async with seeker(1002, OTHER) as bob:
            seen = await alice.sighting(bob.name)
            assert seen == Sighting(bob.name, (Address(HERE, 1002),), OTHER)
            seen = await bob.sighting(alice.name)
            assert seen == Sighting(alice.name, (Address(HERE, 1001),), ONE)
        await alice.gone(bob.name)


async def test_who_asks_again_hears_again() -> None:
    async with seeker(1003, ONE) as alice, seeker(1004, ONE) as bob:
        await alice.sighting(bob.name)
        await alice.lan.ask()
        await alice.sighting(bob.name)
        await alice.lan.refresh()
        await alice.sighting(bob.name)


async def test_another_tag_is_heard_of() -> None:
    async with seeker(1005, ONE) as alice, seeker(1006, ONE) as bob:
        await alice.sighting(bob.name)
        await bob.lan.retag(OTHER)
        while (await alice.sighting(bob.name)).tag != OTHER:
            pass


async def test_nobody_sees_themself() -> None:
    async with seeker(1007, ONE) as alice, seeker(1008, ONE):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await alice.sighting(alice.name)


async def test_names_are_noise_and_new_each_time() -> None:
    async with seeker(1009, ONE) as once, seeker(1009, ONE) as again:
        assert once.name != again.name
        assert re.fullmatch(rf"[0-9a-f]{{16}}\.{re.escape(SERVICE)}", once.name)
        assert once.lan._info.server == once.name.replace(SERVICE, "local.")
        assert set(once.lan._info.properties) == {b"v", b"t"}


async def test_a_bouncer_stands_before_each_socket() -> None:
    async with seeker(1010, ONE) as alice:
        for _ in range(2):
            readers = alice.lan._zeroconf.zeroconf.engine.readers
            assert readers
            for reader in readers:
                bouncer = reader.transport.get_protocol()
                assert isinstance(bouncer, Bouncer)
                assert not isinstance(bouncer._inner, Bouncer)
            await alice.lan.refresh()
