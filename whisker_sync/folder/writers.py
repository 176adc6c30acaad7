"""
Whether some program has a file open for writing just now.

An editor that writes in place empties a file first: whoever reads it then sees an author
who deleted everything. And it writes on into a file that we swapped out meanwhile. Linux
tells exactly: a read lease (fcntl(2), F_SETLEASE) is only given if nobody has the file
open for writing. Elsewhere, and on disks that know no leases, a file counts as being
written for a moment after it last changed.
"""

from __future__ import annotations

import errno
import os
import sys
import time

QUIET_SECONDS = 0.02
"""Where nobody tells: how long a file must have been left alone to count as written."""

PATIENCE_SECONDS = 0.5
"""How long :func:`wait_for_writers` waits; an editor has a file open for milliseconds."""

STEP_SECONDS = 0.005


def wait_for_writers(handle: int, seconds: float = PATIENCE_SECONDS) -> bool:
    """
    Wait until nobody writes to a file that is open for reading only.

    Returns False if somebody still does after ``seconds``.
    """
    until = time.monotonic() + seconds
    while _seems_written(handle):
        if time.monotonic() >= until:
            return False
        time.sleep(STEP_SECONDS)
    return True


def _seems_written(handle: int) -> bool:
    written = is_written(handle)
    if written is not None:
        return written
    return 0 <= time.time() - os.fstat(handle).st_mtime < QUIET_SECONDS


if sys.platform == "linux":
    import fcntl
    import signal

    def is_written(handle: int) -> bool | None:
        """Tell whether somebody has a file open for writing; None: this disk does not say."""
        try:
            # Whoever opens it in this very moment makes the system signal us: by a signal
            # that is ignored unless somebody asks for it.
            fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except OSError as problem:
            return True if problem.errno == errno.EAGAIN else None
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        return False

else:

    def is_written(handle: int) -> bool | None:
        """Tell whether somebody has a file open for writing; None: this system does not say."""
        return None
