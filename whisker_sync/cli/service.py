"""``whisker service``: start syncing a story at login."""

from __future__ import annotations

from pathlib import Path

import click

from whisker_sync.cli.common import shared_options, workspace
from whisker_sync.cli.output import OUTPUT

EXAMPLES = """\b
Examples:
  whisker service install
  whisker service show
  whisker service remove
"""


@click.group(epilog=EXAMPLES)
@shared_options
def command() -> None:
    """Start syncing this story whenever you log in."""


@command.command(epilog=EXAMPLES)
@shared_options
def install() -> None:
    """Start it at each login from now on, and now."""
    from whisker_sync.daemon import process, service
    from whisker_sync.daemon.control import is_running

    layout = workspace()
    found = service.service_of(layout, Path.home())
    if is_running(layout):
        process.stop(layout)  # the system starts it, so that it can watch over it
    service.install(found)
    OUTPUT.data({"name": found.name, "file": str(found.file)})
    OUTPUT.say(f"It starts at each login, as {found.name} ({found.file}).")


@command.command(epilog=EXAMPLES)
@shared_options
def remove() -> None:
    """Start it at login no more, and stop it now."""
    from whisker_sync.daemon import service

    found = service.service_of(workspace(), Path.home())
    was = service.remove(found)
    OUTPUT.data({"name": found.name, "removed": was})
    OUTPUT.say("It does not start at login any more." if was else "It did not start at login.")


@command.command(epilog=EXAMPLES)
@shared_options
def show() -> None:
    """Show what the system would be told, and change nothing."""
    from whisker_sync.daemon import service

    found = service.service_of(workspace(), Path.home())
    OUTPUT.data({"name": found.name, "file": str(found.file), "text": found.text})
    OUTPUT.copy(f"{found.file}:\n\n{found.text}")
