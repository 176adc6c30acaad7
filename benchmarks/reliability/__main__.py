"""
Is anything ever lost? Each section tries to make it so; one table says what came of it.

    python -m benchmarks.reliability --seconds N [--seed S] [--only worlds,kills] [--table]
    python -m benchmarks.reliability --ci

Exit code 1 if any section found a violation.
"""

from __future__ import annotations

import argparse
import sys
import time

from benchmarks.reliability.plan import SECTIONS, run
from benchmarks.reliability.section import table


def main() -> int:
    """Run sections and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reliability",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seconds", type=float, default=180.0, help="for all sections together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="sections, with commas between")
    parser.add_argument("--ci", action="store_true", help="what a change has to pass")
    parser.add_argument("--table", action="store_true", help="print all of it once more for a page")
    arguments = parser.parse_args()
    names = arguments.only.split(",") if arguments.only else list(SECTIONS)
    if unknown := [name for name in names if name not in SECTIONS]:
        parser.error(f"there is no section {unknown[0]}; there are {', '.join(SECTIONS)}")
    seconds = None if arguments.ci else arguments.seconds
    began, done = time.monotonic(), []
    for section in run(names, seconds, arguments.seed):
        done.append(section)
        print("\n".join(section.lines()), flush=True)
    took, violations = time.monotonic() - began, sum(len(each.violations) for each in done)
    print(f"seed {arguments.seed}, {took:.0f} s, {violations} violations")
    if arguments.table:
        done.sort(key=lambda section: names.index(section.name))
        print("\n".join(["", *table(done, sys.argv[1:], took)]))
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
