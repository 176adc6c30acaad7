"""
The one place that calls the CRDT engine, pycrdt.

pycrdt is fast and sharp. What this room knows of its edges (each has a test in
``tests/document/test_engine.py``):

* Texts are counted in bytes of UTF-8, here and nowhere else.
* A panic is a ``BaseException``: ``except Exception`` does not see it. After one,
  the document in memory cannot be trusted.
* A transaction joins any that is open; there is never one open between calls.
* An observer holds its document, and no garbage collector sees it: both stay in memory until it
  is unobserved. And it must never raise.
* All integers below 2**53 come back as floats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import finalize

from pycrdt import Doc, StickyIndex, Text, UndoManager, XmlFragment, merge_updates
from pycrdt import Map as EngineMap

from whisker_sync.document.gate import uint
from whisker_sync.document.schema import Kind, Scalar
from whisker_sync.errors import EngineFailure

_TYPES: Mapping[Kind, Any] = {
    Kind.TEXT: Text,
    Kind.MAP: EngineMap,
    Kind.RECORDS: EngineMap,
    Kind.XML: XmlFragment,
    Kind.FOREIGN: XmlFragment,
}

EXACT = 1 << 53
"""Integers from here on are not exact as floats; the engine keeps them apart."""

_BEFORE, _BEHIND = b"\x00", b"\x41"
"""On which side of a letter a place is."""


@contextmanager
def guarded(doing: str) -> Iterator[None]:
    """Turn whatever the engine raises, panics included, into an :exc:`EngineFailure`."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit, EngineFailure):
        raise
    except BaseException as failure:
        problem = f"{type(failure).__name__}: {failure}"
    else:
        return
    raise EngineFailure(doing, problem)


class _Ear:
    """Hears of the update of the latest transaction."""

    __slots__ = ("update",)

    def __init__(self) -> None:
        self.update: bytes | None = None

    def hear(self, event: Any) -> None:
        self.update = event.update


class Engine:
    """One document of the engine, and the update of its latest transaction."""

    def __init__(self, client: int) -> None:
        self._doc: Doc[Any] = Doc(client_id=client)
        self._roots: dict[str, Any] = {}
        self._latest = _Ear()
        self._undo: dict[str, UndoManager] = {}
        subscription = self._doc.observe(self._latest.hear)
        finalize(self, self._doc.unobserve, subscription).atexit = False

    def root(self, name: str, kind: Kind) -> Any:
        """A root, made when it is not there yet."""
        root = self._roots.get(name)
        if root is None:
            root = self._roots[name] = self._doc.get(name, type=_TYPES[kind])
            for manager in self._undo.values():
                manager.expand_scope(root)
        return root

    def apply(self, update: bytes, origin: str) -> bool:
        """Apply an update that was admitted; return whether it changed anything."""
        with guarded("taking in an update"):
            self._latest.update = None
            with self._doc.transaction(origin=origin):
                self._doc.apply_update(update)
            return self._latest.update is not None

    def write(self, origin: str, steps: list[Callable[[], None]]) -> bytes | None:
        """Carry out steps in one transaction; return its update, or None if nothing changed."""
        with guarded("writing an edit"):
            self._latest.update = None
            with self._doc.transaction(origin=origin):
                for step in steps:
                    step()
            return self._latest.update

    def encode(self, since: bytes) -> bytes:
        """The update for a holder of the state vector ``since``."""
        with guarded("encoding a document"):
            return self._doc.get_update(since)

    def text(self, name: str) -> str:
        """A text."""
        with guarded("reading a text"):
            return str(self.root(name, Kind.TEXT))

    def place(self, name: str, client: int, clock: int) -> int:
        """
        Where in a text an id is, in bytes; if it was deleted, where it was.

        It is less than that behind letters of several bytes that its client wrote right before
        it: of those the engine counts the units of UTF-16.
        """
        return self._place(name, client, clock, _BEFORE)

    def is_there(self, name: str, client: int, clock: int) -> bool:
        """Whether the letter with an id is in a text still."""
        return self._place(name, client, clock, _BEFORE) < self._place(name, client, clock, _BEHIND)

    def _place(self, name: str, client: int, clock: int, side: bytes) -> int:
        with guarded("looking for a place"):
            place = b"\0" + uint(client) + uint(clock) + side
            return StickyIndex.decode(place, self.root(name, Kind.TEXT)).get_index()

    def take(self, update: bytes) -> None:
        """Take in an update of our own; only within the steps of :meth:`write`."""
        self._doc.apply_update(update)

    def value(self, name: str, key: str) -> Scalar:
        """A register of a map; None if it is not there."""
        with guarded("reading a register"):
            return plain(self.root(name, Kind.MAP).get(key))

    def values(self, name: str) -> dict[str, Scalar]:
        """All registers of a map."""
        with guarded("reading registers"):
            return self._registers(self.root(name, Kind.MAP))

    def record(self, name: str, key: str) -> dict[str, Scalar] | None:
        """A record; None if it is not there."""
        with guarded("reading a record"):
            record = self.root(name, Kind.RECORDS).get(key)
            return None if record is None else self._registers(record)

    def records(self, name: str) -> dict[str, dict[str, Scalar]]:
        """All records."""
        with guarded("reading records"):
            root = self.root(name, Kind.RECORDS)
            return {key: self._registers(root[key]) for key in list(root)}

    def _registers(self, record: Any) -> dict[str, Scalar]:
        """All registers of a map, in one transaction: the library takes three for each of them."""
        if not isinstance(record, EngineMap):
            return {}  # the schema does not allow it
        with self._doc.transaction() as transaction:
            handle, inner = record.integrated, transaction._txn  # noqa: SLF001 - it is pinned
            return {key: plain(handle.get(inner, key)) for key in handle.keys(inner)}

    def make_record(self, name: str, key: str, fields: Mapping[str, Scalar]) -> None:
        """Make a record; only within the steps of :meth:`write`."""
        self.root(name, Kind.RECORDS)[key] = EngineMap(dict(fields))

    def set_field(self, name: str, key: str, field: str, value: Scalar) -> None:
        """Set a register of a record; only within the steps of :meth:`write`."""
        self.root(name, Kind.RECORDS)[key][field] = value

    # Undo.

    def track(self, origin: str) -> None:
        """Make what ``origin`` does from now on undoable, one step for each transaction."""
        if origin in self._undo:
            return
        with guarded("preparing to undo"):
            manager = UndoManager(scopes=list(self._roots.values()), capture_timeout_millis=0)
            manager.include_origin(origin)
        self._undo[origin] = manager

    def undo(self, origin: str, *, redo: bool) -> bytes | None:
        """Undo or redo the latest step of ``origin``; return the update, None: nothing to do."""
        manager = self._undo.get(origin)
        if manager is None:
            return None
        with guarded("undoing"):
            self._latest.update = None
            manager.redo() if redo else manager.undo()
            return self._latest.update


def merge(updates: Sequence[bytes]) -> bytes:
    """Put updates together into one that says the same."""
    with guarded("merging updates"):
        return merge_updates(*updates)


def plain(value: Any) -> Scalar:
    """What the engine returned, as we promise it."""
    match value:
        case float() if value.is_integer() and abs(value) < EXACT:
            return int(value)
        case int() if abs(value) >= EXACT and float(value) == value:
            return float(value)  # as it will be after the engine has written and read it
        case bytearray() | memoryview():
            return bytes(value)
        case None | bool() | int() | float() | str() | bytes():
            return value
        case _:
            return None  # a nested value, which the schema does not allow: as if it were not there


def _check_unit() -> None:
    """Fail loudly if the engine ever counts texts in something else than bytes."""
    doc: Doc[Any] = Doc()
    text = doc.get("text", type=Text)
    text.insert(0, "é")
    text.insert(2, "!")
    if len(text) != 3 or str(text) != "é!":
        raise EngineFailure("starting", "this version of pycrdt counts texts in another unit")


_check_unit()
