"""
One machine of a simulated world: a process that dies, a folder and a disk that stay.

The process is the production :class:`~whisker_sync.peer.peer.Peer` on the production
journal. What is imagined is what a node does around it: each effect is carried out in its
order, and everything that a real node does on a thread or over a socket takes a while
here, too, in which other things happen. The order of what can overtake what is that of
``node/``, ``folder/watch.py`` and ``store/writer.py``; where this file says "as there", a
difference is a mistake in this file.

Besides crashing, a machine can do what machines do: fall asleep, have no room on its disk,
believe that it is another year, run another version of the program, and be put back to
what it was when somebody made a backup.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from whisker_sync.batch import Batch, Recalled
from whisker_sync.document import Document, Edit, Kind, Nothing, Schema, fresh_client
from whisker_sync.errors import DiskFull
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.ids import Address, DeviceId, LinkId, StoryPath
from whisker_sync.manuscript.files import FileSeen, Problem, WriteAsset, WriteFile
from whisker_sync.paths import accept
from whisker_sync.peer.acts import Act
from whisker_sync.peer.effects import (
    Compact,
    Dial,
    Drop,
    Effect,
    Hangup,
    Persist,
    PostMail,
    Proven,
    PutBlobs,
    PutSnapshot,
    ReadAsset,
    ReadBlobs,
    ReadHistory,
    ReadLog,
    ReadMail,
    ReadRevisions,
    ReadSnapshot,
    Send,
    Tell,
    UnwatchMail,
    WatchMail,
)
from whisker_sync.peer.events import BeginAnew, Event, PeerConnected
from whisker_sync.peer.inputs import (
    AssetRead,
    Committed,
    DialFailed,
    Do,
    Drained,
    Edited,
    FileKept,
    FilesSeen,
    FileStuck,
    FileWritten,
    HistoryRead,
    Input,
    LinkUp,
    Listening,
    LogRead,
    Lost,
    NetworkChanged,
    RelayNamed,
    RevisionsRead,
    Sighted,
    Stopping,
    StoreTrouble,
    Tick,
)
from whisker_sync.peer.peer import Peer
from whisker_sync.peer.poison import facts_of
from whisker_sync.peer.put_back import RESTORED, UNNOTICED, once
from whisker_sync.peer.rewrite import CUT, WITHDRAWN, cut_of, facts_after, rewrite
from whisker_sync.peer.status import Ourselves, Status
from whisker_sync.record import Entry, Record
from whisker_sync.store.journal import Journal
from whisker_sync.testing.bounds import overfull
from whisker_sync.testing.disk import Disk
from whisker_sync.testing.network import Connection, End
from whisker_sync.testing.people import sealer
from whisker_sync.testing.relay import URL
from whisker_sync.testing.words import WORD
from whisker_sync.wire.messages import PROTOCOL

if TYPE_CHECKING:
    from whisker_sync.testing.world import World

EPOCH = 1_700_000_000_000
"""Milliseconds since 1970 at which worlds begin."""

GRACE_SECONDS = 0.2
"""How long a file must be gone before it counts as removed; as there."""

VAIN_SECONDS = 0.001
"""How soon a tick that changed nothing is repeated."""

RETRY_SECONDS = 1.0
"""How long to wait before a batch that could not be written is tried again; as there."""

HOUR = 3600 * 1000
"""Milliseconds of an hour."""

YEAR = 365 * 24 * HOUR
"""Milliseconds of a year, about."""

HEAD_SECONDS = 60.0
"""How often the user's note learns how far the journal has come; as there."""

SEARCH_SECONDS = 10.0
"""How long all others are waited for, before one is enough; as there."""

_INSTALL = "install"

MAX_EVENTS = 1_000
"""Events of one machine that are remembered."""


@dataclass(frozen=True, slots=True)
class Note:
    """What the settings of a user say about the journal that was open last; as there."""

    marks: tuple[str, ...]
    head: int
    shared: bool
    """Another device was ever met."""


@dataclass(frozen=True, slots=True)
class Backup:
    """How a machine once was."""

    disk: Disk
    folder: dict[StoryPath, bytes]
    note: Note | None
    joining: bool


class Machine:
    """
    Somebody's computer; made by :meth:`World.machine`.

    ``folder`` is what its author sees. Change it with :meth:`save`, so that it is
    noticed; look at it as you like.
    """

    def __init__(self, world: World, name: str, address: Address, disk: Disk) -> None:
        self.name = name
        self.address = address
        self.device_key = _device_key(name)
        self.disk = disk
        self.folder: dict[StoryPath, bytes] = {}
        self.events: deque[Event] = deque(maxlen=MAX_EVENTS)
        self.life = 0
        """Counts the processes that ran here."""

        self.fuse: int | None = None
        """How many effects the process will live to carry out; None: it is well."""

        self.overfull: list[str] = []
        """What it kept too much of in memory, once."""

        self.broken_promises: list[str] = []
        """What others were told to be stored here, and was not after a crash."""

        self.speaks = PROTOCOL
        """The oldest and the newest version of the protocol that the program here speaks."""

        self.note: Note | None = None
        """What tells the journal that was open last from an older one; not on the same disk."""

        self.joining = False
        """Files are looked at only when the others have told everything."""

        self.is_asleep = False
        """Its process stands still, and so do its timers."""

        self.forgot = False
        """Its journal was put back to what a backup said."""

        self.went_back = False
        """It forgot things that it had told others to have stored; or is one of two with one id."""

        self.has_died_of_something = False
        """There is an update that it will not take in, and so nobody can keep."""

        self.vain_ticks = 0
        """The most ticks in a row that left the deadline where it was: a node would spin."""

        self.unkept: set[str] = set()
        """Words that a program inserted and that no disk has yet."""

        self._guilty: list[Record] = []
        self._acts = 0
        self._in_vain = 0
        self._world = world
        self._peer: Peer | None = None
        self._journal: Journal | None = None
        self._instance = ""
        self._links = 0
        self._ends: dict[LinkId, tuple[Connection, End]] = {}
        self._alarm: float | None = None
        self._rang_at = -1.0
        self._inputs: deque[Input] = deque()
        self._handling = False
        self._jobs: deque[Callable[[], None]] = deque()
        self._working = False
        self._queue: deque[tuple[int, Batch] | Callable[[], None]] = deque()
        self._busy: list[tuple[int, Batch]] | None = None
        self._changed: set[StoryPath] = set()
        self._known: set[StoryPath] = set()
        self._gone: dict[StoryPath, float] = {}
        self._looking = False
        self._watching = False
        self._failing = False  # the journal could not be written when we last tried
        self._frozen: deque[Callable[[], None]] = deque()  # what happened while it slept
        self._naps = 0
        self._clock_error = 0
        self._backup: Backup | None = None
        self._booted_at = 0.0

    def __repr__(self) -> str:
        return f"<{self.name}: {'up' if self.is_up else 'down'}, {len(self.folder)} files>"

    # What is here.

    @property
    def is_up(self) -> bool:
        """Its process runs."""
        return self._peer is not None

    @property
    def is_awake(self) -> bool:
        """Its process runs and does not stand still."""
        return self.is_up and not self.is_asleep

    @property
    def peer(self) -> Peer:
        """The peer of the running process."""
        assert self._peer is not None, f"{self.name} is down"
        return self._peer

    @property
    def journal(self) -> Journal:
        """The journal that the running process has open."""
        assert self._journal is not None, f"{self.name} is down"
        return self._journal

    @property
    def status(self) -> Status:
        """One look at the running process."""
        return self.peer.status()

    @property
    def clock(self) -> int:
        """Milliseconds since 1970, as this machine believes."""
        return max(0, EPOCH + int(self._world.now * 1000) + self._clock_error)

    @property
    def is_idle(self) -> bool:
        """Nothing is on its way between the process and its folder or disk."""
        return not (
            self._queue
            or self._busy is not None
            or self._jobs
            or self._working
            or self._changed
            or self._gone
            or self._looking
            or self.joining
        )

    def text(self, path: str) -> str:
        """A text file of the folder."""
        return self.folder[StoryPath(path)].decode()

    @property
    def device(self) -> DeviceId:
        """Which device its processes are."""
        return self.device_key.device

    @property
    def schemas(self) -> Mapping[str, Schema]:
        """The documents that are open here."""
        return self._world.schemas

    # What its author does.

    def save(self, path: str, content: str | bytes | None) -> None:
        """Save a file, or remove it; the process will notice, if one runs."""
        accepted = accept(path)
        if content is None:
            self.folder.pop(accepted, None)
        else:
            self.folder[accepted] = content.encode() if isinstance(content, str) else content
        self._notify(accepted)

    @contextmanager
    def edit(self, document: str, *words: str) -> Iterator[Edit]:
        """Edit a document from a program; ``words`` is what is new in it, to be watched."""
        with self.peer.document(document).edit("program") as edit:
            yield edit
        if edit.change is not None:
            self.unkept.update(words)
            self.tell(Edited(document, edit.change, self.clock))

    def do(self, act: Act) -> None:
        """Do something about who belongs."""
        self._acts += 1
        self.tell(Do(self._acts, act))

    def document(self, name: str) -> Document:
        """A document of the running process, for reading."""
        return self.peer.document(name)

    # What happens to its process.

    def boot(self) -> None:
        """Start a process with what the disk holds, if none runs."""
        if self.is_up:
            return
        world = self._world
        self.life += 1
        self._instance = f"{world.dice.getrandbits(64):016x}"
        try:
            self._journal = self.disk.open(world.dice.randbytes(8))
            recalled = self._recognise(self._journal, self._journal.recall())
            recalled = self._put_poison_aside(self._journal, recalled)
            recalled = self._write_anew(self._journal, recalled)
        except DiskFull:
            self.disk.lose_power()
            self._journal = None
            return  # as there: it says so and ends
        papers = world.people.enrol(self.device_key, self.name)
        self._peer = Peer(
            Ourselves(self.device_key, self.name, self.name, papers),
            recalled,
            world.schemas,
            dice=world.dice,
            now=world.now,
            files=world.files,
            sealer=sealer,
            speaks=self.speaks,
        )
        self._check_promises(recalled)
        self._booted_at = world.now
        if world.files and not self.joining:
            self._begin_files()
        elif self.joining:
            self.after(SEARCH_SECONDS, self._finish_joining)
        if world.relay is not None:
            self.tell(RelayNamed(URL, self.clock))
        self.tell(Listening(self.address.port))
        world.announce(self)

    def _begin_files(self) -> None:
        files = tuple(FileSeen(path, content) for path, content in sorted(self.folder.items()))
        self._known = set(self.folder)
        self._changed.clear()
        self._watching = True
        self.tell(FilesSeen(files, self.clock, everything=True))

    def _recognise(self, journal: Journal, recalled: Recalled) -> Recalled:
        """See whether the journal is the one that was open last, as there."""
        dice, before = self._world.dice, self.note
        known = json.loads(recalled.facts.get(_INSTALL, b"null"))
        facts: dict[str, bytes | None] = {}
        copied = known is not None and known["device"] != self.device.hex()
        restored = (
            known is not None and not copied and not _is_last(known["mark"], recalled, before)
        )
        if recalled.facts.get(RESTORED) == UNNOTICED:
            restored = True
        if copied or restored:
            recalled = replace(recalled, incarnation=journal.renew(dice.randbytes(8)))
        if restored and before is not None and before.shared:
            facts[RESTORED] = b""
            self.joining = True
        mark = dice.randbytes(8).hex()
        shared = before is not None and before.shared
        self.note = Note((*(before.marks[-1:] if before else ()), mark), 0, shared)
        facts[_INSTALL] = json.dumps({"device": self.device.hex(), "mark": mark}).encode()
        journal.write([Batch(facts=tuple((once(recalled.facts) | facts).items()))])
        self.note = Note((mark,), recalled.head, shared)
        self.after(HEAD_SECONDS, self._follow_journal)
        kept = {**recalled.facts, **facts}
        return replace(recalled, facts={k: value for k, value in kept.items() if value is not None})

    def _put_poison_aside(self, journal: Journal, recalled: Recalled) -> Recalled:
        """Never again take in what ended a process, as there."""
        facts: dict[str, bytes] = {}
        for record in self._guilty:
            facts |= facts_of(record, {**recalled.facts, **facts})
        self._guilty.clear()
        if facts:
            journal.write([Batch(facts=tuple(facts.items()))])
        return replace(recalled, facts={**recalled.facts, **facts})

    def _write_anew(self, journal: Journal, recalled: Recalled) -> Recalled:
        """Let go of edits that others cannot take in, or have already, as there."""
        dice, device = self._world.dice, self.device
        for name, schema in self._world.schemas.items():
            asked = CUT + name if CUT + name in recalled.facts else WITHDRAWN + name
            cut, anew = cut_of(recalled.facts.get(asked, b"[]")), asked == CUT + name
            if not cut:
                continue
            client = fresh_client((), dice)
            done = rewrite(name, schema, recalled, cut, device=device, client=client, anew=anew)
            if done is None:
                journal.write([Batch(facts=((asked, None),))])
            else:
                entries: tuple[Entry, ...] = ()
                if done.change is not None:
                    record = Record(name, done.change.update, device, client, self.clock)
                    entries = (Entry(recalled.head + 1, device, record),)
                batch = Batch(entries, facts_after(asked, name, cut))
                self.joining |= done.lost
                journal.restart(name, done.state, done.digest, batch, dice.randbytes(8))
            recalled = journal.recall()
        return recalled

    def _follow_journal(self) -> None:
        """Let the user's note know how far the journal has come."""
        assert self.note is not None
        self.note = replace(self.note, head=self.journal.head)
        self.after(HEAD_SECONDS, self._follow_journal)

    def _finish_joining(self) -> None:
        """Look at the files once all others have told everything; after a while, one of them."""
        if not self.joining:
            return
        told = [peer.in_sync for peer in self.status.peers]
        late = self._world.now >= self._booted_at + SEARCH_SECONDS
        if any(told) if late else told and all(told):
            self.joining = False
            self._begin_files()

    def _check_promises(self, recalled: Recalled) -> None:
        """See that what others count as stored here is here, now that only the disk is left."""
        if self.went_back:
            return
        documents = {
            name: Document.load(name, schema, 1, recalled.documents.get(name, ()))
            for name, schema in self._world.schemas.items()
        }
        for other in self._world.machines.values():
            # A position in a journal that went back, or that two have, means two things.
            if other is self or not other.is_up or other.went_back:
                continue
            unacked = {peer.device: peer.unacked for peer in other.status.peers}
            if self.device not in unacked:
                continue
            made = [e for e in other.journal.read(0, 1 << 30) if e.source == other.device]
            for entry in made[: max(0, len(made) - unacked[self.device])]:
                record = entry.record
                if documents[record.document].merge(record.update, "promised") != Nothing():
                    self.broken_promises.append(
                        f"{self.name} promised {other.name} to have stored its record {entry.seq}"
                    )

    def crash(self, *, silently: bool = False) -> None:
        """End the process between two effects; ``silently``: the whole machine goes dark."""
        if not self.is_up:
            return
        self._world.crashes += 1
        if self._busy and not self.disk.is_full and self._world.dice.random() < 0.5:
            # The transaction was complete, and nobody lived to hear of it.
            self.journal.write([batch for _, batch in self._busy])
            self.unkept -= self._words_of(self._busy)
        self.disk.lose_power()
        self._die(silently=silently)

    def die_of(self, record: Record) -> None:
        """
        Meet an update that ends the process, and never take it in again.

        As others do not stumble over it, whoever wrote it has to write it anew.
        """
        self.has_died_of_something = True
        self._guilty.append(record)
        self._world.expect("has ended this program before")
        self.crash()

    def stop(self) -> None:
        """End the process as its user would."""
        if not self.is_up:
            return
        self.wake()
        self.tell(Stopping())
        if not self.is_up:  # the fuse was short
            return
        batches = [*(self._busy or ()), *(item for item in self._queue if isinstance(item, tuple))]
        try:
            self.journal.write([batch for _, batch in batches])
            self.unkept -= self._words_of(batches)
        except DiskFull:
            pass
        if self.note is not None:
            self.note = replace(self.note, head=self.journal.head)
        self.journal.close()
        self.disk.lose_power()
        self._world.withdraw(self._instance)
        self._die(silently=False)

    def _die(self, *, silently: bool) -> None:
        self._peer = self._journal = None
        self.fuse = None
        for connection, end in list(self._ends.values()):
            connection.die(end, silently=silently)
        self._ends.clear()
        self._inputs.clear()
        self._jobs.clear()
        self._queue.clear()
        self._changed.clear()
        self._gone.clear()
        self._busy, self._alarm = None, None
        self._handling = self._working = self._looking = self._watching = False
        self._failing = self.is_asleep = False
        self._frozen.clear()
        self._world.lose(self.unkept)
        self.unkept.clear()
        self.life += 1

    # What happens to the machine.

    def sleep(self, seconds: float) -> None:
        """Stand still for a while; what happens meanwhile is noticed afterwards, all at once."""
        if not self.is_awake:
            return
        self.is_asleep = True
        self._naps += 1
        life, nap = self.life, self._naps
        self._world.stall(self)

        def over() -> None:
            if (self.life, self._naps) == (life, nap):
                self.wake()

        self._world.at(self._world.now + seconds, over)

    def wake(self) -> None:
        """Go on, if it stood still."""
        if not self.is_asleep:
            return
        self.is_asleep = False
        while self._frozen and not self.is_asleep:
            self._frozen.popleft()()
        if self.is_awake and self._world.dice.random() < 0.5:
            self.change_network()  # some systems say so, and some do not
        self._world.announce(self)

    def set_clock(self, years: int) -> None:
        """Believe from now on that it is so many years later, or earlier; never before 1970."""
        self._clock_error = years * YEAR

    def fill(self, seconds: float) -> None:
        """Have no room on the disk for a while, neither for the journal nor for files."""
        self.disk.is_full = True
        self._world.expect("no space left")
        self._world.at(self._world.now + seconds, self.make_room)

    def make_room(self) -> None:
        """Have room on the disk again."""
        self.disk.is_full = False

    def install(self, speaks: tuple[int, int]) -> None:
        """Put another version of the program into place, and start it if one ran."""
        ran = self.is_up
        self.stop()
        self.speaks = speaks
        self._world.expect("upgrade whisker-sync")
        if ran:
            self.boot()

    def be_another_device(self) -> None:
        """Have a device of its own from now on: what a user is told to do about two with one id."""
        self.stop()
        self.device_key = _device_key(self.name)
        self.boot()

    def back_up(self, path: Path | None) -> None:
        """Copy disk and folder, as they are; ``path`` is where, if the disk is a file."""
        self.throw_away()
        self._backup = Backup(self.disk.copy(path), dict(self.folder), self.note, self.joining)

    def throw_away(self) -> None:
        """Have no backup any more."""
        if self._backup is not None:
            self._backup.disk.close()
            self._backup = None

    def restore(self, *, folder: bool, home: bool = False) -> None:
        """
        Put the journal back to what the latest backup says, if there is one.

        Maybe the ``folder``, too, and what is in the user's ``home``, so that nothing there
        tells that the journal is an old one.

        Words that only this machine had are lost with that, and nobody is to blame. All
        others have to come back.
        """
        if self._backup is None:
            return
        ran = self.is_up
        before = self._words()
        self.stop()
        self.disk.become(self._backup.disk)
        self.joining = self._backup.joining
        if folder:
            self.folder = dict(self._backup.folder)
        if home:
            self.note = self._backup.note
        self._world.expect("(a restored backup?)")  # others may tell where the note cannot
        others = [other for other in self._world.machines.values() if other is not self]
        stored = {word for other in others for word in other.stored_words()}
        self._world.lose(before - self._words() - stored)
        self.forgot = self.went_back = True
        if ran:
            self.boot()

    def stored_words(self) -> set[str]:
        """The words in all texts that the disk holds."""
        recalled = self._journal.recall() if self._journal is not None else self.disk.recall()
        return {
            word
            for name, schema in self._world.schemas.items()
            for word in words_in(Document.load(name, schema, 1, recalled.documents.get(name, ())))
        }

    def _words(self) -> set[str]:
        """The words in files and in documents, on disk or only in memory."""
        text = b"\n".join(self.folder.values()).decode("utf-8", "replace")
        words = self.stored_words() | set(WORD.findall(text))
        if self.is_up:
            for name in self._world.schemas:
                words |= words_in(self.document(name))
        return words

    # The loop, as there.

    def tell(self, input_: Input) -> None:
        """Give the process an input, and carry out what it asks for."""
        if self._peer is None:
            return
        if self.is_asleep:
            self._frozen.append(lambda: self.tell(input_))
            return
        self._inputs.append(input_)
        if self._handling:
            return
        self._handling = True
        life, in_vain = self.life, True
        while self._inputs:
            happened = self._inputs.popleft()
            self._world.note(self, happened)
            effects = self._peer.handle(happened, self._world.now)
            in_vain = in_vain and not effects and isinstance(happened, Drained)
            for effect in effects:
                if self.fuse == 0:
                    self.crash()
                    return
                if self.fuse is not None:
                    self.fuse -= 1
                self._world.note(self, effect)
                self._carry_out(effect)
            if self.life != life:
                return
        self._handling = False
        if in_vain:
            return  # nothing is otherwise than before: every second input is one of these
        if not self.overfull:
            self.overfull = overfull(self._peer.load(), len(self._world.schemas))
        self._set_alarm()
        if self.joining:
            self._finish_joining()

    def _set_alarm(self) -> None:
        deadline = self.peer.deadline()
        if deadline is None or deadline == self._alarm:
            return
        self._alarm = deadline
        # A process that rings without need burns time, and a world's agenda has to go on.
        soonest = self._rang_at + VAIN_SECONDS if deadline <= self._rang_at else deadline
        self._at(soonest, lambda: self._ring(deadline))

    def _ring(self, deadline: float) -> None:
        if self._alarm != deadline:
            return
        self._alarm = None
        if self.peer.deadline() != deadline:
            self._set_alarm()
            return
        self._rang_at = self._world.now
        self.tell(Tick())
        in_vain = self.is_up and self.peer.deadline() == deadline
        self._in_vain = self._in_vain + 1 if in_vain else 0
        self.vain_ticks = max(self.vain_ticks, self._in_vain)

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Persist(ticket, batch):
                self._submit((ticket, batch))
            case Send(link, frame):
                if link in self._ends:
                    connection, end = self._ends[link]
                    connection.send(end, frame)
            case Drop(link):
                if link in self._ends:
                    self._ends[link][1].drops += 1
            case Proven():
                pass  # nobody is sent away from here
            case Hangup(link, reason):
                if link in self._ends:
                    connection, end = self._ends[link]
                    connection.hang_up(end, reason)
            case Dial(candidate, addresses):
                self._world.dial(self, candidate, addresses)
            case WriteFile() | WriteAsset():
                self._take_turns(lambda: self._fetch(effect))
            case ReadLog(link, after, max_bytes):
                self._submit(lambda: self._read_log(link, after, max_bytes))
            case ReadAsset():
                self._submit(lambda: self._read_asset(effect))
            case ReadRevisions(link, ids):
                self._submit(lambda: self._read_revisions(link, ids))
            case ReadHistory(max_bytes):
                self._submit(lambda: self._read_history(max_bytes))
            case Compact():
                self._submit(lambda: self._compact(effect))
            case (
                WatchMail()
                | UnwatchMail()
                | ReadMail()
                | ReadSnapshot()
                | PostMail()
                | PutSnapshot()
                | ReadBlobs()
                | PutBlobs()
            ):
                assert self._world.relay is not None
                self._world.relay.ask(self, effect)
            case Tell(event):
                self.events.append(event)
                if isinstance(event, PeerConnected) and self.note is not None:
                    self.note = replace(self.note, shared=True)
                if isinstance(event, BeginAnew):
                    self.after(0.0, self._begin_anew)

    def _begin_anew(self) -> None:
        self.stop()
        self.boot()

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something after a while, if the process still lives then."""
        self._at(self._world.now + seconds, action)

    def _at(self, time: float, action: Callable[[], None]) -> None:
        life = self.life

        def act() -> None:
            if self.life != life:
                return
            if self.is_asleep:
                self._frozen.append(act)
            else:
                action()

        self._world.at(time, act)

    # The journal and its thread, as there.

    def _submit(self, item: tuple[int, Batch] | Callable[[], None]) -> None:
        self._queue.append(item)
        self._work()

    def _work(self) -> None:
        if self._busy is not None or not self._queue:
            return
        self._busy = []
        if callable(self._queue[0]):
            call = self._queue.popleft()
            assert callable(call)
            self.after(self._world.wait(0.0002, 0.002), lambda: self._called(call))
            return
        while self._queue and isinstance(self._queue[0], tuple):
            batch = self._queue.popleft()
            assert isinstance(batch, tuple)
            self._busy.append(batch)
        self.after(self._world.wait(0.001, 0.02), self._commit)

    def _called(self, call: Callable[[], None]) -> None:
        self._busy = None
        call()
        self._work()

    def _commit(self) -> None:
        batches = self._busy
        assert batches
        try:
            self.journal.write([batch for _, batch in batches])
        except DiskFull as problem:
            self.after(RETRY_SECONDS, self._commit)
            if not self._failing:
                self._failing = True
                self.tell(StoreTrouble(str(problem)))
            return
        self._busy = None
        self.unkept -= self._words_of(batches)
        self._work()
        if self._failing:
            self._failing = False
            self.tell(StoreTrouble(None))
        self.tell(Committed(batches[-1][0]))

    def _words_of(self, batches: list[tuple[int, Batch]]) -> set[str]:
        updates = b"\n".join(entry.record.update for _, batch in batches for entry in batch.entries)
        return {word for word in self.unkept if word.encode() in updates}

    def _read_log(self, link: LinkId, after: int, max_bytes: int) -> None:
        self.tell(LogRead(link, tuple(self.journal.read(after, max_bytes))))

    def _read_asset(self, read: ReadAsset) -> None:
        self.tell(AssetRead(read.link, read.asset, self.journal.asset(read.asset)))

    def _read_history(self, max_bytes: int) -> None:
        self.tell(HistoryRead(tuple(self.journal.history(max_bytes=max_bytes))))

    def _read_revisions(self, link: LinkId, ids: tuple[bytes, ...]) -> None:
        self.tell(RevisionsRead(link, tuple(self.journal.revisions(ids))))

    def _compact(self, snapshot: Compact) -> None:
        schema = self._world.schemas[snapshot.document]

        def verify(state: bytes) -> bytes:
            return Document.load(snapshot.document, schema, 1, [state]).digest()

        self.journal.compact(
            snapshot.document, snapshot.through, snapshot.state, snapshot.digest, verify
        )

    # The folder, as there.

    def _notify(self, path: StoryPath) -> None:
        if self._watching:
            self._changed.add(path)
            self._look_after(self._world.wait(0.005, 0.06))

    def _look_after(self, seconds: float) -> None:
        if not self._looking:
            self._looking = True
            self.after(seconds, self._look)

    def _look(self) -> None:
        """Find what changed; what is gone counts only when it still is after a moment."""
        self._looking = False
        now = self._world.now
        for path in sorted(self._changed):
            if path not in self.folder:
                self._gone.setdefault(path, now + GRACE_SECONDS)
        for path in [path for path in self._gone if path in self.folder]:
            del self._gone[path]
        due = {path for path, until in self._gone.items() if until <= now}
        ready = {path for path in self._changed if path not in self._gone}
        # Not told before the removal that may belong to it: together they are a rename.
        waiting = ready - self._known if self._gone.keys() - due else set()
        ready = ready - waiting | due
        self._changed = waiting
        for path in due:
            del self._gone[path]
        if self._gone:
            self._look_after(GRACE_SECONDS / 2)
        self._known = (self._known | ready) & set(self.folder)
        if ready:
            self._take_turns(lambda: self._read(ready))

    def _take_turns(self, job: Callable[[], None]) -> None:
        """Reading and writing follow one another: what was read before a write is told before."""
        self._jobs.append(job)
        self._next_job()

    def _next_job(self) -> None:
        if not self._working and self._jobs:
            self._working = True
            self._jobs.popleft()()

    def _done(self, result: Input) -> None:
        """Tell what came of a job; then the next one may begin."""
        life = self.life
        self.tell(result)
        if self.life == life:
            self._working = False
            self._next_job()

    def _read(self, paths: set[StoryPath]) -> None:
        files = tuple(FileSeen(path, self.folder.get(path)) for path in sorted(paths))
        seen = FilesSeen(files, self.clock)
        self.after(self._world.wait(0.0001, 0.002), lambda: self._done(seen))

    def _fetch(self, write: WriteFile | WriteAsset) -> None:
        match write:
            case WriteFile(_, content, _):
                self.after(self._world.wait(0.0005, 0.01), lambda: self._write(write, content))
            case WriteAsset():
                self._submit(lambda: self._fetched(write))

    def _fetched(self, write: WriteAsset) -> None:
        assets = self.peer.chunks(write.list) if write.list else (write.asset,)
        content = b"".join(self.journal.asset(asset) or b"" for asset in assets)
        assert _sha256(content) == write.asset, f"the content of {write.path} is not here"
        self.after(self._world.wait(0.0005, 0.01), lambda: self._write(write, content))

    def _write(self, write: WriteFile | WriteAsset, content: bytes | None) -> None:
        """Replace a file if it holds what is expected, and say a moment later what came of it."""
        path, found = write.path, self.folder.get(write.path)
        if _sha256(found) != write.expected:
            answer: Input = FileKept(path, found, self.clock)
            if found is None:
                answer = FileStuck(path, None, self.clock)
        elif self.disk.is_full and found != content:
            answer = FileStuck(path, Problem(path, str(DiskFull(path))), self.clock)
        else:
            if content is None:
                self.folder.pop(path, None)
            else:
                self.folder[path] = content
            answer = FileWritten(path, content, self.clock)
            if self._world.dice.random() < 0.3:
                self._notify(path)  # watchers see what we write ourselves, now and then
        self.after(self._world.wait(0.0001, 0.002), lambda: self._done(answer))

    # The network, as there.

    def sight(self, other: Machine) -> None:
        """Hear the announcement of another machine."""
        # What its tag is good for, see identity/workspace.py.
        likely = abs(self.clock // HOUR - other.clock // HOUR) <= 1
        self.tell(Sighted(other._instance, (other.address,), likely=likely))

    def lose_sight(self, instance: str) -> None:
        """Hear that an announcement was taken back."""
        self.tell(Lost(instance))

    def change_network(self) -> None:
        """Note that an interface of this machine came or went."""
        self.tell(NetworkChanged())

    def fail_to_reach(self, candidate: str) -> None:
        """Note that nobody answered."""
        self.tell(DialFailed(candidate, "nobody answered"))

    def new_end(self) -> End:
        """One end of a connection that is about to be made."""
        self._links += 1
        return End(self, LinkId(self._links))

    def take(
        self, connection: Connection, end: End, candidate: str | None, address: Address
    ) -> None:
        """Begin to use a connection."""
        self._ends[end.link] = (connection, end)
        self.tell(LinkUp(end.link, candidate, address, connection.binding, self.clock))

    def forget(self, link: LinkId) -> None:
        """Stop using a connection that ended."""
        self._ends.pop(link, None)


def texts_of(document: Document) -> list[str]:
    """The names of all texts in a document, in order."""
    kind_of = document.schema.kind_of
    return sorted(root for root in document.roots() if kind_of(root) is Kind.TEXT)


def words_in(document: Document) -> set[str]:
    """The words in all texts of a document."""
    return {word for root in texts_of(document) for word in WORD.findall(document.text(root))}


def _device_key(name: str) -> DeviceKey:
    return DeviceKey(hashlib.sha256(name.encode()).digest())


def _is_last(mark: str, recalled: Recalled, note: Note | None) -> bool:
    return note is not None and mark in note.marks and recalled.head >= note.head


def _sha256(content: bytes | None) -> bytes | None:
    return None if content is None else hashlib.sha256(content).digest()
