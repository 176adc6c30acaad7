"""
Forgetting what was agreed on with the other devices, and nothing else.

The text, the history, who belongs, and who we are stay. What goes is what only makes the
exchange fast or is only said in a status: how far we are with whom, how far they are with
us, what devices we met and where, figures. The journal begins a new life, so that nobody's
position in the old one means anything; the next meeting compares whole documents, and finds
that nothing is missing.

The journal is copied first, beside it, under a name with the date.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import time
from pathlib import Path

from whisker_sync.batch import Batch
from whisker_sync.daemon import process
from whisker_sync.daemon.control import ask
from whisker_sync.errors import DaemonNotRunning, DiskFull
from whisker_sync.store.journal import Journal
from whisker_sync.store.layout import Layout, Lock

FORGOTTEN = ("cursor/", "ack/", "peer/", "split/", "rewrites/", "unacked", "statistics")
"""What names of facts begin with that are forgotten."""


def reset(layout: Layout) -> Path | None:
    """
    Forget the state of the exchange; return where the copy is, None: there was nothing.

    Nobody may have the workspace open.

    Raises:
        WorkspaceBusy: Somebody has.
        JournalError, DiskFull: Nothing was changed.
    """
    if not layout.journal.exists():
        return None
    lock = Lock(layout)
    try:
        journal = Journal.open(layout.journal, secrets.token_bytes(8))
        journal.close()  # now it is one file
        copy = _copy(layout)
        journal = Journal.open(layout.journal, secrets.token_bytes(8))
        try:
            names = [name for name in journal.recall().facts if name.startswith(FORGOTTEN)]
            journal.write([Batch(facts=tuple((name, None) for name in names))])
            journal.renew(secrets.token_bytes(8))
        finally:
            journal.close()
    finally:
        lock.release()
    return copy


def stop_for(layout: Layout) -> list[str] | None:
    """
    Stop the daemon of a workspace; return how it was started, None: there was none.

    Raises:
        DaemonDidNotStart: It does not end.
    """
    try:
        status = asyncio.run(ask(layout, {"do": "status"}))
        process.stop(layout)
    except DaemonNotRunning:
        return None
    return [str(option) for option in status["options"]]


def _copy(layout: Layout) -> Path:
    backups = layout.local / "backups"
    backups.mkdir(mode=0o700, exist_ok=True)
    copy = backups / f"journal-{time.strftime('%Y-%m-%d-%H%M%S')}.db"
    try:
        handle = os.open(copy, os.O_CREAT | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "wb") as target, layout.journal.open("rb") as source:
            shutil.copyfileobj(source, target)
            target.flush()
            os.fsync(target.fileno())
    except OSError:
        copy.unlink(missing_ok=True)
        raise DiskFull(str(copy)) from None
    return copy
