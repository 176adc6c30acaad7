"""
A small world in which everything is imagined but the code under test.

Rule 1: one seed, one history. Time is a number, chance is one ``Random``, and whatever
will happen stands on an agenda, ordered by time and then by who came first. Nothing here
looks at a clock, at the order of a set, or at an address in memory, so a seed that fails
fails again, in every process. :attr:`World.trace` is a hash over all that happened.

Rule 2: machines run the production peer and the production journal, and nothing in them
knows that the world is imagined. What is left out of them is listed in
:mod:`whisker_sync.testing.machine`.

Theory of operation
===================

Make machines; let authors save files, or programs edit documents; cut, part, crash; let
time pass with :meth:`World.run`. At the end :meth:`World.settle` heals and boots
everything and lets time pass until nobody has anything left to say, and
:meth:`World.check` says what is wrong then. Whoever only wants that converged replicas are
equal needs nothing else. Whoever wants to know that nothing was lost says so in words:
``world.words`` makes words that are new in the world, and every one of them that nobody
erased must be found exactly once.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from heapq import heappop, heappush
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

from whisker_sync.document import Schema
from whisker_sync.errors import DiskFull
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.identity.link import PairingKey
from whisker_sync.identity.offers import Terms
from whisker_sync.identity.papers import Papers
from whisker_sync.ids import Address, DeviceId, StoryPath, WorkspaceId
from whisker_sync.manuscript.files import WriteFile
from whisker_sync.manuscript.schema import STORY, STORY_SCHEMA
from whisker_sync.peer.acts import Invite
from whisker_sync.peer.effects import Effect, Persist, Send
from whisker_sync.peer.events import Trouble
from whisker_sync.peer.inputs import FrameArrived, Input
from whisker_sync.testing.bounds import MAX_EXCHANGES, MAX_VAIN_QUESTIONS
from whisker_sync.testing.courier import Courier
from whisker_sync.testing.disk import Disk
from whisker_sync.testing.machine import Machine, texts_of
from whisker_sync.testing.network import Connection, Party
from whisker_sync.testing.newcomer import Newcomer
from whisker_sync.testing.people import People
from whisker_sync.testing.relay import ImaginedRelay, Vices
from whisker_sync.testing.words import Words
from whisker_sync.wire.messages import PROTOCOL

PICTURE = ".png"
"""How the names of pictures end that authors draw."""

SETTLE_SECONDS = 300.0
"""Time in a world within which everybody must have come to rest after everything is well."""

MAX_STEPS = 2_000_000
"""Things that may happen in one world; more means that somebody never comes to rest."""

MAX_VAIN_TICKS = 3
"""Times in a row that a peer may be woken for nothing; more is a loop that heats a machine."""

LATENCIES = (0.0005, 0.005, 0.03, 0.2)
"""Seconds from one machine to another, one way: same room, same house, same country, worst."""

PORT = 7000

TWO_PICTURES = "was changed here and elsewhere at the same time"
"""What machines are always right to say: authors draw one picture at once, and keep both."""


class World:
    """
    Machines, what is between them, and one time for all.

    ``schemas`` are documents for programs; with ``files`` there is also the story, shown
    as files on each machine. ``disks`` is a folder in which to keep real journals instead
    of some in memory. ``relay`` says how the relay is, if there is one; without ``lan``
    machines reach nothing else.
    """

    def __init__(
        self,
        seed: int,
        *,
        schemas: Mapping[str, Schema] | None = None,
        files: bool = True,
        disks: Path | None = None,
        relay: Vices | None = None,
        lan: bool = True,
    ) -> None:
        self.seed = seed
        self.dice = Random(seed)
        self.now = 0.0
        self.files = files
        self.schemas = {**(schemas or {}), **({STORY: STORY_SCHEMA} if files else {})}
        self.people = People(WorkspaceId(self.dice.randbytes(16)), self.dice.randbytes(32))
        self.machines: dict[str, Machine] = {}
        self.words = Words()
        self.relay = ImaginedRelay(self, relay) if relay is not None else None
        self.lan = lan
        self.steps = 0
        """How many things happened."""

        self.frames = 0
        """How many frames arrived."""

        self.crashes = 0
        """How often a process died that nobody had stopped."""

        self.exchanges: Counter[tuple[str, str]] = Counter()
        """How often one machine got from another all that it lacked, since :meth:`settle`."""

        self.vain_questions: Counter[tuple[str, str]] = Counter()
        """How often one machine asked another for all that it lacks, and lacked nothing."""

        self._place = disks
        self._expected = {TWO_PICTURES}
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._planned = 0
        self._connections: list[Connection] = []
        self._bindings = 0  # drawn by counting: dice thrown for them would change each history
        self._blocked: set[tuple[str, str]] = set()
        self._trace = hashlib.blake2b(digest_size=16)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Throw the disks away."""
        for machine in self.machines.values():
            machine.throw_away()
            machine.disk.close()

    # Public methods for whoever writes a history.

    def machine(self, name: str) -> Machine:
        """Add a machine and boot it."""
        return self._add(Machine(self, name, self._address(), Disk(self._file(name))))

    def newcomer(self, name: str, key: DeviceKey, papers: Papers) -> Machine:
        """Add a machine of a device that was let in with these papers, and boot it."""
        machine = Machine(self, name, self._address(), Disk(self._file(name)))
        machine.device_key = key
        self.people.give(key.device, papers)
        return self._add(machine)

    def copy(self, machine: Machine, name: str, *, same_device: bool = False) -> Machine:
        """
        Add a machine that begins with the disk and the folder of another, and boot it.

        What was saved and is not in the journal yet, both will find in their folders, and take
        for written by their own users: wait until the machine is idle. The user of the new
        one may be another one, with a device of their own. With ``same_device`` everything
        was copied, and two machines believe to be the same.
        """
        copy = Machine(self, name, self._address(), machine.disk.copy(self._file(name)))
        copy.folder = dict(machine.folder)
        copy.speaks, copy.joining = machine.speaks, machine.joining
        if same_device:
            copy.device_key = machine.device_key
            copy.note = machine.note
            copy.went_back = machine.went_back = True
            self.expect("used this one's identity")
            self.expect("two machines say that they are")
            self.expect("(a restored backup?)")
        return self._add(copy)

    def back_up(self, machine: Machine) -> None:
        """Make a backup of a machine, for :meth:`Machine.restore`; it replaces the one before."""
        machine.back_up(self._file(f"{machine.name}-backup"))

    def run(self, seconds: float) -> None:
        """Let time pass."""
        until = self.now + seconds
        while self._agenda and self._agenda[0][0] <= until:
            time, _, action = heappop(self._agenda)
            self.now = time
            self.steps += 1
            if self.steps > MAX_STEPS:
                raise AssertionError(f"seed {self.seed}: somebody never comes to rest")
            action()
        self.now = until

    def invite(self, host: Machine, guest: Machine) -> None:
        """Have one machine let in another, as a writer, whatever became of that before."""
        key = PairingKey(self.dice.randbytes(32), self.dice.randbytes(8))
        host.do(Invite((key,), Terms("story", yes=True)))
        card = self.people.card_of(guest.device_key, guest.name)
        newcomer = Newcomer(self, host, guest.device_key, card, key)
        self.run(1.0)
        assert newcomer.papers is not None, f"{host.name} did not let in {guest.name}"
        guest.stop()
        self.people.give(guest.device, newcomer.papers)
        guest.boot()

    def part(self, some: Iterable[Machine]) -> None:
        """Let nothing through between some machines and all others."""
        inside = {machine.name for machine in some}
        for one in self.machines.values():
            for other in self.machines.values():
                if (one.name in inside) != (other.name in inside):
                    self.block(one, other)

    def block(self, one: Machine, other: Machine) -> None:
        """Let nothing through from one machine to another, in this direction only."""
        self._blocked.add((one.name, other.name))
        for connection in self._connections:
            if connection.joins(one, other):
                connection.stall()

    def heal(self) -> None:
        """Let everything through again, and everybody notice that the network changed."""
        self._blocked.clear()
        self._forget_connections()
        for connection in list(self._connections):
            connection.resume()
        for machine in list(self.machines.values()):
            if machine.is_up:
                machine.change_network()
                self.announce(machine)

    def cut(self, one: Machine, other: Machine) -> None:
        """Break the connections between two machines; they may make new ones at once."""
        for connection in self._connections:
            if connection.joins(one, other):
                connection.cut()

    def stall(self, machine: Machine) -> None:
        """Let the others notice, after a while, that a machine answers nobody."""
        for connection in self._connections:
            if connection.has(machine):
                connection.stall()

    def deliver(self, machine: Machine) -> None:
        """
        Have a :class:`Courier` bring a machine what the others know.

        Shuffled, some of it twice, some of it never: gate and hold have to cope.
        """
        if not machine.is_up:
            return
        others = [other for other in self.machines.values() if other is not machine and other.is_up]
        entries = [entry for other in others for entry in other.journal.read(0, 1 << 30)]
        Courier(self, machine, [entry.record for entry in entries])

    def settle(self, seconds: float = SETTLE_SECONDS) -> None:
        """
        Heal everything, and let time pass until all is quiet.

        All machines are woken and booted, with the same version, and room on their disks; of
        two with one identity the later becomes a device of its own.

        Raises:
            AssertionError: It is not, after that time.
        """
        devices: set[DeviceId] = set()
        for machine in self.machines.values():
            machine.fuse = None
            if machine.device in devices:
                machine.be_another_device()
            devices.add(machine.device)
            machine.wake()
            machine.make_room()
            if machine.speaks != PROTOCOL:
                machine.install(PROTOCOL)
            machine.boot()
        self.heal()
        if self.relay is not None:
            self.relay.mend()
        self.exchanges.clear()
        self.vain_questions.clear()
        until = self.now + seconds
        while not self.is_quiet:
            if self.now >= until:
                raise AssertionError(f"seed {self.seed}: never quiet: {self._why()}")
            if self.now >= until - seconds / 2:
                self._let_go_of_what_died()
            self.run(0.25)

    def _let_go_of_what_died(self) -> None:
        """
        Restart whoever holds an update that rests on one which nobody has any more.

        A courier had brought the later of two, and the earlier died with a disk that was put
        back. A process that starts anew holds nothing, and nobody will bring it that again.
        """
        if not any(machine.went_back for machine in self.machines.values()):
            return
        if len({machine.status.digest for machine in self.members}) > 1:
            return
        for machine in self.members:
            if machine.status.held and machine.is_idle:
                machine.stop()
                machine.boot()

    @property
    def is_quiet(self) -> bool:
        """Everybody is up and idle, and in sync with everybody else, as far as they can know."""
        if not all(machine.is_up and machine.is_idle for machine in self.machines.values()):
            return False
        members = self.members
        others = len(members) - 1 if self.lan else 0
        for machine in members:
            status, papers = machine.status, machine.peer.papers
            if not status.settled or sum(p.in_sync for p in status.peers) < others:
                return False
            if any(each.sentence == str(DiskFull(each.path)) for each in status.problems):
                return False  # There is room by now; it is tried again in a moment.
            if papers.membership.unfinished or papers.digest != members[0].peer.papers.digest:
                return False
        if self.lan:
            return True
        digests = {machine.status.digest for machine in members}
        return len(digests) == 1 and all(m.status.relay.settled for m in members)

    @property
    def members(self) -> list[Machine]:
        """The machines that belong, as far as they know themselves."""
        return [m for m in self.machines.values() if m.is_up and m.status.outside is None]

    def _lost_pictures(self, machine: Machine) -> set[StoryPath]:
        """
        Return the pictures whose content nobody has, so that nobody can write them.

        Whoever drew one was put back with folder and home before it had gone anywhere.
        """
        folders = (each.folder.values() for each in self.machines.values())
        here = {hashlib.sha256(content).digest() for folder in folders for content in folder}
        return {
            path
            for path, sha256 in machine.peer.hashes().items()
            if path.endswith(PICTURE) and sha256 not in here
            if not any(each.journal.asset(sha256) for each in self.machines.values())
        }

    # Public methods for whoever judges one.

    def check(self, *, words: bool = True, once: bool = True, strict: bool = False) -> list[str]:
        """
        What is wrong now that everything settled, in sentences; empty: nothing is.

        Without ``words`` it is enough that all replicas are alike; without ``once`` that no
        word is lost, and some may be there twice. A machine whose journal was put back finds
        in its folder what it does not remember to have written, and cannot always know it
        again; so words may be there twice then, too, unless ``strict``.

        Restarts every machine at the end, to see that what was live is on disk.
        """
        wrong: list[str] = []
        first, *others = self.members
        lost = self._lost_pictures(first)
        for other in others:
            if other.status.digest != first.status.digest:
                wrong.append(f"{first.name} and {other.name} hold different documents")
            wrong += [
                f"{path} differs between {first.name} and {other.name}"
                for path in sorted({*first.folder, *other.folder} - lost)
                if first.folder.get(path) != other.folder.get(path)
            ]
        wrong += [
            f"{other} answered {one} {count} times with all that it lacked"
            for (one, other), count in self.exchanges.items()
            if count > MAX_EXCHANGES
        ]
        wrong += [
            f"{one} asked {other} {count} times for all that it lacks, and lacked nothing"
            for (one, other), count in self.vain_questions.items()
            if count > MAX_VAIN_QUESTIONS
        ]
        for machine in self.machines.values():
            wrong += self._check_alone(machine)
        if words:
            forgot = any(machine.forgot for machine in self.machines.values())
            wrong += self.words.judge(self._texts(first), once=once and (strict or not forgot))
        return wrong

    @property
    def doubled(self) -> int:
        """
        How many words are there twice, where nobody's journal was put back.

        The manuscript has to guess what an editor had opened, and guesses wrong now and then.
        """
        if any(machine.forgot for machine in self.machines.values()):
            return 0
        return self.words.doubled(self._texts(self.members[0]))

    @property
    def trace(self) -> str:
        """A hash over everything that happened so far."""
        return self._trace.hexdigest()

    # Methods for what is in the world.

    def at(self, time: float, action: Callable[[], None]) -> None:
        """Put something on the agenda."""
        self._planned += 1
        heappush(self._agenda, (max(time, self.now), self._planned, action))

    def wait(self, least: float, most: float) -> float:
        """How long something takes: mostly short, now and then long."""
        return least + (most - least) * self.dice.random() ** 3

    def note(self, machine: Machine, what: Input | Effect) -> None:
        """Take something that happened into the trace."""
        trace = self._trace
        trace.update(f"{self.now!r} {machine.name} {type(what).__name__} ".encode())
        match what:
            case Send(link, frame):
                trace.update(f"{link} ".encode() + frame)
            case FrameArrived(link):
                self.frames += 1
                trace.update(f"{link} ".encode())
            case Persist(ticket, batch):
                trace.update(f"{ticket} ".encode())
                for entry in batch.entries:
                    trace.update(entry.record.update)
                for name, value in batch.facts:
                    trace.update(name.encode() + b"=" + (value or b"none"))
            case WriteFile(path, content):
                trace.update(path.encode() + b"=" + (content or b"none"))
            case _:
                pass

    def expect(self, sentence: str) -> None:
        """Note part of a sentence about trouble that machines are right to say from now on."""
        self._expected.add(sentence)

    def answered(self, asking: Party, asked: Party, *, lacked: bool) -> None:
        """Note that one machine got from another all that it lacked, if it ``lacked`` anything."""
        count = self.exchanges if lacked else self.vain_questions
        count[asking.name, asked.name] += 1

    def lose(self, words: set[str]) -> None:
        """Note words that died with a process before any disk had them, or with their disk."""
        self.words.excuse(words)

    def new_binding(self) -> bytes:
        """What the two ends of a connection have in common, and no others."""
        self._bindings += 1
        return hashlib.sha256(self._bindings.to_bytes(8, "big")).digest()

    def is_blocked(self, one: Party, other: Party) -> bool:
        """Nothing gets through from one machine to another."""
        return not self.lan or (one.name, other.name) in self._blocked

    def announce(self, machine: Machine) -> None:
        """Let those who can hear it know of a machine, and it of them, in a moment."""
        for other in self.machines.values():
            if other is not machine:
                self.at(self.now + self.wait(0.01, 1.0), self._sighting(machine, other))
                self.at(self.now + self.wait(0.01, 1.0), self._sighting(other, machine))

    def withdraw(self, instance: str) -> None:
        """Take an announcement back."""
        for machine in self.machines.values():
            self.at(self.now + self.wait(0.01, 0.1), _losing(machine, instance))

    def dial(self, caller: Machine, candidate: str, addresses: tuple[Address, ...]) -> None:
        """Try to make a connection, for a machine that asked for it."""
        latency = self.dice.choice(LATENCIES)
        life = caller.life
        called = next((m for m in self.machines.values() if m.address in addresses), None)

        def fail() -> None:
            if caller.life == life:
                caller.fail_to_reach(candidate)

        def connect() -> None:
            if called is None or not called.is_awake or not self._reach(caller, called):
                self.at(self.now + self.wait(0.01, 3.0), fail)
                return
            if caller.life != life:
                return
            ours, theirs = caller.new_end(), called.new_end()
            connection = Connection(self, ours, theirs, latency)
            self._forget_connections()
            self._connections.append(connection)
            # Before whatever the other side says at once.
            self.at(self.now + latency, lambda: self._up(connection, caller, called, candidate))
            called.take(connection, theirs, None, Address(caller.address.host, 50_000))

        self.at(self.now + latency, connect)

    # Private methods.

    def _add(self, machine: Machine) -> Machine:
        self.machines[machine.name] = machine
        machine.boot()
        return machine

    def _address(self) -> Address:
        return Address(f"192.0.2.{len(self.machines) + 1}", PORT)

    def _file(self, name: str) -> Path | None:
        return self._place / f"{name}.db" if self._place is not None else None

    def _up(self, connection: Connection, caller: Machine, called: Machine, candidate: str) -> None:
        end = connection.end_of(caller)
        if end.listens:
            caller.take(connection, end, candidate, called.address)
        else:
            connection.die(end, silently=False)

    def _reach(self, one: Machine, other: Machine) -> bool:
        return not self.is_blocked(one, other) and not self.is_blocked(other, one)

    def _sighting(self, who: Machine, whom: Machine) -> Callable[[], None]:
        def sight() -> None:
            if who.is_awake and whom.is_awake and self._reach(who, whom):
                who.sight(whom)

        return sight

    def _forget_connections(self) -> None:
        self._connections = [each for each in self._connections if not each.over]

    def _texts(self, machine: Machine) -> Iterator[str]:
        """All that authors and programs see on a machine."""
        for content in machine.folder.values():
            yield content.decode("utf-8", "replace")
        for name in self.schemas:
            if name != STORY:
                document = machine.document(name)
                yield from (document.text(root) for root in texts_of(document))

    def _check_alone(self, machine: Machine) -> list[str]:
        wrong = [
            f"{machine.name} says: {event.sentence}"
            for event in machine.events
            if isinstance(event, Trouble)
            and not any(reason in event.sentence for reason in self._expected)
        ]
        wrong += machine.broken_promises + machine.overfull
        if machine.vain_ticks > MAX_VAIN_TICKS:
            wrong.append(
                f"{machine.name} asks {machine.vain_ticks} times in a row to be woken, for nothing"
            )
        status = machine.status
        if status.trouble is not None:
            wrong.append(f"{machine.name} is still in trouble: {status.trouble}")
        wrong += [
            f"{machine.name} still says: {each.sentence}"
            for each in status.problems
            if TWO_PICTURES not in each.sentence
        ]
        if status.held:
            wrong.append(f"{machine.name} still holds {status.held} updates back")
        nobody_died = not any(each.has_died_of_something for each in self.machines.values())
        if status.quarantined and nobody_died:
            wrong.append(f"{machine.name} refused {status.quarantined} updates of the others")
        wrong += [f"{machine.name}: {problem}" for problem in machine.journal.check()]
        machine.crash()
        machine.boot()
        self.run(0.0)
        if machine.status.digest != status.digest:
            wrong.append(f"{machine.name} recalls something else than it had")
        return wrong

    def _why(self) -> str:
        found = []
        for machine in self.machines.values():
            status = machine.status
            synced = sum(peer.in_sync for peer in status.peers)
            found.append(
                f"{machine.name} idle={machine.is_idle} settled={status.settled} "
                f"in sync with {synced}, held={status.held}"
                + "".join(f", still says: {each.sentence}" for each in status.problems)
            )
        return "; ".join(found)


def _losing(machine: Machine, instance: str) -> Callable[[], None]:
    return lambda: machine.lose_sight(instance)
