"""
What every kind of link must do, as tests that anybody can run on theirs.

Needs pytest and pytest-asyncio. Say how the links of one more device are made, and where it is
dialled when :meth:`~whisker_sync.transport.link.Links.listen` has returned a port::

    class TestMine(LinksSuite):
        @pytest.fixture
        def make(self, tmp_path):
            return lambda: my_package.Links(tmp_path)

        def address_of(self, links, port):
            return Address(str(links.path), port)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass

import pytest

from whisker_sync.errors import CannotConnect, LinkClosed
from whisker_sync.ids import Address
from whisker_sync.transport.link import Link, Links

SECONDS = 15.0
"""How long anything here may take."""

NAP = 1.0
"""Seconds after which something that waits is believed to wait."""

BINDING_BYTES = 32
FRAME_BYTES = 1 << 20
"""The largest frame that is ever sent."""


@dataclass
class Pair:
    """Two devices, and a link from one to the other."""

    near: Links
    far: Links
    where: Address
    """Where ``far`` is dialled."""

    ours: Link
    """The end of ``near``, which dialled."""

    theirs: Link
    """The end of ``far``."""


Make = Callable[[], Links]


class LinksSuite:
    """Tests of a kind of link; see the module."""

    pytestmark = pytest.mark.asyncio

    @pytest.fixture
    def make(self) -> Make:
        """How the links of a device are made: to be said by whoever runs this."""
        raise NotImplementedError

    def address_of(self, links: Links, port: int) -> Address:
        """Where links are dialled that listen: to be said by whoever runs this."""
        raise NotImplementedError

    @pytest.fixture
    async def pair(self, make: Make) -> AsyncIterator[Pair]:
        """Two devices, linked."""
        near, far = make(), make()
        await near.listen()
        where = self.address_of(far, await far.listen())
        async with asyncio.timeout(SECONDS):
            ours = await near.dial([where])
            theirs = await far.accept()
        theirs.prove()
        try:
            yield Pair(near, far, where, ours, theirs)
        finally:
            for link in (ours, theirs):
                link.abort()
            for links in (near, far):
                links.stop()
                await links.close()

    # What is carried.

    async def test_frames_arrive_whole_and_in_order(self, pair: Pair) -> None:
        frames = [b"%d" % i * (i + 1) for i in range(100)]
        for sender, receiver in ((pair.ours, pair.theirs), (pair.theirs, pair.ours)):
            async with asyncio.timeout(SECONDS):
                receiving = asyncio.ensure_future(_receive(receiver, len(frames)))
                for frame in frames:
                    await sender.send(frame)
                assert await receiving == frames

    async def test_both_ways_at_once_nothing_is_mixed_up(self, pair: Pair) -> None:
        out, back = [b"out%d" % i for i in range(200)], [b"back%d" % i for i in range(200)]
        async with asyncio.timeout(SECONDS):
            _, _, at_theirs, at_ours = await asyncio.gather(
                _send(pair.ours, out),
                _send(pair.theirs, back),
                _receive(pair.theirs, len(out)),
                _receive(pair.ours, len(back)),
            )
        assert (at_theirs, at_ours) == (out, back)

    async def test_an_empty_frame_is_a_frame(self, pair: Pair) -> None:
        async with asyncio.timeout(SECONDS):
            await _send(pair.ours, [b"", b"x"])
            assert await _receive(pair.theirs, 2) == [b"", b"x"]

    async def test_the_largest_frame_is_carried(self, pair: Pair) -> None:
        frame = bytes(range(256)) * (FRAME_BYTES // 256)
        async with asyncio.timeout(SECONDS):
            _, received = await asyncio.gather(pair.ours.send(frame), pair.theirs.receive())
        assert received == frame

    async def test_who_sends_waits_for_who_does_not_receive(self, pair: Pair) -> None:
        frames = [b"%4d" % i + bytes(FRAME_BYTES - 4) for i in range(128)]
        sending = asyncio.ensure_future(_send(pair.ours, frames))
        _, waiting = await asyncio.wait({sending}, timeout=NAP)
        assert waiting, "all of 128 MiB was taken although nobody received"
        async with asyncio.timeout(4 * SECONDS):
            assert await _receive(pair.theirs, len(frames)) == frames
            await sending

    async def test_links_side_by_side_do_not_mix(self, pair: Pair) -> None:
        async with asyncio.timeout(SECONDS):
            ours = await pair.near.dial([pair.where])
            theirs = await pair.far.accept()
            theirs.prove()
            await ours.send(b"second")
            await pair.ours.send(b"first")
            assert await pair.theirs.receive() == b"first"
            assert await theirs.receive() == b"second"
        ours.abort()
        theirs.abort()

    # What both ends know.

    async def test_both_ends_have_one_binding(self, pair: Pair) -> None:
        assert pair.ours.binding == pair.theirs.binding
        assert len(pair.ours.binding) == BINDING_BYTES

    async def test_no_other_device_has_the_binding(self, pair: Pair, make: Make) -> None:
        other = make()
        where = self.address_of(other, await other.listen())
        async with asyncio.timeout(SECONDS):
            link = await pair.near.dial([where])
            theirs = await other.accept()
        assert link.binding != pair.ours.binding
        for each in (link, theirs):
            each.abort()
        other.stop()
        await other.close()

    async def test_who_dialled_knows_where_the_other_end_is(self, pair: Pair) -> None:
        assert pair.ours.address == pair.where

    # The end.

    async def test_the_other_side_learns_why_a_link_ends(self, pair: Pair) -> None:
        async with asyncio.timeout(SECONDS):
            receiving = asyncio.ensure_future(_receive(pair.theirs, 2))
            await pair.ours.send(b"last words")
            await pair.ours.close("stopping, naïvely")
            with pytest.raises(LinkClosed, match="stopping, naïvely"):
                await receiving

    async def test_what_was_sent_before_the_end_arrives(self, pair: Pair) -> None:
        async with asyncio.timeout(SECONDS):
            receiving = asyncio.ensure_future(pair.theirs.receive())
            await pair.ours.send(b"last words")
            await pair.ours.close("stopping")
            assert await receiving == b"last words"

    async def test_an_abort_is_noticed(self, pair: Pair) -> None:
        async with asyncio.timeout(SECONDS):
            receiving = asyncio.ensure_future(pair.theirs.receive())
            pair.ours.abort()
            with pytest.raises(LinkClosed):
                await receiving

    async def test_nothing_goes_on_an_ended_link(self, pair: Pair) -> None:
        async with asyncio.timeout(SECONDS):
            await pair.ours.close("stopping")
            for link in (pair.ours, pair.theirs):
                with pytest.raises(LinkClosed):
                    await link.receive()
                with pytest.raises(LinkClosed):
                    await _send_on(link)

    async def test_ending_twice_is_fine(self, pair: Pair) -> None:
        async with asyncio.timeout(SECONDS):
            pair.ours.abort()
            await pair.ours.close("stopping")
            pair.ours.abort()

    # Dialling and listening.

    async def test_when_nobody_answers_it_says_so(self, pair: Pair, make: Make) -> None:
        gone = make()
        where = self.address_of(gone, await gone.listen())
        gone.stop()
        await gone.close()
        async with asyncio.timeout(SECONDS):
            with pytest.raises(CannotConnect):
                await pair.near.dial([where])
            with pytest.raises(CannotConnect):
                await pair.near.dial([])

    async def test_one_address_that_answers_is_enough(self, pair: Pair, make: Make) -> None:
        gone = make()
        where = self.address_of(gone, await gone.listen())
        gone.stop()
        await gone.close()
        async with asyncio.timeout(SECONDS):
            link = await pair.near.dial([where, pair.where])
        assert link.address == pair.where
        link.abort()

    async def test_who_stops_lets_nobody_in_and_keeps_its_links(self, pair: Pair) -> None:
        pair.far.stop()
        async with asyncio.timeout(SECONDS):
            with pytest.raises((CannotConnect, LinkClosed)):
                await (await pair.near.dial([pair.where])).receive()
            await pair.ours.send(b"still here")
            assert await pair.theirs.receive() == b"still here"

    async def test_closing_ends_all_that_came_in(self, pair: Pair) -> None:
        async with asyncio.timeout(SECONDS):
            receiving = asyncio.ensure_future(pair.ours.receive())
            await pair.far.close()
            with pytest.raises(LinkClosed):
                await receiving

    async def test_who_never_listened_may_stop_and_close(self, make: Make) -> None:
        links = make()
        links.stop()
        await links.close()


async def _send(link: Link, frames: list[bytes]) -> None:
    for frame in frames:
        await link.send(frame)


async def _send_on(link: Link) -> None:
    """Send until that fails: what is underway when the other side ends may still seem to go."""
    with suppress(TimeoutError):
        async with asyncio.timeout(SECONDS / 3):
            while True:
                await link.send(b"x")
                await asyncio.sleep(0.01)


async def _receive(link: Link, count: int) -> list[bytes]:
    return [await link.receive() for _ in range(count)]
