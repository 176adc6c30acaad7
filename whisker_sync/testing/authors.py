"""
Random authors: what people do to Twee files in an editor, with words that are watched.

Each function changes the folder of one machine as it is in that moment. Which file,
passage or place is meant comes as a plain number, taken modulo what is there, so that any
numbers make sense and a failing history can be made shorter by leaving things out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.schema import STORY
from whisker_sync.testing.machine import Machine
from whisker_sync.testing.words import WORD, Words

T = TypeVar("T")

_HEADER = re.compile(r"(?m)^::")
_FOLDERS = ("", "", "part/")


class Author:
    """Somebody who writes at one machine."""

    def __init__(self, machine: Machine, words: Words) -> None:
        self._machine = machine
        self._words = words

    # Inside of a file.

    def write(self, file: int, passage: int, place: int, words: int, cut: int) -> None:
        """Write words into a passage, in place of ``cut`` others."""
        if (path := self._story(file)) is None:
            return
        prologue, passages = _cut(self._machine.text(path))
        if not passages:
            return
        at = passage % len(passages)
        header, _, body = passages[at].partition("\n")
        lines = body.split("\n")
        line = place % len(lines)
        old = lines[line].split(" ")
        start = (place // len(lines)) % (len(old) + 1)
        old[start : start + cut] = self._words.fresh(words).split(" ") if words else []
        lines[line] = " ".join(old)
        passages[at] = f"{header}\n" + "\n".join(lines)
        self._save(path, prologue, passages)

    def grow(self, file: int, place: int) -> None:
        """Add a passage."""
        if (path := self._story(file)) is None:
            return
        prologue, passages = _cut(self._machine.text(path))
        passages.insert(place % (len(passages) + 1), self._passage())
        self._save(path, prologue, passages)

    def shrink(self, file: int, passage: int) -> None:
        """Delete a passage."""
        if (path := self._story(file)) is None:
            return
        prologue, passages = _cut(self._machine.text(path))
        if passages:
            del passages[passage % len(passages)]
            self._save(path, prologue, passages)

    def retitle(self, file: int, passage: int, tag: int) -> None:
        """Give a passage another name and other tags."""
        if (path := self._story(file)) is None:
            return
        prologue, passages = _cut(self._machine.text(path))
        if not passages:
            return
        at = passage % len(passages)
        _, _, body = passages[at].partition("\n")
        tags = ("", " [dark]", " [dark cold]", ' {"position":"1,2"}')[tag % 4]
        passages[at] = f":: {self._words.name()}{tags}\n{body}"
        self._save(path, prologue, passages)

    def shuffle(self, file: int, passage: int, place: int) -> None:
        """Move a passage within its file."""
        if (path := self._story(file)) is None:
            return
        prologue, passages = _cut(self._machine.text(path))
        if passages:
            moved = passages.pop(passage % len(passages))
            passages.insert(place % (len(passages) + 1), moved)
            self._save(path, prologue, passages)

    def carry(self, file: int, passage: int, to: int) -> None:
        """Move a passage to the end of another file; both are saved in the same moment."""
        if (path := self._story(file)) is None or (target := self._story(to)) in {path, None}:
            return
        assert target is not None
        prologue, passages = _cut(self._machine.text(path))
        if not passages:
            return
        moved = passages.pop(passage % len(passages))
        start, others = _cut(self._machine.text(target))
        self._machine.save(path, _join(prologue, passages))
        self._machine.save(target, _join(start, [*others, moved]))

    # Whole files.

    def make(self, name: int) -> None:
        """Make a file, unless there is one of its name."""
        if name % 4 == 3:
            path, text = f"look{name // 4 % 2}.css", f"/* {self._words.fresh(4)} */\n"
        else:
            path = f"{_FOLDERS[name // 4 % 3]}story{name % 4}.twee"
            text = "".join(self._passage() for _ in range(1 + name // 12 % 3))
        if StoryPath(path) in self._machine.folder:
            self._words.excuse(WORD.findall(text))  # they were never saved
        else:
            self._machine.save(path, text)

    def remove(self, file: int) -> None:
        """Remove a text file."""
        if (path := _pick(self._texts(), file)) is not None:
            self._words.changed(self._machine.text(path), "")
            self._machine.save(path, None)

    def rename(self, file: int, name: int) -> None:
        """Give a text file another name."""
        if (path := _pick(self._texts(), file)) is None:
            return
        stem, _, suffix = path.rpartition(".")
        target = StoryPath(f"{stem}{'abc'[name % 3]}.{suffix}")
        if target not in self._machine.folder and len(target) < 40:
            self._machine.save(target, self._machine.folder[path])
            self._machine.save(path, None)

    def draw(self, picture: int, content: int) -> None:
        """Make, change or remove a binary file."""
        path = f"image{picture % 3}.png"
        if content % 4 == 3:
            self._machine.save(path, None)
        else:
            self._machine.save(path, b"\x89PNG\0" + bytes([content % 251]) * (20 + content))

    # From a program.

    def program(self, passage: int, place: int) -> None:
        """Insert a word into a passage through the document, without the file."""
        if not self._machine.is_awake:
            return
        document = self._machine.document(STORY)
        shown = {word for path in self._texts() for word in WORD.findall(self._machine.text(path))}
        bodies = [root for root in sorted(document.roots()) if root.startswith("b:")]
        seen = [root for root in bodies if shown & set(WORD.findall(document.text(root)))]
        if (root := _pick(seen, passage)) is None:
            return
        text, word = document.text(root), self._words.fresh()
        places = [match.start() for match in WORD.finditer(text)]
        with self._machine.edit(STORY, word) as edit:
            edit.insert(root, places[place % len(places)], f"{word} ")

    # Private methods.

    def _texts(self) -> list[StoryPath]:
        return [path for path in sorted(self._machine.folder) if not path.endswith(".png")]

    def _story(self, file: int) -> StoryPath | None:
        return _pick([path for path in self._texts() if path.endswith(".twee")], file)

    def _passage(self) -> str:
        # Long enough to be known again when it is renamed and edited in one save.
        first, second = self._words.fresh(9), self._words.fresh(7)
        return f":: {self._words.name()}\n{first}\n{second}\n\n"

    def _save(self, path: StoryPath, prologue: str, passages: Sequence[str]) -> None:
        after = _join(prologue, passages)
        self._words.changed(self._machine.text(path), after)
        self._machine.save(path, after)


def _pick(things: Sequence[T], number: int) -> T | None:
    return things[number % len(things)] if things else None


def _cut(text: str) -> tuple[str, list[str]]:
    """What is before the first passage, and the passages with their headers."""
    starts = [match.start() for match in _HEADER.finditer(text)]
    if not starts:
        return text, []
    ends = [*starts[1:], len(text)]
    return text[: starts[0]], [text[a:b] for a, b in zip(starts, ends, strict=True)]


def _join(prologue: str, passages: Sequence[str]) -> str:
    text = prologue
    for passage in passages:
        text += passage if not text or text.endswith("\n") else "\n" + passage
    return text
