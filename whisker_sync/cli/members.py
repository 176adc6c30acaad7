"""``whisker members``: who belongs to this story."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import click

from whisker_sync.cli import exits
from whisker_sync.cli.common import shared_options, workspace
from whisker_sync.cli.output import OUTPUT

EXAMPLES = """\b
Examples:
  whisker members
  whisker members confirm Bob
  whisker members role Bob owner
  whisker members remove Bob --device "old laptop"
  whisker members recovery
"""


@click.group(invoke_without_command=True, epilog=EXAMPLES)
@shared_options
@click.pass_context
def command(ctx: click.Context) -> None:
    """Show who belongs to this story, with which devices, and what they may do."""
    if ctx.invoked_subcommand is None:
        found = _look()
        OUTPUT.data(found)
        for line in lines_of(found):
            OUTPUT.give(line)


@command.command(epilog=EXAMPLES)
@click.argument("name")
@click.option("--replace", is_flag=True, help="Their older devices go: this one replaces them.")
@shared_options
def confirm(name: str, replace: bool) -> None:
    """Let somebody in who asks to join; NAME may also be their fingerprint."""
    _ask({"do": "confirm", "who": name, "replace": replace})
    OUTPUT.data({"confirmed": name})
    OUTPUT.say(f"{name} is in.")


@command.command(epilog=EXAMPLES)
@click.argument("name")
@shared_options
def decline(name: str) -> None:
    """Turn somebody away who asks to join; NAME may also be their fingerprint."""
    _ask({"do": "decline", "who": name})
    OUTPUT.data({"declined": name})
    OUTPUT.say(f"{name} was turned away.")


@command.command(epilog=EXAMPLES)
@click.argument("person")
@click.option("--device", help="Only this device of theirs: its name or fingerprint.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@shared_options
def remove(person: str, device: str | None, yes: bool) -> int:
    """
    Remove somebody; they get nothing new from here on.

    What they have already stays with them. PERSON may also be the fingerprint of one of
    their devices. Only owners can remove.
    """
    what = person if device is None else f"{device} of {person}"
    if not yes and OUTPUT.interactive and not click.confirm(f"Remove {what}?"):
        OUTPUT.say("Nothing was changed.")
        return exits.FAILED
    found = _ask({"do": "remove", "person": person, "device": device}, start=True)
    OUTPUT.data(found)
    devices = ", ".join(found["devices"])
    OUTPUT.say(f"{found['person']} ({devices}) was removed, and the key of the story was changed.")
    OUTPUT.say("Others who are not connected now hear of it when they next are.")
    return exits.OK


@command.command(epilog=EXAMPLES)
@click.argument("person")
@click.argument("role", type=click.Choice(["owner", "writer", "reader"]))
@shared_options
def role(person: str, role: str) -> None:
    """Say what somebody may do: read, write, or also invite owners and remove others."""
    found = _ask({"do": "role", "person": person, "role": role}, start=True)
    OUTPUT.data(found)
    OUTPUT.say(f"{found['person']} is {_a(found['role'])} now.")


@command.command(epilog=EXAMPLES)
@shared_options
def recovery() -> None:
    """
    Print sixteen words that make whoever has them an owner again; earlier ones become void.

    For a story with one owner, whose only device may be lost. Write them down on paper; they
    are kept nowhere.
    """
    import secrets

    from whisker_sync.api.members import ENTROPY_BYTES, RecoveryKey

    key = RecoveryKey(secrets.token_bytes(ENTROPY_BYTES))
    _ask({"do": "recovery", "public": key.public.hex()}, start=True)
    words = key.words().split()
    OUTPUT.data({"words": " ".join(words)})
    OUTPUT.say("Write these words down and keep them where only you find them:")
    OUTPUT.say("")
    for first in range(0, len(words), 4):
        OUTPUT.give("  " + " ".join(words[first : first + 4]))
    OUTPUT.say("")
    OUTPUT.say("If your device is lost: join again from a new one, then: whisker members restore")


@command.command(epilog=EXAMPLES)
@shared_options
def restore() -> None:
    """
    Become an owner by the recovery words, which are asked for, or read from standard input.

    This device must be a member: have it invited first.
    """
    from whisker_sync.api.members import RecoveryKey

    asked = OUTPUT.interactive
    words = str(click.prompt("The sixteen words")) if asked else sys.stdin.read()
    RecoveryKey.from_words(words)  # what is only misspelt, nobody need be asked about
    OUTPUT.data(_ask({"do": "restore", "words": words}, start=True))
    OUTPUT.say("You are an owner of the story again.")


def lines_of(found: dict[str, Any]) -> list[str]:
    """Everybody, a line for each person and device."""
    lines = []
    for person in found["people"]:
        me = " (you)" if person["me"] else ""
        lines.append(f"{person['name']}{me}: {person['role']}")
        for device in person["devices"]:
            this = ", this device" if device["this"] else ""
            pending = ", not confirmed by an owner yet" if device["pending"] else ""
            lines.append(f"  {device['name']}{this}: {device['fingerprint']}{pending}")
    return lines


def _a(role: str) -> str:
    return f"an {role}" if role == "owner" else f"a {role}"


def _look() -> dict[str, Any]:
    """Who belongs: as the daemon knows it, or as it is on disk."""
    from whisker_sync.api.members import report
    from whisker_sync.api.settings import load_papers, load_user, user_home
    from whisker_sync.daemon.control import ask
    from whisker_sync.errors import DaemonNotRunning

    layout = workspace()
    try:
        return asyncio.run(ask(layout, {"do": "members"}))
    except DaemonNotRunning:
        us = load_user(user_home()).key.device
        return report(load_papers(layout).membership, us)


def _ask(question: dict[str, Any], *, start: bool = False) -> dict[str, Any]:
    from whisker_sync.daemon import process
    from whisker_sync.daemon.control import ask, is_running

    layout = workspace()
    if start and not is_running(layout):
        process.start(layout, [])
    return asyncio.run(ask(layout, question))
