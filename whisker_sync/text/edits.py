"""
What did the author do to a text?

Only before and after are known. The answer is found in words, not in characters:
comparing characters would find the ``o`` and ``n`` that ``moon`` and ``stone``
share, and two people replacing one word would leave half of each.

Blank space is never matched on its own, only compared between matched words, and a
replacement carries one blank beside it: otherwise two people who replace one word
leave ``dogcow`` instead of ``dog cow``.

Long texts are cut at lines, then at words, that occur once on both sides (the
*patience* way); only what lies between is compared thoroughly, and if even that is
large and has nothing in common that stands out, it counts as replaced.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

THOROUGH = 40_000
"""Pairs of words up to which a stretch is compared thoroughly."""

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_MARKS = "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u064b-\u065f\u0900-\u0903\u093a-\u094f\u200c\u200d\ufe0f"
_TOKEN = re.compile(
    rf"[{_CJK}]"  # written without blanks: each is a word
    rf"|(?:(?![{_CJK}])\w)(?:(?![{_CJK}])[\w{_MARKS}]|['’](?=\w))*"
    rf"|\S[{_MARKS}]*"
)
_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Splice:
    """Replace a stretch of a text."""

    start: int
    """Code points of the old text; the stretch begins here."""

    end: int
    """The stretch ends before this one."""

    insert: str
    """What takes its place."""


def apply(text: str, splices: Sequence[Splice]) -> str:
    """The text after all ``splices``; they are ascending and speak of ``text`` as it is."""
    pieces: list[str] = []
    done = 0
    for splice in splices:
        pieces += (text[done : splice.start], splice.insert)
        done = splice.end
    pieces.append(text[done:])
    return "".join(pieces)


def diff(old: str, new: str) -> list[Splice]:
    """The splices that make ``new`` of ``old``: few, small, ascending, and whole words."""
    if old == new:
        return []
    splices: list[Splice] = []
    for start, end, new_start, new_end in _line_gaps(old, new):
        splices += _diff_words(old, new, start, end, new_start, new_end)
    return splices


# Lines.


def _line_gaps(old: str, new: str) -> list[tuple[int, int, int, int]]:
    """The stretches of both texts that lie between equal lines."""
    head = _common_prefix(old, new)
    head = old.rfind("\n", 0, head) + 1
    tail = min(_common_suffix(old, new), len(old) - head, len(new) - head)
    tail = _to_line_start(old, len(old) - tail)
    middle_old, middle_new = old[head : len(old) - tail], new[head : len(new) - tail]
    ours, theirs = middle_old.split("\n"), middle_new.split("\n")
    gaps = []
    at = new_at = head
    old_starts, new_starts = _starts(ours, head), _starts(theirs, head)
    for i, j in _anchors(ours, theirs, 0, len(ours), 0, len(theirs)):
        gaps.append((at, old_starts[i], new_at, new_starts[j]))
        at = old_starts[i] + len(ours[i])
        new_at = new_starts[j] + len(theirs[j])
    gaps.append((at, len(old) - tail, new_at, len(new) - tail))
    return [gap for gap in gaps if old[gap[0] : gap[1]] != new[gap[2] : gap[3]]]


def _starts(lines: list[str], at: int) -> list[int]:
    starts = []
    for line in lines:
        starts.append(at)
        at += len(line) + 1
    return starts


def _to_line_start(text: str, at: int) -> int:
    """How much of the end of a text begins at a line, at or behind a position."""
    if at in {0, len(text)} or text[at - 1] == "\n":
        return len(text) - at
    newline = text.find("\n", at)
    return 0 if newline < 0 else len(text) - newline - 1


def _common_prefix(one: str, other: str) -> int:
    """By bisection: comparing slices is much quicker than comparing characters."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _common_suffix(one: str, other: str) -> int:
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[len(one) - middle : len(one) - low] == other[len(other) - middle : len(other) - low]:
            low = middle
        else:
            high = middle - 1
    return low


# Words.


def _diff_words(
    old: str, new: str, start: int, end: int, new_start: int, new_end: int
) -> list[Splice]:
    ours = [match.span() for match in _TOKEN.finditer(old, start, end)]
    theirs = [match.span() for match in _TOKEN.finditer(new, new_start, new_end)]
    old_words = [old[a:b] for a, b in ours]
    new_words = [new[a:b] for a, b in theirs]
    pairs = _without_stray_punctuation(_align(old_words, new_words), old_words, new_words)
    splices = []
    at, new_at = start, new_start
    for i, j in [*pairs, (len(ours), len(theirs))]:
        upto = ours[i][0] if i < len(ours) else end
        new_upto = theirs[j][0] if j < len(theirs) else new_end
        if old[at:upto] != new[new_at:new_upto]:
            splices.append(_replacement(old, new, at, upto, new_at, new_upto))
        if i < len(ours):
            at, new_at = ours[i][1], theirs[j][1]
    return splices


def _replacement(old: str, new: str, start: int, end: int, new_start: int, new_end: int) -> Splice:
    """What changed between two matched words, with one blank if it replaces something."""
    first, first_new = start, new_start
    while start < end and new_start < new_end and old[start] == new[new_start]:
        if not old[start].isspace():
            break
        start += 1
        new_start += 1
    last = end
    while start < end and new_start < new_end and old[end - 1] == new[new_end - 1]:
        if not old[end - 1].isspace():
            break
        end -= 1
        new_end -= 1
    if start < end and new_start < new_end:
        if end < last and old[end] in " \t":
            end, new_end = end + 1, new_end + 1
        elif start > first and old[start - 1] in " \t":
            start, new_start = start - 1, new_start - 1
        elif end < last:
            end, new_end = end + 1, new_end + 1
        elif start > first and new_start > first_new:
            start, new_start = start - 1, new_start - 1
    return Splice(start, end, new[new_start:new_end])


def _without_stray_punctuation(
    pairs: list[tuple[int, int]], old: list[str], new: list[str]
) -> list[tuple[int, int]]:
    """Drop matched punctuation that stands alone between changes: it matched by accident."""
    kept: list[tuple[int, int]] = []
    run: list[tuple[int, int]] = []
    before = (-1, -1)
    for pair in [*pairs, (len(old), len(new))]:
        if run and (pair[0] != run[-1][0] + 1 or pair[1] != run[-1][1] + 1):
            kept += _keep_run(run, before, old)
            before, run = run[-1], []
        run.append(pair)
    kept += _keep_run(run, before, old)
    return [pair for pair in kept if pair[0] < len(old)]


def _keep_run(
    run: list[tuple[int, int]], before: tuple[int, int], old: list[str]
) -> list[tuple[int, int]]:
    adjoins = run[0] == (before[0] + 1, before[1] + 1) or run[-1][0] == len(old)
    if adjoins or any(_WORD.match(old[i]) for i, _ in run):
        return run
    return []


# Aligning two sequences.


def _align(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of equal items, ascending on both sides."""
    pairs: list[tuple[int, int]] = []
    stack = [(0, len(old), 0, len(new))]
    while stack:
        a, b, c, d = stack.pop()
        while a < b and c < d and old[a] == new[c]:
            pairs.append((a, c))
            a, c = a + 1, c + 1
        while a < b and c < d and old[b - 1] == new[d - 1]:
            b, d = b - 1, d - 1
            pairs.append((b, d))
        if a == b or c == d:
            continue
        if (b - a) * (d - c) <= THOROUGH:
            matcher = SequenceMatcher(None, old[a:b], new[c:d], autojunk=False)
            for i, j, size in matcher.get_matching_blocks():
                pairs += ((a + i + k, c + j + k) for k in range(size))
            continue
        anchors = _anchors(old, new, a, b, c, d)
        if not anchors:
            continue
        at, new_at = a, c
        for i, j in [*anchors, (b, d)]:
            stack.append((at, i, new_at, j))
            at, new_at = i + 1, j + 1
        pairs += anchors
    pairs.sort()
    return pairs


def _anchors(
    old: Sequence[str], new: Sequence[str], a: int, b: int, c: int, d: int
) -> list[tuple[int, int]]:
    """Items that occur once on both sides, in the longest order that both share."""
    places = _unique(old, a, b)
    new_places = _unique(new, c, d)
    common = [(i, new_places[item]) for item, i in places.items() if item in new_places and item]
    return _longest_ascending(common)


def _unique(items: Sequence[str], start: int, end: int) -> dict[str, int]:
    places: dict[str, int] = {}
    twice: set[str] = set()
    for i in range(start, end):
        if items[i] in places:
            twice.add(items[i])
        else:
            places[items[i]] = i
    return {item: i for item, i in places.items() if item not in twice}


def _longest_ascending(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest run of pairs, ascending in the first, that ascends in the second too."""
    tails: list[int] = []
    chain: list[int] = []  # index into pairs of the smallest tail for each length
    before: list[int] = []
    for n, (_, j) in enumerate(pairs):
        length = bisect_left(tails, j)
        before.append(chain[length - 1] if length else -1)
        if length == len(tails):
            tails.append(j)
            chain.append(n)
        else:
            tails[length] = j
            chain[length] = n
    run = []
    at = chain[-1] if chain else -1
    while at >= 0:
        run.append(pairs[at])
        at = before[at]
    return run[::-1]
