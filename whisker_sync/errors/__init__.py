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
this room imports nothing and every other one may import it. Each of them
writes a sentence that an author understands: what happened and what to do.

Each branch is in a module of its own; import them from here.
"""

from whisker_sync.errors.daemon import (
    DaemonDidNotStart,
    DaemonError,
    DaemonNotRunning,
    ServiceFailed,
)
from whisker_sync.errors.document import (
    BadEdit,
    BadState,
    DocumentError,
    EngineFailure,
)
from whisker_sync.errors.folder import (
    DiskFull,
    FolderError,
    LeftOut,
    NotInTrash,
    StrangeNames,
    UnreadableFile,
    UnsafePath,
)
from whisker_sync.errors.invitation import (
    InvitationError,
    NobodyInvites,
    UnknownWord,
)
from whisker_sync.errors.journal import (
    JournalBusy,
    JournalDamaged,
    JournalError,
    JournalTooNew,
)
from whisker_sync.errors.mailbox import (
    DifferentContent,
    MailboxError,
    MailboxFull,
    MissingBlob,
    NotCovered,
    SnapshotChanged,
    StoreUnavailable,
    UnknownMailbox,
)
from whisker_sync.errors.membership import (
    ActRefused,
    MalformedPaper,
    MembershipError,
    NotEntitled,
    WorkspaceFull,
    WrongRecovery,
)
from whisker_sync.errors.network import (
    BadBundle,
    CannotConnect,
    LinkClosed,
    NetworkError,
    NoNetwork,
    PortInUse,
    RelayRefused,
)
from whisker_sync.errors.peers import (
    BadEnvelope,
    DifferentVersion,
    DifferentWorkspace,
    ForgedDevice,
    LimitExceeded,
    MalformedFrame,
    NotInvited,
    NotTheInviter,
    ProtocolError,
    Refused,
    TurnedAway,
    UnexpectedMessage,
)
from whisker_sync.errors.root import (
    WhiskerError,
)
from whisker_sync.errors.story import (
    AmbiguousPassage,
    CannotWrite,
    ChangedMeanwhile,
    ImpossibleName,
    NameTaken,
    NoStartPassage,
    NoStoryFormat,
    NoSuchPassage,
    NotAStory,
    NotInHistory,
    StoryError,
    UnreadableSource,
    WouldOverwrite,
)
from whisker_sync.errors.workspace import (
    AlreadyAWorkspace,
    AnotherCopy,
    BadPlace,
    BadSettings,
    MustBeginAnew,
    NotAWorkspace,
    OnlyWhenOpen,
    WorkspaceBusy,
    WorkspaceError,
)

__all__ = [
    "ActRefused",
    "AlreadyAWorkspace",
    "AmbiguousPassage",
    "AnotherCopy",
    "BadBundle",
    "BadEdit",
    "BadEnvelope",
    "BadPlace",
    "BadSettings",
    "BadState",
    "CannotConnect",
    "CannotWrite",
    "ChangedMeanwhile",
    "DaemonDidNotStart",
    "DaemonError",
    "DaemonNotRunning",
    "DifferentContent",
    "DifferentVersion",
    "DifferentWorkspace",
    "DiskFull",
    "DocumentError",
    "EngineFailure",
    "FolderError",
    "ForgedDevice",
    "ImpossibleName",
    "InvitationError",
    "JournalBusy",
    "JournalDamaged",
    "JournalError",
    "JournalTooNew",
    "LeftOut",
    "LimitExceeded",
    "LinkClosed",
    "MailboxError",
    "MailboxFull",
    "MalformedFrame",
    "MalformedPaper",
    "MembershipError",
    "MissingBlob",
    "MustBeginAnew",
    "NameTaken",
    "NetworkError",
    "NoNetwork",
    "NoStartPassage",
    "NoStoryFormat",
    "NoSuchPassage",
    "NobodyInvites",
    "NotAStory",
    "NotAWorkspace",
    "NotCovered",
    "NotEntitled",
    "NotInHistory",
    "NotInTrash",
    "NotInvited",
    "NotTheInviter",
    "OnlyWhenOpen",
    "PortInUse",
    "ProtocolError",
    "Refused",
    "RelayRefused",
    "ServiceFailed",
    "SnapshotChanged",
    "StoreUnavailable",
    "StoryError",
    "StrangeNames",
    "TurnedAway",
    "UnexpectedMessage",
    "UnknownMailbox",
    "UnknownWord",
    "UnreadableFile",
    "UnreadableSource",
    "UnsafePath",
    "WhiskerError",
    "WorkspaceBusy",
    "WorkspaceError",
    "WorkspaceFull",
    "WouldOverwrite",
    "WrongRecovery",
]
