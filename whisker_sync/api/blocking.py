"""
A workspace for scripts that know nothing of asyncio.

>>> with BlockingWorkspace.open(path, schemas={"notes": SCHEMA}) as workspace:
...     with workspace.edit("notes") as edit:
...         edit.insert("body", 0, "hello")
...     workspace.sync_now()

There is no thread: others are heard, and hear of us, only while a call waits, as in
:meth:`BlockingWorkspace.sync_now` and :meth:`BlockingWorkspace.wait`. So nothing ever changes
under a script's feet. All calls belong into one thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from whisker_sync.api.workspace import Workspace
from whisker_sync.document import Document, Edit, Schema
from whisker_sync.identity.membership import Membership
from whisker_sync.identity.roster import Role
from whisker_sync.ids import DeviceId
from whisker_sync.manuscript.conflicts import Conflict
from whisker_sync.peer.reception import OfferStatus
from whisker_sync.peer.status import Status
from whisker_sync.revision import Revision

T = TypeVar("T")


class BlockingWorkspace:
    """An open workspace; made by :meth:`open`. See :class:`Workspace` for what it all means."""

    def __init__(self, runner: asyncio.Runner, workspace: Workspace) -> None:
        self._runner = runner
        self._workspace = workspace

    @staticmethod
    @contextmanager
    def open(
        path: str | Path,
        *,
        schemas: Mapping[str, Schema] | None = None,
        **options: Any,
    ) -> Iterator[BlockingWorkspace]:
        """
        Open a workspace until the block ends; with the options of :meth:`Workspace.open`.

        Raises:
            NotAWorkspace: There is none at this path or above it.
            WorkspaceBusy: Another process has it open.
            WhiskerError: It cannot be opened; the sentence says why.
        """
        with asyncio.Runner() as runner:
            opening = Workspace.open(path, schemas=schemas, **options)
            workspace = runner.run(opening.__aenter__())
            try:
                yield BlockingWorkspace(runner, workspace)
            finally:
                runner.run(opening.__aexit__(None, None, None))

    @property
    def status(self) -> Status:
        """One look at everything."""
        return self._call(lambda: self._workspace.status)

    @property
    def members(self) -> Membership:
        """Who belongs."""
        return self._workspace.members

    def document(self, name: str) -> Document:
        """
        A document, to read; edit it by :meth:`edit`.

        Raises:
            KeyError: The workspace was opened without a schema for it.
        """
        return self._workspace.document(name)

    @contextmanager
    def edit(self, name: str, origin: str = "program") -> Iterator[Edit]:
        """
        Edit a document: all steps of the block are one change.

        Raises:
            KeyError: The workspace was opened without a schema for it.
            BadEdit: A step is outside of the document or against its schema.
            NotEntitled: This device may only read.
        """
        self._workspace.must_write()
        with self._workspace.document(name).edit(origin) as edit:
            yield edit
        if (change := edit.change) is not None:
            self._call(lambda: self._workspace.edited(name, change))

    def undo(self, name: str, origin: str = "program") -> bool:
        """Take back the latest edit of ``origin``; whether there was one."""
        return self._call(lambda: self._workspace.undo(name, origin))

    def invite(self, *, role: Role = Role.WRITER, minutes: int = 10) -> str:
        """
        A link with which somebody can ask to join, as long as a call waits here.

        Raises:
            ActRefused: Our role does not let us invite.
        """
        return self._run(self._workspace.invite(role=role, minutes=minutes))

    def history(self, since: int = 0) -> list[Revision]:
        """What was saved in the folder of a story, newest first."""
        return self._run(self._workspace.history(since))

    def restore(self, name: str, revision: Revision, *, before: bool = False) -> bool:
        """
        Bring a passage or a file of a story back as it was; whether anything changed.

        Raises:
            NotInHistory: It was not there then.
            FolderError: A file cannot be read or written.
        """
        return self._run(self._workspace.restore(name, revision, before=before))

    def conflicts(self) -> list[Conflict]:
        """Places of a story that are worth a look after merges."""
        return self._run(self._workspace.conflicts())

    def set_milestone(self, name: str) -> None:
        """Give the story a name as it stands; returns when that is durable."""
        self._run(self._workspace.set_milestone(name))

    @property
    def offers(self) -> tuple[OfferStatus, ...]:
        """The invitations of this script, and who waits at them."""
        return self._call(lambda: self._workspace.offers)

    def confirm(self, who: str) -> None:
        """
        Let in who waits; ``who`` is their name or fingerprint.

        Raises:
            ActRefused: Nobody of that name waits.
        """
        self._run(self._workspace.confirm(who))

    def decline(self, who: str) -> None:
        """
        Turn away who waits.

        Raises:
            ActRefused: Nobody of that name waits.
        """
        self._run(self._workspace.decline(who))

    def remove(self, person: str, device: str | None = None) -> None:
        """
        Remove a person, or one of their devices; the key of the workspace changes.

        Raises:
            NotEntitled: There is no such person or device.
            ActRefused: Our role does not let us.
        """
        self._run(self._workspace.remove(person, device))

    def change_role(self, person: str, role: Role) -> None:
        """
        Give a person another role.

        Raises:
            NotEntitled: There is no such person.
            ActRefused: Our role does not let us.
        """
        self._run(self._workspace.change_role(person, role))

    def leave(self) -> tuple[DeviceId, ...]:
        """
        Leave the workspace with this device; which devices know of it by now.

        Raises:
            ActRefused: Nobody would be in charge then, or there is nobody else.
        """
        return self._run(self._workspace.leave())

    def connect(self, address: str) -> None:
        """
        Call ``host:port`` whenever a call waits here and it is not connected.

        Raises:
            BadSettings: It is no address.
        """
        self._call(lambda: self._workspace.connect(address))

    def use_relay(self, url: str) -> None:
        """
        Leave letters at a relay from now on, and find them there; empty: at none.

        Raises:
            BadSettings: That is no address of a relay.
        """
        self._run(self._workspace.use_relay(url))

    def sync_now(self, seconds: float = 30.0) -> bool:
        """
        Wait until every reachable device has everything; whether anybody was reachable.

        Raises:
            TimeoutError: It takes longer than ``seconds``.
        """
        return self._run(self._workspace.sync_now(seconds))

    def wait(self, seconds: float) -> None:
        """Hear others, and be heard, for some time."""
        self._run(asyncio.sleep(seconds))

    def _run(self, what: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(what)

    def _call(self, function: Callable[[], T]) -> T:
        """Call something that expects to be called from within a loop."""

        async def call() -> T:
            return function()

        return self._run(call())
