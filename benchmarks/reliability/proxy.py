"""
Two daemons with a bad cable between them, while people write.

Each round has another fault, and sometimes the cable is pulled, too, so that connections
begin with that fault. Then the cable is well again, and the judge looks.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from statistics import median

from benchmarks.reliability.author import Author
from benchmarks.reliability.cable import (
    ADDRESS,
    BlackHole,
    Cable,
    Cut,
    Fault,
    Flip,
    Late,
    OneWay,
    Trickle,
    Well,
)
from benchmarks.reliability.desk import Desk, verdict
from benchmarks.reliability.diary import Diary
from benchmarks.reliability.judge import Written
from benchmarks.reliability.kills import write
from benchmarks.reliability.section import Section, left

NAMES = ("ada", "bob")

FAULTS: dict[str, tuple[float, Callable[[Random], Fault]]] = {
    "late": (2.0, lambda dice: Late(dice.choice((0.02, 0.2, 1.0)))),
    "trickle": (3.0, lambda dice: Trickle(dice.choice((200, 2_000)))),
    "cut": (2.5, lambda dice: Cut(dice.choice((300, 3_000)))),
    "black hole": (5.5, lambda _: BlackHole()),
    "one way": (5.5, lambda dice: OneWay(dice.randrange(2))),
    "flip": (3.0, lambda dice: Flip(dice.choice((0.02, 0.2, 1.0)))),
}
"""Each fault with how long it lasts at most, in seconds, and how bad it may be. The two that
last longest do so because a silent link is given up after four seconds."""

PULLED = 0.5
"""How likely it is that the cable is pulled while it has the fault."""


def run(
    seconds: float, seed: int, *, rounds: int | None = None, without: frozenset[str] = frozenset()
) -> Section:
    """Play rounds for some seconds, or so many; some faults can be left out."""
    place = Path(tempfile.mkdtemp(prefix="whisker-proxy-"))
    faults = [name for name in FAULTS if name not in without]
    return left(asyncio.run(_play(place, seconds, seed, rounds, faults)), place)


async def _play(
    place: Path, seconds: float, seed: int, rounds: int | None, faults: list[str]
) -> Section:
    began = time.monotonic()
    dice = Random(seed)
    written, diary = Written(), Diary(place)
    cable = Cable(Random(dice.getrandbits(64)))
    desks: list[Desk] = []
    authors = []
    happened: Counter[str] = Counter()
    settled: list[float] = []
    violations: list[str] = []
    for name in NAMES:
        desks.append(Desk(place, name, diary, desks[0] if desks else None))
        own = Random(dice.getrandbits(64))
        root = desks[-1].layout.root
        authors.append(Author(name, root, place / f"beside-{name}", written, own, diary))
    authors[0].begin(3)
    coming: list[str] = []
    try:
        await join(desks, cable)
        while not violations and time.monotonic() < began + seconds:
            if rounds is not None and happened.total() >= rounds:
                break
            if not coming:
                coming = dice.sample(faults, len(faults))
            kind = coming.pop()
            happened[kind] += 1
            await _round(kind, cable, authors, dice, diary)
            rested = time.monotonic()
            violations += [f"after {kind}: {each}" for each in await verdict(desks, written)]
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
        await cable.close()
        diary.close()
    figures: dict[str, float] = {
        **{f"rounds: {kind}": happened[kind] for kind in faults},
        "connections": cable.connections,
        "bytes passed": cable.passed,
        "bits flipped": cable.flipped,
        "edits": sum(author.edits for author in authors),
        "words": written.count,
        "same after, median s": median(settled) if settled else 0.0,
        "same after, longest s": max(settled, default=0.0),
        "seconds": time.monotonic() - began,
    }
    return Section("proxy", figures, tuple(dict.fromkeys(violations)))


async def join(desks: list[Desk], cable: Cable) -> None:
    """Start two daemons, and tell each that the other is behind the cable."""
    for desk in desks:
        await desk.spawn()
    for desk in desks:
        await desk.ready()
    await cable.open([desk.port for desk in desks])
    for desk, other in zip(desks, reversed(desks), strict=True):
        await desk.call(f"{ADDRESS}:{other.port}")


async def _round(
    kind: str, cable: Cable, authors: list[Author], dice: Random, diary: Diary
) -> None:
    """Let people write while the cable has a fault."""
    longest, make = FAULTS[kind]
    fault = make(dice)
    diary.note("cable", f"becomes {fault}")
    cable.become(fault)
    until = time.monotonic() + longest * dice.uniform(0.3, 1.0)
    own = [Random(dice.getrandbits(64)) for _ in authors]
    writing = asyncio.gather(*[write(each, d, until) for each, d in zip(authors, own, strict=True)])
    if dice.random() < PULLED:
        await asyncio.sleep(0.3)
        diary.note("cable", "is pulled")
        cable.cut()
    await writing
    diary.note("cable", "is well")
    cable.become(Well())
