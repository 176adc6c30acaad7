"""
How much work the others make.

Only whoever runs a peer can tell: the peer itself reads no clock.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Timing:
    """How long it took to work what others sent into the documents, since the start."""

    count: int = 0
    seconds: float = 0.0
    longest: float = 0.0

    def note(self, seconds: float) -> None:
        """Count a message that took so long."""
        self.count += 1
        self.seconds += seconds
        self.longest = max(self.longest, seconds)
