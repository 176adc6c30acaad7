"""
Whom to call, and when again.

Candidates are hearsay: somebody announced something, or the user named an
address. Who is really there shows only after the proof. So a candidate may turn
out to be a device that we are connected to already, or ourselves; then it is
left alone as long as that is so.

A failure doubles the wait before the next try; only a conversation in which
both sides held the same at least once resets it. (A side that accepts and then
hangs up would otherwise be called a thousand times a second.)

Anybody on the network can announce anything, as often as they like. So there are
three ranks, called in this order:

* *known*: the user named the address, or a member has answered there;
* *likely*: the announcement shows the tag of this workspace (which others can copy);
* *unlikely*: it shows another one. Perhaps its clock or ours is wrong: it is called
  last, a little later and few at a time, but it is called.

Those who are only announced can neither keep the known waiting nor lead us to call
anybody often: they have places of their own, a rate of their own, and addresses beyond
this network are not called at all. If the table is full, whoever stands higher replaces
whoever stands lower, and who was never called replaces who was in vain.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from random import Random

from whisker_sync.ids import Address, DeviceId

MAX_CANDIDATES = 256
"""Candidates we remember; of a flood of more, only who stands higher than others is."""

MAX_ADDRESSES = 16
"""Addresses of one candidate that are called."""

MAX_DIALS = 8
"""Candidates called at the same time."""

MAX_DIALS_ANNOUNCED = 6
"""... of which so many were only announced."""

MAX_DIALS_UNLIKELY = 2
"""... and so many of those are unlikely."""

MAX_CALLS_ANNOUNCED = 32
"""Candidates only announced that are called within :data:`CALLS_SECONDS`."""

CALLS_SECONDS = 8.0
"""See :data:`MAX_CALLS_ANNOUNCED`."""

ADDRESS_SECONDS = 5.0
"""Seconds between two calls of one address where no member has ever answered."""

UNLIKELY_WAIT = 1.0
"""Seconds that the unlikely wait at least before they are called, twice as many at most."""

FIRST_WAIT = 0.25
"""Seconds before the second try."""

LONGEST_WAIT = 30.0
"""Seconds between tries at most, for candidates that were only announced."""

LONGEST_WAIT_LASTING = 5.0
"""Seconds between tries at most, for addresses that the user named or where a device was."""

STRANGER_WAIT = 60.0
"""Seconds before somebody who could not prove to belong to us is tried again."""

LONGEST_STRANGER_WAIT = 3600.0
"""... at most, for candidates that were only announced and are strangers each time."""


class Rank(IntEnum):
    """How much speaks for a candidate."""

    UNLIKELY = 0
    LIKELY = 1
    KNOWN = 2


_ALL = frozenset(Rank)


@dataclass(slots=True)
class Candidate:
    """Somebody who may be worth calling."""

    addresses: tuple[Address, ...]
    lasting: bool
    due: float
    """When to call, if idle."""

    likely: bool = True
    """It shows the tag of this workspace."""

    calling: bool = False
    """Being called, and nobody answered yet."""

    busy: bool = False
    """Being called, or connected by a call of ours."""

    failures: int = 0
    device: DeviceId | None = None
    """Who it turned out to be, last time."""

    answered_here: bool = False
    """A member answered at these very addresses."""

    @property
    def rank(self) -> Rank:
        """How much speaks for it."""
        if self.lasting or self.answered_here:
            return Rank.KNOWN
        return Rank.LIKELY if self.likely else Rank.UNLIKELY


class Dialing:
    """All candidates; ``ourselves`` is never called twice."""

    def __init__(self, ourselves: DeviceId, dice: Random) -> None:
        self._ourselves = ourselves
        self._dice = dice
        self._candidates: dict[str, Candidate] = {}
        self._listening: dict[DeviceId, Address] = {}  # where the connected say that they listen
        self._called: dict[Address, float] = {}  # when, for ADDRESS_SECONDS
        self._calls: deque[float] = deque(maxlen=MAX_CALLS_ANNOUNCED)  # of who was only announced

    # What is heard.

    def sight(
        self,
        name: str,
        addresses: tuple[Address, ...],
        now: float,
        *,
        lasting: bool = False,
        likely: bool = True,
    ) -> bool:
        """Note a candidate; return whether it is new."""
        if not lasting:
            addresses = tuple(address for address in addresses if address.is_local)
        addresses = addresses[:MAX_ADDRESSES]
        known = self._candidates.get(name)
        if known is not None:
            self._see_again(known, addresses, now, likely=likely)
            return False
        wait = 0.0 if likely or lasting else UNLIKELY_WAIT * (1 + self._dice.random())
        candidate = Candidate(addresses, lasting, now + wait, likely or lasting)
        if not addresses or not self._make_room(candidate):
            return False
        self._candidates[name] = candidate
        return True

    def _see_again(
        self, known: Candidate, addresses: tuple[Address, ...], now: float, *, likely: bool
    ) -> None:
        if addresses and set(known.addresses) != set(addresses):
            known.addresses, known.failures, known.due = addresses, 0, now
            known.answered_here = False
        if likely and not known.likely:
            known.due = min(known.due, now)
        known.likely = likely

    def _make_room(self, newcomer: Candidate) -> bool:
        """Whether there is a place for one more, perhaps that of another one."""
        if len(self._candidates) < MAX_CANDIDATES:
            return True
        idle = [(name, other) for name, other in self._candidates.items() if not other.busy]
        if not idle:
            return False
        name, lowest = min(idle, key=lambda item: (item[1].rank, -item[1].failures))
        if (lowest.rank, -lowest.failures) >= (newcomer.rank, 0):
            return False
        del self._candidates[name]
        return True

    def lose(self, name: str) -> None:
        """Note that an announcement was taken back."""
        known = self._candidates.get(name)
        if known is not None and not known.lasting and not known.busy:
            del self._candidates[name]

    def answered(self, name: str | None) -> None:
        """Note that a call was answered, by whomever."""
        if name is not None and name in self._candidates:
            self._candidates[name].calling = False

    def reached(self, name: str | None, device: DeviceId) -> None:
        """Note who a candidate that we called turned out to be."""
        if name is not None and name in self._candidates:
            self._candidates[name].device = device
            self._candidates[name].answered_here = device != self._ourselves

    def listens(self, device: DeviceId, address: Address) -> None:
        """Note where a connected device says to listen: whoever is announced there is it."""
        self._listening[device] = address

    def hung_up(self, name: str | None, now: float, *, synced: bool, stranger: bool) -> None:
        """Note the end of a connection that we had called."""
        known = self._candidates.get(name) if name is not None else None
        if known is None:
            return
        known.busy = False
        if stranger:
            known.due = now + self._stranger_wait(known)
            known.failures += 1
            return
        if synced:
            known.failures = 0
        self._wait(known, now)

    def failed(self, name: str, now: float) -> None:
        """Note that nobody answered."""
        known = self._candidates.get(name)
        if known is not None:
            known.busy = known.calling = False
            self._wait(known, now)

    def left(self, device: DeviceId, now: float) -> None:
        """Note that a device is not connected any more: whoever may be it is called soon."""
        for candidate in self._candidates.values():
            if self._who(candidate) == device and not candidate.busy:
                candidate.due = min(candidate.due, now + FIRST_WAIT * self._dice.random())
        self._listening.pop(device, None)

    def refresh(self, now: float) -> None:
        """Note that the network changed: what failed before may work now."""
        self._called.clear()
        for candidate in self._candidates.values():
            candidate.failures, candidate.due = 0, now

    # What to do.

    def call(
        self, now: float, connected: frozenset[DeviceId]
    ) -> list[tuple[str, tuple[Address, ...]]]:
        """Whom to call now; they count as busy from here on."""
        for address in [a for a, at in self._called.items() if at + ADDRESS_SECONDS <= now]:
            del self._called[address]
        calls: list[tuple[str, tuple[Address, ...]]] = []
        places = self._places()
        for name, candidate in self._due(now, connected):
            if candidate.rank not in places or self._rested(candidate) > now:
                continue
            addresses = self._callable(candidate, now)
            if addresses:
                self._note_call(candidate, addresses, now)
                calls.append((name, addresses))
                places = self._places()
        return calls

    def deadline(self, connected: frozenset[DeviceId]) -> float | None:
        """When to look again; None: not before something is heard or ends."""
        places = self._places()
        waiting = [
            max(candidate.due, self._rested(candidate))
            for candidate in self._candidates.values()
            if candidate.rank in places and self._wanted(candidate, connected)
        ]
        return min(waiting, default=None)

    def _due(self, now: float, connected: frozenset[DeviceId]) -> list[tuple[str, Candidate]]:
        """Whose turn it is: by rank, then who was not in vain yet, then who waits longest."""
        due = [
            (name, candidate)
            for name, candidate in self._candidates.items()
            if candidate.due <= now and self._wanted(candidate, connected)
        ]
        return sorted(due, key=lambda item: (-item[1].rank, item[1].failures > 0, item[1].due))

    def _places(self) -> frozenset[Rank]:
        """Of which rank one more may be called beside those who are."""
        calling = [other.rank for other in self._candidates.values() if other.calling]
        if not calling:
            return _ALL
        announced = sum(1 for rank in calling if rank < Rank.KNOWN)
        if len(calling) >= MAX_DIALS:
            return frozenset()
        if announced >= MAX_DIALS_ANNOUNCED:
            return frozenset({Rank.KNOWN})
        if calling.count(Rank.UNLIKELY) >= MAX_DIALS_UNLIKELY:
            return frozenset({Rank.KNOWN, Rank.LIKELY})
        return _ALL

    def _rested(self, candidate: Candidate) -> float:
        """When one of its rank may be called again, by the number of calls before."""
        if candidate.rank is Rank.KNOWN or len(self._calls) < MAX_CALLS_ANNOUNCED:
            return float("-inf")
        return self._calls[0] + CALLS_SECONDS

    def _callable(self, candidate: Candidate, now: float) -> tuple[Address, ...]:
        """Which of its addresses may be called now; if none, it is due when one may."""
        if candidate.rank is Rank.KNOWN:
            return candidate.addresses
        known = frozenset(self._known_addresses())
        free = tuple(a for a in candidate.addresses if a in known or a not in self._called)
        if not free:
            called = min(self._called[address] for address in candidate.addresses)
            candidate.due = called + ADDRESS_SECONDS
        return free

    def _known_addresses(self) -> Iterator[Address]:
        for candidate in self._candidates.values():
            if candidate.rank is Rank.KNOWN:
                yield from candidate.addresses

    def _note_call(self, candidate: Candidate, addresses: tuple[Address, ...], now: float) -> None:
        candidate.busy = candidate.calling = True
        for address in addresses:
            self._called[address] = now
        if candidate.rank < Rank.KNOWN:
            self._calls.append(now)

    def _wanted(self, candidate: Candidate, connected: frozenset[DeviceId]) -> bool:
        if candidate.busy or candidate.device == self._ourselves:
            return False
        return self._who(candidate) not in connected

    def _who(self, candidate: Candidate) -> DeviceId | None:
        """Who it turned out to be, or says itself to be found there; None: not known."""
        found = (d for d, address in self._listening.items() if address in candidate.addresses)
        return candidate.device or next(found, None)

    def _wait(self, candidate: Candidate, now: float) -> None:
        longest = LONGEST_WAIT_LASTING if candidate.lasting else LONGEST_WAIT
        wait = min(FIRST_WAIT * 2 ** min(candidate.failures, 16), longest)
        candidate.failures += 1
        # Two devices that lost each other must not call at the same instant for ever.
        candidate.due = now + wait * (0.5 + 0.5 * self._dice.random())

    @staticmethod
    def _stranger_wait(candidate: Candidate) -> float:
        if candidate.rank is Rank.KNOWN:
            return STRANGER_WAIT
        return min(STRANGER_WAIT * 2.0 ** min(candidate.failures, 16), LONGEST_STRANGER_WAIT)
