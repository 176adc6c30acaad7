"""
Somebody who calls a machine without being one: a connection, and who is at the other end of it.

A visitor has no process, no files and no clock. It is made for one conversation, hears what the
machine says by :meth:`Visitor.tell`, and is gone when either side hangs up.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from whisker_sync.ids import Address, LinkId
from whisker_sync.peer.inputs import FrameArrived, Input
from whisker_sync.testing.network import Connection, End

if TYPE_CHECKING:
    from whisker_sync.testing.machine import Machine
    from whisker_sync.testing.world import World

LATENCY = 0.001
"""Seconds from a visitor to the machine, one way."""


class Visitor(ABC):
    """Whoever stands before one machine; a subclass says what it :meth:`hears <hear>`."""

    def __init__(self, world: World, machine: Machine, name: str) -> None:
        self.name = name
        self.life = 1
        self._machine = machine
        self._end = End(self, LinkId(1))
        self._theirs = machine.new_end()
        self._connection = Connection(world, self._end, self._theirs, latency=LATENCY)

    @property
    def is_asleep(self) -> bool:
        """It never sleeps."""
        return False

    @property
    def clock(self) -> int:
        """It has none."""
        return 0

    def knock(self, address: Address) -> None:
        """Let the machine know of the connection, as one from an address."""
        self._machine.take(self._connection, self._theirs, None, address)

    def forget(self, link: LinkId) -> None:  # noqa: B027 - nothing of it has to stop
        """Stop: the machine hung up."""

    def tell(self, input_: Input) -> None:
        """Learn what happened; only what the machine says is of interest."""
        if isinstance(input_, FrameArrived):
            self.hear(input_.frame)

    @abstractmethod
    def hear(self, frame: bytes) -> None:
        """Hear what the machine says."""

    def send(self, frame: bytes) -> None:
        """Say something to the machine."""
        self._connection.send(self._end, frame)

    def leave(self, reason: str) -> None:
        """Hang up."""
        self._connection.hang_up(self._end, reason)
