"""
The same passage that came to two devices by different ways: one of the two is enough.

Two folders that get one change from a common repository, an archive or a formatter make a
passage each, and both travel. They are told by what they were at birth: the same content,
in a file of the same name, made by different devices. That stays true whatever becomes of
them, so a move or an edit of one of them does not make two of them.

Which one is shown is a function of the document alone: one that was edited since before one
that was not, then one that was moved, then the one with the smaller id. One that is as it
was born holds nothing that the other has not; it is hidden. If several were edited, all are
shown, until the device that made the one with the larger id writes it into the other.

Who copies a passage on purpose does it in sight of the first; the copy says so and is none
of this. Nor are passages of a few words: two people may have the same idea.
"""

from __future__ import annotations

from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.pieces import Segment
from whisker_sync.story.similarity import passage_digest

TWIN_WORDS = 3
"""Passages with fewer words at birth have no twins once they differ."""


def birth_of(segment: Segment, path: StoryPath) -> str | None:
    """Return what a passage that is made now was at birth; None: too little to tell."""
    if len(segment.words) < TWIN_WORDS:
        return None
    return f"{segment.digest} {_place(path)}"


def is_as_born(birth: str, segment: Segment) -> bool:
    """Tell whether a passage holds what it was born with."""
    return birth.partition(" ")[0] == segment.digest


def is_where_born(birth: str, path: StoryPath | None) -> bool:
    """Tell whether a passage is in a file of the name in which it was born."""
    return path is not None and birth.partition(" ")[2] == _place(path)


def _place(path: StoryPath) -> str:
    return passage_digest(path, (), "")
