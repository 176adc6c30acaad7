"""
The same passage that came to two devices by different ways: one of the two is enough.

Two folders that get one change from a common repository, an archive or a formatter make a
passage each. If it is the same to the letter, in a file that was there, it is one from the start
(imprint.py). Else both travel. They are told by what they were at birth: the same content,
in a file of the same name, made by different devices. That stays true whatever becomes of
them, so a move or an edit of one of them does not make two of them.

Which one is shown is a function of the document alone: one that was edited since before one
that was not, then one that was moved, then the one with the smaller id. One that is as it
was born holds nothing that the other has not; it is hidden. If several were edited, all are
shown, until the device that made the one with the larger id writes it into the other.

An author may write in one of them before their device looks at all. Then the two differ at
birth; but they were made with one name, in a file of one name, and none of them in sight of the
other. Those are *akin*, and become one if their words still tell that they are; see kin.py.

Who copies a passage on purpose does it in sight of the first; the copy says so and is none
of this. Nor are passages of a few words twins: two people may have the same idea.

A birth is three short names: of the content, of the file, and of the passage's name. The
first is not told of a few words. The last is left out by who has a passage of that name
already: they may have copied that.
"""

from __future__ import annotations

from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.pieces import Segment
from whisker_sync.story.similarity import passage_digest

TWIN_WORDS = 3
"""Passages with fewer words at birth have no twins once they differ."""

_UNTOLD = "-"
"""The content of so few words, in a birth: somebody may have split off the others."""

_KIN = 2
"""Blanks in a birth that says under which name, too."""


def birth_of(segment: Segment, path: StoryPath) -> str:
    """Return what a passage that is made now was at birth."""
    content = segment.digest if len(segment.words) >= TWIN_WORDS else _UNTOLD
    return f"{content} {_short(path)} {_short(segment.name)}"


def family_of(birth: str) -> str:
    """Return what the births of twins have in common; empty: it has none."""
    content, *rest = birth.split(" ")
    return "" if content == _UNTOLD else " ".join([content, *rest[:1]])


def kin_of(birth: str) -> str:
    """Return what the births of passages have in common that may be one; empty: of none."""
    return " ".join(birth.split(" ")[1:]) if birth.count(" ") == _KIN else ""


def name_of(birth: str) -> str:
    """Return under which name a passage was made whose author had no other of that; or nothing."""
    return birth.split(" ")[2] if kin_of(birth) else ""


def is_as_born(birth: str, segment: Segment) -> bool:
    """Tell whether a passage holds what it was born with."""
    return birth.partition(" ")[0] == segment.digest


def is_where_born(birth: str, path: StoryPath | None) -> bool:
    """Tell whether a passage is in a file of the name in which it was born."""
    return path is not None and birth.split(" ")[1:2] == [_short(path)]


def is_named_as_born(birth: str, name: str) -> bool:
    """Tell whether a passage was made under a name, by somebody who had none of that name."""
    return birth.split(" ")[2:] == [_short(name)]


def is_of_one_file(birth: str, other: str) -> bool:
    """Tell whether two passages were made in files of one name."""
    return birth.split(" ")[1:2] == other.split(" ")[1:2] != []


def _short(name: str) -> str:
    return passage_digest(name, (), "")
