"""What joining with a folder comes to that has files already; nothing is changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from whisker_sync.errors import UnreadableFile
from whisker_sync.folder.files import Folder
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.files import Large


@dataclass(frozen=True, slots=True)
class Plan:
    """What is in a folder that is joined with, compared with the story."""

    same: tuple[StoryPath, ...]
    """The same in both."""

    here: tuple[StoryPath, ...]
    """Only in the folder: the others get it."""

    there: tuple[StoryPath, ...]
    """Only in the story: it comes into the folder."""

    different: tuple[StoryPath, ...]
    """In both, and not the same: texts are merged, of other files both are kept."""


def compare(folder: Folder, shown: Mapping[StoryPath, bytes]) -> Plan:
    """Compare a folder with the SHA-256 of what the story's files hold; reads all of it."""
    here: dict[StoryPath, bytes] = {}
    for path in sorted(folder.scan()[0]):
        with suppress(UnreadableFile):
            content = folder.read(path)
            if isinstance(content, Large):
                here[path] = content.sha256
            elif content is not None:
                here[path] = hashlib.sha256(content).digest()
    both = here.keys() & shown.keys()
    return Plan(
        same=tuple(sorted(path for path in both if here[path] == shown[path])),
        here=tuple(sorted(here.keys() - both)),
        there=tuple(sorted(shown.keys() - both)),
        different=tuple(sorted(path for path in both if here[path] != shown[path])),
    )
