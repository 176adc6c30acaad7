"""
Histories: what happens in a world, as values.

An operation is a value with small numbers in it; any numbers make sense in any world. So
Hypothesis can draw a history, leave out what does not matter to a failure, and print the
rest as something to paste into a test; and :func:`random_history` can make one from a
seed, many times faster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from random import Random
from traceback import format_exception

from whisker_sync.testing.authors import Author
from whisker_sync.testing.machine import Machine
from whisker_sync.testing.world import World

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
    | Crash | Stop | Boot | Cut | Block | Part | Heal | Deliver | Wait
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a history ended."""

    wrong: tuple[str, ...]
    """What is wrong, in sentences; empty: nothing is."""

    words: int
    """How many words were written in it."""

    frames: int
    """How many frames arrived."""

    seconds: float
    """How long it took, in the time of its world."""


@dataclass(frozen=True, slots=True)
class History:
    """All that happens in one world; the seed is for how long everything takes."""

    seed: int
    replicas: int
    operations: tuple[Operation, ...]

    def judge(self, *, words: bool = True) -> Judgement:
        """
        Let it happen in a world of its own, and say what is wrong with how it ended.

        Without ``words`` it is enough that all replicas end alike.
        """
        with World(self.seed) as world:
            try:
                self.play(world)
                wrong = world.check(words=words)
            except Exception as problem:  # whatever escapes is what we are looking for
                problem.add_note(f"in {self}")
                wrong = ["".join(format_exception(problem))]
            return Judgement(tuple(wrong), world.words.typed, world.frames, world.now)

    def play(self, world: World) -> None:
        """Let it happen, then heal everything, and wait until all is quiet."""
        for name in NAMES[: self.replicas]:
            world.machine(name)
        Author(next(iter(world.machines.values())), world.words).make(24)
        for operation in self.operations:
            perform(operation, world)
            world.run(world.dice.choice(_PAUSES))
        world.settle()


_PAUSES = (0.0, 0.0, 0.005, 0.02, 0.1, 0.5, 2.0)


def perform(operation: Operation, world: World) -> None:
    """Let one thing happen in a world."""
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
        case Crash(who, fuse, silently):
            if fuse:
                machine(who).fuse = fuse
            else:
                machine(who).crash(silently=silently)
        case Stop(who):
            machine(who).stop()
        case Boot(who):
            machine(who).boot()
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


# Each kind of operation with how often it happens, and how it is drawn from dice.
_Roll = Callable[[int], int]
_KINDS: tuple[tuple[int, Callable[[_Roll], Operation]], ...] = (
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
    (4, lambda n: Crash(n(9), n(12), bool(n(2)))),
    (1, lambda n: Stop(n(9))),
    (6, lambda n: Boot(n(9))),
    (3, lambda n: Cut(n(9), n(9))),
    (2, lambda n: Block(n(9), n(9))),
    (3, lambda n: Part(n(512))),
    (4, lambda n: Heal()),
    (3, lambda n: Deliver(n(9))),
    (4, lambda n: Wait(n(5000))),
)


def random_history(
    seed: int,
    *,
    replicas: Sequence[int] = (2, 3, 4, 5, 6),
    operations: int = 30,
    without: tuple[type[Operation], ...] = (),
) -> History:
    """
    A history from a seed; its authors and machines have habits of their own.

    What is ``without`` does not happen in it.
    """
    dice = Random(f"history {seed}")
    habits = [weight * dice.random() ** 2 for weight, _ in _KINDS]
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
