"""``whisker invite``: print a link with which somebody can join."""

from __future__ import annotations

import asyncio

import click

from whisker_sync.cli.common import shared_options, workspace
from whisker_sync.cli.output import OUTPUT

EXAMPLES = """\b
Examples:
  whisker invite
  whisker invite --json
"""


@click.command(epilog=EXAMPLES)
@click.option("--yes", is_flag=True, help="Do not ask anything.")
@click.option("--no-start", is_flag=True, help="Do not start syncing.")
@shared_options
def command(yes: bool, no_start: bool) -> None:
    """
    Print a link with which somebody can join.

    The link carries the key of the story: whoever has it can read and write. Send it
    only to those you mean, over a channel that you trust.
    """
    from whisker_sync.daemon.control import ask, is_running
    from whisker_sync.daemon.process import start

    del yes  # nothing is asked yet
    layout = workspace()
    if not is_running(layout) and not no_start:
        start(layout, [])
    link = asyncio.run(ask(layout, {"do": "invite"}))["link"]
    OUTPUT.data({"link": link, "words": None})
    OUTPUT.say("Send this to whom you want to write with, and to nobody else:")
    OUTPUT.say("")
    OUTPUT.give(f"whisker join '{link}'")
    OUTPUT.say("")
    OUTPUT.say("It must run on a machine in the same network as this one.")
