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

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.files import is_lost

Save = tuple[StoryPath, bytes]
"""A file, and what it held."""


class Untold:
    """The saves of one folder that are not told yet."""

    def __init__(self) -> None:
        self._saves: dict[StoryPath, list[bytes]] = {}
        self._turns = Counter[StoryPath]()

    def turns(self, paths: Iterable[StoryPath]) -> Mapping[StoryPath, int]:
        """Return how many turns files have had: they are read now, and then to be kept."""
        return {path: self._turns[path] for path in paths}

    def keep(self, saves: Iterable[Save], since: Mapping[StoryPath, int]) -> list[Save]:
        """Keep what was read; return what had a turn since."""
        late: list[Save] = []
        for path, content in saves:
            if since.get(path) == self._turns[path]:
                self._saves.setdefault(path, []).append(content)
            else:
                late.append((path, content))
        return late

    def take(self, path: StoryPath) -> list[bytes]:
        """It is a file's turn: return what was read of it, oldest first."""
        self._turns[path] += 1
        return self._saves.pop(path, [])

    def paths(self) -> list[StoryPath]:
        """Return the files of which something is kept."""
        return sorted(self._saves)

    def rest(self) -> list[Save]:
        """Return all that is left, in the end."""
        saves, self._saves = self._saves, {}
        return [(path, content) for path, each in saves.items() for content in each]


def whole(saves: Sequence[bytes], last: object) -> list[bytes]:
    """Return the saves before the last that the next does not go on: others were half written."""
    return [
        save
        for save, then in pairwise([*saves, last])
        if isinstance(save, bytes) and is_lost(save, then)
    ]
