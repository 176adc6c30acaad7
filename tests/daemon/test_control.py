"""Tests for :mod:`whisker_sync.daemon.control`: real sockets."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from whisker_sync.daemon import control
from whisker_sync.daemon.control import MAX_LINE, Answer, Control, _socket_path, _user_of, ask
from whisker_sync.errors import DaemonError, DaemonNotRunning
from whisker_sync.store.layout import Layout

unix = pytest.mark.skipif(sys.platform == "win32", reason="there are no Unix sockets")


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Layout]:
    # Not below tmp_path: the path of a socket must be short.
    with tempfile.TemporaryDirectory(prefix="w-") as runtime:
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
        yield Layout.make(tmp_path / "story")


@asynccontextmanager
async def answering(layout: Layout) -> AsyncIterator[list[Answer]]:
    """A daemon's end that answers with what it was asked; what it was asked."""
    asked: list[Answer] = []

    async def answer(question: Answer) -> Answer:
        asked.append(question)
        return {"heard": len(question.get("text", ""))}

    end = Control(layout, answer)
    await end.open()
    yield asked
    await end.close()


async def test_who_asks_is_answered(layout: Layout) -> None:
    async with answering(layout) as asked:
        assert await ask(layout, {"do": "status"}) == {"heard": 0}
        assert asked[0]["do"] == "status"
    with pytest.raises(DaemonNotRunning):
        await ask(layout, {"do": "status"})


async def test_a_line_has_its_limit(layout: Layout) -> None:
    room = MAX_LINE - len(json.dumps({"text": ""})) - 1
    async with answering(layout) as asked:
        assert await ask(layout, {"text": "x" * (room - 100)}) == {"heard": room - 100}
        with pytest.raises(DaemonNotRunning):
            await ask(layout, {"text": "x" * (room + 2)})
        assert len(asked) == 1
        assert await ask(layout, {"text": "still there"}) == {"heard": 11}


@pytest.mark.parametrize("line", [b"", b"\n", b"[]\n", b"{\n", b"\xff\xfe\n", b"nonsense"])
@unix
async def test_nonsense_is_answered_or_ignored(layout: Layout, line: bytes) -> None:
    async with answering(layout) as asked:
        reader, writer = await asyncio.open_unix_connection(_socket_path(layout))
        writer.write(line)
        writer.write_eof()
        said = await reader.read()
        writer.close()
        assert said == b"" or b"error" in said
        assert asked == []


@unix
async def test_who_connects_and_asks_nothing_is_let_go(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "ASK_SECONDS", 0.1)
    async with answering(layout) as asked:
        reader, writer = await asyncio.open_unix_connection(_socket_path(layout))
        writer.write(b'{"do":')
        assert await reader.read() == b""
        writer.close()
        assert asked == []


@unix
async def test_only_its_owner_can_open_the_socket(layout: Layout) -> None:
    async with answering(layout):
        place = _socket_path(layout)
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
        assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700


@unix
async def test_a_runtime_directory_that_others_can_write_is_not_used(layout: Layout) -> None:
    directory = _socket_path(layout).parent
    directory.chmod(0o777)
    with pytest.raises(DaemonError, match="not for you alone"):
        async with answering(layout):
            pass


@unix
async def test_a_process_of_another_user_is_not_answered(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where somebody opened the socket to all, or a system ignores its mode."""
    async with answering(layout) as asked:
        monkeypatch.setattr(control, "_user_of", lambda _: os.getuid() + 1)
        with pytest.raises(DaemonNotRunning):
            await ask(layout, {"do": "status"})
        assert asked == []


@pytest.mark.skipif(sys.platform not in {"linux", "darwin"}, reason="other systems do not tell")
def test_the_system_tells_who_is_at_the_other_end() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        assert _user_of(ours) == os.getuid()
