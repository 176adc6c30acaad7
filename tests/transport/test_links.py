"""Our kinds of links do what links must do; the suite finds what is wrong with others."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest

from whisker_sync.errors import LinkClosed
from whisker_sync.ids import Address
from whisker_sync.testing import links as suite
from whisker_sync.testing.links import LinksSuite, Make, Pair
from whisker_sync.transport.lan import LanLinks
from whisker_sync.transport.link import Links
from whisker_sync.transport.memory import MemoryLink, MemoryLinks, Switchboard

HERE = "127.0.0.1"
Suite = LinksSuite


class TestLan(LinksSuite):
    @pytest.fixture
    def make(self) -> Make:
        return lambda: LanLinks(interface=HERE)

    def address_of(self, links: Links, port: int) -> Address:
        return Address(HERE, port)


class TestMemory(LinksSuite):
    @pytest.fixture
    def make(self) -> Make:
        return Switchboard().links

    def address_of(self, links: Links, port: int) -> Address:
        assert isinstance(links, MemoryLinks)
        return links.address


async def loses_frames(self: MemoryLink, frame: bytes) -> None:
    if secrets.randbelow(10):
        await self._out.put(frame)


async def never_waits(self: MemoryLink, frame: bytes) -> None:
    self._out.frames.append(frame)
    self._out._filled.set()


async def swaps(self: MemoryLink, frame: bytes) -> None:
    self._out.frames.appendleft(frame)
    self._out._filled.set()


async def silent(self: MemoryLink, reason: str) -> None:
    self.abort()


async def hasty(self: MemoryLink, reason: str) -> None:
    self._out.frames.clear()
    for line in (self._out, self._into):
        line.end(reason)


def deaf(self: MemoryLink) -> None:
    self._into.end("over")


FOUND: list[tuple[str, Callable[..., Any], Callable[..., Any]]] = [
    ("send", loses_frames, Suite.test_frames_arrive_whole_and_in_order),
    ("send", swaps, Suite.test_both_ways_at_once_nothing_is_mixed_up),
    ("send", never_waits, Suite.test_who_sends_waits_for_who_does_not_receive),
    ("send", never_waits, Suite.test_nothing_goes_on_an_ended_link),
    ("close", silent, Suite.test_the_other_side_learns_why_a_link_ends),
    ("close", hasty, Suite.test_what_was_sent_before_the_end_arrives),
    ("abort", deaf, Suite.test_an_abort_is_noticed),
]


@pytest.fixture
async def pair() -> Any:
    board = Switchboard()
    near, far = board.links(), board.links()
    await far.listen()
    ours = await near.dial([far.address])
    return Pair(near, far, far.address, ours, await far.accept())


@pytest.mark.parametrize(
    ("method", "wrong", "test"), FOUND, ids=lambda each: getattr(each, "__name__", str(each))
)
async def test_a_link_that_is_wrong_is_found(
    method: str,
    wrong: Callable[..., Any],
    test: Callable[..., Any],
    pair: Pair,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(suite, "SECONDS", 1.0)
    monkeypatch.setattr(MemoryLink, method, wrong)
    with pytest.raises((AssertionError, TimeoutError, LinkClosed, pytest.fail.Exception)):
        await test(Suite(), pair)


@pytest.mark.parametrize("test", [test for _, _, test in FOUND], ids=lambda each: each.__name__)
async def test_a_link_that_is_right_is_not(test: Callable[..., Any], pair: Pair) -> None:
    await test(Suite(), pair)
