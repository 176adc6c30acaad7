"""``whisker bundle``: changes as an encrypted file, for a USB stick or mail."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from whisker_sync.cli.common import here, shared_options, workspace
from whisker_sync.cli.output import OUTPUT

if TYPE_CHECKING:
    from whisker_sync.api.places import Layout

EXAMPLES = """\b
Examples:
  whisker bundle create for-bob.whisker
  whisker bundle create --since Bob for-bob.whisker
  whisker bundle apply from-ada.whisker
"""


@click.group(epilog=EXAMPLES)
@shared_options
def command() -> None:
    """Carry changes to members by hand: as an encrypted file."""


@command.command(epilog=EXAMPLES)
@click.option("--since", metavar="DEVICE", help="Only what this person's device lacks.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@shared_options
def create(since: str | None, file: Path) -> None:
    """Write a FILE that only members of this story can read."""
    layout, path = workspace(), (here() / file).absolute()
    made = asyncio.run(_do(layout, {"do": "bundle", "path": str(path), "since": since}))
    OUTPUT.data(made)
    OUTPUT.say(f"Written: {file} ({made['bytes'] // 1024} KiB). Give it to any other member.")
    if made["left_out"]:
        OUTPUT.say("It has no room for all pictures and sounds; the rest comes over a network.")


@command.command(epilog=EXAMPLES)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@shared_options
def apply(file: Path) -> None:
    """Take in the FILE of another member; in any order, and as often as you like."""
    layout, path = workspace(), (here() / file).absolute()
    found = asyncio.run(_do(layout, {"do": "unbundle", "path": str(path)}))
    OUTPUT.data(found)
    if found["changes"]:
        OUTPUT.say(f"What {found['person']} sent is in the story now.")
    else:
        OUTPUT.say(f"What {found['person']} sent was all here already.")


async def _do(layout: Layout, question: dict[str, Any]) -> dict[str, Any]:
    """Ask the daemon; without one, open the story for as long as it takes."""
    from whisker_sync.api.bundles import carry
    from whisker_sync.api.settings import load_user, user_home
    from whisker_sync.daemon.control import ask
    from whisker_sync.errors import DaemonNotRunning

    try:
        return await ask(layout, question)
    except DaemonNotRunning:
        return await carry(layout, load_user(user_home()), question)
