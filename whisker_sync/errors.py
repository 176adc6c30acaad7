"""
Everything that can go wrong, in one tree.

* :exc:`WhiskerError`
    * :exc:`WorkspaceError` -- the folder or its settings
        * :exc:`NotAWorkspace`
        * :exc:`AlreadyAWorkspace`
        * :exc:`WorkspaceBusy`
        * :exc:`OnlyWhenOpen`
        * :exc:`BadPlace`
        * :exc:`AnotherCopy`
        * :exc:`MustBeginAnew`
        * :exc:`BadSettings`
    * :exc:`FolderError` -- the author's files
        * :exc:`UnsafePath`
        * :exc:`UnreadableFile`
        * :exc:`LeftOut`
        * :exc:`DiskFull`
        * :exc:`NotInTrash`
        * :exc:`StrangeNames`
    * :exc:`StoryError` -- a story that cannot be read, built or changed as asked
        * :exc:`UnreadableSource`
        * :exc:`NoSuchPassage`
        * :exc:`NotInHistory`
        * :exc:`AmbiguousPassage`
        * :exc:`NameTaken`
        * :exc:`ImpossibleName`
        * :exc:`NoStartPassage`
        * :exc:`NoStoryFormat`
        * :exc:`NotAStory`
        * :exc:`WouldOverwrite`
        * :exc:`ChangedMeanwhile`
        * :exc:`CannotWrite`
    * :exc:`DocumentError` -- the CRDT
        * :exc:`BadEdit`
        * :exc:`BadState`
        * :exc:`EngineFailure`
    * :exc:`JournalError` -- what we keep on disk
        * :exc:`JournalBusy`
        * :exc:`JournalDamaged`
        * :exc:`JournalTooNew`
    * :exc:`ProtocolError` -- a peer broke the rules of the conversation
        * :exc:`MalformedFrame`
        * :exc:`UnexpectedMessage`
        * :exc:`LimitExceeded`
        * :exc:`BadEnvelope`
    * :exc:`Refused` -- a well-behaved peer that we will not talk to
        * :exc:`DifferentWorkspace`
        * :exc:`ForgedDevice`
        * :exc:`DifferentVersion`
        * :exc:`NotInvited`
        * :exc:`NotTheInviter`
        * :exc:`TurnedAway`
    * :exc:`NetworkError` -- no way to talk
        * :exc:`PortInUse`
        * :exc:`NoNetwork`
        * :exc:`LinkClosed`
        * :exc:`CannotConnect`
        * :exc:`RelayRefused`
    * :exc:`BadBundle` -- a bundle that cannot be used
    * :exc:`InvitationError` -- an invitation that cannot be used
        * :exc:`NobodyInvites`
    * :exc:`UnknownWord` -- a word that is none of those to say aloud
    * :exc:`MembershipError` -- who belongs to a workspace
        * :exc:`MalformedPaper`
        * :exc:`NotEntitled`
        * :exc:`ActRefused`
        * :exc:`WorkspaceFull`
        * :exc:`WrongRecovery`
    * :exc:`MailboxError` -- what a relay cannot do with a mailbox
        * :exc:`UnknownMailbox`
        * :exc:`MailboxFull`
        * :exc:`DifferentContent`
        * :exc:`SnapshotChanged`
        * :exc:`MissingBlob`
        * :exc:`NotCovered`
        * :exc:`StoreUnavailable`
    * :exc:`DaemonError` -- the background process
        * :exc:`DaemonNotRunning`
        * :exc:`DaemonDidNotStart`
        * :exc:`ServiceFailed`

Errors carry plain values (numbers, strings, bytes), never live objects, so
this module imports nothing and every other module may import it. Each one
writes a sentence that an author understands: what happened and what to do.
"""

from __future__ import annotations


class WhiskerError(Exception):
    """Root of everything that whisker_sync raises on purpose."""


# The folder and its settings.


class WorkspaceError(WhiskerError):
    """The folder or its settings are not as they must be."""


class NotAWorkspace(WorkspaceError):
    """No workspace at a folder or above it."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __str__(self) -> str:
        return (
            f"{self.folder} is not inside a whisker workspace; "
            "make one with: whisker init, or join one with: whisker join LINK"
        )


class AlreadyAWorkspace(WorkspaceError):
    """A folder that is to become a workspace is one already."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __str__(self) -> str:
        return f"{self.folder} is a whisker workspace already; nothing was changed"


class BadPlace(WorkspaceError):
    """A folder in which a story should not be."""

    def __init__(self, problem: str) -> None:
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.problem}; or insist with --force"


class WorkspaceBusy(WorkspaceError):
    """Another process has the workspace open."""

    def __init__(self, folder: str, pid: int | None = None) -> None:
        self.folder = folder
        self.pid = pid

    def __str__(self) -> str:
        who = f"process {self.pid}" if self.pid else "another process"
        return f"{self.folder} is open in {who}; stop it with: whisker sync stop"


class OnlyWhenOpen(WorkspaceError):
    """What was asked needs the workspace open in this process, and a daemon has it."""

    def __init__(self, what: str, folder: str) -> None:
        self.what = what
        self.folder = folder

    def __str__(self) -> str:
        return (
            f"{self.what} needs {self.folder} open in this program, and its daemon has it; "
            "edit its files instead, or stop that first with: whisker sync stop"
        )


class AnotherCopy(WorkspaceError):
    """The story is in another folder of this machine already."""

    def __init__(self, folder: str, other: str) -> None:
        self.folder = folder
        self.other = other

    def __str__(self) -> str:
        return (
            f"this story is on this machine already, in {self.other}; {self.folder} looks like "
            "a copy of it, and two copies cannot be one device: go on in the first, or remove it"
        )


class MustBeginAnew(WorkspaceError):
    """The workspace has to be opened again: something is to be written anew."""

    def __str__(self) -> str:
        return "another device cannot take in an edit; it is written anew with the next start"


class BadSettings(WorkspaceError):
    """A settings file that cannot be understood."""

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path} cannot be used: {self.problem}; correct it and try again"


# The author's files.


class FolderError(WhiskerError):
    """A file that cannot be read or written as asked."""


class UnsafePath(FolderError):
    """A path that could leave the folder or that some system cannot hold."""

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path!r} is not synced: {self.problem}"


class UnreadableFile(FolderError):
    """A file that is there but cannot be read."""

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path} cannot be read ({self.problem}); it is not synced until it can"


class LeftOut(FolderError):
    """A file that the rules of the folder leave out."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path} is not synced: {self.reason}"


class DiskFull(FolderError):
    """No room to write."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __str__(self) -> str:
        return f"no space left to write {self.path}; free some, nothing was lost"


class NotInTrash(FolderError):
    """A version that is asked for and is not there, or not the only one."""

    def __init__(self, start: str, count: int) -> None:
        self.start = start
        self.count = count

    def __str__(self) -> str:
        if self.count:
            return f"{self.count} versions begin with {self.start!r}; give more of its letters"
        return f"nothing in the trash begins with {self.start!r}; see: whisker trash"


class StrangeNames(FolderError):
    """File names that are read in another encoding than all devices share."""

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding

    def __str__(self) -> str:
        return (
            f"file names are read as {self.encoding} here, so that some would look like others; "
            "run Python in its UTF-8 mode (PYTHONUTF8=1)"
        )


# Stories.


class StoryError(WhiskerError):
    """A story cannot be read, built or changed as asked."""


class UnreadableSource(StoryError):
    """A file or folder of a story that is not there or cannot be read."""

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path} cannot be read: {self.problem}"


class NoSuchPassage(StoryError):
    """No passage of the story has this name."""

    def __init__(self, name: str, close: str | None = None) -> None:
        self.name = name
        self.close = close

    def __str__(self) -> str:
        hint = f"; did you mean “{self.close}”?" if self.close else "; names care about case"
        return f"there is no passage “{self.name}”{hint}"


class NotInHistory(StoryError):
    """At the moment that was asked for, a passage or file was not there."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return f"{self.name} was not there then; see: whisker log {self.name!r}"


class AmbiguousPassage(StoryError):
    """Several passages have the name that one was meant by."""

    def __init__(self, name: str, places: tuple[str, ...]) -> None:
        self.name = name
        self.places = places

    def __str__(self) -> str:
        return (
            f"there is more than one passage “{self.name}” ({', '.join(self.places)}); "
            "rename all but one of them in their files first"
        )


class NameTaken(StoryError):
    """Another passage has the name that one is to get."""

    def __init__(self, name: str, place: str) -> None:
        self.name = name
        self.place = place

    def __str__(self) -> str:
        return f"there is a passage “{self.name}” already, in {self.place}; nothing was changed"


class ImpossibleName(StoryError):
    """A name that no passage can have."""

    def __init__(self, name: str, problem: str) -> None:
        self.name = name
        self.problem = problem

    def __str__(self) -> str:
        return f"a passage cannot be called “{self.name}”: {self.problem}"


class NoStartPassage(StoryError):
    """A story that nobody can begin to read."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return (
            f"the story begins with “{self.name}”, and there is no such passage; "
            "say where it begins with --start, or with start in StoryData"
        )


class NoStoryFormat(StoryError):
    """The story format is not on this machine, or is not named."""

    def __init__(self, name: str, version: str, found: tuple[str, ...] = ()) -> None:
        self.name = name
        self.version = version
        self.found = found

    def __str__(self) -> str:
        if not self.name:
            return "the story does not say its format; name one with --format, or in StoryData"
        wanted = f"{self.name} {self.version}".strip()
        here = f" (found: {', '.join(self.found)})" if self.found else ""
        return (
            f"the story format {wanted} is not on this machine{here}; put its folder with "
            "format.js into storyformats beside the story, or build an --archive"
        )


class NotAStory(StoryError):
    """A file that is to be imported and holds no story."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __str__(self) -> str:
        return f"there is no Twine 2 story in {self.path}; publish it to a file, or archive it"


class WouldOverwrite(StoryError):
    """A file is in the place of one that is to be written."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __str__(self) -> str:
        return f"{self.path} is there already, and nothing was written; move it, or name another"


class ChangedMeanwhile(StoryError):
    """A file was saved between reading and writing it."""

    def __init__(self, path: str, written: tuple[str, ...] = ()) -> None:
        self.path = path
        self.written = written

    def __str__(self) -> str:
        before = f"; {', '.join(self.written)} was written before" if self.written else ""
        return f"{self.path} was changed just now, and was left alone{before}; try again"


class CannotWrite(StoryError):
    """A file that cannot be written."""

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path} cannot be written: {self.problem}"


# The CRDT.


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


# What we keep on disk.


class JournalError(WhiskerError):
    """The journal on disk cannot be used as asked."""


class JournalBusy(JournalError):
    """Another process holds the journal."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __str__(self) -> str:
        return f"{self.path} is in use by another process"


class JournalDamaged(JournalError):
    """The journal on disk does not hold what was written."""

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path} is damaged ({self.problem}); it is kept as it is"


class JournalTooNew(JournalError):
    """The journal was written by a newer whisker_sync."""

    def __init__(self, path: str, version: int) -> None:
        self.path = path
        self.version = version

    def __str__(self) -> str:
        return (
            f"{self.path} was written by a newer version (format {self.version}); "
            "upgrade with: pip install -U whisker-sync"
        )


# A peer broke the rules of the conversation.


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


# A well-behaved peer that we will not talk to.


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


# No way to talk.


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


# Who belongs to a workspace.


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


# What a relay keeps.


class MailboxError(WhiskerError):
    """Something that cannot be done with a mailbox."""


class UnknownMailbox(MailboxError):
    """A mailbox into which nothing was ever put, or that was forgotten."""

    def __str__(self) -> str:
        return "there is no such mailbox here; it begins with the first thing that is put into it"


class MailboxFull(MailboxError):
    """No room for more in a mailbox."""

    def __init__(self, held: int, more: int, quota: int) -> None:
        self.held = held
        self.more = more
        self.quota = quota

    def __str__(self) -> str:
        return (
            f"this mailbox holds {self.held} of {self.quota} bytes and has no room for "
            f"{self.more} more; it gets some when a device of the story tidies it up, or with time"
        )


class DifferentContent(MailboxError):
    """Something else is there under the same id."""

    def __str__(self) -> str:
        return "something else is there under this id already; nothing was changed"


class SnapshotChanged(MailboxError):
    """Somebody else was faster to replace the snapshot."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __str__(self) -> str:
        return f"the snapshot is number {self.number} by now; nothing was changed"


class MissingBlob(MailboxError):
    """A snapshot is to consist of something that is not there."""

    def __init__(self, blob: str) -> None:
        self.blob = blob

    def __str__(self) -> str:
        return f"the blob {self.blob} is not there; put it there before the snapshot"


class NotCovered(MailboxError):
    """Entries would be lost that no snapshot stands in for, or a snapshot promises too much."""

    def __init__(self, position: int, least: int, most: int) -> None:
        self.position = position
        self.least = least
        self.most = most

    def __str__(self) -> str:
        return f"position {self.position} is not from {self.least} to {self.most}"


class StoreUnavailable(MailboxError):
    """What mailboxes are kept in does not answer, or has no room."""

    def __init__(self, problem: str) -> None:
        self.problem = problem

    def __str__(self) -> str:
        return f"the relay cannot get at its mailboxes at the moment ({self.problem})"


# The background process.


class DaemonError(WhiskerError):
    """The background process is not as we need it."""


class DaemonNotRunning(DaemonError):
    """No background process for this workspace."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __str__(self) -> str:
        return f"{self.folder} is not syncing; start it with: whisker sync start"


class DaemonDidNotStart(DaemonError):
    """The background process ended or stayed silent before it was ready."""

    def __init__(self, problem: str) -> None:
        self.problem = problem

    def __str__(self) -> str:
        return f"sync did not start: {self.problem}"


class ServiceFailed(DaemonError):
    """The system does not start a daemon at login."""

    def __init__(self, problem: str) -> None:
        self.problem = problem

    def __str__(self) -> str:
        return f"it cannot be started at login: {self.problem}"
