"""
Other devices, with whom a conversation ends.

One that breaks the rules of the protocol is hung up on. One that keeps them may still be one
that we will not talk to, or that will not talk to us.
"""

from __future__ import annotations

from whisker_sync.errors.root import WhiskerError


class ProtocolError(WhiskerError):
    """A peer broke the rules of the conversation."""


class MalformedFrame(ProtocolError):
    """Bytes that are no message."""

    def __init__(self, problem: str) -> None:
        self.problem = problem

    def __str__(self) -> str:
        return f"the other side sent something that is no message ({self.problem})"


class UnexpectedMessage(ProtocolError):
    """A message in a state that does not allow it."""

    def __init__(self, message: str, state: str) -> None:
        self.message = message
        self.state = state

    def __str__(self) -> str:
        return f"the other side sent {self.message} while {self.state}"


class LimitExceeded(ProtocolError):
    """More of something than we accept from a peer."""

    def __init__(self, what: str, amount: int, limit: int) -> None:
        self.what = what
        self.amount = amount
        self.limit = limit

    def __str__(self) -> str:
        return f"the other side sent {self.amount} {self.what}; {self.limit} is the limit"


class BadEnvelope(ProtocolError):
    """Bytes that are no envelope which a member of this workspace closed."""

    def __init__(self, problem: str) -> None:
        self.problem = problem

    def __str__(self) -> str:
        return f"something that was left for us is no letter of this story ({self.problem})"


class Refused(WhiskerError):
    """A well-behaved peer that we will not talk to."""


class DifferentWorkspace(Refused):
    """The other side does not know the key of our workspace."""

    def __str__(self) -> str:
        return "the other side does not belong to this workspace"


class ForgedDevice(Refused):
    """The other side says that it is a device whose key it does not have."""

    def __str__(self) -> str:
        return "the other side did not prove which device it is"


class DifferentVersion(Refused):
    """No version of the protocol that both sides speak."""

    def __init__(self, ours: tuple[int, int], theirs: tuple[int, int]) -> None:
        self.ours = ours
        self.theirs = theirs

    def __str__(self) -> str:
        older = "this machine" if self.ours[1] < self.theirs[0] else "the other machine"
        return (
            f"this machine speaks protocol {self.ours[0]} to {self.ours[1]}, "
            f"the other {self.theirs[0]} to {self.theirs[1]}; upgrade whisker-sync on {older}"
        )


class NotInvited(Refused):
    """Somebody who does not know an open invitation, or has guessed too often, wants to join."""

    def __str__(self) -> str:
        return "somebody who does not know an open invitation tried to join"


class NotTheInviter(Refused):
    """Whoever answered somebody who joins did not make the invitation."""

    def __str__(self) -> str:
        return (
            "the machine that answered did not make this invitation, "
            "or somebody in between changes what it says; ask for a new one"
        )


class TurnedAway(Refused):
    """The inviter knows that we were invited, and does not let us in."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __str__(self) -> str:
        return f"the other side does not let this machine in: {self.reason}"
