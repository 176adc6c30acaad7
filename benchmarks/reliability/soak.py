"""
Two daemons at work for a long time: what do they need in the end, beside the beginning?

Two authors edit all the time, and every few seconds the cable between their daemons is
pulled. One file is only for measuring: a line in it changes, and how long that takes to
the other folder counts as one time to converge, reconnecting included. After a warm-up
and at the end everything rests, and the processes are measured.

Rule: what is open may not become more. Memory may grow with the history of a document, of
which nothing is ever forgotten, but not beyond what :data:`GROWTH` and
:data:`GROWTH_PER_EDIT` allow. At rest next to no processor time is used.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median, quantiles

from benchmarks.reliability.author import Author
from benchmarks.reliability.cable import Cable
from benchmarks.reliability.desk import Desk, verdict
from benchmarks.reliability.diary import Diary
from benchmarks.reliability.judge import Written
from benchmarks.reliability.proxy import NAMES, join
from benchmarks.reliability.section import Section, left

WARM_UP = 0.2
"""The part of the time after which everything is measured for the first time."""

REST_SECONDS = 5.0
"""How long processes are watched at rest; the system counts in hundredths of a second."""

BREATH_SECONDS = 0.15
"""Between two edits of one author, about."""

PULL_SECONDS = 4.0
"""Between two pulls of the cable, about."""

PROBE_SECONDS = 0.25
"""Between two measured edits."""

ARRIVAL_SECONDS = 30.0
"""How long a measured edit may take."""

GROWTH = 24 << 20
"""Bytes of memory that a process may grow by between the two measurements: what allocators
and caches keep."""

GROWTH_PER_EDIT = 4 << 10
"""Bytes more for each edit between them: the document keeps what was typed and deleted."""

GROWTH_OPEN = 2
"""Files and sockets that may be open beyond those at the beginning; a reconnect may be on
its way in the moment in which they are counted."""

CLOSING_SECONDS = 60
"""How long what is open may take to become so few: the last connections of a cable that was
pulled all the time end one after the other. What leaks stays."""

IDLE = 0.02
"""The part of a processor that a daemon may use at rest."""

PROBE = "probe.txt"


@dataclass(frozen=True, slots=True)
class Rest:
    """What one daemon needs at rest."""

    memory: int
    """Bytes in use."""

    opened: Sequence[str]
    """Files and sockets."""

    journal: int
    """Bytes on disk."""

    processor: float
    """The part of one processor."""

    edits: int
    """How many edits there were until then, of all authors."""


def run(seconds: float, seed: int) -> Section:
    """Work for some seconds."""
    place = Path(tempfile.mkdtemp(prefix="whisker-soak-"))
    return left(asyncio.run(_play(place, seconds, seed)), place)


async def _play(place: Path, seconds: float, seed: int) -> Section:
    began = time.monotonic()
    dice = Random(seed)
    written, diary = Written(), Diary(place)
    cable = Cable(Random(dice.getrandbits(64)))
    desks: list[Desk] = []
    authors: list[Author] = []
    for name in NAMES:
        desks.append(Desk(place, name, diary, desks[0] if desks else None))
        own = Random(dice.getrandbits(64))
        root = desks[-1].layout.root
        authors.append(Author(name, root, place / f"beside-{name}", written, own, diary))
    authors[0].begin(3)
    violations: list[str] = []
    figures: dict[str, float] = {}
    parts = (seconds * WARM_UP, seconds * (1 - WARM_UP))
    try:
        await join(desks, cable)
        rests: list[list[Rest]] = []
        for part, name in zip(parts, ("start", "end"), strict=True):
            work = max(1.0, part - REST_SECONDS)
            times = await _work(desks, authors, cable, dice, work)
            violations += await verdict(desks, written)
            if rests:
                await _close(desks, rests[0])
            rests.append(await _rest(desks, sum(author.edits for author in authors)))
            figures |= _times(times, name) | _needs(rests[-1], name)
        violations += judge(NAMES, *rests)
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
    figures |= {
        "edits": sum(author.edits for author in authors),
        "connections": cable.connections,
        "seconds": time.monotonic() - began,
    }
    return Section("soak", figures, tuple(dict.fromkeys(violations)))


async def _work(
    desks: list[Desk], authors: list[Author], cable: Cable, dice: Random, seconds: float
) -> list[float]:
    """Edit and reconnect for some seconds; return how long measured edits took to arrive."""
    until = time.monotonic() + seconds
    times: list[float] = []
    await asyncio.gather(
        *[_write(author, Random(dice.getrandbits(64)), until) for author in authors],
        _pull(cable, Random(dice.getrandbits(64)), until),
        _measure(desks, until, times),
    )
    return times


async def _write(author: Author, dice: Random, until: float) -> None:
    while time.monotonic() < until:
        author.edit()
        await asyncio.sleep(BREATH_SECONDS * 2 * dice.random())


async def _pull(cable: Cable, dice: Random, until: float) -> None:
    while (pause := PULL_SECONDS * 2 * dice.random()) + time.monotonic() < until:
        await asyncio.sleep(pause)
        cable.cut()


async def _measure(desks: list[Desk], until: float, times: list[float]) -> None:
    source, target = (desk.layout.root / PROBE for desk in desks)
    beside = desks[0].layout.root.parent / "probe"
    while time.monotonic() < until:
        line = f"The clock says {time.monotonic_ns()}.\n"
        beside.write_text(line, "utf-8")
        beside.replace(source)
        began = time.monotonic()
        while not (target.exists() and target.read_text("utf-8") == line):
            if time.monotonic() > began + ARRIVAL_SECONDS:
                raise TimeoutError(f"an edit did not arrive within {ARRIVAL_SECONDS:.0f} s")
            await asyncio.sleep(0.002)
        times.append(time.monotonic() - began)
        await asyncio.sleep(PROBE_SECONDS)


async def _close(desks: Sequence[Desk], first: Sequence[Rest]) -> None:
    """Wait until what is open is hardly more than at first, or for so long."""
    for _ in range(CLOSING_SECONDS):
        open_ = [len(desk.opened()) for desk in desks]
        allowed = [len(rest.opened) + GROWTH_OPEN for rest in first]
        if all(now <= most for now, most in zip(open_, allowed, strict=True)):
            return
        await asyncio.sleep(1.0)


async def _rest(desks: Sequence[Desk], edits: int) -> list[Rest]:
    """Measure all daemons while nothing happens."""
    before = [desk.processor() for desk in desks]
    await asyncio.sleep(REST_SECONDS)
    return [
        Rest(
            desk.resident(),
            tuple(desk.opened()),
            desk.journal(),
            (desk.processor() - used) / REST_SECONDS,
            edits,
        )
        for desk, used in zip(desks, before, strict=True)
    ]


def judge(names: Sequence[str], start: Sequence[Rest], end: Sequence[Rest]) -> list[str]:
    """What a daemon needs and should not, in sentences."""
    wrong = []
    for name, first, last in zip(names, start, end, strict=True):
        grown = last.memory - first.memory
        allowed = GROWTH + GROWTH_PER_EDIT * (last.edits - first.edits)
        if grown > allowed:
            wrong.append(f"{name} grew by {grown:,} bytes; {allowed:,} are allowed")
        if len(last.opened) > len(first.opened) + GROWTH_OPEN:
            new = Counter(last.opened) - Counter(first.opened)
            more = ", ".join(f"{count} {what}" for what, count in sorted(new.items()))
            sentence = f"{name} has {len(last.opened)} files open; at first it had"
            wrong.append(f"{sentence} {len(first.opened)}; new are {more}")
        if last.processor > IDLE:
            wrong.append(f"{name} uses {last.processor:.0%} of a processor at rest")
    return wrong


def _times(times: list[float], name: str) -> dict[str, float]:
    last = quantiles(times, n=100)[98] if len(times) > 1 else max(times)
    return {
        f"{name}: edit to other folder, p50 ms": median(times) * 1000,
        f"{name}: edit to other folder, p99 ms": last * 1000,
    }


def _needs(rests: list[Rest], name: str) -> dict[str, float]:
    """The most that any of the daemons needs."""
    return {
        f"{name}: memory, MiB": max(rest.memory for rest in rests) / (1 << 20),
        f"{name}: files and sockets open": max(len(rest.opened) for rest in rests),
        f"{name}: journal, kB": max(rest.journal for rest in rests) / 1000,
        f"{name}: processor at rest, %": max(rest.processor for rest in rests) * 100,
    }
