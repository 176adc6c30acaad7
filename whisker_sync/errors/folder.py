"""
The author's files: what cannot be taken in, written or brought back.
"""

from __future__ import annotations

from whisker_sync.errors.root import WhiskerError


class FolderError(WhiskerError):
    """A file that cannot be read or written as asked."""


class UnsafePath(FolderError):
    """A path that could leave the folder or that some system cannot hold."""

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path!r} is not synced: {self.problem}"


class UnreadableFile(FolderError):
    """A file that is there but cannot be read."""

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path} cannot be read ({self.problem}); it is not synced until it can"


class LeftOut(FolderError):
    """A file that the rules of the folder leave out."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path} is not synced: {self.reason}"


class DiskFull(FolderError):
    """No room to write."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __str__(self) -> str:
        return f"no space left to write {self.path}; free some, nothing was lost"


class NotInTrash(FolderError):
    """A version that is asked for and is not there, or not the only one."""

    def __init__(self, start: str, count: int) -> None:
        self.start = start
        self.count = count

    def __str__(self) -> str:
        if self.count:
            return f"{self.count} versions begin with {self.start!r}; give more of its letters"
        return f"nothing in the trash begins with {self.start!r}; see: whisker trash"


class StrangeNames(FolderError):
    """File names that are read in another encoding than all devices share."""

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding

    def __str__(self) -> str:
        return (
            f"file names are read as {self.encoding} here, so that some would look like others; "
            "run Python in its UTF-8 mode (PYTHONUTF8=1)"
        )
