r"""
Find out what an author did to a text.

We compare word by word. Comparing characters would find that ``stone`` and ``moon``
share an ``o`` and an ``n``, and two people who replace one word would be left with
half of each. It refuses to know what a text means: a story, a style sheet and a
shopping list are the same to it.

Blank space is never matched on its own, only compared between words that are. Nor is
punctuation that stands alone between two changes: that it is still there is chance.

A replacement carries one blank along. Of two people who replace ``cat`` by ``dog``
and by ``cow``, one says ``"cat " -> "dog "``; without the blank they would be left
with ``dogcow``.

Ends that are equal are cut off first, then lines are compared and at last words in
what differs; each is as quick as the one before it left little to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from whisker_sync.text.align import Block, align
from whisker_sync.text.tokens import Tokens, has_word, is_mark, is_sign, signs, words

LONG_LINE = 4_096
"""Characters of an equal beginning or end of a line that we still look at: context
for the words beside it. A text of one endless line must not cost as if all changed."""

STRAY = 32
"""Most characters of punctuation between two changes that are taken for chance; what
is longer is a picture made of punctuation, or a ruler."""

SLIDE = 4_096
"""How far an edit is moved, at most, to where an author would say it is."""

_CONTEXT = 256
_Stretch = tuple[int, int, int, int]
"""From and to in the old text, from and to in the new one."""
_BLANKS_IN_LINE = (" ", "\t")
_SENTENCE_ENDS = frozenset(".!?…:;。！？")


@dataclass(frozen=True, slots=True)
class Splice:
    """One edit: what stands from ``start`` to ``end`` becomes ``insert``."""

    start: int
    end: int
    """In code points of the old text, like ``start``."""

    insert: str


def apply(text: str, splices: Iterable[Splice]) -> str:
    """Return the text after the edits, which are in order and do not overlap."""
    pieces: list[str] = []
    done = 0
    for splice in splices:
        pieces += (text[done : splice.start], splice.insert)
        done = splice.end
    pieces.append(text[done:])
    return "".join(pieces)


def diff(old: str, new: str) -> list[Splice]:
    """Return the edits that make ``new`` of ``old``, in order, none touching the next."""
    if old == new:
        return []
    splices = [
        splice
        for start, end, new_start, new_end in _changed_lines(old, new)
        for splice in _changed_words(old[start:end], new[new_start:new_end], start)
    ]
    return _settle(old, splices)


# Lines.


def _changed_lines(old: str, new: str) -> Iterator[_Stretch]:
    """Return the stretches between equal lines that differ."""
    prefix = _common_prefix(old, new)
    head = _before(old, prefix)
    suffix = _common_suffix(old, new, min(len(old), len(new)) - prefix)
    end = _behind(old, len(old) - suffix)
    new_end = end - len(old) + len(new)
    at, new_at = head, head
    for start, new_start, size in _equal_lines(old[head:end], new[head:new_end]):
        if old[at : head + start] != new[new_at : head + new_start]:
            yield at, head + start, new_at, head + new_start
        at, new_at = head + start + size, head + new_start + size
    if old[at:end] != new[new_at:new_end]:
        yield at, end, new_at, new_end


def _equal_lines(old: str, new: str) -> Iterator[tuple[int, int, int]]:
    """Return where lines that are equal and not blank begin, and how long they are."""
    ours, theirs = old.split("\n"), new.split("\n")
    starts, new_starts = _starts(ours), _starts(theirs)
    places = [n for n, line in enumerate(ours) if line and not line.isspace()]
    new_places = [n for n, line in enumerate(theirs) if line and not line.isspace()]
    lines, new_lines = [ours[n] for n in places], [theirs[n] for n in new_places]
    for i, j, size in _without_stray(align(lines, new_lines), lines, new_lines):
        for k in range(size):
            line, new_line = places[i + k], new_places[j + k]
            yield starts[line], new_starts[new_line], len(ours[line])


def _starts(lines: Sequence[str]) -> list[int]:
    return list(accumulate((len(line) + 1 for line in lines), initial=0))


def _common_prefix(one: str, other: str) -> int:
    """Bisect: to compare slices is a hundred times quicker than to compare characters."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _common_suffix(one: str, other: str, limit: int) -> int:
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        if one[len(one) - middle : len(one) - low] == other[len(other) - middle : len(other) - low]:
            low = middle
        else:
            high = middle - 1
    return low


def _before(text: str, at: int) -> int:
    """Return a place before ``at`` where no word begins earlier and ends later."""
    start = text.rfind("\n", 0, at)
    if at - start > LONG_LINE:
        start = max(start, text.rfind(" ", at - LONG_LINE, at - _CONTEXT))
    return max(start, 0)


def _behind(text: str, at: int) -> int:
    """Return a place behind ``at`` where no word begins earlier and ends later."""
    end = text.find("\n", at) + 1 or len(text)
    if end - at > LONG_LINE:
        end = text.find(" ", at + _CONTEXT, at + LONG_LINE) + 1 or end
    return end


# Words.


def _changed_words(old: str, new: str, offset: int) -> Iterator[Splice]:
    """Return the edits between two stretches of text, the old one beginning at ``offset``."""
    ours, theirs = words(old), words(new)
    for stretch in _between(align(ours.tokens, theirs.tokens), ours, theirs):
        a, b, c, d = stretch
        if has_word(old[a:b]) or has_word(new[c:d]):
            yield _change(old, new, stretch, offset)
        else:
            yield from _changed_signs(old[a:b], new[c:d], offset + a)


def _changed_signs(old: str, new: str, offset: int) -> Iterator[Splice]:
    ours, theirs = signs(old), signs(new)
    for stretch in _between(align(ours.tokens, theirs.tokens), ours, theirs):
        yield _change(old, new, stretch, offset)


def _between(blocks: Iterable[Block], ours: Tokens, theirs: Tokens) -> Iterator[_Stretch]:
    """Return the stretches between matched tokens that differ."""
    at = new_at = -1
    for i, j, size in [*blocks, (len(ours.tokens), len(theirs.tokens), 0)]:
        if i - at > 1 or j - new_at > 1 or ours.gaps[i] != theirs.gaps[j]:
            yield ours.end(at), ours.start(i), theirs.end(new_at), theirs.start(j)
        at, new_at = i + size - 1, j + size - 1
        if ours.gaps[i + 1 : at + 1] == theirs.gaps[j + 1 : new_at + 1]:
            continue
        for m, n in zip(range(i, at), range(j, new_at), strict=True):
            if ours.gaps[m + 1] != theirs.gaps[n + 1]:
                yield ours.end(m), ours.start(m + 1), theirs.end(n), theirs.start(n + 1)


def _change(old: str, new: str, stretch: _Stretch, offset: int) -> Splice:
    """Return the edit that makes one stretch of another, as small as it may be."""
    a, b, c, d = stretch
    first, last = a, b
    while a < b and c < d and old[a] == new[c] and is_sign(old[a]):
        a += 1
        c += 1
    if a > first and (is_mark(old[a:b]) or is_mark(new[c:d])):
        a, c = a - 1, c - 1
    while a < b and c < d and old[b - 1] == new[d - 1] and is_sign(old[b - 1]):
        b -= 1
        d -= 1
    if has_word(old[a:b]) and has_word(new[c:d]):
        left, right = old[a - 1] if first < a else "", old[b] if b < last else ""
        if right.isspace() and (right in _BLANKS_IN_LINE or left not in _BLANKS_IN_LINE):
            b, d = b + 1, d + 1
        elif left.isspace():
            a, c = a - 1, c - 1
    return Splice(offset + a, offset + b, new[c:d])


def _without_stray(blocks: list[Block], old: Sequence[str], new: Sequence[str]) -> list[Block]:
    """Drop punctuation that stands alone between two changes."""
    return [
        (i, j, size)
        for i, j, size in blocks
        if i == j == 0
        or (i + size == len(old) and j + size == len(new))
        or size > STRAY
        or sum(map(len, old[i : i + size])) > STRAY
        or any(map(has_word, old[i : i + size]))
    ]


# Where an edit could be in several places.


def _settle(old: str, splices: Sequence[Splice]) -> list[Splice]:
    """
    Move what is only inserted, or only deleted, to where an author would say it is.

    Where it begins or ends like its surroundings it could be in several places, and
    which one was found depends on everything else that changed. Now it is where a
    paragraph begins, else a line, a sentence, or a word. So two people who did the
    same also made the same edit.
    """
    settled: list[Splice] = []
    for n, splice in enumerate(splices):
        first = settled[-1].end + 1 if settled else 0
        last = splices[n + 1].start - 1 if n + 1 < len(splices) else len(old)
        settled.append(_settled(old, splice, first, last))
    return settled


def _settled(old: str, splice: Splice, first: int, last: int) -> Splice:
    start, end, insert = splice.start, splice.end, splice.insert
    if insert and start < end:
        return splice
    text = insert or old[start:end]
    size, left, right = len(text), 0, 0
    first, last = max(first, start - SLIDE), min(last, end + SLIDE)
    while end + right < last and old[end + right] == text[right % size]:
        right += 1
    while start - left > first and old[start - left - 1] == text[-1 - left % size]:
        left += 1
    if not left and not right:
        return splice
    step = max(range(-left, right + 1), key=lambda step: (_score(old, start + step), step))
    if not _score(old, start + step):
        return splice
    turned = insert and text[step % size :] + text[: step % size]
    return Splice(start + step, end + step, turned)


def _score(text: str, at: int) -> int:
    """Say how good a place is for an edit to begin."""
    if at == 0 or text[at - 2 : at] == "\n\n":
        return 4
    before = text[at - 1]
    if before == "\n":
        return 3
    if not before.isspace():
        return 0
    return 2 if text[at - 2 : at - 1] in _SENTENCE_ENDS else 1
