"""
What once ended this program, and must not be taken in again.

Known by what it is made of, client and clocks, and not by its bytes: the same edit comes
back merged with others, or as part of a whole document.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from whisker_sync.document import Span, extent
from whisker_sync.record import Record

PREFIX = "poison/"
"""What the facts about it begin with."""

QUARANTINE = "quarantine/"
"""What the facts begin with that keep the bytes of refused updates."""

QUARANTINE_BYTES = 64 * 1024
"""Bytes of a refused update that are kept for whoever looks into it."""


class Poison:
    """All that is known of it, from the facts of a journal."""

    def __init__(self, facts: Mapping[str, bytes]) -> None:
        self._spans: dict[str, list[Span]] = {}
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
        return any(_overlap(one, other) for one in extent(update) for other in known)

    def _learn(self, value: bytes) -> None:
        try:
            document, spans = json.loads(value)
            found = [(int(client), int(clock), int(length)) for client, clock, length in spans]
        except (ValueError, TypeError):
            return  # damaged: then it is met once more
        self._spans.setdefault(str(document), []).extend(found)


def facts_of(record: Record) -> tuple[tuple[str, bytes], ...]:
    """Names and values of the facts that say of a record that it is poison, and keep it."""
    name = hashlib.sha256(record.update).hexdigest()[:32]
    known_by = json.dumps([record.document, extent(record.update)]).encode()
    return (PREFIX + name, known_by), (QUARANTINE + name, record.update[:QUARANTINE_BYTES])


def _overlap(one: Span, other: Span) -> bool:
    same = one[0] == other[0]
    return same and one[1] < other[1] + other[2] and other[1] < one[1] + one[2]
