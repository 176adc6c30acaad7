"""
What a relay cannot do with a mailbox.
"""

from __future__ import annotations

from whisker_sync.errors.root import WhiskerError


class MailboxError(WhiskerError):
    """Something that cannot be done with a mailbox."""


class UnknownMailbox(MailboxError):
    """A mailbox into which nothing was ever put, or that was forgotten."""

    def __str__(self) -> str:
        return "there is no such mailbox here; it begins with the first thing that is put into it"


class MailboxFull(MailboxError):
    """No room for more in a mailbox."""

    def __init__(self, held: int, more: int, quota: int) -> None:
        self.held = held
        self.more = more
        self.quota = quota

    def __str__(self) -> str:
        return (
            f"this mailbox holds {self.held} of {self.quota} bytes and has no room for "
            f"{self.more} more; it gets some when a device of the story tidies it up, or with time"
        )


class DifferentContent(MailboxError):
    """Something else is there under the same id."""

    def __str__(self) -> str:
        return "something else is there under this id already; nothing was changed"


class SnapshotChanged(MailboxError):
    """Somebody else was faster to replace the snapshot."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __str__(self) -> str:
        return f"the snapshot is number {self.number} by now; nothing was changed"


class MissingBlob(MailboxError):
    """A snapshot is to consist of something that is not there."""

    def __init__(self, blob: str) -> None:
        self.blob = blob

    def __str__(self) -> str:
        return f"the blob {self.blob} is not there; put it there before the snapshot"


class NotCovered(MailboxError):
    """Entries would be lost that no snapshot stands in for, or a snapshot promises too much."""

    def __init__(self, position: int, least: int, most: int) -> None:
        self.position = position
        self.least = least
        self.most = most

    def __str__(self) -> str:
        return f"position {self.position} is not from {self.least} to {self.most}"


class StoreUnavailable(MailboxError):
    """What mailboxes are kept in does not answer, or has no room."""

    def __init__(self, problem: str) -> None:
        self.problem = problem

    def __str__(self) -> str:
        return f"the relay cannot get at its mailboxes at the moment ({self.problem})"
