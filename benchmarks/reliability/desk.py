"""
An author's desk: a folder, settings of its own, and a daemon that can be killed.

The daemon is a process as ``whisker sync start`` starts it, on loopback, without mDNS: who
is where is told by address. Everything is asked over its control socket. Processes are
ended by their id, and all of them when a run ends, however it ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks.admission import let_in
from benchmarks.reliability.diary import Diary
from benchmarks.reliability.judge import Written, complaints, differences, files_of
from whisker_sync.daemon.control import ask
from whisker_sync.errors import DaemonError
from whisker_sync.folder.witness import MAX_WATCHED
from whisker_sync.node.settings import load_user, make_workspace
from whisker_sync.store.layout import Layout

LOOPBACK = "127.0.0.1"

READY_SECONDS = 30.0
"""How long a daemon may take until it listens."""

SETTLE_SECONDS = 60.0
"""How long devices may take to be the same when everything is well again. Seconds are usual:
a silent link is given up after four, and an address is called again after five at most."""

LOOK_SECONDS = 0.05
"""How long to wait between two looks at whether they are."""

TITLE = "The Cave"


class Desk:
    """One author's machine; ``first`` is whose story it joins, None: it begins one."""

    def __init__(self, place: Path, name: str, diary: Diary, first: Desk | None = None) -> None:
        self.name = name
        self.port = 0
        """Where its daemon listened last."""

        self.broken: list[str] = []
        """What went wrong with its process."""

        home = place / f"home-{name}"
        self.user = load_user(home, person=name)
        self.layout: Layout = (
            make_workspace(place / name, TITLE, self.user)
            if first is None
            else let_in(first.user, first.layout, self.user, place / name)
        )
        self._environment = {
            **os.environ,
            "WHISKER_HOME": str(home),
            "LOGNAME": name,
        }
        self._diary = diary
        self._process: asyncio.subprocess.Process | None = None
        self._said: asyncio.Future[bytes] | None = None
        self._frozen = False

    # The process.

    @property
    def is_up(self) -> bool:
        """There is a process, perhaps a frozen one."""
        return self._process is not None

    @property
    def is_frozen(self) -> bool:
        """The process is stopped."""
        return self._frozen

    @property
    def has_spoken(self) -> bool:
        """The process has said that it answers, or why it does not."""
        return self._said is not None and self._said.done()

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process is not None
        return self._process.pid

    async def spawn(self) -> None:
        """Start a process, and do not wait for it."""
        options = ["-C", str(self.layout.root), "sync", "start", "--foreground", "--report"]
        with self.layout.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *["-m", "whisker_sync", *options, "--no-lan", "--interface", LOOPBACK],
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=self._environment,
            )
        self._note("starts")
        assert self._process.stdout is not None
        self._said = asyncio.ensure_future(self._process.stdout.readline())

    async def ready(self) -> None:
        """
        Wait until the process answers.

        Raises:
            AssertionError: It ended, or takes too long.
        """
        assert self._said is not None
        async with asyncio.timeout(READY_SECONDS):
            line = await asyncio.shield(self._said)
        assert line, f"{self.name} ended without a word; see {self.layout.log}"
        said = json.loads(line)
        assert "port" in said, f"{self.name} did not start: {said}"
        self.port = said["port"]
        self._note("answers")

    async def start(self) -> None:
        """Start a process and wait until it answers."""
        await self.spawn()
        await self.ready()

    async def kill(self) -> None:
        """End the process as a power cut would, from the process's point of view."""
        assert self._process is not None
        self.check()
        self._note("is killed")
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)
        await self._process.wait()
        self._process, self._frozen = None, False

    def freeze(self) -> None:
        """Stop the process where it is, as a closed lid would."""
        assert self._process is not None
        self._note("is frozen")
        self._process.send_signal(signal.SIGSTOP)
        self._frozen = True

    def thaw(self) -> None:
        """Let a stopped process go on."""
        if self._process is not None and self._frozen:
            self._note("goes on")
            self._process.send_signal(signal.SIGCONT)
        self._frozen = False

    async def stop(self) -> None:
        """End the process as its user would, if there is one; it has to end well."""
        if self._process is None:
            return
        self.thaw()
        self.check()
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(READY_SECONDS):
                code = await self._process.wait()
        except TimeoutError:
            self.broken.append(f"{self.name} does not end when it is asked to")
            await self.kill()
            return
        if code:
            self.broken.append(f"{self.name} ended with {code} when it was asked to")
        self._process = None

    async def abandon(self) -> None:
        """See that no process is left, whatever happened."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
            self._process = None

    def _note(self, what: str) -> None:
        self._diary.note(f"daemon of {self.name}", what)

    def check(self) -> None:
        """Note it if the process ended by itself."""
        if self._process is not None and self._process.returncode is not None:
            self.broken.append(f"{self.name} ended by itself with {self._process.returncode}")

    # What can be asked.

    async def ask(self, what: str, **more: Any) -> dict[str, Any]:
        """Ask the daemon."""
        return await ask(self.layout, {"do": what, **more}, READY_SECONDS)

    async def call(self, address: str) -> None:
        """Have the daemon call an address, now and after each start."""
        await self.ask("connect", address=address)

    @property
    def files(self) -> dict[str, bytes]:
        """The author's files."""
        return files_of(self.layout.root)

    def resident(self) -> int:
        """Bytes of memory that the process has in use."""
        fields = Path(f"/proc/{self.pid}/statm").read_text().split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")

    def opened(self) -> list[str]:
        """
        The files that the process has open, by name, and of sockets and the like the kind.

        Without the author's files: it watches up to ``MAX_WATCHED`` of those, see
        :mod:`whisker_sync.folder.witness`.
        """
        opened: list[str] = []
        watched: list[str] = []
        for place in Path(f"/proc/{self.pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # it was closed meanwhile
                target = place.readlink()
                if self._is_authors(target):
                    watched.append(str(target))
                else:
                    opened.append(str(target).partition(":[")[0])
        return opened + watched[MAX_WATCHED:]

    def _is_authors(self, target: Path) -> bool:
        """
        Tell whether an open file is one of the author's.

        A new one still has the name under which it was staged, and the author may have swapped
        another one out of the folder.
        """
        layout = self.layout
        if target.is_relative_to(layout.home):
            return target.is_relative_to(layout.stage)
        beside = layout.root.parent / f"beside-{self.name}"
        return target.is_relative_to(layout.root) or target.is_relative_to(beside)

    def processor(self) -> float:
        """Seconds of processor time that the process has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def journal(self) -> int:
        """Bytes of the journal on disk."""
        kept = self.layout.local.glob(f"{self.layout.journal.name}*")
        return sum(path.stat().st_size for path in kept)


async def settle(desks: Sequence[Desk], seconds: float = SETTLE_SECONDS) -> str | None:
    """
    Wait until all desks are connected with each other and the same.

    Returns what keeps them from it after that time; None: they are.
    """
    until = time.monotonic() + seconds
    before: list[dict[str, bytes]] | None = None
    while True:
        why = await _unsettled(desks)
        now = [desk.files for desk in desks]
        if why is None and now == before:
            return None  # twice alike: nothing was still on its way to a disk
        before = now if why is None else None
        if time.monotonic() > until:
            return f"not the same after {seconds:.0f} seconds: {why or 'files still change'}"
        await asyncio.sleep(LOOK_SECONDS)


async def _unsettled(desks: Sequence[Desk]) -> str | None:
    """What is still missing; None: nothing."""
    try:
        for desk in desks:
            await desk.ask("now", seconds=5)
        states = [await desk.ask("status") for desk in desks]
    except (DaemonError, TimeoutError) as problem:
        return f"{type(problem).__name__} {problem}"
    for desk, state in zip(desks, states, strict=True):
        connected = sum(peer["connected"] for peer in state["peers"])
        if connected < len(desks) - 1:
            return f"{desk.name} is connected with {connected} others"
        if not state["settled"] or state["pending"] or state["trouble"]:
            return f"{desk.name} has {state['pending']} changes pending; {state['trouble']}"
    if len({state["digest"] for state in states}) > 1:
        return "their digests differ"
    different = differences({desk.name: desk.files for desk in desks})
    return "; ".join(different) or None


async def verdict(
    desks: Sequence[Desk], written: Written, seconds: float = SETTLE_SECONDS
) -> list[str]:
    """Wait until all is quiet, and say what is wrong then; empty: nothing is."""
    wrong = [why] if (why := await settle(desks, seconds)) is not None else []
    folders = {desk.name: desk.files for desk in desks}
    wrong += differences(folders)
    for name, files in folders.items():
        wrong += [f"{name}: {sentence}" for sentence in written.judge(files)]
    for desk in desks:
        desk.check()
        wrong += desk.broken
        wrong += complaints(desk.layout.log)
        try:
            state = await desk.ask("status")
        except (DaemonError, TimeoutError) as problem:
            wrong.append(f"{desk.name} does not answer: {problem}")
            continue
        for field in ("held", "quarantined", "problems"):
            if state[field]:
                wrong.append(f"{desk.name} has {field}: {state[field]}")
    return wrong
