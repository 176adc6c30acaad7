"""
An invitation, or a word of one, that cannot be used.
"""

from __future__ import annotations

from whisker_sync.errors.root import WhiskerError


class InvitationError(WhiskerError):
    """An invitation that cannot be used."""

    def __init__(self, problem: str) -> None:
        self.problem = problem

    def __str__(self) -> str:
        return f"this invitation cannot be used: {self.problem}"


class NobodyInvites(InvitationError):
    """Nobody who made the invitation was found."""

    def __str__(self) -> str:
        return (
            f"whoever invited you was not found ({self.problem}); both machines have to be on and "
            "in the same network. If they are, try again with: --address HOST:PORT"
        )


class UnknownWord(WhiskerError):
    """A word that is none of those that codes and recovery sheets consist of."""

    def __init__(self, word: str, meant: str) -> None:
        self.word = word
        self.meant = meant

    def __str__(self) -> str:
        hint = f"; did you mean “{self.meant}”?" if self.meant else "; check how it is spelt"
        return f"“{self.word}” is none of our words{hint}"
