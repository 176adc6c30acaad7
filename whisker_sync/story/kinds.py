"""
Which files are Twee.

By name only: a file must not change its kind because of a character in it. What is
not Twee is other text or, if it is no text, binary; that is for the content to say
(:func:`whisker_sync.story.codec.decode`).
"""

from __future__ import annotations

TWEE = (".twee", ".tw", ".twee3", ".tw3", ".twee2", ".tw2")
"""Endings of Twee source files, compared without regard to case."""


def is_twee(path: str) -> bool:
    """Whether a file is Twee source."""
    return path.casefold().endswith(TWEE)
