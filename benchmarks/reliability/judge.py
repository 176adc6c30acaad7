"""
Says what is wrong with folders that should be the same and hold everything.

Rule 1: a word counts as written when it is in an author's file, and from then on it must
stay: whether the daemon ran, was frozen or dead in that moment is no excuse.

Rule 2: a word may be missing only if an author who replaced a file took it out, by
comparing what really was in that file's place with what the author put there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

WORD = re.compile(r"w\d+x")
"""How watched words are spelled: none is part of another."""

SHOWN = 8
"""Words, or files, that a sentence names."""

Files = Mapping[str, bytes]
"""The author's files by name."""


class Written:
    """All words that were ever written, and what may have become of them."""

    def __init__(self) -> None:
        self.count = 0
        """How many words there are."""

        self._saved: set[str] = set()
        self._erased: set[str] = set()
        self._again: set[str] = set()

    def fresh(self, count: int = 1) -> str:
        """Return new words, with blanks between; they count when they are saved."""
        first = self.count
        self.count += count
        return " ".join(f"w{number}x" for number in range(first, first + count))

    def replaced(self, out: str, after: str) -> None:
        """Note that an author put ``after`` where ``out`` had been in that very moment."""
        before, now = set(WORD.findall(out)), set(WORD.findall(after))
        self._erased |= before - now
        # An author who saves an old version writes words once more that may have moved on.
        self._again |= (now - before) & self._saved
        self._saved |= now

    def judge(self, files: Files) -> list[str]:
        """What is wrong with the words in a folder, in sentences; empty: nothing is."""
        found = Counter(
            word
            for content in files.values()
            for word in WORD.findall(content.decode(errors="replace"))
        )
        lost = [word for word in self._saved - self._erased if not found[word]]
        doubled = [word for word, n in found.items() if n > 1 and word not in self._again]
        unknown = [word for word in found if word not in self._saved]
        wrong = []
        for words, what in (
            (lost, "are lost"),
            (doubled, "are there twice"),
            (unknown, "were written by nobody"),
        ):
            if words:
                wrong.append(f"{len(words)} words {what}: {_some(words)}")
        return wrong


def differences(folders: Mapping[str, Files]) -> list[str]:
    """Which files are not the same in all folders, in sentences."""
    (name, first), *others = folders.items()
    wrong = []
    for other, files in others:
        differing = [path for path in first.keys() | files if first.get(path) != files.get(path)]
        if differing:
            wrong.append(f"{len(differing)} files of {name} and {other} differ: {_some(differing)}")
    return wrong


def complaints(log: Path) -> list[str]:
    """What a daemon wrote to its log that it must never have to write."""
    wrong = []
    for part in sorted(log.parent.glob(f"{log.name}*")):
        text = part.read_text("utf-8", errors="replace")
        for sign in ("Traceback", " ERROR ", " CRITICAL "):
            if (at := text.find(sign)) >= 0:
                wrong.append(f"{part} says: {text[max(0, at - 200) : at + 2000].strip()}")
                break
    return wrong


def files_of(root: Path) -> dict[str, bytes]:
    """The author's files below a folder; those that vanish while we look are left out."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if name.startswith(".whisker/") or not path.is_file():
            continue
        try:
            found[name] = path.read_bytes()
        except FileNotFoundError:
            continue
    return found


def _some(names: list[str]) -> str:
    more = " ..." if len(names) > SHOWN else ""
    return " ".join(sorted(names)[:SHOWN]) + more
