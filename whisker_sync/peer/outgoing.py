"""
What a mailbox may still lack of what this device has.

Rule 1: only what is durable is given out. What could not be left stays here until it could.

Rule 2: an honest mailbox holds everything, whoever wrote it. But each device leaves its own
words, so what came from another one is left to that one for a while.

The journal is looked through from where the mailbox is known to have everything. Whether
another device left something meanwhile is seen by what its updates speak of
(:class:`~whisker_sync.document.Extents`). Of a mailbox that we know nothing about, because
it is new or was put back, the documents as a whole are compared in the same way, once it
was read from its beginning.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from whisker_sync.document import Extents
from whisker_sync.peer.library import Library
from whisker_sync.record import Record
from whisker_sync.wire.messages import Holding

POST_SECONDS = 0.5
"""How long news of this device are gathered before they are left."""

OTHERS_SECONDS = 15.0
"""How long another device has to leave its own news, before we do; up to twice as long."""

LETTER_BYTES = 1 << 20
"""Bytes of updates in one letter, about."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """Records to be left together."""

    records: tuple[Record, ...]
    seqs: frozenset[int]
    """Entries of the journal that they are; none: they are what the mailbox as a whole lacks."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry of the journal that the mailbox may lack."""

    seq: int
    record: Record
    due: float
    """When it is left there, unless it was seen there before."""

    own: bool


class Outgoing:
    """See the module; ``mailed`` is up to where the mailbox has the journal; 0: nobody knows."""

    def __init__(self, library: Library, dice: Random, mailed: int) -> None:
        self._library = library
        self._dice = dice
        self._scanned = mailed
        self._compare = mailed == 0
        self._waiting: deque[_Entry] = deque()
        self._out: Parcel | None = None
        self._spoken: dict[str, Extents] = {}

    @property
    def mailed(self) -> int:
        """Everything in the journal up to here is in the mailbox; 0: we do not know."""
        if self._in_doubt:
            return 0
        return self._waiting[0].seq - 1 if self._waiting else self._scanned

    @property
    def own_mailed(self) -> int:
        """The same of what was made here."""
        if self._in_doubt:
            return 0
        return next((entry.seq - 1 for entry in self._waiting if entry.own), self._scanned)

    @property
    def empty(self) -> bool:
        """Whether the mailbox has everything that we have."""
        return self.mailed == self._library.head and not self._in_doubt

    @property
    def own_empty(self) -> bool:
        """Whether the mailbox has everything that was made here."""
        return self.own_mailed == self._library.head and not self._in_doubt

    def deadline(self) -> float:
        """When :meth:`next` has something, if nothing happens before."""
        if self._compare:
            return float("inf")
        return min((entry.due for entry in self._waiting), default=float("inf"))

    def heard(self, records: Iterable[Record]) -> None:
        """Note what another device has left in the mailbox."""
        for record in records:
            self._speak(record.document).add(record.update)

    def doubt(self) -> None:
        """The mailbox may lack anything; it is about to be read from its beginning."""
        self._compare = True
        self._spoken.clear()

    def next(self, now: float) -> Parcel | None:
        """What to leave now, then :meth:`left` is due; the mailbox has been read to its end."""
        self._out = self._choose(now)
        return self._out

    def left(self) -> None:
        """The parcel is in the mailbox."""
        if self._out is not None:
            seqs, self._out = self._out.seqs, None
            self._waiting = deque(entry for entry in self._waiting if entry.seq not in seqs)
            self._forget_spoken()

    # Private methods.

    @property
    def _in_doubt(self) -> bool:
        return self._compare or (self._out is not None and not self._out.seqs)

    def _choose(self, now: float) -> Parcel | None:
        if not self._compare:
            self._scan(now)
        if self._compare:
            return self._whole() if self._library.durable == self._library.head else None
        self._pass_over_spoken()
        due = [entry for entry in self._waiting if entry.due <= now]
        if any(entry.own for entry in due):  # what is newer goes with it
            due = [entry for entry in self._waiting if entry.own or entry.due <= now]
        chosen = _fitting(due)
        records = self._library.coalesce([entry.record for entry in chosen])
        return Parcel(records, frozenset(entry.seq for entry in chosen)) if chosen else None

    @property
    def _ready(self) -> int:
        return min(self._library.sendable, self._library.durable)

    def _speak(self, document: str) -> Extents:
        return self._spoken.setdefault(document, Extents())

    def _scan(self, now: float) -> None:
        while self._scanned < (ready := self._ready):
            entries = self._library.entries(self._scanned, LETTER_BYTES)
            if entries is None:  # on disk only: it is simpler to compare the documents
                self._compare = True
                return
            for entry in entries:
                if entry.seq > ready:
                    return
                self._scanned = entry.seq
                own = entry.source == self._library.device
                wait = POST_SECONDS if own else OTHERS_SECONDS * (1 + self._dice.random())
                self._waiting.append(_Entry(entry.seq, entry.record, now + wait, own))

    def _pass_over_spoken(self) -> None:
        self._waiting = deque(
            entry
            for entry in self._waiting
            if entry.own or not self._speak(entry.record.document).cover(entry.record.update)
        )
        self._forget_spoken()

    def _forget_spoken(self) -> None:
        if not self._waiting and not self._compare:
            self._spoken.clear()

    def _whole(self) -> Parcel | None:
        """What is missing in the mailbox of the documents as they are."""
        library = self._library
        holdings = [Holding(name, b"", spoken.state()) for name, spoken in self._spoken.items()]
        records = tuple(
            record
            for record in library.missing(holdings)
            if not self._speak(record.document).cover(record.update)
        )
        self._compare = False
        self._waiting.clear()
        self._scanned = library.head
        self._spoken.clear()
        return Parcel(records, frozenset()) if records else None


def _fitting(entries: Iterable[_Entry]) -> list[_Entry]:
    """As many of the first as one letter takes."""
    chosen, room = [], LETTER_BYTES
    for entry in entries:
        if room <= 0:
            break
        chosen.append(entry)
        room -= len(entry.record.update)
    return chosen
