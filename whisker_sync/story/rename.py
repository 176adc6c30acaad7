"""
A passage gets another name, and everything that leads to it goes on leading to it.

Only the spelling of the name changes, in the header, in references, and in the start of
``StoryData``; every other byte of the files stays. What cannot be repaired is said: places
where the new name cannot be written, and strings that may mean the passage.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from whisker_sync.errors import AmbiguousPassage, ImpossibleName, NameTaken, NoSuchPassage
from whisker_sync.story.check import STORY_DATA
from whisker_sync.story.data import DEFAULT_START, read_data, with_start
from whisker_sync.story.files import FilePassage, StoryFile, TweeFile
from whisker_sync.story.links.find import may_refer, mentions, references, relink
from whisker_sync.story.twee import Segment, Source, parse_header, rewrite
from whisker_sync.text.edits import apply


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere in a file, line and column from 1."""

    path: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Changed:
    """A file that is to be written anew."""

    path: str
    tree: TweeFile
    """What is to be in it."""

    header: bool
    """Whether the passage itself is in it."""

    references: int
    """How many places in it lead to the passage, and were repaired."""


@dataclass(frozen=True, slots=True)
class Renaming:
    """What a rename does."""

    changed: tuple[Changed, ...]
    left: tuple[Place, ...]
    """References that still lead to the old name: the new one cannot be written there."""

    mentions: tuple[Place, ...]
    """The old name as a string, where we cannot tell whether the passage is meant."""

    start_unsaid: bool
    """The story began with the passage only because it is called Start, and has no readable
    ``StoryData`` that could say otherwise."""


def rename(
    story: Sequence[StoryFile], old: str, new: str, story_format: str | None = None
) -> Renaming:
    """
    Return what has to be written so that the passage ``old`` is called ``new``.

    ``story_format`` says how links are read; None: as ``StoryData`` says.

    Raises:
        NoSuchPassage, AmbiguousPassage: ``old`` is not the name of exactly one passage.
        NameTaken, ImpossibleName: ``new`` cannot be its name.
    """
    _judge(story, old, new)
    story_format = story_format or format_of(story)
    changed: list[Changed] = []
    left: list[Place] = []
    mentioned: list[Place] = []
    for file in story:
        segments: list[Segment] = []
        headers = repaired = 0
        for passage in file.passages:
            if not _concerned(passage, old):
                segments.append(passage.segment)
                continue
            body, count = _repaired(passage, old, new, story_format)
            header = passage.segment.header
            if passage.name == old:
                header = rewrite(header, new, passage.header.tags, passage.header.metadata)
                headers += 1
            segments.append(replace(passage.segment, header=header, body=body))
            repaired += count
            tags = passage.header.tags
            moved = replace(passage, segment=segments[-1])
            found = references(body, story_format, tags)
            left += [_place(file, moved, each.start) for each in found if each.target == old]
            if passage.name != STORY_DATA:
                mentioned += [_place(file, moved, at) for at, _ in mentions(body, old, found)]
        if headers or repaired:
            tree = replace(file.tree, source=Source(file.tree.source.prologue, tuple(segments)))
            changed.append(Changed(file.path, tree, bool(headers), repaired))
    unsaid = old == DEFAULT_START and not any(
        passage.name == STORY_DATA and not read_data(passage.text).broken
        for file in story
        for passage in file.passages
    )
    return Renaming(tuple(changed), tuple(left), tuple(mentioned), unsaid)


def format_of(story: Sequence[StoryFile]) -> str | None:
    """Return the story's format, with its version behind a blank; None: it does not say."""
    return format_of_data(
        passage.text for file in story for passage in file.passages if passage.name == STORY_DATA
    )


def format_of_data(texts: Iterable[str]) -> str | None:
    """Return the format that the last of some ``StoryData`` texts says; None: it does not."""
    said = [read_data(text) for text in texts]
    if not said or not said[-1].format:
        return None
    return f"{said[-1].format} {said[-1].format_version}".strip()


def _judge(story: Sequence[StoryFile], old: str, new: str) -> None:
    """Raise whatever speaks against the rename."""
    named = [(file, passage) for file in story for passage in file.passages]
    places = tuple(f"{file.path}:{each.line}" for file, each in named if each.name == old)
    if not places:
        close = get_close_matches(old, [each.name for _, each in named], 1)
        raise NoSuchPassage(old, close[0] if close else None)
    if len(places) > 1:
        raise AmbiguousPassage(old, places)
    if new != new.strip() or not new:
        raise ImpossibleName(new, "it is empty, or has a blank at one end")
    if parse_header(rewrite("::", new, (), {})).name != new:
        raise ImpossibleName(new, "a name is one line")
    for file, passage in named:
        if passage.name == new:
            raise NameTaken(new, f"{file.path}:{passage.line}")


def _concerned(passage: FilePassage, old: str) -> bool:
    """Tell, quickly, whether a rename can have anything to do with a passage."""
    return passage.name in {old, STORY_DATA} or may_refer(passage.segment.body, old)


def _repaired(
    passage: FilePassage, old: str, new: str, story_format: str | None
) -> tuple[str, int]:
    """Return a passage's body with its references repaired, and how many they were."""
    body = passage.segment.body
    if passage.name == STORY_DATA:
        splices = with_start(body, old, new)
    else:
        splices = relink(body, story_format, old, new, passage.header.tags)
    return apply(body, splices), len(splices)


def _place(file: StoryFile, passage: FilePassage, at: int) -> Place:
    before = passage.segment.body[:at]
    return Place(file.path, passage.line + 1 + before.count("\n"), at - before.rfind("\n"))
