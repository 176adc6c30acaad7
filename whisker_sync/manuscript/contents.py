"""
The contents of binary files: which the story needs, which come to this device, which are here.

A document says of a picture only its name and the hash of its content; the content travels
apart. A file can be written as soon as its content is in the journal, and not before.

Which contents come by themselves is this device's choice (chosen.py). What is here already is
kept up to date in any case.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.chosen import Chosen
from whisker_sync.manuscript.disk import Disk
from whisker_sync.manuscript.limits import MAX_ASSET_BYTES
from whisker_sync.manuscript.render import View
from whisker_sync.manuscript.shadow import Content, Picture


class Contents:
    """The binary contents of a story, as one device has and wants them."""

    def __init__(self, view: View, disk: Disk, facts: Mapping[str, bytes]) -> None:
        self._view = view
        self._disk = disk
        self._chosen = Chosen(facts)
        self._held = set(disk.pictures())
        """Those that can be written, because they are in the journal."""

    # What is here.

    def hold(self, contents: Iterable[bytes]) -> set[StoryPath]:
        """Take note that contents, by their SHA-256, are in the journal; return whose they are."""
        held = set(contents)
        self._held |= held
        if not held:
            return set()
        return {path for path, picture in self._pictures() if picture.sha256 in held}

    def is_at_hand(self, content: Content | None) -> bool:
        """Tell whether a file with this content can be written now."""
        return not isinstance(content, Picture) or content.sha256 in self._held

    # What is to come.

    def fetch_up_to(self, size: int | None) -> None:
        """Say how large a binary file may be to come by itself; None: whatever it is."""
        self._chosen.up_to = size

    def fetch(self, paths: Iterable[StoryPath]) -> None:
        """Let binary files come, however large they are."""
        self._chosen.fetch(paths)

    def not_fetched(self) -> dict[StoryPath, int]:
        """Return the binary files that are not here because nobody asked for them, and sizes."""
        if self._chosen.up_to is None:
            return {}
        return {
            path: picture.size
            for path, picture in self._pictures()
            if picture.size <= MAX_ASSET_BYTES and not self._is_wanted(path, picture)
        }

    def wanted(self) -> Iterator[Picture]:
        """Yield the binary files that are to be here."""
        for path, picture in self._pictures():
            if picture.size <= MAX_ASSET_BYTES and self._is_wanted(path, picture):
                yield picture

    def _is_wanted(self, path: StoryPath, picture: Picture) -> bool:
        """Tell whether a binary file comes: what is here already is kept up to date."""
        shadow = self._disk.shadows.get(path)
        is_here = shadow is not None and shadow.disk is not None
        return is_here or self._chosen.wants(path, picture.size)

    def _pictures(self) -> Iterator[tuple[StoryPath, Picture]]:
        for path in self._view.paths():
            if isinstance(content := self._view.content(path), Picture):
                yield path, content

    def news(self) -> list[tuple[str, bytes | None]]:
        """Return the facts to keep that are new."""
        return self._chosen.news()
