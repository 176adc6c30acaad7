"""``whisker log``: who changed what, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from whisker_sync.cli import past
from whisker_sync.cli.common import shared_options, workspace
from whisker_sync.cli.output import OUTPUT
from whisker_sync.cli.sentences import say_if_only_here

if TYPE_CHECKING:
    from whisker_sync.api.past import Revision, Version

NAMED = 4
"""Passages that are named in one line; of more, the line says how many."""

EXAMPLES = """\b
Examples:
  whisker log
  whisker log Cave
  whisker log --person Ada --since 2026-11-01
"""


@click.command(epilog=EXAMPLES)
@click.argument("name", metavar="[PASSAGE|FILE]", required=False)
@click.option("-n", "--newest", type=click.IntRange(min=1), default=20, help="How many. [20]")
@click.option("--all", "everything", is_flag=True, help="All of them.")
@click.option("--since", metavar="DATE", help="From this date on.")
@click.option("--person", metavar="PERSON", help="Only what this person did.")
@shared_options
def command(
    name: str | None, newest: int, everything: bool, since: str | None, person: str | None
) -> None:
    """Show who changed what, and when; newest first."""
    start = 0
    if since is not None:
        parsed = past.parse_time(since, end_of_day=False)
        if parsed is None:
            raise click.UsageError(f"{since} is no date like 2026-11-22 or 2026-11-22 14:00")
        start = parsed
    revisions = past.read(start)
    if name is not None:
        revisions = _about(revisions, name)
    if person is not None:
        revisions = [each for each in revisions if each.person == person]
    shown = revisions if everything else revisions[-newest:]
    shown.reverse()
    OUTPUT.data({"revisions": [past.as_data(each) for each in shown]})
    for revision in shown:
        OUTPUT.give(line_of(revision))
    if not shown:
        OUTPUT.say("Nothing is in the history yet." if name is None else f"Nothing about {name}.")
    elif len(shown) < len(revisions):
        OUTPUT.say(f"{len(revisions) - len(shown)} older; see all with: whisker log --all")
    say_if_only_here(workspace())


def _about(revisions: list[Revision], name: str) -> list[Revision]:
    """What a passage or file went through, under whatever name it had at the time."""
    from whisker_sync.api.past import named

    ids = set(named(revisions, name))

    def is_meant(version: Version) -> bool:
        return version.id in ids or version.path == name

    found = [each for each in revisions if any(map(is_meant, each.versions))]
    if not found:
        raise click.UsageError(f"no passage or file called {name} is in the history")
    return found


def line_of(revision: Revision) -> str:
    """One revision in one line."""
    from whisker_sync.api.past import total

    head = f"{past.short(revision)}  {past.when(revision)}  {revision.person}: "
    if revision.milestone:
        return f"{head}milestone {revision.milestone}"
    titles = list(dict.fromkeys(map(_what, revision.versions)))
    names = ", ".join(titles[:NAMED])
    if len(titles) > NAMED:
        names += f" and {len(titles) - NAMED} more"
    words = total(revision)
    return f"{head}{names} (+{words.added} -{words.removed} words)"


def _what(version: Version) -> str:
    if version.is_gone:
        return f"{past.title(version)} removed"
    if version.text is None:
        return past.title(version)
    return f"{past.title(version)} new" if version.before is None else past.title(version)
