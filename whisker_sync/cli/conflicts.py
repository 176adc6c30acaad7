"""``whisker conflicts``: places worth a look after a merge."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from whisker_sync.cli.common import shared_options, workspace
from whisker_sync.cli.output import OUTPUT
from whisker_sync.cli.sentences import say_if_only_here

if TYPE_CHECKING:
    from whisker_sync.api.past import Conflict, Kept, Side
    from whisker_sync.api.places import Layout

EXCERPT = 72
"""Code points of each version that are shown in a line; ``--json`` has all of it."""

EXAMPLES = """\b
Examples:
  whisker conflicts
  whisker conflicts --resolve 3f2a91bc
"""


@click.command(epilog=EXAMPLES)
@click.option("--resolve", metavar="ID", help="You have seen to it: do not list it any more.")
@shared_options
def command(resolve: str | None) -> None:
    """
    Show places worth a look after merges; nothing waits for them.

    What was kept against a save of yours is deleted when you resolve it, for then the save
    was meant. Everything else is only taken off the list.
    """
    from whisker_sync.daemon import conflicts

    layout = workspace()
    found = asyncio.run(conflicts.find(layout))
    if resolve is not None:
        _resolve(layout, _one(found, resolve))
        return
    OUTPUT.data({"conflicts": [_as_data(each) for each in found]})
    for each in found:
        OUTPUT.give(f"{each.id}  {each.kind.value}: {each.sentence}.")
        for side in each.sides:
            OUTPUT.give(f"  {_who(side)}{_excerpt(side.text)}")
    if not found:
        OUTPUT.say("Nothing is worth a look.")
    say_if_only_here(layout)


def _one(found: list[Conflict], digits: str) -> Conflict:
    meant = [each for each in found if digits and each.id.startswith(digits.lower())]
    if len(meant) != 1:
        raise click.UsageError(f"there is no conflict called {digits}; see: whisker conflicts")
    return meant[0]


def _resolve(layout: Layout, conflict: Conflict) -> None:
    from whisker_sync.api.past import Kind
    from whisker_sync.daemon import conflicts

    deleted = False
    if conflict.kind is Kind.KEPT:
        kept = asyncio.run(conflicts.read_kept(layout))
        deleted = any(_delete(layout, each) for each in kept if each.id == conflict.subject)
    conflicts.resolve(layout, conflict)
    OUTPUT.data({"resolved": conflict.id, "deleted": deleted})
    if deleted:
        OUTPUT.say(f"{conflict.path} is as you had saved it; what it had more is in the history.")
    else:
        OUTPUT.say("That is off the list.")


def _delete(layout: Layout, kept: Kept) -> bool:
    """Do to the passage as it is now what the save had done to it."""
    from whisker_sync.api import authoring
    from whisker_sync.api.past import as_saved

    now = authoring.text_of(layout, kept.path)
    return now is not None and authoring.save(layout, kept.path, as_saved(now, kept))


def _who(side: Side) -> str:
    if not side.person:
        return ""
    if side.time is None:
        return f"{side.person}: "
    from whisker_sync.cli.past import at

    return f"{side.person}, {at(side.time)}: "


def _excerpt(text: str) -> str:
    line = " ".join(text.split()) or "(nothing)"
    return line if len(line) <= EXCERPT else f"{line[: EXCERPT - 1]}…"


def _as_data(conflict: Conflict) -> dict[str, Any]:
    return {
        "id": conflict.id,
        "kind": conflict.kind.value,
        "path": conflict.path,
        "passage": conflict.passage,
        "sentence": conflict.sentence,
        "sides": [
            {
                "person": side.person or None,
                "time": None if side.time is None else side.time / 1000,
                "text": side.text,
            }
            for side in conflict.sides
        ],
    }
