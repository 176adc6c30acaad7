"""``whisker service``: start syncing a story at login."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from whisker_sync.cli import exits
from whisker_sync.cli.common import shared_options, workspace
from whisker_sync.cli.output import OUTPUT

if TYPE_CHECKING:
    from whisker_sync.api.places import Layout

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


def start_at_login(layout: Layout, port: int | None) -> int:
    """Start a story at each login from now on, and now; on a port, if it is to have another."""
    from dataclasses import replace

    from whisker_sync.api.settings import load_local, save_local
    from whisker_sync.daemon import process, service
    from whisker_sync.daemon.reset import stop_for
    from whisker_sync.errors import ServiceFailed

    found = service.service_of(layout, Path.home())
    options = stop_for(layout)  # the system starts it, so that it can watch over it
    if port is not None:
        save_local(layout, replace(load_local(layout), port=port))
    try:
        service.install(found)
    except ServiceFailed:
        if options is not None:
            process.start(layout, options)
        raise
    OUTPUT.data({"name": found.name, "file": str(found.file)})
    OUTPUT.say(f"It starts at each login, as {found.name} ({found.file}).")
    return exits.OK


@command.command(epilog=EXAMPLES)
@shared_options
def install() -> None:
    """Start it at each login from now on, and now."""
    start_at_login(workspace(), None)


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
