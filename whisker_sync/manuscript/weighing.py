"""
How much speaks against each version of a file that a save may have been made from.

It is about sets of what texts are known by (traits.py), and about nothing else; bases.py says what
counts, and why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

from whisker_sync.manuscript.traits import ONE, Element

_WEIGHTS = {
    "words": 1.0,
    "whole": 5.0,
    "name": 2.0,
    "joint": 1.0,
    "order": 1.0,
    "tag": 0.25,
    "value": 0.25,
}

_REMOVED = 0.1
"""What a removed element weighs, compared with one that was added."""

_GONE = 0.5
"""What everything weighs at most that one version removed and the save has not either: authors
take away whole passages, too."""

_SHOWN = 8.0
"""What news weigh that the save shows although it was made before them."""

_LONG = 5
"""A word of so many letters counts twice where it is shown: short ones come by chance."""

_MUCH = 30.0
"""Of what is missing beyond this much, a tenth counts."""


def cheapest(costs: Sequence[float], of: Sequence[int], doubt: float = 0.0) -> list[int]:
    """Return those of some versions against which least speaks, or little more."""
    least = min(costs[i] for i in of)
    return [i for i in of if costs[i] <= least + doubt]


def weigh(
    saved: set[Element],
    versions: Sequence[set[Element]],
    names: Mapping[Element, float] = MappingProxyType({}),
    came: float = _SHOWN,
) -> list[float]:
    """
    Return for each version how much speaks against it.

    ``names`` are those of the save that nobody types anew, and what they weigh: who shows one
    has not seen it go. ``came``: what news weigh that the save shows before they came.
    """
    first = versions[0]
    still, gone = [set[Element]()], [0.0]
    news, went = set[Element](), set[Element]()
    for before, now in pairwise(versions):
        news |= now - before  # It may have been there at first, and have come back.
        wrote = any(e[0] == "words" and len(e) == ONE for e in now - before - first)
        removed = {e for e in (before - now) & first if e[0] != "whole" and not wrote}
        here, not_here = _weight(removed & saved), _weight(removed - saved)
        still.append(removed & saved if here >= not_here else set())
        gone.append(min(_REMOVED * not_here, _GONE) * (not_here > here))
    costs: list[float] = []
    fresh = set[Element]()
    for i, version in enumerate(versions):
        before = versions[max(i - 1, 0)]
        went, fresh = (went | before) - version, fresh | (version - before)
        missing = _weight(_missing(version & fresh, saved, first))
        missing = min(missing, _MUCH + (missing - _MUCH) / 10)
        missing += _REMOVED * sum(_weight(each - version) for each in still[: i + 1])
        missing += sum(weight * _weight([name]) for name, weight in names.items() if name in went)
        # What the save shows and this version has not came later, or had gone by then.
        seen = (news & saved) - version
        shown = _weight(seen) + sum(map(_is_long, seen)) + sum(gone[i + 1 :])
        costs.append(round(missing + came * shown, 6))
    return costs


def _missing(news: set[Element], saved: set[Element], first: set[Element]) -> set[Element]:
    """Return what a save misses of some news, but for rows of which only an old word went."""
    went = {each[1] for each in first - saved if each[0] == "words" and len(each) == ONE}
    return {
        each
        for each in news - saved
        if each[0] != "whole" and (each[0] != "words" or went.isdisjoint(each[1:]))
    }


def _is_long(element: Element) -> bool:
    return element[0] == "words" and len(element) == ONE and len(element[1]) >= _LONG


def _weight(elements: Iterable[Element]) -> float:
    return sum(_WEIGHTS[element[0]] for element in elements)
