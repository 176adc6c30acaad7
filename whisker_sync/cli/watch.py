"""
``whisker sync status --watch``: the status as it changes, until Ctrl-C.

On a terminal it is painted again in place; elsewhere, and for screen readers, each line is
printed once, when it becomes true.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from whisker_sync.cli.output import OUTPUT

if TYPE_CHECKING:
    from whisker_sync.api.places import Layout

EVERY_SECONDS = 0.5
"""How often it is looked."""

RECENT = 8
"""Saves that are shown, the newest."""

Lines = Callable[[dict[str, Any]], list[str]]
"""Says a status in sentences."""


async def watch(layout: Layout, lines: Lines) -> None:
    """
    Show the status until interrupted.

    Raises:
        DaemonNotRunning: It is not syncing, or not any more.
    """
    if OUTPUT.fancy:
        await _paint(layout, lines)
    else:
        await _tell(layout, lines)


async def _tell(layout: Layout, lines: Lines) -> None:
    """Print each sentence when it becomes true."""
    known: list[str] = []
    while True:
        status = await _status(layout)
        now = lines(status)
        for line in now:
            if line not in known:
                OUTPUT.give(f"{time.strftime('%H:%M:%S')} {line}")
        if OUTPUT.json and now != known:
            OUTPUT.data(status)
        known = now
        await asyncio.sleep(EVERY_SECONDS)


async def _paint(layout: Layout, lines: Lines) -> None:
    """Paint the terminal again and again."""
    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text

    with Live(console=Console(), auto_refresh=False) as live:
        while True:
            status = await _status(layout)
            shown = [Text(line) for line in lines(status)]
            recent = await _recent(layout)
            if recent:
                shown += [Text(""), Text("Lately:"), *(Text(f"  {line}") for line in recent)]
            shown += [Text(""), Text("End with Ctrl-C.", style="dim")]
            live.update(Group(*shown), refresh=True)
            await asyncio.sleep(EVERY_SECONDS)


async def _status(layout: Layout) -> dict[str, Any]:
    from whisker_sync.daemon.control import ask

    return await ask(layout, {"do": "status"})


async def _recent(layout: Layout) -> list[str]:
    """The newest saves, of everybody."""
    from whisker_sync.api.past import in_order
    from whisker_sync.cli.log import line_of
    from whisker_sync.daemon import history

    hour_ago = int((time.time() - 3600) * 1000)
    revisions = in_order(await history.read(layout, hour_ago))
    return [line_of(revision) for revision in reversed(revisions[-RECENT:])]
