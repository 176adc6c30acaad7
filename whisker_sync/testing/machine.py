"""
One machine of a simulated world: a process that dies, a folder and a disk that stay.

The process is the production :class:`~whisker_sync.peer.peer.Peer` on the production
journal. What is imagined is what a node does around it; each part of that has a module::

    process.py     the loop: an input comes in, effects are carried out in their order
    booting.py     what is done with the journal before that
    writer.py      the thread that a process has for its journal
    watcher.py     the folder, as a process sees it and writes in it
    timers.py      what happens after a while, if the process still lives and is awake

All of that dies with the process. Here is what stays, and what a machine's people do to it: they
save files, start and stop the program, let the machine sleep, fill its disk, set its clock,
install another version, and put it back to what it was when somebody made a backup.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from whisker_sync.batch import Recalled
from whisker_sync.document import Document, Edit, Kind, Schema
from whisker_sync.errors import DiskFull
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.ids import Address, DeviceId, LinkId, StoryPath
from whisker_sync.paths import accept
from whisker_sync.peer.acts import Act
from whisker_sync.peer.events import Event
from whisker_sync.peer.inputs import (
    DialFailed,
    Do,
    Edited,
    Input,
    Lost,
    NetworkChanged,
    Sighted,
    Stopping,
)
from whisker_sync.peer.peer import Peer
from whisker_sync.peer.status import Status
from whisker_sync.record import Record
from whisker_sync.store.journal import Journal
from whisker_sync.testing.booting import Note, put_poison_aside, recognise, write_anew
from whisker_sync.testing.disk import Disk
from whisker_sync.testing.network import Connection, End
from whisker_sync.testing.process import Process
from whisker_sync.testing.promises import broken_promises
from whisker_sync.testing.words import WORD
from whisker_sync.wire.messages import PROTOCOL

if TYPE_CHECKING:
    from whisker_sync.testing.world import World

EPOCH = 1_700_000_000_000
"""Milliseconds since 1970 at which worlds begin."""

HOUR = 3600 * 1000
"""Milliseconds of an hour."""

YEAR = 365 * 24 * HOUR
"""Milliseconds of a year, about."""

MAX_EVENTS = 1_000
"""Events of one machine that are remembered."""


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
        """Counts the processes that ran here, and the times between them."""

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

        self._world = world
        self._process: Process | None = None
        self._guilty: list[Record] = []
        self._acts = 0
        self._links = 0
        self._naps = 0
        self._clock_error = 0
        self._backup: Backup | None = None

    def __repr__(self) -> str:
        return f"<{self.name}: {'up' if self.is_up else 'down'}, {len(self.folder)} files>"

    # What is here.

    @property
    def is_up(self) -> bool:
        """Its process runs."""
        return self._process is not None

    @property
    def is_asleep(self) -> bool:
        """Its process stands still, and so do its timers."""
        return self._process is not None and self._process.timers.is_asleep

    @property
    def is_awake(self) -> bool:
        """Its process runs and does not stand still."""
        return self.is_up and not self.is_asleep

    @property
    def is_idle(self) -> bool:
        """Nothing is on its way between the process and its folder or disk."""
        return not self.joining and (self._process is None or self._process.is_idle)

    @property
    def process(self) -> Process:
        """What runs here."""
        assert self._process is not None, f"{self.name} is down"
        return self._process

    @property
    def peer(self) -> Peer:
        """The peer of the running process."""
        return self.process.peer

    @property
    def journal(self) -> Journal:
        """The journal that the running process has open."""
        return self.process.journal

    @property
    def status(self) -> Status:
        """One look at the running process."""
        return self.peer.status()

    @property
    def clock(self) -> int:
        """Milliseconds since 1970, as this machine believes."""
        return max(0, EPOCH + int(self._world.now * 1000) + self._clock_error)

    @property
    def device(self) -> DeviceId:
        """Which device its processes are."""
        return self.device_key.device

    @property
    def schemas(self) -> Mapping[str, Schema]:
        """The documents that are open here."""
        return self._world.schemas

    def text(self, path: str) -> str:
        """A text file of the folder."""
        return self.folder[StoryPath(path)].decode()

    def document(self, name: str) -> Document:
        """A document of the running process, for reading."""
        return self.peer.document(name)

    def stored_words(self) -> set[str]:
        """The words in all texts that the disk holds."""
        recalled = self.journal.recall() if self.is_up else self.disk.recall()
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

    # What its author does.

    def save(self, path: str, content: str | bytes | None) -> None:
        """Save a file, or remove it; the process will notice, if one runs."""
        accepted = accept(path)
        if content is None:
            self.folder.pop(accepted, None)
        else:
            self.folder[accepted] = content.encode() if isinstance(content, str) else content
        if self._process is not None:
            self._process.watcher.notice(accepted)

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

    # What happens to its process.

    def tell(self, input_: Input) -> None:
        """Give the process an input, if one runs."""
        if self._process is not None:
            self._process.tell(input_)

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something after a while, if the process still lives then."""
        if self._process is not None:
            self._process.timers.after(seconds, action)

    def boot(self) -> None:
        """Start a process with what the disk holds, if none runs."""
        if self.is_up:
            return
        world = self._world
        self.life += 1
        instance = f"{world.dice.getrandbits(64):016x}"
        try:
            journal = self.disk.open(world.dice.randbytes(8))
            recalled = self._read(journal)
        except DiskFull:
            self.disk.lose_power()
            return  # as there: it says so and ends
        process = self._process = Process(world, self, journal, recalled, instance)
        self.broken_promises += broken_promises(world, self, recalled)
        process.begin()
        world.announce(self)

    def _read(self, journal: Journal) -> Recalled:
        """Read a journal, and put right in it what a node would."""
        dice = self._world.dice
        seen = recognise(journal, journal.recall(), self.note, self.device, dice)
        self.joining |= seen.restored
        self.note = seen.expecting
        journal.write([seen.batch])
        self.note = seen.note
        guilty, self._guilty = self._guilty, []
        recalled = put_poison_aside(journal, seen.recalled, guilty)
        schemas = self._world.schemas
        recalled, lost = write_anew(journal, recalled, schemas, self.device, dice, self.clock)
        self.joining |= lost
        return recalled

    def begin_anew(self) -> None:
        """Stop, and start again."""
        self.stop()
        self.boot()

    def crash(self, *, silently: bool = False) -> None:
        """End the process between two effects; ``silently``: the whole machine goes dark."""
        if self._process is None:
            return
        self._world.crashes += 1
        writer = self._process.writer
        if writer.is_writing and not self.disk.is_full and self._world.dice.random() < 0.5:
            writer.complete()
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
        if self._process is None:  # the fuse was short
            return
        with suppress(DiskFull):
            self._process.writer.finish()
        self._process.note_head()
        self._process.journal.close()
        self.disk.lose_power()
        self._world.withdraw(self._process.instance)
        self._die(silently=False)

    def _die(self, *, silently: bool) -> None:
        process, self._process = self.process, None
        self.fuse = None
        process.end(silently=silently)
        self._world.lose(self.unkept)
        self.unkept.clear()
        self.life += 1

    # What happens to the machine.

    def sleep(self, seconds: float) -> None:
        """Stand still for a while; what happens meanwhile is noticed afterwards, all at once."""
        if self._process is None or self.is_asleep:
            return
        self._process.timers.is_asleep = True
        self._naps += 1
        life, nap = self.life, self._naps
        self._world.stall(self)

        def over() -> None:
            if (self.life, self._naps) == (life, nap):
                self.wake()

        self._world.at(self._world.now + seconds, over)

    def wake(self) -> None:
        """Go on, if it stood still."""
        if self._process is None or not self.is_asleep:
            return
        self._process.timers.wake()
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

    # Backups.

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

    # The network, as there.

    def sight(self, other: Machine) -> None:
        """Hear the announcement of another machine."""
        # What its tag is good for, see identity/workspace.py.
        likely = abs(self.clock // HOUR - other.clock // HOUR) <= 1
        self.tell(Sighted(other.process.instance, (other.address,), likely=likely))

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
        self.process.take(connection, end, candidate, address)

    def forget(self, link: LinkId) -> None:
        """Stop using a connection that ended."""
        if self._process is not None:
            self._process.forget(link)


def texts_of(document: Document) -> list[str]:
    """The names of all texts in a document, in order."""
    kind_of = document.schema.kind_of
    return sorted(root for root in document.roots() if kind_of(root) is Kind.TEXT)


def words_in(document: Document) -> set[str]:
    """The words in all texts of a document."""
    return {word for root in texts_of(document) for word in WORD.findall(document.text(root))}


def _device_key(name: str) -> DeviceKey:
    return DeviceKey(hashlib.sha256(name.encode()).digest())
