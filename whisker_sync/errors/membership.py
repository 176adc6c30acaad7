"""
Who belongs to a workspace: papers that are none, and acts that nobody may do.
"""

from __future__ import annotations

from whisker_sync.errors.root import WhiskerError


class MembershipError(WhiskerError):
    """Something about who belongs to a workspace is not as it must be."""


class MalformedPaper(MembershipError):
    """Bytes that are no card, ticket or roster, or that were not signed as they say."""

    def __init__(self, problem: str) -> None:
        self.problem = problem

    def __str__(self) -> str:
        return f"what came about the members of this story cannot be used ({self.problem})"


class NotEntitled(MembershipError):
    """Somebody is to do what their role, or the state of the workspace, does not allow."""

    def __init__(self, problem: str) -> None:
        self.problem = problem

    def __str__(self) -> str:
        return f"this cannot be done: {self.problem}"


class ActRefused(MembershipError):
    """What somebody asked the running peer to do about who belongs was not done."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence


class WorkspaceFull(MembershipError):
    """More of something than a workspace holds."""

    def __init__(self, what: str, limit: int) -> None:
        self.what = what
        self.limit = limit

    def __str__(self) -> str:
        return f"a workspace holds no more than {self.limit} {self.what}"


class WrongRecovery(MembershipError):
    """Words that restore nothing."""

    def __init__(self, problem: str) -> None:
        self.problem = problem

    def __str__(self) -> str:
        return f"these are not the recovery words: {self.problem}"
