"""
Small worlds in which two people change one text, and every word can be counted.

No word occurs twice in a text, and nobody writes a word that was there before, so
what a merge must hold can be said word by word.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from random import Random

from whisker_sync.text.merge import three_way

SEPARATORS = (*[" "] * 8, "\n", "\n\n", ", ", ". ", "—", "-", "/", "  ", " (", ') "', "]] [[", "\t")
_WORD = re.compile(r"\w+")


@dataclass(slots=True)
class Text:
    """A text whose words are known: each with what stands before it."""

    begin: list[str]
    words: list[str]
    end: str

    def __str__(self) -> str:
        pairs = zip(self.begin, self.words, strict=True)
        return "".join(blank + word for blank, word in pairs) + self.end

    def copy(self) -> Text:
        return Text(list(self.begin), list(self.words), self.end)


@dataclass(frozen=True, slots=True)
class World:
    base: str
    ours: str
    theirs: str
    merged: str
    lost: frozenset[str]
    glued: frozenset[str]
    doubled: frozenset[str]
    returned: frozenset[str]

    @property
    def violated(self) -> bool:
        return bool(self.lost or self.glued or self.doubled or self.returned)


def a_text(dice: Random, words: int) -> Text:
    begin = ["", *(dice.choice(SEPARATORS) for _ in range(words - 1))][:words]
    return Text(begin, [f"b{n}" for n in range(words)], dice.choice(["", "\n", ".", ".\n"]))


def change(text: Text, dice: Random, name: str, edits: int) -> Text:
    """Return the text after some edits of one author, who keeps words apart."""
    text = text.copy()
    written = 0
    for _ in range(edits):
        at = dice.randrange(len(text.words) + 1)
        count = dice.choice((1, 1, 1, 2, 3, 8))
        new = [f"{name}{written + n}" for n in range(dice.choice((1, 1, 1, 2, 3, 8)))]
        gaps = [dice.choice(SEPARATORS) if dice.random() < 0.3 else " " for _ in new]
        match dice.choice(("insert", "insert", "delete", "replace", "replace", "blank")):
            case "insert":
                written += len(new)
                if at == 0 and text.words:
                    text.begin[0] = dice.choice(SEPARATORS)
                    gaps[0] = ""
                text.words[at:at] = new
                text.begin[at:at] = gaps
            case "delete":
                _delete(text, at, count, dice)
            case "replace":
                written += len(new)
                gaps[0] = text.begin[at] if at < len(text.words) else gaps[0]
                text.words[at : at + count] = new
                text.begin[at : at + count] = gaps
            case _:
                if 0 < at < len(text.words):
                    text.begin[at] = dice.choice(SEPARATORS)
    return text


def _delete(text: Text, at: int, count: int, dice: Random) -> None:
    end = min(at + count, len(text.words))
    if dice.random() < 0.5 and 0 < at < end < len(text.words):
        text.begin[end] = text.begin[at]
    del text.words[at:end], text.begin[at:end]
    if text.begin and at == 0:
        text.begin[0] = ""


def world(dice: Random, words: int = 24, edits: int = 3) -> World:
    """Let two people change one text, and see what became of each word."""
    base = a_text(dice, dice.randrange(words))
    ours = change(base, dice, "ours", dice.randrange(1, edits + 1))
    theirs = change(base, dice, "theirs", dice.randrange(1, edits + 1))
    merged = three_way(str(base), str(ours), str(theirs))
    before, one, other = set(base.words), set(ours.words), set(theirs.words)
    wanted = (one - before) | (other - before) | (before & one & other)
    found = Counter(_WORD.findall(merged))
    missing = {word for word in wanted if not found[word]}
    lost = {word for word in missing if word not in merged}
    return World(
        str(base),
        str(ours),
        str(theirs),
        merged,
        frozenset(lost),
        frozenset(missing - lost),
        frozenset(word for word in wanted if found[word] > 1),
        frozenset(word for word in before - wanted if found[word]),
    )
