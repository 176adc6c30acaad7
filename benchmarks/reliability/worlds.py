"""
Simulated worlds, one for each seed, and updates in any order.

Histories with everything in them must end alike; those without what it is not said of yet
what becomes of each word (see :mod:`benchmarks.merge.test_histories`) must keep each word,
once. Failing seeds are named: ``random_history(seed).judge()`` shows one again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from random import Random

from benchmarks.merge.orders import random_steps
from benchmarks.merge.orders import run as run_order
from benchmarks.merge.test_histories import WHOLE_FILES_AND_MOVES
from benchmarks.reliability.section import Section
from whisker_sync.testing import random_history
from whisker_sync.testing.histories import Crash

CHUNK = 20
"""Seeds that one process takes at a time."""

MAX_VIOLATIONS = 20
"""Failing seeds that are named; after so many the section ends."""

ORDERS_SHARE = 0.15
"""Share of the time for updates in any order."""


@dataclass(frozen=True, slots=True)
class Played:
    """What became of some seeds."""

    seeds: int = 0
    operations: int = 0
    words: int = 0
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
            self.crashes + other.crashes,
            self.frames + other.frames,
            self.seconds + other.seconds,
            self.violations + other.violations,
        )


def play(first: int) -> Played:
    """Play the worlds of some seeds."""
    played = Played()
    for seed in range(first, first + CHUNK):
        keeps_words = seed % 2 == 0
        without = WHOLE_FILES_AND_MOVES if keeps_words else ()
        history = random_history(seed, without=without)
        judgement = history.judge(words=keeps_words)
        named = f"{without and 'without renames, '}seed {seed}: {'; '.join(judgement.wrong)}"
        played += Played(
            1,
            len(history.operations),
            judgement.words,
            sum(isinstance(operation, Crash) for operation in history.operations),
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


def run(seconds: float, seed: int) -> Section:
    """Play worlds on all cores for so long; ``seed`` is that of the first one."""
    with ProcessPoolExecutor(os.cpu_count() or 1) as pool:
        worlds = _for(seconds * (1 - ORDERS_SHARE), pool, play, seed)
        orders = _for(seconds * ORDERS_SHARE, pool, order, seed)
    figures = {
        "seeds": worlds.seeds,
        "simulated hours": worlds.seconds / 3600,
        "operations": worlds.operations,
        "words written": worlds.words,
        "messages": worlds.frames,
        "crashes": worlds.crashes,
        "shuffled histories": orders.seeds,
    }
    return Section("worlds", figures, (worlds.violations + orders.violations)[:MAX_VIOLATIONS])


def _for(
    seconds: float, pool: ProcessPoolExecutor, task: Callable[[int], Played], seed: int
) -> Played:
    until, played = time.monotonic() + seconds, Played()
    chunks = _chunks(seed)
    running = [pool.submit(task, next(chunks)) for _ in range(2 * (os.cpu_count() or 1))]
    while running:
        played += running.pop(0).result()
        if time.monotonic() < until and len(played.violations) < MAX_VIOLATIONS:
            running.append(pool.submit(task, next(chunks)))
    return played


def _chunks(seed: int) -> Iterator[int]:
    while True:
        yield seed
        seed += CHUNK
