"""
Which items of one sequence are which of another.

Items that occur once on both sides tie the sequences together (the *patience* way);
from there equal neighbours are matched, and what still lies between is compared
thoroughly if it is small. A large stretch where nothing stands out is taken for
replaced: to find the last common word in it would take longer than an author waits.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Sequence
from difflib import SequenceMatcher
from itertools import pairwise

THOROUGH = 2_500
"""Pairs of items up to which a stretch is compared thoroughly: about a millisecond."""

Block = tuple[int, int, int]
"""Where it begins in the old sequence and in the new one, and how many items are equal."""


def align(old: Sequence[str], new: Sequence[str]) -> list[Block]:
    """Return the blocks of equal items, ascending in both sequences, none adjoining the next."""
    blocks: list[Block] = []
    stretches = [(0, len(old), 0, len(new))]
    while stretches:
        a, b, c, d = stretches.pop()
        first = a
        while a < b and c < d and old[a] == new[c]:
            a += 1
            c += 1
        if first < a:
            blocks.append((first, c - (a - first), a - first))
        last = b
        while a < b and c < d and old[b - 1] == new[d - 1]:
            b -= 1
            d -= 1
        if b < last:
            blocks.append((b, d, last - b))
        if a == b or c == d:
            continue
        if (b - a) * (d - c) <= THOROUGH:
            blocks += _thoroughly(old[a:b], new[c:d], a, c)
        elif anchors := _anchors(old[a:b], new[c:d]):
            at, new_at = a, c
            for i, j in anchors:
                stretches.append((at, a + i, new_at, c + j))
                at, new_at = a + i, c + j
            stretches.append((at, b, new_at, d))
    return _joined(blocks)


def _thoroughly(old: Sequence[str], new: Sequence[str], a: int, c: int) -> list[Block]:
    if len(old) == 1 or len(new) == 1:
        short, long = (old, new) if len(old) == 1 else (new, old)
        if short[0] not in long:
            return []
        place = long.index(short[0])
        return [(a, c + place, 1) if short is old else (a + place, c, 1)]
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return [(a + i, c + j, size) for i, j, size in matcher.get_matching_blocks() if size]


def _joined(blocks: list[Block]) -> list[Block]:
    blocks.sort()
    joined: list[Block] = []
    for i, j, size in blocks:
        if joined:
            a, b, length = joined[-1]
            if (a + length, b + length) == (i, j):
                joined[-1] = (a, b, length + size)
                continue
        joined.append((i, j, size))
    return joined


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Return places of what occurs once on both sides, in the longest order that both share."""
    if anchors := _unique(old, new):
        return anchors
    # Where each word is repeated, two of them in a row may still be unique.
    return _unique(list(pairwise(old)), list(pairwise(new)))


def _unique(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    counts, new_counts = Counter(old), Counter(new)
    both = {item for item, n in counts.items() if n == 1 and new_counts.get(item) == 1}
    places = {item: j for j, item in enumerate(new) if item in both}
    return _longest_ascending([(i, places[item]) for i, item in enumerate(old) if item in both])


def _longest_ascending(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest run of pairs, ascending in the first, that ascends in the second too."""
    ends: list[int] = []
    """The smallest second with which a run of each length can end."""
    last: list[int] = []
    """The pair with it."""
    before: list[int] = []
    """For each pair, the one before it in its run."""
    for n, (_, j) in enumerate(pairs):
        length = bisect_left(ends, j)
        before.append(last[length - 1] if length else -1)
        if length == len(ends):
            ends.append(j)
            last.append(n)
        else:
            ends[length] = j
            last[length] = n
    run: list[tuple[int, int]] = []
    n = last[-1] if last else -1
    while n >= 0:
        run.append(pairs[n])
        n = before[n]
    return run[::-1]
