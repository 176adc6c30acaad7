"""
Which files must be written so that they hold what the document shows.

At most one write for a path is asked for at a time, so none is ever based on a guess about the
one before; each says what it expects to find, and whoever carries it out leaves anything else
alone. Nothing is written where the author has something that we left out or have not taken in
yet, nor a file whose name some system would take for that of another one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.arrivals import Arrivals
from whisker_sync.manuscript.contents import Contents
from whisker_sync.manuscript.disk import Disk
from whisker_sync.manuscript.files import Problem, WriteAsset, WriteFile
from whisker_sync.manuscript.formatters import Formatters
from whisker_sync.manuscript.limits import MAX_ASSET_BYTES
from whisker_sync.manuscript.render import View
from whisker_sync.manuscript.shadow import Content, Picture, Shadow, sha256_of
from whisker_sync.paths import same_as

Write = WriteFile | WriteAsset


class Settling:
    """What is on disk, compared with what is to be there."""

    def __init__(
        self,
        view: View,
        disk: Disk,
        contents: Contents,
        arrivals: Arrivals,
        formatters: Formatters,
    ) -> None:
        self._view = view
        self._disk = disk
        self._contents = contents
        self._arrivals = arrivals
        self._formatters = formatters

    def settle(self, paths: Collection[StoryPath]) -> tuple[list[Write], list[Problem]]:
        """Return the writes that make files what they must be, and what keeps some from it."""
        names = self._names(paths)
        told: list[Problem] = []
        settled = [self._settle(path, names, told) for path in sorted(paths)]
        writes = [write for write in settled if write is not None]
        # Files that go come first: on some systems the new name may be the same as the old.
        writes.sort(key=lambda each: not (isinstance(each, WriteFile) and each.content is None))
        return writes, [*told, *self._view.problems()]

    def _settle(
        self, path: StoryPath, names: Mapping[str, set[StoryPath]], told: list[Problem]
    ) -> Write | None:
        """Compare a path with what it must hold; return the write that makes them the same."""
        want = self._view.content(path)
        shadow = self._disk.shadows.setdefault(path, Shadow())
        if shadow.waiting or path in self._disk.left_out or path in self._arrivals:
            return None
        want = self._formatters.here(path, want, shadow.disk)
        if sha256_of(want) == sha256_of(shadow.disk):
            shadow.rest(want)
            return None
        if shadow.disk is None and (other := self._clash(path, names[same_as(path)])):
            told.append(Problem(path, _differs_in_spelling(path, other)))
            return None
        if not self._contents.is_at_hand(want):
            return None
        if isinstance(want, Picture) and want.size > MAX_ASSET_BYTES:
            return None
        return self._ask(path, want, sha256_of(shadow.disk))

    def bring(self, path: StoryPath, found: bytes | None) -> Write:
        """Write a file over what was ``found`` there (its SHA-256), although that was left out."""
        self._disk.left_out.discard(path)
        return self._ask(path, self._view.content(path), found)

    def _ask(self, path: StoryPath, want: Content | None, expected: bytes | None) -> Write:
        self._disk.shadows.setdefault(path, Shadow()).ask(want)
        if isinstance(want, Picture):
            return WriteAsset(path, want.sha256, expected, want.list)
        return WriteFile(path, None if want is None else want.data(), expected)

    # Names that some system takes for the same.

    def _names(self, paths: Collection[StoryPath]) -> Mapping[str, set[StoryPath]]:
        """Return the names on disk, as far as one about to come there may be the same."""
        names: defaultdict[str, set[StoryPath]] = defaultdict(set)
        shadows = self._disk.shadows
        if all((shadow := shadows.get(path)) and shadow.disk for path in paths):
            return names
        for path, shadow in shadows.items():
            if shadow.disk is not None or shadow.staged is not None:
                names[same_as(path)].add(path)
        return names

    def _clash(self, path: StoryPath, names: set[StoryPath]) -> StoryPath | None:
        """Return the file on disk that some system takes for the same as one of this name."""
        for other in sorted(names - {path}):
            if self._view.content(other) is not None:
                return other
        names.add(path)
        return None


def _differs_in_spelling(path: StoryPath, other: StoryPath) -> str:
    return (
        f"{path} is not written here: it differs from {other} only in capital letters or in "
        "how accents are spelled, which makes it the same file on Windows or macOS; both are "
        "kept, so rename one of them"
    )
