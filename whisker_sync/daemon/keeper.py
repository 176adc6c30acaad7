"""
Keeps a daemon alive: a small process that starts it, and starts it again.

A daemon may be killed, or end itself because something hangs. Then it is started once
more, at once the first time and with growing patience after that, and told why, so that
``status`` can say it.

Rule: what ends because it was asked to is not started again, and neither is what refuses
to start in the first place: whoever started it is told why.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from whisker_sync.errors import WorkspaceBusy
from whisker_sync.store.layout import Layout, Lock

FIRST_WAIT = 0.1
"""Seconds before it is started again; doubles each time."""

LONGEST_WAIT = 60.0
"""Seconds between two starts at most."""

CALM_SECONDS = 300.0
"""After so long without an end the next one counts as the first."""

GIVE_UP_AFTER = 20
"""Starts that fail in a row; then something is wrong that starting does not mend."""

RESTARTED = "WHISKER_RESTARTED"
"""The environment variable that tells a daemon why it was started again, as JSON."""


def main(root: str, *options: str) -> int:
    """Be the keeper of a workspace's daemon, until it ends as it should."""
    layout = Layout(Path(root))
    try:
        lock = Lock(layout, layout.keeper)
    except WorkspaceBusy as problem:
        print(json.dumps({"error": str(problem), "code": 1}), flush=True)
        return 1
    try:
        return _keep(layout, options)
    finally:
        lock.release()


def _keep(layout: Layout, options: Sequence[str]) -> int:
    wait, failures, times, why = FIRST_WAIT, 0, 0, ""
    while True:
        began = time.monotonic()
        child = _start(layout, options, times, why)
        ready = _first_line(child)
        if times == 0:
            # Whoever started us reads this one line, and the end of it if there is none.
            with suppress(OSError):
                os.write(1, ready)
            _let_go_of_output()
            if not ready or b'"error"' in ready:
                return child.wait()
        code = child.wait()
        if code == 0:
            return 0
        if time.monotonic() - began > CALM_SECONDS:
            wait = FIRST_WAIT
        failures = failures + 1 if b'"error"' in ready or not ready else 0
        if failures > GIVE_UP_AFTER:
            return code
        why, times = _why(code), times + 1
        time.sleep(wait)
        wait = min(2 * wait, LONGEST_WAIT)


def _start(layout: Layout, options: Sequence[str], times: int, why: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "whisker_sync", "-C", str(layout.root)]
    command += ["sync", "start", "--foreground", "--report", *options]
    environment = {**os.environ, "PYTHONUTF8": "1"}  # file names are UTF-8, whatever the locale
    if times:
        environment[RESTARTED] = json.dumps({"times": times, "why": why, "at": time.time()})
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment
    )
    _pass_on_signals(child)
    return child


def _pass_on_signals(child: subprocess.Popen[bytes]) -> None:
    """Whoever ends the keeper means the daemon."""

    def end(number: int, _: object) -> None:
        with suppress(OSError):
            child.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            child.wait(30)
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)


def _first_line(child: subprocess.Popen[bytes]) -> bytes:
    assert child.stdout is not None
    with child.stdout:
        return child.stdout.readline()


def _let_go_of_output() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def _why(code: int) -> str:
    if code < 0:
        try:
            return f"it was ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"it was ended by signal {-code}"
    return f"it ended with exit code {code}; its log says more"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
