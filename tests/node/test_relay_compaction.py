"""Snapshots that take the place of what was left at a relay: real nodes, a real relay."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.daemon.relays import Relay
from tests.node.test_node import Author
from whisker_sync.identity.keyring import key_ring
from whisker_sync.identity.mailbox import MailboxKey
from whisker_sync.node.node import Node
from whisker_sync.node.postman import open_relay
from whisker_sync.node.settings import load_papers
from whisker_sync.peer import snapshots
from whisker_sync.transport import relay as client
from whisker_sync.wire import relay as wire

pytestmark = pytest.mark.waits

SECONDS = 60.0
PICTURE = Random(1).randbytes(400_000)  # two pieces


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relay]:
    started = Relay(tmp_path)
    started.start()
    yield started
    started.kill()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot after a few entries, and soon."""
    monkeypatch.setattr(snapshots, "SNAPSHOT_ENTRIES", 6)
    monkeypatch.setattr(snapshots, "SNAPSHOT_SECONDS", 0.2)


@asynccontextmanager
async def online(author: Author, relay: Relay) -> AsyncIterator[Node]:
    """One author alone with the relay."""
    async with author.online() as node:
        await node.use_relay(f"http://127.0.0.1:{relay.port}")
        yield node


async def exchanged(node: Node) -> None:
    async with asyncio.timeout(SECONDS):
        await node.look()
        await node.until(lambda status: status.relay.reached)
        await node.until(lambda status: status.settled and status.relay.settled)


async def write(author: Author, node: Node, *numbers: int) -> None:
    for number in numbers:
        (author.folder / f"{number}.twee").write_text(f":: P{number}\nWords {number}.\n")
        await exchanged(node)


async def state(author: Author, relay: Relay) -> dict[str, int]:
    """What the relay says of the mailbox."""
    key = key_ring(load_papers(author.layout), author.user.key).key
    assert key is not None
    box = MailboxKey.of_epoch(key)
    asking = open_relay(f"http://127.0.0.1:{relay.port}", lambda _: None)
    try:
        target = wire.mailbox_target(box.mailbox)
        found: dict[str, int] = await asking._ask(box, "GET", target, b"", client.Answer.fields)
        return found
    finally:
        await asking.close()


async def until_trimmed(author: Author, relay: Relay) -> dict[str, int]:
    async with asyncio.timeout(SECONDS):
        while (found := await state(author, relay))["first"] == 1:  # noqa: ASYNC110 - a stranger
            await asyncio.sleep(0.1)
    return found


async def test_a_confirmed_member_reads_everything_from_the_relay_alone_with_nobody_online(
    tmp_path: Path, relay: Relay, caplog: pytest.LogCaptureFixture
) -> None:
    alice = Author(tmp_path, "alice")
    (alice.folder / "map.png").write_bytes(PICTURE)
    async with online(alice, relay) as node:
        await write(alice, node, *range(12))
        found = await until_trimmed(alice, relay)
    assert found["snapshot"] > 0
    assert found["head"] - found["first"] < 8
    bob = alice.invite(tmp_path, "bob")
    async with online(bob, relay) as node, asyncio.timeout(SECONDS):
        await node.until(lambda status: status.relay.told and status.relay.settled)
        while bob.files() != alice.files():
            await node.until_changed()
        assert node.status.relay.missing == 0
        assert node.status.digest
        await write(bob, node, 100)
    assert "missing" not in caplog.text  # a gap that was trimmed is no alarm
    assert "forgotten" not in caplog.text
    async with online(alice, relay) as node, asyncio.timeout(SECONDS):
        await exchanged(node)
        while alice.files() != bob.files():
            await node.until_changed()


async def test_two_who_compact_at_once_lose_nothing(tmp_path: Path, relay: Relay) -> None:
    alice, bob = Author.pair(tmp_path)
    async with online(alice, relay) as one, online(bob, relay) as other:
        for number in range(0, 24, 2):
            await asyncio.gather(write(alice, one, number), write(bob, other, number + 1))
        await until_trimmed(alice, relay)
        async with asyncio.timeout(SECONDS):
            while alice.files() != bob.files():
                await asyncio.wait(
                    [asyncio.ensure_future(node.until_changed()) for node in (one, other)],
                    return_when=asyncio.FIRST_COMPLETED,
                )
        assert one.status.relay.missing == other.status.relay.missing == 0
    carol = alice.invite(tmp_path, "carol")
    async with online(carol, relay) as node, asyncio.timeout(SECONDS):
        while carol.files() != alice.files():
            await node.until_changed()


async def test_of_two_snapshots_made_from_the_same_one_only_the_first_counts(
    tmp_path: Path, relay: Relay
) -> None:
    alice = Author(tmp_path, "alice")
    async with online(alice, relay) as node:
        await write(alice, node, 1, 2)
    box = MailboxKey(b"b" * 32)
    both = [open_relay(f"http://127.0.0.1:{relay.port}", lambda _: None) for _ in range(2)]
    try:
        for number in range(4):
            entry = bytes([number]) * 16 + bytes(100)
            await both[0].post(box, entry[:16], entry)
        blobs = [bytes([9, which]) * 8 + bytes(100) for which in range(2)]
        covers = await asyncio.gather(
            *(each.put_snapshot(box, (blob,), 4) for each, blob in zip(both, blobs, strict=True))
        )
        assert set(covers) <= {0, 4}
        assert 4 in covers
        found = await both[1].snapshot(box, 9)
        assert found is not None
        assert found.blobs[0] in blobs
    finally:
        for each in both:
            await each.close()


@pytest.mark.parametrize("when", ["before the snapshot", "between snapshot and trim"])
async def test_who_dies_while_compacting_is_replaced_by_the_next(
    tmp_path: Path, relay: Relay, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    alice = Author(tmp_path, "alice")
    asked = client.Relay._ask

    async def dying(
        self: client.Relay, box: MailboxKey, method: str, target: str, *rest: Any
    ) -> Any:
        last = "/snapshot" if when == "before the snapshot" else "/entries?upto="
        if method in {"PUT", "DELETE"} and last in target:
            reached.set()
            await asyncio.Event().wait()  # and never comes back
        return await asked(self, box, method, target, *rest)

    reached = asyncio.Event()
    with monkeypatch.context() as patch:
        patch.setattr(client.Relay, "_ask", dying)
        async with online(alice, relay) as node, asyncio.timeout(SECONDS):
            for number in range(10):
                (alice.folder / f"{number}.twee").write_text(f":: P{number}\nWords.\n")
                await node.look()
                await asyncio.sleep(0.7)
            await reached.wait()
    assert (await state(alice, relay))["first"] == 1
    bob = alice.invite(tmp_path, "bob")
    async with online(bob, relay) as node, asyncio.timeout(SECONDS):
        while bob.files() != alice.files():
            await node.until_changed()
        await write(bob, node, 50, 51, 52, 53, 54, 55, 56)
        await until_trimmed(bob, relay)
        assert node.status.relay.missing == 0
    async with online(alice, relay) as node, asyncio.timeout(SECONDS):
        while alice.files() != bob.files():
            await node.until_changed()


async def test_a_blob_that_the_relay_has_lost_is_no_snapshot_and_is_left_again(
    tmp_path: Path, relay: Relay
) -> None:
    box = MailboxKey(b"c" * 32)
    asking = open_relay(f"http://127.0.0.1:{relay.port}", lambda _: None)
    try:
        entry = b"e" * 16 + bytes(100)
        await asking.post(box, entry[:16], entry)
        assert await asking.put_snapshot(box, (b"s" * 16 + b"x",), 1, (b"k" * 16,)) == 0
        await asking.put_blob(box, b"k" * 16 + b"content")
        assert await asking.put_snapshot(box, (b"s" * 16 + b"x",), 1, (b"k" * 16,)) == 1
        assert await asking.blob(box, b"k" * 16) == b"k" * 16 + b"content"
    finally:
        await asking.close()
