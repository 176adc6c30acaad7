"""
How much, how many and how long a relay lets anybody use it.
"""

from __future__ import annotations

from dataclasses import dataclass

from whisker_sync.wire.relay import MAX_ENVELOPE

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What one relay takes."""

    envelope: int = MAX_ENVELOPE
    """Bytes of one entry or blob."""

    quota: int = 256 * MIB
    """Bytes that one mailbox may hold."""

    total: int = 16 << 30
    """Bytes that all mailboxes together may hold; known within a minute."""

    days: int = 30
    """Days after which things are forgotten."""

    requests: float = 50.0
    """Requests each second for one mailbox, at each worker, in the long run."""

    burst: int = 1000
    """Requests that one mailbox may make at once before that counts."""

    listeners: int = 64
    """Who may wait for one mailbox at each worker."""

    connections: int = 1000
    """Connections at a time to each worker."""

    connections_each: int = 32
    """Connections at a time from one address; those from this machine are not counted."""

    memory: int = 256 * MIB
    """Bytes of requests and answers that are under way at each worker."""

    header_seconds: float = 10.0
    """How long the head of a request may take."""

    pause_seconds: float = 10.0
    """How long a body may pause while it comes."""

    body_seconds: float = 120.0
    """How long a whole body may take."""

    drain_seconds: float = 5.0
    """How long we go on reading a body that was refused, so that the answer gets through."""

    send_seconds: float = 30.0
    """How long the other side may take for the next 64 KiB of an answer."""

    idle_seconds: float = 30.0
    """How long a connection may be without a request."""

    stop_seconds: float = 10.0
    """How long requests under way may take when the relay is stopping."""

    retry_seconds: int = 5
    """When to try again what is unavailable."""

    full_seconds: int = 3600
    """When to try again what there is no room for."""


FORGET_SECONDS = 3600.0
"""How often what is old is forgotten."""

TOTALS_SECONDS = 60.0
"""How often it is counted what all mailboxes hold."""

CHUNK = 64 * 1024
"""Bytes of an answer that are sent at once."""

MAX_RATES = 100_000
"""Mailboxes whose rate is remembered."""
