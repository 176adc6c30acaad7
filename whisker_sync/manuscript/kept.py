"""
Text that was kept although a save did not have it.

A save that was made from an old version misses what others wrote since, and that is
kept. But its author may have deleted just that, on purpose: nobody can tell the two
apart. So it is noted what the save had and what was kept, and the author can say that
the save was meant.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from whisker_sync.errors import UnsafePath
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.pieces import headed
from whisker_sync.manuscript.schema import is_id
from whisker_sync.manuscript.shadow import Page, Piece
from whisker_sync.manuscript.traits import words_of
from whisker_sync.paths import accept
from whisker_sync.revision import MAX_TIME
from whisker_sync.story.twee import Source, parse, render
from whisker_sync.story.twee import segment as cut
from whisker_sync.text.merge import three_way

KEPT = "shadow//kept/"
"""What the facts begin with; the id of the passage follows. No file has such a path."""

MAX_KEPT = 100
"""Passages that are remembered, newest kept."""

MAX_LETTERS = 64 * 1024
"""Letters of a passage above which nothing is noted; it is in the history in any case."""

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Kept:
    """One passage of which more was kept than a save had."""

    id: str
    """The passage's id."""

    path: StoryPath
    saved: str
    """What the save had of it, with its header line; empty: nothing."""

    kept: str
    """What the newest version had that it can have been made from."""

    at: int | None = None
    """When it was saved, in milliseconds since 1970; None: not known."""


class Noted:
    """What was kept against saves, until somebody has seen it."""

    def __init__(self, facts: Mapping[str, bytes]) -> None:
        self._kept = recall(list(facts.items()))
        self._news: dict[str, None] = {}

    def note(self, path: StoryPath, text: str, base: Page, newest: Page, at: int) -> None:
        """Remember what a save misses and is kept; who goes on from the text has seen it."""
        if base is newest:
            for id_ in [each.id for each in self._kept.values() if each.path == path]:
                self._forget(id_)
            return
        for each in missed(path, text, base, newest, at):
            self._kept.pop(each.id, None)
            self._kept[each.id] = each
            self._news[each.id] = None
        while len(self._kept) > MAX_KEPT:
            self._forget(next(iter(self._kept)))

    def _forget(self, id_: str) -> None:
        del self._kept[id_]
        self._news[id_] = None

    def news(self) -> list[tuple[str, bytes | None]]:
        """Return the facts to keep that changed."""
        ids, self._news = list(self._news), {}
        return [(KEPT + i, encode(self._kept[i]) if i in self._kept else None) for i in ids]


def missed(
    path: StoryPath, text: str, base: Page, newest: Page, at: int | None = None
) -> list[Kept]:
    """Return what a save of an older version misses of the newest, passage by passage."""
    before = {part.id: part.text for part in base.parts}
    saved = words_of(text)
    found: list[Kept] = []
    for part in newest.parts:
        if part.piece is not Piece.PASSAGE or len(part.text) > MAX_LETTERS:
            continue
        old = before.get(part.id, "")
        if words_of(part.text) - words_of(old) - saved:
            found.append(Kept(part.id, path, old, part.text, at))
    return found


def as_saved(text: str, kept: Kept) -> str:
    """
    Return the text of a file in which a passage is as its author had saved it.

    A passage that the save did not have goes only if nobody has changed it since.
    """
    source = parse(text)
    name = headed(kept.kept).name
    passages = list(source.passages)
    for i, passage in enumerate(passages):
        if headed(passage.text).name == name:
            if kept.saved:
                passages[i] = cut(three_way(kept.kept, kept.saved, passage.text))
            elif passage.text.split() == kept.kept.split():
                del passages[i]
            break
    return render(Source(source.prologue, tuple(passages)))


def encode(kept: Kept) -> bytes:
    """Return the fact that keeps it."""
    form = [_FORMAT, kept.path, kept.saved, kept.kept, kept.at]
    return json.dumps(form, ensure_ascii=False).encode()


def decode(name: str, fact: bytes) -> Kept | None:
    """Return what a fact says; None: it is damaged."""
    id_ = name.removeprefix(KEPT)
    try:
        match json.loads(fact):
            case [format_, str(path), str(saved), str(kept), *at] if format_ == _FORMAT and is_id(
                id_
            ):
                return Kept(id_, accept(path), saved, kept, _time(at))
    except (ValueError, RecursionError, UnsafePath):
        pass
    return None


def _time(form: list[object]) -> int | None:
    """When it was saved; of before that was noted, nobody knows."""
    match form:
        case [int(at)] if type(at) is int and 0 <= at < MAX_TIME:
            return at
    return None


def recall(facts: Sequence[tuple[str, bytes]]) -> dict[str, Kept]:
    """Return all that is kept, by the id of the passage."""
    found = [decode(name, fact) for name, fact in facts if name.startswith(KEPT)]
    return {kept.id: kept for kept in found if kept is not None}
