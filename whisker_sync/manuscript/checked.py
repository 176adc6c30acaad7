"""
Two changes of a file that make something nobody can read: one goes beside.

JSON, SVG and a few more (:mod:`whisker_sync.story.wellformed`) merge word by word, like any
text. Mostly that is right. Where it is not, the file is treated as a picture that two people
changed: one version keeps the name, the other stands beside it under a name that says whose it
is and from when.

As with pictures, a register of the file names the newest save and, shortened, those that it
was made from. Of two saves made at once one wins, as with every register. The device whose
author lost takes its author's change out of the text and puts what it had saved beside; the
winner's stays. Only that device does so, so it is done once.

It is done only if the save was whole, the merged text is not, and without the save it is. A
file that its author saved half written is nobody's merge, and is left alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from whisker_sync.errors import UnsafePath
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript import pictures, schema
from whisker_sync.manuscript.files import Problem
from whisker_sync.manuscript.plan import Plan
from whisker_sync.manuscript.render import View
from whisker_sync.manuscript.saves import Saved, Text
from whisker_sync.manuscript.shadow import Content, Page, Piece
from whisker_sync.paths import accept
from whisker_sync.revision import MAX_TIME
from whisker_sync.story.wellformed import MAX_CHECKED, is_checked, is_whole
from whisker_sync.text.edits import Splice, apply
from whisker_sync.text.merge import rebase

CHECKED = "shadow//checked/"
"""What the facts begin with; the path follows. No file has such a path."""

MAX_CHECKED_FILES = 100
"""Files of which the last own save is remembered, newest kept."""

_FORMAT = 1
_SHORT = 8


@dataclass(frozen=True, slots=True)
class _Mine:
    """What was saved here last, of which no other device is known to have seen it."""

    file: str
    """The file's id."""

    base: str
    """What the save was made from."""

    saved: str
    at: int
    """When, in milliseconds since 1970."""

    mark: str
    """How the register of the file calls it."""


class Checked:
    """The saves of files that must be whole."""

    def __init__(self, facts: Mapping[str, bytes]) -> None:
        self._mine: dict[StoryPath, _Mine] = {}
        self._seen: dict[StoryPath, tuple[str, ...]] = {}
        """Of what is on disk: its mark, and those that it was made from."""

        self._news: dict[StoryPath, None] = {}
        for name, fact in facts.items():
            if name.startswith(CHECKED):
                self._recall(name[len(CHECKED) :], fact)

    def _recall(self, name: str, fact: bytes) -> None:
        try:
            path = accept(name)
            match json.loads(fact):
                case [format_, str(file), str(base), str(saved), int(at), str(mark)] if (
                    format_ == _FORMAT and schema.is_id(file) and 0 <= at < MAX_TIME
                ):
                    self._mine[path] = _Mine(file, base, saved, at, mark)
        except (ValueError, RecursionError, UnsafePath):
            pass

    def news(self) -> list[tuple[str, bytes | None]]:
        """Return the facts to keep that changed."""
        paths, self._news = list(self._news), {}
        return [(CHECKED + path, self._fact(path)) for path in paths]

    def _fact(self, path: StoryPath) -> bytes | None:
        if (mine := self._mine.get(path)) is None:
            return None
        form = [_FORMAT, mine.file, mine.base, mine.saved, mine.at, mine.mark]
        return json.dumps(form, ensure_ascii=False, separators=(",", ":")).encode()

    def came(self, path: StoryPath, view: View) -> None:
        """Note that what the document shows is on disk now."""
        if is_checked(path):
            self._seen[path] = _marks(view.content(path), view)

    def saved(
        self,
        batch: Iterable[Saved],
        contents: Mapping[StoryPath, Content | None],
        plan: Plan,
        at: int,
    ) -> None:
        """Remember what the author saved, and let the plan say so in the document."""
        for each in batch:
            if not is_checked(each.path):
                continue
            content, found = contents.get(each.path), each.found
            before = self._seen.pop(each.path, ())
            self._forget(each.path)
            file = _file(content)
            if file is None or not isinstance(found, Text) or len(found.text) > MAX_CHECKED:
                continue
            mark = hashlib.sha256(found.text.encode()).hexdigest()[: 2 * _SHORT]
            marks = (mark, *(each for each in before if each != mark))[: pictures.MAX_BEFORE]
            self._seen[each.path] = marks
            base = _text(each.base)
            if each.first or base == found.text:
                continue
            plan.registers[f"{file}/{schema.SAVED}"] = " ".join(marks)
            if is_whole(each.path, found.text):
                self._mine[each.path] = _Mine(file, base, found.text, at, mark)
                self._news[each.path] = None
                while len(self._mine) > MAX_CHECKED_FILES:
                    self._forget(next(iter(self._mine)))

    def _forget(self, path: StoryPath) -> None:
        if self._mine.pop(path, None) is not None:
            self._news[path] = None

    def put_beside(
        self,
        paths: Iterable[StoryPath],
        view: View,
        person: str,
        is_taken: Callable[[StoryPath], bool],
        fresh_id: Callable[[], str],
    ) -> tuple[Plan, list[Problem]]:
        """Return the edits that put beside what does not go together, and what to say of it."""
        plan, told = Plan(), []
        for path in sorted(path for path in paths if path in self._mine):
            mine, content = self._mine[path], view.content(path)
            if not isinstance(content, Page):
                self._forget(path)
                continue
            if is_whole(path, _text(content)):
                continue
            if not _lost(mine, content, view):
                continue
            beside = pictures.name_beside(path, person, mine.at, is_taken)
            if _take_out(path, mine, content, view, beside, fresh_id, plan):
                self._forget(path)
                told.append(Problem(beside, _two(path, beside)))
        return plan, told


def _take_out(
    path: StoryPath,
    mine: _Mine,
    content: Page,
    view: View,
    beside: StoryPath,
    fresh_id: Callable[[], str],
    plan: Plan,
) -> bool:
    """Plan how the others' version keeps the name; tell whether that makes it whole."""
    texts = {part.id: part.text for part in content.parts if part.piece is Piece.OWN}
    if mine.file not in texts:
        return False
    live = view.own(view.files[mine.file])
    if len(texts) > 1 and not mine.base:
        # Both made a file of this name: ours is a file of its own, and gets another name.
        rest = "".join(text for id_, text in texts.items() if id_ != mine.file)
        if live != mine.saved or not is_whole(path, rest):
            return False
        plan.registers[f"{mine.file}/{schema.PATH}"] = beside
        return True
    back = rebase(mine.saved, mine.base, live)
    if not is_whole(path, apply(live, back)):
        return False
    plan.splice(schema.OWN + mine.file, back)
    id_ = fresh_id()
    plan.registers[f"{id_}/{schema.PATH}"] = beside
    if content.eol != "\n":
        plan.registers[f"{id_}/{schema.EOL}"] = content.eol
    plan.splice(schema.OWN + id_, [Splice(0, 0, mine.saved)])
    return True


def _lost(mine: _Mine, content: Page, view: View) -> bool:
    """Tell whether another save has the name, whose author did not know of ours."""
    files = [part.id for part in content.parts if part.piece is Piece.OWN]
    if len(files) > 1:
        return mine.file != min(files)
    marks = _marks(content, view)
    return bool(marks) and mine.mark not in marks


def _marks(content: Content | None, view: View) -> tuple[str, ...]:
    file = _file(content)
    if file is None or not isinstance(saved := view.files[file].saved, str):
        return ()
    return tuple(saved.split(" ")[: pictures.MAX_BEFORE])


def _file(content: Content | None) -> str | None:
    """The id of the file that a page is, if it is one alone."""
    if not isinstance(content, Page):
        return None
    return next((part.id for part in content.parts if part.piece is Piece.OWN), None)


def _text(content: Content | None) -> str:
    return "".join(part.text for part in content.parts) if isinstance(content, Page) else ""


def _two(path: StoryPath, beside: StoryPath) -> str:
    return (
        f"{path} was changed here and elsewhere at the same time, and the two did not go together; "
        f"theirs is there now, and yours is beside it as {beside}: keep one of them"
    )
