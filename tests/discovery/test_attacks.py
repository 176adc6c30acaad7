"""Attacks on discovery, each by its name: real mDNS on loopback, from somebody who lies."""

from __future__ import annotations

import asyncio
import sys

import pytest

from tests.discovery.mallory import Mallory
from tests.discovery.seeker import HERE, Seeker, instance, seeker, until
from whisker_sync.discovery import limits
from whisker_sync.discovery.discovery import Sighting
from whisker_sync.ids import Address

TAG = b"tag--one"
# All processes of a machine hear one group: the flood of a test beside this one drowns it.
pytestmark = [
    pytest.mark.alone,
    pytest.mark.skipif(
        sys.platform != "linux", reason="elsewhere loopback has one address, or no multicast"
    ),
]


async def told_until_the_last(alice: Seeker, mallory: Mallory) -> list[Sighting]:
    """What Alice is told, up to an announcement that is in order and comes last."""
    mallory.announce("last", tag=TAG.hex().encode())
    heard = await alice.until(lambda each: each.instance == instance("last"))
    return [each for each in heard[:-1] if isinstance(each, Sighting)]


async def test_mdns_spoof_that_leads_beyond_this_network() -> None:
    beyond = ["8.8.8.8", "::ffff:8.8.8.8", "0.0.0.0", "2600::1"]  # noqa: S104 - nobody binds
    async with seeker(1001, TAG) as alice:
        with Mallory() as mallory:
            mallory.announce("beyond", hosts=beyond)
            mallory.announce("both", hosts=[*beyond, "10.1.2.3"])
            seen = await told_until_the_last(alice, mallory)
    assert [each.addresses for each in seen] == [(Address("10.1.2.3", 1),)]


async def test_mdns_spoof_that_leads_to_ourselves() -> None:
    async with seeker(1002, TAG) as alice:
        with Mallory() as mallory:
            mallory.announce("us", port=1002, hosts=[HERE])
            assert await told_until_the_last(alice, mallory) == []


@pytest.mark.parametrize(
    ("version", "tag"),
    [
        *((b"1", None), (b"1", b""), (b"1", b"0" * 15), (b"1", b"0" * 18), (b"1", b"0" * 200)),
        *((b"1", b"x" * 16), (b"1", b"\xff" * 16), (b"2", b"0" * 16), (b"", b"0" * 16)),
    ],
)
async def test_mdns_spoof_with_another_version_or_no_tag(version: bytes, tag: bytes | None) -> None:
    async with seeker(1003, TAG) as alice:
        with Mallory() as mallory:
            mallory.announce("odd", version=version, tag=tag)
            assert await told_until_the_last(alice, mallory) == []


async def test_mdns_spoof_with_many_addresses() -> None:
    hosts = [f"10.0.0.{i}" for i in range(1, limits.MAX_ADDRESSES + 2)]
    async with seeker(1004, TAG) as alice:
        with Mallory() as mallory:
            mallory.announce("enough", hosts=hosts[:-1])
            mallory.announce("too many", hosts=hosts)
            seen = await told_until_the_last(alice, mallory)
    assert [len(each.addresses) for each in seen] == [limits.MAX_ADDRESSES] * 2


async def test_mdns_garbage() -> None:
    async with seeker(1005, TAG) as alice:
        with Mallory() as mallory:
            for packet in (b"", b"\x00", b"\xff" * 12, b"\x00\x00\x84\x00" + b"\xff" * 1000):
                mallory.send(packet)
            # A name that points to itself.
            mallory.send(
                b"\x00\x00\x84\x00\x00\x00\x00\x01\x00\x00\x00\x00\xc0\x0c\x00\x0c\x00\x01"
            )
            assert await told_until_the_last(alice, mallory) == []


async def flood(mallory: Mallory, names: range, *, only_names: bool = False) -> None:
    """Announce invented instances, ten in a packet."""
    for first in names[::10]:
        several = (f"x{i}" for i in range(first, first + 10))
        mallory.announce(*several, only_names=only_names)
        if first % 100 == 0:
            await asyncio.sleep(0.01)  # Alice's loop is ours, too


async def test_mdns_flood_leaves_room_for_who_is_really_there() -> None:
    async with seeker(1006, TAG) as alice:
        with Mallory() as mallory:
            await flood(mallory, range(10_000))
            async with seeker(1007, TAG) as bob:
                assert (await alice.sighting(bob.name)).tag == TAG
        assert len(alice.lan._waiting) <= limits.MAX_WAITING


async def test_mdns_flood_to_whom_nobody_listens_stays_small() -> None:
    """Each thousand comes from another address, and nobody takes what is told."""
    async with seeker(1008, TAG) as alice:
        cache = alice.lan._zeroconf.zeroconf.cache.cache
        most = 0
        for i in range(3 * limits.MAX_HEARD // 1000):
            with Mallory(f"127.0.1.{i + 1}") as mallory:
                await flood(mallory, range(1000 * i, 1000 * (i + 1)))
            await until(lambda i=i: instance(f"x{1000 * i + 999}") in cache)  # type: ignore[misc]
            most = max(most, len(cache))
        assert alice.lan._asking is not None  # it forgot them at least once
        assert len(alice.lan._waiting) == limits.MAX_WAITING
        assert most < 2.5 * limits.MAX_HEARD  # an instance has two names


async def test_mdns_flood_of_names_without_more() -> None:
    """Each of them would have to be asked for."""
    async with seeker(1009, TAG) as alice:
        with Mallory() as mallory:
            await flood(mallory, range(3000), only_names=True)
            await until(lambda: len(alice.lan._resolving) == limits.MAX_RESOLVING)
            async with seeker(1010, TAG) as bob:
                await alice.sighting(bob.name)
            assert len(alice.lan._resolving) <= limits.MAX_RESOLVING


async def test_mdns_spoofed_goodbye_is_told_and_mended_by_asking() -> None:
    async with seeker(1011, TAG) as alice, seeker(1012, TAG) as bob:
        await alice.sighting(bob.name)
        with Mallory() as mallory:
            mallory.announce(bob.name.split(".", maxsplit=1)[0], port=1012, hosts=[HERE], ttl=0)
            await alice.gone(bob.name)
            await alice.lan.ask()
            await alice.sighting(bob.name)
