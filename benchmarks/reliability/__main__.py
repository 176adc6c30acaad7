"""
Is anything ever lost? Each section tries to make it so; one table says what came of it.

    python -m benchmarks.reliability --seconds N [--seed S] [--only worlds,kills]
    python -m benchmarks.reliability --ci

Exit code 1 if any section found a violation.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial

from benchmarks.reliability import fuzz, images, kills, proxy, soak, worlds
from benchmarks.reliability.section import Section

Run = Callable[[float, int], Section]
"""Runs a section for some seconds, from a seed."""

SECTIONS: dict[str, tuple[float, Run]] = {
    "worlds": (8.0, worlds.run),
    "orders": (1.0, worlds.run_orders),
    "images": (1.0, images.run),
    "fuzz": (2.0, fuzz.run),
    "kills": (4.0, kills.run),
    "proxy": (2.0, proxy.run),
    "soak": (2.0, soak.run),
}
"""Each section with its share of the time."""

CI: dict[str, Run] = {
    "worlds": partial(worlds.run, least=2_000),
    "orders": partial(worlds.run_orders, least=5_000),
    "images": partial(images.run, least=5_000),
    "fuzz": partial(fuzz.run, least=200_000),
    "kills": lambda _, seed: kills.run(CI_SECONDS, seed, kills=50),
    "proxy": lambda _, seed: proxy.run(30.0, seed),
    "soak": lambda _, seed: soak.run(30.0, seed),
}
"""Each section with what it has to do at least before a change is accepted."""

CI_SECONDS = 240.0
"""How long fifty kills may take."""


def main() -> int:
    """Run sections and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=180.0, help="for all sections together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="sections, with commas between")
    parser.add_argument("--ci", action="store_true", help="what a change should pass")
    arguments = parser.parse_args()
    names = arguments.only.split(",") if arguments.only else list(SECTIONS)
    if unknown := [name for name in names if name not in SECTIONS]:
        parser.error(f"there is no section {unknown[0]}; there are {', '.join(SECTIONS)}")
    shares = sum(SECTIONS[name][0] for name in names)
    began, violations = time.monotonic(), 0
    for name in names:
        share, run = SECTIONS[name]
        if arguments.ci:
            share, run = 0.0, CI[name]
        section = run(arguments.seconds * share / shares, arguments.seed)
        violations += len(section.violations)
        print("\n".join(section.lines()), flush=True)
    took = time.monotonic() - began
    print(f"seed {arguments.seed}, {took:.0f} s, {violations} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
