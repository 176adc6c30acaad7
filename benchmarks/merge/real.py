"""
Real merges: what two authors really did, taken from three directories.

``base`` is what both had, ``ours`` and ``theirs`` what each made of it; only they know what
the right result is. What can be said without them is counted word by word, over all files:
fewer than were left by those who deleted most is *lost*, more than all wrote together is
*too often*, and a header line that stands in none of the three was written by nobody.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.manuscript.world import Author, exchange
from whisker_sync.errors import UnsafePath
from whisker_sync.ids import StoryPath
from whisker_sync.paths import accept
from whisker_sync.story.codec import decode
from whisker_sync.story.similarity import words

Texts = Mapping[StoryPath, str]


@dataclass(frozen=True, slots=True)
class Merge:
    """What became of one merge."""

    files: int
    inserted: int
    """Words that either side added."""

    lost: int
    too_often: int
    headers: int
    """Header lines that nobody wrote."""

    seconds: float

    def __str__(self) -> str:
        return (
            f"{self.files:,} files, {self.inserted:,} words added: {self.lost} lost,"
            f" {self.too_often} too often, {self.headers} header lines that nobody wrote;"
            f" {self.seconds:.2f} s"
        )


def read(directory: Path) -> dict[StoryPath, str]:
    """Return the texts of a directory, those in hidden folders left out."""
    texts: dict[StoryPath, str] = {}
    for file in sorted(directory.rglob("*")):
        relative = file.relative_to(directory)
        if file.is_file() and not any(part.startswith(".") for part in relative.parts):
            try:
                path = accept(relative.as_posix())
            except UnsafePath:
                continue
            content = file.read_bytes()
            if decode(content) is not None:
                texts[path] = content.decode()
    return texts


def merge(base: Texts, ours: Texts, theirs: Texts, *, plain: bool = False) -> Merge:
    """Let two authors who had the base each save their version, and meet."""
    start = time.perf_counter()
    alice, bob = Author(1), Author(2)
    _save(alice, {}, base, plain=plain)
    exchange(alice, bob)
    _save(alice, base, ours, plain=plain)
    _save(bob, base, theirs, plain=plain)
    exchange(alice, bob)
    seconds = time.perf_counter() - start
    if alice.folder != bob.folder:
        raise AssertionError("the folders differ")
    merged = [content.decode() for content in alice.folder.values()]
    counts = [_count(texts.values()) for texts in (base, ours, theirs)]
    found = _count(merged)
    lost = too_often = inserted = 0
    for word in found.keys() | counts[0].keys() | counts[1].keys() | counts[2].keys():
        was, our, their = (count[word] for count in counts)
        added = [max(0, our - was), max(0, their - was)]
        removed = [max(0, was - our), max(0, was - their)]
        inserted += max(added)
        lost += max(0, was - sum(removed) + max(added) - found[word])
        too_often += max(0, found[word] - (was - max(removed) + sum(added)))
    known = {line for texts in (base, ours, theirs) for line in _headers(texts.values())}
    headers = sum(line not in known for line in _headers(merged))
    return Merge(len(alice.folder), inserted, lost, too_often, headers, seconds)


def _save(author: Author, before: Texts, after: Texts, *, plain: bool) -> None:
    ending = ".txt" if plain else ""
    for path in before.keys() - after.keys():
        author.put(path + ending, None)
    for path, text in after.items():
        if before.get(path) != text:
            author.put(path + ending, text.encode())
    author.notice()


def _count(texts: Iterable[str]) -> Counter[str]:
    return Counter(word for text in texts for word in words(text))


def _headers(texts: Iterable[str]) -> list[str]:
    return [
        line.rstrip("\r") for text in texts for line in text.split("\n") if line.startswith("::")
    ]
