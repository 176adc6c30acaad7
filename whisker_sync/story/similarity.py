"""
How alike two texts are, and a short name for the content of a passage.

:func:`passage_digest` decides on every device what is deleted, so all of them
must agree for ever: words are split at the four ASCII blanks only, because what
else counts as a letter or a blank depends on the Unicode tables of the Python
that runs. Its value begins with the version of the rule.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import TypeVar

MIN_WORDS_FOR_PAIRS = 4
"""Texts with fewer words are compared by single words: they have too few pairs."""

_Unit = TypeVar("_Unit")
_DIGEST_VERSION = "d1:"
_DIGEST_BYTES = 6


def words(text: str) -> list[str]:
    """Return the words of a text, split at space, tab and line ends only."""
    # Much quicker than one translation of all three, where a letter is not ASCII.
    for blank in "\t\r\n":
        text = text.replace(blank, " ")
    return list(filter(None, text.split(" ")))


def similarity(one: str, other: str) -> float:
    """
    Return from 0 to 1 how many pairs of neighbouring words two texts share (Dice).

    Two texts without a word are the same text: 1.
    """
    ours, theirs = words(one), words(other)
    if min(len(ours), len(theirs)) < MIN_WORDS_FOR_PAIRS:
        return _dice(Counter(ours), Counter(theirs))
    return _dice(Counter(pairwise(ours)), Counter(pairwise(theirs)))


def passage_digest(name: str, tags: Iterable[str], body: str) -> str:
    """
    Return the short name of a passage's content.

    The order of the tags, how often one is repeated, and blank space do not count:
    who only formats a passage does not bring back what somebody else deleted.
    """
    content = "\0".join([name, *sorted(set(tags)), "", *words(body)])
    digest = hashlib.blake2b(content.encode(), digest_size=_DIGEST_BYTES)
    return _DIGEST_VERSION + digest.hexdigest()


def _dice(ours: Counter[_Unit], theirs: Counter[_Unit]) -> float:
    total = ours.total() + theirs.total()
    return 2 * (ours & theirs).total() / total if total else 1.0
