"""
Looking back: what the history says about passages and files.

Functions of revisions, in any order, and of texts as they are today; nothing here reads or
writes anything. What is brought back is an edit like any other: it changes today's text, it
can be taken back the same way, and nobody's history becomes another one.

Revisions are ordered by their times, which come from the clocks of many people. That is good
enough to look at, and nothing else depends on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from whisker_sync.revision import Revision, Version
from whisker_sync.story.twee import parse, parse_header
from whisker_sync.text.edits import diff
from whisker_sync.text.tokens import words


@dataclass(frozen=True, slots=True)
class Tally:
    """How many words came and went."""

    added: int
    removed: int

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.added + other.added, self.removed + other.removed)


@dataclass(frozen=True, slots=True)
class Span:
    """Words of a text that one person wrote."""

    text: str
    revision: Revision | None
    """The save that brought them; None: they are older than the history."""


def in_order(revisions: Iterable[Revision]) -> list[Revision]:
    """Revisions as they were made, oldest first."""
    return sorted(revisions, key=lambda revision: (revision.time, revision.id))


def tally(version: Version) -> Tally:
    """How many words a save brought into a passage and took out of it."""
    before, after = version.before or "", version.text or ""
    added = removed = 0
    for splice in diff(before, after):
        added += _count(splice.insert)
        removed += _count(before[splice.start : splice.end])
    return Tally(added, removed)


def total(revision: Revision) -> Tally:
    """How many words a save brought and took in all."""
    return sum(map(tally, revision.versions), Tally(0, 0))


def stand(revisions: Iterable[Revision]) -> dict[str, Version]:
    """The newest version of everything, by id; what was removed is without text."""
    newest: dict[str, Version] = {}
    for revision in in_order(revisions):
        for version in revision.versions:
            newest[version.id] = version
    return newest


def named(revisions: Iterable[Revision], name: str) -> list[str]:
    """The ids of passages that have, or ever had, a name, or of a file's own text by its path."""
    ids: dict[str, None] = {}
    for revision in reversed(in_order(revisions)):
        for version in revision.versions:
            if name == (version.path if version.name is None else version.name):
                ids[version.id] = None
    return list(ids)


def is_path(revisions: Iterable[Revision], name: str) -> bool:
    """Whether anything ever stood in a file of this name."""
    return any(version.path == name for each in revisions for version in each.versions)


def file_text(versions: Iterable[Version], path: str) -> str | None:
    """The text of a file of which these are the versions; None: there was no such file."""
    inside = [each for each in versions if each.path == path and each.text is not None]
    if not inside:
        return None
    inside.sort(key=lambda each: (each.name is not None, each.place, each.id))
    return joined([each.text or "" for each in inside])


def joined(parts: Sequence[str]) -> str:
    """Texts one behind the other, none running into the header of the next."""
    whole = ""
    for part in parts:
        if whole and part and not whole.endswith("\n"):
            whole += "\n"
        whole += part
    return whole


def put_back(text: str, name: str, passage: str) -> str:
    """
    Return a file's text with a passage, given with its header line, as it was.

    It takes the place of the first passage of that name; if there is none, it stands at the end.
    """
    source = parse(text)
    parts = [source.prologue, *(segment.text for segment in source.passages)]
    for at, segment in enumerate(source.passages, 1):
        if parse_header(segment.header).name == name:
            parts[at] = passage
            break
    else:
        parts.append(passage)
    return joined(parts)


def authors(revisions: Iterable[Revision], id_: str, text: str | None = None) -> list[Span]:
    """
    Who wrote which words of a passage: of its newest version, or of ``text`` as it is today.

    A word belongs to the save that first brought it; what was there before counts as old.
    Saves made apart each began without the words of the other, which are there again in
    what follows: they stay whose they were.
    """
    current = ""
    owners: list[Revision | None] = []
    lost: _Lost = []
    for revision in in_order(revisions):
        for version in revision.versions:
            if version.id == id_ and not revision.milestone:
                # What it began with may hold words that came in no save that we know.
                owners = _passed_on(current, owners, version.before or "", None, lost)
                owners = _passed_on(version.before or "", owners, version.text or "", revision)
                current = version.text or ""
    if text is not None:
        owners = _passed_on(current, owners, text, None, lost)
        current = text
    return _spans(current, owners)


_Lost = list[tuple[str, list["Revision | None"]]]
"""Pieces of text that were not there any more when a save began, and whose they were."""


def _passed_on(
    old: str,
    owners: list[Revision | None],
    new: str,
    revision: Revision | None,
    lost: _Lost | None = None,
) -> list[Revision | None]:
    """Whose each code point is, after a text was edited."""
    passed: list[Revision | None] = []
    at = 0
    gone: _Lost = []
    for splice in diff(old, new):
        passed += owners[at : splice.start]
        passed += _found_again(splice.insert, lost or []) or [revision] * len(splice.insert)
        gone.append((old[splice.start : splice.end], owners[splice.start : splice.end]))
        at = splice.end
    if lost is not None:
        lost += [each for each in gone if each[0].strip()]
    return passed + owners[at:]


def _found_again(text: str, lost: _Lost) -> list[Revision | None] | None:
    """Whose a piece is that was lost before; the latest loss counts."""
    if not text.strip():
        return None
    for piece, owners in reversed(lost):
        at = piece.find(text)
        if at >= 0:
            return owners[at : at + len(text)]
    return None


def _spans(text: str, owners: Sequence[Revision | None]) -> list[Span]:
    spans: list[Span] = []
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or owners[at] is not owners[start]:
            spans.append(Span(text[start:at], owners[start]))
            start = at
    return spans


def _count(text: str) -> int:
    return len(words(text).tokens)
