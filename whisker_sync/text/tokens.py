"""
The smallest pieces that an author changes: words and punctuation.

A word is whatever is neither blank nor punctuation, so that accents, the signs of
Indic scripts and the joined parts of an emoji stay with what they belong to, also
those that the Unicode tables of this Python do not know. Chinese, Japanese, Thai and
Lao are written without blanks between words: there each character is a word.

What is found here decides how small an edit is, never whether it is right, so
devices need not agree on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

_SINGLE = (
    "\u0e01-\u0eff"  # Thai, Lao
    "\u3005-\u3007\u3041-\u30fa\u30fc-\u30ff\u31f0-\u31ff"  # Kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff"  # Han
)
_OF_SINGLE = (
    "\u0300-\u036f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece"
    "\u3099\u309a\uff9e\uff9f\ufe00-\ufe0f\U000e0100-\U000e01ef"
)
_PUNCTUATION = (
    r"!-/:-@\[-^`{-~"
    "\u00a1-\u00a9\u00ab\u00ac\u00ae-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u00d7\u00f7"
    "\u2010-\u2027\u2030-\u205e\u2190-\u23ff\u2500-\u25ff"
    "\u3001-\u3004\u3008-\u3020\u3030\u303d\u30fb"
    "\uff01-\uff0f\uff1a-\uff20\uff3b-\uff3d\uff3f\uff5b-\uff65"
)
_OF_PUNCTUATION = "\u0300-\u036f\u20d0-\u20ff\ufe00-\ufe0f"
_LETTER = rf"[^\s{_PUNCTUATION}{_SINGLE}]"
_WORD = rf"{_LETTER}+(?:['’]{_LETTER}+)*"

_WORDS = re.compile(rf"({_WORD}|[{_SINGLE}][{_OF_SINGLE}]*)")
_SIGNS = re.compile(rf"([^\s][{_OF_PUNCTUATION}]*)")
_NEITHER = re.compile(rf"[\s{_PUNCTUATION}]")
_MARK = re.compile(rf"[{_OF_PUNCTUATION}]")
_IN_WORD = re.compile(rf"[^\s{_PUNCTUATION}{_OF_PUNCTUATION}]")
_JOINS = re.compile(_LETTER)
_ENDS = ".!?…"
_CLOSING = "\"'”’»)"
_OPENING = "\"'“‘«("


@dataclass(frozen=True, slots=True)
class Tokens:
    """A text, cut."""

    tokens: Sequence[str]
    gaps: Sequence[str]
    """What is before each token, and at last what is behind all."""

    bounds: Sequence[int]
    """Where each gap and each token ends, taking turns."""

    def start(self, n: int) -> int:
        """Return where a token starts; behind the last, where the text ends."""
        return self.bounds[2 * n]

    def end(self, n: int) -> int:
        """Return where a token ends; before the first, where the text starts."""
        return self.bounds[2 * n + 1] if n >= 0 else 0


def words(text: str) -> Tokens:
    """Cut a text into words; blank space and punctuation are gaps."""
    return _cut(_WORDS, text)


def signs(text: str) -> Tokens:
    """Cut a text that has no words into signs of punctuation; blank space is a gap."""
    return _cut(_SIGNS, text)


def is_reworded(one: str, other: str) -> bool:
    """Tell whether two texts differ in more than blanks, line ends, quotes and other signs."""
    return one != other and _only_words(one) != _only_words(other)


def _only_words(text: str) -> list[str]:
    found = _WORDS.findall(text.replace("’", "'"))
    return [each.strip("_") for each in found if each.strip("_")] if "_" in text else found


def is_row_of(few: list[str], many: list[str]) -> bool:
    """Tell whether some words stand in a row among others."""
    ends = range(len(few), len(many) + 1)
    return bool(few) and any(many[end - len(few) : end] == few for end in ends)


def is_within(few: Iterable[str], many: Iterable[str]) -> bool:
    """Tell whether words are among others, in the same order."""
    rest = iter(many)
    return all(word in rest for word in few)


def has_word(text: str) -> bool:
    """Tell whether there is a word in a text, or only blank space and punctuation."""
    return _IN_WORD.search(text) is not None


@lru_cache(maxsize=1024)
def is_sign(character: str) -> bool:
    """Tell whether a character is blank space or punctuation."""
    return _NEITHER.match(character) is not None


def is_mark(character: str) -> bool:
    """Tell whether a character belongs to the sign before it."""
    return _MARK.match(character) is not None


def join(left: str, right: str) -> bool:
    """Tell whether two texts become one word where the second follows the first."""
    return bool(_JOINS.match(left[-1:]) and _JOINS.match(right[:1]))


def is_run_together(left: str, right: str) -> bool:
    """Tell whether a blank is missing where two texts meet: in a word, or behind a sentence."""
    if join(left, right):
        return True
    ends = left.rstrip(_CLOSING)[-1:]
    if ends and ends in _ENDS:
        return bool(_JOINS.match(right.lstrip(_OPENING)[:1]))
    return right[:1] in {"“", "«"} and bool(_JOINS.match(left[-1:]))


def _cut(token: re.Pattern[str], text: str) -> Tokens:
    pieces = token.split(text)
    return Tokens(pieces[1::2], pieces[::2], list(accumulate(map(len, pieces))))
