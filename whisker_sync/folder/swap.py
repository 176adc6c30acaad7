"""
Exchanging two files in one step, where the system can.

Linux has ``renameat2`` with RENAME_EXCHANGE, macOS ``renamex_np`` with RENAME_SWAP; both
leave each file under the other's name, so that nothing is ever overwritten. Windows has
``ReplaceFileW``, which keeps what it replaced under a third name.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from secrets import token_hex
from typing import Any

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_RENAME_SWAP = 2
_IGNORE_MERGE_ERRORS = 2


def _load() -> Any:
    if sys.platform == "win32":
        return ctypes.WinDLL("kernel32", use_last_error=True).ReplaceFileW
    if sys.platform not in {"linux", "darwin"}:
        return None
    library = ctypes.CDLL(None, use_errno=True)
    return getattr(library, "renameat2" if sys.platform == "linux" else "renamex_np", None)


_SWAP = _load()


def exchange(one: Path, other: Path) -> bool:
    """
    Exchange two files; False where that is not possible, and nothing was done.

    ``one`` is ours alone: on Windows it has no name for a moment.
    """
    if _SWAP is None:
        return False
    if sys.platform == "win32":
        out = one.with_name(token_hex(8))
        flags = _IGNORE_MERGE_ERRORS
        if not _SWAP(str(other), str(one), str(out), flags, None, None):
            return False
        out.replace(one)
        return True
    first, second = os.fsencode(one), os.fsencode(other)
    if sys.platform == "linux":
        return bool(_SWAP(_AT_FDCWD, first, _AT_FDCWD, second, _RENAME_EXCHANGE) == 0)
    return bool(_SWAP(first, second, _RENAME_SWAP) == 0)
