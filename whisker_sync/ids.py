"""
The names of things that must not be mixed up.

Plain values that every room may use. Nothing here computes anything beyond
its own spelling, and this module imports nothing of ours.
"""

from __future__ import annotations

import ipaddress
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

    @property
    def is_local(self) -> bool:
        """Whether it can only be on this machine or on a network that it is part of."""
        try:
            address = ipaddress.ip_address(self.host)
        except ValueError:
            return False
        # The version first: an IPv6 address may hold an IPv4 one, and lead anywhere.
        return any(address.version == net.version and address in net for net in _LOCAL)


_LOCAL = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
        *("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15"),
        *("::1/128", "fe80::/10", "fc00::/7", "2001:db8::/32"),
    )
)
"""
Loopback, private and link-local networks (RFC 1122, 1918, 3927, 4193, 4291), and those of
examples and measurements (RFC 5737, 3849, 2544), which nobody on the internet has either.
"""
