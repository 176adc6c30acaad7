"""
Versions of files that were replaced or removed.

Whatever we take from its place comes here first: nothing that an author wrote is ever
only overwritten. A version is a file named by the SHA-256 of its content; ``index`` says
in lines of JSON when which version was where. Both are only ever added to, so a crash
costs one line at most, and anybody may read them while somebody writes.

The trash is bounded: what is older than a month goes, and the oldest when there is too
much. The newest version always stays, however large it is.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from whisker_sync.errors import NotInTrash

MAX_BYTES = 512 << 20
"""Bytes of versions that are kept."""

MAX_SECONDS = 30 * 86400.0
"""How long a version is kept."""

MAX_SPARE_LINES = 4096
"""Lines of the index beyond those of versions that are kept, before it is written anew."""

INDEX = "index"
_BLOCK = 1 << 20
_NAME = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Trashed:
    """A version that was replaced or removed."""

    path: str
    """Where it was; empty: nobody knows any more."""

    sha256: str
    size: int
    at: float
    """When it came here, in seconds since 1970."""


class Trash:
    """The trash of one folder, on the same disk."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._kept: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._size = 0
        self._lines = 0
        self._loaded = False

    def take(self, path: str, file: Path) -> None:
        """Move a file here, which was at ``path`` in the folder."""
        sha256, size = _measure(file)
        kept = self._place / sha256
        if kept.exists():
            file.unlink()
        else:
            file.replace(kept)
        self._note(Trashed(path, sha256, size, time.time()))

    def put(self, path: str, content: bytes) -> None:
        """Keep a version that has no file of its own any more."""
        fresh = self._place / f"new-{token_hex(8)}"
        fresh.write_bytes(content)
        self.take(path, fresh)

    def versions(self) -> list[Trashed]:
        """What is here, the newest first; a version once for each place that it was in."""
        newest: dict[tuple[str, str], Trashed] = {}
        for line in self._read():
            newest.pop((line.path, line.sha256), None)
            newest[line.path, line.sha256] = line
        found = [each for each in newest.values() if (self._place / each.sha256).exists()]
        named = {each.sha256 for each in found}
        found += [each for each in self._unnamed() if each.sha256 not in named]
        return sorted(found, key=lambda each: each.at)[::-1]

    def find(self, start: str) -> Trashed:
        """
        The version whose SHA-256 begins so, at its newest place.

        Raises:
            NotInTrash: There is none, or there is more than one.
        """
        found = [each for each in self.versions() if each.sha256.startswith(start.lower())]
        if not start or len({each.sha256 for each in found}) != 1:
            raise NotInTrash(start, len({each.sha256 for each in found}))
        return found[0]

    def place_of(self, version: Trashed) -> Path:
        """The file that holds a version."""
        return self._place / version.sha256

    # Private methods.

    def _note(self, version: Trashed) -> None:
        self._load()
        fields = {
            "path": version.path,
            "sha256": version.sha256,
            "size": version.size,
            "at": round(version.at, 3),
        }
        with (self._place / INDEX).open("a", encoding="utf-8") as index:
            index.write(json.dumps(fields) + "\n")
        self._lines += 1
        self._count(version)
        self._bound()

    def _count(self, version: Trashed) -> None:
        before = self._kept.pop(version.sha256, None)
        self._size += version.size - (before[0] if before else 0)
        self._kept[version.sha256] = version.size, version.at

    def _load(self) -> None:
        if not self._loaded:
            self._loaded = True
            for version in reversed(self.versions()):
                self._count(version)

    def _bound(self) -> None:
        too_old = time.time() - MAX_SECONDS
        while len(self._kept) > 1:
            sha256, (size, at) = next(iter(self._kept.items()))
            if self._size <= MAX_BYTES and at >= too_old:
                break
            del self._kept[sha256]
            self._size -= size
            (self._place / sha256).unlink(missing_ok=True)
        if self._lines > len(self._kept) + MAX_SPARE_LINES:
            self._tidy()

    def _tidy(self) -> None:
        """Write the index anew, without lines about what is gone."""
        kept = list(reversed(self.versions()))
        fresh = self._place / f"new-{token_hex(8)}"
        with fresh.open("w", encoding="utf-8") as index:
            for each in kept:
                fields = {
                    "path": each.path,
                    "sha256": each.sha256,
                    "size": each.size,
                    "at": each.at,
                }
                index.write(json.dumps(fields) + "\n")
        fresh.replace(self._place / INDEX)
        self._lines = len(kept)

    def _read(self) -> Iterator[Trashed]:
        with suppress(FileNotFoundError), (self._place / INDEX).open(encoding="utf-8") as index:
            for line in index:
                with suppress(ValueError):  # a crash cut it off
                    match json.loads(line):
                        case {"path": str(path), "sha256": str(sha), "size": int(size), "at": at}:
                            if _NAME.fullmatch(sha) and isinstance(at, int | float):
                                yield Trashed(path, sha, size, float(at))
                        case _:
                            pass

    def _unnamed(self) -> Iterator[Trashed]:
        """Versions about which the index says nothing."""
        for entry in self._place.iterdir():
            if _NAME.fullmatch(entry.name):
                status = entry.stat()
                yield Trashed("", entry.name, status.st_size, status.st_mtime)


def _measure(file: Path) -> tuple[str, int]:
    """SHA-256 and size of a file, which may be too large for memory."""
    sha256, size = hashlib.sha256(), 0
    with file.open("rb") as content:
        while block := content.read(_BLOCK):
            sha256.update(block)
            size += len(block)
    return sha256.hexdigest(), size


def aside(file: Path, copy: Path) -> None:
    """Give a file a second name, or make a copy of it where that is not possible."""
    try:
        copy.hardlink_to(file)
    except OSError:
        shutil.copyfile(file, copy)
