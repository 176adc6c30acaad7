"""What a node makes of announcements, by real mDNS on loopback, some of them lies."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.discovery.mallory import Mallory
from tests.node.test_node import CAVE, HERE, SECONDS, Author, in_sync, until
from whisker_sync.identity.keyring import key_ring
from whisker_sync.identity.workspace import discovery_tag
from whisker_sync.node.neighbours import hour
from whisker_sync.node.node import Node
from whisker_sync.node.settings import load_papers
from whisker_sync.peer.dialing import MAX_CANDIDATES
from whisker_sync.transport.lan import Listener

# All processes of a machine hear one group: the flood of a test beside this one drowns it.
pytestmark = [
    pytest.mark.alone,
    pytest.mark.skipif(
        sys.platform != "linux", reason="elsewhere loopback has one address, or no multicast"
    ),
]


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Author, Author]:
    alice, bob = Author.pair(tmp_path)
    (alice.folder / "cave.twee").write_text(CAVE)
    return alice, bob


def right_tag(author: Author) -> bytes:
    """What members announce just now."""
    key = key_ring(load_papers(author.layout), author.user.key).key
    assert key is not None
    return discovery_tag(key, hour()).hex().encode()


def is_heard(node: Node) -> bool:
    """Whether a node is announced, and hears others."""
    return node._neighbours is not None and node._neighbours.is_heard


@asynccontextmanager
async def listening(author: Author) -> AsyncIterator[Node]:
    """A node that hears what is announced."""
    async with author.online(lan=True) as node:
        await until(lambda: is_heard(node), node)
        yield node


async def test_who_announces_an_unknown_tag_is_called_all_the_same(
    pair: tuple[Author, Author],
) -> None:
    """Alice's clock is years off; she does not hear of Bob, who has to call."""
    alice, bob = pair
    async with alice.online() as a, listening(bob) as b:
        with Mallory() as announcing:
            announcing.announce("alice", port=a.port, hosts=[HERE], tag=b"0" * 16)
            await in_sync(a, b)


async def test_mdns_spoof_cannot_part_who_is_connected(pair: tuple[Author, Author]) -> None:
    alice, bob = pair
    async with alice.online() as a, listening(bob) as b:
        with Mallory() as mallory:
            tag = right_tag(alice)
            mallory.announce("alice", port=a.port, hosts=[HERE], tag=tag)
            await in_sync(a, b)
            met = b._network.count
            mallory.announce("alice", port=1, hosts=["127.0.0.66"], tag=tag)
            mallory.announce("alice", port=1, hosts=["127.0.0.66"], tag=tag, ttl=0)
            mallory.announce("last", port=a.port, hosts=[HERE], tag=tag)
            (alice.folder / "cave.twee").write_text(CAVE.replace("dark", "pitch dark"))
            await until(lambda: b"pitch" in bob.files().get("cave.twee", b""), a, b)
            await in_sync(a, b)
            assert [peer.connected for peer in b.status.peers] == [True]
            assert b._network.count <= met + 1


async def test_mdns_spoof_with_a_copied_tag_leads_to_a_stranger_who_learns_nothing(
    pair: tuple[Author, Author],
) -> None:
    alice, bob = pair
    listener = await Listener.open(interface=HERE)
    async with alice.online() as a, listening(bob) as b:
        with Mallory() as mallory:
            tag = right_tag(alice)
            mallory.announce("alice", port=listener.port, hosts=[HERE], tag=tag)
            async with asyncio.timeout(SECONDS):
                link = await listener.accept()
            link.abort()
            mallory.announce("alice", port=a.port, hosts=[HERE], tag=tag)
            await in_sync(a, b)
    await listener.close()


async def test_mdns_flood_keeps_no_member_away(pair: tuple[Author, Author]) -> None:
    alice, bob = pair
    async with alice.online() as a, listening(bob) as b:
        with Mallory() as mallory:
            for i in range(2 * MAX_CANDIDATES // 8):
                mallory.announce(*(f"x{i}-{k}" for k in range(8)), hosts=[f"127.0.2.{i + 1}"])
            candidates = b._running.peer._dialing._candidates
            await until(lambda: len(candidates) == MAX_CANDIDATES, b)
            # From another address: of Mallory's nothing more is read in this second.
            with Mallory("127.0.0.67") as announcing:
                announcing.announce("alice", port=a.port, hosts=[HERE], tag=right_tag(alice))
                await in_sync(a, b)
                assert len(candidates) == MAX_CANDIDATES
