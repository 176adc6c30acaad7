"""
What once ended this program, and must not be taken in again.

Known by what it is made of, client and clocks, and not by its bytes: the same edit comes
back merged with others, or as part of a whole document.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence

from whisker_sync.document import Span, extent
from whisker_sync.record import Record
from whisker_sync.wire.limits import MAX_SPANS

PREFIX = "poison/"
"""What the facts about it begin with."""

QUARANTINE = "quarantine/"
"""What the facts begin with that keep the bytes of refused updates."""

MAX_QUARANTINE = 1000
"""Refused updates that are kept."""

QUARANTINE_BYTES = 64 * 1024
"""Bytes of a refused update that are kept for whoever looks into it."""


class Poison:
    """All that is known of it, from the facts of a journal."""

    def __init__(self, facts: Mapping[str, bytes]) -> None:
        self._spans: dict[str, list[Span]] = {}
        self._after: dict[str, list[Span]] = {}  # what was refused because it builds on it
        for name, value in facts.items():
            if name.startswith(PREFIX):
                self._learn(value)

    def __bool__(self) -> bool:
        return bool(self._spans)

    def is_in(self, document: str, update: bytes) -> bool:
        """Tell whether an update holds some of it."""
        known = self._spans.get(document)
        if not known:
            return False
        return is_overlapping(extent(update), known)

    def is_missing(self, document: str, missing: Mapping[int, int]) -> bool:
        """
        Tell whether what an update builds on is some of it, or builds on it in turn.

        ``missing`` has for each client the clock that is needed: nothing of a client can come
        that is later than what was refused of it.
        """
        never = [*self._spans.get(document, ()), *self._after.get(document, ())]
        return any(clock <= missing.get(client, -1) for client, clock, _ in never)

    def note_after(self, record: Record) -> None:
        """Note that a record was refused because it builds on some of it."""
        self._after.setdefault(record.document, []).extend(extent(record.update))

    def spans_in(self, record: Record) -> tuple[Span, ...]:
        """
        What others are to let go of, so that nothing has to be refused because of a record.

        Of what only builds on poison, that is the poison: if it is let go of, all is that builds
        on it. If a record is refused for another reason, it is all of it.
        """
        of_record = extent(record.update)
        known = self._spans.get(record.document, ())
        poison = tuple(span for span in known if is_overlapping(of_record, [span]))
        if not poison and is_overlapping(of_record, self._after.get(record.document, ())):
            poison = tuple(known)
        return (poison or of_record)[:MAX_SPANS]

    def _learn(self, value: bytes) -> None:
        try:
            document, spans = json.loads(value)
            found = [(int(client), int(clock), int(length)) for client, clock, length in spans]
        except (ValueError, TypeError):
            return  # damaged: then it is met once more
        self._spans.setdefault(str(document), []).extend(found)


def fact_of(document: str, spans: Sequence[Span]) -> tuple[str, bytes]:
    """Name and value of the fact that these must not be taken in."""
    known_by = json.dumps([document, list(spans)]).encode()
    return PREFIX + hashlib.sha256(known_by).hexdigest()[:32], known_by


def facts_of(record: Record, known: Mapping[str, bytes]) -> dict[str, bytes]:
    """The facts that say of a record that it is poison, and keep it if there is room."""
    name, spans = fact_of(record.document, extent(record.update))
    return {name: spans, **quarantine(record, known)}


def quarantine(record: Record, known: Mapping[str, bytes]) -> dict[str, bytes]:
    """The fact that keeps a refused record for whoever looks into it; {} if there are too many."""
    name = QUARANTINE + hashlib.sha256(record.update).hexdigest()[:32]
    full = name not in known and quarantined(known) >= MAX_QUARANTINE
    return {} if full else {name: record.update[:QUARANTINE_BYTES]}


def quarantined(facts: Iterable[str]) -> int:
    """How many refused records are kept."""
    return sum(name.startswith(QUARANTINE) for name in facts)


def is_overlapping(some: Iterable[Span], others: Collection[Span]) -> bool:
    """Tell whether anything is in both."""
    return any(
        client == other and clock < start + size and start < clock + length
        for client, clock, length in some
        for other, start, size in others
    )
