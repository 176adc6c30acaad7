"""
What finding each other is, whatever it is made of.

What is heard proves nothing: whoever is found is called, and then has to prove that they
belong. What is announced should say nothing either: a tag is noise to all but members.
Whoever makes another way puts it through ``whisker_sync.testing.discoveries``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from whisker_sync.ids import Address


@dataclass(frozen=True, slots=True)
class Sighting:
    """Somebody announces something that may be of interest."""

    instance: str
    """Who; the same as long as they announce."""

    addresses: tuple[Address, ...]
    """Where they may be reached."""

    tag: bytes
    """What they announce; empty: it is not known."""

    lasting: bool = False
    """
    They stay where they are, as if the user had named them: called again and again, whatever
    the tag, and also beyond the networks of this machine.
    """


@dataclass(frozen=True, slots=True)
class Gone:
    """An announcement was taken back."""

    instance: str


class Voice(Protocol):
    """What is announced, if anything is, and the ear for what others announce."""

    def sightings(self) -> AsyncIterator[Sighting | Gone]:
        """
        What is heard of others, from the beginning; never of ourselves. Iterated once.

        Whoever reads slowly need hear the last of each instance only.
        """

    async def retag(self, tag: bytes) -> None:
        """Announce another tag."""

    async def ask(self) -> None:
        """Ask again who is there: everybody is heard of once more."""

    async def refresh(self) -> None:
        """
        The network changed: announce where we are now, and ask.

        Raises:
            OSError: There is no network, for now.
        """

    async def close(self) -> None:
        """Take back what is announced, and hear nothing any more."""


class Discovery(Protocol):
    """How a device finds others of its workspaces."""

    async def announce(self, port: int, tag: bytes) -> Voice:
        """
        Say that somebody with a tag listens at a port, and hear of others.

        Several may be open at once. A tag has 8 bytes.

        Raises:
            OSError: There is no network, for now; it will be tried again.
        """

    async def listen(self) -> Voice:
        """
        Hear of others, and announce nothing.

        Raises:
            OSError: There is no network, for now.
        """
