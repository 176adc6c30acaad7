"""
What one process does after a while, if it still lives then.

Everything that takes time goes through here, so that two things hold for all of it: what a
process was about to do dies with it, and while its machine sleeps it stands still. What came due
meanwhile is made up for when it wakes, in the same order, all at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whisker_sync.testing.world import World


class Timers:
    """The timers of one process."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._frozen: deque[Callable[[], None]] = deque()
        self.is_over = False
        """The process has ended; nothing happens here any more."""

        self.is_asleep = False
        """The process stands still."""

    @property
    def now(self) -> float:
        """The time of the world, in seconds."""
        return self._world.now

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something after a while."""
        self.at(self._world.now + seconds, action)

    def wait(self, least: float, most: float) -> float:
        """How long something takes: mostly short, now and then long."""
        return self._world.wait(least, most)

    def within(self, least: float, most: float, action: Callable[[], None]) -> None:
        """Do something that takes so long."""
        self.after(self.wait(least, most), action)

    def at(self, time: float, action: Callable[[], None]) -> None:
        """Do something at a time."""
        self._world.at(time, lambda: self.run(action))

    def run(self, action: Callable[[], None]) -> None:
        """Do something now; if the process stands still, when it goes on."""
        if self.is_over:
            return
        if self.is_asleep:
            self._frozen.append(lambda: self.run(action))
        else:
            action()

    def wake(self) -> None:
        """Go on, and make up for what came due meanwhile."""
        self.is_asleep = False
        while self._frozen and not self.is_asleep:
            self._frozen.popleft()()
