"""``whisker peers``: the other devices of this story."""

from __future__ import annotations

import asyncio

import click

from whisker_sync.cli.common import shared_options, workspace
from whisker_sync.cli.output import OUTPUT

EXAMPLES = """\b
Examples:
  whisker peers
  whisker peers add 192.168.1.20:4711
"""


@click.group(invoke_without_command=True, epilog=EXAMPLES)
@shared_options
@click.pass_context
def command(ctx: click.Context) -> None:
    """Show the other devices, or call one by its address."""
    if ctx.invoked_subcommand is not None:
        return
    from whisker_sync.cli.sentences import person_sentence, safety
    from whisker_sync.daemon.control import ask

    status = asyncio.run(ask(workspace(), {"do": "status"}))
    OUTPUT.data({"peers": status["peers"]})
    for peer in status["peers"]:
        OUTPUT.give(person_sentence(peer))
    if not status["peers"]:
        OUTPUT.give("Nobody else yet. Invite somebody: whisker invite")
    if status["pending"] or status["trouble"]:
        OUTPUT.say(safety(status))


@command.command(epilog=EXAMPLES)
@click.argument("address", metavar="HOST:PORT")
@shared_options
def add(address: str) -> None:
    """Call a device at an address, now and whenever it is not connected."""
    from whisker_sync.api.settings import parse_address
    from whisker_sync.daemon.control import ask

    parse_address(address)
    asyncio.run(ask(workspace(), {"do": "connect", "address": address}))
    OUTPUT.data({"address": address})
    OUTPUT.say(f"Calling {address}; see how it goes with: whisker sync status")
