"""
Runs a decoder over many cases, and says how it did.

A case is bound by time and memory of this process: one that takes more is a
violation like a wrong exception. A decoder in Python is interrupted when its time is
up; one that holds the interpreter can only be judged afterwards.

Case ``n`` of a seed is the same in each run, whatever became of the others.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

from benchmarks.fuzz.target import Broken, Target, Verdict
from benchmarks.fuzz.targets import TARGETS

DECODERS = tuple(TARGETS)
"""The names of all decoders."""

MAX_SECONDS = 2.0
"""Processor time for one case."""

MAX_GROWTH = 256 << 20
"""Bytes by which one case may raise the most memory that the process ever used."""

MAX_VIOLATIONS = 20
"""A decoder with so many is not tried any longer."""

FOLLOW_UP = 512
"""Cases between two times of looking at earlier ones again."""

_TICK = 0.5


class TooSlow(BaseException):
    """A case took more than its time; not an Exception, so that no decoder catches it."""


@dataclass(frozen=True, slots=True)
class Violation:
    """An input that a decoder did not handle as it promises."""

    seed: int
    case: int
    problem: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Report:
    """How one decoder did."""

    decoder: str
    cases: int
    accepted: int
    refused: int
    violations: tuple[Violation, ...]
    seconds: float
    followed_up: int = 0
    """How many of the accepted were put to use in a child process."""

    leftovers: tuple[tuple[str, bytes], ...] = ()
    """Files that one needs beside a violating input to see it again, by name."""

    def line(self) -> str:
        """The report in one line."""
        rate = self.cases / self.seconds if self.seconds else 0.0
        used = f" ({self.followed_up:,} used)" if self.followed_up else ""
        return (
            f"{self.decoder:<10} {self.cases:>9,} cases {rate:>9,.0f}/s  "
            f"{self.accepted:>8,} accepted{used}  {self.refused:>9,} refused  "
            f"{len(self.violations)} violations"
        )


def run(
    decoder: str,
    *,
    cases: int | None,
    seconds: float | None,
    seed: int,
    targets: Mapping[str, Callable[[], Target]] = TARGETS,
) -> Report:
    """
    Fuzz one decoder, for so many cases or so many seconds (with both: what is over first).

    Raises:
        KeyError: There is no such decoder.
        ValueError: Neither cases nor seconds were given.
    """
    if cases is None and seconds is None:
        raise ValueError("say how many cases, or how many seconds")
    target = targets[decoder]()
    try:
        return _Run(decoder, target, seed).through(cases, seconds)
    finally:
        target.close()


def judge(target: Target, case: int, data: bytes) -> Verdict | str:
    """What a target says of one case; a text: the violation."""
    peak = _peak()
    began = time.thread_time()
    try:
        with _watched.case():
            verdict = target.judge(case, data)
    except Broken as broken:
        return str(broken)
    except TooSlow:
        return f"it takes more than {MAX_SECONDS} s"
    except MemoryError:
        return "it asks for more memory than there is"
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as escaped:  # a panic is one
        return f"{type(escaped).__name__} escapes: {str(escaped)[:200]}"
    spent, growth = time.thread_time() - began, _peak() - peak
    if spent > MAX_SECONDS:
        return f"it takes {spent:.1f} s"
    if growth > MAX_GROWTH:
        return f"it takes {growth >> 20} MB"
    return verdict


class _Run:
    """One decoder on its way through its cases."""

    def __init__(self, decoder: str, target: Target, seed: int) -> None:
        self._decoder = decoder
        self._target = target
        self._seed = seed
        self._counts = dict.fromkeys(Verdict, 0)
        self._violations: list[Violation] = []

    def through(self, cases: int | None, seconds: float | None) -> Report:
        began = time.monotonic()
        done = 0
        with _watched.process():
            while cases is None or done < cases:
                if seconds is not None and time.monotonic() - began >= seconds:
                    break
                if len(self._violations) >= MAX_VIOLATIONS:
                    break
                self._one(done)
                done += 1
                if done % FOLLOW_UP == 0:
                    self._follow_up(last=False)
        self._follow_up(last=True)
        return Report(
            decoder=self._decoder,
            cases=done,
            accepted=self._counts[Verdict.ACCEPTED],
            refused=self._counts[Verdict.REFUSED],
            violations=tuple(self._violations),
            seconds=time.monotonic() - began,
            followed_up=self._target.followed_up(),
            leftovers=tuple(self._target.leftovers().items()),
        )

    def _one(self, case: int) -> None:
        data = self._target.draw(dice_of(self._decoder, self._seed, case))
        match judge(self._target, case, data):
            case Verdict() as verdict:
                self._counts[verdict] += 1
            case problem:
                self._violations.append(Violation(self._seed, case, problem, data))

    def _follow_up(self, *, last: bool) -> None:
        for found in self._target.follow_up(last=last):
            self._violations.append(Violation(self._seed, found.case, found.problem, found.data))


def dice_of(decoder: str, seed: int, case: int) -> Random:
    """The dice of one case."""
    return Random(f"{decoder}/{seed}/{case}")


class _Watch:
    """Interrupts a case that takes too long, where the system can do that."""

    def __init__(self) -> None:
        self._began: float | None = None

    @contextmanager
    def process(self) -> Iterator[None]:
        """Look at the clock now and then, as long as this lasts."""
        if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGVTALRM, self._look)
        signal.setitimer(signal.ITIMER_VIRTUAL, _TICK, _TICK)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.signal(signal.SIGVTALRM, before)

    @contextmanager
    def case(self) -> Iterator[None]:
        """The time of a case begins and ends."""
        self._began = time.thread_time()
        try:
            yield
        finally:
            self._began = None

    def _look(self, *_: object) -> None:
        if self._began is not None and time.thread_time() - self._began > MAX_SECONDS:
            self._began = None
            raise TooSlow


_watched = _Watch()


if sys.platform == "win32":

    def _peak() -> int:
        return 0  # nothing here tells

else:
    import resource

    _UNIT = 1 if sys.platform == "darwin" else 1024

    def _peak() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT
