"""
When this process has to end, so that the next one opens its documents in another way.

A document is opened once. What has to go from it is a fact of the journal (see
:mod:`~whisker_sync.peer.rewrite`), and whoever runs the peer starts it again when that is durable.
"""

from __future__ import annotations

from collections.abc import Iterator

from whisker_sync.peer import events
from whisker_sync.peer.effects import Effect, Tell


class Anew:
    """See the module."""

    def __init__(self) -> None:
        self._after: int | None = None

    def after(self, ticket: int) -> None:
        """Begin anew when this ticket is durable: with it, it is known why."""
        self._after = ticket

    def follow(self, committed: int) -> Iterator[Effect]:
        """Say that it is time, once."""
        if self._after is not None and committed >= self._after:
            self._after = None
            yield Tell(events.BeginAnew())
