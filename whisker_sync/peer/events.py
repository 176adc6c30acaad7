"""
What a peer tells whoever listens: logs, status lines, programs that embed us.

Events report; nothing depends on anybody hearing them.
"""

from __future__ import annotations

from dataclasses import dataclass

from whisker_sync.document import Touch
from whisker_sync.ids import DeviceId


@dataclass(frozen=True, slots=True)
class PeerFound:
    """Somebody who may belong to this workspace was seen."""

    candidate: str


@dataclass(frozen=True, slots=True)
class PeerConnected:
    """Another device proved that it belongs to this workspace."""

    device: DeviceId
    name: str
    via: str
    """The address it is at."""


@dataclass(frozen=True, slots=True)
class PeerLeft:
    """The connection to a device ended."""

    device: DeviceId
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class SyncStarted:
    """
    We and another device begin to exchange what one of us lacks.

    It ends with :class:`SyncCompleted` or :class:`SyncFailed`; one that moves to another
    connection starts again.
    """

    device: DeviceId
    name: str


@dataclass(frozen=True, slots=True)
class SyncProgress:
    """So far an exchange has come."""

    device: DeviceId
    sent: int
    """Updates that were sent since it started."""

    received: int
    """Updates that were received since it started."""

    sent_bytes: int = 0
    """Bytes of the updates that were sent."""

    received_bytes: int = 0
    """Bytes of the updates that were received."""


@dataclass(frozen=True, slots=True)
class SyncCompleted:
    """We and another device hold exactly the same."""

    device: DeviceId
    sent: int
    """Updates that were sent since it started."""

    received: int
    """Updates that were received since it started."""

    sent_bytes: int = 0
    """Bytes of the updates that were sent."""

    received_bytes: int = 0
    """Bytes of the updates that were received."""


@dataclass(frozen=True, slots=True)
class SyncFailed:
    """An exchange ended before both held the same; nothing is lost, the next goes on."""

    device: DeviceId
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Merged:
    """A change came in from another device, or from this one's files or programs."""

    document: str
    author: DeviceId
    touched: frozenset[Touch]
    local: bool
    """It was made on this device."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """Another device has durably stored our journal up to a position, and said so."""

    device: DeviceId
    through: int


@dataclass(frozen=True, slots=True)
class ConflictNoted:
    """
    A place of a story is worth a look after a merge; nothing is blocked.

    No peer tells it: whoever tells events of a story looks for such places when it was merged.
    """

    id: str
    """How it is called, on every device that sees the same."""

    kind: str
    path: str
    passage: str | None
    """The passage's name; None: it is about a file."""

    sentence: str
    """What happened and what to do, for the author."""


@dataclass(frozen=True, slots=True)
class FileChanged:
    """We changed a file of the author to show what others wrote."""

    path: str


@dataclass(frozen=True, slots=True)
class Done:
    """What was asked with :class:`~whisker_sync.peer.inputs.Do` is done and durable, or refused."""

    number: int
    """As it was asked."""

    problem: str | None
    """Why it cannot be done; None: it is."""


@dataclass(frozen=True, slots=True)
class GuestWaiting:
    """Somebody who was invited asks to be let in."""

    name: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class GuestJoined:
    """Somebody who was invited is a member from now on."""

    device: DeviceId
    name: str


@dataclass(frozen=True, slots=True)
class MembersChanged:
    """What is known about who belongs has changed, and is durable or about to be."""


@dataclass(frozen=True, slots=True)
class PresenceChanged:
    """Another device is at another place now."""

    device: DeviceId
    document: str
    place: str
    """The id of a passage, or what a program calls a place; empty: nowhere any more."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something the author should know; everything else goes on."""

    sentence: str


@dataclass(frozen=True, slots=True)
class BeginAnew:
    """
    The process has to start again: something of ours has to be written anew.

    Another device cannot take in an edit that was made here; all that is needed to undo
    that is kept, and done at the next start.
    """


Event = (
    PeerFound
    | PeerConnected
    | PeerLeft
    | SyncStarted
    | SyncProgress
    | SyncCompleted
    | SyncFailed
    | Merged
    | Delivered
    | ConflictNoted
    | FileChanged
    | Done
    | GuestWaiting
    | GuestJoined
    | MembersChanged
    | PresenceChanged
    | Trouble
    | BeginAnew
)
