"""
A whole peer: a function from what happened to what to do.

Rule 1: :meth:`Peer.handle` is the one entrance and its list of effects the one
exit. The peer reads no clock and rolls no dice but those it was given; who runs
it carries out the effects in their order, and that is all there is to it.

Rule 2: what others may rely on is durable first. An ack, the record of a saved
file, a change to a file of the author: each is an effect only after
``Committed`` said that the batch which it rests on is on disk.

Rule 3: news or nothing. What changes nothing causes nothing, so our own writes
and everybody's echoes die by themselves.

How it works
============

Whatever comes in ends in the :class:`~whisker_sync.peer.library.Library` (the
documents and their journal). After each input, :meth:`Peer._continue` looks at
what is different now and says what follows: one batch to persist, then for each
conversation what it has to say, then calls to make and files to fetch. No
input needs to know what follows from it, so nothing is forgotten.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from whisker_sync import chunks
from whisker_sync.batch import Recalled
from whisker_sync.document import LARGE_DOCUMENT, MAX_DOCUMENT, Document, Schema, Span, Touch
from whisker_sync.errors import (
    DifferentVersion,
    DocumentError,
    EngineFailure,
    ForgedDevice,
    InvitationError,
    LimitExceeded,
    MembershipError,
    NotEntitled,
    ProtocolError,
    Refused,
    UnexpectedMessage,
    WorkspaceFull,
)
from whisker_sync.identity.envelope import SESSION_BYTES, Desk, MailKeys
from whisker_sync.identity.keyring import KeyRing
from whisker_sync.identity.keys import fingerprint
from whisker_sync.identity.pairing_messages import Reason, is_pairing
from whisker_sync.identity.papers import Papers
from whisker_sync.identity.roster import Notice, Role
from whisker_sync.identity.seals import Sealer, hpke
from whisker_sync.ids import Address, DeviceId, Incarnation, LinkId, StoryPath
from whisker_sync.manuscript.files import FileSeen, Outcome, Problem, WriteAsset, WriteFile
from whisker_sync.manuscript.manuscript import Manuscript
from whisker_sync.manuscript.shadow import PREFIX as SHADOW
from whisker_sync.peer import acts, events
from whisker_sync.peer.belonging import NOTICE, PAPERS, Belonging, recalled_papers
from whisker_sync.peer.bundling import pack, records_since, unpack
from whisker_sync.peer.dialing import Dialing
from whisker_sync.peer.effects import (
    Compact,
    Dial,
    Drop,
    Effect,
    Hangup,
    Persist,
    Proven,
    ReadAsset,
    ReadLog,
    ReadRevisions,
    Send,
    Tell,
)
from whisker_sync.peer.fetching import Fetching
from whisker_sync.peer.guard import Guard, Unguarded
from whisker_sync.peer.history import Fetch, Filed, History
from whisker_sync.peer.history import Said as SaidOfHistory
from whisker_sync.peer.inputs import (
    AssetRead,
    AssetsKept,
    Committed,
    DialFailed,
    Do,
    Drained,
    Edited,
    FileKept,
    FilesSeen,
    FileStuck,
    FileWritten,
    FrameArrived,
    Input,
    LetterBrought,
    LinkDown,
    LinkUp,
    Listening,
    LogRead,
    Lost,
    MailPosted,
    MailRead,
    MailRefused,
    MailWaits,
    Milestone,
    NetworkChanged,
    RelayNamed,
    RelayReached,
    RevisionsRead,
    Sighted,
    SnapshotPut,
    SnapshotRead,
    Stopping,
    StoreTrouble,
    Tick,
)
from whisker_sync.peer.library import Library, Merge
from whisker_sync.peer.mailing import Alarm, Mailing, MailInput
from whisker_sync.peer.poison import QUARANTINE, QUARANTINE_BYTES
from whisker_sync.peer.reading import sort
from whisker_sync.peer.reception import OfferStatus, Reception
from whisker_sync.peer.rewrite import ALL, CUT, WITHDRAWN, fact_of
from whisker_sync.peer.statistics import FACT as FIGURES
from whisker_sync.peer.statistics import Statistics
from whisker_sync.peer.status import Load, Ourselves, PeerStatus, Status
from whisker_sync.record import Record
from whisker_sync.revision import Revision, split
from whisker_sync.revision import encode as encode_revision
from whisker_sync.sync.handshake import HANDSHAKE_SECONDS, NONCE_BYTES, Handshake
from whisker_sync.sync.handshake import State as Proving
from whisker_sync.sync.mailbox import Letter
from whisker_sync.sync.session import (
    WINDOW,
    Asked,
    Came,
    Declined,
    Disagreed,
    Ended,
    Matched,
    News,
    ReadOn,
    Session,
    State,
)
from whisker_sync.sync.session import Outcome as Said
from whisker_sync.wire.bundles import Bundle
from whisker_sync.wire.codec import Assembly, decode, decode_greeting, encode
from whisker_sync.wire.limits import MAX_EVIDENCE, MAX_LINKED
from whisker_sync.wire.messages import (
    PROTOCOL,
    Ack,
    Asset,
    Bye,
    Hello,
    HistoryMessage,
    Links,
    Members,
    Message,
    Part,
    Push,
    Reject,
    Revisions,
    WantAsset,
)

STORY = "story"
"""Name of the document that is shown as files."""

RESTORED = "restored"
"""Fact of a journal that is older than the files: it was put back to what a backup said."""

UNNOTICED = b"others said so"
"""What this fact holds until the next start, if only others could tell."""

WITHOUT_A_WORD = ""
"""The reason that strangers are given when they are hung up on."""

MAX_REWRITES = 2
"""How often what a device cannot take in is written anew, before the two were one again."""

MAX_REPLACED = 64
"""Processes of one device that are remembered after another one replaced them."""

PAPERS_SECONDS = 30.0
"""How long it may take from the proof until both know whether the other is a member."""

STUCK_SECONDS = 10.0
"""How long after a file could not be written that is tried again."""

MAX_ASKED = 64
"""Contents that one device may wait for; it asks for a few at a time."""

MAX_UNWRITTEN = 8 << 20
"""Bytes of binary files on their way to the journal from which on no more are asked for."""

MAX_UNKNOWN = 64
"""Letters kept of devices that may turn out to be members."""

MAX_QUARANTINE = 1000
"""Refused updates that are kept."""

ANSWER_BYTES = 4 << 20
"""Bytes of revisions in one answer, unless one alone has more."""


@dataclass(slots=True)
class Conversation:
    """One connection: a handshake, papers, then a session; or somebody who was invited."""

    link: LinkId
    candidate: str | None
    """Whom we dialled; None: they dialled us."""

    address: Address
    binding: bytes
    """32 bytes that both ends of this connection have, and no other connection has."""

    nonce: bytes
    """Ours, in the handshake."""

    handshake: Handshake
    opened: float
    until: float
    """When it must be clear who the other side is, and whether they belong."""

    assembly: Assembly = field(default_factory=Assembly)
    asked: deque[bytes] = field(default_factory=deque)
    """Contents that the other side asked for; one at a time, so that typing never waits long."""

    reading: bool = False
    """One of them is being read."""

    papers: bytes = b""
    """What the other side was told about who belongs, or told us itself: a digest."""

    tips: tuple[bytes, ...] = ()
    """The rosters that it has, and all behind them."""

    session: Session | None = None
    told_links: frozenset[DeviceId] = frozenset()
    greeted: float = 0.0
    """When the other side said hello."""

    superseded: bool = False
    """A newer connection to the same device replaced this one; the other side will end it."""

    synced: bool = False
    """Both sides held the same at least once."""

    stranger: bool = False
    """The other side could not prove to belong to us, or will not talk with us."""

    over: bool = False
    """Nothing more is said or heard: the other side does not belong, or is another one now."""


class Peer:
    """
    See the module; ``files`` says whether the story is shown as files.

    ``speaks`` is the oldest and the newest version of the protocol.
    """

    def __init__(
        self,
        ourselves: Ourselves,
        recalled: Recalled,
        schemas: Mapping[str, Schema],
        *,
        dice: Random,
        now: float,
        files: bool,
        guard: Guard | None = None,
        sealer: Sealer = hpke,
        speaks: tuple[int, int] = PROTOCOL,
    ) -> None:
        self._self = ourselves
        self._guard = guard or Unguarded()
        self._speaks = speaks
        self._dice = dice
        self._boot = dice.randbytes(8)
        self._library = Library(ourselves.device, recalled, schemas, dice)
        self._belonging = Belonging(
            ourselves.device_key,
            recalled_papers(ourselves.papers, recalled.facts.get(PAPERS)),
            lambda: dice.randbytes(32),
            sealer,
            now,
        )
        self._papers_ticket = 0  # with this ticket what we know about who belongs is durable
        self._recall_papers()
        us = self._belonging.membership.member(ourselves.device)
        self._reception = Reception(ourselves.device_key, us.card) if us is not None else None
        self._replacing: dict[DeviceId, tuple[DeviceId, ...]] = {}  # what goes when somebody comes
        self._doing: deque[tuple[int, int]] = deque()  # what is done with which ticket
        self._dialing = Dialing(ourselves.device, dice)
        self._fetching = Fetching()
        self._statistics = Statistics(recalled.facts.get(FIGURES))
        self._history = History(recalled.revisions, recalled.history_from)
        self._filed: deque[tuple[int, Revision, LinkId | None]] = deque()  # not told yet
        self._mail = Mailing(ourselves.device_key, ourselves.papers.workspace, self._library, dice)
        self._mail_knows = b""  # digest of the papers that decided which mailbox is in use
        self._told_by_mail = False  # whoever reads the mailbox knows where the others went
        self._unknown: deque[Letter] = deque(maxlen=MAX_UNKNOWN)  # letters of who is no member yet
        self._manuscript: Manuscript | None = None
        self._resumed = not files
        self._began_at = recalled.head
        self._shadows_then = _below(recalled.facts, SHADOW)
        self._met = False  # somebody greeted this process
        self._by_program = False  # the story was edited by a program, too
        self._withdrawing = False  # what we took in from files is theirs already: say no more
        if files:
            self._manuscript = Manuscript(
                self._library.document(STORY),
                _below(self._library.facts, "shadow/"),
                dice,
                ourselves.person,
            )
        self._conversations: dict[LinkId, Conversation] = {}
        self._waiting: deque[tuple[int, WriteFile | WriteAsset]] = deque()
        self._larges: dict[bytes, tuple[bytes, int]] = {}  # by their lists: content and size
        self._lacking: dict[bytes, set[bytes]] = {}  # what we have not of each
        self._offered: set[bytes] = set()  # contents that the manuscript was told of
        self._anew_after: int | None = None  # with this ticket it is durable why we must begin anew
        self._doubles: set[str] = set()  # of whom we said that there are two
        self._replaced: dict[DeviceId, dict[bytes, int]] = {}
        """For each device its processes that another one replaced, and how often they came back."""
        self._open_writes: set[str] = set()  # asked for and not answered
        self._at = 0  # what an input said last: milliseconds since 1970, for display
        self._told_what_stays = False
        self._written: set[bytes] = set()  # what a reader's files were made to hold
        self._stuck_until: float | None = None  # when a write that failed is asked for again
        self._problems: dict[str, Problem] = {}
        self._trouble: str | None = None
        self._port = 0
        self._told: tuple[tuple[object, ...], tuple[bytes, ...]] | None = None
        self._recall_addresses(now)

    # Public methods for whoever runs the peer.

    def handle(self, input: Input, now: float) -> list[Effect]:  # noqa: A002 - it is the input
        """
        Take what happened; return what to do, in this order.

        ``now`` is a monotonic time in seconds.
        """
        if self._withdrawing and not isinstance(input, (Committed, Edited, Stopping)):
            return []  # a new process follows in a moment
        self._at = getattr(input, "at", self._at)
        return [*self._react(input, now), *self._continue(now)]

    def deadline(self) -> float | None:
        """When a :class:`Tick` is due, unless something happens before; None: never."""
        if self._withdrawing:
            return None
        times = [
            conversation.until
            for conversation in self._conversations.values()
            if conversation.session is None and not conversation.over
        ]
        for conversation in self._live():
            assert conversation.session is not None
            times.append(self._session_deadline(conversation.session))
        if self._belonging.outside is None:
            times.append(self._dialing.deadline(self._connected()) or float("inf"))
        times.append(self._fetching.deadline() or float("inf"))
        times.append(self._stuck_until or float("inf"))
        times.append(self._fold_due() or float("inf"))
        times.append(self._mail.deadline())
        soonest = min(times)
        return None if soonest == float("inf") else soonest

    def _session_deadline(self, session: Session) -> float:
        deadline = session.deadline(self._library)
        if deadline is None:
            return float("inf")
        if session.behind:  # its turn to ask comes when the others have been answered
            return max(deadline, self._answers_due())
        return deadline if self._at_rest() else float("inf")

    def _answers_due(self) -> float:
        sessions = [c.session for c in self._live() if c.session is not None]
        return max(session.answer_due for session in sessions)

    def offers(self, now: float) -> tuple[OfferStatus, ...]:
        """The invitations of this process, and who waits at them."""
        return self._reception.status(now) if self._reception is not None else ()

    def invitation_tags(self, now: float) -> tuple[bytes, ...]:
        """What to announce, so that those who were invited find us."""
        return self._reception.tags(now) if self._reception is not None else ()

    @property
    def ring(self) -> KeyRing:
        """The keys of the workspace: what to send with, and what to understand."""
        return self._belonging.ring

    @property
    def role(self) -> Role | None:
        """What we may do; None: we do not belong."""
        return self._belonging.role

    @property
    def outside(self) -> str | None:
        """Why we are not in touch with anybody; None: we belong."""
        return self._belonging.outside

    @property
    def papers(self) -> Papers:
        """Who belongs, as this device knows it."""
        return self._belonging.papers

    def hashes(self) -> dict[StoryPath, bytes]:
        """The SHA-256 of each file of the story, whether it is in the folder or not."""
        shown = {} if self._manuscript is None else self._manuscript.shown()
        return {path: content.sha256 for path, content in shown.items()}

    def document(self, name: str) -> Document:
        """
        A document by its name; whoever edits it tells so with :class:`Edited`.

        Raises:
            KeyError: The workspace was opened without a schema for it.
        """
        return self._library.document(name)

    def files(self) -> tuple[StoryPath, ...]:
        """The files that are synced, as far as they were on disk when we last looked."""
        return () if self._manuscript is None else self._manuscript.known()

    def chunks(self, list_: bytes) -> tuple[bytes, ...]:
        """The chunks of a large file, in order, by the SHA-256 of its list; () if unknown."""
        return chunks.hashes(self._library.list_of(list_) or b"")

    def has(self, asset: bytes) -> bool:
        """Whether a content is in the journal, or about to be."""
        return self._library.has(asset)

    @property
    def durable(self) -> bool:
        """Whether all that is known here is on disk."""
        return self._library.durable == self._library.head

    @property
    def head(self) -> int:
        """The newest position in the journal."""
        return self._library.head

    def bundle(self, since: DeviceId | None) -> Bundle:
        """
        What a member may carry to others by hand, when all is durable.

        With ``since`` only what that device has not said to hold.

        Raises:
            NotEntitled: This device may not write, or was not given the key yet.
        """
        keys = self._mail_keys()
        may = self._belonging.membership.may_write(self._self.device)
        if self._belonging.outside is not None or self._belonging.ring.key is None or not may:
            raise NotEntitled("this device may not write, or has not got the new key yet")
        session = self._dice.randbytes(SESSION_BYTES)
        desk = Desk(self._self.device_key, self._belonging.papers.workspace, session)
        acked = self._acked(since) if since is not None else 0
        records = records_since(self._library, acked)
        return pack(desk, keys[0], self._belonging.news(()), records)

    def open_bundle(self, bundle: Bundle) -> Letter:
        """
        The letter in a bundle; tell it with :class:`LetterBrought`.

        Raises:
            BadEnvelope: It is of another story, or of an epoch whose key is not here.
            MalformedFrame: It carries no letter.
        """
        return unpack(bundle, self._mail_keys(), self._belonging.papers.workspace)

    def _mail_keys(self) -> list[MailKeys]:
        return [MailKeys(epoch.number, key) for epoch, key in self._belonging.ring.held]

    def facts(self, prefix: str) -> dict[str, bytes]:
        """The facts whose names begin so."""
        return _below(self._library.facts, prefix)

    def status(self) -> Status:
        """One look at everything."""
        library = self._library
        known = self._peer_status()
        acked = max((self._acked(peer.device) for peer in known), default=0)
        return Status(
            device=self._self.device,
            name=self._self.name,
            person=self._self.person,
            workspace=self._self.workspace,
            digest=library.digest(),
            documents=len(library.names),
            pending=library.unacked(acked),
            held=library.held,
            quarantined=len(_below(library.facts, QUARANTINE)),
            peers=known,
            state_vectors={name: library.document(name).clocks() for name in library.names},
            problems=tuple(self._problems.values()),
            trouble=self._trouble,
            outside=self._belonging.outside,
            role=self._belonging.role,
            owner_devices=len(self._belonging.membership.owners),
            alone=self._belonging.hangs_on_one,
            settled=self._settled(),
            split=self._split(),
            relay=self._mail.status,
        )

    def _split(self) -> tuple[str, ...]:
        splits = _below(self._library.facts, "split/")
        return tuple(sorted({name.split("/", 2)[2] for name in splits}))

    def load(self) -> Load:
        """What is kept in memory just now."""
        sessions = [c.session for c in self._conversations.values() if c.session is not None]
        return Load(
            self._library.held,
            self._library.held_bytes,
            self._library.log_bytes,
            max((session.in_flight for session in sessions), default=0),
        )

    @property
    def statistics(self) -> Statistics:
        """Figures about the exchange with each device."""
        return self._statistics

    # What happened.

    def _react(self, input: Input, now: float) -> Iterator[Effect]:  # noqa: A002
        match input:
            case FrameArrived(link, frame):
                yield from self._hear(link, frame, now)
            case Committed(ticket):
                self._library.commit(ticket)
            case Drained(link):
                self._drained(link)
            case FilesSeen():
                yield from self._files_seen(input, now)
            case FileWritten() | FileKept() | FileStuck():
                yield from self._write_answered(input, now)
            case Edited(document, change, at):
                self._note_program(document)
                self._library.wrote(document, change, at, from_file=False)
                yield from self._changed(document, change.touched, self._self.device, now)
            case Do(number, act):
                yield from self._do(number, act, now)
            case LinkUp():
                yield from self._link_up(input, now)
            case LinkDown(link, reason, at):
                yield from self._link_down(link, reason, at, now)
            case LogRead(link, entries):
                conversation = self._conversations.get(link)
                if conversation is not None and conversation.session is not None:
                    said = conversation.session.resume(entries, self._library, now)
                    yield from self._carry_out(conversation, said, now)
            case AssetRead(link, asset, content):
                conversation = self._conversations.get(link)
                if conversation is not None:
                    conversation.reading = False
                    yield from self._send(conversation, Asset(asset, content))
            case RevisionsRead():
                yield from self._revisions_read(input)
            case Milestone():
                self._set_milestone(input)
            case AssetsKept(assets):
                self._library.note_kept(assets)
            case Sighted(candidate, addresses, lasting, likely):
                is_new = self._dialing.sight(
                    candidate, addresses, now, lasting=lasting, likely=likely
                )
                if is_new and likely:
                    yield Tell(events.PeerFound(candidate))
            case Lost(candidate):
                self._dialing.lose(candidate)
            case DialFailed(candidate):
                self._dialing.failed(candidate, now)
            case NetworkChanged():
                self._dialing.refresh(now)
            case RelayNamed(url):
                self._mail.name_relay(url)
                self._mail_knows = b""
            case RelayReached(problem):
                self._mail.reached(problem)
            case (
                MailWaits()
                | MailRead()
                | SnapshotRead()
                | MailPosted()
                | SnapshotPut()
                | MailRefused()
            ):
                yield from self._hear_mail(input, now)
            case LetterBrought(letter):
                yield from self._open_letter(letter, now, mailed=False)
            case Listening(port):
                self._port = port
            case StoreTrouble(problem):
                self._trouble = problem
                if problem is not None:
                    yield Tell(events.Trouble(problem))
            case Stopping():
                yield from self._stop()
            case Tick():
                yield from self._hang_up_silent(now)
                yield from self._ask_for_stuck(now)
                yield from self._fold(now)

    def _note_program(self, document: str) -> None:
        """What a program wrote is in no file: it must never go without being written anew."""
        if document != STORY:
            return
        self._by_program = True
        if self._withdrawing and (cut := self._library.facts.get(WITHDRAWN + STORY)):
            self._library.remember(WITHDRAWN + STORY, None)
            self._library.remember(CUT + STORY, cut)

    def _ask_for_stuck(self, now: float) -> Iterator[Effect]:
        """Ask for writes again that failed: there may be room by now, and nobody says so."""
        if self._manuscript is None or self._stuck_until is None or now < self._stuck_until:
            return
        self._stuck_until = None
        yield from self._absorb(self._manuscript.merged(()), self._at, now)

    def _write_answered(
        self, answer: FileWritten | FileKept | FileStuck, now: float
    ) -> Iterator[Effect]:
        self._open_writes.discard(answer.path)
        if self._manuscript is None:
            return
        match answer:
            case FileWritten(path, content, at):
                if not self._reads(self._self.device):
                    self._problems.pop(path, None)
                outcome = self._manuscript.wrote(path, content)
                yield Tell(events.FileChanged(path))
            case FileKept(path, content, at) if self._reads(self._self.device):
                outcome = self._manuscript.stuck(path)
                yield from self._absorb(outcome, at, now)
                yield from self._files_seen(FilesSeen((FileSeen(path, content),), at), now)
                return
            case FileKept(path, content, at):
                outcome = self._manuscript.kept(path, content, now)
            case FileStuck(path, problem, at):
                outcome = self._manuscript.stuck(path)
                if problem is not None:
                    self._stuck_until = now + STUCK_SECONDS
                    yield from self._note_problem(problem)
        yield from self._absorb(outcome, at, now)

    def _files_seen(self, seen: FilesSeen, now: float) -> Iterator[Effect]:
        if self._manuscript is None:
            return
        if self._reads(self._self.device):
            seen = yield from self._read_only(seen, self._manuscript)
        if seen.everything:
            again = RESTORED in self._library.facts
            outcome = self._manuscript.resume(
                seen.files, now, seen.unreadable, at=seen.at, again=again
            )
            self._library.remember(RESTORED, None)
            self._resumed = True
        else:
            outcome = self._manuscript.saw(seen.files, now, seen.at)
        for file in seen.files:
            self._problems.pop(file.path, None)
        for problem in seen.problems:
            yield from self._note_problem(problem)
        yield from self._absorb(outcome, seen.at, now)
        yield from self._want_assets(now)

    def _read_only(
        self, seen: FilesSeen, manuscript: Manuscript
    ) -> Generator[Effect, None, FilesSeen]:
        """Leave of what was seen only what is as the story has it; a reader changes nothing."""
        shown = manuscript.shown()
        found = sort(seen.files, shown, self._written)
        for write in found.writes:
            if write.content is not None:
                self._written.add(hashlib.sha256(write.content).digest())
            self._waiting.append((self._library.due, write))
        for problem in found.problems:
            yield from self._note_problem(problem)
        unreadable = {*seen.unreadable, *found.others}
        if seen.everything:  # what is missing was removed, and comes back
            here = {file.path for file in seen.files}
            gone = [path for path in manuscript.known() if path not in here | unreadable]
            again = sort([FileSeen(path, None) for path in gone], shown, ())
            self._waiting.extend((self._library.due, write) for write in again.writes)
            unreadable |= set(again.others)
        return replace(seen, files=found.as_shown, unreadable=tuple(sorted(unreadable)))

    def _note_problem(self, problem: Problem) -> Iterator[Effect]:
        if self._problems.get(problem.path) != problem:
            self._problems[problem.path] = problem
            yield Tell(events.Trouble(problem.sentence))

    def _absorb(self, outcome: Outcome, at: int, now: float) -> Iterator[Effect]:
        library = self._library
        if outcome.change is not None:
            library.wrote(STORY, outcome.change, at, from_file=True)
        for asset, content in outcome.assets:
            library.keep(asset, content)
        for large in outcome.larges:
            library.keep_list(large.list)
            library.note_kept(chunks.hashes(large.list))
        for name, value in outcome.facts:
            library.remember(name, value)
        self._waiting.extend((library.due, write) for write in outcome.writes)
        for problem in outcome.problems:
            yield from self._note_problem(problem)
        if outcome.versions:
            me = self._self
            for part in split(Revision(me.person, me.device, at, "", outcome.versions)):
                self._file(part)
        if outcome.change is not None:
            touched = outcome.change.touched
            self._stir(now)
            yield from self._warn_of_size(STORY)
            yield Tell(events.Merged(STORY, self._self.device, touched, local=True))

    def _changed(
        self, document: str, touched: frozenset[Touch], author: DeviceId, now: float
    ) -> Iterator[Effect]:
        """Follow up a change that did not come from the files."""
        self._stir(now)
        yield from self._warn_of_size(document)
        yield Tell(events.Merged(document, author, touched, local=author == self._self.device))
        if document == STORY and self._manuscript is not None and self._resumed:
            yield from self._absorb(self._manuscript.merged(touched), self._at, now)
            yield from self._want_assets(now)

    def _warn_of_size(self, document: str) -> Iterator[Effect]:
        if self._library.has_become_large(document):
            yield Tell(
                events.Trouble(
                    f"with all that was ever deleted, {document!r} has more than "
                    f"{LARGE_DOCUMENT >> 20} MiB; beyond {MAX_DOCUMENT >> 20} MiB others cannot "
                    "take in more of it"
                )
            )

    def _stir(self, now: float) -> None:
        self._statistics.stirred(self._connected(), now)
        for conversation in self._live():
            assert conversation.session is not None
            conversation.session.stir(now)

    # What arrives on links.

    def _link_up(self, up: LinkUp, now: float) -> Iterator[Effect]:
        self._dialing.answered(up.candidate)
        if self._belonging.outside is not None:
            self._dialing.hung_up(up.candidate, now, synced=False, stranger=True)
            yield Hangup(up.link, WITHOUT_A_WORD)
            return
        nonce = self._dice.randbytes(NONCE_BYTES)
        handshake = Handshake(
            self._self.device_key,
            self._self.workspace,
            self._belonging.ring.keys,
            self._belonging.standing,
            up.binding,
            nonce,
            dialling=up.candidate is not None,
            speaks=self._speaks,
        )
        conversation = Conversation(
            up.link,
            up.candidate,
            up.address,
            up.binding,
            nonce,
            handshake,
            now,
            now + HANDSHAKE_SECONDS,
        )
        self._conversations[up.link] = conversation
        for greeting in handshake.begin():
            yield from self._send(conversation, greeting)

    def _link_down(self, link: LinkId, reason: str, at: int, now: float) -> Iterator[Effect]:
        conversation = self._conversations.pop(link, None)
        if conversation is None:
            return
        self._history.left(link)
        self._statistics.left(link)
        self._library.remember(FIGURES, self._statistics.fact(), soon=False)
        if self._reception is not None:
            self._reception.leave(link)
        self._dialing.hung_up(
            conversation.candidate,
            now,
            synced=conversation.synced,
            stranger=conversation.stranger,
        )
        session = conversation.session
        if session is None or session.theirs is None:
            return
        if not conversation.over:
            self._remember_peer(conversation, at)
        self._stay_with_the_last(session.device)
        if session.device not in self._connected():
            self._dialing.left(session.device, now)
            yield Tell(events.PeerLeft(session.device, session.theirs.name, reason))

    def _stay_with_the_last(self, device: DeviceId) -> None:
        """If the connection ended that was to replace the others, the newest of them counts."""
        rest = [c for c in self._live() if c.session is not None and c.session.device == device]
        if rest and all(conversation.superseded for conversation in rest):
            rest[-1].superseded = False

    def _hear(self, link: LinkId, frame: bytes, now: float) -> Iterator[Effect]:
        conversation = self._conversations.get(link)
        if conversation is None or conversation.stranger or conversation.over:
            return
        try:
            if self._is_guest(conversation, frame):
                yield from self._hear_guest(conversation, frame, now)
            elif conversation.handshake.other is None:
                yield from self._hear_greeting(conversation, frame, now)
            elif conversation.session is None:
                yield from self._hear_papers(conversation, frame, now)
            else:
                yield from self._hear_message(conversation, conversation.session, frame, now)
        except EngineFailure:
            raise  # nobody's fault that hanging up would mend
        except (Refused, ProtocolError, DocumentError, MembershipError) as problem:
            # Strangers may say what they like, to nobody's alarm; and they are told nothing.
            proven = conversation.handshake.other is not None
            if conversation.session is not None:
                self._statistics.of(conversation.session.device).errors += 1
            if proven or isinstance(problem, (DifferentVersion, ForgedDevice)):
                yield Tell(events.Trouble(f"{conversation.address}: {problem}"))
            conversation.stranger = conversation.session is None
            yield Hangup(link, str(problem) if proven else WITHOUT_A_WORD)

    def _hear_greeting(
        self, conversation: Conversation, frame: bytes, now: float
    ) -> Iterator[Effect]:
        handshake = conversation.handshake
        for greeting in handshake.receive(decode_greeting(frame)):
            yield from self._send(conversation, greeting)
        if handshake.other is None:
            return
        yield Proven(conversation.link)
        self._dialing.reached(conversation.candidate, handshake.other)
        if handshake.other == self._self.device:
            if not self._is_both_ends(handshake):
                yield from self._warn_of_double("this device")
            yield Hangup(conversation.link, "that is this device itself")
            return
        conversation.until = now + PAPERS_SECONDS
        assert handshake.theirs is not None
        conversation.tips = handshake.theirs.tips
        if handshake.ours.digest == handshake.theirs.digest:
            conversation.papers = handshake.ours.digest
            yield from self._judge(conversation, now)
        elif self._belonging.includes(handshake.other):
            yield from self._tell_papers(conversation)
        else:
            yield from self._send(conversation, self._belonging.credentials())

    # Those who were invited.

    def _is_guest(self, conversation: Conversation, frame: bytes) -> bool:
        """Whether somebody speaks who was invited, rather than a member; or says so."""
        if self._reception is None:
            return False
        if self._reception.admits(conversation.link):
            return True
        # Only who was dialled can be knocked at, and only with the first frame.
        return conversation.handshake.state is Proving.AWAITING_PROOF and is_pairing(frame)

    def _hear_guest(self, conversation: Conversation, frame: bytes, now: float) -> Iterator[Effect]:
        link, reception = conversation.link, self._reception
        assert reception is not None
        if not reception.admits(link):
            reception.begin(
                link, conversation.binding, conversation.nonce, conversation.address.host
            )
        knew = reception.guest(link)
        for answer in reception.hear(link, frame, now):
            yield Proven(link)
            conversation.until = reception.until(link)
            yield Send(link, answer)
        guest = reception.guest(link)
        if guest is not None and knew is None:
            yield Tell(events.GuestWaiting(guest.name, guest.fingerprint))

    def _see_to_guests(self, now: float) -> Iterator[Effect]:
        """Let in, once it is durable, and turn away."""
        reception = self._reception
        if reception is None:
            return
        for link, guest in reception.decided(now):
            role, replacing = guest.offer.terms.role, self._replacing.pop(guest.device, ())
            try:
                changed = self._belonging.admit(guest.card, role, replacing, now)
            except MembershipError as problem:
                yield Tell(events.Trouble(f"{guest.name} could not be let in: {problem}"))
                yield from self._answer_guest(link, reception.refuse(link, Reason.DECLINED))
                continue
            if changed:
                yield from self._belonging_changed()
            reception.let_in(link, self._papers_ticket)
        for link, guest in reception.welcome(self._library.committed, now):
            payload = self._belonging.welcome(guest.device)
            yield from self._answer_guest(link, reception.admission(link, payload, now))
            yield Tell(events.GuestJoined(guest.device, guest.name))
        for link, refusal in reception.refusals(now):
            yield from self._answer_guest(link, refusal)

    def _answer_guest(self, link: LinkId, frame: bytes) -> Iterator[Effect]:
        self._conversations[link].over = True
        yield Send(link, frame)
        yield Hangup(link, WITHOUT_A_WORD)

    # What the user wants.

    def _do(self, number: int, act: acts.Act, now: float) -> Iterator[Effect]:
        try:
            if self._reception is None or self._belonging.outside is not None:
                raise NotEntitled("this device is no member of the story")
            changed = self._act(number, act, self._reception, now)
        except (MembershipError, InvitationError) as problem:
            yield Tell(events.Done(number, str(problem)))
            return
        if changed:
            yield from self._belonging_changed()
        self._doing.append((number, self._library.due))

    def _act(self, number: int, act: acts.Act, reception: Reception, now: float) -> bool:
        belonging = self._belonging
        match act:
            case acts.Invite(_, terms):
                if not belonging.membership.may_admit(self._self.device, terms.role):
                    role = terms.role.name.lower()
                    raise NotEntitled(f"your role does not let you invite somebody as {role}")
                reception.open(number, act, now)
                return False
            case acts.Withdraw(offer):
                reception.withdraw(offer)
                return False
            case acts.Confirm(who, replacing):
                guest = reception.find(who, now)
                if replacing and not belonging.membership.may_remove(self._self.device):
                    raise NotEntitled("only an owner can replace a device")
                guest.offer.confirm(guest, now)
                self._replacing[guest.device] = replacing
                return False
            case acts.Decline(who):
                guest = reception.find(who, now)
                guest.offer.decline(guest)
                return False
            case acts.Remove(devices):
                return belonging.remove(devices, now)
            case acts.ChangeRole(devices, role):
                return belonging.change_role(devices, role, now)
            case acts.SetRecovery(public):
                return belonging.set_recovery(public, now)
            case acts.Restore(key):
                return belonging.restore(key, now)

    def _tell_what_is_done(self) -> Iterator[Effect]:
        while self._doing and self._doing[0][1] <= self._library.committed:
            yield Tell(events.Done(self._doing.popleft()[0], None))

    # Who belongs.

    def _hear_papers(
        self, conversation: Conversation, frame: bytes, now: float
    ) -> Iterator[Effect]:
        """Hear what somebody says about who belongs, of whom we do not know whether they do."""
        other = conversation.handshake.other
        assert other is not None
        message = decode(frame, other)
        if isinstance(message, Part):
            if message.size > 2 * MAX_EVIDENCE:
                raise LimitExceeded("bytes about who belongs", message.size, MAX_EVIDENCE)
            whole = conversation.assembly.add(message, other)
            if whole is None:
                return
            message = whole
        if not isinstance(message, Members):
            raise UnexpectedMessage(type(message).__name__, "saying who belongs")
        yield from self._take_papers(conversation, message, now)
        if not conversation.over:
            yield from self._judge(conversation, now)

    def _take_papers(
        self, conversation: Conversation, told: Members, now: float
    ) -> Iterator[Effect]:
        if self._belonging.take(told, now, conversation.handshake.other):
            yield from self._belonging_changed()
        if told.digest == self._belonging.papers.digest:
            conversation.papers = told.digest
            conversation.tips = self._belonging.standing.tips

    def _judge(self, conversation: Conversation, now: float) -> Iterator[Effect]:
        """Talk with a member; see anybody else out."""
        other = conversation.handshake.other
        assert other is not None
        if not self._belonging.includes(other):
            conversation.stranger = True
            yield from self._see_out(conversation)
            return
        hello = self._hello(other)
        mute, deaf = self._reads(self._self.device), self._reads(other)
        conversation.session = Session(other, hello, now, mute=mute, deaf=deaf)
        yield from self._send(conversation, hello)

    def _see_out(self, conversation: Conversation) -> Iterator[Effect]:
        """Not one byte more for somebody who does not belong, but for the notice of a removal."""
        other = conversation.handshake.other
        assert other is not None
        yield Drop(conversation.link)
        # A removal of our own that is not durable yet, they hear of when they come again.
        durable = self._library.committed >= self._papers_ticket
        farewell = self._belonging.farewell(other) if durable else None
        if farewell is not None:
            yield from self._send(conversation, farewell)
        conversation.over = True
        reason = WITHOUT_A_WORD if farewell is None else "no member any more"
        yield Hangup(conversation.link, reason)

    def _belonging_changed(self) -> Iterator[Effect]:
        """Keep what is new about who belongs, and end what must not go on."""
        self._keep_papers()
        outside = self._belonging.outside
        for conversation in self._conversations.values():
            if conversation.over:
                continue
            if outside is not None:
                conversation.over = True
                yield Hangup(conversation.link, WITHOUT_A_WORD)
            elif conversation.session is None:
                continue  # is judged when its papers have come
            elif not self._belonging.includes(conversation.session.device):
                yield from self._see_out(conversation)
        yield Tell(events.MembersChanged())
        if outside is not None:
            yield Tell(events.Trouble(outside))

    def _reads(self, device: DeviceId) -> bool:
        """Whether a device may read the story, and not write in it."""
        return self._belonging.membership.role(device) is Role.READER

    def _is_another_now(self, session: Session) -> bool:
        """Whether one of the two sides may write that could not, or the other way round."""
        now = self._reads(self._self.device), self._reads(session.device)
        return (session.mute, session.deaf) != now

    def _recall_papers(self) -> None:
        kept = self._library.facts.get(NOTICE)
        if kept is not None:
            notice = Notice.decode(kept)
            if self._belonging.papers.heeds(notice, self._self.device):
                self._belonging.notice = notice
        self._keep_papers()

    def _keep_papers(self) -> None:
        belonging, library = self._belonging, self._library
        library.remember(PAPERS, belonging.papers.evidence().encode())
        notice = belonging.notice
        library.remember(NOTICE, None if notice is None else notice.encoded)
        self._papers_ticket = library.due

    def _tell_news_of_papers(self) -> Iterator[Effect]:
        """Tell everybody what is new about who belongs, once it is durable."""
        if self._library.committed < self._papers_ticket:
            return
        digest = self._belonging.papers.digest
        for conversation in self._conversations.values():
            session = conversation.session
            if session is None or conversation.over:
                continue
            if conversation.papers != digest:
                yield from self._tell_papers(conversation)
            if self._is_another_now(session):  # what was said as another one is void
                conversation.over = True
                yield Hangup(conversation.link, "a role was changed")

    def _tell_papers(self, conversation: Conversation) -> Iterator[Effect]:
        news = self._belonging.news(conversation.tips)
        conversation.papers, conversation.tips = news.digest, self._belonging.standing.tips
        yield from self._send(conversation, news)

    def _fold_due(self) -> float | None:
        return self._belonging.fold_due() if self._belonging.outside is None else None

    def _fold(self, now: float) -> Iterator[Effect]:
        due = self._fold_due()
        if due is None or due > now:
            return
        try:
            if self._belonging.fold(now):
                yield from self._belonging_changed()
        except WorkspaceFull as problem:
            yield Tell(events.Trouble(str(problem)))

    def _is_both_ends(self, handshake: Handshake) -> bool:
        """Whether we called ourselves; else somebody else has our key."""
        transcripts = [c.handshake.transcript for c in self._conversations.values()]
        return transcripts.count(handshake.transcript) > 1

    def _warn_of_double(self, who: str) -> Iterator[Effect]:
        if who not in self._doubles:
            self._doubles.add(who)
            yield Tell(
                events.Trouble(
                    f"two machines say that they are {who}: probably a disk or a home folder was "
                    "copied; nothing is lost, but they only take turns. On one of them, remove "
                    "device.key from the settings folder and join again"
                )
            )

    def _hello(self, device: DeviceId) -> Hello:
        library = self._library
        cursor_of, cursor = self._cursor(device)
        linked = sorted(self._connected() - {device})[:MAX_LINKED]
        return Hello(
            boot=self._boot,
            incarnation=library.incarnation,
            first=library.first,
            head=library.head,
            cursor_of=cursor_of,
            cursor=cursor,
            fingerprint=library.fingerprint() if self._at_rest() else b"",
            linked=tuple(linked),
            name=self._self.name,
            person=self._self.person,
            port=self._port,
        )

    def _hear_message(
        self, conversation: Conversation, session: Session, frame: bytes, now: float
    ) -> Iterator[Effect]:
        self._statistics.of(session.device).received_bytes += len(frame)
        message = decode(frame, session.device)
        if isinstance(message, Part):
            whole = conversation.assembly.add(message, session.device)
            if whole is None:
                return
            message = whole
        if isinstance(message, HistoryMessage):
            if session.state is not State.LIVE:
                raise UnexpectedMessage(type(message).__name__, session.state.value)
            heard = self._history.hear(conversation.link, message, deaf=session.deaf)
            yield from self._tell_history(conversation, heard)
            return
        if isinstance(message, Members):
            yield from self._take_papers(conversation, message, now)
            return
        said = session.receive(message, self._library, now)
        if isinstance(message, Ack):
            self._statistics.acked(conversation.link, session.device, message.pushes, now)
        if isinstance(message, Hello):
            conversation.greeted = now
            self._history.came(conversation.link, session.device)
            yield from self._greeted(conversation, session)
        yield from self._carry_out(conversation, said, now)

    def _greeted(self, conversation: Conversation, session: Session) -> Iterator[Effect]:
        assert session.theirs is not None
        for other in self._live():
            assert other.session is not None
            if other is conversation or other.session.device != session.device:
                continue
            if self._is_back(other, conversation):
                yield from self._warn_of_double(session.theirs.name or fingerprint(session.device))
            loser = self._double(other, conversation)
            if loser is not None:
                yield Hangup(loser.link, "there is another connection to this device")
        if self._was_put_back(session.ours, session.theirs):
            yield from self._begin_put_back(session.theirs)
        self._met = True
        self._remember_peer(conversation, 0)
        name = session.theirs.name
        yield Tell(events.PeerConnected(session.device, name, str(conversation.address)))

    def _was_put_back(self, ours: Hello, theirs: Hello) -> bool:
        """Whether they hold what was told in this life of our journal and is not here any more."""
        told = self._library.head if self._met else self._began_at
        known = self._library.facts.get(RESTORED) == UNNOTICED
        return theirs.cursor_of == ours.incarnation and theirs.cursor > told and not known

    def _begin_put_back(self, theirs: Hello) -> Iterator[Effect]:
        """
        Begin anew as a journal that was put back, which only others can tell.

        What we took in from the files since may be theirs, too. As long as we told nobody,
        it is forgotten, and the files are compared once more when we know all that they know.
        """
        library = self._library
        yield Tell(
            events.Trouble(
                f"the journal is older than what {theirs.name or 'another device'} has from it "
                "(a restored backup?); what is missing comes back from the others"
            )
        )
        library.remember(RESTORED, UNNOTICED)
        if self._manuscript is not None and not self._met and not self._by_program:
            self._withdrawing = True
            shadows = dict.fromkeys(_below(library.facts, SHADOW)) | self._shadows_then
            for name, shadow in shadows.items():
                library.remember(name, shadow)
            library.remember(WITHDRAWN + STORY, fact_of([(library.document(STORY).client, *ALL)]))
            self._waiting.clear()
        self._anew_after = library.due

    def _is_back(self, old: Conversation, new: Conversation) -> bool:
        """
        Whether a process is back that another one had replaced, for the second time.

        Both of them run then. What one said that died can arrive late, and so can a call that
        it took; but only once, for nobody takes its next call.
        """
        assert old.session is not None
        assert old.session.theirs is not None
        assert new.session is not None
        assert new.session.theirs is not None
        replaced = self._replaced.setdefault(new.session.device, {})
        before, after = old.session.theirs.boot, new.session.theirs.boot
        if before == after:
            return False
        if len(replaced) < MAX_REPLACED:
            replaced.setdefault(before, 0)
        if after in replaced and new.opened > old.greeted:
            replaced[after] += 1
        return replaced.get(after, 0) > 1

    def _double(self, old: Conversation, new: Conversation) -> Conversation | None:
        """
        Which of two connections to one device we end.

        Both sides come to the same answer: after a restart of the other side the one that
        began before is dead; if both dialled, the call of the smaller device id stays; if one
        side called twice, that side decides, for its newer call.
        """
        assert old.session is not None
        assert new.session is not None
        assert old.session.theirs is not None
        assert new.session.theirs is not None
        old.superseded = True
        if old.session.theirs.boot != new.session.theirs.boot:
            if new.opened >= old.opened:
                return old
            old.superseded, new.superseded = False, True
            return new
        we_dialled_old, we_dialled_new = old.candidate is not None, new.candidate is not None
        if we_dialled_old == we_dialled_new:
            return old if we_dialled_old else None
        smaller_is_ours = self._self.device < new.session.device
        if we_dialled_new == smaller_is_ours:
            return old
        old.superseded, new.superseded = False, True
        return new

    def _carry_out(
        self, conversation: Conversation, said: Sequence[Said], now: float
    ) -> Iterator[Effect]:
        session = conversation.session
        assert session is not None
        for item in said:
            match item:
                case News():
                    yield from self._merge(conversation, item, now)
                case ReadOn(after):
                    yield ReadLog(conversation.link, after, 1 << 20)
                case Asked(asset):
                    if len(conversation.asked) < MAX_ASKED:
                        conversation.asked.append(asset)
                case Came():
                    yield from self._asset_came(conversation.link, item, now)
                case Matched():
                    conversation.synced = True
                    self._statistics.matched(session.device, now)
                    self._are_one_again(session.device)
                    self._note_progress(session, soon=True)
                    yield Tell(events.InSync(session.device))
                case Disagreed() if session.mute:
                    yield from self._say_what_stays_here()
                case Disagreed():
                    yield Tell(events.Trouble(self._disagreement(session)))
                case Declined():
                    yield from self._declined(session, item)
                case Ended(reason):
                    yield Hangup(conversation.link, reason)
                case message:
                    if isinstance(message, Push):
                        updates = len(message.records)
                        self._statistics.pushed(conversation.link, session.device, updates, now)
                    yield from self._send(conversation, message)

    def _say_what_stays_here(self) -> Iterator[Effect]:
        if not self._told_what_stays:
            self._told_what_stays = True
            yield Tell(
                events.Trouble(
                    "you may only read this story by now; what you wrote before, and nobody had "
                    "got, stays on this device"
                )
            )

    def _disagreement(self, session: Session) -> str:
        name = session.theirs.name if session.theirs is not None else ""
        return (
            f"{name or fingerprint(session.device)} and this device have exchanged everything "
            "and still hold different texts; nothing is lost, please report this"
        )

    def _are_one_again(self, device: DeviceId) -> None:
        for name in _below(self._library.facts, f"split/{device.hex()}/"):
            self._library.remember(name, None)
            self._library.remember(f"rewrites/{name.split('/', 2)[2]}", None)

    def _declined(self, session: Session, declined: Declined) -> Iterator[Effect]:
        """Another device will not follow: until it does, the document is split."""
        library, document = self._library, declined.document
        name = f"split/{session.device.hex()}/{document}"
        if document not in library.names:
            return
        if name not in library.facts:
            library.remember(name, declined.reason.encode())
            who = session.theirs.name if session.theirs is not None else ""
            yield Tell(
                events.Trouble(
                    f"{who or fingerprint(session.device)} cannot take in a change from here "
                    f"({declined.reason}); nothing is lost, but what builds on it stays here"
                )
            )
        self._withdraw(document, session.device, declined.spans)

    def _withdraw(self, document: str, teller: DeviceId, spans: Sequence[Span]) -> None:
        """Let go of what is ours to let go of, and write it anew; see rewrite.py."""
        library = self._library
        cut = [span for span in spans if library.is_for_us_to_withdraw(document, span[0], teller)]
        tries = int(library.facts.get(f"rewrites/{document}", b"0"))
        if cut and tries < MAX_REWRITES and CUT + document not in library.facts:
            library.remember(f"rewrites/{document}", str(tries + 1).encode())
            library.remember(CUT + document, fact_of(cut))
            self._anew_after = library.due

    def _rejection(self, record: Record, reason: str) -> Reject:
        update = hashlib.sha256(record.update).digest()
        return Reject(record.document, update, reason, self._library.spans_refused(record))

    def _merge(self, conversation: Conversation, news: News, now: float) -> Iterator[Effect]:
        session = conversation.session
        assert session is not None
        waits = False
        figures = self._statistics.of(session.device)
        figures.received_updates += len(news.records)
        self._guard.enter(news.records)
        for record in news.records:
            merge = yield from self._take(record, session.device, now)
            waits |= merge.waits
            if merge.refused is not None:
                figures.refused += 1
                yield from self._send(conversation, self._rejection(record, merge.refused))
        self._guard.leave()
        if waits:
            session.behind = True
            session.settle(news.number, None)
            return
        if not self._library.waits:
            session.cursor = max(session.cursor, news.through)
            self._note_progress(session)
        session.settle(news.number, self._library.due)

    def _take(self, record: Record, source: DeviceId, now: float) -> Generator[Effect, None, Merge]:
        """Take in a record that another device sent, whatever way it came."""
        if self._reads(source):
            merge = Merge(refused="it comes from a device that may only read this story")
        else:
            merge = self._library.merge(record, source)
        if merge.forked:
            yield Tell(
                events.Trouble(
                    "another device used this one's identity for its edits (a copied folder?); "
                    "both texts were kept"
                )
            )
        if merge.refused is not None:
            yield from self._quarantine(record, merge.refused)
        if merge.applied:
            self._library.document(record.document).look(merge.touched)
            yield from self._changed(record.document, merge.touched, record.author, now)
        return merge

    # What comes through the relay.

    def _share_papers(self) -> None:
        """See which mailbox is in use, and leave there what is new about who belongs."""
        belonging = self._belonging
        if not self._mail.on or self._library.committed < self._papers_ticket:
            return
        papers = belonging.papers
        if self._mail_knows != papers.digest:
            self._mail_knows = papers.digest
            keys = self._mail_keys()
            current = belonging.outside is None and belonging.ring.key is not None
            newest = max(papers.tips, key=lambda tip: (papers.rosters[tip].version, tip))
            self._mail.use(
                keys[0] if current else None,
                keys,
                (papers.rosters[newest].version, newest),
                belonging.news(()),
                gives=belonging.membership.may_write(self._self.device),
                tell=not self._told_by_mail,
            )
            self._told_by_mail = False

    def _hear_mail(self, said: MailInput, now: float) -> Iterator[Effect]:
        brought = False
        for heard in self._mail.hear(said, now):
            match heard:
                case Alarm(sentence):
                    yield Tell(events.Trouble(sentence))
                case Letter():
                    brought |= bool(heard.messages)
                    yield from self._open_letter(heard, now)
        if isinstance(said, MailRead | SnapshotRead) and not self._unknown:
            self._mail.checkpoint(soon=brought)

    def _open_letter(self, letter: Letter, now: float, *, mailed: bool = True) -> Iterator[Effect]:
        for message in letter.messages:
            if isinstance(message, Members):
                yield from self._read_papers(message, now)
        if self._belonging.membership.was_removed(letter.device):
            return
        if not self._belonging.includes(letter.device) and not mailed:
            yield Tell(events.Trouble("a bundle of somebody who is no member was left aside"))
            return
        if not self._belonging.includes(letter.device):
            self._unknown.append(letter)  # what says that they belong may be in a later one
            return
        for message in letter.messages:
            if isinstance(message, Push):
                self._guard.enter(message.records)
                for record in message.records:
                    yield from self._take(record, letter.device, now)
                self._guard.leave()
        yield from self._note_writer(letter, now, mailed=mailed)

    def _read_papers(self, told: Members, now: float) -> Iterator[Effect]:
        try:
            changed = self._belonging.take(told, now)
        except MembershipError as problem:
            yield Tell(events.Trouble(f"at the relay: {problem}"))
            return
        self._mail.know_papers(told.digest)
        if changed:
            self._told_by_mail = True
            yield from self._belonging_changed()
            for letter in [self._unknown.popleft() for _ in range(len(self._unknown))]:
                yield from self._open_letter(letter, now)

    def _note_writer(self, letter: Letter, now: float, *, mailed: bool) -> Iterator[Effect]:
        """Note what a letter tells of the device that wrote it."""
        member = self._belonging.membership.member(letter.device)
        name = f"peer/{letter.device.hex()}"
        if member is not None and letter.device != self._self.device:
            known = {"name": member.card.device_name, "person": member.card.person_name}
            if name not in self._library.facts:
                self._library.remember(name, json.dumps(known, sort_keys=True).encode())
        through = self._mail.merged(letter, now) if mailed else 0
        if through > self._acked(letter.device):
            acked = self._library.incarnation + through.to_bytes(8, "big")
            self._library.remember(f"ack/{letter.device.hex()}", acked)
            yield Tell(events.Delivered(letter.device, through))

    def _quarantine(self, record: Record, reason: str) -> Iterator[Effect]:
        name = QUARANTINE + hashlib.sha256(record.update).hexdigest()[:32]
        if name in self._library.facts:
            return
        if len(_below(self._library.facts, QUARANTINE)) < MAX_QUARANTINE:
            self._library.remember(name, record.update[:QUARANTINE_BYTES])
        yield Tell(
            events.Trouble(f"an update from {fingerprint(record.author)} was put aside: {reason}")
        )

    # Binary files.

    def _want_assets(self, now: float) -> Iterator[Effect]:
        if self._manuscript is None:
            return
        library = self._library
        needed: dict[bytes, tuple[bytes, ...]] = {
            asset: () if library.has(asset) else (asset,) for asset in self._manuscript.assets()
        }
        self._larges = {list_: (asset, size) for asset, list_, size in self._manuscript.larges()}
        self._lacking = {list_: set(library.lacks(list_)) for list_ in self._larges}
        for list_, (asset, _) in self._larges.items():
            needed[asset] = tuple(self._lacking[list_])
        self._fetching.want(asset for lacking in needed.values() for asset in lacking)
        for asset in sorted(needed.keys() - self._offered):
            if not needed[asset]:
                yield from self._offer(asset, now)

    def _offer(self, asset: bytes, now: float) -> Iterator[Effect]:
        """Tell the manuscript, once, that a content can be written."""
        assert self._manuscript is not None
        self._offered.add(asset)
        yield from self._absorb(self._manuscript.wanted_writes_for(asset), 0, now)

    def _asset_came(self, link: LinkId, came: Came, now: float) -> Iterator[Effect]:
        asset, content = came.asset, came.content
        if content is None or hashlib.sha256(content).digest() != asset:
            self._fetching.lacks(link, asset, now)
            return
        if self._library.has(asset) or self._manuscript is None:
            return
        self._fetching.came(asset)
        if asset in self._larges:
            if chunks.fits(content, self._larges[asset][1]):
                self._library.keep_list(content)
                yield from self._want_assets(now)
            return
        self._library.keep(asset, content)
        if asset in self._manuscript.assets():
            yield from self._offer(asset, now)
        for list_, lacking in self._lacking.items():
            if asset in lacking:
                lacking.discard(asset)
                if not lacking and not self._library.lacks(list_):
                    yield from self._offer(self._larges[list_][0], now)

    # The history.

    def _file(self, revision: Revision, source: LinkId | None = None) -> None:
        """Take a revision into the history, and remember to tell the others of it."""
        if self._history.file(revision):
            self._library.file(revision)
            self._filed.append((self._library.due, revision, source))

    def _tell_history(
        self, conversation: Conversation, said: Sequence[SaidOfHistory]
    ) -> Iterator[Effect]:
        for item in said:
            match item:
                case Fetch(ids):
                    yield ReadRevisions(conversation.link, ids)
                case Filed(revisions, news):
                    for revision in revisions:
                        self._library.file(revision)
                        if news:
                            self._filed.append((self._library.due, revision, conversation.link))
                case message:
                    yield from self._send(conversation, message)

    def _revisions_read(self, read: RevisionsRead) -> Iterator[Effect]:
        """Send what was asked for, as much as fits; the other side asks for the rest."""
        conversation = self._conversations.get(read.link)
        if conversation is None:
            return
        fit: list[bytes] = []
        room = ANSWER_BYTES
        for encoded in read.revisions:
            room -= len(encoded or b"")
            if room < 0 and fit:
                break
            fit.append(encoded or b"")
        yield from self._send(conversation, Revisions(asked=True, revisions=tuple(fit)))

    def _spread_news(self) -> Iterator[Effect]:
        """Tell everybody of revisions that are durable here, but who has heard of them."""
        while self._filed and self._filed[0][0] <= self._library.committed:
            _, revision, source = self._filed.popleft()
            origin = self._conversations.get(source) if source is not None else None
            heard = frozenset[DeviceId]()
            if origin is not None and origin.session is not None:
                heard = origin.session.linked | {origin.session.device}
            news = Revisions(asked=False, revisions=(encode_revision(revision),))
            for conversation in self._live():
                assert conversation.session is not None
                # Whoever is slow finds out at rest.
                is_free = conversation.session.in_flight < WINDOW and not conversation.session.mute
                if is_free and conversation.session.device not in heard:
                    yield from self._send(conversation, news)

    def _compare_histories(self) -> Iterator[Effect]:
        for conversation in self._live():
            assert conversation.session is not None
            if conversation.session.in_sync and not conversation.superseded:
                yield from self._tell_history(conversation, self._history.rest(conversation.link))

    def _set_milestone(self, milestone: Milestone) -> None:
        if self._manuscript is None:
            return
        stand = self._manuscript.stand()
        revision = Revision(
            self._self.person, self._self.device, milestone.at, milestone.name, stand
        )
        for part in split(revision):
            self._file(part)

    # What follows.

    def _continue(self, now: float) -> Iterator[Effect]:
        library = self._library
        yield from self._see_to_guests(now)
        yield from self._persist()
        yield from self._tell_what_is_done()
        if self._withdrawing:
            yield from self._begin_anew()
            return
        yield from self._release_writes()
        yield from self._tell_news_of_papers()
        yield from self._tell_links()
        waits, at_rest = library.waits, self._at_rest()
        for conversation in self._live():
            session = conversation.session
            assert session is not None
            if not waits:
                session.unblock(library.due)
            said = session.acknowledge(library.committed)
            if not conversation.superseded:
                said += session.pump(library, now)
            if at_rest:
                said += session.rest(library, now)
            if said:
                yield from self._carry_out(conversation, said, now)
            yield from self._serve(conversation, session)
        yield from self._ask_in_turn(now)
        yield from self._spread_news()
        if self._at_rest():
            yield from self._compare_histories()
        if library.unwritten < MAX_UNWRITTEN:
            for link, asset in self._fetching.ask([c.link for c in self._live()], now):
                yield from self._send(self._conversations[link], WantAsset(asset))
        if self._belonging.outside is None:
            for candidate, addresses in self._dialing.call(now, self._connected()):
                yield Dial(candidate, addresses)
        if library.is_long:
            for snapshot in library.compactable(self._best_ack()):
                yield Compact(*snapshot)
        self._share_papers()
        yield from self._mail.follow(now)
        yield from self._persist()  # what conversations learned meanwhile
        yield from self._begin_anew()

    def _begin_anew(self) -> Iterator[Effect]:
        if self._anew_after is not None and self._library.committed >= self._anew_after:
            self._anew_after = None
            yield Tell(events.BeginAnew())

    def _serve(self, conversation: Conversation, session: Session) -> Iterator[Effect]:
        """Answer who asked for a content, when what was said before has left."""
        while conversation.asked and not conversation.reading and session.in_flight < WINDOW:
            asset = conversation.asked.popleft()
            list_ = self._library.list_of(asset)
            if list_ is not None:
                yield from self._send(conversation, Asset(asset, list_))
            else:
                conversation.reading = True
                yield ReadAsset(conversation.link, asset)

    def _persist(self, *, everything: bool = False) -> Iterator[Effect]:
        batch = self._library.batch(everything=everything)
        if batch is not None:
            yield Persist(*batch)

    def _release_writes(self) -> Iterator[Effect]:
        while self._waiting and self._waiting[0][0] <= self._library.committed:
            write = self._waiting.popleft()[1]
            # A binary file whose content has not come yet is written when it comes.
            if not isinstance(write, WriteAsset) or self._is_here(write):
                self._open_writes.add(write.path)
                yield write

    def _is_here(self, write: WriteAsset) -> bool:
        if write.list:
            return not self._library.lacks(write.list)
        return self._library.has(write.asset)

    def _tell_links(self) -> Iterator[Effect]:
        linked = frozenset(sorted(self._connected())[:MAX_LINKED])
        for conversation in self._live():
            assert conversation.session is not None
            told = linked - {conversation.session.device}
            if told != conversation.told_links:
                conversation.told_links = told
                yield from self._send(conversation, Links(tuple(sorted(told))))

    def _ask_in_turn(self, now: float) -> Iterator[Effect]:
        """Ask one device after the other: what the first sends, the others need not."""
        conversations = self._live()
        if not conversations or now < self._answers_due():
            return
        for conversation in conversations:
            assert conversation.session is not None
            said = conversation.session.ask(self._library, now)
            if said:
                yield from self._carry_out(conversation, said, now)
                return

    def _send(self, conversation: Conversation, message: Message) -> Iterator[Effect]:
        if conversation.over:
            return
        for frame in self._encoded(message):
            if conversation.session is not None:
                conversation.session.in_flight += len(frame)
                self._statistics.of(conversation.session.device).sent_bytes += len(frame)
            yield Send(conversation.link, frame)

    def _encoded(self, message: Message) -> tuple[bytes, ...]:
        # The same push often goes to many links: it is encoded once.
        if self._told is not None and self._told[0] == (message,):
            return self._told[1]
        frames = encode(message, self._self.device)
        self._told = ((message,), frames)
        return frames

    def _drained(self, link: LinkId) -> None:
        conversation = self._conversations.get(link)
        if conversation is not None and conversation.session is not None:
            conversation.session.in_flight = 0

    def _hang_up_silent(self, now: float) -> Iterator[Effect]:
        for conversation in self._conversations.values():
            silent = conversation.session is None and not conversation.over
            if self._reception is not None and self._reception.is_proven(conversation.link):
                continue  # when the invitation ends, they are told
            if silent and conversation.until <= now:
                conversation.until = float("inf")
                conversation.stranger = True
                yield Hangup(conversation.link, WITHOUT_A_WORD)

    def _stop(self) -> Iterator[Effect]:
        for conversation in self._live():
            assert conversation.session is not None
            self._note_progress(conversation.session)
        self._library.remember(FIGURES, self._statistics.fact(), soon=False)
        self._mail.checkpoint(soon=False)
        yield from self._persist(everything=True)
        for conversation in list(self._conversations.values()):
            if conversation.session is not None:
                yield from self._send(conversation, Bye("stopping"))
            yield Hangup(conversation.link, "stopping")

    # What is known of other devices.

    def _live(self) -> list[Conversation]:
        return [
            conversation
            for conversation in self._conversations.values()
            if conversation.session is not None
            and conversation.session.state is State.LIVE
            and not conversation.over
        ]

    def _connected(self) -> frozenset[DeviceId]:
        return frozenset([c.session.device for c in self._live() if c.session is not None])

    def _cursor(self, device: DeviceId) -> tuple[Incarnation, int]:
        # What others may rely on: after a crash we hold no more than that.
        return _position(self._library.saved_facts.get(f"cursor/{device.hex()}"))

    def _acked(self, device: DeviceId) -> int:
        live = [
            c.session.acked
            for c in self._live()
            if c.session is not None and c.session.device == device
        ]
        incarnation, position = _position(self._library.facts.get(f"ack/{device.hex()}"))
        if incarnation == self._library.incarnation:
            live.append(position)
        return max(live, default=0)

    def _best_ack(self) -> int:
        return max((self._acked(device) for device in self._known()), default=0)

    def _known(self) -> list[DeviceId]:
        names = _below(self._library.facts, "peer/")
        met = [DeviceId(bytes.fromhex(name.removeprefix("peer/"))) for name in names]
        return [device for device in met if self._belonging.includes(device)]

    def _note_progress(self, session: Session, *, soon: bool = False) -> None:
        if session.theirs is None:
            return
        device, library = session.device.hex(), self._library
        cursor = session.theirs.incarnation + session.cursor.to_bytes(8, "big")
        acked = library.incarnation + session.acked.to_bytes(8, "big")
        library.remember(f"cursor/{device}", cursor, soon=soon)
        library.remember(f"ack/{device}", acked, soon=soon)

    def _remember_peer(self, conversation: Conversation, at: int) -> None:
        session = conversation.session
        assert session is not None
        assert session.theirs is not None
        self._note_progress(session)
        name = f"peer/{session.device.hex()}"
        known = _peer_fact(self._library.facts.get(name))
        address = known.get("address")
        if conversation.candidate is not None:
            address = [conversation.address.host, conversation.address.port]
        elif session.theirs.port:
            address = [conversation.address.host, session.theirs.port]
        fact = {
            "name": session.theirs.name,
            "person": session.theirs.person,
            "seen": at or known.get("seen"),
            "address": address,
        }
        self._library.remember(name, json.dumps(fact, sort_keys=True).encode())

    def _recall_addresses(self, now: float) -> None:
        for device in self._known():
            name = f"peer/{device.hex()}"
            match _peer_fact(self._library.facts.get(name)).get("address"):
                case [str(host), int(port)]:
                    where = (Address(host, port),)
                    self._dialing.sight(f"device {name[5:13]}", where, now, lasting=True)
                case _:
                    pass  # it dialled us and listens nowhere

    def _peer_status(self) -> tuple[PeerStatus, ...]:
        live = {c.session.device: c for c in self._live() if c.session is not None}
        statuses = []
        for device in sorted(self._known()):
            fact = _peer_fact(self._library.facts.get(f"peer/{device.hex()}"))
            conversation = live.get(device)
            session = conversation.session if conversation is not None else None
            seen = fact.get("seen")
            statuses.append(
                PeerStatus(
                    device=device,
                    person=str(fact.get("person") or ""),
                    name=str(fact.get("name") or ""),
                    connected=session is not None,
                    in_sync=session is not None and session.in_sync,
                    last_seen=seen if isinstance(seen, int) else None,
                    unacked=self._library.unacked(self._acked(device)),
                    via=str(conversation.address) if conversation is not None else None,
                )
            )
        return tuple(statuses)

    def _at_rest(self) -> bool:
        """All is durable, complete and in the files: what others may take for "in sync"."""
        return (
            self._library.at_rest
            and not self._fetching.under_way
            and not self._waiting
            and not self._open_writes
        )

    def _settled(self) -> bool:
        sessions = [c.session for c in self._conversations.values() if not c.over]
        return (
            self._at_rest()
            and self._resumed
            and self._mail.settled
            and all(session is not None and session.settled for session in sessions)
        )


def _below(facts: Mapping[str, bytes], prefix: str) -> dict[str, bytes]:
    return {name: value for name, value in facts.items() if name.startswith(prefix)}


def _position(fact: bytes | None) -> tuple[Incarnation, int]:
    if fact is None or len(fact) != 16:
        return Incarnation(b""), 0
    return Incarnation(fact[:8]), int.from_bytes(fact[8:], "big")


def _peer_fact(fact: bytes | None) -> dict[str, object]:
    value = json.loads(fact) if fact else {}
    return value if isinstance(value, dict) else {}
