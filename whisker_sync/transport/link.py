"""
What a link is, whatever it is made of, and where links come from.

A link carries frames whole and in order, both ways, until it ends; then everything
on it says :exc:`~whisker_sync.errors.LinkClosed` with the reason. Whoever adds a kind of
link puts it through ``whisker_sync.testing.links``.

What is carried is not encrypted a second time: a link must be such that nobody between its
ends can read or change it. Who is at the other end is proven on top of it, over its binding.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Protocol

from whisker_sync.ids import Address


class Link(Protocol):
    """One connection to another machine."""

    @property
    def address(self) -> Address:
        """Where the other side is."""

    @property
    def binding(self) -> bytes:
        """32 bytes that both ends of this connection have, and no other connection has."""

    def prove(self) -> None:
        """Take note that the other side has proven who it is, and may stay."""

    async def send(self, frame: bytes) -> None:
        """
        Send a frame; returns when there is room for the next.

        Raises:
            LinkClosed: The link ended, or nobody at the other side takes frames any more.
        """

    async def receive(self) -> bytes:
        """
        The next frame.

        Raises:
            LinkClosed: The link ended.
        """

    async def close(self, reason: str) -> None:
        """End the link in order, within a second; the other side learns the reason."""

    def abort(self) -> None:
        """End the link at once."""


class Links(Protocol):
    """How one device opens links to others, and is reached by them."""

    async def listen(self) -> int:
        """
        Let others in from here on; called once.

        Returns a number from 1 to 65535: with the host of a link's other end it makes the
        address at which that end is dialled.

        Raises:
            NetworkError: Others cannot reach us.
        """

    async def accept(self) -> Link:
        """The next link that somebody else opened."""

    async def dial(self, addresses: Sequence[Address]) -> Link:
        """
        Open a link to whichever of the addresses answers first.

        Raises:
            CannotConnect: None of them answers within some seconds.
        """

    def stop(self) -> None:
        """Let nobody in any more; the links that there are go on. May come before listening."""

    async def close(self) -> None:
        """Let nobody in any more, and end all links that came in here."""


def bound(binding: bytes, app_id: str) -> bytes:
    """
    What both ends prove over that belong to one kind of program; ``app_id`` empty: ours.

    So programs of another kind are strangers, even if somebody names them an address.
    """
    if not app_id:
        return binding
    return hashlib.sha256(b"whisker-sync app\0" + binding + app_id.encode()).digest()
