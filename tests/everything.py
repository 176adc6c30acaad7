"""
Runs everything: what can share the machine on all cores, then what must be alone.

``python -m tests.everything``; the arguments go to every run of pytest. The search for words
that get lost comes first: it is no test with a name, but a table that must say 0 violations.
"""

from __future__ import annotations

import os
import subprocess
import sys

ALONE = "lan or alone"
"""Marks of tests that start several processes, or look at the clock."""

WAITS = "waits"
"""Mark of tests that start several processes, and mostly wait for them."""


def main() -> int:
    """Run all suites, the last of which ends with the closing line of pytest."""
    pytest = [sys.executable, "-m", "pytest", *sys.argv[1:]]
    cores = str(os.cpu_count() or 2)
    suites = [
        [sys.executable, "-m", "benchmarks.reliability", "--ci"],
        [*pytest, "tests", "-m", f"not ({ALONE} or {WAITS})", "-n", cores, "--dist", "worksteal"],
        [*pytest, "tests", "-m", WAITS, "-n", "4", "--dist", "worksteal"],
        [*pytest, "tests", "-m", ALONE],
        [
            *pytest,
            "benchmarks/merge",
            "--hypothesis-profile",
            "ci",
            "-n",
            cores,
            "--dist",
            "worksteal",
        ],
    ]
    codes = []
    for suite in suites:
        print("+", *suite, flush=True)
        codes.append(subprocess.run(suite, check=False).returncode)
    return max(codes, key=abs)


if __name__ == "__main__":
    sys.exit(main())
