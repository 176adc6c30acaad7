"""
How a good input becomes a strange one.

Never at random alone: a case begins as something that a production encoder made,
so that it gets past the first byte. What is changed is what formats are made of:
integers in the spelling of lib0, lengths, the order of fields. A case never has more
than :data:`MAX_CASE` bytes, so that what takes long is the decoder's doing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from whisker_sync.document.gate import uint

MAX_CASE = 64 << 10
"""Bytes of a case; enough for what takes a time that grows with the square of it."""

MOST_STEPS = 4
"""Changes made to one sample."""

NUMBERS = (
    *(0, 1, 2, 3, 4, 5, 7, 8, 10, 31, 32, 63, 64, 127, 128, 129, 255, 256, 257),
    *(16383, 16384, 32767, 65535, 65536, (1 << 21) - 1, (1 << 28) - 1, (1 << 28)),
    *((1 << 31) - 2, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 53) - 1, 1 << 53),
    *((1 << 63) - 1, 1 << 63, (1 << 64) - 1, 1 << 64),
)
"""Numbers at which programs trip."""

VARINTS = tuple(uint(number) for number in NUMBERS)
_SPANS = (1, 1, 1, 2, 2, 3, 4, 5, 8, 13, 21, 64)
_REPEATS = (2, 3, 9, 60, 300, 3000)

Step = Callable[[Random, bytearray, Sequence[bytes], Sequence[bytes]], None]


def mutate(
    dice: Random, sample: bytes, others: Sequence[bytes], words: Sequence[bytes] = ()
) -> bytes:
    """A sample after one to a few changes; ``others`` are what may be spliced into it."""
    data = bytearray(sample)
    for _ in range(dice.randint(1, MOST_STEPS)):
        dice.choice(_STEPS)(dice, data, others, words)
    return bytes(data[:MAX_CASE])


def _span(dice: Random, data: bytearray) -> slice:
    at = dice.randrange(len(data) + 1)
    return slice(at, at + dice.choice(_SPANS))


def _flip(dice: Random, data: bytearray, _: Sequence[bytes], __: Sequence[bytes]) -> None:
    if data:
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)


def _nudge(dice: Random, data: bytearray, _: Sequence[bytes], __: Sequence[bytes]) -> None:
    if data:
        at = dice.randrange(len(data))
        data[at] = (data[at] + dice.choice((-2, -1, 1, 2))) & 255


def _byte(dice: Random, data: bytearray, _: Sequence[bytes], __: Sequence[bytes]) -> None:
    if data:
        data[dice.randrange(len(data))] = dice.randrange(256)


def _cut(dice: Random, data: bytearray, _: Sequence[bytes], __: Sequence[bytes]) -> None:
    del data[_span(dice, data)]


def _end(dice: Random, data: bytearray, _: Sequence[bytes], __: Sequence[bytes]) -> None:
    del data[dice.randrange(len(data) + 1) :]


def _double(dice: Random, data: bytearray, _: Sequence[bytes], __: Sequence[bytes]) -> None:
    span = _span(dice, data)
    data[span.start : span.start] = data[span]


def _many(dice: Random, data: bytearray, _: Sequence[bytes], words: Sequence[bytes]) -> None:
    if dice.randrange(8):  # long cases are slow ones
        return _double(dice, data, (), ())
    span = _span(dice, data)
    piece = bytes(dice.choice(words)) if words and dice.randrange(2) else bytes(data[span])
    data[span.start : span.start] = (piece * dice.choice(_REPEATS))[:MAX_CASE]
    return None


def _swap(dice: Random, data: bytearray, _: Sequence[bytes], __: Sequence[bytes]) -> None:
    one, other = sorted((_span(dice, data), _span(dice, data)), key=lambda span: span.start)
    if one.stop <= other.start:
        data[one.start : other.stop] = data[other] + data[one.stop : other.start] + data[one]


def _splice(dice: Random, data: bytearray, others: Sequence[bytes], _: Sequence[bytes]) -> None:
    other = dice.choice(others)
    start = dice.randrange(len(other) + 1)
    end = len(other) if not dice.randrange(3) else start + dice.choice(_SPANS)
    at = dice.randrange(len(data) + 1)
    upto = len(data) if not dice.randrange(3) else at + dice.choice((0, end - start))
    data[at:upto] = other[start:end]


def _word(dice: Random, data: bytearray, _: Sequence[bytes], words: Sequence[bytes]) -> None:
    word = dice.choice(words) if words else dice.choice(VARINTS)
    span = _span(dice, data)
    data[span if dice.randrange(2) else slice(span.start, span.start)] = word


def _number(dice: Random, data: bytearray, _: Sequence[bytes], __: Sequence[bytes]) -> None:
    """Put a number in the place of another, as lib0 spells them."""
    at = dice.randrange(len(data) + 1)
    end = at
    while end < len(data) and data[end] > 127:
        end += 1
    data[at : end + 1] = dice.choice(VARINTS)


_STEPS: tuple[Step, ...] = (
    *(_flip, _nudge, _byte, _cut, _end, _double, _many, _swap, _splice, _word, _word),
    *(_number, _number),
)
