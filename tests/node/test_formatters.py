"""Formatters that undo each other, in real folders: whisker_sync.manuscript.formatters."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.node.test_node import HERE, Author, in_sync, until
from whisker_sync.daemon.conflicts import find_in
from whisker_sync.ids import Address
from whisker_sync.manuscript.conflicts import Kind
from whisker_sync.node.node import Node

STORY = ':: Cave\nIt is "dark" in here.\n    Go [[on|End]].\n\n:: End\nThe end.\n'
QUIET_SECONDS = 1.5
MAX_RUNS = 12

pytestmark = pytest.mark.alone


def english(text: str) -> str:
    return re.sub(r"^    ", "\t", text.replace("«dark»", '"dark"'), flags=re.MULTILINE)


def french(text: str) -> str:
    return re.sub(r"^\t", "    ", text.replace('"dark"', "«dark»"), flags=re.MULTILINE)


class Tool:
    """A program that formats a file whenever it has changed, as formatters do that watch."""

    def __init__(self, file: Path, form: Callable[[str], str]) -> None:
        self.file = file
        self.form = form
        self.runs = 0

    async def watch(self) -> None:
        while True:
            if self.file.exists():
                text = self.file.read_text("utf-8")
                if self.form(text) != text:
                    self.runs += 1
                    assert self.runs <= MAX_RUNS, "it formats for ever"
                    self.file.write_text(self.form(text), "utf-8")
            await asyncio.sleep(0.05)


@asynccontextmanager
async def working(*tools: Tool) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(tool.watch()) for tool in tools]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for done in await asyncio.gather(*tasks, return_exceptions=True):
            assert isinstance(done, asyncio.CancelledError), done


async def until_quiet(*tools: Tool) -> None:
    """Wait until the tools have nothing to do for a while."""
    async with asyncio.timeout(60):
        while True:
            before = [tool.runs for tool in tools]
            await asyncio.sleep(QUIET_SECONDS)
            if [tool.runs for tool in tools] == before:
                return


async def apart(node: Node) -> list[tuple[set[str], str | None]]:
    """Who formats which passage in two ways, as far as a device lists it."""
    found = [each for each in await find_in(node) if each.kind is Kind.FORMAT]
    return [({side.person for side in each.sides}, each.passage) for each in found]


async def test_two_tools_that_undo_each_other_come_to_rest_are_listed_and_words_go_on(
    tmp_path: Path,
) -> None:
    alice, bob = Author.pair(tmp_path)
    ours, theirs = alice.folder / "cave.twee", bob.folder / "cave.twee"
    ours.write_text(STORY, "utf-8")
    async with alice.online() as a, bob.online() as b:
        b.connect(Address(HERE, a.port))
        await until(lambda: "cave.twee" in bob.files(), a, b)
        await in_sync(a, b)
        tools = Tool(ours, english), Tool(theirs, french)
        async with working(*tools):
            await until_quiet(*tools)
            await in_sync(a, b)
            assert sum(tool.runs for tool in tools) <= MAX_RUNS
            texts = ours.read_text("utf-8"), theirs.read_text("utf-8")
            assert texts == (english(STORY), french(STORY))
            listed = [*await apart(a), *await apart(b)]
            assert listed
            assert all(each == ({"alice", "bob"}, "Cave") for each in listed)
            theirs.write_text(texts[1].replace("The end", "The very end"), "utf-8")
            await until(lambda: "The very end" in ours.read_text("utf-8"), a, b)
            theirs.write_text(theirs.read_text("utf-8").replace("dark", "gloomy"), "utf-8")
            await until(lambda: "gloomy" in ours.read_text("utf-8"), a, b)
            await until_quiet(*tools)
        await in_sync(a, b)
        assert a.status.digest == b.status.digest
