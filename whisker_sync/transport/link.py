"""
What a link is, whatever it is made of.

A link carries frames whole and in order, both ways, until it ends; then everything
on it says :exc:`~whisker_sync.errors.LinkClosed` with the reason. Whoever adds a kind of
link puts it through ``whisker_sync.testing.links``.
"""

from __future__ import annotations

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
