"""``whisker restore``: bring a passage or a file back as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from whisker_sync.cli import past
from whisker_sync.cli.common import shared_options, workspace
from whisker_sync.cli.output import OUTPUT

if TYPE_CHECKING:
    from whisker_sync.revision import Revision, Version

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
    from whisker_sync.cli import files
    from whisker_sync.manuscript.timeline import is_path

    revisions = past.read()
    then = past.until(revisions, at) if at is not None else _until_before(revisions, before or "")
    if is_path(revisions, name):
        path, text = name, _file(then, name)
    else:
        path, text = _passage(revisions, then, name, _undone(revisions, before))
    changed = files.save(workspace(), path, text)
    OUTPUT.data({"name": name, "path": path, "changed": changed})
    if changed:
        OUTPUT.say(f"{name} is as it was; what was there instead is in the history and the trash.")
    else:
        OUTPUT.say(f"{name} is so already; nothing was changed.")


def _until_before(revisions: list[Revision], text: str) -> list[Revision]:
    found = past.find(revisions, text)
    return revisions[: revisions.index(found[0])]


def _undone(revisions: list[Revision], before: str | None) -> dict[str, Version]:
    """What a revision began with: it says so itself, even if all that was earlier is gone."""
    if before is None:
        return {}
    found = past.find(revisions, before)[0]
    return {each.id: each for each in found.versions if each.before is not None}


def _file(then: list[Revision], path: str) -> str:
    from whisker_sync.manuscript.timeline import file_text, stand

    text = file_text(stand(then).values(), path)
    if text is None:
        raise click.UsageError(f"{path} was not there then; see: whisker log {path}")
    return text


def _passage(
    revisions: list[Revision], then: list[Revision], name: str, undone: dict[str, Version]
) -> tuple[str, str]:
    """The file in which a passage belongs, and its text with the passage in it."""
    from whisker_sync.cli import files
    from whisker_sync.manuscript.timeline import named, put_back, stand

    was, now = stand(then), stand(revisions)
    for id_ in named(revisions, name):
        text = undone[id_].before if id_ in undone else was[id_].text if id_ in was else None
        if text is not None:
            break
    else:
        raise click.UsageError(f"{name} was not there then; see: whisker log {name!r}")
    today = now[id_]
    whole = files.text_of(workspace(), today.path) or ""
    return today.path, put_back(whole, today.name or "", text)
