"""
A status as JSON says it: the form that scripts rely on.

Fields are only ever added. Bytes are hexadecimal, times are seconds since 1970.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from whisker_sync.identity.keys import fingerprint
from whisker_sync.ids import DeviceId
from whisker_sync.node.timing import Timing
from whisker_sync.peer.statistics import Figures, Statistics
from whisker_sync.peer.status import PeerStatus, RelayStatus, Status

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
        "went_back": list(status.went_back),
        "not_fetched": [{"path": path, "size": size} for path, size in status.not_fetched],
        "problems": [{"path": p.path, "sentence": p.sentence} for p in status.problems],
        "peers": [_peer(peer) for peer in status.peers],
        "relay": _relay(status.relay),
        "state_vector": {
            name: {str(client): clock for client, clock in sorted(clocks.items())}
            for name, clocks in status.state_vectors.items()
        },
    }


def figures(statistics: Statistics, timing: Timing, status: Status) -> dict[str, Any]:
    """The statistics of a running node."""
    names = {peer.device: peer for peer in status.peers}

    def of(known: Mapping[DeviceId, Figures]) -> dict[str, Any]:
        whole = Figures()
        for each in known.values():
            whole = whole.plus(each)
        peers = [
            {
                "device": device.hex(),
                "person": names[device].person if device in names else "",
                "name": names[device].name if device in names else "",
                **asdict(each),
            }
            for device, each in sorted(known.items())
        ]
        return {**asdict(whole), "peers": peers}

    return {
        "since_start": of(statistics.since_start()),
        "all_time": of(statistics.all_time()),
        "messages": {
            "count": timing.count,
            "mean_ms": 1000 * timing.seconds / max(timing.count, 1),
            "longest_ms": 1000 * timing.longest,
        },
    }


def _relay(relay: RelayStatus) -> dict[str, Any]:
    return {
        "url": relay.url or None,
        "state": _state(relay),
        "problem": relay.problem,
        "unsent": relay.unsent if relay.url else 0,
        "missing": relay.missing,
        "waiting": relay.waiting,
    }


def _state(relay: RelayStatus) -> str:
    if not relay.url:
        return "none"
    if not relay.reached:
        return "unreachable" if relay.problem else "connecting"
    if relay.problem:
        return "refused"
    return "in sync" if relay.settled else "exchanging"


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
