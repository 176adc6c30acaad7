"""
Which binary files come to this device by themselves, and which were chosen by its user.

Films and sounds may be large, and not every device needs them. A device can say up to which
size a binary file comes by itself. A larger one is not there until its user wants it, and
nothing else is different: it is a file of the story, others have it, and a change of its name or
content is taken note of. Once it is here it is kept up to date like any other.

What was chosen is kept in the journal under ``shadow//fetch/<path>``, so that what began to come
goes on after a restart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from whisker_sync.errors import UnsafePath
from whisker_sync.ids import StoryPath
from whisker_sync.paths import accept

FETCH = "shadow//fetch/"
"""What the facts begin with; the path follows. No file has such a path."""


class Chosen:
    """The choice of one device."""

    def __init__(self, facts: Mapping[str, bytes]) -> None:
        self.up_to: int | None = None
        """Bytes up to which a binary file comes by itself; None: whatever it has."""

        self._paths: set[StoryPath] = set()
        self._news: list[StoryPath] = []
        for name in facts:
            if name.startswith(FETCH):
                with suppress(UnsafePath):
                    self._paths.add(accept(name[len(FETCH) :]))

    def wants(self, path: StoryPath, size: int) -> bool:
        """Tell whether a binary file is to come."""
        return self.up_to is None or size <= self.up_to or path in self._paths

    def fetch(self, paths: Iterable[StoryPath]) -> None:
        """Choose files, however large they are."""
        new = set(paths) - self._paths
        self._paths |= new
        self._news += sorted(new)

    def news(self) -> list[tuple[str, bytes | None]]:
        """Return the facts to keep that are new."""
        paths, self._news = self._news, []
        return [(FETCH + path, b"") for path in paths]
