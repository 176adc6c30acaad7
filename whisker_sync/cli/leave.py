"""``whisker leave``: leave a story, and keep its files."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from whisker_sync.cli.common import shared_options, workspace
from whisker_sync.cli.output import OUTPUT
from whisker_sync.cli.sentences import counted, name_of

if TYPE_CHECKING:
    from whisker_sync.api.places import Layout

EXAMPLES = """\b
Examples:
  whisker leave
  whisker leave --yes
"""


@click.command(epilog=EXAMPLES)
@click.option("--yes", is_flag=True, help="Do not ask.")
@shared_options
def command(yes: bool) -> None:
    """
    Leave this story with this device; its files stay as they are.

    The others are told, and the key of the story is changed. Whoever is the only owner makes
    somebody else one first. To come back, have yourself invited again.
    """
    from whisker_sync.api.settings import load_config
    from whisker_sync.daemon import process
    from whisker_sync.daemon.control import ask, is_running

    layout = workspace()
    title = load_config(layout).title
    if not yes:
        if not OUTPUT.interactive:
            raise click.UsageError("nobody can be asked here; say --yes if you mean it")
        click.confirm(f"Leave {title}? The files stay.", abort=True)
    if not is_running(layout):
        process.start(layout, [])
    said = asyncio.run(ask(layout, {"do": "leave"}))
    _end(layout)
    OUTPUT.data({**said, "folder": str(layout.root)})
    OUTPUT.say(f"You have left “{title}”. Your files stay in {layout.root}")
    OUTPUT.say(_known(said))
    if said["pending"]:
        count = counted(said["pending"], "change of yours is", "changes of yours are")
        OUTPUT.say(f"{count} nowhere else: the others never got it.")


def _known(said: dict[str, Any]) -> str:
    names = ", ".join(name_of(each) for each in said["known_to"])
    if names:
        return f"{names} has noted it, and tells the others."
    return (
        "Nobody was reachable, so the others do not know: they go on sending to this device, "
        "which does not listen any more, until an owner removes it. Tell them."
    )


def _end(layout: Layout) -> None:
    """Sync no more, not at the next login either."""
    from whisker_sync.daemon import process, service
    from whisker_sync.errors import DaemonError

    with suppress(DaemonError):  # on a system that starts nothing at login
        service.remove(service.service_of(layout, Path.home()))
    with suppress(DaemonError):
        process.stop(layout)
