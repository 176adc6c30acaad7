"""
Figures about the exchange with each device: since this process began, and of all time.

They are for people who wonder what goes on; nothing is ever decided by them. Those of all
time are kept in the journal when something else is written anyway, so a crash may cost the
latest of them.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields

from whisker_sync.ids import DeviceId, LinkId

FACT = "statistics"
"""The fact that holds those of all time."""

MAX_DEVICES = 1000
"""Devices of which figures are kept; of others that come later they are not."""

MAX_WAITING = 1000
"""Pushes whose way there and back is measured at a time."""


@dataclass(slots=True)
class Figures:
    """What went between this device and another one."""

    sent_bytes: int = 0
    received_bytes: int = 0
    sent_updates: int = 0
    received_updates: int = 0
    syncs: int = 0
    """How often both came to hold the same."""

    sync_ms: float = 0.0
    """From the last change until both held the same, the last time."""

    round_trips: int = 0
    """Pushes that were acknowledged."""

    round_trip_ms: float = 0.0
    """From the last acknowledged push until it was durable there and known here."""

    refused: int = 0
    """Updates that were put aside."""

    errors: int = 0
    """Connections that ended because of something that the other side said."""

    def plus(self, later: Figures) -> Figures:
        """The sum; of what is the last of its kind, the later one."""
        whole = {
            field.name: getattr(self, field.name) + getattr(later, field.name)
            for field in fields(Figures)
        }
        for name in ("sync_ms", "round_trip_ms"):
            whole[name] = getattr(later, name) or getattr(self, name)
        return Figures(**whole)


class Statistics:
    """The figures of all devices; ``fact`` is what was kept of all time before."""

    def __init__(self, fact: bytes | None = None) -> None:
        self._before = _decode(fact)
        self._now: dict[DeviceId, Figures] = {}
        self._changed: dict[DeviceId, float] = {}  # since when the two may differ
        self._sent: dict[LinkId, deque[float]] = {}  # when pushes were sent that are not acked
        self._acked: dict[LinkId, int] = {}

    # What happens.

    def of(self, device: DeviceId) -> Figures:
        """The figures of a device since this process began, to be changed."""
        return self._now.setdefault(device, Figures())

    def stirred(self, devices: Iterable[DeviceId], now: float) -> None:
        """Something changed that these devices have to hear of, or that they said."""
        for device in devices:
            self._changed.setdefault(device, now)

    def matched(self, device: DeviceId, now: float) -> None:
        """Both hold the same."""
        figures = self.of(device)
        figures.syncs += 1
        if device in self._changed:
            figures.sync_ms = 1000 * (now - self._changed.pop(device))

    def pushed(self, link: LinkId, device: DeviceId, updates: int, now: float) -> None:
        """Updates were sent in one push."""
        self.of(device).sent_updates += updates
        waiting = self._sent.setdefault(link, deque())
        if len(waiting) < MAX_WAITING:
            waiting.append(now)

    def acked(self, link: LinkId, device: DeviceId, pushes: int, now: float) -> None:
        """The first so many pushes of a link are durable at the other side."""
        waiting, figures = self._sent.get(link, deque()), self.of(device)
        more = pushes - self._acked.get(link, 0)
        self._acked[link] = pushes
        figures.round_trips += more
        for _ in range(min(more, len(waiting))):
            figures.round_trip_ms = 1000 * (now - waiting.popleft())

    def left(self, link: LinkId) -> None:
        """A connection ended."""
        self._sent.pop(link, None)
        self._acked.pop(link, None)

    # What is known.

    def since_start(self) -> Mapping[DeviceId, Figures]:
        """The figures of this process."""
        return dict(self._now)

    def all_time(self) -> Mapping[DeviceId, Figures]:
        """The figures of all processes, this one included."""
        whole = dict(self._before)
        for device, figures in self.since_start().items():
            if device in whole or len(whole) < MAX_DEVICES:
                whole[device] = whole.get(device, Figures()).plus(figures)
        return whole

    def fact(self) -> bytes:
        """Those of all time, to be kept."""
        known = {device.hex(): asdict(figures) for device, figures in self.all_time().items()}
        return json.dumps(known, sort_keys=True).encode()


def _decode(fact: bytes | None) -> dict[DeviceId, Figures]:
    try:
        known = json.loads(fact or b"{}")
        return {
            DeviceId(bytes.fromhex(device)): Figures(**figures) for device, figures in known.items()
        }
    except (ValueError, TypeError, AttributeError):
        return {}  # of another version, or damaged: they are only figures
