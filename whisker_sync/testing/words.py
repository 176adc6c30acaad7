"""
Words that exist once in a world, so that it can be said of each whether it got lost.

Replicas that lost everything are equal, too. So authors write words that nobody wrote
before, and whoever erases one that they saw says so. At the end each word that nobody
erased must be there, and none may be there twice.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

WORD = re.compile(r"w\d+x")
"""How these words are spelled: none is part of another."""


class Words:
    """All words of a world."""

    def __init__(self) -> None:
        self.typed = 0
        """How many there are."""

        self.named = 0
        """How many names were given."""

        self._excused: set[str] = set()

    def fresh(self, count: int = 1) -> str:
        """Return new words, with blanks between."""
        first = self.typed
        self.typed += count
        return " ".join(f"w{number}x" for number in range(first, first + count))

    def name(self) -> str:
        """
        Return a new name.

        Names are not watched: of two given to one thing at the same time one stays.
        """
        self.named += 1
        return f"Name {self.named}"

    def changed(self, before: str, after: str) -> None:
        """Note what somebody who saw ``before`` erased in it."""
        self._excused |= set(WORD.findall(before)) - set(WORD.findall(after))

    def excuse(self, words: Iterable[str]) -> None:
        """Note words that may be missing, for whatever good reason."""
        self._excused |= set(words)

    def judge(self, texts: Iterable[str], *, once: bool = True) -> list[str]:
        """
        What is wrong with the words in texts, in sentences; empty: nothing is.

        With ``once`` no word may be there twice.
        """
        found = _count(texts)
        everything = (f"w{number}x" for number in range(self.typed))
        lost = [w for w in everything if w not in self._excused and not found[w]]
        doubled = _doubled(found)
        wrong = []
        if lost:
            wrong.append(f"{len(lost)} words are lost: {' '.join(lost[:10])}")
        if doubled and once:
            wrong.append(f"{len(doubled)} words are there twice: {' '.join(doubled[:10])}")
        return wrong

    def doubled(self, texts: Iterable[str]) -> int:
        """How many words are in the texts twice."""
        return len(_doubled(_count(texts)))


def _count(texts: Iterable[str]) -> Counter[str]:
    return Counter(word for text in texts for word in WORD.findall(text))


def _doubled(found: Counter[str]) -> list[str]:
    return [word for word, count in sorted(found.items()) if count > 1]
