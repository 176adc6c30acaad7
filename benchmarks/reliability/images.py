"""Power failures: the journal is opened from what a disk may hold after each of them."""

from __future__ import annotations

from benchmarks.reliability.cores import spread
from benchmarks.reliability.section import Section
from whisker_sync.testing.outage import Report
from whisker_sync.testing.outage import run as fail

CHUNK = 250
"""Crash images that one process judges at a time."""


def chunk(seed: int) -> Report:
    """Judge some images."""
    return fail(CHUNK, seed)


def run(seconds: float, seed: int, *, least: int = 0) -> Section:
    """Let the power fail for so long, and for at least so many crash images."""
    images = stories = twice = 0
    violations: list[str] = []

    def is_enough(_: Report) -> bool:
        return images >= least or bool(violations)

    for report in spread(chunk, seconds, seed * 1_000_000, 1, is_enough):
        images += report.images
        stories += report.stories
        twice += report.twice
        violations += report.violations
    figures = {"crash images": images, "of a second failure": twice, "journals": stories}
    return Section("images", figures, tuple(violations))
