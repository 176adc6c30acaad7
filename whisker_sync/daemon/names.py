"""
What the passages of a workspace were called before, whether or not anything has it open.

A daemon is asked; else the document is read from the journal. Files say nothing of it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping

from whisker_sync.daemon.control import ask
from whisker_sync.document import Document, fresh_client
from whisker_sync.errors import DaemonNotRunning
from whisker_sync.manuscript.names import former_names
from whisker_sync.manuscript.render import View
from whisker_sync.manuscript.schema import STORY, STORY_SCHEMA
from whisker_sync.store.journal import Journal
from whisker_sync.store.layout import Layout, Lock


async def former(layout: Layout) -> Mapping[str, str]:
    """
    Former names, each with the one that its passage has now.

    Raises:
        WorkspaceBusy: A program that is no daemon has the workspace open.
        JournalError, EngineFailure: The journal cannot be read.
    """
    try:
        names: Mapping[str, str] = (await ask(layout, {"do": "former"}))["former"]
    except DaemonNotRunning:
        names = await asyncio.to_thread(_from_journal, layout)
    return names


def as_answer(document: Document) -> dict[str, str]:
    """The former names in an open document, as a daemon tells them."""
    return dict(former_names(View(document)))


def _from_journal(layout: Layout) -> Mapping[str, str]:
    if not layout.journal.exists():
        return {}
    lock = Lock(layout)
    try:
        journal = Journal.open(layout.journal, secrets.token_bytes(8))
        try:
            updates = journal.recall().documents.get(STORY, ())
        finally:
            journal.close()
    finally:
        lock.release()
    client = fresh_client((), secrets.SystemRandom())
    return as_answer(Document.load(STORY, STORY_SCHEMA, client, updates))
