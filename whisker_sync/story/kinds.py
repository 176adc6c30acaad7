"""
What kind of file something is.

Whether a file is Twee source is decided by its name alone: a file does not stop
being a story because a line of it was mistyped. Whether it is text at all is
decided by what is in it.
"""

from __future__ import annotations

from enum import Enum

from whisker_sync.story.codec import decode

TWEE_ENDINGS = (".twee", ".tw", ".twee2", ".tw2", ".twee3", ".tw3")
"""Ends of the names of Twee files; compared without regard to case."""


class FileKind(Enum):
    """How a file is synced."""

    TWEE = "twee"
    """Passage by passage."""

    TEXT = "text"
    """As one text."""

    BINARY = "binary"
    """As a whole."""


def is_twee(path: str) -> bool:
    """Tell whether a file is Twee source, by its name."""
    return path.lower().endswith(TWEE_ENDINGS)


def file_kind(path: str, content: bytes) -> FileKind:
    """Tell how a file is synced, by its name and what is in it."""
    if decode(content) is None:
        return FileKind.BINARY
    return FileKind.TWEE if is_twee(path) else FileKind.TEXT
