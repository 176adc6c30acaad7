"""
What a peer asks of the world.

Effects are carried out in the order of the list. None of them answers at
once: an answer, where there is one, comes back as an input.
"""

from __future__ import annotations

from dataclasses import dataclass

from whisker_sync.batch import Batch
from whisker_sync.identity.mailbox import MailboxKey
from whisker_sync.ids import Address, LinkId, MailboxId
from whisker_sync.manuscript.files import PutInTrash, WriteAsset, WriteFile
from whisker_sync.peer.events import Event


@dataclass(frozen=True, slots=True)
class Persist:
    """Write a batch to the journal; answered by ``Committed`` when it is durable."""

    ticket: int
    """Counts up by one; a commit of a ticket covers all before it."""

    batch: Batch


@dataclass(frozen=True, slots=True)
class Send:
    """Put a frame into the outbox of a link; a link that is down drops it."""

    link: LinkId
    frame: bytes


@dataclass(frozen=True, slots=True)
class Drop:
    """Forget all frames that were given to a link and have not left yet."""

    link: LinkId


@dataclass(frozen=True, slots=True)
class Proven:
    """Count a link as a member's from here on: the other side has proven who it is."""

    link: LinkId


@dataclass(frozen=True, slots=True)
class Hangup:
    """Close a link when what was given to it has left, one second at the latest."""

    link: LinkId
    reason: str


@dataclass(frozen=True, slots=True)
class Dial:
    """Try a candidate's addresses at once; answered by ``LinkUp`` or ``DialFailed``."""

    candidate: str
    addresses: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class ReadLog:
    """Read entries of the journal after a position, about as many bytes as asked."""

    link: LinkId
    after: int
    max_bytes: int


@dataclass(frozen=True, slots=True)
class ReadAsset:
    """Read the content of a binary file from the journal, for a link or (None) for the relay."""

    link: LinkId | None
    asset: bytes


@dataclass(frozen=True, slots=True)
class ReadRevisions:
    """Read revisions of the history from the journal, for a link."""

    link: LinkId
    ids: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ReadHistory:
    """Read the newest revisions from the journal, for the relay; answered by ``HistoryRead``."""

    max_bytes: int


@dataclass(frozen=True, slots=True)
class Compact:
    """Replace a document's older records in the journal by one snapshot; nothing waits for it."""

    document: str
    through: int
    """The snapshot holds all records up to this position."""

    state: bytes
    """The document as one update."""

    digest: bytes
    """The digest of the document's content, for whoever verifies the snapshot."""


# The relay. Whoever carries these out tries again until there is an answer.


@dataclass(frozen=True, slots=True)
class WatchMail:
    """Say ``MailWaits`` now and then for this mailbox, soon after somebody left something."""

    box: MailboxKey


@dataclass(frozen=True, slots=True)
class UnwatchMail:
    """Say no more when something waits in this mailbox."""

    mailbox: MailboxId


@dataclass(frozen=True, slots=True)
class ReadMail:
    """Read a page of a mailbox; answered by ``MailRead``."""

    box: MailboxKey
    after: int


@dataclass(frozen=True, slots=True)
class ReadSnapshot:
    """Read the snapshot of a mailbox; answered by ``SnapshotRead``."""

    box: MailboxKey
    most: int
    """As many of its first blobs; what comes behind its letter are contents that it keeps."""


@dataclass(frozen=True, slots=True)
class PostMail:
    """Leave an envelope in a mailbox; answered by ``MailPosted`` or ``MailRefused``."""

    box: MailboxKey
    id: bytes
    """16 bytes; the same envelope has the same."""

    envelope: bytes


@dataclass(frozen=True, slots=True)
class PutSnapshot:
    """
    Put a snapshot in the place of entries, unless another came meanwhile, and trim these.

    Answered by ``SnapshotPut`` or ``MailRefused``.
    """

    box: MailboxKey
    envelopes: tuple[bytes, ...]
    covers: int
    """It stands in for all entries up to this position."""

    kept: tuple[bytes, ...] = ()
    """Ids of blobs that live as long as it does: contents of binary files."""


@dataclass(frozen=True, slots=True)
class ReadBlobs:
    """Read pieces of a content from a mailbox; answered by ``BlobsRead``."""

    box: MailboxKey
    content: bytes
    """The SHA-256 of the content."""

    ids: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class PutBlobs:
    """Leave all pieces of a content in a mailbox; answered by ``BlobsPut``."""

    box: MailboxKey
    content: bytes
    """The SHA-256 of the content."""

    blobs: tuple[bytes, ...]
    """Each begins with its id."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Something that the log, the status and whoever subscribed should hear."""

    event: Event


Effect = (
    Persist
    | Send
    | Drop
    | Proven
    | Hangup
    | Dial
    | WriteFile
    | WriteAsset
    | PutInTrash
    | ReadLog
    | ReadAsset
    | ReadRevisions
    | ReadHistory
    | Compact
    | WatchMail
    | UnwatchMail
    | ReadMail
    | ReadSnapshot
    | PostMail
    | PutSnapshot
    | ReadBlobs
    | PutBlobs
    | Tell
)
