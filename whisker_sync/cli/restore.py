"""``whisker restore``: bring a passage or a file back as it was."""

from __future__ import annotations

import click

from whisker_sync.cli import past
from whisker_sync.cli.common import shared_options, workspace
from whisker_sync.cli.output import OUTPUT

EXAMPLES = """\b
Examples:
  whisker restore Cave --at 3f2a91bc
  whisker restore Cave --before 3f2a91bc
  whisker restore cave.twee --at "2026-11-22 14:00"
  whisker restore cave.twee --at "first draft"
"""


@click.command(epilog=EXAMPLES)
@click.argument("name", metavar="PASSAGE|FILE")
@click.option("--at", metavar="MOMENT", help="A revision, a milestone, or a date and time.")
@click.option("--before", metavar="REVISION", help="As it was before this revision.")
@shared_options
def command(name: str, at: str | None, before: str | None) -> None:
    """Bring a passage or a file back as it was; everybody gets it as an edit of yours."""
    if (at is None) == (before is None):
        raise click.UsageError("say which moment, with --at or --before; see: whisker log")
    from whisker_sync.api import authoring
    from whisker_sync.errors import NotInHistory

    revisions = past.read()
    undone = past.find(revisions, before)[0] if before is not None else None
    if undone is not None:
        then = revisions[: revisions.index(undone)]
    else:
        then = past.until(revisions, at or "")
    try:
        path, changed = authoring.restore(workspace(), revisions, then, name, undone)
    except NotInHistory as problem:
        raise click.UsageError(str(problem)) from None
    OUTPUT.data({"name": name, "path": path, "changed": changed})
    if changed:
        OUTPUT.say(f"{name} is as it was; what was there instead is in the history and the trash.")
    else:
        OUTPUT.say(f"{name} is so already; nothing was changed.")
