"""
A status as JSON says it: the form that scripts rely on.

Fields are only ever added. Bytes are hexadecimal, times are seconds since 1970.
"""

from __future__ import annotations

from typing import Any

from whisker_sync.identity.keys import fingerprint
from whisker_sync.peer.status import PeerStatus, Status

VERSION = 1
"""Changes only when a field changes its meaning."""


def report(status: Status, title: str) -> dict[str, Any]:
    """The status of a running node."""
    return {
        "v": VERSION,
        "running": True,
        "device": {
            "id": status.device.hex(),
            "fingerprint": fingerprint(status.device),
            "name": status.name,
            "person": status.person,
        },
        "workspace": {"id": status.workspace.hex(), "title": title},
        "digest": status.digest.hex(),
        "documents": status.documents,
        "pending": status.pending,
        "held": status.held,
        "quarantined": status.quarantined,
        "settled": status.settled,
        "role": None if status.role is None else status.role.name.lower(),
        "outside": status.outside,
        "owner_devices": status.owner_devices,
        "alone": status.alone,
        "split": list(status.split),
        "trouble": status.trouble,
        "problems": [{"path": p.path, "sentence": p.sentence} for p in status.problems],
        "peers": [_peer(peer) for peer in status.peers],
        "relay": {"url": None, "state": "none"},
        "state_vector": {
            name: {str(client): clock for client, clock in sorted(clocks.items())}
            for name, clocks in status.state_vectors.items()
        },
    }


def _peer(peer: PeerStatus) -> dict[str, Any]:
    return {
        "device": peer.device.hex(),
        "fingerprint": fingerprint(peer.device),
        "person": peer.person,
        "name": peer.name,
        "connected": peer.connected,
        "in_sync": peer.in_sync,
        "last_seen": None if peer.last_seen is None else peer.last_seen / 1000,
        "unacked": peer.unacked,
        "via": peer.via,
    }
