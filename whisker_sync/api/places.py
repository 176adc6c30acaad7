"""Where a workspace lies, which there are on this machine, and where one should not be."""

from __future__ import annotations

from whisker_sync.folder.services import service_of, why_not_here
from whisker_sync.node.installs import stories
from whisker_sync.store.layout import Layout, holder

__all__ = ["Layout", "holder", "service_of", "stories", "why_not_here"]
