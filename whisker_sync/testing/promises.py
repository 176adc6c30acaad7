"""
Is what others count as stored on a machine stored there, now that only its disk is left?

An acknowledgement is a promise: durable, whatever happens next. So whenever a process begins,
its journal is compared with what every other machine believes was acknowledged by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whisker_sync.batch import Recalled
from whisker_sync.document import Document, Nothing

if TYPE_CHECKING:
    from whisker_sync.testing.machine import Machine
    from whisker_sync.testing.world import World


def broken_promises(world: World, machine: Machine, recalled: Recalled) -> list[str]:
    """What a machine promised others to have stored, and has not, in sentences."""
    if machine.went_back:
        return []
    documents = {
        name: Document.load(name, schema, 1, recalled.documents.get(name, ()))
        for name, schema in world.schemas.items()
    }
    broken: list[str] = []
    for other in world.machines.values():
        # A position in a journal that went back, or that two have, means two things.
        if other is machine or not other.is_up or other.went_back:
            continue
        unacked = {peer.device: peer.unacked for peer in other.status.peers}
        if machine.device not in unacked:
            continue
        made = [e for e in other.journal.read(0, 1 << 30) if e.source == other.device]
        for entry in made[: max(0, len(made) - unacked[machine.device])]:
            record = entry.record
            if documents[record.document].merge(record.update, "promised") != Nothing():
                broken.append(
                    f"{machine.name} promised {other.name} to have stored its record {entry.seq}"
                )
    return broken
