"""
How long the commands take that are typed most: ``whisker --help`` and ``sync status``.

    python -m benchmarks.commands [PAIRS]

Each is run in turn with a bare ``python -c pass``, so that both meet the same machine; medians of
the pairs. ``status`` asks a daemon of a story that it starts, on loopback, and ends.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HELP_TIMES = 5.0
"""How many times a bare Python ``--help`` may take."""

STATUS_MS = 150.0
"""How many milliseconds ``sync status`` may take."""


def main(pairs: int) -> int:
    """Measure, print, and say by the exit code whether both are within their targets."""
    with tempfile.TemporaryDirectory(prefix="whisker-commands-") as place:
        environment = {**os.environ, "WHISKER_HOME": str(Path(place) / "home")}
        whisker = [sys.executable, "-m", "whisker_sync"]
        story = ["-C", str(Path(place) / "cave")]
        for words in (["init", str(Path(place) / "cave")],
                      [*story, "sync", "start", "--interface", "127.0.0.1"]):  # fmt: skip
            subprocess.run([*whisker, *words], env=environment, check=True, capture_output=True)
        try:
            bare, help_ = _pairs([*whisker, "--help"], environment, pairs)
            _, status = _pairs([*whisker, *story, "sync", "status"], environment, pairs)
        finally:
            stop = [*whisker, *story, "sync", "stop"]
            subprocess.run(stop, env=environment, check=True, capture_output=True)
    times = help_ / bare
    print(f"bare python        {bare:6.1f} ms")
    print(f"whisker --help     {help_:6.1f} ms, {times:.1f} times that (at most {HELP_TIMES:.0f})")
    print(f"whisker sync status {status:5.1f} ms (at most {STATUS_MS:.0f})")
    return 0 if times <= HELP_TIMES and status <= STATUS_MS else 1


def _pairs(command: list[str], environment: dict[str, str], pairs: int) -> tuple[float, float]:
    """Median milliseconds of a bare Python, and of the command."""
    bare, full = [], []
    for _ in range(pairs):
        bare.append(_run([sys.executable, "-c", "pass"], environment))
        full.append(_run(command, environment))
    return statistics.median(bare), statistics.median(full)


def _run(command: list[str], environment: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("pairs", type=int, nargs="?", default=20)
    sys.exit(main(parser.parse_args().pairs))
