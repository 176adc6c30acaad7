"""Who belongs, as commands and pages show it, and the words on paper that sign like an owner."""

from __future__ import annotations

from whisker_sync.identity.recovery import ENTROPY_BYTES, RecoveryKey
from whisker_sync.node.members import report

__all__ = ["ENTROPY_BYTES", "RecoveryKey", "report"]
