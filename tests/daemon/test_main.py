"""Tests for :mod:`whisker_sync.daemon.main`: the watchdog is told that all is well, if it is."""

from __future__ import annotations

import asyncio
import faulthandler
import threading
from pathlib import Path

import pytest

from tests.node.test_node import Author
from tests.node.test_running import large, saved
from whisker_sync.daemon import main


async def test_a_peer_that_hangs_on_its_thread_is_not_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = asyncio.Queue[float]()
    monkeypatch.setattr(main, "WATCH_SECONDS", 0.0)
    monkeypatch.setattr(
        faulthandler, "dump_traceback_later", lambda seconds, **_: told.put_nowait(seconds)
    )
    goes_on = threading.Event()
    async with Author(tmp_path, "alice").online() as node:
        handle = node._running._handle
        monkeypatch.setattr(
            node._running, "_handle", lambda input_: [goes_on.wait(), *handle(input_)][1:]
        )
        node._running.feed(saved(large()))
        watched = asyncio.create_task(main._stay_watched(node))
        await told.get()
        for _ in range(100):
            await asyncio.sleep(0)
        assert told.empty()
        goes_on.set()
        assert await told.get() == main.HANG_SECONDS
        watched.cancel()
