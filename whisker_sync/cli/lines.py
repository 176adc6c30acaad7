"""
Sentences as lines of a terminal: broken between words, in letters that it has.

Rule: only what is shown to people on a terminal is broken. What goes into a file or another
program, what a screen reader speaks, and what is to be copied stays in one piece.
"""

from __future__ import annotations

import unicodedata

DEEPER = "  "
"""Stands before each line that goes on with the one above."""

_SIMPLE = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "…": "...", "–": "-", "—": "-"})


def wrapped(line: str, columns: int) -> list[str]:
    """
    A line as lines of at most ``columns``, broken at spaces.

    What has none and is longer, such as a path, stays whole. Lines that go on are indented
    a little deeper than the first.
    """
    if width(line) <= columns:
        return [line]
    indent = line[: len(line) - len(line.lstrip(" "))]
    words = line[len(indent) :].split(" ")
    lines, now = [], indent + words[0]
    for word in words[1:]:
        if width(now) + 1 + width(word) <= columns:
            now += f" {word}"
        else:
            lines.append(now.rstrip(" "))
            now = indent + DEEPER + word
    return [*lines, now]


def width(text: str) -> int:
    """Columns that a text takes on a terminal (Unicode Standard Annex 11)."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def simple(text: str, encoding: str) -> str:
    """A text in the letters of an encoding: plain quotes for fine ones, ``?`` for what it lacks."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_SIMPLE).encode(encoding, "replace").decode(encoding)
    return text


def _columns(letter: str) -> int:
    if unicodedata.combining(letter) or unicodedata.category(letter) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in {"W", "F"} else 1
