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

A birth is four short names: of the content, of the file, of the passage's name, and of its words.
The first is not told of a few words, nor is the last of some more. The name is left out by who has
a passage of that name already, and the words by who has them in any: they may have copied that.
"""

from __future__ import annotations

from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.pieces import Segment
from whisker_sync.story.similarity import passage_digest

TWIN_WORDS = 3
"""Passages with fewer words at birth have no twins once they differ."""

MANY_WORDS = 8
"""So many words tell of themselves what they are, whatever the passage is called."""

_UNTOLD = "-"
"""Stands for what a birth does not say."""


def birth_of(segment: Segment, path: StoryPath, *, name: bool = True, words: bool = True) -> str:
    """Return what a passage that is made now was at birth, with its name and words or without."""
    told = [
        segment.digest if len(segment.words) >= TWIN_WORDS else _UNTOLD,
        _short(path),
        _short(segment.name) if name else _UNTOLD,
        passage_digest("", (), segment.body)
        if words and len(segment.words) >= MANY_WORDS
        else _UNTOLD,
    ]
    return " ".join(told).removesuffix(f" {_UNTOLD}").removesuffix(f" {_UNTOLD}")


def family_of(birth: str) -> str:
    """Return what the births of twins have in common; empty: it has none."""
    content, *rest = birth.split(" ")
    return "" if content == _UNTOLD else " ".join([content, *rest[:1]])


def kin_of(birth: str) -> str:
    """Return what the births of passages have in common that may be one; empty: of none."""
    file_and_name = birth.split(" ")[1:3]
    return (
        " ".join(file_and_name) if _UNTOLD not in file_and_name and len(file_and_name) > 1 else ""
    )


def name_of(birth: str) -> str:
    """Return under which name a passage was made whose author had no other of that; or nothing."""
    return birth.split(" ")[2] if kin_of(birth) else ""


def words_of(birth: str) -> str:
    """Return with which words a passage was made whose author had these nowhere; or nothing."""
    return "".join(birth.split(" ")[3:4])


def is_as_born(birth: str, segment: Segment) -> bool:
    """Tell whether a passage holds what it was born with."""
    return birth.partition(" ")[0] == segment.digest


def is_where_born(birth: str, path: StoryPath | None) -> bool:
    """Tell whether a passage is in a file of the name in which it was born."""
    return path is not None and birth.split(" ")[1:2] == [_short(path)]


def is_named_as_born(birth: str, name: str) -> bool:
    """Tell whether a passage was made under a name, by somebody who had none of that name."""
    return birth.split(" ")[2:3] == [_short(name)]


def is_of_one_file(birth: str, other: str) -> bool:
    """Tell whether two passages were made in files of one name."""
    return birth.split(" ")[1:2] == other.split(" ")[1:2] != []


def _short(name: str) -> str:
    return passage_digest(name, (), "")
