"""
Finding places worth a look, whether or not a daemon has the workspace open.

What they are is worked out from the files, the history and what was kept; see
:mod:`whisker_sync.manuscript.conflicts`. Which of them the user has seen to is a small
file beside the journal: it is about one copy of the story, and nobody else's business.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from whisker_sync.daemon import history
from whisker_sync.daemon.control import ask
from whisker_sync.errors import DaemonNotRunning, FolderError, WhiskerError
from whisker_sync.folder.files import Folder
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.conflicts import Conflict, conflicts
from whisker_sync.manuscript.formatters import STAND_OFF
from whisker_sync.manuscript.formatters import recall as stand_offs
from whisker_sync.manuscript.kept import KEPT, Kept, recall
from whisker_sync.node.home import user_home
from whisker_sync.node.node import Node
from whisker_sync.node.settings import load_user
from whisker_sync.project.sources import load, paths, shown
from whisker_sync.revision import Revision, decode
from whisker_sync.store.journal import Journal
from whisker_sync.store.layout import Layout, Lock, write_private
from whisker_sync.story import codec
from whisker_sync.story.files import read as read_file
from whisker_sync.story.rename import format_of
from whisker_sync.story.wellformed import is_checked

MAX_RESOLVED = 1_000
"""Conflicts that are known to be seen to, newest kept."""

_KINDS = (KEPT, STAND_OFF)

AGAIN_SECONDS = 10.0
"""How long a daemon lets its count be old, at least, while the story changes."""


async def find(layout: Layout, home: Path | None = None) -> list[Conflict]:
    """
    What is worth a look and was not seen to yet; ``home`` as for :func:`user_home`.

    Raises:
        WorkspaceBusy: A program that is no daemon has the workspace open.
        JournalError: The journal cannot be read.
    """
    revisions = await history.read(layout)
    facts = await _facts(layout)
    me = load_user(user_home(home)).person
    return await asyncio.to_thread(_find, layout, revisions, facts, me)


async def find_in(node: Node) -> list[Conflict]:
    """The same in a story that this process has open."""
    revisions = [decode(encoded) for encoded in await node.history()]
    facts = facts_of(node)
    whole = [revision for revision in revisions if revision is not None]
    return await asyncio.to_thread(_find, node.layout, whole, facts, node.user.person)


def _find(
    layout: Layout, revisions: list[Revision], facts: Mapping[str, bytes], me: str
) -> list[Conflict]:
    places = {shown(path, layout.root): path for path in paths(layout.root)}
    story = [read_file(name, load(path)) for name, path in places.items()]
    folder = Folder(layout.root, layout.stage, layout.trash)
    here, _ = folder.scan()
    checked = {str(path): _text(folder, path) for path in here if is_checked(path)}
    kept, apart = recall(list(facts.items())).values(), stand_offs(facts).values()
    found = conflicts(story, here, revisions, kept, format_of(story), me, checked, apart)
    resolved = set(_resolved(layout))
    return [each for each in found if each.id not in resolved]


def _text(folder: Folder, path: StoryPath) -> str:
    """What a text holds; nothing, if it is none or cannot be read."""
    with suppress(FolderError):
        content = folder.read(path)
        if isinstance(content, bytes) and (decoded := codec.decode(content)):
            return decoded.text
    return ""


async def read_kept(layout: Layout) -> list[Kept]:
    """What was kept on this device although a save did not have it."""
    return list(recall(list((await _facts(layout)).items())).values())


async def _facts(layout: Layout) -> dict[str, bytes]:
    """What only this device knows of places worth a look."""
    try:
        answer = await ask(layout, {"do": "kept"})
        return {name: text.encode() for name, text in answer["kept"].items()}
    except DaemonNotRunning:
        return await asyncio.to_thread(_from_journal, layout)


def facts_of(node: Node) -> dict[str, bytes]:
    """The same of a story that this process has open."""
    return {name: fact for kind in _KINDS for name, fact in node.facts(kind).items()}


def as_answer(facts: Mapping[str, bytes]) -> dict[str, str]:
    """Facts as a daemon tells them."""
    return {name: fact.decode("utf-8", "replace") for name, fact in facts.items()}


def resolve(layout: Layout, conflict: Conflict) -> None:
    """Note that the user has seen to a conflict."""
    known = [each for each in _resolved(layout) if each != conflict.id]
    write_private(layout.resolved, "\n".join([*known, conflict.id][-MAX_RESOLVED:]).encode())


class Places:
    """How many there are, for a daemon's status; counted now and then, in the background."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._digest: bytes | None = None
        self._when = float("-inf")
        self._counting: asyncio.Task[None] | None = None
        self.count: int | None = None
        """None: it was not counted yet."""

    def look(self, digest: bytes) -> None:
        """Count again if the story has changed and that is some time ago."""
        now = time.monotonic()
        busy = self._counting is not None and not self._counting.done()
        if busy or digest == self._digest or now - self._when < AGAIN_SECONDS:
            return
        self._digest, self._when = digest, now
        self._counting = asyncio.ensure_future(self._count())

    async def _count(self) -> None:
        with suppress(WhiskerError, OSError, TimeoutError):
            self.count = len(await find(self._layout))

    async def close(self) -> None:
        """Count no more."""
        if self._counting is not None:
            self._counting.cancel()
            with suppress(asyncio.CancelledError):
                await self._counting


def _from_journal(layout: Layout) -> dict[str, bytes]:
    if not layout.journal.exists():
        return {}
    lock = Lock(layout)
    try:
        journal = Journal.open(layout.journal, secrets.token_bytes(8))
        try:
            facts = journal.recall().facts
        finally:
            journal.close()
    finally:
        lock.release()
    return {name: fact for name, fact in facts.items() if name.startswith(_KINDS)}


def _resolved(layout: Layout) -> list[str]:
    try:
        return layout.resolved.read_text("utf-8").split()
    except (OSError, ValueError):
        return []
