"""
A child process that swallows updates, to see whether they harm it.

    python -m benchmarks.fuzz.harm [--without-gate] BASE NAME:KIND... < updates

Each update (four bytes of length before it) is merged into a document that holds the
base, by a process of its own where the system can fork. There everything declared is
read, the document is edited, encoded, and merged into another. One line for each says
what became of it: the outcome of the merge, or "harmed" and how. If a process dies
without a word, the line before says at which update.

With ``--without-gate`` updates reach the engine at once: what the gate is good for.
"""

from __future__ import annotations

import faulthandler
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from whisker_sync.document import Applied, Document, Kind, Nothing, Root, Schema
from whisker_sync.document.engine import Engine
from whisker_sync.errors import EngineFailure

ROOTS = (
    Root("t", Kind.TEXT),
    Root("b:*", Kind.TEXT),
    Root("m", Kind.MAP),
    Root("R", Kind.RECORDS),
    Root("x", Kind.XML),
)
"""What fuzzed updates are about: each kind of root."""

MAX_MEMORY = 2 << 30
"""Bytes of address space for one child."""

MAX_SECONDS = 20
"""Seconds for one update; whoever takes longer hangs."""

REORDERED = "Reordered"
"""
The outcome for an update that says to stand between two characters which stand the other
way round. Its letters are there, but where depends on the order of arrival. The gate would
have to know the order of all texts to see it; at rest the replicas notice that they differ.
"""

NO_BASE = "the base cannot be loaded"
"""The only line of a child that has nothing to stand on."""

_US, _ANOTHER, _THIRD = 770077, 780078, 790079


class Harm(Exception):
    """An update did what none may do; the sentence says what."""


class Ground:
    """A document that holds the base; good for one update."""

    def __init__(self, base: bytes, schema: Schema) -> None:
        self.base = base
        self.schema = schema
        self.document = Document.load("fuzz", schema, _US, [base])
        self.before = self.document.state(), self.document.digest()
        stranger = Document("fuzz", schema, _ANOTHER)
        self.sendable = isinstance(stranger.merge(base, "member"), Applied)
        """Whether others let the base in; if not, it holds what only our own journal may say."""


def swallow(ground: Ground, update: bytes, *, gated: bool = True) -> str:
    """
    Let an update do what it can; return the name of the outcome of its merge.

    Raises:
        Harm: It left a document behind that is not as it must be.
        EngineFailure: It made the engine fail.
    """
    document = ground.document
    if not gated:
        return _without_gate(document, update)
    outcome = document.merge(update, "stranger")
    if document.broken is not None:
        raise Harm(document.broken)
    changed = (document.state(), document.digest()) != ground.before
    if not isinstance(outcome, Applied) and changed:
        raise Harm(f"{type(outcome).__name__}, but something of it was applied")
    if not isinstance(outcome, Applied | Nothing):
        return type(outcome).__name__
    _live_on(document, update)
    return _survive(document, ground) or type(outcome).__name__


def _without_gate(document: Document, update: bytes) -> str:
    """Apply, read and encode, and nobody looks at it before."""
    engine = document.engine
    changed = engine.apply(update, "stranger")
    for name, kind in _roots(document):
        engine.root(name, kind)
        _read(engine, name, kind)
    again = Engine(_ANOTHER)
    again.apply(engine.encode(b"\0"), "again")
    for name, kind in _roots(document):
        _read(again, name, kind)
    return Applied.__name__ if changed else Nothing.__name__


def _live_on(document: Document, update: bytes) -> None:
    """Read, write and send on."""
    roots = _roots(document)
    for name, kind in roots:
        _read(document.engine, name, kind)
    with document.edit("author") as edit:
        for name, kind in roots:
            match kind:
                case Kind.TEXT:
                    edit.insert(name, len(document.text(name)), "the end ☃")
                    edit.insert(name, 0, "x")
                    edit.delete(name, 0, 1)
                case Kind.MAP:
                    edit.set(name, "key", "value")
                case Kind.RECORDS:
                    for key in list(document.records(name))[:9]:
                        edit.set_field(name, key, "field", 1)
                    edit.create(name, "ours", {"field": "value"})
                case _:
                    pass
    other = Document("fuzz", document.schema, _ANOTHER)
    other.merge(update, "stranger")
    document.encode(other.state())


def _roots(document: Document) -> list[tuple[str, Kind]]:
    """The roots to look at: all that exist, and those that are declared by their whole names."""
    schema = document.schema
    names = {root.name for root in schema.roots if not root.name.endswith("*")}
    names |= document.roots()
    return [(name, schema.kind_of(name) or Kind.FOREIGN) for name in sorted(names) if name]


def _read(engine: Engine, name: str, kind: Kind) -> None:
    match kind:
        case Kind.TEXT:
            engine.text(name).encode()
        case Kind.MAP:
            engine.values(name)
        case Kind.RECORDS:
            for key in engine.records(name):
                engine.record(name, key)
        case Kind.XML | Kind.FOREIGN:
            pass  # carried, never read


def _survive(document: Document, ground: Ground) -> str | None:
    """What is kept and what is sent is what is shown; the outcome, if it is a special one."""
    whole = document.encode()
    again = Document.load("fuzz", ground.schema, _THIRD, [whole])
    outcome = _compare(document, again, "it shows something else when it is opened again")
    if not ground.sendable:
        return outcome
    bystander = Document("fuzz", ground.schema, _THIRD)
    sent = bystander.merge(whole, "member")
    if not isinstance(sent, Applied):
        raise Harm(f"what we send on is refused by others: {sent}")
    return _compare(document, bystander, "others see something else than we") or outcome


def _compare(one: Document, other: Document, harm: str) -> str | None:
    if one.digest() == other.digest():
        return None
    if _content(one) != _content(other):
        raise Harm(harm)
    return REORDERED


def _content(document: Document) -> dict[str, object]:
    """What a document shows, but of texts only the characters and not their order."""
    found: dict[str, object] = {}
    for name in document.roots():
        match document.schema.kind_of(name):
            case Kind.TEXT if text := document.text(name):
                found[name] = "".join(sorted(text))
            case Kind.MAP:
                found[name] = repr(sorted(document.values(name).items()))
            case Kind.RECORDS:
                records = sorted(document.records(name).items())
                found[name] = repr([(key, sorted(record.items())) for key, record in records])
            case _:
                pass
    return found


def outcome_of(ground: Ground, update: bytes, *, gated: bool) -> str:
    """What became of an update, in one line."""
    faulthandler.dump_traceback_later(MAX_SECONDS, exit=True)
    try:
        return swallow(ground, update, gated=gated)
    except EngineFailure as failure:
        sentence = str(failure)
    except Harm as harm:
        sentence = str(harm)
    except BaseException as escaped:  # a panic is one
        sentence = f"{type(escaped).__name__} escapes: {escaped}"
    finally:
        faulthandler.cancel_dump_traceback_later()
    return f"harmed: {' '.join(sentence.split())[:300]}"


def frames(stream: BinaryIO) -> Iterator[bytes]:
    """The updates that the parent sends."""
    while len(head := stream.read(4)) == 4:
        yield stream.read(int.from_bytes(head, "big"))


def say(line: str) -> None:
    """Tell the parent at once; what is still in a buffer dies with us."""
    os.write(1, line.encode("utf-8", "replace") + b"\n")


if sys.platform == "win32":

    def alone(ground: Ground, update: bytes, *, gated: bool) -> None:
        """Swallow an update in this very process; the parent begins another if it dies."""
        fresh = Ground(ground.base, ground.schema)
        say(f"end {outcome_of(fresh, update, gated=gated)}")

    def _limit() -> None:
        pass

else:
    import resource

    def alone(ground: Ground, update: bytes, *, gated: bool) -> None:
        """Swallow an update in a process of its own."""
        child = os.fork()
        if not child:
            say(f"end {outcome_of(ground, update, gated=gated)}")
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code < 0:
            say(f"end harmed: the process was killed by signal {-code}")
        elif code:
            say("end harmed: it hangs, or left without a word")

    def _limit() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if sys.platform != "darwin":
            resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))


def root(text: str) -> Root:
    """
    A root as it is declared on the command line: ``NAME:KIND``.

    Raises:
        ValueError: It is not spelled like that.
    """
    name, _, kind = text.rpartition(":")
    if not name:
        raise ValueError(f"{text!r} is not spelled NAME:KIND")
    return Root(name, Kind(kind))


def main() -> None:
    """Swallow what the parent sends."""
    gated = sys.argv[1] != "--without-gate"
    place, *declared = sys.argv[1 if gated else 2 :]
    base, schema = Path(place).read_bytes(), Schema(tuple(root(each) for each in declared))
    _limit()
    ground = Ground(base, schema)
    if not ground.document.clocks():
        say(NO_BASE)
        return
    for update in frames(sys.stdin.buffer):
        say("begin")
        alone(ground, update, gated=gated)


if __name__ == "__main__":
    main()
