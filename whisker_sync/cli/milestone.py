"""``whisker milestone``: give the story a name as it stands."""

from __future__ import annotations

import asyncio

import click

from whisker_sync.cli.common import shared_options, workspace
from whisker_sync.cli.output import OUTPUT

LONGEST = 100
"""Code points of the name of a milestone."""

EXAMPLES = """\b
Examples:
  whisker milestone "first draft"
  whisker restore cave.twee --at "first draft"
"""


@click.command(epilog=EXAMPLES)
@click.argument("name")
@shared_options
def command(name: str) -> None:
    """Give the story a name as it stands, to come back to it."""
    from whisker_sync.api.settings import clean_name
    from whisker_sync.cli import past
    from whisker_sync.daemon.control import ask

    if clean_name(name) != name or len(name) > LONGEST:
        raise click.UsageError(f"a milestone is called something like first draft, not {name!r}")
    if past.parse_time(name, end_of_day=False) is not None:
        raise click.UsageError(f"{name} is a date; call the milestone something else")
    if any(each.milestone == name for each in past.read()):
        raise click.UsageError(f"there is a milestone {name} already; see: whisker log")
    asyncio.run(ask(workspace(), {"do": "milestone", "name": name}))
    OUTPUT.data({"milestone": name})
    OUTPUT.say(f"The story as it stands is now called {name}.")
