"""``whisker workspaces``: every story on this machine, and whether it is safe."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from whisker_sync.cli.common import shared_options
from whisker_sync.cli.output import OUTPUT

if TYPE_CHECKING:
    from whisker_sync.api.places import Layout

EXAMPLES = """\b
Examples:
  whisker workspaces
"""

SECONDS = 3.0
"""How long the daemon of one story may take to answer."""


@click.command(epilog=EXAMPLES)
@shared_options
def command() -> None:
    """Show every story on this machine, with one sentence each on whether it is safe."""
    from whisker_sync.api.places import stories
    from whisker_sync.api.settings import user_home

    found = asyncio.run(_all(stories(user_home())))
    OUTPUT.data({"workspaces": found})
    for each in found:
        OUTPUT.give(f"{each['title']}, in {each['folder']}: {each['sentence']}")
    if not found:
        OUTPUT.say("No story was ever synced on this machine. Begin with: whisker init")


async def _all(layouts: list[Layout]) -> list[dict[str, Any]]:
    return list(await asyncio.gather(*(_one(layout) for layout in layouts)))


async def _one(layout: Layout) -> dict[str, Any]:
    from whisker_sync.api.settings import load_config
    from whisker_sync.cli.sentences import asking_sentence, not_syncing, safety
    from whisker_sync.daemon.control import ask
    from whisker_sync.errors import DaemonNotRunning

    config = load_config(layout)
    known = {
        "id": config.workspace.hex(),
        "title": config.title,
        "folder": str(layout.root),
        "running": True,
    }
    try:
        status = await ask(layout, {"do": "status"}, SECONDS)
    except DaemonNotRunning:
        return {**known, "running": False, "sentence": not_syncing(layout)}
    except TimeoutError:
        return {**known, "sentence": "It does not answer; see whisker sync status there."}
    if status["asking"]:
        return {**known, "sentence": asking_sentence(status)}
    return {**known, "sentence": safety(status)}
