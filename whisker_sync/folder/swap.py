"""
Exchanging two files in one step, where the system can.

Linux has ``renameat2`` with RENAME_EXCHANGE, macOS ``renamex_np`` with RENAME_SWAP; both
leave each file under the other's name, so that nothing is ever overwritten.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import Any

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_RENAME_SWAP = 2


def _load() -> Any:
    if sys.platform not in {"linux", "darwin"}:
        return None
    library = ctypes.CDLL(None, use_errno=True)
    return getattr(library, "renameat2" if sys.platform == "linux" else "renamex_np", None)


_RENAME = _load()


def exchange(one: Path, other: Path) -> bool:
    """Exchange two files; False where that is not possible, and nothing was done."""
    if _RENAME is None:
        return False
    first, second = os.fsencode(one), os.fsencode(other)
    if sys.platform == "linux":
        return bool(_RENAME(_AT_FDCWD, first, _AT_FDCWD, second, _RENAME_EXCHANGE) == 0)
    return bool(_RENAME(first, second, _RENAME_SWAP) == 0)
