"""``whisker fetch``: let binary files come that are too large to come by themselves."""

from __future__ import annotations

import asyncio
from typing import Any

import click

from whisker_sync.cli import exits
from whisker_sync.cli.common import here, shared_options, workspace
from whisker_sync.cli.output import OUTPUT

EXAMPLES = """\b
Examples:
  whisker fetch
  whisker fetch film.mp4 sounds/storm.ogg
  whisker fetch --all
"""


@click.command(epilog=EXAMPLES)
@click.argument("paths", metavar="[FILE]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All of them.")
@click.option("--timeout", type=click.FloatRange(min=0.1), default=60.0, help="Seconds to wait.")
@shared_options
def command(paths: tuple[str, ...], everything: bool, timeout: float) -> int:
    """
    Let large files come that this device was told not to fetch, or list them.

    How large a file may be to come by itself is set with: whisker sync config --fetch-up-to.
    What began to come goes on after a restart. A file that is here stays up to date.
    """
    from whisker_sync.daemon.control import ask

    layout = workspace()
    known = asyncio.run(ask(layout, {"do": "status"}))["not_fetched"]
    if not paths and not everything:
        OUTPUT.data({"not_fetched": known})
        for each in known:
            OUTPUT.give(f"{each['path']}  {each['size']:,} bytes")
        if not known:
            OUTPUT.say("Everything is here, or on its way.")
        return exits.OK
    names = [each["path"] for each in known]
    wanted = names if everything else [_name(layout, path) for path in paths]
    for path in wanted:
        if path not in names and not (layout.root / path).exists():
            raise click.UsageError(f"the story has no binary file {path} that is not here")
    question = {"do": "fetch", "paths": wanted, "seconds": timeout}
    done: dict[str, Any] = asyncio.run(ask(layout, question, timeout + 5.0))
    OUTPUT.data(done)
    if done["left"]:
        OUTPUT.say(f"Not all here after {timeout:g} seconds; it goes on in the background.")
        return exits.OFFLINE
    OUTPUT.say("Here." if wanted else "Everything is here already.")
    return exits.OK


def _name(layout: Any, path: str) -> str:
    """A file as the story calls it, named from the folder that we work in."""
    import os
    from pathlib import Path

    place = Path(os.path.normpath(here().absolute() / path))
    return place.relative_to(layout.root).as_posix() if place.is_relative_to(layout.root) else path
