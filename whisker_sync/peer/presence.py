"""
Who is where just now: in which passage of a story, or at which place of a program's document.

Rule 1: only members hear of it and are heard, on connections of their own: who says it is whoever
proved to be at the other end. It is never passed on, never stored, and never left at a relay.

Rule 2: it holds for :data:`HOLDS_SECONDS`, and ends with the connection. Nothing depends on it.

Rule 3: nobody says it more often than each :data:`EVERY_SECONDS`; only the newest word counts.
Whoever hears more than :data:`HEARD_EACH_SECOND` from one device lets the others pass by.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from whisker_sync.ids import DeviceId, LinkId
from whisker_sync.peer import events
from whisker_sync.peer.effects import Effect, Tell
from whisker_sync.peer.lines import Lines
from whisker_sync.wire.messages import Present

HOLDS_SECONDS = 300.0
"""How long a word holds, unless there is another."""

EVERY_SECONDS = 0.1
"""How long a word waits for the one before it."""

RENEW_SECONDS = 30.0
"""After how long who is still at the same place says so again."""

HEARD_EACH_SECOND = 20
"""Words of one device that are heard in a second."""

_NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Here:
    """Where somebody is."""

    device: DeviceId
    document: str
    place: str
    """The id of a passage, or what a program calls a place."""

    until: float
    """When that is forgotten, in seconds of the clock that the peer lives by."""


class Presence:
    """See the module."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._ours: Present | None = None
        self._entered = 0.0
        self._told: dict[LinkId, float] = {}  # when we had entered what was said there last
        self._next = -_NEVER
        self._others: dict[DeviceId, Here] = {}
        self._heard: dict[DeviceId, tuple[float, int]] = {}  # the second, and words in it

    def enter(self, document: str, place: str, now: float) -> None:
        """We are at a place now; an empty one: nowhere."""
        said = Present(document, place)
        if said != self._ours or now - self._entered >= RENEW_SECONDS:
            self._ours, self._entered = said, now

    def view(self, now: float) -> tuple[Here, ...]:
        """Where the others are."""
        return tuple(here for here in self._others.values() if here.place and here.until > now)

    def hear(self, device: DeviceId, said: Present, now: float) -> Iterator[Effect]:
        """A member says where it is."""
        second, count = self._heard.get(device, (now, 0))
        if now - second >= 1.0:
            second, count = now, 0
        self._heard[device] = (second, count + 1)
        if count >= HEARD_EACH_SECOND:
            return
        self._others[device] = Here(device, said.document, said.place, now + HOLDS_SECONDS)
        yield Tell(events.PresenceChanged(device, said.document, said.place))

    def left(self, link: LinkId, device: DeviceId) -> Iterator[Effect]:
        """A connection ended; who has no other is nowhere."""
        self._told.pop(link, None)
        if device in self._lines.connected():
            return
        self._heard.pop(device, None)
        here = self._others.pop(device, None)
        if here is not None and here.place:
            yield Tell(events.PresenceChanged(device, here.document, ""))

    def follow(self, now: float) -> Iterator[Effect]:
        """Say where we are to whoever does not know, if it is time to."""
        if self._ours is None or now < self._next:
            return
        if now - self._entered >= HOLDS_SECONDS:
            self._ours = None
            return
        for conversation, _ in self._lines.live():
            if self._told.get(conversation.link) != self._entered:
                self._told[conversation.link] = self._entered
                self._next = now + EVERY_SECONDS
                yield from self._lines.send(conversation, self._ours)

    def deadline(self) -> float:
        """When we are to say it."""
        if self._ours is None:
            return _NEVER
        live = self._lines.live()
        waiting = any(self._told.get(each.link) != self._entered for each, _ in live)
        return self._next if waiting else _NEVER
