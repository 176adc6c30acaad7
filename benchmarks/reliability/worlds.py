"""
Simulated worlds, one for each seed, and updates in any order.

No history may lose a word, and all must end alike. In those without what it is not said of
that no word is there twice (see :mod:`benchmarks.merge.test_histories`) at most one word in
20,000 may be. Failing seeds are named: ``play(seed)`` shows one again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from benchmarks.merge.orders import random_steps
from benchmarks.merge.orders import run as run_order
from benchmarks.merge.test_histories import WHOLE_FILES_AND_MOVES, WORDS_FOR_ONE
from benchmarks.reliability.cores import spread
from benchmarks.reliability.section import Section
from whisker_sync.testing import random_history

CHUNK = 20
"""Seeds that one process takes at a time."""

REPLICAS = (2, 2, 3, 3, 4, 5, 6)
"""How many machines a world begins with; some are copied later."""

MAX_VIOLATIONS = 20
"""Failing seeds that are named; after so many the section ends."""


@dataclass(frozen=True, slots=True)
class Played:
    """What became of some seeds."""

    seeds: int = 0
    operations: int = 0
    words: int = 0
    words_judged: int = 0
    """Of those, the ones that must be there just once."""

    doubled: int = 0
    crashes: int = 0
    frames: int = 0
    seconds: float = 0.0
    """In the time of the worlds."""

    violations: tuple[str, ...] = ()

    def __add__(self, other: Played) -> Played:
        return Played(
            self.seeds + other.seeds,
            self.operations + other.operations,
            self.words + other.words,
            self.words_judged + other.words_judged,
            self.doubled + other.doubled,
            self.crashes + other.crashes,
            self.frames + other.frames,
            self.seconds + other.seconds,
            self.violations + other.violations,
        )


def play(first: int) -> Played:
    """Play the worlds of some seeds."""
    played = Played()
    for seed in range(first, first + CHUNK):
        once = seed % 2 == 0
        without = WHOLE_FILES_AND_MOVES if once else ()
        history = random_history(seed, replicas=REPLICAS, without=without)
        judgement = history.judge(once=False)
        named = f"{without and 'without renames, '}seed {seed}: {'; '.join(judgement.wrong)}"
        played += Played(
            1,
            len(history.operations),
            judgement.words,
            judgement.words if once else 0,
            judgement.doubled if once else 0,
            judgement.crashes,
            judgement.frames,
            judgement.seconds,
            (named,) if judgement.wrong else (),
        )
    return played


def order(first: int) -> Played:
    """Bring the updates of some seeds to everybody in any order."""
    played = Played()
    for seed in range(first, first + CHUNK):
        dice = Random(f"order {seed}")
        steps = random_steps(dice)
        wrong: tuple[str, ...] = ()
        words = 0
        try:
            words = run_order(dice.choice((2, 3, 6)), steps, seed)
        except AssertionError as problem:
            wrong = (f"order of seed {seed}: {problem}",)
        played += Played(1, len(steps), words, violations=wrong)
    return played


def run(seconds: float, seed: int, *, least: int = 0) -> Section:
    """Play worlds for so long, and at least so many; the first is that of ``seed``."""
    played = _together(play, seconds, seed, least)
    figures = {
        "seeds": played.seeds,
        "simulated hours": played.seconds / 3600,
        "operations": played.operations,
        "words written": played.words,
        "words there twice": played.doubled,
        "messages": played.frames,
        "crashes": played.crashes,
    }
    violations = played.violations[:MAX_VIOLATIONS]
    if played.doubled > 1 + played.words_judged // WORDS_FOR_ONE:
        sentence = f"{played.doubled} of {played.words_judged} words are there twice"
        violations = (*violations, sentence)
    return Section("worlds", figures, violations)


def run_orders(seconds: float, seed: int, *, least: int = 0) -> Section:
    """Bring updates to everybody in any order, for so long, and at least so many histories."""
    played = _together(order, seconds, seed, least)
    figures = {"shuffled histories": played.seeds, "operations": played.operations}
    return Section("orders", figures, played.violations[:MAX_VIOLATIONS])


def _together(task: Callable[[int], Played], seconds: float, seed: int, least: int) -> Played:
    played = Played()

    def is_enough(_: Played) -> bool:
        return played.seeds >= least or len(played.violations) >= MAX_VIOLATIONS

    for some in spread(task, seconds, seed, CHUNK, is_enough):
        played += some
    return played
