"""``whisker show``: what one revision changed."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import click

from whisker_sync.cli import past
from whisker_sync.cli.common import shared_options, workspace
from whisker_sync.cli.output import OUTPUT
from whisker_sync.cli.sentences import say_if_only_here

if TYPE_CHECKING:
    from whisker_sync.api.past import Version

EXAMPLES = """\b
Examples:
  whisker show 3f2a91bc
  whisker show "first draft"
"""


@click.command(epilog=EXAMPLES)
@click.argument("revision", metavar="REVISION|MILESTONE")
@shared_options
def command(revision: str) -> None:
    """Show what a revision changed, or what a milestone holds."""
    found = past.find(past.read(), revision)
    first = found[0]
    versions = [version for each in found for version in each.versions]
    OUTPUT.data(
        {
            **past.as_data(first),
            "versions": [
                {
                    "id": version.id,
                    "path": version.path,
                    "passage": version.name,
                    "before": version.before,
                    "text": version.text,
                }
                for version in versions
            ],
        }
    )
    OUTPUT.give(f"Revision {past.short(first)}, {past.when(first)}, {first.person}")
    if first.milestone:
        OUTPUT.give(f"Milestone {first.milestone}: {len(versions)} passages and files")
    for version in versions:
        OUTPUT.give("")
        for line in _milestone(version) if first.milestone else _lines(version):
            OUTPUT.give(line)
    say_if_only_here(workspace())


def _milestone(version: Version) -> list[str]:
    return [f"{past.title(version)}, in {version.path}"]


def _lines(version: Version) -> list[str]:
    what = f"{past.title(version)}, in {version.path}"
    if version.is_gone:
        what += ", removed"
    elif version.text is None:
        what += ", no text"
    elif version.before is None:
        what += ", new"
    before = (version.before or "").split("\n")
    after = (version.text or "").split("\n")
    lines = list(difflib.unified_diff(before, after, lineterm="", n=2))[2:]
    return [what, *(line for line in lines if not line.startswith("@@"))]
