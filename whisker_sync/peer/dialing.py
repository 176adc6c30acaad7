"""
Whom to call, and when again.

Candidates are hearsay: somebody announced something, or the user named an
address. Who is really there shows only after the proof. So a candidate may turn
out to be a device that we are connected to already, or ourselves; then it is
left alone as long as that is so.

A failure doubles the wait before the next try; only a conversation in which
both sides held the same at least once resets it. (A side that accepts and then
hangs up would otherwise be called a thousand times a second.)
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from whisker_sync.ids import Address, DeviceId

MAX_CANDIDATES = 256
"""Candidates we remember; more than that is a flood, and the rest is ignored."""

MAX_DIALS = 8
"""Candidates called at the same time."""

FIRST_WAIT = 0.25
"""Seconds before the second try."""

LONGEST_WAIT = 30.0
"""Seconds between tries at most, for candidates that were only announced."""

LONGEST_WAIT_LASTING = 5.0
"""Seconds between tries at most, for addresses that the user named or where a device was."""

STRANGER_WAIT = 60.0
"""Seconds before somebody who could not prove to belong to us is tried again."""


@dataclass(slots=True)
class Candidate:
    """Somebody who may be worth calling."""

    addresses: tuple[Address, ...]
    lasting: bool
    due: float
    """When to call, if idle."""

    calling: bool = False
    """Being called, and nobody answered yet."""

    busy: bool = False
    """Being called, or connected by a call of ours."""

    failures: int = 0
    device: DeviceId | None = None
    """Who it turned out to be, last time."""


class Dialing:
    """All candidates; ``ourselves`` is never called twice."""

    def __init__(self, ourselves: DeviceId, dice: Random) -> None:
        self._ourselves = ourselves
        self._dice = dice
        self._candidates: dict[str, Candidate] = {}

    # What is heard.

    def sight(
        self, name: str, addresses: tuple[Address, ...], now: float, *, lasting: bool = False
    ) -> bool:
        """Note a candidate; return whether it is new."""
        known = self._candidates.get(name)
        if known is None:
            if len(self._candidates) >= MAX_CANDIDATES:
                return False
            self._candidates[name] = Candidate(addresses, lasting, now)
            return True
        if known.addresses != addresses:
            known.addresses, known.failures, known.due = addresses, 0, now
        return False

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

    def hung_up(self, name: str | None, now: float, *, synced: bool, stranger: bool) -> None:
        """Note the end of a connection that we had called."""
        known = self._candidates.get(name) if name is not None else None
        if known is None:
            return
        known.busy = False
        if stranger:
            known.due = now + STRANGER_WAIT
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
            if candidate.device == device and not candidate.busy:
                candidate.due = min(candidate.due, now + FIRST_WAIT * self._dice.random())

    def refresh(self, now: float) -> None:
        """Note that the network changed: what failed before may work now."""
        for candidate in self._candidates.values():
            candidate.failures, candidate.due = 0, now

    # What to do.

    def call(
        self, now: float, connected: frozenset[DeviceId]
    ) -> list[tuple[str, tuple[Address, ...]]]:
        """Whom to call now; they count as busy from here on."""
        free = self._free()
        calls: list[tuple[str, tuple[Address, ...]]] = []
        for name, candidate in self._candidates.items():
            if len(calls) < free and self._wanted(candidate, connected) and candidate.due <= now:
                candidate.busy = candidate.calling = True
                calls.append((name, candidate.addresses))
        return calls

    def deadline(self, connected: frozenset[DeviceId]) -> float | None:
        """When to look again; None: not before something is heard or ends."""
        if not self._free():
            return None
        waiting = [
            candidate.due
            for candidate in self._candidates.values()
            if self._wanted(candidate, connected)
        ]
        return min(waiting, default=None)

    def _free(self) -> int:
        dialled = sum(1 for candidate in self._candidates.values() if candidate.calling)
        return max(0, MAX_DIALS - dialled)

    def _wanted(self, candidate: Candidate, connected: frozenset[DeviceId]) -> bool:
        if candidate.busy or candidate.device == self._ourselves:
            return False
        return candidate.device is None or candidate.device not in connected

    def _wait(self, candidate: Candidate, now: float) -> None:
        longest = LONGEST_WAIT_LASTING if candidate.lasting else LONGEST_WAIT
        wait = min(FIRST_WAIT * 2 ** min(candidate.failures, 16), longest)
        candidate.failures += 1
        # Two devices that lost each other must not call at the same instant for ever.
        candidate.due = now + wait * (0.5 + 0.5 * self._dice.random())
