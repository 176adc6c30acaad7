"""
Reading the history of a workspace, whether or not anything has it open.

While a daemon runs, it alone may read the journal, and is asked; else the journal is
opened for as long as it takes to read it.
"""

from __future__ import annotations

import asyncio
import secrets

from whisker_sync.daemon.control import ask
from whisker_sync.errors import DaemonNotRunning
from whisker_sync.revision import Revision, decode
from whisker_sync.store.journal import Journal
from whisker_sync.store.layout import Layout, Lock


async def read(layout: Layout, since: int = 0) -> list[Revision]:
    """
    The revisions from a time on (milliseconds since 1970), newest first.

    Raises:
        WorkspaceBusy: A program that is no daemon has the workspace open.
        JournalError: The journal cannot be read.
    """
    try:
        return await _from_daemon(layout, since)
    except DaemonNotRunning:
        encoded = await asyncio.to_thread(_from_journal, layout, since)
    return _decoded(encoded)


async def _from_daemon(layout: Layout, since: int) -> list[Revision]:
    found: list[Revision] = []
    after: str | None = None
    while True:
        answer = await ask(layout, {"do": "history", "since": since, "after": after})
        more = _decoded([text.encode() for text in answer["revisions"]])
        if not more:
            return found
        found += more
        after = more[-1].id.hex()


def _from_journal(layout: Layout, since: int) -> list[bytes]:
    if not layout.journal.exists():
        return []
    lock = Lock(layout)
    try:
        journal = Journal.open(layout.journal, secrets.token_bytes(8))
        try:
            return journal.history(since=since)
        finally:
            journal.close()
    finally:
        lock.release()


def _decoded(encoded: list[bytes]) -> list[Revision]:
    found = [decode(each) for each in encoded]
    return [revision for revision in found if revision is not None]
