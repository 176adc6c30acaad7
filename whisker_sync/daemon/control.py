"""
Talking to a running daemon.

One line of JSON asks, one line answers: ``{"do": "status"}``. Some questions are answered by one
line after the other, until whoever asked hangs up.

Rule: nobody but the user is answered. On Unix it goes over a socket that only its owner can
open, in a directory that is theirs alone, and the system is asked who is at the other end,
where it tells; on Windows over loopback TCP with a token from a file that only its owner
can read.

Paths of sockets may have about a hundred bytes, so the socket lies in the user's runtime
directory under a name made from the workspace's place.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import secrets
import socket
import sys
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

from whisker_sync.errors import DaemonError, DaemonNotRunning
from whisker_sync.store.layout import Layout, is_held, write_private

MAX_LINE = 4 << 20
"""Bytes of a question."""

MAX_ANSWER = 64 << 20
"""Bytes of an answer: one revision of the history alone may be large."""

CONNECT_SECONDS = 5.0
"""How long the daemon may take to answer the call, not the question."""

ASK_SECONDS = 10.0
"""How long whoever connects may take to ask."""

_SOL_LOCAL, _LOCAL_PEERCRED = 0, 1  # of macOS; Python has no names for them

Answer = dict[str, Any]
Answers = AsyncGenerator[Answer, None]
Handle = Callable[[Answer], Awaitable[Answer | Answers]]


class Refusal(DaemonError):
    """The daemon could not do what was asked; carries its sentence and exit code."""

    def __init__(self, sentence: str, code: int) -> None:
        self.sentence = sentence
        self.code = code

    def __str__(self) -> str:
        return self.sentence


class Control:
    """The daemon's end; answers questions until it is closed."""

    def __init__(self, layout: Layout, handle: Handle) -> None:
        self._layout = layout
        self._handle = handle
        self._token = secrets.token_hex(16)
        self._server: asyncio.Server | None = None
        self._asking: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()

    async def open(self) -> None:
        """Answer from here on."""
        if sys.platform == "win32":
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=MAX_LINE)
            port = self._server.sockets[0].getsockname()[1]
            write_private(_note(self._layout), json.dumps([port, self._token]).encode())
            return
        place = _socket_path(self._layout)
        place.unlink(missing_ok=True)
        old = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, place, limit=MAX_LINE)
        finally:
            os.umask(old)

    async def close(self) -> None:
        """Answer no more, but finish what was asked."""
        self._closing.set()
        if self._server is not None:
            self._server.close()
        if self._asking:
            await asyncio.wait(self._asking, timeout=1)
        for task in self._asking:
            task.cancel()
        _socket_path(self._layout).unlink(missing_ok=True)
        _note(self._layout).unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._asking.add(task)
        try:
            user = _user_of(writer.get_extra_info("socket"))
            if user is not None and user != os.getuid():
                return
            with suppress(ConnectionError, ValueError, asyncio.LimitOverrunError, TimeoutError):
                async with asyncio.timeout(ASK_SECONDS):
                    line = await reader.readline()
                if line:
                    answer = await self._answer(line)
                    if isinstance(answer, dict):
                        await _say(writer, answer)
                    else:
                        await self._go_on(answer, reader, writer)
        finally:
            self._asking.discard(task)
            writer.close()

    async def _go_on(
        self, answers: Answers, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer line by line, until whoever asked hangs up or we close."""

        async def say_all() -> None:
            async with aclosing(answers):
                async for answer in answers:
                    await _say(writer, answer)

        tasks: list[asyncio.Future[Any]] = [
            asyncio.ensure_future(say_all()),
            asyncio.ensure_future(_until_gone(reader)),
            asyncio.ensure_future(self._closing.wait()),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer(self, line: bytes) -> Answer | Answers:
        try:
            question = json.loads(line)
        except ValueError:
            return {"error": "that is no question", "code": 2}
        if not isinstance(question, dict):
            return {"error": "that is no question", "code": 2}
        if sys.platform == "win32" and not secrets.compare_digest(
            str(question.get("token")).encode(), self._token.encode()
        ):
            return {"error": "that is not for you", "code": 1}
        return await self._handle(question)


async def ask(layout: Layout, question: Answer, seconds: float | None = None) -> Answer:
    """
    Ask the daemon of a workspace.

    Raises:
        DaemonNotRunning: There is none.
        Refusal: It could not do that.
        TimeoutError: It took longer than ``seconds``.
    """
    reader, writer = await _call(layout, question)
    try:
        async with asyncio.timeout(seconds):
            return await _hear(layout, reader)
    finally:
        writer.close()


async def ask_on(layout: Layout, question: Answer) -> Answers:
    """
    Ask the daemon of a workspace what it answers by one line after the other.

    Raises:
        DaemonNotRunning: There is none, or it ended.
        Refusal: It could not do that.
    """
    reader, writer = await _call(layout, question)
    try:
        while True:
            yield await _hear(layout, reader)
    finally:
        writer.close()


def is_running(layout: Layout) -> bool:
    """Whether a daemon, or anything else, has the workspace open."""
    return is_held(layout.lock)


async def _call(
    layout: Layout, question: Answer
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            reader, writer = await _connect(layout, question)
    except (OSError, ValueError):
        raise DaemonNotRunning(str(layout.root)) from None
    with suppress(ConnectionError):  # then there is no answer either
        await _say(writer, question)
    return reader, writer


async def _hear(layout: Layout, reader: asyncio.StreamReader) -> Answer:
    try:
        line = await reader.readline()
    except ConnectionError:
        line = b""
    if not line:
        raise DaemonNotRunning(str(layout.root))
    answer: Answer = json.loads(line)
    if "error" in answer:
        raise Refusal(answer["error"], answer.get("code", 1))
    return answer


async def _say(writer: asyncio.StreamWriter, what: Answer) -> None:
    writer.write(json.dumps(what).encode() + b"\n")
    await writer.drain()


async def _until_gone(reader: asyncio.StreamReader) -> None:
    with suppress(ConnectionError):
        while await reader.read(1 << 10):
            pass


async def _connect(
    layout: Layout, question: Answer
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if sys.platform == "win32":
        port, question["token"] = json.loads(_note(layout).read_bytes())
        return await asyncio.open_connection("127.0.0.1", port, limit=MAX_ANSWER)
    return await asyncio.open_unix_connection(_socket_path(layout), limit=MAX_ANSWER)


def _user_of(connection: socket.socket) -> int | None:
    """The user whose process is at the other end of a socket; None: the system does not tell."""
    if sys.platform == "linux":  # unix(7)
        told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        return int.from_bytes(told[4:8], sys.byteorder)  # after the process, before the group
    if sys.platform == "darwin":  # unix(4): the version of what is told, then the user
        told = connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, 76)
        return int.from_bytes(told[4:8], sys.byteorder)
    return None


def _note(layout: Layout) -> Path:
    return layout.local / "control"


def _socket_path(layout: Layout) -> Path:
    name = hashlib.sha256(os.fsencode(layout.root.resolve())).hexdigest()[:16]
    return _runtime_directory() / f"{name}.sock"


def _runtime_directory() -> Path:
    """A directory of the user's own that is gone after a restart of the machine."""
    given = os.environ.get("XDG_RUNTIME_DIR")
    if given and Path(given).is_dir():
        directory = Path(given) / "whisker-sync"
    else:
        user = os.getuid() if hasattr(os, "getuid") else 0
        directory = Path(tempfile.gettempdir()) / f"whisker-sync-{user}"
    directory.mkdir(mode=0o700, exist_ok=True)
    status = directory.lstat()  # a link may be somebody else's
    if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & 0o077):
        raise DaemonError(f"{directory} is not for you alone; remove it and try again")
    return directory
