"""
What a device asks of a relay: when it reads its mailbox, and when it leaves something there.

Rule 1: what is left is what the journal has; see outgoing.py.

Rule 2: a relay is no device. That it keeps something is no receipt; a receipt is what
another device says in its envelopes to have durably read.

Rule 3: an envelope that has its number is left until it is there, whatever the relay says:
with a later number and without it, others would miss it.

How it works
============

First everything is read. Then news are left, one letter at a time: while one is on its way,
the next ones pile up and become one. What a letter says besides edits, see agenda.py.

Whatever is missing in the mailbox, or was forgotten by the relay, is noticed by
:class:`~whisker_sync.sync.mailbox.Mailbox`. Then it is read from its beginning once more,
and what it lacks of what we have is left there. Now and then somebody puts a **snapshot** in
the place of all that was left before; see snapshots.py. How far we are with a mailbox is kept as
a fact; see place.py.

When the epoch changes, the mailbox does. The last letter in the old one holds the papers,
with the new key sealed for all who remain; who was away reads it there and follows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from whisker_sync.identity.envelope import ID_BYTES, SESSION_BYTES, Desk, MailKeys, Seen
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.ids import MailboxId, WorkspaceId
from whisker_sync.peer.agenda import Agenda
from whisker_sync.peer.bundling import pushes
from whisker_sync.peer.effects import (
    PostMail,
    PutSnapshot,
    ReadHistory,
    ReadMail,
    ReadSnapshot,
    UnwatchMail,
    WatchMail,
)
from whisker_sync.peer.inputs import (
    MailPosted,
    MailRead,
    MailRefused,
    MailWaits,
    SnapshotPut,
    SnapshotRead,
)
from whisker_sync.peer.library import Library
from whisker_sync.peer.outgoing import Outgoing
from whisker_sync.peer.place import NEVER, Place, Remembered
from whisker_sync.peer.snapshots import Snapshots
from whisker_sync.peer.status import RelayStatus
from whisker_sync.record import Record
from whisker_sync.sync.mailbox import Forgot, Letter, Mailbox, Outcome, Unreadable
from whisker_sync.wire import letters
from whisker_sync.wire.messages import Members, Message, Push, Stocked

AGAIN_SECONDS = 60.0
"""How long after a relay refused something, or was doubted, it gets something again."""

FACT = "mail"
"""Name of the fact that keeps where we are in the mailbox."""

MailInput = MailRead | SnapshotRead | MailPosted | MailRefused | MailWaits | SnapshotPut
MailEffect = (
    WatchMail | UnwatchMail | ReadMail | ReadSnapshot | PostMail | PutSnapshot | ReadHistory
)


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something about the relay that the author should know."""

    sentence: str


class Mailing:
    """See the module; does nothing until :meth:`name_relay` and :meth:`use`."""

    def __init__(
        self, key: DeviceKey, workspace: WorkspaceId, library: Library, dice: Random
    ) -> None:
        self._refused: str | None = None
        self._unreached: str | None = None
        self._answered = False
        self._key = key
        self._workspace = workspace
        self._library = library
        self._dice = dice
        self._relay = ""
        self._place: Place | None = None
        self._keys: MailKeys | None = None  # of the epoch in use
        self._roster: tuple[int, bytes] = (0, bytes(32))
        self._papers: Members | None = None
        self._gives = True
        self._farewell: tuple[Message, ...] = ()  # for the mailbox of the last epoch
        self._watched: MailboxId | None = None
        self._held_up = float("-inf")  # until then nothing is left, because it was refused
        self._notes: deque[tuple[int, Seen]] = deque()  # ticket, what is durably read with it
        self._agenda = Agenda(dice)
        self._snapshots = Snapshots(key, workspace, library, dice)
        self._told_unreadable = False
        self.forgot = 0
        """How often the relay has forgotten something."""

    # What is known.

    @property
    def url(self) -> str:
        """Where the relay is; empty: there is none."""
        return self._relay

    @property
    def on(self) -> bool:
        """Whether there is a relay."""
        return bool(self._relay)

    @property
    def status(self) -> RelayStatus:
        """How it stands with the relay."""
        place = self._place
        return RelayStatus(
            url=self._relay,
            reached=self._answered and self._unreached is None,
            problem=self._unreached or self._refused,
            read=place is not None and place.caught_up,
            told=place is not None and place.caught_up and place.box.position > 0,
            unsent=self._library.unacked(place.outgoing.own_mailed if place is not None else 0),
            missing=place.missing if place is not None else 0,
            waiting=0,
            settled=self._is_settled,
        )

    @property
    def keys(self) -> MailKeys | None:
        """The keys of the mailbox in use; None: there is none, or we are about to leave it."""
        place = self._place
        return None if place is None or self._is_moving(place) else place.box.keys

    @property
    def caught_up(self) -> bool:
        """Whether the mailbox in use was read to its end."""
        return self._place is not None and self._place.caught_up

    def say(self, news: Stocked, now: float) -> None:
        """Say something of contents in the next letter, and soon."""
        self._agenda.say(news, now)

    def tell(self, revision: bytes, now: float) -> None:
        """Say in a letter, and soon, what was added to the history here."""
        if self.on and self._gives:
            self._agenda.tell(revision, now)

    def keep(self, lying: Stocked, blobs: tuple[bytes, ...]) -> None:
        """Say which contents lie in the mailbox, as which blobs, for a snapshot to keep."""
        self._snapshots.stocked = (lying, blobs)

    def know_history(self, revisions: tuple[bytes, ...]) -> None:
        """The newest of the history was read for the snapshot that is due."""
        self._snapshots.know_history(revisions)

    @property
    def settled(self) -> bool:
        """Nothing is under way, or the relay cannot be reached, so that nothing can be."""
        return not self.on or self._unreached is not None or self._is_settled

    @property
    def _is_settled(self) -> bool:
        place = self._place
        if place is None:
            return False
        busy = place.is_busy or self._agenda.has_history or self._is_moving(place)
        return place.caught_up and not busy and (place.outgoing.own_empty or not self._gives)

    def deadline(self) -> float:
        """When :meth:`follow` has something to do, if nothing happens before."""
        place = self._place
        if place is None or self._keys is None or not place.caught_up or place.out:
            return NEVER
        times = [self._agenda.deadline(can_receipt=place.has_kept_all)]
        if self._gives:
            times.append(place.outgoing.deadline())
        if self._may_replace(place):
            times.append(self._snapshots.deadline())
        return max(min(times), self._held_up)

    # What happens.

    def name_relay(self, relay: str) -> None:
        """Say which relay there is, by its address; empty: none."""
        # Also if it is the same one: what it was asked before, nobody answers any more.
        self._relay = relay
        self._place = self._watched = self._refused = self._unreached = None
        self._answered = False
        self._held_up = float("-inf")

    def reached(self, problem: str | None) -> None:
        """Say whether the relay answers."""
        self._unreached, self._answered = problem, True

    def use(
        self,
        keys: MailKeys | None,
        known: Collection[MailKeys],
        roster: tuple[int, bytes],
        papers: Members,
        *,
        gives: bool,
        tell: bool,
    ) -> None:
        """
        Say which epoch is in use (None: we do not have its key), and which keys we have.

        ``roster`` is the version and the hash of the newest one that we know, ``papers`` all
        about who belongs. Who ``gives`` nothing, because it may only read, leaves receipts
        and no more. With ``tell`` the papers are left in the mailbox of the last epoch,
        for those who will find only that one.
        """
        self._keys, self._roster, self._papers, self._gives = keys, roster, papers, gives
        if self._place is None and self.on and keys is not None:
            self._open(keys, known)
        if self._place is not None:
            self._farewell = (papers,) if tell and self._is_moving(self._place) else ()

    def know_papers(self, digest: bytes) -> None:
        """The mailbox has papers of this digest."""
        if self._place is not None:
            self._place.papers = digest
            self._agenda.know_papers()

    def hear(self, said: MailInput, now: float) -> Iterator[Letter | Alarm]:
        """Take what the relay said; each letter is to be merged, then :meth:`merged` is due."""
        place = self._place
        if place is None or said.mailbox != place.box.keys.mailbox:
            return
        match said:
            case MailWaits():
                place.more = True
                place.wants_snapshot |= bool(place.missing)
            case MailRead(_, page):
                place.fetching = False
                before = place.box.position
                place.bulk += sum(len(entry.body) for entry in page.entries)
                yield from self._absorb(place, place.box.take(page), now)
                place.wants_snapshot |= place.box.needs_snapshot
                place.more |= place.box.position > before and not place.box.at_end
                yield from self._at_the_end(place, now)
            case SnapshotRead(_, snapshot) if place.box.pieces(snapshot) > place.pieces:
                place.fetching, place.wants_snapshot = False, True
                place.pieces = place.box.pieces(snapshot)
            case SnapshotRead(_, snapshot):
                place.fetching, place.more, place.pieces = False, True, 1
                yield from self._absorb(place, place.box.take_snapshot(snapshot), now)
            case MailPosted(_, id_):
                self._posted(place, id_)
            case SnapshotPut(_, covers):
                place.putting = False
                place.box.trimmed = max(place.box.trimmed, min(covers, place.box.position))
                place.bulk = 0
                if place.answers and covers:  # nobody is woken by a snapshot alone
                    place.answers = False
                    self._agenda.owe_receipt(now)
            case MailRefused(_, id_, sentence):
                if id_:
                    place.posting = False
                else:
                    place.putting = False
                if self._is_moving(place):  # nothing is worth to stay for
                    place.out.clear()
                    self._farewell = ()
                self._held_up = now + AGAIN_SECONDS
                if sentence != self._refused:
                    self._refused = sentence
                    yield Alarm(sentence)

    def compare(self) -> None:
        """
        Read everything once more, and leave what is not there for everybody.

        Somebody's letters do not count any more: who reads them now takes nothing in from them.
        """
        if self._place is not None:
            self._place.box.start_over()
            self._place.begin_anew()

    def merged(self, letter: Letter, now: float, *, counts: bool = True) -> int:
        """
        Note that a letter was merged; returns up to where its device holds what is ours.

        If it does not count, others take nothing in from it: what it says has to be left again.
        """
        place = self._place
        if place is None:
            return 0
        records = _records(letter.messages)
        if counts:
            place.outgoing.heard(records)
        if letter.device == self._key.device:
            return 0
        if records:
            self._agenda.owe_receipt(now)
        missed = letter.postmark.missing
        if missed and missed != place.complaints.get(letter.device):
            place.complaints[letter.device] = missed
            place.answers = True
            self._snapshots.wish(now)
        return place.receipt(dict(letter.postmark.seen))

    def checkpoint(self, *, soon: bool) -> None:
        """Keep where we are, unless something that was read could be lost by that."""
        if self._place is not None and not self._library.held:
            fact = self._place.fact(self._relay, self._library.incarnation)
            self._library.remember(FACT, fact, soon=soon)
            self._notes.append((self._library.due, self._place.box.seen))

    # What follows.

    def follow(self, now: float) -> Iterator[MailEffect]:
        """What to ask of the relay."""
        place = self._place
        if not self.on or place is None or self._keys is None:
            return
        if self._is_moving(place) and not place.out:
            if not self._farewell:
                self._settle_in(self._keys, None)
                yield from self.follow(now)
                return
            farewell, self._farewell = self._farewell, ()
            self._write(place, farewell)
        while self._notes and self._notes[0][0] <= self._library.committed:
            place.seen = self._notes.popleft()[1]
        key = place.box.keys.box
        if self._watched != key.mailbox:
            if self._watched is not None:
                yield UnwatchMail(self._watched)
            self._watched = key.mailbox
            yield WatchMail(key)
        if not place.fetching and (place.more or place.wants_snapshot):
            place.fetching = True
            if place.wants_snapshot:
                place.wants_snapshot = False
                yield ReadSnapshot(key, place.pieces)
            else:
                place.more = False
                yield ReadMail(key, place.box.position)
        if now < self._held_up:
            return
        is_free = place.caught_up and not place.out
        if is_free and not self._compose(place, now) and self._may_replace(place):
            yield from self._snapshots.make(place, self._roster, self._papers, now)
        if place.out and not place.posting:
            place.posting = True
            yield PostMail(key, place.out[0][:ID_BYTES], place.out[0])

    # Where we are.

    def _open(self, keys: MailKeys, known: Collection[MailKeys]) -> None:
        """Go on where we were, also if that was in the mailbox of an older epoch."""
        remembered = Remembered.of(self._library.facts.get(FACT))
        if remembered is not None and remembered.relay == self._relay:
            for older in known:
                if older.mailbox == remembered.mailbox:
                    self._settle_in(older, remembered)
                    return
        self._settle_in(keys, None)

    def _settle_in(self, keys: MailKeys, remembered: Remembered | None) -> None:
        mailed, read, sent = 0, None, []
        if remembered is not None:
            read = remembered.read
            if remembered.journal == self._library.incarnation:
                mailed, sent = remembered.mailed, list(remembered.sent)
        box = Mailbox(keys, self._workspace, read if mailed else None)
        desk = Desk(self._key, self._workspace, self._dice.randbytes(SESSION_BYTES))
        self._place = Place(box, desk, Outgoing(self._library, self._dice, mailed), sent=sent)
        self._place.wants_snapshot = not box.position
        if remembered is not None and box.position:
            self._place.papers = remembered.papers
        self._place.seen = box.seen
        self._notes.clear()
        self._agenda.move()
        self._snapshots.move()

    def _as_kept(self, place: Place) -> Mailbox:
        kept = Remembered.of(self._library.saved_facts.get(FACT))
        if kept is None or kept.mailbox != place.box.keys.mailbox or not kept.mailed:
            return Mailbox(place.box.keys, self._workspace)
        return Mailbox(place.box.keys, self._workspace, kept.read)

    # Reading.

    def _absorb(
        self, place: Place, outcomes: Sequence[Outcome], now: float
    ) -> Iterator[Letter | Alarm]:
        for outcome in outcomes:
            match outcome:
                case Letter(track=track, messages=messages) if track == place.desk.track:
                    place.outgoing.heard(_records(messages))
                case Letter():
                    yield outcome
                case Forgot(before, after):
                    self._doubt(place, now)
                    self.forgot += 1
                    yield Alarm(
                        f"the relay has forgotten messages (it had {before}, now it has {after}); "
                        "what is here is left there again"
                    )
                case Unreadable(_, problem) if not self._told_unreadable:
                    self._told_unreadable = True
                    yield Alarm(f"something at the relay is no letter of this story: {problem}")
                case Unreadable():
                    pass  # whoever keeps the relay can put as much there as they like

    def _at_the_end(self, place: Place, now: float) -> Iterator[Alarm]:
        if not place.box.at_end:
            return
        library = self._library
        if library.dropped > place.dropped and library.head != place.dropped_at:
            # What waited in vain lies behind what we have durably read; by now it may be ready.
            place.dropped, place.dropped_at = library.dropped, library.head
            place.box, place.more = self._as_kept(place), True
            return
        missing = place.box.missing
        if missing > place.missing and not place.read_again:
            # Perhaps it was put back and has grown again: then it lacks more than we know of.
            place.read_again = True
            place.box.start_over()
            self._doubt(place, now)
            return
        if missing > place.missing:
            self._agenda.owe_receipt(now)
            count = "a message" if missing == 1 else f"{missing} messages"
            yield Alarm(
                f"the relay is missing {count}; what was in it comes from the other devices, "
                "as soon as one is connected or leaves it once more"
            )
        place.missing, place.caught_up, place.read_again = missing, True, False
        self._snapshots.look_at(place, now)

    def _doubt(self, place: Place, now: float) -> None:
        """Read everything once more, and leave what is not there; not again and again."""
        self._held_up = max(self._held_up, place.doubt_at)
        place.doubt_at = now + AGAIN_SECONDS
        place.begin_anew()

    # Leaving.

    def _compose(self, place: Place, now: float) -> bool:
        """Begin a letter, if there is something to say; whether there was."""
        parcel = place.outgoing.next(now) if self._gives else None
        papers = self._papers
        if papers is not None and papers.digest == place.papers:
            papers = None  # they are there
        is_due = self._agenda.is_due(papers, now, can_receipt=place.has_kept_all)
        if parcel is None and not is_due:
            return False
        messages = self._agenda.take(papers, now)
        if papers is not None:
            place.papers = papers.digest
        self._write(place, [*messages, *pushes(parcel.records if parcel is not None else ())])
        return True

    def _write(self, place: Place, messages: Sequence[Message]) -> None:
        if place.has_kept_all:
            self._agenda.has_receipted()
        letter = letters.write(messages, self._key.device)
        place.out.extend(place.desk.close(place.box.keys, place.postmark(self._roster), letter))

    def _posted(self, place: Place, id_: bytes) -> None:
        place.posting = False
        if not place.out or place.out[0][:ID_BYTES] != id_:
            return
        place.bulk += len(place.out.popleft())
        self._refused = None
        if place.out:
            return
        place.outgoing.left()
        place.box.expect(place.desk.track, place.desk.seq)
        place.note_sent()
        self.checkpoint(soon=True)

    def _may_replace(self, place: Place) -> bool:
        """Whether we have, durably, all that the mailbox has, and it has all that we have."""
        complete = place.box.at_end and place.outgoing.empty and self._library.at_rest
        return complete and self._gives and not place.putting

    def _is_moving(self, place: Place) -> bool:
        return self._keys is not None and self._keys.mailbox != place.box.keys.mailbox


def _records(messages: Sequence[Message]) -> list[Record]:
    return [record for m in messages if isinstance(m, Push) for record in m.records]
