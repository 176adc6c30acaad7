"""
What lies where below a workspace's folder.

::

    .whisker/
        .gitignore      "*": nothing of this belongs into anybody's repository
        config.toml     what the members share: id, title
        local/          what never leaves this machine
            papers      who belongs, with the keys sealed for this device
            asked       what was asked of an inviter who has not answered yet
            journal.db  see journal.py
            journal.damaged-1.db  one that was damaged and replaced; see salvage.py
            lock        held by the process that has the workspace open
            keeper      held by the process that starts that one again
            intent      what the process was about to merge; see intent.py
            stage/      files about to take their place
            trash/      what was replaced or removed
            log         what the background process said

Everything is readable by its owner only.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from whisker_sync.errors import AlreadyAWorkspace, NotAWorkspace, WorkspaceBusy

NAME = ".whisker"


@dataclass(frozen=True, slots=True)
class Layout:
    """The places of one workspace."""

    root: Path
    """The author's folder."""

    @classmethod
    def find(cls, start: Path) -> Layout:
        """
        The workspace that a folder belongs to: itself or the nearest above it.

        Raises:
            NotAWorkspace: There is none.
        """
        start = start.absolute()
        for folder in (start, *start.parents):
            if (folder / NAME / "config.toml").is_file():
                return cls(folder)
        raise NotAWorkspace(str(start))

    @classmethod
    def find_asking(cls, start: Path) -> Layout:
        """
        The same, or the nearest folder that waits for somebody to let it in.

        Raises:
            NotAWorkspace: There is neither.
        """
        start = start.absolute()
        for folder in (start, *start.parents):
            layout = cls(folder)
            if layout.config.is_file() or layout.asked.is_file():
                return layout
        raise NotAWorkspace(str(start))

    @classmethod
    def make(cls, root: Path) -> Layout:
        """
        Prepare a folder, which is made if need be; no file of the author is touched.

        Raises:
            AlreadyAWorkspace: It is one.
        """
        must_be_free(root)
        layout = cls(root.absolute())
        for folder in (layout.home, layout.local, layout.stage, layout.trash):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(layout.home / ".gitignore", b"*\n")
        return layout

    @property
    def home(self) -> Path:
        """``.whisker``."""
        return self.root / NAME

    @property
    def config(self) -> Path:
        """The settings that the members share."""
        return self.home / "config.toml"

    @property
    def local(self) -> Path:
        """What never leaves this machine."""
        return self.home / "local"

    @property
    def papers(self) -> Path:
        """Who belongs, with the keys sealed for this device."""
        return self.local / "papers"

    @property
    def asked(self) -> Path:
        """What was asked of an inviter who has not answered yet."""
        return self.local / "asked"

    @property
    def journal(self) -> Path:
        """The journal."""
        return self.local / "journal.db"

    @property
    def lock(self) -> Path:
        """Held by the process that has the workspace open."""
        return self.local / "lock"

    @property
    def keeper(self) -> Path:
        """Held by the process that starts the one with the lock again."""
        return self.local / "keeper"

    @property
    def intent(self) -> Path:
        """What the process was about to merge."""
        return self.local / "intent"

    @property
    def stage(self) -> Path:
        """Files about to take their place."""
        return self.local / "stage"

    @property
    def trash(self) -> Path:
        """What was replaced or removed."""
        return self.local / "trash"

    @property
    def resolved(self) -> Path:
        """Which conflicts the user has seen to."""
        return self.local / "resolved"

    @property
    def log(self) -> Path:
        """What the background process said."""
        return self.local / "log"


def must_be_free(root: Path) -> None:
    """See that a folder is no workspace yet, or raise :exc:`AlreadyAWorkspace`."""
    if Layout(root.absolute()).config.exists():
        raise AlreadyAWorkspace(str(root))


def write_private(path: Path, content: bytes) -> None:
    """Write a small file that only its owner can read, whole or not at all."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


class Lock:
    """
    Keeps a workspace, or the keeping of one, to one process.

    The operating system lets go of it when the process ends, however it ends; the
    number in the file only says who it was.
    """

    def __init__(self, layout: Layout, path: Path | None = None) -> None:
        path = path or layout.lock
        self._handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        if not _take(self._handle):
            os.close(self._handle)
            raise WorkspaceBusy(str(layout.root), holder(path))
        os.ftruncate(self._handle, 0)
        os.lseek(self._handle, 0, os.SEEK_SET)
        os.write(self._handle, str(os.getpid()).encode())

    def release(self) -> None:
        """Let go."""
        os.ftruncate(self._handle, 0)
        os.close(self._handle)


def holder(lock: Path) -> int | None:
    """The process that holds a lock, as far as its file says; None: nobody."""
    try:
        return int(lock.read_text())
    except (OSError, ValueError):
        return None


def is_held(lock: Path) -> bool:
    """Whether some process holds a lock."""
    try:
        handle = os.open(lock, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _take(handle)
    finally:
        os.close(handle)


if sys.platform == "win32":
    import msvcrt

    def _take(handle: int) -> bool:
        # A byte far behind the number, so that others can read who holds the lock.
        os.lseek(handle, 1 << 20, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        os.lseek(handle, 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def _take(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
