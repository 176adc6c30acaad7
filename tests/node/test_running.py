"""Tests for :mod:`whisker_sync.node.running`: a real peer and its thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path

import pytest

from tests.node.test_node import Author
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.files import FileSeen
from whisker_sync.manuscript.schema import STORY
from whisker_sync.node.node import Node
from whisker_sync.node.running import LARGE, Running, now_ms
from whisker_sync.peer.inputs import FilesSeen, weight

CAVE = StoryPath("cave.twee")


def saved(content: bytes | None, path: StoryPath = CAVE) -> FilesSeen:
    return FilesSeen((FileSeen(path, content),), now_ms())


def large(word: str = "dark") -> bytes:
    """Return a story that is large by one byte, or some more."""
    head = b":: Cave\n"
    return head + (word.encode() + b" ") * (LARGE // (len(word) + 1) + 1)


def is_apart(running: Running) -> bool:
    """Tell whether the thread has something in hand."""
    return running._apart is not None


@pytest.fixture
def alice(tmp_path: Path) -> Author:
    return Author(tmp_path, "alice")


def files_of(node: Node) -> tuple[StoryPath, ...]:
    return node._running.peer.files()


def test_an_input_is_large_from_so_many_bytes_on() -> None:
    assert weight(saved(b"x" * LARGE)) == LARGE
    assert weight(saved(None)) == 0


async def test_the_loop_goes_on_while_a_large_save_is_handled(alice: Author) -> None:
    async with alice.online() as node:
        running = node._running
        running.feed(saved(b"x" * LARGE))
        assert is_apart(running)  # feed() came back before that was done
        await running.until_idle()
        assert files_of(node) == (CAVE,)


async def test_a_small_save_is_handled_at_once(alice: Author) -> None:
    async with alice.online() as node:
        node._running.feed(saved(b"x" * (LARGE - 1)))
        assert not is_apart(node._running)
        assert files_of(node) == (CAVE,)


async def test_what_is_told_meanwhile_is_handled_afterwards_and_in_order(alice: Author) -> None:
    async with alice.online() as node:
        node._running.feed(saved(large()))
        node._running.feed(saved(large("light")))
        node._running.feed(saved(last := b":: Cave\nNothing is left.\n"))
        await node._running.until_idle()
        assert node._running.peer.hashes() == {CAVE: sha256(last).digest()}


async def test_who_waits_may_look_between_two_large_saves(alice: Author) -> None:
    async with alice.online() as node:
        running = node._running
        for word in ("dark", "light", "cold"):
            running.feed(saved(large(word)))
        await running.until_free()
        assert running._inputs
        assert running.peer.hashes() == {CAVE: sha256(large("dark")).digest()}
        await running.until_durable()
        assert running.peer.hashes() == {CAVE: sha256(large("cold")).digest()}


def set_milestone(node: Node) -> Awaitable[None]:
    return node.set_milestone("First draft")


def journal(node: Node) -> Awaitable[None]:
    return node._running.writer.run(lambda: None)


def disk(node: Node) -> Awaitable[None]:
    return node._disk.look()


@pytest.mark.parametrize(("wait", "row"), [(set_milestone, journal), (Node.look, disk)])
async def test_what_is_waited_for_is_handled_behind_a_large_save(
    alice: Author, wait: Callable[[Node], Awaitable[None]], row: Callable[[Node], Awaitable[None]]
) -> None:
    """``row`` is where it waits its turn: what comes back there behind it, comes later."""
    goes_on = threading.Event()
    async with alice.online() as node:
        node._running._thread.submit(goes_on.wait)
        node._running.feed(saved(large()))
        waits = asyncio.ensure_future(wait(node))
        await asyncio.sleep(0)
        await row(node)
        for _ in range(100):
            await asyncio.sleep(0)
        is_done = waits.done()
        goes_on.set()
        assert not is_done
        await waits
        assert not node._running._inputs


async def test_who_looks_sees_all_that_was_told(alice: Author) -> None:
    async with alice.online() as node:
        node._running.feed(saved(large()))
        node._running.feed(saved(b":: Way out\n", StoryPath("out.twee")))
        assert files_of(node) == (CAVE, StoryPath("out.twee"))  # without any await
        await asyncio.sleep(0)
        assert files_of(node) == (CAVE, StoryPath("out.twee"))


async def test_once_a_document_is_lent_all_is_handled_on_the_loop(alice: Author) -> None:
    async with alice.online() as node:
        node.document(STORY)
        node._running.feed(saved(large()))
        assert not is_apart(node._running)


async def test_to_look_at_the_story_lends_nothing(alice: Author) -> None:
    async with alice.online() as node:
        assert not node.story.roots()
        node._running.feed(saved(large()))
        assert is_apart(node._running)


async def test_what_was_told_before_the_end_is_handled_and_durable(alice: Author) -> None:
    async with alice.online() as node:
        node._running.feed(saved(large()))
    assert files_of(node) == (CAVE,)
    assert node._running.writer.journal.head == node._running.peer.head == 1


async def test_what_breaks_on_the_thread_is_said(alice: Author) -> None:
    async with alice.online() as node:
        node.story.broken = "on purpose"
        node._running.feed(saved(large()))
        with pytest.raises(Exception, match="on purpose"):
            await asyncio.wait_for(node.failed(), 20)
