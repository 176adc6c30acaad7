"""``whisker sync now``: everything to everybody who is there, and a receipt from each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import click

from whisker_sync.cli import exits
from whisker_sync.cli.common import shared_options, workspace
from whisker_sync.cli.output import OUTPUT
from whisker_sync.cli.sentences import counted, name_of, person_sentence, safety

if TYPE_CHECKING:
    from whisker_sync.api.places import Layout

EVERY_SECONDS = 0.2
"""How often it is looked how far it is."""

EXAMPLES = """\b
Examples:
  whisker sync now
  whisker sync now --timeout 10
  whisker sync now --progress > log.txt
"""


@click.command(epilog=EXAMPLES)
@click.option("--timeout", type=click.FloatRange(min=0.1), default=30.0, help="Seconds to wait.")
@click.option("--progress", is_flag=True, help="Say how far it is, also where nobody watches.")
@shared_options
def command(timeout: float, progress: bool) -> int:
    """
    Wait until every reachable device has everything, and we have theirs.

    Each gives a receipt when all is on its disk. On a terminal a bar shows how far it is;
    with --plain a line says so each time it changes.
    """
    status = asyncio.run(_now(workspace(), timeout, progress=progress))
    done = not (status.get("offline") or status.get("timeout"))
    receipts = [
        {key: peer[key] for key in ("device", "person", "name", "connected", "unacked")}
        | {"has_everything": not peer["unacked"]}
        for peer in status["peers"]
    ]
    OUTPUT.data({**status, "synced": done, "receipts": receipts})
    if status.get("offline"):
        unsent = counted(status["pending"], "change is", "changes are")
        alone = f"{unsent} on this device only" if status["pending"] else "Nothing is unsent"
        OUTPUT.say(f"Nobody is reachable. {alone}.")
        return exits.OFFLINE
    if status.get("timeout"):
        OUTPUT.say(f"Not done after {timeout:g} seconds; it goes on in the background.")
        OUTPUT.say(safety(status))
        return exits.OFFLINE
    _receipts(status)
    return exits.OK


def _receipts(status: dict[str, Any]) -> None:
    """Say who has everything, and what those lack who were not there."""
    names = ", ".join(name_of(peer) for peer in status["peers"] if peer["connected"])
    if names:
        OUTPUT.say(f"The same here and with {names}, and saved on both sides.")
    if status["relay"]["state"] == "in sync":
        OUTPUT.say("The relay has everything of yours, and you have everything that was there.")
    for peer in status["peers"]:
        if not peer["connected"]:
            OUTPUT.say(person_sentence(peer))
    if status["pending"]:
        OUTPUT.say(safety(status))


async def _now(layout: Layout, seconds: float, *, progress: bool) -> dict[str, Any]:
    from whisker_sync.daemon.control import ask

    async with _told(layout, progress=progress):
        return await ask(layout, {"do": "now", "seconds": seconds})


@asynccontextmanager
async def _told(layout: Layout, *, progress: bool) -> AsyncIterator[None]:
    """Show, as long as the block takes, how far it is; where somebody watches, or asked for it."""
    import sys

    if OUTPUT.json or OUTPUT.quiet or not (progress or sys.stdout.isatty()):
        yield
        return
    showing = asyncio.ensure_future((_bar if OUTPUT.fancy else _lines)(layout))
    try:
        yield
    finally:
        showing.cancel()
        with suppress(asyncio.CancelledError):
            await showing


async def _lines(layout: Layout) -> None:
    """One fact on each line, when it becomes true."""
    known: set[str] = set()
    async for status in _looks(layout):
        for peer in status["peers"]:
            fact = person_sentence(peer)
            if peer["connected"] and fact not in known:
                known.add(fact)
                OUTPUT.say(fact)


async def _bar(layout: Layout) -> None:
    """A bar: how much of what was missing somewhere is there by now."""
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[left]}"))
    with Progress(*columns, transient=True) as shown:
        bar = shown.add_task("Looking for the others", total=None, left="")
        most = 0
        async for status in _looks(layout):
            there = [peer for peer in status["peers"] if peer["connected"]]
            if not there:
                continue
            left = sum(peer["unacked"] for peer in there)
            most = max(most, left)
            waits = sum(not peer["in_sync"] for peer in there)
            with_whom = counted(waits, "device", "devices") if waits else "all"
            shown.update(
                bar,
                description=f"Exchanging with {with_whom}",
                total=most or None,
                completed=most - left,
                left=counted(left, "change to go", "changes to go"),
            )


async def _looks(layout: Layout) -> AsyncIterator[dict[str, Any]]:
    from whisker_sync.daemon.control import ask

    while True:
        yield await ask(layout, {"do": "status"})
        await asyncio.sleep(EVERY_SECONDS)
