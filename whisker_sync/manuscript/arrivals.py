"""
Saves that wait for the answer to a write of ours.

A save found while a write for its path is on its way was made before it or after it, and only
the answer to the write tells. Until then it waits, and all that happened together with it, or a
passage moved between two files would appear in one long before it vanished from the other.

Nobody waits for ever: after a while the saves go ahead, whatever became of the write. So they do
when one of them is saved over: it would be lost.
"""

from __future__ import annotations

from collections.abc import Iterable

from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.disk import Disk
from whisker_sync.manuscript.files import FileSeen, is_lost
from whisker_sync.manuscript.limits import PATIENCE_SECONDS
from whisker_sync.manuscript.shadow import sha256_of


class Arrivals:
    """Files that were found, until it is clear what they answer to."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._waiting: dict[StoryPath, FileSeen] = {}
        self.since = 0.0
        """When the oldest of what came out last, or waits, was found."""

        self._told = 0.0  # when it was told
        self._is_late = False

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def __contains__(self, path: StoryPath) -> bool:
        return path in self._waiting

    def clear(self) -> None:
        """Forget what waits: the whole folder is about to be found again."""
        self._waiting.clear()

    def are_overtaken(self, files: Iterable[FileSeen]) -> bool:
        """Tell whether something else was found of a file that waits; then all go ahead."""
        waiting = [(self._waiting.get(seen.path, seen).content, seen.content) for seen in files]
        self._is_late = any(is_lost(save, then) for save, then in waiting)
        return self._is_late

    def unchanged(self, files: Iterable[FileSeen]) -> list[StoryPath]:
        """Return the files that somebody saved as they were."""
        return [
            seen.path
            for seen in files
            if (shadow := self._disk.shadows.get(seen.path)) is not None
            and seen.content is not None
            and sha256_of(seen.content) == sha256_of(shadow.disk)
        ]

    def news(
        self, files: Iterable[FileSeen], now: float, since: float | None = None
    ) -> dict[StoryPath, FileSeen]:
        """
        Return what was found that we neither knew nor put there; nothing while it waits.

        ``since``: when the oldest of it was found, if that was before now.
        """
        found = self._waiting | {seen.path: seen for seen in files}
        news = {
            path: seen
            for path, seen in found.items()
            if self._disk.is_news(path, sha256_of(seen.content), now)
        }
        shadows = self._disk.shadows
        waits = any(path in shadows and shadows[path].waiting for path in news)
        if not self._waiting:
            self.since, self._told = now if since is None else since, now
        is_late, self._is_late = self._is_late or now - self._told >= PATIENCE_SECONDS, False
        if waits and not is_late:
            # Whatever is known of reading is not about the write that is on its way; but where
            # nothing is there any more, that will not be carried out.
            self._waiting = {
                path: seen if seen.content is None else FileSeen(path, seen.content)
                for path, seen in news.items()
            }
            return {}
        self._waiting = {}
        return news
