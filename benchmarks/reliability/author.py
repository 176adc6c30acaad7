"""
Somebody who edits the files of one folder at random, while a daemon may write there, too.

An editor that saves replaces whatever is there by then. So each save is one exchange of
two files, and what came out of it is what the author really replaced: only by that can it
be said which words this save took out. Where a system has no exchange, the moment between
reading and saving is a guess.

What is documented as not promised is not done: no splitting and joining of passages, no
moving of a passage between files in two saves.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from random import Random

from benchmarks.reliability.diary import Diary
from benchmarks.reliability.judge import WORD, Written
from whisker_sync.folder.swap import exchange

MAX_FILES = 8
"""Twee files in a folder, about; with more, fewer are made."""

MAX_PASSAGES = 14
"""Passages in a file, about; with more, fewer are added."""

LEAST_WORDS = 14
"""Words in a passage from which none are taken: it must be known again when it is renamed."""

_HEADER = re.compile(r"(?m)^::")


class Author:
    """One author; ``beside`` is on the same disk as the folder, and not in it."""

    def __init__(
        self,
        name: str,
        folder: Path,
        beside: Path,
        written: Written,
        dice: Random,
        diary: Diary,
    ) -> None:
        self.edits = 0
        """How many saves, renames and removals there were."""

        self.overtaken = 0
        """How many saves replaced something that the author had not read."""

        self._name = name
        self._folder = folder
        self._beside = beside
        self._written = written
        self._dice = dice
        self._diary = diary
        self._names = 0
        beside.mkdir(exist_ok=True)

    def begin(self, files: int) -> None:
        """Write the first files of a story."""
        for _ in range(files):
            self.make()

    def edit(self) -> None:
        """Do something."""
        self._dice.choices(_ACTIONS, _WEIGHTS)[0](self)

    # What authors do.

    def write(self) -> None:
        """Write some words into a passage, perhaps in place of others."""
        if (path := self._story()) is None or (text := _read(path)) is None:
            return
        before, passages = cut(text)
        if not passages:
            return
        at = self._dice.randrange(len(passages))
        header, _, body = passages[at].partition("\n")
        lines = body.split("\n")
        line = self._dice.randrange(len(lines))
        words = lines[line].split(" ")
        place = self._dice.randrange(len(words) + 1)
        much = len(WORD.findall(body)) > LEAST_WORDS
        gone = self._dice.randrange(4) if much else 0
        words[place : place + gone] = self._written.fresh(self._dice.randrange(1, 4)).split(" ")
        lines[line] = " ".join(words)
        passages[at] = f"{header}\n" + "\n".join(lines)
        self._save(path, text, join(before, passages))

    def grow(self) -> None:
        """Add a passage."""
        if (path := self._story()) is None or (text := _read(path)) is None:
            return
        before, passages = cut(text)
        if len(passages) < MAX_PASSAGES:
            passages.insert(self._dice.randrange(len(passages) + 1), self._passage())
            self._save(path, text, join(before, passages))

    def shrink(self) -> None:
        """Delete a passage."""
        if (path := self._story()) is None or (text := _read(path)) is None:
            return
        before, passages = cut(text)
        if len(passages) > 2:
            del passages[self._dice.randrange(len(passages))]
            self._save(path, text, join(before, passages))

    def retitle(self) -> None:
        """Give a passage another name."""
        if (path := self._story()) is None or (text := _read(path)) is None:
            return
        before, passages = cut(text)
        if passages:
            at = self._dice.randrange(len(passages))
            passages[at] = f":: {self._title()}\n{passages[at].partition(chr(10))[2]}"
            self._save(path, text, join(before, passages))

    def shuffle(self) -> None:
        """Move a passage within its file."""
        if (path := self._story()) is None or (text := _read(path)) is None:
            return
        before, passages = cut(text)
        if passages:
            moved = passages.pop(self._dice.randrange(len(passages)))
            passages.insert(self._dice.randrange(len(passages) + 1), moved)
            self._save(path, text, join(before, passages))

    def make(self) -> None:
        """Make a file."""
        if len(self._stories()) < MAX_FILES:
            path = self._folder / self._dice.choice(("", "part")) / f"{self._fresh_name()}.twee"
            self._save(path, None, "".join(self._passage() for _ in range(4)))

    def rename(self) -> None:
        """Give a file another name."""
        if (path := self._story()) is not None:
            target = path.with_name(f"{self._fresh_name()}.twee")
            try:
                path.rename(target)
            except FileNotFoundError:
                return
            self._done(f"renames {path.name} to {target.name}")

    def remove(self) -> None:
        """Remove a file."""
        if len(self._stories()) > 3 and (path := self._story()) is not None:
            aside = self._beside / "removed"
            try:
                path.rename(aside)
            except FileNotFoundError:
                return
            self._written.replaced(aside.read_text("utf-8"), "")
            self._done(f"removes {path.name}")

    def draw(self) -> None:
        """Make or change a picture."""
        picture = self._folder / f"picture-{self._dice.randrange(3)}.png"
        beside = self._beside / "picture"
        beside.unlink(missing_ok=True)
        beside.write_bytes(b"\x89PNG\0" + self._dice.randbytes(self._dice.randrange(1, 4000)))
        beside.replace(picture)
        self._done(f"draws {picture.name}")

    # Saving.

    def _save(self, path: Path, read: str | None, after: str) -> None:
        """Put ``after`` where ``read`` was found."""
        beside = self._beside / "saved"
        # A new file each time: a daemon may be stopped while it reads the one that came out.
        beside.unlink(missing_ok=True)
        beside.write_bytes(after.encode())
        out = _swap(beside, path) if read is not None else _place(beside, path)
        if out is None:
            return  # the file is gone: this save never happened
        overtakes = read is not None and out != read
        self.overtaken += overtakes
        self._written.replaced(out, after)
        before, now = WORD.findall(out), WORD.findall(after)
        gone = [word for word in before if word not in now]
        new = [word for word in now if word not in before]
        how = " over an unread version" if overtakes else ""
        self._done(f"saves {path.name}{how}, +{' '.join(new)} -{' '.join(gone)}")

    def _done(self, what: str) -> None:
        self.edits += 1
        self._diary.note(self._name, what)

    # What there is.

    def _stories(self) -> list[Path]:
        found = [path for path in self._folder.rglob("*.twee") if ".whisker" not in path.parts]
        return sorted(found)

    def _story(self) -> Path | None:
        stories = self._stories()
        return self._dice.choice(stories) if stories else None

    def _fresh_name(self) -> str:
        self._names += 1
        return f"{self._name}-{self._names}"

    def _title(self) -> str:
        return f"Room {self._fresh_name()}"

    def _passage(self) -> str:
        # Long enough to be known again when it is renamed and edited between two looks.
        first, second = self._written.fresh(9), self._written.fresh(9)
        return f":: {self._title()}\n{first}\n{second}\n\n"


_ACTIONS: tuple[Callable[[Author], None], ...] = (
    Author.write, Author.grow, Author.shrink, Author.retitle, Author.shuffle,
    Author.make, Author.rename, Author.remove, Author.draw,
)  # fmt: skip
_WEIGHTS = (40, 8, 4, 4, 4, 4, 3, 2, 2)


def cut(text: str) -> tuple[str, list[str]]:
    """What is before the first passage, and the passages with their headers."""
    starts = [match.start() for match in _HEADER.finditer(text)]
    if not starts:
        return text, []
    ends = [*starts[1:], len(text)]
    return text[: starts[0]], [text[a:b] for a, b in zip(starts, ends, strict=True)]


def join(before: str, passages: list[str]) -> str:
    """The text of a file, with each header at the beginning of a line."""
    text = before
    for passage in passages:
        text += passage if not text or text.endswith("\n") else "\n" + passage
    return text


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None


def _place(beside: Path, path: Path) -> str | None:
    """Put a new file into place; what was there: nothing."""
    path.parent.mkdir(exist_ok=True)
    try:
        os.link(beside, path)
    except FileNotFoundError:  # the daemon took the empty folder away meanwhile
        return None
    beside.unlink()
    return ""


def _swap(beside: Path, path: Path) -> str | None:
    """Put a file into the place of another; return what that held, None if it is gone."""
    if exchange(beside, path):
        return beside.read_bytes().decode()
    held = _read(path)
    if held is not None:
        beside.replace(path)
    return held
