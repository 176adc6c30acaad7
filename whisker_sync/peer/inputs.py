"""
What the world tells a peer.

One value for each thing that can happen; the union at the end is all of them.
Whoever runs a peer makes these, in the order in which things happened.
"""

from __future__ import annotations

from dataclasses import dataclass

from whisker_sync.document import Change
from whisker_sync.ids import Address, LinkId, MailboxId, StoryPath
from whisker_sync.manuscript.files import FileSeen, Large, Problem
from whisker_sync.peer.acts import Act
from whisker_sync.record import Entry
from whisker_sync.sync.mailbox import Letter, Snapshot
from whisker_sync.wire.relay import Page

# The author.


@dataclass(frozen=True, slots=True)
class FilesSeen:
    """Files that were saved, made or removed since the peer last heard of them."""

    files: tuple[FileSeen, ...]
    at: int
    """Milliseconds since 1970, for display."""

    everything: bool = False
    """These are all files of the folder: what the peer knows and is not here, is gone."""

    unreadable: tuple[StoryPath, ...] = ()
    """Files that are there and cannot be read: they are not gone, and not news either."""

    problems: tuple[Problem, ...] = ()
    """Files that are left out, and why."""


@dataclass(frozen=True, slots=True)
class FileWritten:
    """A ``WriteFile`` or ``WriteAsset`` was carried out."""

    path: StoryPath
    content: bytes | Large | None
    at: int
    """Milliseconds since 1970, for display."""


@dataclass(frozen=True, slots=True)
class FileKept:
    """The author was faster than a ``WriteFile``: this is there instead, and was left alone."""

    path: StoryPath
    content: bytes | Large | None
    at: int
    """Milliseconds since 1970, for display."""


@dataclass(frozen=True, slots=True)
class FileStuck:
    """
    A ``WriteFile`` or ``WriteAsset`` could not be carried out; what is there was not touched.

    Also when the file is gone that it was to replace, or one is there where none was: the author
    may have renamed it, and that is only seen together with its other name, a moment later.
    """

    path: StoryPath
    problem: Problem | None
    """None: nothing that the author should know."""

    at: int
    """Milliseconds since 1970, for display."""


@dataclass(frozen=True, slots=True)
class Edited:
    """A program edited a document in memory."""

    document: str
    change: Change
    at: int
    """Milliseconds since 1970, for display."""


@dataclass(frozen=True, slots=True)
class Entered:
    """The user is at a place of a document now; an empty one: nowhere."""

    document: str
    place: str


@dataclass(frozen=True, slots=True)
class Milestone:
    """The author gives a name to the story as it stands."""

    name: str
    at: int
    """Milliseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The author says what is to become of the files that went back; see manuscript/back.py."""

    newest: bool
    """They shall hold what the story does; else the story shall hold what they do."""

    at: int
    """Milliseconds since 1970."""


@dataclass(frozen=True, slots=True)
class FetchUpTo:
    """Binary files up to a size come by themselves; said before anything of the story is."""

    size: int | None
    """Bytes; None: whatever they have."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """The author wants binary files that did not come by themselves."""

    paths: tuple[StoryPath, ...]


@dataclass(frozen=True, slots=True)
class Do:
    """Do something about who belongs; answered by the event ``Done``."""

    number: int
    """Tells the answer; never used twice in one process."""

    act: Act


# The network.


@dataclass(frozen=True, slots=True)
class Listening:
    """Other devices can reach this one; told when the listener is there and when it changes."""

    port: int


@dataclass(frozen=True, slots=True)
class LinkUp:
    """A connection that can carry frames."""

    link: LinkId
    candidate: str | None
    """The candidate that we dialled; None: the other side dialled us."""

    address: Address
    """Where the other side is."""

    binding: bytes
    """32 bytes that both ends of this connection have, and no other connection has."""

    at: int
    """Milliseconds since 1970, for display."""


@dataclass(frozen=True, slots=True)
class LinkDown:
    """A connection ended; nothing more comes from it or can be sent on it."""

    link: LinkId
    reason: str
    at: int
    """Milliseconds since 1970, for display."""


@dataclass(frozen=True, slots=True)
class FrameArrived:
    """Bytes from the other side, whole as it sent them."""

    link: LinkId
    frame: bytes


@dataclass(frozen=True, slots=True)
class Drained:
    """All frames given to a link have left for the network; told after each time it was full."""

    link: LinkId


@dataclass(frozen=True, slots=True)
class Sighted:
    """Somebody who may belong to this workspace can be reached. Hearsay: nothing is proven."""

    candidate: str
    """Name of the candidate: of an announcement on the LAN, or ``address HOST:PORT``."""

    addresses: tuple[Address, ...]
    lasting: bool = False
    """An address the user named or a device was reached at: keep trying while not connected."""

    likely: bool = True
    """It shows the tag of this workspace; else it is probably somebody else, or its clock or
    ours is wrong."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A candidate took its announcement back."""

    candidate: str


@dataclass(frozen=True, slots=True)
class DialFailed:
    """None of a candidate's addresses answered."""

    candidate: str
    problem: str


@dataclass(frozen=True, slots=True)
class NetworkChanged:
    """An interface or address of this machine came or went; or it slept."""


# The relay.


@dataclass(frozen=True, slots=True)
class RelayNamed:
    """Which relay carries letters between those who are never online together."""

    url: str
    """Where it is; empty: there is none any more."""

    at: int
    """Milliseconds since 1970: what was kept of invitations may be over by now."""


@dataclass(frozen=True, slots=True)
class RelayReached:
    """Whether the relay answers."""

    problem: str | None
    """Why it does not, as a part of a sentence; None: it does."""


@dataclass(frozen=True, slots=True)
class MailWaits:
    """There may be something new in a mailbox."""

    mailbox: MailboxId


@dataclass(frozen=True, slots=True)
class MailRead:
    """The answer to ``ReadMail``."""

    mailbox: MailboxId
    page: Page


@dataclass(frozen=True, slots=True)
class SnapshotRead:
    """The answer to ``ReadSnapshot``."""

    mailbox: MailboxId
    snapshot: Snapshot | None
    """None: there is none."""


@dataclass(frozen=True, slots=True)
class MailPosted:
    """An envelope is durable at the relay: the answer to ``PostMail``."""

    mailbox: MailboxId
    id: bytes


@dataclass(frozen=True, slots=True)
class SnapshotPut:
    """The answer to ``PutSnapshot``."""

    mailbox: MailboxId
    covers: int
    """Up to here a snapshot stands in for entries; 0: another one, whose extent we do not know."""


@dataclass(frozen=True, slots=True)
class MailRefused:
    """The relay will not take what was to be left there, as things stand."""

    mailbox: MailboxId
    id: bytes
    """Of the envelope; empty: it is a snapshot."""

    sentence: str
    """What the author should know."""


@dataclass(frozen=True, slots=True)
class BlobsRead:
    """The answer to ``ReadBlobs``."""

    mailbox: MailboxId
    content: bytes
    blobs: tuple[bytes | None, ...]
    """In the order in which they were asked for; None: it is not there."""


@dataclass(frozen=True, slots=True)
class BlobsPut:
    """The answer to ``PutBlobs``."""

    mailbox: MailboxId
    content: bytes
    refused: str | None
    """Why the relay does not take them; None: they are durable there."""


@dataclass(frozen=True, slots=True)
class LetterBrought:
    """Somebody brought a letter by hand; see :meth:`Peer.open_bundle`."""

    letter: Letter


# What we keep on disk.


@dataclass(frozen=True, slots=True)
class Committed:
    """All batches up to a ticket are durable."""

    ticket: int


@dataclass(frozen=True, slots=True)
class StoreTrouble:
    """The journal cannot be written just now (it keeps trying), or can again."""

    problem: str | None
    """A sentence for the author; None: it works again."""


@dataclass(frozen=True, slots=True)
class LogRead:
    """The answer to ``ReadLog``."""

    link: LinkId
    entries: tuple[Entry, ...]
    """Consecutive entries after the asked position; empty: they are not in the log any more."""


@dataclass(frozen=True, slots=True)
class AssetsKept:
    """Chunks of a large file of the author are in the journal."""

    assets: tuple[bytes, ...]
    """Their SHA-256."""


@dataclass(frozen=True, slots=True)
class AssetRead:
    """The answer to ``ReadAsset``."""

    link: LinkId | None
    asset: bytes
    content: bytes | None


@dataclass(frozen=True, slots=True)
class RevisionsRead:
    """The answer to ``ReadRevisions``."""

    link: LinkId
    revisions: tuple[bytes | None, ...]
    """Encoded, in the order in which they were asked for; None: not kept any more."""


@dataclass(frozen=True, slots=True)
class HistoryRead:
    """The answer to ``ReadHistory``."""

    revisions: tuple[bytes, ...]
    """Encoded, the newest first."""


# Time.


@dataclass(frozen=True, slots=True)
class Tick:
    """The moment that ``Peer.deadline`` named has come."""


@dataclass(frozen=True, slots=True)
class Stopping:
    """The node is about to end: say goodbye and keep what is worth keeping."""


Input = (
    FilesSeen
    | FileWritten
    | FileKept
    | FileStuck
    | Edited
    | Do
    | Listening
    | LinkUp
    | LinkDown
    | FrameArrived
    | Drained
    | Sighted
    | Lost
    | DialFailed
    | NetworkChanged
    | RelayNamed
    | RelayReached
    | MailWaits
    | MailRead
    | SnapshotRead
    | MailPosted
    | SnapshotPut
    | MailRefused
    | BlobsRead
    | BlobsPut
    | LetterBrought
    | Committed
    | StoreTrouble
    | LogRead
    | AssetRead
    | AssetsKept
    | RevisionsRead
    | HistoryRead
    | Milestone
    | Entered
    | Chosen
    | FetchUpTo
    | Fetch
    | Tick
    | Stopping
)


def weight(input_: Input) -> int:
    """
    Return how many bytes of files, frames and mail an input brings.

    A letter that was brought by hand is decoded already, and counts as nothing.
    """
    match input_:
        case FrameArrived(_, frame):
            return len(frame)
        case FilesSeen(files):
            return sum(_size(file.content) for file in files)
        case FileWritten(_, content) | FileKept(_, content):
            return _size(content)
        case MailRead(_, page):
            return sum(len(entry.body) for entry in page.entries)
        case SnapshotRead(_, Snapshot(_, _, blobs)):
            return sum(map(len, blobs))
        case LogRead(_, entries):
            return sum(len(entry.record.update) for entry in entries)
        case _:
            return 0


def _size(content: bytes | Large | None) -> int:
    """Return how much of a file is in memory."""
    return len(content) if isinstance(content, bytes) else 0
