"""
How alike two texts are, and the short name of a content.

:func:`digest` decides on every device what is deleted, so all of them must agree
on it for ever: it splits words at the four ASCII blanks only, because what else
counts as a letter or a blank depends on the Unicode tables of the Python that
runs. It begins with its version. :func:`likeness` only helps one device to guess
what its author did.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable

_BLANKS = re.compile(r"[ \t\r\n]+")
_VERSION = "1:"
_DIGEST_BYTES = 6


def words(text: str) -> list[str]:
    """Return the words of a text, split at ASCII blanks."""
    return [word for word in _BLANKS.split(text) if word]


def digest(name: str, tags: Iterable[str], body: str) -> str:
    """
    Return the short name of a passage's content.

    Blank space does not count, so that a formatter does not bring back what
    somebody else deleted.
    """
    tokens = [" ".join(words(name)), *sorted(set(tags)), "", *words(body)]
    return _short("\n".join(tokens).encode())


def asset_digest(sha256: bytes) -> str:
    """Return the short name of a binary file's content."""
    return _short(b"asset\n" + sha256)


def _short(content: bytes) -> str:
    return _VERSION + hashlib.blake2b(content, digest_size=_DIGEST_BYTES).hexdigest()


def likeness(one: list[str], other: list[str]) -> float:
    """Return from 0 to 1 how many pairs of neighbouring words two texts share."""
    if not one or not other:
        return 0.0
    ours, theirs = _shingles(one, other), _shingles(other, one)
    shared = sum((ours & theirs).values())
    return 2 * shared / (ours.total() + theirs.total())


def _shingles(text: list[str], other: list[str]) -> Counter[str]:
    if min(len(text), len(other)) < 4:
        return Counter(text)
    return Counter(f"{first} {second}" for first, second in zip(text, text[1:], strict=False))


def distance(one: list[str], other: list[str]) -> int:
    """Return how many words stand in only one of two texts."""
    ours, theirs = Counter(one), Counter(other)
    return ((ours - theirs) + (theirs - ours)).total()
