"""
Saves of files, and what was found out about each of a batch by comparing it with its base.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.cutting import Group, cut
from whisker_sync.manuscript.pieces import Segment, distribute, segment_of
from whisker_sync.manuscript.shadow import Content, Page, Part, Piece, runs_of
from whisker_sync.story.codec import Eol
from whisker_sync.story.kinds import is_twee


@dataclass(frozen=True, slots=True)
class Text:
    """The text file that was found."""

    text: str
    eol: Eol
    bom: bool
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Blob:
    """The binary file that was found."""

    sha256: bytes
    size: int
    list: bytes = b""
    """SHA-256 of the list of its chunks; empty: it is one asset."""


Found = Text | Blob


@dataclass(frozen=True, slots=True)
class Saved:
    """One file of a batch, with the version that the save was made from."""

    path: StoryPath
    found: Found | None
    """None: the file is gone."""

    base: Content | None
    """None: there was no such file."""

    newest: Page | None = None
    """What was on disk, if the save was made from an older version; None: it was not."""

    unseen: frozenset[str] = frozenset()
    """Passages of the base that came with our last write, perhaps after the save."""

    first: bool = False
    """The base is only what may have been there: nobody knows what the author saw."""

    again: bool = False
    """The first time, but of a journal that was put back: passages are known under other names."""

    back: bool = False
    """The author had taken the file away and brings it back."""

    was: StoryPath | None = None
    """The path that the file had until now; None: the same."""

    @property
    def origin(self) -> StoryPath:
        """The path under which the base was seen."""
        return self.path if self.was is None else self.was


@dataclass(frozen=True, slots=True)
class Moment:
    """When a batch of saves is taken in."""

    now: float = 0.0
    """Seconds, on a clock that never goes back."""

    at: int = 0
    """Milliseconds since 1970, for display."""

    since: float = 0.0
    """When the oldest of the batch was found; it may have waited for the answer to a write."""


@dataclass(frozen=True, slots=True)
class Had:
    """What the author had before a batch of saves."""

    contents: Mapping[StoryPath, Content]
    """What each file held."""

    earlier: Mapping[StoryPath, tuple[Page, ...]]
    """What was there before, oldest first, and may be in an editor still."""


@dataclass(frozen=True, slots=True)
class Landing:
    """A file that holds what the document says, by our write or by its author's hand."""

    path: StoryPath
    gone: tuple[tuple[Part, ...], ...]
    """Passages that were there, each with what continued it."""

    came: tuple[tuple[Part, ...], ...]
    """Passages that were not there."""

    by_author: bool = False
    """It was certainly by its author's hand."""


@dataclass(slots=True, eq=False)
class Sheet:
    """A saved text file being compared with its base."""

    saved: Saved
    text: Text | None
    own: list[Part] = field(default_factory=list)
    """What of the base lies outside of passages."""

    groups: list[Group] = field(default_factory=list)
    beginning: str = ""
    fresh: list[Segment] = field(default_factory=list)
    match: list[int | None] = field(default_factory=list)
    split: dict[int, int] = field(default_factory=dict)
    """Segments that were split off from a group, which comes before them."""

    arrived: dict[int, list[Part]] = field(default_factory=dict)
    """Segments that are passages from elsewhere: of another file, or brought back."""

    missed: list[Group] = field(default_factory=list)
    """What a newer version than the base has and the save has not: unseen, or cut."""

    gone: list[Group] | None = None
    """What a co-author took away and the author, too, perhaps; None: this is a save."""

    known: bool = False
    """The author certainly did."""

    left: set[int] = field(default_factory=set)
    """Groups that went to another file, or into another group."""

    hidden: list[str] = field(default_factory=list)
    """Passages whose header was deleted."""

    files: list[str] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    """What the file holds now, and whose text each part is."""

    ids: list[list[str]] = field(default_factory=list)

    def vanished(self) -> list[int]:
        """Return the groups that are not in the save, and nowhere else as far as we know."""
        matched = {*self.match, *self.left}
        return [i for i in range(len(self.groups)) if i not in matched]

    def appeared(self) -> list[int]:
        """Return the segments that are new, or may be although our last write has them, too."""
        unseen = self.saved.unseen
        return [
            i
            for i, old in enumerate(self.match)
            if i not in self.split
            if old is None or (unseen and self.groups[old].parts[0].id in unseen)
        ]

    def returned(self) -> list[int]:
        """
        Return the segments that show what co-authors have taken out of the file since its base.

        The save may be of old text, or its author has pasted them here again.
        """
        newest = self.saved.newest
        if newest is None:
            return []
        still = {part.id for part in newest.parts}
        return [
            i
            for i, old in enumerate(self.match)
            if old is not None and self.groups[old].parts[0].id not in still
        ]

    def has_lost(self, id_: str) -> bool:
        """Tell whether co-authors had taken a passage out of the file before it was saved."""
        newest = self.saved.newest
        return newest is not None and all(part.id != id_ for part in newest.parts)

    def original(self, segment: Segment) -> str | None:
        """Return the passage that a new one is a copy of, made on purpose in the same file."""
        for group in self.groups:
            if group.segment.name == segment.name and group.segment.digest == segment.digest:
                return group.parts[0].id
        return None

    def seen(self) -> set[str]:
        """Return the passages that the author has seen in this file."""
        return {part.id for group in self.groups for part in group.parts}

    def let_go(self, i: int) -> None:
        """Note that a segment is not what it was matched with, and that this is elsewhere."""
        there = self.match[i]
        assert there is not None
        self.left.add(there)
        self.match[i] = None

    def depart(self, ids: Collection[str]) -> None:
        """Note that passages are in another file now; what was joined to them may not be."""
        for i in self.vanished():
            parts = self.groups[i].parts
            if parts[0].id not in ids:
                continue
            if still := [part for part in parts if part.id not in ids]:
                self.groups[i] = Group(still)
            else:
                self.left.add(i)
        if any(part.id in ids for part in self.own):
            left = distribute([part.text for part in self.own], self.beginning)
            self.own = [
                part
                for part, text in zip(self.own, left, strict=True)
                if part.id not in ids or text.strip()
            ]
        self.missed = [group for group in self.missed if group.parts[0].id not in ids]
        if self.gone is not None:
            self.gone = [group for group in self.gone if group.parts[0].id not in ids]


def compared(saved: Saved, base: Page | None, text: Text | None) -> Sheet:
    """Lay a save next to the version it was made from; None as ``text``: the file is gone."""
    sheet = Sheet(saved, text)
    eol = text.eol if text is not None else base.eol if base is not None else "raw"
    twee = is_twee(saved.path) or is_page(eol)
    for part in base.parts if base else ():
        if part.piece is Piece.OWN:
            sheet.files.append(part.id)
        if part.piece is Piece.PASSAGE and twee:
            sheet.groups.append(Group([part]))
        elif part.piece is Piece.OWN or not sheet.groups:
            sheet.own.append(part)
        else:
            sheet.groups[-1].parts.append(part)
    if text is not None and twee:
        found = cut(sheet.own, sheet.groups, text.text, renames=not saved.first or saved.again)
        sheet.beginning, sheet.fresh, sheet.match = found.beginning, found.fresh, found.match
        sheet.left |= found.absorbed
        sheet.split = found.split
        sheet.hidden = found.hidden
        if saved.newest is not None:
            sheet.missed = missed(sheet, saved.newest)
    elif text is not None:
        sheet.beginning = text.text
    return sheet


def is_page(eol: Eol) -> bool:
    """Tell whether a file is a page of Twine's, spelled as passages."""
    return eol == "html"


def landed(landing: Landing) -> Sheet:
    """Return what is to know about a file that needs no edit."""
    unseen = frozenset(parts[0].id for parts in landing.came)
    sheet = Sheet(Saved(landing.path, None, None, unseen=unseen), None)
    sheet.gone, sheet.known = [Group([*parts]) for parts in landing.gone], landing.by_author
    sheet.groups = [Group([*parts]) for parts in landing.came]
    sheet.fresh = [group.segment for group in sheet.groups]
    sheet.match = [*range(len(sheet.groups))]
    return sheet


def missed(sheet: Sheet, newest: Page) -> list[Group]:
    """Return the passages of a newer version than the base that a save has not."""
    before = {part.id: part.text for group in sheet.groups for part in group.parts}
    gone = {part.id for i in sheet.vanished() for part in sheet.groups[i].parts}
    runs = runs_of(newest)
    names = Counter(segment_of(run[0]).name for run in runs)
    names -= Counter(segment.name for segment in sheet.fresh)
    groups: list[Group] = []
    for run in runs:
        head, name = run[0], segment_of(run[0]).name
        if all(before.get(part.id) == part.text for part in run):
            continue
        if head.id in gone or (head.id not in before and names[name]):
            groups.append(Group(run))
    return groups
