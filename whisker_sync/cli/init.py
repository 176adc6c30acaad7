"""``whisker init``: make a folder a story that can be shared."""

from __future__ import annotations

from pathlib import Path

import click

from whisker_sync.cli.common import check_place, here, shared_options
from whisker_sync.cli.output import OUTPUT

EXAMPLES = """\b
Examples:
  whisker init                          this folder, as it is
  whisker init cave --title "The Cave"  a new folder
"""


@click.command(epilog=EXAMPLES)
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--title", help="What the story is called; the folder's name otherwise.")
@click.option("--author", help="What the others call you; your login name otherwise.")
@click.option("--force", is_flag=True, help="Even in a home, on a desktop, in a synced folder.")
@shared_options
def command(folder: Path | None, title: str | None, author: str | None, force: bool) -> None:
    """
    Make a folder a story that can be shared.

    Files that are there already stay exactly as they are.
    """
    from whisker_sync.node.settings import load_config, load_user, make_workspace, user_home

    root = (here() / folder if folder else here()).absolute()
    check_place(root, force=force)
    user = load_user(user_home(), person=author)
    layout = make_workspace(root, title or root.name, user)
    config = load_config(layout)
    OUTPUT.data(
        {"folder": str(root), "workspace": {"id": config.workspace.hex(), "title": config.title}}
    )
    OUTPUT.say(f"“{config.title}” in {root} can be shared now, by you as {user.person}.")
    OUTPUT.say("Begin with: whisker sync start")
    OUTPUT.say("Then invite somebody: whisker invite")
