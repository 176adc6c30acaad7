"""
One life of a process: the production peer, and what a node does around it.

Each effect is carried out in its order, and everything that a real node does on a thread or over
a socket takes a while here, too, in which other things happen. The order of what can overtake
what is that of ``node/``; where this file says "as there", a difference is a mistake in this file.

All that a process has is here, and goes with it: what stays is its machine's.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from whisker_sync.batch import Recalled
from whisker_sync.ids import Address, LinkId
from whisker_sync.manuscript.files import PutInTrash, WriteAsset, WriteFile
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
from whisker_sync.peer.events import BeginAnew, PeerConnected
from whisker_sync.peer.inputs import Drained, Input, LinkUp, Listening, RelayNamed, Tick
from whisker_sync.peer.peer import Peer
from whisker_sync.peer.status import Ourselves
from whisker_sync.store.journal import Journal
from whisker_sync.testing.bounds import overfull
from whisker_sync.testing.network import Connection, End
from whisker_sync.testing.people import sealer
from whisker_sync.testing.relay import URL
from whisker_sync.testing.timers import Timers
from whisker_sync.testing.watcher import Watcher
from whisker_sync.testing.writer import Writer

if TYPE_CHECKING:
    from whisker_sync.testing.machine import Machine
    from whisker_sync.testing.world import World

VAIN_SECONDS = 0.001
"""How soon a tick that changed nothing is repeated."""

HEAD_SECONDS = 60.0
"""How often the user's note learns how far the journal has come; as there."""

SEARCH_SECONDS = 10.0
"""How long all others are waited for, before one is enough; as there."""


class Process:
    """A process on a machine, from the moment in which it has read its journal."""

    def __init__(
        self, world: World, machine: Machine, journal: Journal, recalled: Recalled, instance: str
    ) -> None:
        self.instance = instance
        """What its announcements are known by."""

        self.journal = journal
        self.peer = Peer(
            Ourselves(
                machine.device_key,
                machine.name,
                machine.name,
                world.people.enrol(machine.device_key, machine.name),
            ),
            recalled,
            world.schemas,
            dice=world.dice,
            now=world.now,
            files=world.files,
            sealer=sealer,
            speaks=machine.speaks,
        )
        self.timers = Timers(world)
        self.writer = Writer(journal, self.timers, world.schemas, self.tell, machine.unkept)
        self.watcher = Watcher(
            machine.folder,
            machine.disk,
            lambda: machine.clock,
            world.dice,
            self.timers,
            self.writer,
            self._content,
            self.tell,
        )
        self._world = world
        self._machine = machine
        self._began_at = world.now
        self._ends: dict[LinkId, tuple[Connection, End]] = {}
        self._inputs: deque[Input] = deque()
        self._handling = False
        self._alarm: float | None = None
        self._rang_at = -1.0
        self._in_vain = 0

    @property
    def is_idle(self) -> bool:
        """Nothing is on its way between it and its folder or disk."""
        return self.writer.is_idle and self.watcher.is_idle

    def begin(self) -> None:
        """Do what a process does first."""
        self.timers.after(HEAD_SECONDS, self._follow_journal)
        if self._machine.joining:
            self.timers.after(SEARCH_SECONDS, self._finish_joining)
        elif self._world.files:
            self.watcher.begin()
        if self._world.relay is not None:
            self.tell(RelayNamed(URL, self._machine.clock))
        self.tell(Listening(self._machine.address.port))

    def end(self, *, silently: bool) -> None:
        """Be gone, with all that was under way; ``silently``: nobody says goodbye for it."""
        self.timers.is_over = True
        for connection, end in list(self._ends.values()):
            connection.die(end, silently=silently)

    # The loop, as there.

    def tell(self, input_: Input) -> None:
        """Give the peer an input, and carry out what it asks for."""
        self.timers.run(lambda: self._hear(input_))

    def _hear(self, input_: Input) -> None:
        self._inputs.append(input_)
        if self._handling:
            return
        self._handling = True
        machine, in_vain = self._machine, True
        while self._inputs:
            happened = self._inputs.popleft()
            self._world.note(machine, happened)
            effects = self.peer.handle(happened, self._world.now)
            in_vain = in_vain and not effects and isinstance(happened, Drained)
            for effect in effects:
                if machine.fuse == 0:
                    machine.crash()
                    return
                if machine.fuse is not None:
                    machine.fuse -= 1
                self._world.note(machine, effect)
                self._carry_out(effect)
            if self.timers.is_over:
                return
        self._handling = False
        if in_vain:
            return  # nothing is otherwise than before: every second input is one of these
        if not machine.overfull:
            machine.overfull = overfull(self.peer.load(), len(self._world.schemas))
        self._set_alarm()
        self._finish_joining()

    def _set_alarm(self) -> None:
        deadline = self.peer.deadline()
        if deadline is None or deadline == self._alarm:
            return
        self._alarm = deadline
        # A process that rings without need burns time, and a world's agenda has to go on.
        soonest = self._rang_at + VAIN_SECONDS if deadline <= self._rang_at else deadline
        self.timers.at(soonest, lambda: self._ring(deadline))

    def _ring(self, deadline: float) -> None:
        if self._alarm != deadline:
            return
        self._alarm = None
        if self.peer.deadline() != deadline:
            self._set_alarm()
            return
        self._rang_at = self._world.now
        self.tell(Tick())
        in_vain = not self.timers.is_over and self.peer.deadline() == deadline
        self._in_vain = self._in_vain + 1 if in_vain else 0
        self._machine.vain_ticks = max(self._machine.vain_ticks, self._in_vain)

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Persist(ticket, batch):
                self.writer.submit((ticket, batch))
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
                self._world.dial(self._machine, candidate, addresses)
            case WriteFile() | WriteAsset():
                self.watcher.write(effect)
            case PutInTrash():
                pass  # the authors of a world look into no trash
            case ReadLog(link, after, max_bytes):
                self.writer.read_log(link, after, max_bytes)
            case ReadAsset():
                self.writer.read_asset(effect)
            case ReadRevisions(link, ids):
                self.writer.read_revisions(link, ids)
            case ReadHistory(max_bytes):
                self.writer.read_history(max_bytes)
            case Compact():
                self.writer.compact(effect)
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
                self._world.relay.ask(self._machine, effect)
            case Tell(event):
                self._machine.events.append(event)
                if isinstance(event, PeerConnected):
                    self._note(shared=True)
                if isinstance(event, BeginAnew):
                    self.timers.after(0.0, self._machine.begin_anew)

    def _content(self, write: WriteAsset) -> bytes:
        """The content that a file is to get, from the journal."""
        assets = self.peer.chunks(write.list) if write.list else (write.asset,)
        return b"".join(self.journal.asset(asset) or b"" for asset in assets)

    # What the user's settings say, as there.

    def _follow_journal(self) -> None:
        """Let the user's note know how far the journal has come."""
        self.note_head()
        self.timers.after(HEAD_SECONDS, self._follow_journal)

    def note_head(self) -> None:
        """Note how far the journal has come."""
        self._note(head=self.journal.head)

    def _note(self, *, head: int | None = None, shared: bool = False) -> None:
        note = self._machine.note
        assert note is not None
        head = note.head if head is None else head
        self._machine.note = replace(note, head=head, shared=note.shared or shared)

    def _finish_joining(self) -> None:
        """Look at the files once all others have told everything; after a while, one of them."""
        if not self._machine.joining:
            return
        told = [peer.in_sync for peer in self.peer.status().peers]
        late = self._world.now >= self._began_at + SEARCH_SECONDS
        if any(told) if late else told and all(told):
            self._machine.joining = False
            self.watcher.begin()

    # The network, as there.

    def take(
        self, connection: Connection, end: End, candidate: str | None, address: Address
    ) -> None:
        """Begin to use a connection."""
        self._ends[end.link] = (connection, end)
        clock = self._machine.clock
        self.tell(LinkUp(end.link, candidate, address, connection.binding, clock))

    def forget(self, link: LinkId) -> None:
        """Stop using a connection that ended."""
        self._ends.pop(link, None)
