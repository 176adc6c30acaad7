"""
Write one interactive story together.

Folders of ordinary files, edited in any editor on several machines, that find
each other on the local network and merge by themselves; and the engine under
it, for any program's own documents.

Importing this package is cheap: what a name stands for is loaded when it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whisker_sync.api.attached import Attached, Exchange
    from whisker_sync.api.blocking import BlockingWorkspace
    from whisker_sync.api.workspace import Workspace
    from whisker_sync.batch import Batch, Recalled
    from whisker_sync.daemon.doctor import Finding, Grade
    from whisker_sync.discovery.discovery import Discovery, Gone, Sighting, Voice
    from whisker_sync.discovery.places import Places
    from whisker_sync.document import Change, Document, Edit, Kind, Root, Schema
    from whisker_sync.document.shapes import Counter, Element, Ordered
    from whisker_sync.errors import DaemonError, OnlyWhenOpen, WhiskerError, WorkspaceBusy
    from whisker_sync.identity.membership import Membership
    from whisker_sync.identity.roster import Role
    from whisker_sync.ids import Address
    from whisker_sync.manuscript.conflicts import Conflict
    from whisker_sync.node.node import Invitation
    from whisker_sync.node.whereabouts import Whereabouts
    from whisker_sync.peer.events import (
        BeginAnew,
        ConflictNoted,
        Delivered,
        Event,
        FileChanged,
        GuestJoined,
        GuestWaiting,
        MembersChanged,
        Merged,
        PeerConnected,
        PeerFound,
        PeerLeft,
        PresenceChanged,
        SyncCompleted,
        SyncFailed,
        SyncProgress,
        SyncStarted,
        Trouble,
    )
    from whisker_sync.peer.reception import OfferStatus, Visitor
    from whisker_sync.peer.statistics import Figures, Statistics
    from whisker_sync.peer.status import PeerStatus, Status
    from whisker_sync.record import Entry, Record
    from whisker_sync.revision import Revision, Version
    from whisker_sync.store.memory import MemoryJournal
    from whisker_sync.store.store import OpenStore, Store
    from whisker_sync.transport.link import Link, Links
    from whisker_sync.transport.memory import Switchboard

_HOMES = {
    "whisker_sync.api.attached": (
        "Attached",
        "Exchange",
    ),
    "whisker_sync.api.blocking": ("BlockingWorkspace",),
    "whisker_sync.api.workspace": ("Workspace",),
    "whisker_sync.batch": (
        "Batch",
        "Recalled",
    ),
    "whisker_sync.daemon.doctor": (
        "Finding",
        "Grade",
    ),
    "whisker_sync.discovery.discovery": (
        "Discovery",
        "Gone",
        "Sighting",
        "Voice",
    ),
    "whisker_sync.discovery.places": ("Places",),
    "whisker_sync.document": (
        "Change",
        "Document",
        "Edit",
        "Kind",
        "Root",
        "Schema",
    ),
    "whisker_sync.document.shapes": (
        "Counter",
        "Element",
        "Ordered",
    ),
    "whisker_sync.errors": (
        "DaemonError",
        "OnlyWhenOpen",
        "WhiskerError",
        "WorkspaceBusy",
    ),
    "whisker_sync.identity.membership": ("Membership",),
    "whisker_sync.identity.roster": ("Role",),
    "whisker_sync.ids": ("Address",),
    "whisker_sync.manuscript.conflicts": ("Conflict",),
    "whisker_sync.node.node": ("Invitation",),
    "whisker_sync.node.whereabouts": ("Whereabouts",),
    "whisker_sync.peer.events": (
        "BeginAnew",
        "ConflictNoted",
        "Delivered",
        "Event",
        "FileChanged",
        "GuestJoined",
        "GuestWaiting",
        "MembersChanged",
        "Merged",
        "PeerConnected",
        "PeerFound",
        "PeerLeft",
        "PresenceChanged",
        "SyncCompleted",
        "SyncFailed",
        "SyncProgress",
        "SyncStarted",
        "Trouble",
    ),
    "whisker_sync.peer.reception": (
        "OfferStatus",
        "Visitor",
    ),
    "whisker_sync.peer.statistics": (
        "Figures",
        "Statistics",
    ),
    "whisker_sync.peer.status": (
        "PeerStatus",
        "Status",
    ),
    "whisker_sync.record": (
        "Entry",
        "Record",
    ),
    "whisker_sync.revision": (
        "Revision",
        "Version",
    ),
    "whisker_sync.store.memory": ("MemoryJournal",),
    "whisker_sync.store.store": (
        "OpenStore",
        "Store",
    ),
    "whisker_sync.transport.link": (
        "Link",
        "Links",
    ),
    "whisker_sync.transport.memory": ("Switchboard",),
}

__all__ = [
    "Address",
    "Attached",
    "Batch",
    "BeginAnew",
    "BlockingWorkspace",
    "Change",
    "Conflict",
    "ConflictNoted",
    "Counter",
    "DaemonError",
    "Delivered",
    "Discovery",
    "Document",
    "Edit",
    "Element",
    "Entry",
    "Event",
    "Exchange",
    "Figures",
    "FileChanged",
    "Finding",
    "Gone",
    "Grade",
    "GuestJoined",
    "GuestWaiting",
    "Invitation",
    "Kind",
    "Link",
    "Links",
    "MembersChanged",
    "Membership",
    "MemoryJournal",
    "Merged",
    "OfferStatus",
    "OnlyWhenOpen",
    "OpenStore",
    "Ordered",
    "PeerConnected",
    "PeerFound",
    "PeerLeft",
    "PeerStatus",
    "Places",
    "PresenceChanged",
    "Recalled",
    "Record",
    "Revision",
    "Role",
    "Root",
    "Schema",
    "Sighting",
    "Statistics",
    "Status",
    "Store",
    "Switchboard",
    "SyncCompleted",
    "SyncFailed",
    "SyncProgress",
    "SyncStarted",
    "Trouble",
    "Version",
    "Visitor",
    "Voice",
    "Whereabouts",
    "WhiskerError",
    "Workspace",
    "WorkspaceBusy",
]


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
