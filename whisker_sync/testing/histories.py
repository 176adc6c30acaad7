"""
Histories: what happens in a world, as values.

An operation is a value with small numbers in it; any numbers make sense in any world. So
Hypothesis can draw a history, leave out what does not matter to a failure, and print the
rest as something to paste into a test; and :func:`random_history` can make one from a
seed, many times faster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path
from random import Random
from traceback import format_exception

from whisker_sync.document import Kind, Root, Schema
from whisker_sync.testing.authors import Author
from whisker_sync.testing.machine import Machine
from whisker_sync.testing.programs import scribble
from whisker_sync.testing.world import World
from whisker_sync.wire.messages import PROTOCOL

NAMES = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan")


# What authors do.


@dataclass(frozen=True, slots=True)
class Write:
    """Write words into a passage, in place of others."""

    who: int
    file: int = 0
    passage: int = 0
    place: int = 0
    words: int = 1
    cut: int = 0


@dataclass(frozen=True, slots=True)
class Grow:
    """Add a passage to a file."""

    who: int
    file: int = 0
    place: int = 0


@dataclass(frozen=True, slots=True)
class Shrink:
    """Delete a passage."""

    who: int
    file: int = 0
    passage: int = 0


@dataclass(frozen=True, slots=True)
class Retitle:
    """Give a passage another name and other tags."""

    who: int
    file: int = 0
    passage: int = 0
    tag: int = 0


@dataclass(frozen=True, slots=True)
class Shuffle:
    """Move a passage within its file."""

    who: int
    file: int = 0
    passage: int = 0
    place: int = 0


@dataclass(frozen=True, slots=True)
class Carry:
    """Move a passage to another file."""

    who: int
    file: int = 0
    passage: int = 0
    to: int = 1


@dataclass(frozen=True, slots=True)
class Make:
    """Make a file."""

    who: int
    name: int = 0


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove a file."""

    who: int
    file: int = 0


@dataclass(frozen=True, slots=True)
class Rename:
    """Give a file another name."""

    who: int
    file: int = 0
    name: int = 0


@dataclass(frozen=True, slots=True)
class Draw:
    """Make, change or remove a binary file."""

    who: int
    picture: int = 0
    content: int = 0


@dataclass(frozen=True, slots=True)
class Program:
    """Insert a word through the document, as a program does."""

    who: int
    passage: int = 0
    place: int = 0


@dataclass(frozen=True, slots=True)
class Scribble:
    """Edit a document that is not the story, as a program of somebody else does."""

    who: int
    root: int = 0
    place: int = 0
    what: int = 1


# What happens to their machines.


@dataclass(frozen=True, slots=True)
class Crash:
    """A process dies, after so many more effects; its machine may go dark with it."""

    who: int
    fuse: int = 0
    silently: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """A process ends as its user wanted."""

    who: int


@dataclass(frozen=True, slots=True)
class Boot:
    """A process starts, if none runs."""

    who: int


@dataclass(frozen=True, slots=True)
class Sleep:
    """A process stands still, with its timers, and the others hear nothing from it."""

    who: int
    milliseconds: int = 1000


@dataclass(frozen=True, slots=True)
class SetClock:
    """A machine believes that it is so many years later, or earlier."""

    who: int
    years: int = 1


@dataclass(frozen=True, slots=True)
class Fill:
    """A disk has no room for a while."""

    who: int
    milliseconds: int = 1000


@dataclass(frozen=True, slots=True)
class Install:
    """Another version of the program is started, older or newer."""

    who: int
    version: int = 0


@dataclass(frozen=True, slots=True)
class BackUp:
    """Somebody makes a backup of a machine."""

    who: int


@dataclass(frozen=True, slots=True)
class Restore:
    """A machine is put back to its latest backup, maybe with all that its user has."""

    who: int
    home: bool = False


@dataclass(frozen=True, slots=True)
class Rewind:
    """The journal is put back to its backup, maybe with its user's home, and not the folder."""

    who: int
    home: bool = False


@dataclass(frozen=True, slots=True)
class Copy:
    """Somebody copies folder and journal to a machine with a device of its own."""

    who: int


@dataclass(frozen=True, slots=True)
class Clone:
    """A machine is copied with all that it is, and both go on."""

    who: int


# What happens between them.


@dataclass(frozen=True, slots=True)
class Cut:
    """Connections between two machines break, with what was on its way."""

    who: int
    whom: int = 1


@dataclass(frozen=True, slots=True)
class Block:
    """Nothing gets through from one machine to another, for now."""

    who: int
    whom: int = 1


@dataclass(frozen=True, slots=True)
class Part:
    """Some machines and all others cannot reach each other, for now."""

    some: int
    """A bit for each machine."""


@dataclass(frozen=True, slots=True)
class Heal:
    """Everything gets through again."""


@dataclass(frozen=True, slots=True)
class Deliver:
    """A courier brings a machine what others know: shuffled, doubled, with holes."""

    who: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Time passes."""

    milliseconds: int


Operation = (
    Write | Grow | Shrink | Retitle | Shuffle | Carry | Make | Remove | Rename | Draw | Program
    | Scribble | Crash | Stop | Boot | Sleep | SetClock | Fill | Install | BackUp | Restore | Rewind
    | Copy | Clone | Cut | Block | Part | Heal | Deliver | Wait
)  # fmt: skip

STORY_ONLY = (
    Write, Grow, Shrink, Retitle, Shuffle, Carry, Make, Remove, Rename, Draw, Program,
)  # fmt: skip
"""What authors do to files; in a world without any, programs edit documents instead."""

NOTES = Schema(
    (
        Root("body", Kind.TEXT),
        Root("page:*", Kind.TEXT),
        Root("settings", Kind.MAP),
        Root("cards", Kind.RECORDS),
    )
)
"""What a program keeps beside the story, in worlds where nobody says otherwise."""

VERSIONS = (
    (PROTOCOL[0] - 1, PROTOCOL[0] - 1),
    (PROTOCOL[0] - 1, PROTOCOL[1]),
    (PROTOCOL[0], PROTOCOL[1] + 1),
    (PROTOCOL[1] + 1, PROTOCOL[1] + 1),
    PROTOCOL,
)
"""What programs speak that may be installed: too old, older, newer, too new, and ours."""


def make_world(seed: int, disks: Path | None = None) -> World:
    """Make a world with a story, and with the notes of some program beside it."""
    return World(seed, schemas={"notes": NOTES}, disks=disks)


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a history ended."""

    wrong: tuple[str, ...]
    """What is wrong, in sentences; empty: nothing is."""

    words: int
    """How many words were written in it."""

    doubled: int
    """How many of them are there twice; with ``once`` that is wrong."""

    frames: int
    """How many frames arrived."""

    crashes: int
    """How often a process died that nobody had stopped; at the end all do once."""

    seconds: float
    """How long it took, in the time of its world."""


@dataclass(frozen=True, slots=True)
class History:
    """All that happens in one world; the seed is for how long everything takes."""

    seed: int
    replicas: int
    operations: tuple[Operation, ...]

    def judge(
        self,
        *,
        words: bool = True,
        once: bool = True,
        strict: bool = False,
        make: Callable[[int], World] = make_world,
    ) -> Judgement:
        """
        Let it happen in a world of its own, and say what is wrong with how it ended.

        ``words``, ``once`` and ``strict`` are as in :meth:`World.check`. ``make`` makes the
        world from the seed: whoever has schemas of their own says so there.
        """
        with make(self.seed) as world:
            doubled = 0
            try:
                self.play(world)
                wrong = world.check(words=words, once=once, strict=strict)
                doubled = world.doubled if words else 0
            except Exception as problem:  # whatever escapes is what we are looking for
                problem.add_note(f"in {self}")
                wrong = ["".join(format_exception(problem))]
            return Judgement(
                tuple(wrong), world.words.typed, doubled, world.frames, world.crashes, world.now
            )

    def play(self, world: World) -> None:
        """Let it happen, then heal everything, and wait until all is quiet."""
        for name in NAMES[: self.replicas]:
            world.machine(name)
        if world.files:
            Author(next(iter(world.machines.values())), world.words).make(24)
        for operation in self.operations:
            perform(operation, world)
            world.run(world.dice.choice(_PAUSES))
        world.settle()


_PAUSES = (0.0, 0.0, 0.005, 0.02, 0.1, 0.5, 2.0)


def perform(operation: Operation, world: World) -> None:
    """Let one thing happen in a world."""
    if isinstance(operation, STORY_ONLY) and not world.files:
        who, root, what, place, *_ = (*astuple(operation), 0, 0, 0)
        operation = Scribble(who, root, place, what + 1)
    machines = list(world.machines.values())

    def machine(who: int) -> Machine:
        return machines[who % len(machines)]

    def author(who: int) -> Author:
        return Author(machine(who), world.words)

    match operation:
        case Write(who, file, passage, place, words, cut):
            author(who).write(file, passage, place, words, cut)
        case Grow(who, file, place):
            author(who).grow(file, place)
        case Shrink(who, file, passage):
            author(who).shrink(file, passage)
        case Retitle(who, file, passage, tag):
            author(who).retitle(file, passage, tag)
        case Shuffle(who, file, passage, place):
            author(who).shuffle(file, passage, place)
        case Carry(who, file, passage, to):
            author(who).carry(file, passage, to)
        case Make(who, name):
            author(who).make(name)
        case Remove(who, file):
            author(who).remove(file)
        case Rename(who, file, name):
            author(who).rename(file, name)
        case Draw(who, picture, content):
            author(who).draw(picture, content)
        case Program(who, passage, place):
            author(who).program(passage, place)
        case Scribble(who, root, place, what):
            scribble(machine(who), world.words, root, place, what)
        case Crash(who, fuse, silently):
            if fuse:
                machine(who).fuse = fuse
            else:
                machine(who).crash(silently=silently)
        case Stop(who):
            machine(who).stop()
        case Boot(who):
            machine(who).boot()
        case Sleep(who, milliseconds):
            machine(who).sleep(milliseconds / 1000)
        case SetClock(who, years):
            machine(who).set_clock(years)
        case Fill(who, milliseconds):
            machine(who).fill(milliseconds / 1000)
        case Install(who, version):
            machine(who).install(VERSIONS[version % len(VERSIONS)])
        case BackUp(who):
            world.back_up(machine(who))
        case Restore(who, home):
            machine(who).restore(folder=True, home=home)
        case Rewind(who, home):
            machine(who).restore(folder=False, home=home)
        case Copy(who):
            if len(machines) < len(NAMES) and comes_to_rest(machine(who), world):
                world.copy(machine(who), NAMES[len(machines)])
        case Clone(who):
            if len(machines) < len(NAMES) and comes_to_rest(machine(who), world):
                world.copy(machine(who), NAMES[len(machines)], same_device=True)
        case Cut(who, whom):
            world.cut(machine(who), machine(whom))
        case Block(who, whom):
            if machine(who) is not machine(whom):
                world.block(machine(who), machine(whom))
        case Part(some):
            world.part(each for i, each in enumerate(machines) if some >> i & 1)
        case Heal():
            world.heal()
        case Deliver(who):
            world.deliver(machine(who))
        case Wait(milliseconds):
            world.run(milliseconds / 1000)


def comes_to_rest(machine: Machine, world: World, seconds: float = 2.0) -> bool:
    """Let time pass until nothing is on its way between a process and its disks, or give up."""
    until = world.now + seconds
    while world.now < until and not (machine.is_awake and machine.is_idle):
        world.run(0.05)
    return machine.is_awake and machine.is_idle


# Each kind of operation with how often it happens, and how it is drawn from dice.
_Roll = Callable[[int], int]
_KINDS: tuple[tuple[float, Callable[[_Roll], Operation]], ...] = (
    (40, lambda n: Write(n(9), n(4), n(6), n(24), n(4), n(3))),
    (8, lambda n: Grow(n(9), n(4), n(6))),
    (4, lambda n: Shrink(n(9), n(4), n(6))),
    (5, lambda n: Retitle(n(9), n(4), n(6), n(4))),
    (4, lambda n: Shuffle(n(9), n(4), n(6), n(6))),
    (3, lambda n: Carry(n(9), n(4), n(6), n(4))),
    (4, lambda n: Make(n(9), n(36))),
    (2, lambda n: Remove(n(9), n(4))),
    (3, lambda n: Rename(n(9), n(4), n(3))),
    (3, lambda n: Draw(n(9), n(3), n(16))),
    (6, lambda n: Program(n(9), n(9), n(24))),
    (6, lambda n: Scribble(n(9), n(12), n(24), n(16))),
    (4, lambda n: Crash(n(9), n(12), bool(n(2)))),
    (1, lambda n: Stop(n(9))),
    (6, lambda n: Boot(n(9))),
    (3, lambda n: Sleep(n(9), n(12_000))),
    (2, lambda n: SetClock(n(9), n(200) - 100)),
    (2, lambda n: Fill(n(9), n(5000))),
    (1, lambda n: Install(n(9), n(5))),
    (3, lambda n: BackUp(n(9))),
    (3, lambda n: Restore(n(9), bool(n(2)))),
    (2, lambda n: Rewind(n(9), bool(n(2)))),
    (1, lambda n: Copy(n(9))),
    (0.4, lambda n: Clone(n(9))),  # two that take turns are busy
    (3, lambda n: Cut(n(9), n(9))),
    (2, lambda n: Block(n(9), n(9))),
    (3, lambda n: Part(n(512))),
    (4, lambda n: Heal()),
    (3, lambda n: Deliver(n(9))),
    (4, lambda n: Wait(n(5000))),
)


def _kind(draw: Callable[[_Roll], Operation]) -> type[Operation]:
    return type(draw(lambda _: 0))


def random_history(
    seed: int,
    *,
    replicas: Sequence[int] = (2, 3, 4, 5, 6),
    operations: int = 30,
    without: tuple[type[Operation], ...] = (),
    often: Mapping[type[Operation], float] | None = None,
) -> History:
    """
    A history from a seed; its authors and machines have habits of their own.

    What is ``without`` does not happen in it. ``often``: only these kinds of operations do,
    so often in comparison.
    """
    dice = Random(f"history {seed}")
    weights = [weight if often is None else often.get(_kind(draw), 0) for weight, draw in _KINDS]
    habits = [weight * dice.random() ** 2 for weight in weights]
    kinds = [kind for _, kind in _KINDS]
    happened: list[Operation] = []
    while len(happened) < operations:
        operation = dice.choices(kinds, habits)[0](dice.randrange)
        if not isinstance(operation, without):
            happened.append(operation)
    return History(seed, dice.choice(replicas), tuple(happened))


def shorten(history: History, fails: Callable[[History], bool], *, tries: int = 1_000) -> History:
    """
    The shortest history that can be found which still fails, in so many tries.

    For histories from a seed; those that Hypothesis drew it shortens itself.
    """
    while True:
        for shorter in _shorter(history):
            tries -= 1
            if tries < 0:
                return history
            if fails(shorter):
                history = shorter
                break
        else:
            return history


def _shorter(history: History) -> Iterator[History]:
    """Variants of a history with less in them, those that leave out most first."""
    operations = history.operations
    size = len(operations) // 2
    while size:
        for start in range(0, len(operations), size):
            yield replace(history, operations=operations[:start] + operations[start + size :])
        size //= 2
    for replicas in range(2, history.replicas):
        yield replace(history, replicas=replicas)
    for i, operation in enumerate(operations):
        for number in fields(operation):
            value = getattr(operation, number.name)
            for less in {0, value // 2} - {value}:
                simpler = replace(operation, **{number.name: type(value)(less)})
                yield replace(history, operations=(*operations[:i], simpler, *operations[i + 1 :]))
