"""
Where something stands among its neighbours, as a text that sorts.

A key is written in base 62 and never ends in ``0``, so there is room before and
behind every key. What is put somewhere together gets keys with one
random beginning: the runs of two authors at the same spot stay whole, one after
the other.

Behind the last one we count up in six digits. Halving what is left, as between
two neighbours, would need a digit for every six that are appended.
"""

from __future__ import annotations

import re
from random import Random

MAX_KEY = 4_096
"""Longest order key that is taken into account; 1,000 inserts at one spot need about 500."""

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUE = {digit: value for value, digit in enumerate(_DIGITS)}
_BASE = len(_DIGITS)
_COUNTER = 6
"""Digits that count what is appended: 56 thousand million."""

_CHANCE = 3
"""Random digits that keep the runs of two apart; equal ones mix the runs and lose nothing."""

_KEY = re.compile(r"[0-9A-Za-z]*[1-9A-Za-z]")


def is_key(text: str) -> bool:
    """Tell whether a key leaves room on both sides; others only sort."""
    return len(text) <= MAX_KEY and _KEY.fullmatch(text) is not None


def keys(count: int, left: str | None, right: str | None, dice: Random) -> list[str]:
    """
    Return ``count`` ascending keys behind ``left`` and before ``right``.

    Both must be keys by :func:`is_key`, ``left`` the smaller; None is the end.
    """
    beginning = _next(left) if right is None else _between(left or "", right, dice)
    beginning += "".join(dice.choice(_DIGITS) for _ in range(_CHANCE - 1))
    beginning += dice.choice(_DIGITS[1:])
    if count == 1:
        return [beginning]
    width = len(_number(_spread(count - 1)))
    return [beginning + _number(_spread(i)).rjust(width, _DIGITS[0]) for i in range(count)]


def _next(last: str | None) -> str:
    """Return six digits above those of the last key."""
    if last is None:
        return _DIGITS[_BASE // 2] + _DIGITS[0] * (_COUNTER - 1)
    count = 0
    for digit in last[:_COUNTER].ljust(_COUNTER, _DIGITS[0]):
        count = count * _BASE + _VALUE[digit]
    if count + 1 == _BASE**_COUNTER:
        return last
    return _number(count + 1).rjust(_COUNTER, _DIGITS[0])


def _between(left: str, right: str, dice: Random) -> str:
    """Return a text that sorts between the two, as does everything that begins with it."""
    common: list[str] = []
    bounded = True
    place = 0
    while True:
        low = _VALUE[left[place]] if place < len(left) else 0
        high = _VALUE[right[place]] if bounded and place < len(right) else _BASE
        place += 1
        if high - low > 1:
            return "".join(common) + _DIGITS[dice.randrange(low + 1, high)]
        common.append(_DIGITS[low])
        # Below the right one for good: from here on only the left one counts.
        bounded = bounded and high == low


def _spread(index: int) -> int:
    """Skip the numbers that end in 0."""
    return index // (_BASE - 1) * _BASE + index % (_BASE - 1) + 1


def _number(value: int) -> str:
    digits = ""
    while value:
        value, digit = divmod(value, _BASE)
        digits = _DIGITS[digit] + digits
    return digits
