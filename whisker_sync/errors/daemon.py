"""
The background process: it does not run, or could not be made to.
"""

from __future__ import annotations

from whisker_sync.errors.root import WhiskerError


class DaemonError(WhiskerError):
    """The background process is not as we need it."""


class DaemonNotRunning(DaemonError):
    """No background process for this workspace."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __str__(self) -> str:
        return f"{self.folder} is not syncing; start it with: whisker sync start"


class DaemonDidNotStart(DaemonError):
    """The background process ended or stayed silent before it was ready."""

    def __init__(self, problem: str) -> None:
        self.problem = problem

    def __str__(self) -> str:
        return f"sync did not start: {self.problem}"


class ServiceFailed(DaemonError):
    """The system does not start a daemon at login."""

    def __init__(self, problem: str) -> None:
        self.problem = problem

    def __str__(self) -> str:
        return f"it cannot be started at login: {self.problem}"
