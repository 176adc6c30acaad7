"""
What a peer may keep, and how often one may get all that it lacks from another.

A simulated world looks after each input. The limits are those of the rooms that keep
them, as they are at the moment: a test that wants to see them at work makes them small.
"""

from __future__ import annotations

from whisker_sync.document import hold
from whisker_sync.peer import library, poison
from whisker_sync.peer.status import Load
from whisker_sync.sync import session

MAX_EXCHANGES = 3
"""Times that a device may get from another all that it lacks, after everything was healed."""

MAX_VAIN_QUESTIONS = 8
"""
Times that a device may ask another for all that it lacks, and lack nothing.

Two that find each other begin with several connections, of which one stays; on each, whoever
knows nothing yet of the other's journal begins with the question.
"""

SLACK = 1 << 20
"""Bytes beyond a limit that one message or one unsaved edit may have; worlds are small."""


def overfull(load: Load, documents: int) -> list[str]:
    """What a peer with so many documents has too much of, in words; empty: nothing."""
    limits = (
        ("updates that wait", load.held, documents * hold.MAX_HELD),
        ("bytes that wait", load.held_bytes, documents * hold.MAX_HELD_BYTES),
        ("bytes of its log in memory", load.log_bytes, library.LOG_BYTES + SLACK),
        ("refused updates that are kept", load.quarantined, poison.MAX_QUARANTINE),
        ("bytes on their way", load.in_flight, session.WINDOW + session.PUSH_BYTES + SLACK),
    )
    return [
        f"{amount} {what}; {limit} is the limit" for what, amount, limit in limits if amount > limit
    ]
