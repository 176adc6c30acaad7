"""
The background process: a node, and answers to those who ask about it.

Ends with everything kept when it is asked to, or on SIGTERM and SIGINT. When something
breaks that must not, it ends with that, for whoever started it to see.
"""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from whisker_sync.daemon import attached, names
from whisker_sync.daemon.conflicts import Places, as_answer, facts_of
from whisker_sync.daemon.control import Answer, Answers, Control
from whisker_sync.daemon.keeper import RESTARTED
from whisker_sync.daemon.members import Members
from whisker_sync.daemon.waiting import Waiting, has_to_wait
from whisker_sync.errors import BadSettings, WhiskerError
from whisker_sync.folder.services import service_of
from whisker_sync.ids import StoryPath
from whisker_sync.node import bundles
from whisker_sync.node.node import Node
from whisker_sync.node.report import figures, report
from whisker_sync.node.settings import (
    User,
    check_relay,
    load_config,
    load_local,
    load_user,
    parse_address,
    save_local,
)
from whisker_sync.paths import accept
from whisker_sync.peer.status import Status
from whisker_sync.store.layout import Layout

MEET_SECONDS = 3.0
"""How long ``now`` waits for somebody to be reachable."""

CHOICE_SECONDS = 60.0
"""How long to wait until files that went back are written."""

HANG_SECONDS = 30.0
"""How long the loop may be stuck until the process ends itself, for its keeper to start again."""

WATCH_SECONDS = 5.0
"""How often the loop says that it is not stuck."""

HISTORY_BYTES = 3 << 20
"""Bytes of revisions in one answer, unless one alone has more."""

OFFLINE = 75
"""Exit code for: nobody is reachable."""


class Daemon:
    """One workspace's background process."""

    def __init__(
        self,
        layout: Layout,
        node: Node,
        interface: str | None,
        stop: asyncio.Event,
        *,
        lan: bool,
    ) -> None:
        self._layout = layout
        self._node = node
        self._options = ["--interface", interface] if interface else []
        self._options += [] if lan else ["--no-lan"]
        self._title = load_config(layout).title
        self._members = Members(node, self._title, interface)
        self._restarted = json.loads(os.environ.get(RESTARTED) or "null")
        self._service = service_of(layout.root)
        self._places = Places(layout)
        self._stop = stop
        self._control = Control(layout, self._answer)

    @classmethod
    async def run(
        cls,
        layout: Layout,
        user: User,
        *,
        lan: bool,
        port: int | None,
        interface: str | None,
        watched: bool,
        asking: bool,
        ready: Callable[[dict[str, Any]], None],
    ) -> None:
        """
        Run until stopped; ``ready`` is told port and process once everything listens.

        If somebody has to let this device in first, it waits for that, and listens then.

        If ``asking``, the files of a folder that joins wait until somebody says ``go``.
        If ``watched``, the process ends itself when it hangs: somebody starts it again.

        Raises:
            WhiskerError: It cannot start, or something broke.
        """
        stop = asyncio.Event()
        _obey_signals(stop)
        has_waited = has_to_wait(layout)
        if has_waited:
            if not await Waiting(layout, user, stop).run(ready):
                return
            user = load_user(user.home)
        node = await Node.open(layout, user, lan=lan, port=port, interface=interface, asking=asking)
        daemon = cls(layout, node, interface, stop, lan=lan)
        try:
            await daemon._control.open()
            if not has_waited:
                ready({"port": node.port, "pid": os.getpid()})
            # The story that is in memory stays there. To look all of it through for garbage,
            # again and again, would stop everything for a tenth of a second each time.
            gc.freeze()
            await daemon._until_stopped(watched=watched)
        finally:
            faulthandler.cancel_dump_traceback_later()
            await daemon._places.close()
            await daemon._control.close()
            await node.close()

    async def _until_stopped(self, *, watched: bool) -> None:
        stopped = asyncio.ensure_future(self._stop.wait())
        failed = asyncio.ensure_future(self._node.failed())
        tasks = {stopped, failed}
        if watched:
            tasks.add(asyncio.ensure_future(_stay_watched(self._node)))
        try:
            await asyncio.wait({stopped, failed}, return_when=asyncio.FIRST_COMPLETED)
            if failed.done():
                failed.result()
        finally:
            for task in tasks:
                task.cancel()

    # What can be asked.

    async def _answer(self, question: Answer) -> Answer | Answers:
        await self._node.until_free()
        try:
            match question.get("do"):
                case "status":
                    return self._status()
                case "look":
                    return attached.look(self._node)
                case "events":
                    return attached.events(self._node)
                case "presence":
                    return attached.presence(self._node, question.get("passage"))
                case "now":
                    return await self._now(float(question.get("seconds") or 30.0))
                case "meet":
                    return await self._meet(float(question.get("seconds") or 60.0))
                case "found":
                    return await self._found(float(question.get("seconds") or 60.0))
                case "plan":
                    return await self._plan(float(question.get("seconds") or 60.0))
                case "go":
                    self._node.go_on()
                    return {"ok": True}
                case "connect":
                    self._node.connect(parse_address(str(question.get("address"))))
                    return {"ok": True}
                case "stats":
                    node = self._node
                    return figures(node.statistics, node.timing, node.status)
                case "bundle" | "unbundle":
                    return await unpacking(self._node, question)
                case "relay":
                    await self._use_relay(str(question.get("url")))
                    return self._status()
                case "history":
                    return await self._history(question)
                case "kept":
                    return {"kept": as_answer(facts_of(self._node))}
                case "older":
                    return await self._older(str(question.get("choice")))
                case "fetch up to":
                    self._fetch_up_to(question.get("mebibytes"))
                    return {"ok": True}
                case "fetch":
                    return await self._fetch(question)
                case "former":
                    return {"former": names.as_answer(self._node.story)}
                case "milestone":
                    await self._node.set_milestone(str(question.get("name")))
                    return {"ok": True}
                case str(asked) if asked in self._members.answers:
                    return await self._members.answers[asked](question)
                case "stop":
                    self._stop.set()
                    return {"ok": True}
                case other:
                    return {"error": f"this daemon does not know how to {other!r}", "code": 2}
        except BadSettings as problem:
            return {"error": str(problem), "code": 2}
        except WhiskerError as problem:
            return {"error": str(problem), "code": 1}
        except TimeoutError:
            return {**self._status(), "timeout": True}

    def _status(self) -> Answer:
        self._places.look(self._node.status.digest)
        return {
            **report(self._node.status, self._title),
            "port": self._node.port,
            "folder": str(self._layout.root),
            "restarted": self._restarted,
            "conflicts": self._places.count,
            "waiting": load_local(self._layout).joining,
            "present": [
                {**asdict(each), "device": each.device.hex()} for each in self._node.presence
            ],
            "asking": None,
            "guests": self._members.guests(),
            "service": self._service,
            "options": self._options,
        }

    async def _older(self, choice: str) -> Answer:
        """Do with files that went back what their author wants."""
        paths = list(self._node.status.went_back)
        async with asyncio.timeout(CHOICE_SECONDS):
            await self._node.choose(newest=choice == "newest")
        return {"files": paths, "left": list(self._node.status.went_back)}

    def _fetch_up_to(self, mebibytes: object) -> None:
        """Let binary files come by themselves up to a size from now on."""
        up_to = mebibytes if isinstance(mebibytes, int) else None
        save_local(self._layout, replace(load_local(self._layout), fetch_up_to=up_to))
        self._node.fetch_up_to(up_to)

    async def _fetch(self, question: Answer) -> Answer:
        """Let binary files come that are too large to come by themselves, and wait for them."""
        wanted = [accept(str(path)) for path in question.get("paths") or ()]
        self._node.fetch(wanted)
        seconds = float(question.get("seconds") or CHOICE_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._node.until(lambda _: not self._absent(wanted))
        return {"files": wanted, "left": self._absent(wanted)}

    def _absent(self, paths: list[StoryPath]) -> list[StoryPath]:
        return [path for path in paths if not (self._layout.root / path).exists()]

    async def _use_relay(self, url: str) -> None:
        """Use a relay from now on; an empty URL: none."""
        if url:
            check_relay(url)
        await self._node.use_relay(url)

    async def _now(self, seconds: float) -> Answer:
        """Everything reachable gets, and gives, everything."""
        async with asyncio.timeout(seconds):
            await self._node.look()
            with suppress(TimeoutError):
                async with asyncio.timeout(min(MEET_SECONDS, seconds)):
                    await self._node.until(_anybody)
            if not _anybody(self._node.status):
                return {**self._status(), "offline": True}
            await self._node.until(_done)
        return self._status()

    async def _found(self, seconds: float) -> Answer:
        """Somebody proved to belong to this workspace."""
        async with asyncio.timeout(seconds):
            await self._node.until(_somebody)
        return self._status()

    async def _plan(self, seconds: float) -> Answer:
        """What joining with the files that are here comes to, once the story is here."""
        async with asyncio.timeout(seconds):
            await self._node.until(lambda status: any(peer.in_sync for peer in status.peers))
        return asdict(await self._node.plan())

    async def _meet(self, seconds: float) -> Answer:
        """The first complete sync with anybody."""
        async with asyncio.timeout(seconds):
            await self._node.until(lambda s: (_somebody(s) or s.relay.told) and _done(s))
        return self._status()

    async def _history(self, question: Answer) -> Answer:
        after = question.get("after")
        found = await self._node.history(
            since=int(question.get("since") or 0),
            after=bytes.fromhex(after) if isinstance(after, str) else None,
            max_bytes=HISTORY_BYTES,
        )
        return {"revisions": [encoded.decode() for encoded in found]}


async def unpacking(node: Node, question: Answer) -> Answer:
    """Make a bundle with an open node, or take one in."""
    path = Path(str(question.get("path")))
    if question.get("do") == "bundle":
        since = question.get("since")
        made = await bundles.create(node, path, since if isinstance(since, str) else None)
        return {"path": str(path), "bytes": made.bytes, "left_out": made.left_out}
    opened = await bundles.apply(node, path)
    return {"path": str(path), "person": opened.person, "changes": opened.changes}


def _obey_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        if sys.platform == "win32":
            signal.signal(name, lambda *_: loop.call_soon_threadsafe(stop.set))
        else:
            loop.add_signal_handler(name, stop.set)


def _set_watchdog() -> None:
    """Have the process end with a traceback, unless this is called again in time."""
    faulthandler.dump_traceback_later(HANG_SECONDS, exit=True)


async def _stay_watched(
    node: Node, all_is_well: Callable[[], None] = _set_watchdog, seconds: float = WATCH_SECONDS
) -> None:
    """
    Tell the watchdog again and again that all is well: the event loop turns, the peer answers.

    It is a thread of C, which can end the process even while native code that never
    returns keeps Python from running; it leaves a traceback in the log.
    """
    while True:
        all_is_well()
        await asyncio.sleep(seconds)
        await node.until_free()


def _somebody(status: Status) -> bool:
    return any(peer.connected for peer in status.peers)


def _anybody(status: Status) -> bool:
    return _somebody(status) or status.relay.reached


def _done(status: Status) -> bool:
    return status.settled and all(peer.in_sync for peer in status.peers if peer.connected)
