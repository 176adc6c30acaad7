"""Finding out together with another machine what keeps the two apart."""

from __future__ import annotations

from whisker_sync.discovery.probe import Interface, Meeting, call, interfaces, listen

__all__ = ["Interface", "Meeting", "call", "interfaces", "listen"]
