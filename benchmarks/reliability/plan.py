"""
What the run consists of, and what runs beside what.

Sections that compute keep all cores busy, and those that start real processes mostly wait.
So each kind has a process of its own in which its sections follow one another, and the
two go on beside each other, for a part of a given time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from benchmarks.reliability import fuzz, images, kills, proxy, soak, worlds
from benchmarks.reliability.cores import workers
from benchmarks.reliability.section import Section

BESIDE = 0.4
"""So much of the time real processes run beside computing; then that has the cores alone."""

NICENESS = 5
"""By how much computing gives way to real processes, whose clocks are real as well."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done of one section."""

    run: Callable[[float, int], Section]
    """Runs it for some seconds, from a seed."""

    share: float
    """Its share of the time that all sections of its kind have."""

    ci: Callable[[int], Section]
    """Runs as much of it, from a seed, as a change has to pass."""


COMPUTING = {
    "worlds": Plan(worlds.run, 10.0, partial(worlds.run, 0.0, least=2_000)),
    "orders": Plan(worlds.run_orders, 0.15, partial(worlds.run_orders, 0.0, least=5_000)),
    "images": Plan(images.run, 0.15, partial(images.run, 0.0, least=5_000)),
    "fuzz": Plan(fuzz.run, 0.3, partial(fuzz.run, 0.0, least=200_000)),
}
PROCESSES = {
    "kills": Plan(kills.run, 4.0, partial(kills.run, 0.0, least=50)),
    "proxy": Plan(proxy.run, 1.5, partial(proxy.run, 30.0)),
    "soak": Plan(soak.run, 1.5, partial(soak.run, 30.0)),
}
KINDS = (COMPUTING, PROCESSES)
SECTIONS = COMPUTING | PROCESSES


def run(names: Sequence[str], seconds: float | None, seed: int) -> Iterator[Section]:
    """Run sections for so many seconds (None: as much as a change has to pass), as they end."""
    with ExitStack() as stack:
        running: list[Future[Section]] = []
        for kind in KINDS:
            mine = [name for name in names if name in kind]
            if not mine:
                continue
            nice = NICENESS if kind is COMPUTING else 0
            alone = stack.enter_context(workers(1, nice))
            shares = sum(kind[name].share for name in mine)
            is_beside = kind is PROCESSES and len(mine) < len(names)
            whole = (seconds or 0.0) * (BESIDE if is_beside else 1.0)
            for name in mine:
                part = None if seconds is None else whole * kind[name].share / shares
                running.append(alone.submit(_run, name, part, seed))
        for future in as_completed(running):
            yield future.result()


def _run(name: str, seconds: float | None, seed: int) -> Section:
    plan = SECTIONS[name]
    return plan.ci(seed) if seconds is None else plan.run(seconds, seed)
