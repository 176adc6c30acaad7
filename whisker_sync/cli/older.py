"""``whisker sync older``: what is to become of many files that went back at once."""

from __future__ import annotations

import asyncio

import click

from whisker_sync.cli import exits
from whisker_sync.cli.common import shared_options, workspace
from whisker_sync.cli.output import OUTPUT
from whisker_sync.cli.sentences import back_sentence

EXAMPLES = """\b
Examples:
  whisker sync older
  whisker sync older --newest
  whisker sync older --share
"""


@click.command(epilog=EXAMPLES)
@click.option("--newest", is_flag=True, help="Put the newest texts into the folder.")
@click.option("--share", is_flag=True, help="Make the older texts the newest, for everybody.")
@shared_options
def command(newest: bool, share: bool) -> int:
    """
    Choose what to do with files that went back, as after checking out an old commit.

    Until then nothing of them is shared, and nothing is written there; if the newest is
    checked out again, there is nothing to choose. With --newest, what the files hold now goes
    to the trash. With --share, what they held before stays in the history.
    """
    from whisker_sync.daemon.control import ask

    if newest and share:
        raise click.UsageError("--newest and --share cannot both be done")
    layout = workspace()
    if not newest and not share:
        paths = asyncio.run(ask(layout, {"do": "status"}))["went_back"]
        OUTPUT.data({"files": paths})
        for path in paths:
            OUTPUT.give(path)
        OUTPUT.say(back_sentence(paths) if paths else "No files went back.")
        return exits.OK
    choice = "newest" if newest else "share"
    done = asyncio.run(ask(layout, {"do": "older", "choice": choice}))
    OUTPUT.data(done)
    count = len(done["files"])
    if not count:
        OUTPUT.say("No files went back, so there is nothing to choose.")
    elif newest:
        OUTPUT.say(f"{count} files are the newest again; what they held is in: whisker trash")
    else:
        OUTPUT.say(f"{count} files are shared as they are; what they held is in: whisker log")
    for path in done["left"]:
        OUTPUT.say(f"{path} waits: its newest content has not come yet.")
    return exits.OK
