"""
What a user asks a peer to do about who belongs.

One value for each thing that can be asked; whoever runs the peer tells it with
:class:`~whisker_sync.peer.inputs.Do`, and is told by
:class:`~whisker_sync.peer.events.Done` what became of it: when it is durable, not before.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from whisker_sync.identity.link import PairingKey
from whisker_sync.identity.offers import Terms
from whisker_sync.identity.recovery import RecoveryKey
from whisker_sync.identity.roster import Role
from whisker_sync.ids import DeviceId


@dataclass(frozen=True, slots=True)
class Meeting:
    """What it takes to meet whoever has a link at the relay, too."""

    secret: bytes = field(repr=False)
    """The link's, 16 bytes."""

    at: int
    """When the link was made, in milliseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Invite:
    """Open an invitation; its number is that of the :class:`Do`."""

    keys: tuple[PairingKey, ...]
    """What those who are invited prove to know: of a link, of a code, or of both."""

    terms: Terms
    meeting: Meeting | None = None
    """None: no link was made, or it names no relay."""


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Close an invitation."""

    number: int


@dataclass(frozen=True, slots=True)
class Confirm:
    """Let in somebody who waits."""

    who: str
    """Their name, or their fingerprint."""

    replacing: tuple[DeviceId, ...] = ()
    """Devices that go when they come: older ones of theirs."""


@dataclass(frozen=True, slots=True)
class Decline:
    """Turn away somebody who waits."""

    who: str
    """Their name, or their fingerprint."""


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove devices; the key of the workspace changes."""

    devices: frozenset[DeviceId]


@dataclass(frozen=True, slots=True)
class ChangeRole:
    """Give devices another role."""

    devices: frozenset[DeviceId]
    role: Role


@dataclass(frozen=True, slots=True)
class SetRecovery:
    """Make a key on paper the one that may sign like an owner; earlier ones are void."""

    public: bytes
    """Its public half."""


@dataclass(frozen=True, slots=True)
class Restore:
    """Be an owner again, by the key on paper."""

    key: RecoveryKey


@dataclass(frozen=True, slots=True)
class Leave:
    """Leave with this device; done when somebody knows it durably, or nobody can be told."""


Act = Invite | Withdraw | Confirm | Decline | Remove | ChangeRole | SetRecovery | Restore | Leave
