"""
The CRDT: edits and states that it cannot have, and when its engine fails.
"""

from __future__ import annotations

from whisker_sync.errors.root import WhiskerError


class DocumentError(WhiskerError):
    """Something the CRDT cannot do."""


class BadEdit(DocumentError):
    """An edit outside the document or against its schema."""

    def __init__(self, root: str, problem: str) -> None:
        self.root = root
        self.problem = problem

    def __str__(self) -> str:
        return f"cannot edit {self.root!r}: {self.problem}"


class BadState(DocumentError):
    """Bytes that are no state vector."""

    def __init__(self, problem: str) -> None:
        self.problem = problem

    def __str__(self) -> str:
        return f"this does not say what somebody has of a document: {self.problem}"


class EngineFailure(DocumentError):
    """The CRDT engine failed inside; the document in memory cannot be trusted any more."""

    def __init__(self, doing: str, problem: str) -> None:
        self.doing = doing
        self.problem = problem

    def __str__(self) -> str:
        return f"the document engine failed while {self.doing}: {self.problem}"
