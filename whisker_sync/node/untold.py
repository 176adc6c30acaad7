"""
Saves that were read at once, and are told when it is their turn.

Reading and writing the author's files takes turns (disk.py), and a file that is new is told only
when it is clear whether it is another one under a new name. Meanwhile somebody may save over it,
and of what was there before nobody would know. So it is read as soon as it is noticed; in its turn
the file is read once more, and if that is another save, both are told.

A turn that comes between, to tell of the file or to write it, makes what was read useless: told
after that, an older save would look as if its author had undone what is newer. It is handed back,
for the trash.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from whisker_sync.folder.watch import Glimpse
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.files import is_lost

Save = tuple[StoryPath, bytes]
"""A file, and what it held."""


class Untold:
    """The saves of one folder that are not told yet; times are of one monotonic clock."""

    def __init__(self) -> None:
        self._saves: dict[StoryPath, list[Glimpse]] = {}
        self._turns: dict[StoryPath, float] = {}  # the last of each file

    def keep(self, seen: Glimpse) -> list[Save]:
        """Keep what was seen; if the file had its turn since, return it instead."""
        if seen.at <= self._turns.get(seen.path, float("-inf")):
            return [(seen.path, seen.content)]
        saves = self._saves.setdefault(seen.path, [])
        if not saves or saves[-1].content != seen.content:
            saves.append(seen)
        return []

    def take(self, path: StoryPath, until: float) -> list[bytes]:
        """It was a file's turn at a time: return what was read of it before, oldest first."""
        self._turns[path] = max(until, self._turns.get(path, until))
        saves = self._saves.pop(path, [])
        if later := [save for save in saves if save.at > until]:
            self._saves[path] = later
        return [save.content for save in saves if save.at <= until]

    def paths(self) -> list[StoryPath]:
        """Return the files of which something is kept."""
        return sorted(self._saves)

    def rest(self) -> list[Save]:
        """Return all that is left, in the end."""
        saves, self._saves = self._saves, {}
        return [(seen.path, seen.content) for each in saves.values() for seen in each]


def whole(saves: Sequence[bytes], last: object) -> list[bytes]:
    """Return the saves before the last that the next does not go on: others were half written."""
    return [
        save
        for save, then in pairwise([*saves, last])
        if isinstance(save, bytes) and is_lost(save, then)
    ]
