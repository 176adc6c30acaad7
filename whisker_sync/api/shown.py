"""What others chose, such that it can be shown anywhere."""

from __future__ import annotations

from whisker_sync.shown import harmless

__all__ = ["harmless"]
