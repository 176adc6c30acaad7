"""
The background process before there is a story: it waits until somebody lets this device in.

It leaves what was asked at the relay, looks for the answer, and says meanwhile how it stands.
Once it is let in, the folder is a place of the story, and the daemon goes on as any other.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from whisker_sync.daemon.control import Answer, Control
from whisker_sync.errors import NotTheInviter, RelayRefused, TurnedAway
from whisker_sync.identity.papers import Papers
from whisker_sync.node import asking
from whisker_sync.node.asking import Asked
from whisker_sync.node.postman import open_relay
from whisker_sync.node.report import VERSION
from whisker_sync.node.settings import User, join_again, join_workspace, load_local, load_user
from whisker_sync.store.layout import Layout, Lock

log = logging.getLogger("whisker_sync")

AGAIN_SECONDS = 60.0
"""How long after a relay refused something it is asked again."""


def has_to_wait(layout: Layout) -> bool:
    """Whether nobody has let this device in yet, or again."""
    if not layout.asked.exists():
        return False
    if layout.config.exists() and not load_local(layout).outside:
        asking.forget(layout)  # the last process ended just before it did
        return False
    return True


class Waiting:
    """Waits, and answers who asks about it; see :meth:`run`."""

    def __init__(self, layout: Layout, user: User, stop: asyncio.Event) -> None:
        self._layout = layout
        self._user = user
        self._stop = stop
        self._asked = asking.kept(layout)
        self._problem: str | None = None
        self._over = asyncio.Event()

    async def run(self, ready: Callable[[dict[str, Any]], None]) -> bool:
        """
        Wait until this device is let in; False: it was told to stop, or is turned away.

        ``ready`` is told port and process once somebody can ask how it stands.

        Raises:
            TurnedAway: They said so before.
            WorkspaceBusy: Another process waits already.
        """
        if self._asked.refused:
            raise TurnedAway(self._asked.refused)
        lock = Lock(self._layout)
        control = Control(self._layout, self._answer)
        tasks: list[asyncio.Future[Any]] = []
        try:
            await control.open()
            ready({"port": 0, "pid": os.getpid(), "asking": self._asked.host.name})
            deciding = asyncio.ensure_future(self._decide())
            tasks = [deciding, asyncio.ensure_future(self._stop.wait())]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return deciding.done() and deciding.result()
        finally:
            self._over.set()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await control.close()
            lock.release()

    async def _decide(self) -> bool:
        relay = open_relay(self._asked.link.relay, self._reached)
        try:
            while True:
                try:
                    papers = await asking.decision(self._asked, self._user.key, relay)
                except RelayRefused as refused:
                    self._reached(refused.sentence)
                    await asyncio.sleep(AGAIN_SECONDS)
                else:
                    self._settle(papers)
                    return True
        except (TurnedAway, NotTheInviter) as problem:
            log.warning("%s", problem)
            why = problem.reason if isinstance(problem, TurnedAway) else str(problem)
            asking.give_up(self._layout, self._asked, why)
            return False
        finally:
            await relay.close()

    def _settle(self, papers: Papers) -> None:
        """Make the folder a place of the story, or a place of it again."""
        host, layout = self._asked.host, self._layout
        log.info("%s let this device in", host.name)
        if host.mine:
            load_user(self._user.home, person=host.name)
        if layout.config.exists():
            join_again(layout, papers, ())
        else:
            join_workspace(layout.root, host.title, papers, (), self._asked.link.relay)
        asking.forget(layout)

    def _reached(self, problem: str | None) -> None:
        self._problem = problem

    async def _answer(self, question: Answer) -> Answer:
        match question.get("do"):
            case "status":
                return self._status()
            case "asked":
                with suppress(TimeoutError):
                    async with asyncio.timeout(float(question.get("seconds") or 10.0)):
                        await self._over.wait()
                return self._status()
            case "stop":
                self._stop.set()
                return {"ok": True}
            case _:
                name = self._asked.host.name
                return {"error": f"this device waits for {name} to let it in", "code": 1}

    def _status(self) -> Answer:
        return {
            "v": VERSION,
            "running": True,
            "port": 0,
            "folder": str(self._layout.root),
            "workspace": None,
            "asking": said(self._asked, self._problem),
        }


def said(asked: Asked, problem: str | None = None) -> Answer:
    """What was asked of whom, as JSON; ``problem`` is why the relay does not answer."""
    return {
        "host": asked.host.name,
        "fingerprint": asked.host.fingerprint,
        "title": asked.host.title,
        "until": asked.until,
        "relay": asked.link.relay,
        "problem": problem,
        "refused": asked.refused or None,
    }
