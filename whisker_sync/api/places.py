"""
Where a workspace lies, which there are on this machine, and where one should not be.

What a name stands for is loaded when it is used: ``sync status`` finds a workspace, and must
not wait for all that a list of them needs.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whisker_sync.folder.services import service_of, why_not_here
    from whisker_sync.node.installs import stories
    from whisker_sync.store.layout import Layout, holder

__all__ = ["Layout", "holder", "service_of", "stories", "why_not_here"]

_HOMES = {
    "Layout": "whisker_sync.store.layout",
    "holder": "whisker_sync.store.layout",
    "service_of": "whisker_sync.folder.services",
    "stories": "whisker_sync.node.installs",
    "why_not_here": "whisker_sync.folder.services",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
