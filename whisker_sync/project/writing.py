"""
Writing the author's files, whole or not at all, and never over a save that was not read.

A command that changes files runs beside editors and beside our own daemon. Everything is
written beside its place first, so that a full disk changes nothing; then each file is
compared once more with what was read, and moved into place in one step.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from whisker_sync.errors import CannotWrite, ChangedMeanwhile


@dataclass(frozen=True, slots=True)
class Write:
    """A file that is to get other content."""

    path: Path
    content: bytes
    expected: bytes | None
    """What has to be in it until then; None: it must not be there."""


def write_all(writes: Sequence[Write]) -> None:
    """
    Write files, each in one step.

    Raises:
        ChangedMeanwhile: One is not as expected; those that are named were written before it.
        CannotWrite: There is no room or no right to; nothing was changed.
    """
    staged: list[Path] = []
    for write in writes:
        _compare(write, ())
    try:
        for write in writes:
            staged.append(_beside(write))  # noqa: PERF401 - one may fail; the others are removed
        done: list[str] = []
        for write, ready in zip(writes, staged, strict=True):
            _put(write, ready, done)
            done.append(str(write.path))
    finally:
        for ready in staged:
            with suppress(OSError):
                ready.unlink(missing_ok=True)


def _beside(write: Write) -> Path:
    """Write the content beside its place; the name says to us and to others: not a save."""
    # A link stays a link: what it leads to is written.
    ready = write.path.resolve().with_name(f".{token_hex(8)}.tmp")
    try:
        ready.parent.mkdir(parents=True, exist_ok=True)
        with ready.open("xb") as file:
            file.write(write.content)
            file.flush()
            os.fsync(file.fileno())
        if write.expected is not None:
            ready.chmod(write.path.stat().st_mode & 0o7777)
    except OSError as problem:
        with suppress(OSError):
            ready.unlink(missing_ok=True)
        raise CannotWrite(str(write.path), problem.strerror or str(problem)) from None
    return ready


def _compare(write: Write, done: Sequence[str]) -> None:
    """Raise if a file is not as it was when it was read."""
    try:
        now = write.path.read_bytes()
    except FileNotFoundError:
        now = None
    except OSError as problem:
        raise CannotWrite(str(write.path), problem.strerror or str(problem)) from None
    if now != write.expected:
        raise ChangedMeanwhile(str(write.path), tuple(done))


def _put(write: Write, ready: Path, done: Sequence[str]) -> None:
    _compare(write, done)
    try:
        if write.expected is None:
            _put_new(write.path, ready)
        else:
            ready.replace(write.path.resolve())
    except FileExistsError:
        raise ChangedMeanwhile(str(write.path), tuple(done)) from None
    except OSError as problem:
        raise CannotWrite(str(write.path), problem.strerror or str(problem)) from None


def _put_new(path: Path, ready: Path) -> None:
    """Move a file to where none is; a hard link never replaces anything."""
    try:
        os.link(ready, path)
    except FileExistsError:
        raise
    except OSError:  # a disk without hard links
        if path.exists():
            raise FileExistsError from None
        ready.replace(path)
