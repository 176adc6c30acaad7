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
    from whisker_sync.document import Change, Document, Edit, Kind, Root, Schema
    from whisker_sync.document.shapes import Counter, Element, Ordered
    from whisker_sync.errors import WhiskerError, WorkspaceBusy
    from whisker_sync.identity.membership import Membership
    from whisker_sync.identity.roster import Role
    from whisker_sync.node.blocking import BlockingWorkspace
    from whisker_sync.node.workspace import Workspace
    from whisker_sync.peer.events import (
        Delivered,
        Event,
        FileChanged,
        InSync,
        Merged,
        PeerConnected,
        PeerFound,
        PeerLeft,
        Trouble,
    )
    from whisker_sync.peer.statistics import Figures, Statistics
    from whisker_sync.peer.status import PeerStatus, Status
    from whisker_sync.revision import Revision, Version

_HOMES = {
    "whisker_sync.document": ("Change", "Document", "Edit", "Kind", "Root", "Schema"),
    "whisker_sync.document.shapes": ("Counter", "Element", "Ordered"),
    "whisker_sync.errors": ("WhiskerError", "WorkspaceBusy"),
    "whisker_sync.identity.membership": ("Membership",),
    "whisker_sync.identity.roster": ("Role",),
    "whisker_sync.node.blocking": ("BlockingWorkspace",),
    "whisker_sync.node.workspace": ("Workspace",),
    "whisker_sync.peer.events": (
        "Delivered",
        "Event",
        "FileChanged",
        "InSync",
        "Merged",
        "PeerConnected",
        "PeerFound",
        "PeerLeft",
        "Trouble",
    ),
    "whisker_sync.peer.statistics": ("Figures", "Statistics"),
    "whisker_sync.peer.status": ("PeerStatus", "Status"),
    "whisker_sync.revision": ("Revision", "Version"),
}

__all__ = [
    "BlockingWorkspace",
    "Change",
    "Counter",
    "Delivered",
    "Document",
    "Edit",
    "Element",
    "Event",
    "Figures",
    "FileChanged",
    "InSync",
    "Kind",
    "Membership",
    "Merged",
    "Ordered",
    "PeerConnected",
    "PeerFound",
    "PeerLeft",
    "PeerStatus",
    "Revision",
    "Role",
    "Root",
    "Schema",
    "Statistics",
    "Status",
    "Trouble",
    "Version",
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
