"""
Three daemons that are killed, frozen and started again, all the time, while people write.

Each round is some seconds in which everything happens at once: three authors edit their
folders, and processes die by SIGKILL (also while they start), are stopped for a while, go
on, and start again. Then everything is made well, and the judge looks.

The seed decides what is done. When it hits a process is up to the system, so a seed that
fails need not fail again; what it left is kept for a look.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from statistics import median

from benchmarks.reliability.author import Author
from benchmarks.reliability.desk import LOOPBACK, Desk, verdict
from benchmarks.reliability.diary import Diary
from benchmarks.reliability.judge import Written
from benchmarks.reliability.section import Section, left

NAMES = ("ada", "bob", "cleo")

ROUND_SECONDS = 6.0
"""How long everything happens at once, before all is made well and looked at."""

PAUSES = (0.0, 0.02, 0.1, 0.3, 0.6)
"""Seconds between two things that happen to processes; one of these, at random."""

BREATHS = (0.0, 0.01, 0.05, 0.2, 0.5)
"""Seconds between two edits of one author; one of these, at random."""


def run(seconds: float, seed: int, *, least: int = 0) -> Section:
    """Play rounds for so long, and until at least so many processes were killed."""
    place = Path(tempfile.mkdtemp(prefix="whisker-kills-"))
    return left(asyncio.run(_play(place, seconds, seed, least)), place)


async def _play(place: Path, seconds: float, seed: int, least: int) -> Section:
    began = time.monotonic()
    dice = Random(seed)
    written, diary = Written(), Diary(place)
    desks: list[Desk] = []
    happened: Counter[str] = Counter()
    settled: list[float] = []
    violations: list[str] = []
    authors = []
    for name in NAMES:
        desks.append(Desk(place, name, diary, desks[0] if desks else None))
        root = desks[-1].layout.root
        own = Random(dice.getrandbits(64))
        authors.append(Author(name, root, place / f"beside-{name}", written, own, diary))
    authors[0].begin(3)
    try:
        await introduce(desks)
        while not violations and (happened["kills"] < least or time.monotonic() < began + seconds):
            happened["rounds"] += 1
            await _round(desks, authors, dice, happened)
            rested = time.monotonic()
            diary.note("all", "is made well")
            await _heal(desks)
            violations += await verdict(desks, written)
            settled.append(time.monotonic() - rested)
            diary.note("all", "; ".join(violations) or "is as it should be")
        for desk in desks:
            await desk.stop()
            violations += desk.broken
    except (AssertionError, TimeoutError) as problem:
        violations.append(f"{type(problem).__name__}: {problem}")
    finally:
        for desk in desks:
            await desk.abandon()
        diary.close()
    figures = {
        "kills": happened["kills"],
        "kills while starting": happened["early"],
        "stops": happened["stops"],
        "starts": happened["starts"],
        "rounds": happened["rounds"],
        "edits": sum(author.edits for author in authors),
        "words": written.count,
        "saves over an unread version": sum(author.overtaken for author in authors),
        "same after, median s": median(settled) if settled else 0.0,
        "same after, longest s": max(settled, default=0.0),
        "seconds": time.monotonic() - began,
    }
    return Section("kills", figures, tuple(dict.fromkeys(violations)))


async def introduce(desks: Sequence[Desk]) -> None:
    """Start all daemons, and tell each where the others are."""
    for desk in desks:
        await desk.spawn()
    for desk in desks:
        await desk.ready()
    for desk in desks:
        for other in desks:
            if other is not desk:
                await desk.call(f"{LOOPBACK}:{other.port}")


async def _round(
    desks: Sequence[Desk], authors: Sequence[Author], dice: Random, happened: Counter[str]
) -> None:
    """Let everything happen at once."""
    until = time.monotonic() + ROUND_SECONDS
    order = [Random(dice.getrandbits(64)) for _ in authors]
    await asyncio.gather(
        *[write(author, own, until) for author, own in zip(authors, order, strict=True)],
        _harm(desks, Random(dice.getrandbits(64)), until, happened),
    )


async def write(author: Author, dice: Random, until: float) -> None:
    """Edit at random until a time."""
    while time.monotonic() < until:
        author.edit()
        await asyncio.sleep(dice.choice(BREATHS))


async def _harm(desks: Sequence[Desk], dice: Random, until: float, happened: Counter[str]) -> None:
    """Kill, freeze, thaw and start at random until a time."""
    while time.monotonic() < until:
        await asyncio.sleep(dice.choice(PAUSES))
        desk = dice.choice(desks)
        match dice.randrange(3):
            case _ if not desk.is_up:
                await desk.spawn()
                happened["starts"] += 1
            case _ if desk.is_frozen and dice.random() < 0.7:
                desk.thaw()
            case 0:
                happened["kills"] += 1
                happened["early"] += not desk.has_spoken
                await desk.kill()
            case 1 if not desk.is_frozen:
                desk.freeze()
                happened["stops"] += 1
            case _:
                pass  # it lives on


async def _heal(desks: Sequence[Desk]) -> None:
    """Make everything well."""
    for desk in desks:
        desk.thaw()
        if not desk.is_up:
            await desk.spawn()
    for desk in desks:
        await desk.ready()
