"""
Whether anybody read a file since we wrote it.

An editor that shows an older version and saves it must not undo what a co-author wrote.
If nobody read our version, the save was certainly not made from it. Under Linux's usual
``relatime`` the time of the last access tells: a file whose access lies before its last
change gets a new one when it is read. So we set it back when we write, do not count
what we read ourselves (``O_NOATIME``), and keep the file open: an editor that saves by
renaming takes its name away, but not its times.

"Somebody read it" proves little: it may have been an indexer or a backup. Where access
times are not kept (``noatime``, other systems), nothing is said.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

from whisker_sync.ids import StoryPath

MAX_WATCHED = 128
"""Files that are kept open; those written longest ago are forgotten first."""

_BACK_NS = 1_000_000_000
"""How far before its last change the access of a fresh file is set."""

NOATIME: int = getattr(os, "O_NOATIME", 0)


Watched = tuple[int, os.stat_result]
"""A file that is kept open, and what its times were when it was written."""


class Witness:
    """Remembers which versions of ours nobody has read yet."""

    def __init__(self) -> None:
        self._open: OrderedDict[StoryPath, Watched] = OrderedDict()
        self._reliable: bool | None = None

    def prepare(self, staged: Path) -> None:
        """Make a file that is about to take its place tell when it is read."""
        if not NOATIME:
            return
        if self._reliable is None:
            self._reliable = _are_reads_noted(staged)
        if self._reliable:
            with suppress(OSError):
                _set_back(staged)

    def open(self, staged: Path) -> Watched | None:
        """Open the file that is about to take its place; it is to be given to :meth:`keep`."""
        if not self._reliable:
            return None
        try:
            handle = os.open(staged, os.O_RDONLY | NOATIME | os.O_CLOEXEC)
        except OSError:
            return None
        return handle, os.fstat(handle)

    def keep(self, path: StoryPath, watched: Watched | None, *, is_there: bool) -> None:
        """Watch a file if it took its place under this name; else let go of it."""
        if not is_there:
            if watched is not None:
                os.close(watched[0])
            return
        self.forget(path)
        if watched is not None:
            self._open[path] = watched
        while len(self._open) > MAX_WATCHED:
            os.close(self._open.popitem(last=False)[1][0])

    def is_ours(self, path: StoryPath, changed: int, inode: int) -> bool:
        """Tell from time and number of what is there whether it is as we wrote it."""
        if path not in self._open:
            return False
        ours = self._open[path][1]
        return (ours.st_mtime_ns, ours.st_ino) == (changed, inode)

    def was_read(self, path: StoryPath) -> bool | None:
        """Whether anybody read our version; None: not known."""
        if path not in self._open:
            return None
        handle, before = self._open[path]
        return os.fstat(handle).st_atime_ns != before.st_atime_ns

    def forget(self, path: StoryPath) -> None:
        """Watch a file no longer."""
        known = self._open.pop(path, None)
        if known is not None:
            os.close(known[0])

    def close(self) -> None:
        """Watch nothing any more."""
        for path in list(self._open):
            self.forget(path)


def _set_back(place: Path) -> None:
    changed = place.stat().st_mtime_ns
    os.utime(place, ns=(changed - _BACK_NS, changed))


def _are_reads_noted(place: Path) -> bool:
    """Try it: does this disk note that a file is read, and not that we read it?"""
    try:
        handle = os.open(place, os.O_RDONLY | NOATIME | os.O_CLOEXEC)
    except OSError:
        return False  # it belongs to somebody else, so that even our own reading counts
    try:
        _set_back(place)
        before = place.stat().st_atime_ns
        os.pread(handle, 1, 0)
        unseen = place.stat().st_atime_ns == before
        with place.open("rb") as file:
            file.read(1)
        return unseen and place.stat().st_atime_ns != before
    except OSError:
        return False
    finally:
        os.close(handle)
