"""``whisker init``: make a folder a story that can be shared."""

from __future__ import annotations

from pathlib import Path

import click

from whisker_sync.cli.common import check_place, here, shared_options
from whisker_sync.cli.output import OUTPUT
from whisker_sync.errors import CannotWrite
from whisker_sync.project.starting import FILE, TEMPLATES, first_file

EXAMPLES = """\b
Examples:
  whisker init                          this folder, as it is
  whisker init cave --title "The Cave"  a new folder
  whisker init cave --template harlowe  with a small story in it
"""


@click.command(epilog=EXAMPLES)
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--title", help="What the story is called; the folder's name otherwise.")
@click.option("--template", type=click.Choice(TEMPLATES), help="Begin with a small story.")
@click.option("--author", help="What the others call you; your login name otherwise.")
@click.option("--force", is_flag=True, help="Even in a home, on a desktop, in a synced folder.")
@shared_options
def command(
    folder: Path | None,
    title: str | None,
    template: str | None,
    author: str | None,
    force: bool,
) -> None:
    """
    Make a folder a story that can be shared.

    Files that are there already stay exactly as they are.
    """
    from uuid import uuid4

    from whisker_sync.api.settings import load_config, load_user, make_workspace, user_home
    from whisker_sync.project.writing import Write, write_all

    root = (here() / folder if folder else here()).absolute()
    check_place(root, force=force)
    story = root / FILE
    if template is not None and story.exists():
        raise CannotWrite(str(story), "there is one already, and a template replaces nothing")
    user = load_user(user_home(), person=author)
    layout = make_workspace(root, title or root.name, user)
    config = load_config(layout)
    if template is not None:
        first = first_file(template, config.title, str(uuid4()).upper())
        write_all([Write(story, first, None)])
    OUTPUT.data(
        {
            "folder": str(root),
            "workspace": {"id": config.workspace.hex(), "title": config.title},
            "written": [] if template is None else [FILE],
        }
    )
    OUTPUT.say(f"“{config.title}” in {root} can be shared now, by you as {user.person}.")
    if template is not None:
        OUTPUT.say(f"There is a small story in {FILE} to begin with.")
    elif not any(path.name != ".whisker" for path in root.iterdir()):
        OUTPUT.say("It is empty: put Twee files into it, in any editor.")
    OUTPUT.say("Begin with: whisker sync start")
    OUTPUT.say("Then invite somebody: whisker invite")
