"""
The names of things that must not be mixed up.

Plain values that every room may use. Nothing here computes anything beyond
its own spelling, and this module imports nothing of ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

DeviceId = NewType("DeviceId", bytes)
"""32 bytes: SHA-256 of a device's Ed25519 public key."""

WorkspaceId = NewType("WorkspaceId", bytes)
"""16 random bytes, drawn once when a workspace is made."""

Incarnation = NewType("Incarnation", bytes)
"""8 random bytes naming one life of a journal; a new journal draws new ones."""

MailboxId = NewType("MailboxId", bytes)
"""32 bytes: SHA-256 of a mailbox's Ed25519 public key."""

LinkId = NewType("LinkId", int)
"""Number of a connection within one node's run; never reused while it runs."""

StoryPath = NewType("StoryPath", str)
"""A relative path with ``/`` that :func:`whisker_sync.paths.accept` let through."""


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """Where a machine may be reached."""

    host: str
    """IPv4 or IPv6 address, the latter with its scope where it needs one (``fe80::1%eth0``)."""

    port: int
    """TCP port."""

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
