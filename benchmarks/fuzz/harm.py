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

NO_BASE = "the base cannot be loaded"
"""The only line of a child that has nothing to stand on."""

_US, _ANOTHER, _THIRD = 770077, 780078, 790079


class Harm(Exception):
    """An update did what none may do; the sentence says what."""


def swallow(base: bytes, schema: Schema, update: bytes, *, gated: bool = True) -> str:
    """
    Let an update do what it can; return the name of the outcome of its merge.

    Raises:
        Harm: It left a document behind that is not as it must be.
        EngineFailure: It made the engine fail.
    """
    document = Document.load("fuzz", schema, _US, [base])
    before = document.state(), document.digest()
    if gated:
        outcome = document.merge(update, "stranger")
        if document.broken is not None:
            raise Harm(document.broken)
        if not isinstance(outcome, Applied) and (document.state(), document.digest()) != before:
            raise Harm(f"{type(outcome).__name__}, but something of it was applied")
        named = type(outcome).__name__
        if not isinstance(outcome, Applied | Nothing):
            return named
    else:
        document.engine.apply(update, "stranger")
        named = "Applied"
    _live_on(document, schema, update, gated=gated)
    _survive(document, base, schema)
    return named


def _live_on(document: Document, schema: Schema, update: bytes, *, gated: bool) -> None:
    """Read, write and send on."""
    roots = _roots(document, schema, gated=gated)
    for name, kind in roots:
        _read(document, name, kind)
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
    other = Document("fuzz", schema, _ANOTHER)
    other.merge(update, "stranger")
    document.encode(other.state())


def _roots(document: Document, schema: Schema, *, gated: bool) -> list[tuple[str, Kind]]:
    """The roots to look at: all that exist, and those that are declared by their whole names."""
    names = {root.name for root in schema.roots if not root.name.endswith("*")}
    names |= document.roots()
    found = [(name, schema.kind_of(name) or Kind.FOREIGN) for name in sorted(names) if name]
    if not gated:  # the document does not know that they exist, so its engine is asked
        for name, kind in found:
            document.engine.root(name, kind)
    return found


def _read(document: Document, name: str, kind: Kind) -> None:
    match kind:
        case Kind.TEXT:
            document.engine.text(name)
            document.text(name).encode()
        case Kind.MAP:
            document.engine.values(name)
        case Kind.RECORDS:
            document.engine.records(name)
            for key in document.records(name):
                document.record(name, key)
        case Kind.XML | Kind.FOREIGN:
            pass  # carried, never read


def _survive(document: Document, base: bytes, schema: Schema) -> None:
    """What is kept and what is sent is what is shown."""
    whole = document.encode()
    again = Document.load("fuzz", schema, _THIRD, [whole])
    if again.digest() != document.digest():
        raise Harm("it shows something else when it is opened again")
    bystander = Document("fuzz", schema, _THIRD)
    if not isinstance(bystander.merge(base, "member"), Applied):
        return  # the base has something that none but our own journal may say
    bystander = Document("fuzz", schema, _THIRD)
    outcome = bystander.merge(whole, "member")
    if not isinstance(outcome, Applied):
        raise Harm(f"what we send on is refused by others: {outcome}")
    if bystander.digest() != document.digest():
        raise Harm("others see something else than we")


def outcome_of(base: bytes, schema: Schema, update: bytes, *, gated: bool) -> str:
    """What became of an update, in one line."""
    faulthandler.dump_traceback_later(MAX_SECONDS, exit=True)
    try:
        return swallow(base, schema, update, gated=gated)
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

    def alone(base: bytes, schema: Schema, update: bytes, *, gated: bool) -> None:
        """Swallow an update in this very process; the parent begins another if it dies."""
        say(f"end {outcome_of(base, schema, update, gated=gated)}")

    def _limit() -> None:
        pass

else:
    import resource

    def alone(base: bytes, schema: Schema, update: bytes, *, gated: bool) -> None:
        """Swallow an update in a process of its own."""
        child = os.fork()
        if not child:
            say(f"end {outcome_of(base, schema, update, gated=gated)}")
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code < 0:
            say(f"end harmed: the process was killed by signal {-code}")
        elif code:
            say("end harmed: it hangs")

    def _limit() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if sys.platform != "darwin":
            resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))


def main() -> None:
    """Swallow what the parent sends."""
    from benchmarks.fuzz.replay import root

    gated = sys.argv[1] != "--without-gate"
    place, *declared = sys.argv[1 if gated else 2 :]
    base, schema = Path(place).read_bytes(), Schema(tuple(root(each) for each in declared))
    _limit()
    if not Document.load("fuzz", schema, _US, [base]).clocks():
        say(NO_BASE)
        return
    for update in frames(sys.stdin.buffer):
        say("begin")
        alone(base, schema, update, gated=gated)


if __name__ == "__main__":
    main()
