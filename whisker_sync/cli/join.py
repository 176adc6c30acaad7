"""``whisker join``: join a story that you were invited to."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whisker_sync.cli.common import check_place, here, shared_options
from whisker_sync.cli.exits import OFFLINE
from whisker_sync.cli.output import OUTPUT

if TYPE_CHECKING:
    from whisker_sync.store.layout import Layout

SYNC_SECONDS = 120.0
"""How long the first complete sync may take before the command stops waiting for it."""

EXAMPLES = """\b
Examples:
  whisker join 'whisker:join#...'
  whisker join 'whisker:join#...' cave --name Bob
  whisker join - cave < invitation.txt
"""


@click.command(epilog=EXAMPLES)
@click.argument("link")
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--name", help="What the others call you; your login name otherwise.")
@click.option("--address", metavar="HOST:PORT", help="Where the inviter is, if it is not found.")
@click.option("--interface", metavar="IP", help="Use only this address of this machine.")
@click.option("--yes", is_flag=True, help="Do not ask, even if the folder is not empty.")
@click.option("--no-start", is_flag=True, help="Do not start syncing.")
@click.option("--force", is_flag=True, help="Even in a home, on a desktop, in a synced folder.")
@shared_options
def command(
    link: str,
    folder: Path | None,
    name: str | None,
    address: str | None,
    interface: str | None,
    yes: bool,
    no_start: bool,
    force: bool,
) -> int:
    """
    Join a story that you were invited to.

    LINK is what "whisker invite" printed ("-": read it from standard input). Returns
    when everything is here. Files that are in the folder already stay and are shared.
    """
    from whisker_sync.identity.invitation import Invitation
    from whisker_sync.node.settings import load_user, make_workspace, parse_address, user_home

    invitation = Invitation.parse(sys.stdin.read() if link == "-" else link)
    if address is not None:
        parse_address(address)
    root = (here() / (folder or _folder_name(invitation.title))).absolute()
    check_place(root, force=force)
    if not _agreed(root, yes=yes):
        return 1
    load_user(user_home(), person=name)
    layout = make_workspace(root, invitation.title, invitation)
    if no_start:
        OUTPUT.data({"folder": str(root), "synced": False})
        OUTPUT.say(f"{root} belongs to “{invitation.title}” now. Begin with: whisker sync start")
        return 0
    return _meet(layout, invitation.title, address, interface)


def _meet(layout: Layout, title: str, address: str | None, interface: str | None) -> int:
    from whisker_sync.daemon.control import ask
    from whisker_sync.daemon.process import start

    OUTPUT.say(f"Looking for the others of “{title}” ...")
    start(layout, ["--interface", interface] if interface else [])
    if address is not None:
        asyncio.run(ask(layout, {"do": "connect", "address": address}))
    status = asyncio.run(ask(layout, {"do": "meet", "seconds": SYNC_SECONDS}))
    if status.get("timeout"):
        OUTPUT.data({"folder": str(layout.root), "synced": False})
        OUTPUT.say(
            "Nobody was found yet; it goes on in the background. If you are in the same network, "
            "ask for the address that “whisker sync status” shows there, and try: "
            "whisker peers add HOST:PORT"
        )
        return OFFLINE
    others = ", ".join(peer["person"] for peer in status["peers"] if peer["connected"])
    OUTPUT.data({"folder": str(layout.root), "synced": True, "digest": status["digest"]})
    OUTPUT.say(f"Everything is here, from {others}. Your folder: {layout.root}")
    OUTPUT.say("It stays in sync until: whisker sync stop")
    return 0


def _agreed(root: Path, *, yes: bool) -> bool:
    """Whether the user agrees to share what is in the folder already."""
    own = [path.name for path in root.iterdir()] if root.is_dir() else []
    if not own or yes:
        return True
    OUTPUT.say(f"{root} is not empty ({len(own)} entries). Nothing in it will be removed:")
    OUTPUT.say("what only you have is shared, what is in both is merged.")
    if not OUTPUT.interactive:
        OUTPUT.problem(f"{root} is not empty; add --yes to join with what is in it", 1)
        return False
    return click.confirm("Join with this folder?")


def _folder_name(title: str) -> str:
    return re.sub(r"[^\w -]+", "", title).strip().replace(" ", "-").casefold() or "story"
