"""``whisker invite``: let somebody take part."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from whisker_sync.cli import exits
from whisker_sync.cli.common import shared_options, workspace
from whisker_sync.cli.output import OUTPUT

if TYPE_CHECKING:
    from whisker_sync.api.places import Layout

EXAMPLES = """\b
Examples:
  whisker invite                          one person, within ten minutes
  whisker invite --words                  also a code to say aloud
  whisker invite --seats 25 --minutes 60  a class
  whisker invite --my-device              another device of your own
"""


@click.command(epilog=EXAMPLES)
@click.option("--words", is_flag=True, help="Also print a code that can be said aloud.")
@click.option(
    "--minutes", type=click.IntRange(1, 1440), default=10, show_default=True, help="How long."
)
@click.option(
    "--seats", type=click.IntRange(1, 100), default=1, show_default=True, help="How many may come."
)
@click.option(
    "--role",
    type=click.Choice(["owner", "writer", "reader"]),
    default="writer",
    show_default=True,
    help="What they may do.",
)
@click.option("--my-device", is_flag=True, help="For another device of your own.")
@click.option("--yes", is_flag=True, help="Let in the first who comes; do not wait.")
@click.option("--no-start", is_flag=True, help="Do not start syncing.")
@shared_options
def command(
    words: bool, minutes: int, seats: int, role: str, my_device: bool, yes: bool, no_start: bool
) -> int:
    """
    Let somebody take part: print a link with which they can ask to join.

    The link opens nothing by itself. Whoever uses it is shown to you, by name and
    fingerprint, and you let them in or not; it works once, and for some minutes.
    """
    from whisker_sync.daemon.control import is_running
    from whisker_sync.daemon.process import start

    layout = workspace()
    if not is_running(layout) and not no_start:
        start(layout, [])
    question = {"words": words, "minutes": minutes, "seats": seats, "role": role}
    invited = _ask(layout, {"do": "invite", **question, "mine": my_device, "yes": yes})
    OUTPUT.data({key: invited[key] for key in ("link", "words", "minutes", "number", "relay")})
    _show(invited, seats)
    if OUTPUT.json or yes:
        return exits.OK
    if not OUTPUT.interactive:
        OUTPUT.say("When they ask, let them in with: whisker members confirm NAME")
        return exits.OK
    return _receive(layout, invited["number"])


def _ask(layout: Layout, question: dict[str, Any]) -> dict[str, Any]:
    from whisker_sync.daemon.control import ask

    return asyncio.run(ask(layout, question))


def _show(invited: dict[str, Any], seats: int) -> None:
    from whisker_sync.cli.qr import shown

    link, words, minutes = invited["link"], invited["words"], invited["minutes"]
    whom = "whom you want to write with" if seats == 1 else f"up to {seats} people"
    OUTPUT.say(f"Send this to {whom}; it works for {minutes} minutes:")
    OUTPUT.say("")
    OUTPUT.copy(f"whisker join '{link}'")
    if code := shown(link, OUTPUT):
        OUTPUT.say("")
        OUTPUT.copy(code)
    if words is not None:
        OUTPUT.say("")
        OUTPUT.say("Or say this to them:")
        OUTPUT.say("")
        OUTPUT.copy(f"whisker join {words}")
    OUTPUT.say("")
    if not invited["relay"]:
        OUTPUT.say("It must run on a machine in the same network as this one.")
        return
    OUTPUT.say("The link works from everywhere: who is not in this network asks by the relay.")
    if words is not None:
        OUTPUT.say("What is said aloud works in this network only.")


def _receive(layout: Layout, number: int) -> int:
    """Wait for guests, and ask about each."""
    OUTPUT.say("Waiting for somebody to come; Ctrl-C takes the invitation back.")
    seen: Any = None
    told: set[str] = set()
    try:
        while True:
            seen = _ask(layout, {"do": "guests", "seen": seen})["offers"]
            offer = next((offer for offer in seen if offer["number"] == number), None)
            if offer is None:
                OUTPUT.problem("the invitation is gone; sync was started again", exits.FAILED)
                return exits.FAILED
            for guest in offer["seated"]:
                if guest["fingerprint"] not in told:
                    told.add(guest["fingerprint"])
                    OUTPUT.say(f"{guest['name']} is in.")
            if offer["ending"] is not None:
                return _ended(offer)
            if offer["waiting"]:
                _decide(layout, offer["waiting"])
    except KeyboardInterrupt:
        _ask(layout, {"do": "withdraw", "number": number})
        OUTPUT.say("The invitation was taken back.")
        raise


def _ended(offer: dict[str, Any]) -> int:
    if offer["seated"]:
        return exits.OK
    OUTPUT.problem(f"nobody came in: {offer['ending']}", exits.FAILED)
    return exits.FAILED


def _decide(layout: Layout, waiting: list[dict[str, Any]]) -> None:
    """Ask about everybody who waits; a whole class at once."""
    for guest in waiting:
        OUTPUT.say("")
        OUTPUT.say(f"{guest['name']} wants to join, from “{guest['device']}”.")
        OUTPUT.say(f"  Fingerprint: {guest['fingerprint']} (compare it with their screen)")
    chosen = waiting
    if len(waiting) > 1 and not click.confirm(f"Let all {len(waiting)} of them in?"):
        chosen = [guest for guest in waiting if click.confirm(f"Let {guest['name']} in?")]
    elif len(waiting) == 1 and not click.confirm("Let them in?"):
        chosen = []
    for guest in waiting:
        let_in(layout, guest) if guest in chosen else _turn_away(layout, guest)


def let_in(layout: Layout, guest: dict[str, Any], *, replace: bool | None = None) -> None:
    """Confirm a guest; one of a known name may take the place of an older device."""
    if replace is None and guest["namesakes"] and not guest["member"]:
        OUTPUT.say(f"A {guest['name']} is a member already, with: {', '.join(guest['namesakes'])}.")
        replace = click.confirm("Is this the same person, and does the new device replace that?")
    _ask(layout, {"do": "confirm", "who": guest["fingerprint"], "replace": bool(replace)})


def _turn_away(layout: Layout, guest: dict[str, Any]) -> None:
    _ask(layout, {"do": "decline", "who": guest["fingerprint"]})
    OUTPUT.say(f"{guest['name']} was turned away.")
