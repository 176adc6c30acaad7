"""The files of a workspace, and the versions of them that were replaced or removed."""

from __future__ import annotations

from whisker_sync.folder.files import Folder, Kept, Source, content_of, sha256_of
from whisker_sync.folder.trash import Trash, Trashed
from whisker_sync.ids import StoryPath
from whisker_sync.paths import accept

__all__ = [
    "Folder",
    "Kept",
    "Source",
    "StoryPath",
    "Trash",
    "Trashed",
    "accept",
    "content_of",
    "sha256_of",
]
