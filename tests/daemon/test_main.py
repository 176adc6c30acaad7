"""Tests for :mod:`whisker_sync.daemon.main`: the watchdog is told that all is well, if it is."""

from __future__ import annotations

import asyncio
import threading
from functools import partial
from pathlib import Path

from tests.node.test_node import Author
from tests.node.test_running import large, saved
from whisker_sync.daemon.main import _stay_watched


async def test_a_peer_that_hangs_on_its_thread_is_not_well(tmp_path: Path) -> None:
    told = asyncio.Queue[str]()
    goes_on = threading.Event()
    async with Author(tmp_path, "alice").online() as node:
        node._running._thread.submit(goes_on.wait)
        node._running.feed(saved(large()))
        watching = _stay_watched(node, partial(told.put_nowait, "all is well"), 0.0)
        watched = asyncio.create_task(watching)
        await told.get()
        for _ in range(100):
            await asyncio.sleep(0)
        is_told = not told.empty()
        goes_on.set()
        assert not is_told
        await told.get()
        watched.cancel()
