"""
A drive in memory that forgets what was not synced when its power fails.

Rule 1: the journal on it is the production journal, and the SQLite below that is a real
one (apsw, a tool of development). Only the system calls are imagined.

Rule 2: nothing is assumed of a write that was not synced. After a power failure it may
be there, or not, or only some of its 512-byte sectors; and of two such writes the later
one may be there and the earlier one not. A sync that failed has perhaps thrown away
what it was to save, and the next one that succeeds does not bring it back.

Theory of operation
===================

A :class:`Drive` carries out what SQLite asks of it and remembers each step. From what
was recorded, :func:`images` makes what a machine may find after the power failed at
some step: the files as they were synced, and of each later write what the dice say. A
new :class:`Drive` of such an image is that machine after its power came back.

Names of files are like writes: made or removed, they are certain from the next sync of
the directory on, and until then a number of the latest of them may be undone. SQLite
syncs the directory with the first sync of a new journal or WAL.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

import apsw

SECTOR = 512
"""Bytes that a drive writes as a whole or not at all."""

CHECKPOINT_PAGES = 24
"""Pages in the WAL from which it is copied into the database; SQLite's own 1,000 are many."""

TEMPORARY = "temporary"
"""Beginning of the names of files that nobody looks for after a crash."""


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes were written to a file."""

    file: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Cut:
    """A file was made as short as this."""

    file: int
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    """All of a file was synced."""

    file: int


@dataclass(frozen=True, slots=True)
class FailedSync:
    """Syncing a file failed, and what was to be synced will never be."""

    file: int


@dataclass(frozen=True, slots=True)
class Made:
    """A new file."""

    file: int
    name: str


@dataclass(frozen=True, slots=True)
class Removed:
    """A file was removed."""

    name: str


@dataclass(frozen=True, slots=True)
class DirectorySync:
    """The names of all files were synced."""


@dataclass(frozen=True, slots=True)
class Note:
    """Whoever records wants to know later that this had happened."""

    what: int


Step = Write | Cut | Sync | FailedSync | Made | Removed | DirectorySync | Note


@dataclass(frozen=True, slots=True)
class Recording:
    """What a drive held at first, and what was done to it."""

    files: Mapping[str, bytes]
    steps: Sequence[Step]


@dataclass(frozen=True, slots=True)
class Image:
    """What a machine finds after its power failed."""

    files: Mapping[str, bytes]
    at: int
    """How many steps of the recording had happened."""

    note: int
    """The latest note before that; -1: there is none."""


@dataclass(slots=True)
class Fault:
    """Writes and syncs, counted from 0, that fail."""

    first: int
    last: int
    full: bool
    """For want of room; else because the drive fails."""


@dataclass(slots=True)
class File:
    """A file on a drive."""

    number: int
    content: bytearray = field(default_factory=bytearray)


class Drive:
    """See the module; ``files`` is what it holds at first."""

    _names = count(1)

    def __init__(self, files: Mapping[str, bytes] | None = None) -> None:
        self.steps: list[Step] = []
        """What was done so far."""

        self.operations = 0
        """Writes and syncs so far."""

        self.fault: Fault | None = None
        self.faults = 0
        """Writes and syncs that failed so far."""

        self._start = dict(files or {})
        self._numbers = count()
        self._files = {
            name: File(next(self._numbers), bytearray(content))
            for name, content in self._start.items()
        }
        self._name = f"drive {next(Drive._names)}"
        self._connections: list[Connection] = []
        self._vfs = _Vfs(self._name, self)

    def connect(self, path: str, *, instead: Mapping[str, str] | None = None) -> Connection:
        """
        Open a database; the factory for :meth:`Journal.open`.

        ``instead`` has statements in place of others, to see what would come of them.
        """
        connection = Connection(path.rpartition("/")[2], self._name, instead or {})
        self._connections.append(connection)
        return connection

    def note(self, what: int) -> None:
        """Put a note into the recording; higher than those before."""
        self.steps.append(Note(what))

    def recording(self) -> Recording:
        """Everything so far."""
        return Recording(self._start, tuple(self.steps))

    def files(self) -> dict[str, bytes]:
        """What it holds: what is found after a process died and the power stayed."""
        return {name: bytes(file.content) for name, file in self._files.items()}

    def close(self) -> None:
        """Throw it away, and whoever has something open on it."""
        self.steps = []
        self.fault = None
        for connection in self._connections:
            connection.close()
        self._vfs.unregister()

    # Public methods for the system calls below.

    def holds(self, name: str) -> bool:
        """There is a file of this name."""
        return name in self._files

    def file(self, name: str, *, make: bool) -> File:
        """A file, or a new one if it may be made."""
        if name not in self._files:
            if not make:
                raise apsw.CantOpenError(name)
            file = self._files[name] = File(next(self._numbers))
            self.steps.append(Made(file.number, name))
        return self._files[name]

    def remove(self, name: str, *, sync: bool) -> None:
        """Remove a name."""
        if self._files.pop(name, None) is not None:
            self.steps.append(Removed(name))
        if sync:
            self.steps.append(DirectorySync())

    def write(self, file: File, offset: int, data: bytes) -> None:
        """Write, or fail at half of it."""
        failed = self._count()
        if failed:  # as much as went through, in whole sectors
            data = data[: len(data) // 2 // SECTOR * SECTOR]
        if data:
            _put(file.content, offset, data)
            self.steps.append(Write(file.number, offset, data))
        if failed:
            raise failed

    def cut(self, file: File, size: int) -> None:
        """Make a file shorter."""
        del file.content[size:]
        self.steps.append(Cut(file.number, size))

    def sync(self, file: File) -> None:
        """Sync a file, or fail and forget what was to be synced."""
        if failed := self._count():
            self.steps.append(FailedSync(file.number))
            raise failed
        self.steps.append(Sync(file.number))

    def _count(self) -> Exception | None:
        self.operations += 1
        fault = self.fault
        if fault is None or not fault.first < self.operations <= fault.last + 1:
            return None
        self.faults += 1
        return apsw.FullError() if fault.full else apsw.IOError()


def images(
    recording: Recording, dice: Random, *, per_point: int = 3, everywhere: bool = False
) -> Iterator[Image]:
    """
    What may be found after a power failure just before each sync, and at the very end.

    ``per_point`` is how many images each point gets: nothing that was not synced, all of
    it, and from the third on what the dice say. ``everywhere``: before each write, too.
    """
    platter = _Platter(recording.files)
    note = -1
    for at, step in enumerate(recording.steps):
        match step:
            case Note(what):
                note = what
            case Sync() | DirectorySync() | FailedSync():
                yield from platter.images(dice, at, note, per_point)
            case Write() if everywhere:
                yield from platter.images(dice, at, note, per_point)
            case _:
                pass
        platter.take(step)
    yield from platter.images(dice, len(recording.steps), note, per_point)


class _Platter:
    """What is certain to be on a drive, and what is not."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._names = {name: number for number, name in enumerate(files)}
        self._contents = {n: bytearray(content) for n, content in enumerate(files.values())}
        self._new_names: list[Made | Removed] = []
        self._pending: dict[int, list[Write | Cut]] = {}

    def take(self, step: Step) -> None:
        """Note what was done to the drive."""
        match step:
            case Write(file) | Cut(file):
                self._pending.setdefault(file, []).append(step)
            case Sync(file):
                content = self._contents.setdefault(file, bytearray())
                for each in self._pending.pop(file, ()):
                    _apply(content, each)
            case FailedSync(file):
                self._pending.pop(file, None)
            case Made() | Removed():
                self._new_names.append(step)
            case DirectorySync():
                self._names = _named(self._names, self._new_names)
                self._new_names.clear()
            case Note():
                pass

    def images(self, dice: Random, at: int, note: int, number: int) -> Iterator[Image]:
        """Make images of this moment: the least, the most, then as the dice say."""
        for i in range(number):
            luck = (0.0, 1.0)[i] if i < 2 else dice.random()
            yield Image(self._image(dice, luck), at, note)

    def _image(self, dice: Random, luck: float) -> dict[str, bytes]:
        certain = sum(dice.random() < luck for _ in self._new_names)
        names = _named(self._names, self._new_names[:certain])
        return {name: self._content(file, dice, luck) for name, file in names.items()}

    def _content(self, file: int, dice: Random, luck: float) -> bytes:
        content = bytearray(self._contents.get(file, b""))
        for step in self._pending.get(file, ()):
            if dice.random() < luck:
                _apply(content, step)
            elif isinstance(step, Write) and luck and dice.random() < 0.5:
                _tear(content, step, dice)
        return bytes(content)


def _apply(content: bytearray, step: Write | Cut) -> None:
    match step:
        case Write(_, offset, data):
            _put(content, offset, data)
        case Cut(_, size):
            del content[size:]


def _tear(content: bytearray, write: Write, dice: Random) -> None:
    """Write some of the sectors; the file is perhaps as long as if all had been written."""
    at, data = write.offset, write.data
    while data:
        size = SECTOR - at % SECTOR
        if dice.random() < 0.5:
            _put(content, at, data[:size])
        at, data = at + size, data[size:]


def _put(content: bytearray, offset: int, data: bytes) -> None:
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


def _named(names: Mapping[str, int], changes: Iterable[Made | Removed]) -> dict[str, int]:
    names = dict(names)
    for change in changes:
        match change:
            case Made(file, name):
                names[name] = file
            case Removed(name):
                names.pop(name, None)
    return names


# What SQLite sees.


class Connection:
    """A connection of apsw that behaves like one of :mod:`sqlite3`."""

    def __init__(self, name: str, vfs: str, instead: Mapping[str, str]) -> None:
        self._real = apsw.Connection(name, vfs=vfs)
        self._instead = instead
        self._real.set_wal_hook(self._checkpoint)

    def execute(self, statement: str, arguments: Sequence[Any] = ()) -> _Rows:
        """Run a statement to its end."""
        statement = self._instead.get(statement, statement)
        return self._run(lambda: self._real.execute(statement, tuple(arguments)).fetchall())

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> _Rows:
        """Run a statement for each row."""
        return self._run(lambda: self._real.executemany(statement, list(rows)).fetchall())

    def executescript(self, script: str) -> _Rows:
        """Run some statements."""
        return self.execute(script)

    @property
    def in_transaction(self) -> bool:
        """A transaction has begun and not ended."""
        return self._real.in_transaction

    def close(self) -> None:
        """Close it; as with sqlite3, nobody hears of what failed at that."""
        with suppress(apsw.Error):
            self._real.close()

    def _run(self, call: Any) -> _Rows:
        try:
            return _Rows(call())
        except apsw.ConstraintError as problem:
            raise sqlite3.IntegrityError(_sentence(problem)) from problem
        except apsw.Error as problem:
            raise sqlite3.OperationalError(_sentence(problem)) from problem

    def _checkpoint(self, connection: apsw.Connection, _: str, pages: int) -> int:
        """Do what SQLite does by itself after a commit; what fails at it is tried again."""
        if pages >= CHECKPOINT_PAGES:
            with suppress(apsw.Error):
                connection.wal_checkpoint()
        return apsw.SQLITE_OK


class _Rows(list[Any]):
    """What a statement gave back."""

    def fetchone(self) -> Any:
        return self[0] if self else None

    def fetchall(self) -> list[Any]:
        return self


def _sentence(problem: apsw.Error) -> str:
    match problem:
        case apsw.FullError():
            return "database or disk is full"
        case apsw.IOError():
            return "disk I/O error"
        case _:
            return str(problem)


class _Vfs(apsw.VFS):
    """The system calls of one drive that concern names."""

    def __init__(self, name: str, drive: Drive) -> None:
        self._drive = drive
        super().__init__(name, base="")

    def xOpen(self, name: Any, flags: list[int]) -> Any:  # noqa: N802 - SQLite's name
        called = name.filename() if isinstance(name, apsw.URIFilename) else name
        make = bool(flags[0] & apsw.SQLITE_OPEN_CREATE)
        file = self._drive.file(called or f"{TEMPORARY} {id(flags)}", make=make)
        kinds = apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_WAL
        return _Handle(self._drive, file, tells_names=make and bool(flags[0] & kinds))

    def xDelete(self, name: str, sync: bool) -> None:  # noqa: N802
        self._drive.remove(name, sync=sync)

    def xAccess(self, name: str, flags: int) -> bool:  # noqa: N802
        return self._drive.holds(name)

    def xFullPathname(self, name: str) -> str:  # noqa: N802
        return name


class _Handle:
    """The system calls of one open file."""

    def __init__(self, drive: Drive, file: File, *, tells_names: bool) -> None:
        self._drive = drive
        self._file = file
        self._tells_names = tells_names

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        return bytes(self._file.content[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._drive.write(self._file, offset, bytes(data))

    def xTruncate(self, size: int) -> None:  # noqa: N802
        self._drive.cut(self._file, size)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._drive.sync(self._file)
        if self._tells_names:
            self._drive.steps.append(DirectorySync())
            self._tells_names = False

    def xFileSize(self) -> int:  # noqa: N802
        return len(self._file.content)

    def xSectorSize(self) -> int:  # noqa: N802
        return 4096  # as SQLite says on every system that we know

    def xDeviceCharacteristics(self) -> int:  # noqa: N802
        return apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE  # as SQLite assumes of every drive

    def xFileControl(self, operation: int, pointer: int) -> bool:  # noqa: N802
        return False

    def xLock(self, level: int) -> None:  # noqa: N802
        pass

    def xUnlock(self, level: int) -> None:  # noqa: N802
        pass

    def xCheckReservedLock(self) -> bool:  # noqa: N802
        return False

    def xClose(self) -> None:  # noqa: N802
        pass
