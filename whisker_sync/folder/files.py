"""
Reading and writing the author's files. All access to them goes through here.

Rule 1: never outside the folder. Names are those that :func:`whisker_sync.paths.accept`
lets through, and nothing is followed that is a link.

Rule 2: never over an unseen save. A file is replaced only if it still holds what we
believe (compare and swap); what is replaced is in the trash first. On Linux the swap
itself is atomic and what came out of it is looked at once more.

Rule 3: whole or not at all. A file is written beside, synced, and moved into place: a
crash leaves the old or the new one, never an empty one, which we would take for the
author deleting everything.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex

from whisker_sync.errors import DiskFull, FolderError, LeftOut, UnreadableFile, UnsafePath
from whisker_sync.folder.ignore import Rules, is_key, let_in
from whisker_sync.folder.swap import exchange
from whisker_sync.ids import StoryPath
from whisker_sync.paths import NEVER_SYNCED, accept

MAX_FILE = 64 << 20
"""Bytes of a file that is looked at at all; what is synced has smaller limits of its own."""

TRASH_BYTES = 64 << 20
"""Bytes of replaced versions that are kept, compressed; the oldest go first."""

Mark = tuple[int, int, int]
"""Time of the last change in nanoseconds, size, and number of the file on its disk."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """A file is now as it should be."""

    path: StoryPath
    content: bytes | None
    mark: Mark | None = field(default=None, compare=False)
    """Of what we put there, taken before anybody could change it again; None: it was removed."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The author was faster: this is there, and was left alone."""

    path: StoryPath
    content: bytes | None


class Folder:
    """The files below one folder; ``stage`` and ``trash`` are on the same disk."""

    def __init__(self, root: Path, stage: Path, trash: Path) -> None:
        self._root = root
        self._stage = stage
        self._trash = trash
        self._rules = Rules(root)

    # Reading.

    def scan(self, known: Iterable[StoryPath] = ()) -> tuple[list[StoryPath], list[UnsafePath]]:
        """
        All files, in order, and those that are left out because of what they are.

        Of those that the rules leave out, only what is ``known``: synced already.
        """
        found: list[StoryPath] = []
        left_out: list[UnsafePath] = []
        for relative, entry in self._walk(self._root, ()):
            if entry.is_symlink():
                left_out.append(UnsafePath(relative, _A_LINK))
                continue
            if not entry.is_file(follow_symlinks=False):
                continue
            try:
                found.append(accept(relative))
            except UnsafePath as problem:
                left_out.append(problem)
        found += (path for path in {*known} - {*found} if self.mark(path) is not None)
        return sorted(found), left_out

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

    def read(self, path: StoryPath) -> bytes | None:
        """
        The content of a file; None if there is none.

        Raises:
            UnreadableFile: It is there but cannot be read.
            LeftOut: It is a private key.
        """
        place = self._place(path)
        try:
            if self._through_link(place):
                return None
            handle = os.open(place, os.O_RDONLY | _NOFOLLOW | _BINARY)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as problem:
            raise UnreadableFile(path, problem.strerror or str(problem)) from None
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            os.close(handle)
            return None
        with os.fdopen(handle, "rb") as file:
            if status.st_size > MAX_FILE:
                raise UnreadableFile(path, f"it has {status.st_size:,} bytes")
            try:
                content = file.read(MAX_FILE + 1)
            except OSError as problem:
                raise UnreadableFile(path, problem.strerror or str(problem)) from None
        if is_key(content) and not self._rules.lets_in(path.split("/")):
            raise LeftOut(path, f"it is a private key; if it is not, {let_in(path)}")
        return content

    def mark(self, path: StoryPath) -> Mark | None:
        """What tells this version of a file from others without reading it; None: no file."""
        try:
            return _mark_of(self._place(path))
        except (OSError, ValueError):
            return None

    # Writing.

    def write(
        self, path: StoryPath, content: bytes | None, expected: bytes | None
    ) -> Replaced | Kept:
        """
        Make a file hold ``content`` (None: remove it) if it holds what is ``expected``.

        ``expected`` is the SHA-256 of what must be there now; None: nothing.

        Raises:
            DiskFull: There is no room; nothing was changed.
            UnreadableFile: It can be neither read nor written; nothing was changed.
            LeftOut: It looks private, here or where it comes from; nothing was changed.
        """
        if reason := self._rules.why_private(path.split("/")):
            raise LeftOut(path, reason)
        mark = self.mark(path)
        now = self.read(path)
        if _sha256(now) != expected:
            return Kept(path, now)
        if now == content:
            return Replaced(path, content, mark)
        try:
            if now is not None:
                self._keep(now)
            if content is None:
                return self._remove(path, now)
            return self._replace(path, content, now)
        except OSError as problem:
            if problem.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise DiskFull(path) from None
            raise UnreadableFile(path, problem.strerror or str(problem)) from None

    def _replace(self, path: StoryPath, content: bytes, now: bytes | None) -> Replaced | Kept:
        place = self._place(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        if self._through_link(place):
            raise UnreadableFile(path, "it is behind a link to another place")
        if now is None and (other := self._other_case(place)):
            raise UnreadableFile(path, f"{other} is there, and this disk takes it for the same")
        staged = self._write_beside(place, content, keep_mode=now is not None)
        done = Replaced(path, content, _mark_of(staged))
        try:
            if now is None:
                return self._place_new(place, staged, done)
            # To write it took a while: once more, as late as possible.
            if (late := self.read(path)) != now:
                return Kept(path, late)
            if exchange(staged, place):
                return self._look_at_swapped(place, staged, now, done)
            # No atomic exchange here, or the file is gone.
            if (late := self.read(path)) != now:
                return Kept(path, late)
            staged.replace(place)
            return done
        finally:
            staged.unlink(missing_ok=True)

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
        self, place: Path, staged: Path, now: bytes, done: Replaced
    ) -> Replaced | Kept:
        """After an exchange: if what came out is not what we knew, it goes back."""
        put, out = done.content, staged.read_bytes()
        if out == now:
            return done
        # At once: until then an editor may read ours, which lacks what was saved.
        saves = [out]
        while exchange(staged, place) and (came := staged.read_bytes()) != put:
            put, out = out, came  # saved once more, which is newer still
            saves.append(out)
        for save in saves:
            self._keep(save)
        return Kept(done.path, self.read(done.path))

    def _remove(self, path: StoryPath, now: bytes | None) -> Replaced | Kept:
        place = self._place(path)
        aside = self._stage / token_hex(8)
        if (late := self.read(path)) != now:
            return Kept(path, late)
        place.replace(aside)
        out = aside.read_bytes()
        if out != now:  # saved in the last moment: it goes back, unless it was saved once more
            self._place_new(place, aside, Replaced(path, out))
            self._keep(out)
            aside.unlink(missing_ok=True)
            return Kept(path, self.read(path))
        aside.unlink()
        self._remove_empty(place.parent)
        return Replaced(path, None)

    def _remove_empty(self, folder: Path) -> None:
        while folder != self._root:
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent

    def _write_beside(self, place: Path, content: bytes, *, keep_mode: bool) -> Path:
        staged = self._stage / token_hex(8)
        mode = 0o644
        if keep_mode:
            mode = stat.S_IMODE(place.stat().st_mode)
        handle = os.open(staged, os.O_CREAT | os.O_EXCL | os.O_WRONLY | _BINARY, 0o644)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if keep_mode:
                staged.chmod(mode)
        except BaseException:
            staged.unlink(missing_ok=True)
            raise
        return staged

    # The trash.

    def tidy(self) -> None:
        """
        Put what a killed process left half done into the trash, before anything is written.

        It may be a save of the author that was about to go back to its place.
        """
        for left in self._stage.iterdir():
            with suppress(OSError):
                self._keep(left.read_bytes())
                left.unlink()

    def _keep(self, content: bytes) -> None:
        """Put a version that is about to go into the trash."""
        kept = self._trash / hashlib.sha256(content).hexdigest()
        if kept.exists():
            os.utime(kept)
            return
        packed = zlib.compress(content)
        fresh = self._trash / f"new-{token_hex(8)}"
        fresh.write_bytes(packed)
        fresh.replace(kept)
        self._bound_trash()

    def _bound_trash(self) -> None:
        kept = [(entry.stat().st_mtime_ns, entry) for entry in self._trash.iterdir()]
        size = sum(entry.stat().st_size for _, entry in kept)
        for _, entry in sorted(kept):
            if size <= TRASH_BYTES:
                return
            size -= entry.stat().st_size
            entry.unlink(missing_ok=True)

    # Places.

    def _place(self, path: StoryPath) -> Path:
        return self._root / accept(path)

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
            if other.name != place.name and other.name.casefold() == place.name.casefold():
                return other.name
        return None

    def _walk(
        self, folder: Path, before: tuple[str, ...]
    ) -> Iterator[tuple[str, os.DirEntry[str]]]:
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            return
        for entry in entries:
            names = (*before, entry.name)
            is_folder = entry.is_dir(follow_symlinks=False)
            if entry.name.casefold() in NEVER_SYNCED:
                continue
            if self._rules.why_not_this(names, is_folder=is_folder):
                continue
            if is_folder:
                yield from self._walk(Path(entry.path), names)
            else:
                yield "/".join(names), entry


def _mark_of(place: Path) -> Mark | None:
    status = place.lstat()
    if not stat.S_ISREG(status.st_mode):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _sha256(content: bytes | None) -> bytes | None:
    return None if content is None else hashlib.sha256(content).digest()


_A_LINK = "it is a link to another place"

_NOFOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
_BINARY: int = getattr(os, "O_BINARY", 0)
