"""
The folder and its settings are not as they must be, or not free to be used.
"""

from __future__ import annotations

from whisker_sync.errors.root import WhiskerError


class WorkspaceError(WhiskerError):
    """The folder or its settings are not as they must be."""


class NotAWorkspace(WorkspaceError):
    """No workspace at a folder or above it."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __str__(self) -> str:
        return (
            f"{self.folder} is not inside a whisker workspace; "
            "make one with: whisker init, or join one with: whisker join LINK"
        )


class AlreadyAWorkspace(WorkspaceError):
    """A folder that is to become a workspace is one already."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __str__(self) -> str:
        return f"{self.folder} is a whisker workspace already; nothing was changed"


class BadPlace(WorkspaceError):
    """A folder in which a story should not be."""

    def __init__(self, problem: str) -> None:
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.problem}; or insist with --force"


class WorkspaceBusy(WorkspaceError):
    """Another process has the workspace open."""

    def __init__(self, folder: str, pid: int | None = None) -> None:
        self.folder = folder
        self.pid = pid

    def __str__(self) -> str:
        who = f"process {self.pid}" if self.pid else "another process"
        return f"{self.folder} is open in {who}; stop it with: whisker sync stop"


class OnlyWhenOpen(WorkspaceError):
    """What was asked needs the workspace open in this process, and a daemon has it."""

    def __init__(self, what: str, folder: str) -> None:
        self.what = what
        self.folder = folder

    def __str__(self) -> str:
        return (
            f"{self.what} needs {self.folder} open in this program, and its daemon has it; "
            "edit its files instead, or stop that first with: whisker sync stop"
        )


class AnotherCopy(WorkspaceError):
    """The story is in another folder of this machine already."""

    def __init__(self, folder: str, other: str) -> None:
        self.folder = folder
        self.other = other

    def __str__(self) -> str:
        return (
            f"this story is on this machine already, in {self.other}; {self.folder} looks like "
            "a copy of it, and two copies cannot be one device: go on in the first, or remove it"
        )


class MustBeginAnew(WorkspaceError):
    """The workspace has to be opened again: something is to be written anew."""

    def __str__(self) -> str:
        return "another device cannot take in an edit; it is written anew with the next start"


class BadSettings(WorkspaceError):
    """A settings file that cannot be understood."""

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path} cannot be used: {self.problem}; correct it and try again"
