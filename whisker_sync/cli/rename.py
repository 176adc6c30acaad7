"""``whisker rename``: another name for a passage, in every file that knows it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from whisker_sync.cli import exits
from whisker_sync.cli.common import here, maybe_workspace, shared_options
from whisker_sync.cli.output import OUTPUT

if TYPE_CHECKING:
    from whisker_sync.story.rename import Changed, Place, Renaming

EXAMPLES = """\b
Examples:
  whisker rename "Dark Cave" "Lit Cave"
  whisker rename "Dark Cave" "Lit Cave" --dry-run
"""


@click.command(epilog=EXAMPLES)
@click.argument("old")
@click.argument("new")
@click.option("--dry-run", is_flag=True, help="Only say what would be changed.")
@click.option("--format", "story_format", help="Read links as this story format does.")
@shared_options
def command(old: str, new: str, dry_run: bool, story_format: str | None) -> int:
    """
    Give a passage another name, and repair the links to it.

    All Twee files of the story are looked through. Whether syncing is on does not matter:
    the others get the rename as they get every save.
    """
    from whisker_sync.project.sources import load, paths, shown
    from whisker_sync.project.writing import Write, write_all
    from whisker_sync.story.files import read
    from whisker_sync.story.rename import rename

    root = _root()
    places = {shown(path, root): path for path in paths(root)}
    contents = {name: load(path) for name, path in places.items()}
    story = [read(name, data) for name, data in contents.items()]
    renaming = rename(story, old, new, story_format)
    if not dry_run:
        # The passage itself last: if something comes in between, trying again works.
        ordered = sorted(renaming.changed, key=lambda each: each.header)
        write_all(
            [Write(places[each.path], each.tree.render(), contents[each.path]) for each in ordered]
        )
    OUTPUT.data({"old": old, "new": new, "dry_run": dry_run, **_of(renaming)})
    _say(old, new, dry_run, renaming)
    return exits.FINDINGS if renaming.left or renaming.start_unsaid else exits.OK


def _root() -> Path:
    """Return the folder of the story: that of the workspace, or the one that we are in."""
    layout = maybe_workspace()
    return here() if layout is None else layout.root


def _say(old: str, new: str, dry_run: bool, renaming: Renaming) -> None:
    OUTPUT.say(f"“{old}” {'would be' if dry_run else 'is now'} “{new}”.")
    for each in renaming.changed:
        OUTPUT.say(f"  {each.path}: {_what(each)}")
    if renaming.left:
        OUTPUT.give(f"These still lead to “{old}”: a link there cannot hold “{new}”.")
        _list(renaming.left)
    if renaming.mentions:
        OUTPUT.give(f"Look at these: they say “{old}”, and may mean the passage.")
        _list(renaming.mentions)
    if renaming.start_unsaid:
        OUTPUT.give(
            f"The story began with “{old}” because of its name; "
            f'let its StoryData say: "start": "{new}"'
        )


def _list(places: tuple[Place, ...]) -> None:
    for place in places:
        OUTPUT.give(f"  {place.path}:{place.line}:{place.column}")


def _what(changed: Changed) -> str:
    links = f"{changed.references} {'link' if changed.references == 1 else 'links'}"
    if not changed.header:
        return links
    return f"the passage itself, and {links}" if changed.references else "the passage itself"


def _of(renaming: Renaming) -> dict[str, Any]:
    def places(found: tuple[Place, ...]) -> list[dict[str, Any]]:
        return [{"path": each.path, "line": each.line, "column": each.column} for each in found]

    return {
        "files": [
            {"path": each.path, "header": each.header, "references": each.references}
            for each in renaming.changed
        ],
        "left": places(renaming.left),
        "mentions": places(renaming.mentions),
        "start_unsaid": renaming.start_unsaid,
    }
