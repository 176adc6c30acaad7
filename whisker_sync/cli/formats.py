"""``whisker formats``: the story formats on this machine."""

from __future__ import annotations

import click

from whisker_sync.cli.build import format_places
from whisker_sync.cli.common import shared_options
from whisker_sync.cli.output import OUTPUT

EXAMPLES = """\b
Examples:
  whisker formats
  whisker formats --json
"""


@click.command(epilog=EXAMPLES)
@shared_options
def command() -> None:
    """
    Show the story formats that a story can be built with.

    None comes with this program. A format is a folder with a format.js in it.
    """
    from whisker_sync.project.formats import installed

    places = format_places()
    found = installed(places)
    OUTPUT.data(
        {
            "formats": [
                {
                    "id": each.id,
                    "name": each.format.name,
                    "version": each.format.version,
                    "proofing": each.format.proofing,
                    "license": each.format.license,
                    "path": str(each.path),
                }
                for each in found
            ],
            "places": [str(place) for place in places],
        }
    )
    for each in found:
        proofing = ", for proofreading" if each.format.proofing else ""
        named = f"{each.format.name} {each.format.version}{proofing}"
        OUTPUT.give(f"{each.id}: {named} ({each.path.parent})")
    if not found:
        OUTPUT.give(f"No story format is here. Put its folder into {places[0]}")
