"""
Connections as TCP makes them: whole, in order, late, or broken.

A connection never reorders or loses a frame while it lives. What a network does to it is
to delay, to stall while nothing gets through, and to end it: then what was on its way is
gone, and the two ends may learn of it at different times. Disorder comes from there being
several ways between two machines, and from :class:`~whisker_sync.testing.courier.Courier`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from whisker_sync.document import extent
from whisker_sync.ids import DeviceId, LinkId
from whisker_sync.peer.inputs import Drained, FrameArrived, Input, LinkDown
from whisker_sync.wire.codec import decode, encode
from whisker_sync.wire.limits import COMPRESS_FROM
from whisker_sync.wire.messages import Asset, Catch, Message, Push

if TYPE_CHECKING:
    from whisker_sync.testing.world import World

BYTES_PER_SECOND = 10_000_000
"""How fast frames leave a machine: a modest wireless network."""

KEEPALIVE_SECONDS = 6.0
"""How long an end waits for a sign of life at most."""


def _start(message: Message) -> bytes:
    """How the frame of a message begins: with an array, and the number of the message."""
    return encode(message, DeviceId(bytes(32)))[0][:2]


_CATCH = _start(Catch(()))
# Large answers come in parts, as any large message does.
_PUSH = _start(Push(0, ()))
_ANSWERS = (_PUSH, _start(Asset(bytes(32), bytes(COMPRESS_FROM))))


def _brings_nothing(answer: bytes) -> bool:
    """Whether an answer has no edit in it; what was ever deleted is in each of them."""
    if not answer.startswith(_PUSH):
        return False
    message = decode(answer, DeviceId(bytes(32)))
    return isinstance(message, Push) and not any(extent(each.update) for each in message.records)


class Party(Protocol):
    """Who can be at an end of a connection."""

    @property
    def name(self) -> str:
        """What it is called in its world."""

    @property
    def life(self) -> int:
        """Which of its processes runs."""

    @property
    def is_asleep(self) -> bool:
        """Its process stands still, and answers nobody."""

    @property
    def clock(self) -> int:
        """Milliseconds since 1970."""

    def tell(self, input_: Input) -> None:
        """Hear what happened."""

    def forget(self, link: LinkId) -> None:
        """Stop using a connection that ended."""


class End:
    """One end of a connection, as the machine on it sees it."""

    def __init__(self, machine: Party, link: LinkId) -> None:
        self.machine = machine
        self.link = link
        self.life = machine.life
        self.up = True
        """The machine was not told yet that the connection ended."""

        self.closing = False
        """The process wants no more of it; what it gave before still leaves."""

        self.drops = 0
        """How often what had not left yet was forgotten."""

        self.empty_at = 0.0
        """When all that was given to this end will have left."""

        self.arrives_at = 0.0
        """When the last of it will arrive."""

        self.is_asked = False
        """The other side asked for all it lacks, and got no answer yet."""

        self.stalled: deque[bytes | None] = deque()
        """What left here and is held up on its way; None: the goodbye."""

    @property
    def listens(self) -> bool:
        """Somebody is there to hear, and it is still the same process."""
        return self.up and self.machine.life == self.life


class Connection:
    """Two ends and what is between them."""

    def __init__(self, world: World, dialling: End, dialled: End, latency: float) -> None:
        self._world = world
        self._latency = latency
        self._ends = (dialling, dialled)
        self._broken = False
        self.binding = world.new_binding()
        """What both ends know of it, and the ends of no other connection."""

    def joins(self, one: Party, other: Party) -> bool:
        """It is between these two."""
        return {end.machine.name for end in self._ends} == {one.name, other.name}

    def has(self, machine: Party) -> bool:
        """One of its ends is at a machine."""
        return any(end.machine is machine for end in self._ends)

    @property
    def over(self) -> bool:
        """Nobody listens at either end."""
        return not any(end.listens for end in self._ends)

    def send(self, end: End, frame: bytes) -> None:
        """Take a frame from one end."""
        if end.closing:
            return
        world = self._world
        if end.is_asked and frame.startswith(_ANSWERS):
            end.is_asked = False
            lacked = not _brings_nothing(frame)
            world.answered(self._other(end).machine, end.machine, lacked=lacked)
        end.empty_at = max(end.empty_at, world.now) + len(frame) / BYTES_PER_SECOND
        late = self._latency * (1 + world.dice.random())
        # Absolute times: added up in another order, two frames could change places.
        arrives_at = end.arrives_at = max(end.arrives_at, end.empty_at + late)
        drops = end.drops
        world.at(end.empty_at, lambda: self._leave(end, frame, arrives_at, drops))

    def hang_up(self, end: End, reason: str) -> None:
        """End it from one side, when all that was given to it has left."""
        end.closing = True
        end.empty_at = max(end.empty_at, self._world.now)
        end.arrives_at = max(end.arrives_at, end.empty_at + self._latency)
        self._world.at(end.empty_at, lambda: self._finish(end, reason))

    def cut(self, reason: str = "reset") -> None:
        """Break it; both ends learn of it soon, and what was on its way is gone."""
        self._broken = True
        for end in self._ends:
            after = self._world.now + self._latency * self._world.dice.random()
            self._world.at(after, self._telling(end, reason))

    def end_of(self, machine: Party) -> End:
        """The end at a machine."""
        return self._ends[0] if self._ends[0].machine is machine else self._ends[1]

    def die(self, end: End, *, silently: bool) -> None:
        """
        Go on without the process at one end.

        Its system says goodbye for it. ``silently``: the machine itself went dark, and
        the other side waits in vain.
        """
        if silently:
            self._broken = True
            self._wait_in_vain()
        else:
            self._world.at(end.arrives_at, lambda: self._arrive(end, None))

    def stall(self) -> None:
        """Give up if nothing gets through, or nobody answers, for too long."""
        self._wait_in_vain()

    def resume(self) -> None:
        """Deliver what was held up, if the connection is still there."""
        for end in self._ends:
            while end.stalled and not self._blocked(end):
                self._deliver(self._other(end), end.stalled.popleft())

    # Private methods.

    def _other(self, end: End) -> End:
        return self._ends[1] if end is self._ends[0] else self._ends[0]

    def _blocked(self, end: End) -> bool:
        return self._world.is_blocked(end.machine, self._other(end).machine)

    def _asleep(self) -> bool:
        return any(end.machine.is_asleep for end in self._ends)

    def _leave(self, end: End, frame: bytes, arrives_at: float, drops: int) -> None:
        if not end.listens or drops != end.drops:
            return  # it was still in the memory of a process that is gone, or forgot it
        self._world.at(arrives_at, lambda: self._arrive(end, frame))
        if end.empty_at <= self._world.now:
            end.machine.tell(Drained(end.link))

    def _finish(self, end: End, reason: str) -> None:
        self._world.at(end.arrives_at, lambda: self._arrive(end, None))
        self._tell(end, reason)

    def _arrive(self, end: End, frame: bytes | None) -> None:
        if end.stalled or self._blocked(end):
            end.stalled.append(frame)
        else:
            self._deliver(self._other(end), frame)

    def _deliver(self, end: End, frame: bytes | None) -> None:
        if self._broken or not end.listens:
            return
        if frame is None:
            self._tell(end, "the other side ended it")
        else:
            end.is_asked |= frame.startswith(_CATCH)
            end.machine.tell(FrameArrived(end.link, frame))

    def _wait_in_vain(self) -> None:
        for end in self._ends:
            after = KEEPALIVE_SECONDS * (0.5 + 0.5 * self._world.dice.random())
            self._world.at(self._world.now + after, self._giving_up(end))

    def _giving_up(self, end: End) -> Callable[[], None]:
        def give_up() -> None:
            other = self._other(end)
            silent = self._blocked(end) or self._blocked(other) or self._asleep()
            if self._broken or silent:
                self._broken = True
                self._tell(end, "no sign of life")

        return give_up

    def _telling(self, end: End, reason: str) -> Callable[[], None]:
        return lambda: self._tell(end, reason)

    def _tell(self, end: End, reason: str) -> None:
        if end.listens:
            end.up = False
            end.machine.forget(end.link)
            end.machine.tell(LinkDown(end.link, reason, end.machine.clock))
