"""``whisker trash``: versions of files that were replaced or removed on this device."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whisker_sync.cli import exits
from whisker_sync.cli.common import here, shared_options, workspace
from whisker_sync.cli.output import OUTPUT
from whisker_sync.cli.sentences import say_if_only_here

if TYPE_CHECKING:
    from whisker_sync.api.folder import Trash, Trashed
    from whisker_sync.api.places import Layout

LETTERS = 10
"""How much of a version's name is shown; enough to tell it from the others."""

EXAMPLES = """\b
Examples:
  whisker trash
  whisker trash list cave.twee
  whisker trash show 3f2a9c
  whisker trash restore 3f2a9c
  whisker trash restore 3f2a9c --to cave-before.twee
"""


@click.group(epilog=EXAMPLES, invoke_without_command=True)
@shared_options
@click.pass_context
def command(context: click.Context) -> int:
    """List versions of files that were replaced or removed here; show one, or restore it."""
    if context.invoked_subcommand is None:
        return _list(None)
    return exits.OK


@command.command("list", epilog=EXAMPLES)
@click.argument("path", required=False, type=click.Path(path_type=Path))
@shared_options
def list_(path: Path | None) -> int:
    """List what is in the trash, the newest first; of a PATH, its versions only."""
    return _list(path)


@command.command(epilog=EXAMPLES)
@click.argument("version")
@shared_options
def show(version: str) -> int:
    """Print a version, named by the letters that the list shows."""
    trash = _trash(workspace())
    found = trash.find(version)
    if OUTPUT.json:
        OUTPUT.data(_fields(found))
        return exits.OK
    with trash.place_of(found).open("rb") as content:
        OUTPUT.content(content)
    return exits.OK


@command.command(epilog=EXAMPLES)
@click.argument("version")
@click.option("--to", type=click.Path(path_type=Path), help="Where to; its own place otherwise.")
@shared_options
def restore(version: str, to: Path | None) -> int:
    """
    Put a version back as if you saved it now; what is there goes into the trash.

    The others get it like any other save.
    """
    from whisker_sync.api.folder import Folder, Kept, Source, accept, content_of, sha256_of

    layout = workspace()
    folder = Folder(layout.root, layout.stage, layout.trash)
    found = folder.trash.find(version)
    name = _name(layout, to) if to is not None else found.path
    if not name:
        raise click.UsageError("nobody knows where this was; say where it goes with --to PATH")
    path = accept(name)
    place = folder.trash.place_of(found)
    content = content_of(place)
    whole = content if isinstance(content, bytes) else Source(content, place)
    done = folder.write(path, whole, sha256_of(folder.read(path)))
    if isinstance(done, Kept):
        OUTPUT.problem(f"{path} was saved just now and is left alone; try again", exits.FAILED)
        return exits.FAILED
    OUTPUT.data({**_fields(found), "restored": path})
    OUTPUT.say(f"{path} is again as it was until {_when(found.at)}.")
    return exits.OK


def _list(path: Path | None) -> int:
    layout = workspace()
    versions = _trash(layout).versions()
    if path is not None:
        name = _name(layout, path)
        versions = [each for each in versions if each.path == name]
    OUTPUT.data({"versions": [_fields(each) for each in versions]})
    for each in versions:
        OUTPUT.say(
            f"{each.sha256[:LETTERS]}  {_when(each.at)}  {each.size:>9,} bytes  "
            f"{each.path or '(nobody knows where it was)'}"
        )
    if not versions:
        OUTPUT.say("Nothing was replaced or removed here in the last 30 days.")
    say_if_only_here(layout)
    return exits.OK


def _trash(layout: Layout) -> Trash:
    from whisker_sync.api.folder import Trash

    return Trash(layout.trash)


def _name(layout: Layout, path: Path) -> str:
    place = Path(os.path.normpath(here().absolute() / path))
    if not place.is_relative_to(layout.root):
        raise click.UsageError(f"{place} is not in {layout.root}")
    return place.relative_to(layout.root).as_posix()


def _fields(version: Trashed) -> dict[str, object]:
    return {
        "version": version.sha256,
        "path": version.path or None,
        "size": version.size,
        "at": version.at,
    }


def _when(at: float) -> str:
    return time.strftime("%d %b %H:%M", time.localtime(at))
