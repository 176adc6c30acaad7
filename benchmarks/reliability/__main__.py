"""
Is anything ever lost? Each section tries to make it so; one table says what came of it.

    python -m benchmarks.reliability --seconds N [--seed S] [--only kills,proxy,soak]

Exit code 1 if any section found a violation.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

from benchmarks.reliability import kills, proxy, soak
from benchmarks.reliability.section import Section

SECTIONS: dict[str, tuple[float, Callable[[float, int], Section]]] = {
    "kills": (3.0, kills.run),
    "proxy": (2.0, proxy.run),
    "soak": (1.0, soak.run),
}
"""Each section with its share of the time, and how to run it for some seconds from a seed."""


def main() -> int:
    """Run sections and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=180.0, help="for all sections together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="sections, with commas between")
    arguments = parser.parse_args()
    names = arguments.only.split(",") if arguments.only else list(SECTIONS)
    if unknown := [name for name in names if name not in SECTIONS]:
        parser.error(f"there is no section {unknown[0]}; there are {', '.join(SECTIONS)}")
    shares = sum(SECTIONS[name][0] for name in names)
    began, violations = time.monotonic(), 0
    for name in names:
        share, run = SECTIONS[name]
        section = run(arguments.seconds * share / shares, arguments.seed)
        violations += len(section.violations)
        print("\n".join(section.lines()), flush=True)
    took = time.monotonic() - began
    print(f"seed {arguments.seed}, {took:.0f} s, {violations} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
