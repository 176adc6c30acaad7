"""
Reading and writing the author's files. All access to them goes through here.

Rule 1: never outside the folder. Names are those that :func:`whisker_sync.paths.accept`
lets through, and nothing is followed that is a link.

Rule 2: never over an unseen save. A file is replaced only if it still holds what we
believe (compare and swap). The swap is one step where the system can, and what came out
of it is looked at until nobody writes to it any more: a save that was not seen goes back
to its place. What was replaced is in the trash.

Rule 3: whole or not at all. A file is written beside, synced, and moved into place: a
crash leaves the old or the new one, never an empty one, which we would take for the
author deleting everything.

Rule 4: nothing large in memory. Beyond :data:`LARGE` bytes a content is known by its
SHA-256, and moves from file to file.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import sys
import time
import unicodedata
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from io import FileIO
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from whisker_sync.chunks import CHUNK
from whisker_sync.errors import (
    DiskFull,
    FolderError,
    LeftOut,
    StrangeNames,
    UnreadableFile,
    UnsafePath,
)
from whisker_sync.folder.ignore import KEY_HEAD_BYTES, Level, Rules, is_key, let_in
from whisker_sync.folder.swap import exchange
from whisker_sync.folder.trash import Trash, aside
from whisker_sync.folder.witness import NOATIME, Witness
from whisker_sync.folder.writers import is_written, wait_for_writers
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.files import Large
from whisker_sync.paths import NEVER_SYNCED, accept, same_as

MAX_FILE = 4 << 30
"""Bytes of a file that is looked at at all; what is synced has smaller limits of its own."""

LARGE = 4 << 20
"""Bytes up to which a file is read as a whole."""

UNFINISHED = "part-"
"""How names of files in the stage begin that are still being put together."""

HOLD_SECONDS = 1.0
"""How long what was replaced is kept at hand, where nobody tells whether it is written to."""

MAX_HOLD_SECONDS = 10.0
"""How long at most, while some program has it open for writing."""

_BLOCK = 1 << 20
_TICK_NS = 2_000_000_000
"""How old a change must be so that another one certainly has another time on any disk."""

Mark = tuple[int, int, int]
"""Time of the last change in nanoseconds, size, and number of the file on its disk."""

Content = bytes | Large
"""What a file holds."""


@dataclass(frozen=True, slots=True)
class Source:
    """A large content, in a file of ours."""

    content: Large
    file: Path
    ours: bool = False
    """The file is synced and may be moved; else it is copied."""


@dataclass(frozen=True, slots=True)
class Held:
    """A file that was replaced while a program may have been writing to it."""

    path: StoryPath
    out: Path
    """Where it is now."""

    knew: Content
    """What it held when it was replaced."""

    ours: Mark | None
    """Of what stands in its place."""

    since: float
    """When it was replaced, on a monotonic clock."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """A file is now as it should be."""

    path: StoryPath
    content: Content | None
    mark: Mark | None = field(default=None, compare=False)
    """Of what we put there, taken before anybody could change it again; None: it was removed."""

    held: Held | None = field(default=None, compare=False)
    """What was there before, to be given to :meth:`Folder.look_again` after a moment."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The author was faster: this is there, and was left alone."""

    path: StoryPath
    content: Content | None


class Folder:
    """
    The files below one folder; ``stage`` and ``trash`` are on the same disk.

    Raises:
        StrangeNames: This process reads file names in another encoding than UTF-8.
    """

    def __init__(self, root: Path, stage: Path, trash: Path) -> None:
        if (encoding := sys.getfilesystemencoding()) != "utf-8":
            raise StrangeNames(encoding)
        self._root = root
        self._stage = stage
        self._rules = Rules(root)
        self._witness = Witness()
        self._large: dict[StoryPath, tuple[Mark, Large]] = {}
        self.trash = Trash(trash)

    def close(self) -> None:
        """Let go of the files that are kept open."""
        self._witness.close()

    # Reading.

    def scan(
        self, known: Iterable[StoryPath] = ()
    ) -> tuple[dict[StoryPath, Mark], list[UnsafePath]]:
        """
        All files with their marks, and those that are left out because of what they are.

        Of those that the rules leave out, only what is ``known``: synced already.
        """
        found: dict[StoryPath, Mark] = {}
        left_out: list[UnsafePath] = []
        known = frozenset(known)
        for name, entry in self._walk(self._root, "", self._rules.top()):
            relative = spelling(name, known)
            if entry.is_symlink():
                left_out.append(UnsafePath(relative, _A_LINK))
                continue
            if not entry.is_file(follow_symlinks=False):
                continue
            try:
                found[accept(relative)] = _mark(entry.stat(follow_symlinks=False))
            except UnsafePath as problem:
                left_out.append(problem)
            except OSError:
                pass  # it went just now
        for path in known - found.keys():
            if mark := self.mark(path):
                found[path] = mark
        return found, left_out

    def why_not(self, path: str) -> str | None:
        """Why a file that is not synced yet would not be, as a sentence; None: it would."""
        try:
            accepted = accept(path)
            if reason := self._rules.why_not(path):
                raise LeftOut(path, reason)
            if self._through_link(self._root / path):
                raise UnsafePath(path, _A_LINK)
            self.read(accepted)
        except FolderError as problem:
            return str(problem)
        return None

    def takes_in(self, path: str, *, is_folder: bool = False) -> bool:
        """Tell whether the rules let a file in, or may let in some of a folder."""
        return self._rules.why_not(path, is_folder=is_folder) is None

    def read(self, path: StoryPath) -> Content | None:
        """
        The content of a file, when nobody is writing to it any more; None if there is none.

        Raises:
            UnreadableFile: It is there but cannot be read.
            LeftOut: It is a private key.
        """
        with self._opened(path) as file:
            if file is None:
                return None
            wait_for_writers(file.fileno())
            head = file.read(KEY_HEAD_BYTES)
            file.seek(0)
            content = self._content(path, file)
        if is_key(head) and not self._rules.lets_in(path):
            raise LeftOut(path, f"it is a private key; if it is not, {let_in(path)}")
        return content

    def glimpse(self, path: StoryPath) -> bytes | None:
        """
        The content of a file, if it is whole this very moment and can be read at once.

        None: somebody writes to it, or nobody can tell; it is large, or private, or not there.
        """
        try:
            with self._opened(path) as file:
                if file is None or is_written(file.fileno()) is not False:
                    return None
                if os.fstat(file.fileno()).st_size > LARGE:
                    return None
                content = file.read()
        except FolderError:
            return None
        return None if is_key(content[:KEY_HEAD_BYTES]) else content

    def chunks(self, path: StoryPath, first: int, count: int) -> list[bytes]:
        """
        Some chunks of a large file, counted from 0; fewer if it ends there.

        Raises:
            UnreadableFile: It could not be read.
        """
        with self._opened(path) as file:
            if file is None:
                return []
            file.seek(first * CHUNK)
            found = [file.read(CHUNK) for _ in range(count)]
        return [chunk for chunk in found if chunk]

    def mark(self, path: StoryPath) -> Mark | None:
        """What tells this version of a file from others without reading it; None: no file."""
        try:
            return _mark_of(self._place(path))
        except (OSError, ValueError):
            return None

    def read_since_write(self, path: StoryPath) -> bool | None:
        """
        Whether anybody read what we wrote there last, now that something else is there.

        None if that is not known, or if what we wrote is still there. It is told once.
        """
        mark = self.mark(path)
        if mark is not None and self._witness.is_ours(path, mark[0], mark[2]):
            return None
        was_read = self._witness.was_read(path)
        self._witness.forget(path)
        return was_read

    # Writing.

    def write(
        self, path: StoryPath, content: bytes | Source | None, expected: bytes | None
    ) -> Replaced | Kept:
        """
        Make a file hold ``content`` (None: remove it) if it holds what is ``expected``.

        ``expected`` is the SHA-256 of what must be there now; None: nothing.

        Raises:
            DiskFull: There is no room; nothing was changed.
            UnreadableFile: It can be neither read nor written; nothing was changed.
            LeftOut: It looks private, here or where it comes from; nothing was changed.
        """
        if reason := self._rules.why_private(path):
            raise LeftOut(path, reason)
        mark = now = None
        if expected is not None or os.path.lexists(self._place(path)):
            mark, now = self.mark(path), self.read(path)
        if sha256_of(now) != expected:
            return Kept(path, now)
        wanted = content.content if isinstance(content, Source) else content
        if now == wanted:
            return Replaced(path, wanted, mark)
        try:
            if content is None:
                return self._remove(path, now)
            return self._replace(path, content, now)
        except OSError as problem:
            raise _in_our_words(path, problem) from None

    def look_again(self, held: Held) -> Held | Kept | None:
        """
        Take in what a program wrote into a file after it was replaced.

        That is now in its place, if nobody saved there since (:class:`Kept`), or in the
        trash. None: nothing came. :class:`Held`: the program is still at it.
        """
        with suppress(FileNotFoundError):
            written = _is_written(held.out)
            patience = HOLD_SECONDS if written is None else MAX_HOLD_SECONDS
            if written is not False and time.monotonic() - held.since < patience:
                return held
            late = content_of(held.out)
            if late == held.knew or held.ours is None or self.mark(held.path) != held.ours:
                self.trash.take(held.path, held.out)
                return None
            place = self._place(held.path)
            is_in = exchange(held.out, place)
            if is_in and _mark_of(held.out) != held.ours:
                exchange(held.out, place)  # saved in the last moment, which is newer
                is_in = False
            self.trash.take(held.path, held.out)
            if is_in:
                self._witness.forget(held.path)
                return Kept(held.path, late)
        return None

    def _replace(
        self, path: StoryPath, content: bytes | Source, now: Content | None
    ) -> Replaced | Kept:
        place = self._place(path)
        if not place.parent.is_dir():
            place.parent.mkdir(parents=True, exist_ok=True)
        if self._through_link(place):
            raise UnreadableFile(path, "it is behind a link to another place")
        if now is None and (other := self._other_case(place)):
            raise UnreadableFile(path, f"{other} is there, and this disk takes it for the same")
        staged = self._write_beside(place, content, keep_mode=now is not None)
        wanted = content.content if isinstance(content, Source) else content
        done = Replaced(path, wanted, _mark_of(staged))
        watched = self._witness.open(staged)
        try:
            if now is None:
                return self._place_new(place, staged, done)
            # To write it took a while: once more, as late as possible.
            if (late := self.read(path)) != now:
                return Kept(path, late)
            if exchange(staged, place):
                return self._look_at_swapped(place, staged, now, done)
            return self._replace_in_two_steps(place, staged, now, done)
        finally:
            staged.unlink(missing_ok=True)
            self._witness.keep(path, watched, is_there=self.mark(path) == done.mark)

    def _place_new(self, place: Path, staged: Path, done: Replaced) -> Replaced | Kept:
        """Put a new file into place, unless one appeared there meanwhile."""
        try:
            os.link(staged, place)
        except FileExistsError:
            return Kept(done.path, self.read(done.path))
        except OSError:  # a disk without hard links
            if (late := self.read(done.path)) is not None:
                return Kept(done.path, late)
            staged.replace(place)
        return done

    def _look_at_swapped(
        self, place: Path, out: Path, now: Content, done: Replaced
    ) -> Replaced | Kept:
        """After an exchange: if what came out is not what we knew, it goes back."""
        came, put = _settled(out), done.content
        if came == now:
            return replace(done, held=self._put_away(out, now, done))
        # At once: until then an editor may read ours, which lacks what was saved.
        saves = [came]
        while exchange(out, place) and (came := content_of(out)) != put:
            put = saves[-1]
            saves.append(came)  # saved once more, which is newer still
        for save in saves:
            if isinstance(save, bytes):
                self.trash.put(done.path, save)
        if content_of(out) != done.content:  # the file went meanwhile, or one of the saves is older
            self.trash.take(done.path, out)
        return Kept(done.path, self.read(done.path))

    def _replace_in_two_steps(
        self, place: Path, staged: Path, now: Content, done: Replaced
    ) -> Replaced | Kept:
        """Where there is no exchange, or the file is gone: nearly as good."""
        out = self._stage / token_hex(8)
        try:
            aside(place, out)
            if (late := self.read(done.path)) != now:
                return Kept(done.path, late)
            staged.replace(place)
            if _settled(out) == now:
                return replace(done, held=self._put_away(out, now, done))
            if self.mark(done.path) == done.mark:
                out.replace(place)
            else:
                self.trash.take(done.path, out)
            return Kept(done.path, self.read(done.path))
        except FileNotFoundError:
            return Kept(done.path, self.read(done.path))
        finally:
            out.unlink(missing_ok=True)

    def _put_away(self, out: Path, knew: Content, done: Replaced) -> Held | None:
        """Move what was replaced to the trash, unless somebody may write on into it."""
        if _is_written(out) is False:
            self.trash.take(done.path, out)
            return None
        held = self._stage / token_hex(8)
        out.replace(held)
        return Held(done.path, held, knew, done.mark, time.monotonic())

    def _remove(self, path: StoryPath, now: Content | None) -> Replaced | Kept:
        place = self._place(path)
        out = self._stage / token_hex(8)
        if now is None or (late := self.read(path)) != now:
            return Kept(path, None if now is None else late)
        place.replace(out)
        self._witness.forget(path)
        if (came := _settled(out)) != now:
            # Saved in the last moment: it goes back, unless it was saved once more.
            if isinstance(self._place_new(place, out, Replaced(path, came)), Kept):
                self.trash.take(path, out)
            out.unlink(missing_ok=True)
            return Kept(path, self.read(path))
        self._remove_empty(place.parent)
        done = Replaced(path, None)
        return replace(done, held=self._put_away(out, now, done))

    def _remove_empty(self, folder: Path) -> None:
        while folder != self._root:
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent

    def _write_beside(self, place: Path, content: bytes | Source, *, keep_mode: bool) -> Path:
        staged = self._stage / token_hex(8)
        if isinstance(content, Source) and content.ours:
            content.file.replace(staged)
            staged.chmod(stat.S_IMODE(place.stat().st_mode) if keep_mode else 0o644)
            self._witness.prepare(staged)
            return staged
        handle = os.open(staged, os.O_CREAT | os.O_EXCL | os.O_WRONLY | _BINARY, 0o644)
        try:
            with FileIO(handle, "wb") as file:
                for block in _blocks(content):
                    _write_all(file, block)
                os.fsync(handle)
            if keep_mode:
                staged.chmod(stat.S_IMODE(place.stat().st_mode))
            self._witness.prepare(staged)
        except BaseException:
            staged.unlink(missing_ok=True)
            raise
        return staged

    def tidy(self) -> None:
        """
        Put what a killed process left half done into the trash, before anything is written.

        It may be a save of the author that was about to go back to its place.
        """
        for left in self._stage.iterdir():
            with suppress(OSError):
                if left.name.startswith(UNFINISHED):
                    left.unlink()
                else:
                    self.trash.take("", left)

    # Places.

    def _place(self, path: StoryPath) -> Path:
        return self._root / accept(path)

    @contextmanager
    def _opened(self, path: StoryPath) -> Iterator[BinaryIO | None]:
        """Open a file for reading, which nobody notices; None: there is none."""
        place = self._place(path)
        try:
            file = None if self._through_link(place) else self._open(path, place)
        except (FileNotFoundError, NotADirectoryError):
            file = None
        except OSError as problem:
            raise UnreadableFile(path, problem.strerror or str(problem)) from None
        if file is None:
            yield None
            return
        with file:
            size = os.fstat(file.fileno()).st_size
            if size > MAX_FILE:
                raise UnreadableFile(path, f"it has {size:,} bytes")
            try:
                yield file
            except OSError as problem:
                raise _in_our_words(path, problem) from None

    def _open(self, path: StoryPath, place: Path) -> BinaryIO | None:
        flags = os.O_RDONLY | _NOFOLLOW | _BINARY | _NONBLOCK
        try:
            handle = os.open(place, flags | NOATIME)
        except PermissionError:
            # The file is somebody else's: then our own reading counts, too.
            handle = os.open(place, flags)
            self._witness.forget(path)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            return None
        return os.fdopen(handle, "rb")

    def _content(self, path: StoryPath, file: BinaryIO) -> Content:
        """What a file holds; a large one that did not change is not read again."""
        status = os.fstat(file.fileno())
        mark = _mark(status)
        known = self._large.pop(path, None)
        content = known[1] if known is not None and known[0] == mark else _content(file)
        if isinstance(content, Large) and time.time_ns() - mark[0] > _TICK_NS:
            self._large[path] = mark, content
        return content

    def _through_link(self, place: Path) -> bool:
        """Whether a folder on the way, or the file itself, is a link."""
        while place != self._root:
            if place.is_symlink():
                return True
            place = place.parent
        return False

    def _other_case(self, place: Path) -> str | None:
        """What is there under another spelling, on a disk that does not tell them apart."""
        if not place.exists():
            return None
        for other in place.parent.iterdir():
            if other.name != place.name and same_as(other.name) == same_as(place.name):
                return other.name
        return None

    def _walk(
        self, folder: str | Path, before: str, level: Level
    ) -> Iterator[tuple[str, os.DirEntry[str]]]:
        try:
            entries = list(os.scandir(folder))
        except OSError:
            return
        for entry in entries:
            is_folder = entry.is_dir(follow_symlinks=False)
            if entry.name.casefold() in NEVER_SYNCED:
                continue
            if level.why_not(entry.name, is_folder=is_folder):
                continue
            if is_folder:
                yield from self._walk(entry.path, f"{before}{entry.name}/", level.below(entry.name))
            else:
                yield before + entry.name, entry


def sha256_of(content: Content | None) -> bytes | None:
    """The SHA-256 of what a file holds; None: there is no file."""
    if content is None:
        return None
    return content.sha256 if isinstance(content, Large) else hashlib.sha256(content).digest()


def _mark_of(place: Path) -> Mark | None:
    status = place.lstat()
    return _mark(status) if stat.S_ISREG(status.st_mode) else None


def spelling(name: str, known: Container[str]) -> str:
    """How we spell a path that the disk spells so: as it is ``known``, else composed (NFC)."""
    if not _RESPELLS:
        return name
    composed, taken_apart = (unicodedata.normalize(form, name) for form in ("NFC", "NFD"))
    return next((each for each in (name, composed, taken_apart) if each in known), composed)


def _mark(status: os.stat_result) -> Mark:
    return status.st_mtime_ns, status.st_size, status.st_ino


def _is_written(place: Path) -> bool | None:
    with place.open("rb") as file:
        return is_written(file.fileno())


def _settled(place: Path) -> Content:
    """What a file of ours holds when nobody writes to it any more, or will not end to."""
    with place.open("rb") as file:
        wait_for_writers(file.fileno())
        return _content(file)


def _blocks(content: bytes | Source) -> Iterator[bytes]:
    if not isinstance(content, Source):
        yield content
        return
    with content.file.open("rb") as source:
        while block := source.read(_BLOCK):
            yield block


def _write_all(file: FileIO, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]


def content_of(place: Path) -> Content:
    """What a file of ours holds."""
    with place.open("rb") as file:
        return _content(file)


def _content(file: BinaryIO) -> Content:
    if os.fstat(file.fileno()).st_size <= LARGE:
        return file.read()
    return _digest(file)


def _digest(file: BinaryIO) -> Large:
    sha256, list_, size = hashlib.sha256(), bytearray(), 0
    while chunk := file.read(CHUNK):
        sha256.update(chunk)
        list_ += hashlib.sha256(chunk).digest()
        size += len(chunk)
    return Large(sha256.digest(), size, bytes(list_))


def _in_our_words(path: StoryPath, problem: OSError) -> FolderError:
    if problem.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull(path)
    return UnreadableFile(path, problem.strerror or str(problem))


_A_LINK = "it is a link to another place"

_RESPELLS = sys.platform == "darwin"
"""Whether disks may spell names otherwise than we did: macOS takes accents apart."""

_NOFOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
_BINARY: int = getattr(os, "O_BINARY", 0)
_NONBLOCK: int = getattr(os, "O_NONBLOCK", 0)  # a pipe of that name must not stop us
