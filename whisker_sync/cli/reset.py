"""``whisker sync reset``: forget the state of the exchange, never the text."""

from __future__ import annotations

import click

from whisker_sync.cli.common import shared_options, workspace
from whisker_sync.cli.output import OUTPUT

EXAMPLES = """\b
Examples:
  whisker sync reset
  whisker sync reset --yes
"""


@click.command(epilog=EXAMPLES)
@click.option("--yes", is_flag=True, help="Do not ask.")
@shared_options
def command(yes: bool) -> None:
    """
    Forget how far you are with the others; the next meeting compares everything.

    The story, its history, who belongs and who you are stay; a copy of what is forgotten is
    kept.
    """
    from whisker_sync.daemon import process
    from whisker_sync.daemon.reset import reset, stop_for

    layout = workspace()
    if not yes:
        if not OUTPUT.interactive:
            raise click.UsageError("nobody can be asked here; say --yes if you mean it")
        click.confirm("Forget how far you are with the others? Story and history stay.", abort=True)
    options = stop_for(layout)
    try:
        copy = reset(layout)
    finally:
        if options is not None:
            process.start(layout, options)
    OUTPUT.data({"backup": None if copy is None else str(copy), "running": options is not None})
    if copy is None:
        OUTPUT.say("There was nothing to forget yet.")
    else:
        OUTPUT.say(f"Forgotten; a copy is {copy}.")
