"""
What peers say to each other.

Values only; :mod:`whisker_sync.wire.codec` knows how they look as bytes, and
:mod:`whisker_sync.sync` when they may be said. The number of a message and the
order of its fields are the protocol: a field is never moved or reused, new
ones go to the end and into a new protocol version.
"""

from __future__ import annotations

from dataclasses import dataclass

from whisker_sync.ids import DeviceId, Incarnation
from whisker_sync.record import Record

PROTOCOL = (1, 1)
"""The oldest and the newest version of the protocol that we speak."""

# Before anything is proven. The side that was dialled speaks first.


@dataclass(frozen=True, slots=True)
class Challenge:
    """The dialled side opens: what it speaks, and a number to prove things with."""

    oldest: int
    newest: int
    nonce: bytes
    """32 random bytes."""


@dataclass(frozen=True, slots=True)
class Proof:
    """The dialling side proves that it knows a key of a workspace."""

    version: int
    """The newest version that both speak."""

    nonce: bytes
    """32 random bytes."""

    macs: tuple[bytes, ...]
    """8 of 32 bytes, for keys of several epochs; see :mod:`whisker_sync.sync.handshake`."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the sender knows about who belongs, without saying it."""

    digest: bytes
    """32 bytes; equal: neither side has anything to tell the other."""

    tips: tuple[bytes, ...]
    """Hashes of the rosters that none follows."""


@dataclass(frozen=True, slots=True)
class Welcome:
    """The dialled side proves the same, and says who it is."""

    mac: bytes
    """32 bytes."""

    public: bytes
    """The public key of its device, 32 bytes."""

    signature: bytes
    """64 bytes: it has the private key as well."""

    standing: Standing
    """What it knows about who belongs."""


@dataclass(frozen=True, slots=True)
class Introduction:
    """The dialling side says who it is."""

    public: bytes
    """The public key of its device, 32 bytes."""

    signature: bytes
    """64 bytes: it has the private key as well."""

    standing: Standing
    """What it knows about who belongs."""


# Between two devices that know a key of one workspace. Both sides are equal.


@dataclass(frozen=True, slots=True)
class Members:
    """What the sender knows about who belongs, and the receiver may lack."""

    digest: bytes
    """32 bytes: the sender's standing once it has said this."""

    evidence: bytes
    """As :class:`whisker_sync.identity.evidence.Evidence` encodes it."""


# A conversation between two members.


@dataclass(frozen=True, slots=True)
class Hello:
    """Where the sender stands; each side says it once, first of all."""

    boot: bytes
    """8 random bytes, drawn each time the sender starts: tells a dead connection from a double."""

    incarnation: Incarnation
    """The life of the sender's journal."""

    first: int
    """The oldest position that is still in the sender's journal."""

    head: int
    """The newest position in the sender's journal."""

    cursor_of: Incarnation
    """The life of the receiver's journal that ``cursor`` speaks of; empty: of none."""

    cursor: int
    """The sender durably holds the receiver's journal up to here."""

    fingerprint: bytes
    """16 bytes over all documents of the sender; empty: not everything is durable just now."""

    linked: tuple[DeviceId, ...]
    """The devices that the sender is live with."""

    name: str
    """What the user calls the sending device."""

    person: str
    """What the user calls themself."""

    port: int
    """Where the sender listens; 0: nowhere."""


@dataclass(frozen=True, slots=True)
class Push:
    """News, in the order of the sender's journal."""

    through: int
    """With this the receiver has all of the sender's journal up to here; 0: no such promise."""

    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Ack:
    """The first ``pushes`` pushes of this connection are durable at the sender of the ack."""

    pushes: int


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing more to send for now, all is durable; do we hold the same?"""

    head: int
    """The newest position in the sender's journal."""

    fingerprint: bytes
    """16 bytes over all documents of the sender."""


@dataclass(frozen=True, slots=True)
class Holding:
    """One document in a :class:`Catch`."""

    document: str
    fingerprint: bytes
    """16 bytes; where they are equal on both sides nothing is missing."""

    state: bytes
    """The sender's state vector of it."""


@dataclass(frozen=True, slots=True)
class Catch:
    """Send me what I lack: here is what I hold. Answered by one :class:`Push`."""

    holdings: tuple[Holding, ...]


@dataclass(frozen=True, slots=True)
class Links:
    """The devices that the sender is live with have changed."""

    linked: tuple[DeviceId, ...]


@dataclass(frozen=True, slots=True)
class WantAsset:
    """Send me the content of a binary file."""

    asset: bytes
    """SHA-256 of the content."""


@dataclass(frozen=True, slots=True)
class Asset:
    """The content of a binary file, or that the sender lacks it as well."""

    asset: bytes
    """SHA-256 of the content."""

    content: bytes | None


@dataclass(frozen=True, slots=True)
class Reject:
    """One of the records that you sent will never be taken in here."""

    document: str
    update: bytes
    """SHA-256 of the update as it came."""

    reason: str
    spans: tuple[tuple[int, int, int], ...] = ()
    """What cannot be taken in, and whatever builds on it: client, clock, length."""


@dataclass(frozen=True, slots=True)
class Archive:
    """The sender's history as a whole; whoever has another one says its shelves."""

    total: bytes
    """16 bytes over the sums of all shelves."""


@dataclass(frozen=True, slots=True)
class Shelves:
    """The sender's history by days. Answered by titles of each day that differs."""

    oldest: int
    """The day since 1970 from which on the sender keeps revisions."""

    sums: tuple[tuple[int, bytes], ...]
    """Days, ascending, and 8 bytes over the ids of their revisions."""


@dataclass(frozen=True, slots=True)
class Titles:
    """The ids of the sender's revisions of one day; the receiver asks for what it lacks."""

    day: int
    ids: tuple[bytes, ...]
    """Ascending; the first of them, if there are more than a message may hold."""

    is_answer: bool
    """The receiver said its own titles of that day."""


@dataclass(frozen=True, slots=True)
class WantRevisions:
    """Send me these revisions. Answered by :class:`Revisions`."""

    ids: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Revisions:
    """Revisions: asked for, or news."""

    asked: bool
    """They are the first of those that the receiver asked for, in that order."""

    revisions: tuple[bytes, ...]
    """Encoded; empty bytes: the sender lacks it as well."""


@dataclass(frozen=True, slots=True)
class Present:
    """The sender is at a place now: see :mod:`whisker_sync.peer.presence`."""

    document: str
    place: str
    """The id of a passage, or what a program calls a place; empty: nowhere any more."""


@dataclass(frozen=True, slots=True)
class Bye:
    """The sender is about to hang up."""

    reason: str


# What is said in letters only, which are left for all others; see envelope.md.


@dataclass(frozen=True, slots=True)
class Covers:
    """The letter with this stands in for all envelopes of these sessions up to a number."""

    tracks: tuple[tuple[bytes, int], ...]
    """What stands for a session (8 bytes), and the number; in the order of the former."""


@dataclass(frozen=True, slots=True)
class Stocked:
    """Which contents of binary files lie in the mailbox, and which the sender looks for there."""

    lying: tuple[tuple[bytes, int], ...]
    """The SHA-256 of each that the sender has left, ascending, and in how many pieces."""

    lacked: tuple[bytes, ...]
    """The SHA-256 of each that the sender needs and has not found, ascending."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What the bundle with this brings, and what its maker holds of others."""

    incarnation: Incarnation
    """The life of the maker's journal."""

    base: int
    """Whoever holds the maker's journal up to here ..."""

    through: int
    """... holds it up to here with the bundle."""

    cursors: tuple[tuple[DeviceId, Incarnation, int], ...]
    """Up to where the maker durably holds the journals of others; in the order of the devices."""

    assets: tuple[bytes, ...]
    """The first 8 bytes of the SHA-256 of contents that the maker has; ascending."""


@dataclass(frozen=True, slots=True)
class Part:
    """A slice of a larger message, compressed as one zlib stream over all its parts."""

    size: int
    """Bytes of the whole message, uncompressed; the same in each of its parts."""

    last: bool
    data: bytes


Greeting = Challenge | Proof | Welcome | Introduction
"""What may be said before both sides have proven themselves."""

HistoryMessage = Archive | Shelves | Titles | WantRevisions | Revisions
"""What is said about the history, apart from all else."""

Message = (
    Greeting
    | Members
    | Hello
    | Push
    | Ack
    | Rest
    | Catch
    | Links
    | WantAsset
    | Asset
    | Reject
    | HistoryMessage
    | Covers
    | Carried
    | Present
    | Stocked
    | Bye
)
"""Everything that can be said; parts are the packaging of one that is large."""
