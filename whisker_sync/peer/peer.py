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

A peer is made of parts that each know one thing, and a part knows only parts below it::

    Talking  Post             with members; letters at a relay and in bundles
    Greeting  Merging         from a connection to a session; what others wrote is taken in
    Host  Acquaintances       guests, and acts of the user; what is known of other devices
    Showing                   the story as files
    Circle  Telling  Assets   who belongs; the history; contents of binary files
    Doubles  Mailing          two of one; when to read a mailbox, and what to leave there
    Splits  PutBack           what has to be let go of, so that all begins anew
    Presence                  who is in which passage just now
    Lines                     all conversations: who is there, what is sent, who is due
    Library  Dialing          the documents and their journal; whom to call

Whatever comes in ends in the :class:`~whisker_sync.peer.library.Library`. After each input,
:meth:`Peer._continue` looks at what is different now and says what follows: one batch to
persist, then for each conversation what it has to say, then calls to make and files to
fetch. No input needs to know what follows from it, so nothing is forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from random import Random

from whisker_sync import chunks
from whisker_sync.batch import Recalled
from whisker_sync.document import Document, Schema
from whisker_sync.errors import (
    DifferentVersion,
    DocumentError,
    EngineFailure,
    ForgedDevice,
    MembershipError,
    ProtocolError,
    Refused,
)
from whisker_sync.identity.keyring import KeyRing
from whisker_sync.identity.papers import Papers
from whisker_sync.identity.roster import Role
from whisker_sync.identity.seals import Sealer, hpke
from whisker_sync.ids import DeviceId, LinkId, StoryPath
from whisker_sync.peer import events
from whisker_sync.peer.acquaintances import Acquaintances
from whisker_sync.peer.anew import Anew
from whisker_sync.peer.bundling import Luggage
from whisker_sync.peer.circle import Circle
from whisker_sync.peer.dialing import Dialing
from whisker_sync.peer.doubles import Doubles
from whisker_sync.peer.effects import Compact, Dial, Effect, Hangup, Persist, Tell
from whisker_sync.peer.greeting import Greeting
from whisker_sync.peer.guard import Guard, Unguarded
from whisker_sync.peer.host import Host
from whisker_sync.peer.inputs import (
    AssetRead,
    AssetsKept,
    BlobsPut,
    BlobsRead,
    Chosen,
    Committed,
    DialFailed,
    Do,
    Drained,
    Edited,
    Entered,
    Fetch,
    FetchUpTo,
    FileKept,
    FilesSeen,
    FileStuck,
    FileWritten,
    FrameArrived,
    HistoryRead,
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
from whisker_sync.peer.library import Library
from whisker_sync.peer.lines import WITHOUT_A_WORD, Lines
from whisker_sync.peer.merging import Merging
from whisker_sync.peer.poison import quarantined
from whisker_sync.peer.post import Post
from whisker_sync.peer.presence import Here, Presence
from whisker_sync.peer.put_back import PutBack
from whisker_sync.peer.reception import OfferStatus
from whisker_sync.peer.showing import Showing
from whisker_sync.peer.splits import Splits
from whisker_sync.peer.statistics import Statistics
from whisker_sync.peer.status import Load, Ourselves, Status
from whisker_sync.peer.talking import Talking
from whisker_sync.peer.telling import Telling
from whisker_sync.sync.mailbox import Letter
from whisker_sync.wire.bundles import Bundle
from whisker_sync.wire.messages import (
    PROTOCOL,
    Bye,
)


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
        boot = dice.randbytes(8)
        library = Library(ourselves.device, recalled, schemas, dice)
        lines = Lines(ourselves.device, library)
        circle = Circle(ourselves, library, lines, dice, sealer, now)
        known = Acquaintances(library, lines, circle)
        dialing = Dialing(ourselves.device, dice)
        doubles = Doubles(ourselves.device, lines)
        anew = Anew()
        splits, put_back = Splits(library, anew), PutBack(library, anew, files=files)
        telling = Telling(recalled, library, lines)
        showing = Showing(ourselves, library, lines, telling, dice, files=files)
        guard = guard or Unguarded()
        merging = Merging(library, guard, lines, circle, known, splits, showing)
        self._self = ourselves
        self._library = library
        self._lines = lines
        self._circle = circle
        self._acquaintances = known
        self._dialing = dialing
        self._doubles = doubles
        self._anew = anew
        self._splits = splits
        self._put_back = put_back
        self._telling = telling
        self._showing = showing
        self._merging = merging
        self._presence = Presence(lines)
        self._host = Host(ourselves, library, lines, circle, dice, sealer)
        self._greeting = Greeting(
            ourselves, boot, speaks, library, lines, circle, known, dialing, doubles, dice
        )
        self._talking = Talking(
            library,
            lines,
            circle,
            known,
            dialing,
            doubles,
            splits,
            put_back,
            telling,
            showing,
            merging,
            self._presence,
        )
        self._post = Post(ourselves, library, circle, known, merging, showing, telling, dice)
        self._trouble: str | None = None
        for candidate, address in known.addresses():
            dialing.sight(candidate, (address,), now, lasting=True)

    # Public methods for whoever runs the peer.

    def handle(self, input: Input, now: float) -> list[Effect]:  # noqa: A002 - it is the input
        """
        Take what happened; return what to do, in this order.

        ``now`` is a monotonic time in seconds.
        """
        if self._put_back.withdrawing and not isinstance(input, (Committed, Edited, Stopping)):
            return []  # a new process follows in a moment
        self._showing.at = getattr(input, "at", self._showing.at)
        if isinstance(input, Drained) and not self._lines.drained(input.link):
            return []  # half of all inputs are this one
        return [*self._react(input, now), *self._continue(now)]

    def deadline(self) -> float | None:
        """When a :class:`Tick` is due, unless something happens before; None: never."""
        if self._put_back.withdrawing:
            return None
        never = float("inf")
        calls = None
        if self._circle.outside is None:
            calls = self._dialing.deadline(self._lines.connected())
        soonest = min(
            self._lines.deadline(at_rest=self._showing.at_rest),
            calls or never,
            self._showing.deadline(),
            self._circle.fold_due() or never,
            self._circle.goodbye_due,
            self._presence.deadline(),
            self._post.deadline(),
            self._host.deadline(),
        )
        return None if soonest == never else soonest

    def offers(self, now: float) -> tuple[OfferStatus, ...]:
        """The invitations of this process, and who waits at them."""
        return self._host.offers(now)

    def invitation_tags(self, now: float) -> tuple[bytes, ...]:
        """What to announce, so that those who were invited find us."""
        return self._host.tags(now)

    @property
    def ring(self) -> KeyRing:
        """The keys of the workspace: what to send with, and what to understand."""
        return self._circle.belonging.ring

    @property
    def role(self) -> Role | None:
        """What we may do; None: we do not belong."""
        return self._circle.belonging.role

    @property
    def outside(self) -> str | None:
        """Why we are not in touch with anybody; None: we belong."""
        return self._circle.outside

    @property
    def witnesses(self) -> tuple[DeviceId, ...]:
        """The devices that said to have it on disk that we left."""
        return self._circle.witnesses

    @property
    def papers(self) -> Papers:
        """Who belongs, as this device knows it."""
        return self._circle.belonging.papers

    def hashes(self) -> dict[StoryPath, bytes]:
        """The SHA-256 of each file of the story, whether it is in the folder or not."""
        return self._showing.hashes()

    def document(self, name: str) -> Document:
        """
        A document by its name; whoever edits it tells so with :class:`Edited`.

        Raises:
            KeyError: The workspace was opened without a schema for it.
        """
        return self._library.document(name)

    def files(self) -> tuple[StoryPath, ...]:
        """The files that are synced, as far as they were on disk when we last looked."""
        return self._showing.files()

    def chunks(self, list_: bytes) -> tuple[bytes, ...]:
        """The chunks of a large file, in order, by the SHA-256 of its list; () if unknown."""
        return chunks.hashes(self._library.list_of(list_) or b"")

    def has(self, asset: bytes) -> bool:
        """Whether a content is in the journal, or about to be."""
        return self._library.has(asset)

    @property
    def durable(self) -> bool:
        """Whether all that is known here is on disk, and others may know it."""
        return self._library.tellable == self._library.head

    @property
    def head(self) -> int:
        """The newest position in the journal."""
        return self._library.head

    @property
    def shown(self) -> bool:
        """Whether all that came is durable, and in the files as far as it can be."""
        return self._showing.at_rest

    def luggage(self, since: DeviceId | None) -> Luggage:
        """What is to be read of the journal for :meth:`bundle`."""
        return self._post.luggage(since)

    def bundle(
        self,
        since: DeviceId | None,
        assets: Iterable[tuple[bytes, bytes]] = (),
        revisions: Sequence[bytes] = (),
    ) -> Bundle:
        """
        What a member may carry to others by hand, when all is durable.

        With ``since`` only what that device has not said to hold. ``assets`` and
        ``revisions`` are what was read of :meth:`luggage`.

        Raises:
            NotEntitled: This device may not write, or was not given the key yet.
        """
        self._put_back.tell_by_hand()
        return self._post.bundle(since, assets, revisions)

    def open_bundle(self, bundle: Bundle) -> tuple[Letter, ...]:
        """
        The letters in a bundle, in their order; tell each with :class:`LetterBrought`.

        Raises:
            BadEnvelope: It is of another story, or of an epoch whose key is not here.
            MalformedFrame: It carries no letter.
        """
        return self._post.unpack(bundle)

    def facts(self, prefix: str) -> dict[str, bytes]:
        """The facts whose names begin so."""
        return self._library.facts_below(prefix)

    def status(self) -> Status:
        """One look at everything."""
        library, belonging = self._library, self._circle.belonging
        known = self._acquaintances.status()
        acked = max((self._acquaintances.acked(peer.device) for peer in known), default=0)
        return Status(
            device=self._self.device,
            name=self._self.name,
            person=self._self.person,
            workspace=self._self.workspace,
            digest=library.digest(),
            documents=len(library.names),
            pending=library.unacked(acked),
            held=library.held,
            quarantined=quarantined(library.facts),
            peers=known,
            state_vectors={name: dict(library.document(name).clocks()) for name in library.names},
            problems=self._showing.problems,
            went_back=self._showing.went_back,
            not_fetched=self._showing.not_fetched,
            trouble=self._trouble,
            outside=belonging.outside,
            role=belonging.role,
            owner_devices=len(belonging.membership.owners),
            alone=belonging.hangs_on_one,
            settled=self._settled(),
            split=self._splits.documents,
            relay=self._post.status,
        )

    def presence(self, now: float) -> tuple[Here, ...]:
        """Where the others are."""
        return self._presence.view(now)

    def load(self) -> Load:
        """What is kept in memory just now."""
        library = self._library
        return Load(
            library.held,
            library.held_bytes,
            library.log_bytes,
            self._lines.in_flight,
            quarantined(library.facts),
        )

    @property
    def statistics(self) -> Statistics:
        """Figures about the exchange with each device."""
        return self._lines.statistics

    # What happened.

    def _react(self, input: Input, now: float) -> Iterator[Effect]:  # noqa: A002
        match input:
            case FrameArrived(link, frame):
                yield from self._hear(link, frame, now)
            case Committed(ticket):
                self._library.commit(ticket)
            case Drained():
                pass  # what waited for it goes on
            case FilesSeen():
                yield from self._showing.saw(input, now, reads=self._circle.we_read)
            case FileWritten() | FileKept() | FileStuck():
                yield from self._showing.answered(input, now, reads=self._circle.we_read)
            case Edited(document, change, at):
                self._put_back.note_program(document)
                yield from self._merging.edited(document, change, at, now)
            case Do(number, act):
                yield from self._host.do(number, act, now)
            case LinkUp():
                yield from self._greeting.begin(input, now)
            case LinkDown(link, reason, at):
                yield from self._link_down(link, reason, at, now)
            case LogRead(link, entries):
                yield from self._talking.read_on(link, entries, now)
            case AssetRead() if input.link is None:
                yield from self._post.leave(input, now)
            case HistoryRead():
                self._post.know_history(input)
            case BlobsRead():
                yield from self._post.take_blobs(input, now)
            case BlobsPut():
                self._post.put_blobs(input, now)
            case AssetRead():
                yield from self._showing.assets.answer(input)
            case RevisionsRead():
                yield from self._telling.answer(input)
            case Chosen():
                yield from self._showing.choose(input, now)
            case FetchUpTo(size):
                yield from self._showing.fetch_up_to(size, now)
            case Fetch(paths):
                yield from self._showing.fetch(paths, now)
            case Entered(document, place):
                self._presence.enter(document, place, now)
            case Milestone():
                self._showing.set_milestone(input)
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
            case RelayNamed(url, at):
                self._post.name_relay(url)
                self._host.name_relay(url, at, now)
            case RelayReached(problem):
                self._post.reached(problem)
            case (
                MailWaits(mailbox) | MailRead(mailbox) | MailPosted(mailbox) | MailRefused(mailbox)
            ) if self._host.expects_letter(mailbox):
                yield from self._host.read(input, now)
            case (
                MailWaits()
                | MailRead()
                | SnapshotRead()
                | MailPosted()
                | SnapshotPut()
                | MailRefused()
            ):
                yield from self._post.hear(input, now)
            case LetterBrought(letter):
                yield from self._post.open(letter, now, mailed=False)
            case Listening(port):
                self._greeting.port = port
            case StoreTrouble(problem):
                self._trouble = problem
                if problem is not None:
                    yield Tell(events.Trouble(problem))
            case Stopping():
                yield from self._stop()
            case Tick():
                yield from self._lines.hang_up_silent(now, but=self._host.proven())
                yield from self._showing.ask_for_stuck(now)
                yield from self._showing.look_at_returned(now)
                yield from self._circle.fold(now)

    def _link_down(self, link: LinkId, reason: str, at: int, now: float) -> Iterator[Effect]:
        conversation = self._lines.end(link)
        if conversation is None:
            return
        self._telling.left(link)
        if (gone := conversation.session) is not None:
            yield from self._presence.left(link, gone.device)
        self._host.leave(link)
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
            self._acquaintances.meet(conversation, at)
        self._doubles.left(session.device)
        if session.device not in self._lines.connected():
            self._dialing.left(session.device, now)
            if conversation.exchanged is not None:
                yield Tell(events.SyncFailed(session.device, session.theirs.name, reason))
            yield Tell(events.PeerLeft(session.device, session.theirs.name, reason))

    def _stop(self) -> Iterator[Effect]:
        for _, session in self._lines.live():
            self._acquaintances.note_progress(session)
        self._lines.keep_statistics()
        self._post.stop()
        yield from self._persist(everything=True)
        for conversation in self._lines:
            if conversation.session is not None:
                yield from self._lines.send(conversation, Bye("stopping"))
            yield Hangup(conversation.link, "stopping")

    # What arrives on links.

    def _hear(self, link: LinkId, frame: bytes, now: float) -> Iterator[Effect]:
        conversation = self._lines.get(link)
        if conversation is None or conversation.stranger or conversation.over:
            return
        try:
            if self._host.expects(conversation, frame):
                yield from self._host.hear(conversation, frame, now)
            elif (session := conversation.session) is not None:
                yield from self._talking.hear(conversation, session, frame, now)
            else:
                # Who holds the same as we would know our newest position by that.
                at_rest = self._showing.at_rest and not self._put_back.alone
                yield from self._greeting.hear(conversation, frame, now, at_rest=at_rest)
        except EngineFailure:
            raise  # nobody's fault that hanging up would mend
        except (Refused, ProtocolError, DocumentError, MembershipError) as problem:
            # Strangers may say what they like, to nobody's alarm; and they are told nothing.
            proven = conversation.handshake.other is not None
            if conversation.session is not None:
                self._lines.statistics.of(conversation.session.device).errors += 1
            if proven or isinstance(problem, (DifferentVersion, ForgedDevice)):
                yield Tell(events.Trouble(f"{conversation.address}: {problem}"))
            conversation.stranger = conversation.session is None
            yield Hangup(link, str(problem) if proven else WITHOUT_A_WORD)

    # What follows.

    def _continue(self, now: float) -> Iterator[Effect]:
        library = self._library
        yield from self._host.see_to_guests(now)
        yield from self._circle.say_goodbye(now)
        yield from self._persist()
        yield from self._host.tell_what_is_done()
        if self._put_back.withdrawing:
            yield from self._anew.follow(library.committed)
            return
        yield from self._showing.release_writes()
        yield from self._circle.tell_news()
        yield from self._lines.tell_links()
        yield from self._talking.follow(now)
        yield from self._presence.follow(now)
        yield from self._telling.spread_news()
        if self._showing.at_rest and self._showing.resumed:
            yield from self._telling.compare()
        yield from self._showing.assets.ask(now)
        if self._circle.outside is None:
            for candidate, addresses in self._dialing.call(now, self._lines.connected()):
                yield Dial(candidate, addresses)
        if library.is_long:
            for snapshot in library.compactable(self._acquaintances.best_ack()):
                yield Compact(*snapshot)
        yield from self._post.follow(now)
        yield from self._host.follow(now)
        yield from self._persist()  # what conversations learned meanwhile
        yield from self._anew.follow(library.committed)

    def _persist(self, *, everything: bool = False) -> Iterator[Effect]:
        self._put_back.note()
        batch = self._library.batch(everything=everything)
        if batch is not None:
            yield Persist(*batch)

    def _settled(self) -> bool:
        return (
            self._showing.at_rest
            and self._showing.resumed
            and self._post.settled
            and self._lines.settled
        )
