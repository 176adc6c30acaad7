"""
No way to talk: over the network, through a relay, or by a bundle that is carried by hand.
"""

from __future__ import annotations

from whisker_sync.errors.root import WhiskerError


class NetworkError(WhiskerError):
    """No way to talk to another machine."""


class PortInUse(NetworkError):
    """The port we were told to listen on belongs to somebody else."""

    def __init__(self, port: int, command: str = "whisker sync start") -> None:
        self.port = port
        self.command = command

    def __str__(self) -> str:
        return f"port {self.port} is in use; choose another with: {self.command} --port N"


class NoNetwork(NetworkError):
    """An interface or address that this machine does not have."""

    def __init__(self, interface: str) -> None:
        self.interface = interface

    def __str__(self) -> str:
        return f"this machine has no network address {self.interface} to listen on"


class LinkClosed(NetworkError):
    """A connection ended."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __str__(self) -> str:
        return f"the connection ended: {self.reason}"


class CannotConnect(NetworkError):
    """Nobody answered at any of the addresses."""

    def __init__(self, address: str, problem: str) -> None:
        self.address = address
        self.problem = problem

    def __str__(self) -> str:
        return f"cannot connect to {self.address}: {self.problem}"


class RelayRefused(NetworkError):
    """A relay that answers, and will not do what it was asked."""

    def __init__(self, code: str, sentence: str) -> None:
        self.code = code
        self.sentence = sentence

    def __str__(self) -> str:
        return f"the relay refused: {self.sentence}"


class BadBundle(WhiskerError):
    """A bundle that cannot be used."""

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path} cannot be used: {self.problem}; nothing was changed"
