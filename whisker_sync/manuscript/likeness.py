"""
How alike two texts are, for guessing what an author did.

It works on words that were split before, because one text is compared with many.
What decides about deletion on every device is not here but in
:func:`whisker_sync.story.similarity.passage_digest`; only the short name of a
binary content is made here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from whisker_sync.story.similarity import MIN_WORDS_FOR_PAIRS

_ASSET_DIGEST = "a1:"
_DIGEST_BYTES = 6

_PUNCTUATION = ".,;:!?…\"'`´“”„‘’‚«»‹›()[]{}<>*_/|~-–—"

FEW_WORDS = 8
"""See :func:`likeness_of_namesakes`."""


def asset_digest(sha256: bytes) -> str:
    """Return the short name of a binary file's content."""
    return _ASSET_DIGEST + sha256[:_DIGEST_BYTES].hex()


def likeness(one: list[str], other: list[str]) -> float:
    """Return from 0 to 1 how many pairs of neighbouring words two texts share."""
    if not one or not other:
        return 0.0
    pairs = min(len(one), len(other)) >= MIN_WORDS_FOR_PAIRS
    ours, theirs = _units(one, pairs=pairs), _units(other, pairs=pairs)
    shared = (ours & theirs).total()
    return 2 * shared / (ours.total() + theirs.total())


def likeness_of_namesakes(one: list[str], other: list[str]) -> float:
    """
    Return the same for passages of one name, which says much already.

    Of a few words one that was changed is in half of all pairs, so those are compared alone, too.
    """
    alike = likeness(one, other)
    if min(len(one), len(other)) >= FEW_WORDS:
        return alike
    shared = (Counter(one) & Counter(other)).total()
    return max(alike, 2 * shared / max(len(one) + len(other), 1))


def bare(words: Iterable[str]) -> list[str]:
    """Return words without the punctuation around them."""
    return [bare for word in words if (bare := word.strip(_PUNCTUATION))]


def _units(text: list[str], *, pairs: bool) -> Counter[str]:
    if not pairs:
        return Counter(text)
    return Counter(f"{first} {second}" for first, second in pairwise(text))
