"""
Runs everything: what can share the machine on all cores, then what must be alone.

``python -m tests.everything``; the arguments go to every run of pytest. The search for words
that get lost comes first: it is no test with a name, but a table that must say 0 violations.
It computes, so tests that mostly wait run beside it, and then those that do not mind company.
"""

from __future__ import annotations

import os
import subprocess
import sys

ALONE = "lan or alone"
"""Marks of tests that start several processes, flood mDNS, or look at the clock."""

WAITS = "waits"
"""Mark of tests that start several processes, and mostly wait for them."""


def main() -> int:
    """Run all suites, the last of which ends with the closing line of pytest."""
    pytest = [sys.executable, "-m", "pytest", *sys.argv[1:]]
    spread = ["-n", str(os.cpu_count() or 2), "--dist", "worksteal"]
    merges = ["benchmarks/merge", "--hypothesis-profile", "ci"]
    with subprocess.Popen(
        _shown([sys.executable, "-m", "benchmarks.reliability", "--ci"])
    ) as first:
        codes = [
            _run([*pytest, "tests", "-m", WAITS, "-n", "4", "--dist", "worksteal"]),
            _run([*pytest, "tests", "-m", f"not ({ALONE} or {WAITS})", *spread]),
            first.wait(),
        ]
    codes += [
        _run([*pytest, "tests", "-m", ALONE]),
        _run([*pytest, *merges, *spread]),
    ]
    return max(codes, key=abs)


def _run(suite: list[str]) -> int:
    return subprocess.run(_shown(suite), check=False).returncode


def _shown(suite: list[str]) -> list[str]:
    print("+", *suite, flush=True)
    return suite


if __name__ == "__main__":
    sys.exit(main())
