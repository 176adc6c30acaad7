"""
Starting and stopping the background process.

What is started is its keeper (see :mod:`whisker_sync.daemon.keeper`). That passes on the
one line of JSON in which the daemon says that it is ready, or why it is not; from then on
both write to the log only.
"""

from __future__ import annotations

import asyncio
import json
import logging
import logging.handlers
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from io import TextIOWrapper
from typing import Any

from whisker_sync.daemon.control import Refusal, ask, is_running
from whisker_sync.errors import DaemonDidNotStart, DaemonNotRunning
from whisker_sync.node.home import passed_on
from whisker_sync.shown import plain
from whisker_sync.store.layout import Layout, holder, is_held

START_SECONDS = 60.0
"""How long a daemon may take until it listens; opening a large workspace takes a while."""

STOP_SECONDS = 10.0
"""How long it may take to keep everything and end."""

LOG_BYTES = 1 << 20
"""Bytes of one log; two older ones are kept."""


def start(
    layout: Layout, options: Sequence[str], environment: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """
    Start a daemon for a workspace; return what it said when it was ready.

    ``environment`` is added to ours.

    Raises:
        Refusal: It said why it could not.
        DaemonDidNotStart: It ended, or stayed silent, without a word.
    """
    command = [sys.executable, "-m", "whisker_sync.daemon.keeper", str(layout.root), *options]
    told = {**os.environ, **(environment or {})}
    if is_held(layout.keeper):
        return _until_kept(layout)
    with open(layout.log, "ab", opener=_privately) as errors:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=layout.root,
            env=told | passed_on(told),
            **_detached(),
        )
    assert child.stdout is not None
    with child.stdout:
        line = _first_line(child)
    try:
        answer: dict[str, Any] = json.loads(line)
    except ValueError:
        raise DaemonDidNotStart(f"the process ended without a word; see {layout.log}") from None
    if "error" in answer:
        child.wait()
        raise Refusal(answer["error"], answer.get("code", 1))
    # It lives on, and is not ours to wait for.
    child.returncode = 0
    return answer


def _until_kept(layout: Layout) -> dict[str, Any]:
    """Wait for a daemon that is just being started again."""
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            status = asyncio.run(ask(layout, {"do": "status"}))
        except (DaemonNotRunning, Refusal):
            if time.monotonic() > until or not is_held(layout.keeper):
                raise DaemonDidNotStart(f"it was to be started again; see {layout.log}") from None
            time.sleep(0.05)
        else:
            return {"pid": holder(layout.lock), "port": status["port"]}


def stop(layout: Layout) -> int | None:
    """
    Stop the daemon of a workspace and wait until it has ended; return its process id.

    Raises:
        DaemonNotRunning: There is none.
        DaemonDidNotStart: It does not end.
    """
    if not is_running(layout) and not is_held(layout.keeper):
        raise DaemonNotRunning(str(layout.root))
    pid = holder(layout.lock)
    try:
        asyncio.run(ask(layout, {"do": "stop"}, seconds=STOP_SECONDS))
    except (DaemonNotRunning, TimeoutError, Refusal):
        # It does not answer, or waits to be started again.
        keeper = holder(layout.keeper) if is_held(layout.keeper) else None
        for process in (keeper, pid if is_running(layout) else None):
            if process is not None:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGTERM)
    until = time.monotonic() + STOP_SECONDS
    while is_running(layout) or is_held(layout.keeper):
        if time.monotonic() > until:
            raise DaemonDidNotStart(f"process {pid} does not end; end it by hand")
        time.sleep(0.02)
    return pid


def log_to_file(layout: Layout, *, verbose: bool) -> None:
    """Write what this process has to say to the workspace's log, with rotation."""
    handler = _Log(layout.log, maxBytes=LOG_BYTES, backupCount=2, encoding="utf-8")
    handler.setFormatter(_Lines("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger("whisker_sync")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)


class _Log(logging.handlers.RotatingFileHandler):
    """A log that only its owner can read, as the rest beside it."""

    def _open(self) -> TextIOWrapper:
        where, how = self.baseFilename, self.mode
        file = open(where, how, encoding=self.encoding, opener=_privately)  # noqa: SIM115 - kept
        assert isinstance(file, TextIOWrapper)
        return file


def _privately(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class _Lines(logging.Formatter):
    """Nothing that others chose, such as a file's name, can make a line look like another."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - its name there
        """See :class:`logging.Formatter`."""
        record.message = plain(record.message.replace("\n", " "))
        return super().formatMessage(record)


def _first_line(child: subprocess.Popen[bytes]) -> bytes:
    """The child's first line, or nothing if it ends or takes too long."""
    import threading

    timer = threading.Timer(START_SECONDS, child.kill)
    timer.start()
    try:
        assert child.stdout is not None
        return child.stdout.readline()
    finally:
        timer.cancel()


def _detached() -> dict[str, Any]:
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS
        return {"creationflags": flags}
    return {"start_new_session": True}
