"""``whisker join``: join a story that you were invited to."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whisker_sync.cli.common import check_place, here, shared_options
from whisker_sync.cli.exits import FAILED, OFFLINE, OK
from whisker_sync.cli.output import OUTPUT

if TYPE_CHECKING:
    from whisker_sync.identity.pairing import Host
    from whisker_sync.node.joining import Admission
    from whisker_sync.node.settings import User
    from whisker_sync.store.layout import Layout

SYNC_SECONDS = 120.0
"""How long the first complete sync may take before the command stops waiting for it."""

EXAMPLES = """\b
Examples:
  whisker join 'whisker:join#...'
  whisker join 7-otter-velvet-amber-kite cave --name Bob
  whisker join - cave < invitation.txt
"""


@click.command(epilog=EXAMPLES)
@click.argument("invitation")
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--name", help="What the others call you; your login name otherwise.")
@click.option("--address", metavar="HOST:PORT", help="Where the inviter is, if it is not found.")
@click.option("--interface", metavar="IP", help="Use only this address of this machine.")
@click.option("--yes", is_flag=True, help="Do not ask, even if the folder is not empty.")
@click.option("--no-start", is_flag=True, help="Do not start syncing.")
@click.option("--force", is_flag=True, help="Even in a home, on a desktop, in a synced folder.")
@shared_options
def command(
    invitation: str,
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

    INVITATION is the link or the code that "whisker invite" printed ("-": read it from
    standard input). Returns when everything is here. Files that are in the folder already
    stay and are shared.
    """
    from whisker_sync.identity.link import InvitationLink
    from whisker_sync.identity.spoken import read_invitation
    from whisker_sync.node.joining import ask_to_join
    from whisker_sync.node.settings import join_workspace, load_user, parse_address, user_home
    from whisker_sync.store.layout import must_be_free

    told = read_invitation(sys.stdin.read().strip() if invitation == "-" else invitation)
    named = () if address is None else (parse_address(address),)
    if folder is None and isinstance(told, InvitationLink):
        folder = _folder_of(told.title)
    if folder is not None:
        check_place(here() / folder, force=force)
        must_be_free(here() / folder)
        if not _agreed(here() / folder, yes=yes):
            return FAILED
    user = load_user(user_home(), person=name)
    OUTPUT.say("Looking for whoever invited you ...")
    admission = asyncio.run(
        ask_to_join(
            told, user, named=named, interface=interface, asked=lambda host: _asked(host, user, yes)
        )
    )
    if admission is None:
        OUTPUT.say("Nothing was changed.")
        return FAILED
    if admission.host.mine:
        load_user(user_home(), person=admission.host.name)
    root = (here() / (folder or _folder_of(admission.host.title))).absolute()
    if folder is None:
        check_place(root, force=force)
        if not _agreed(root, yes=yes):
            return FAILED
    layout = join_workspace(root, admission.host.title, admission.papers, (admission.address,))
    if no_start:
        OUTPUT.data({"folder": str(root), "synced": False})
        title = admission.host.title
        OUTPUT.say(f"{root} belongs to “{title}” now. Begin with: whisker sync start")
        return OK
    return _meet(layout, admission, interface)


async def _asked(host: Host, user: User, yes: bool) -> bool:
    """Show who invites, and ask whether to go on."""
    OUTPUT.say(f"“{host.title}”, by {host.name}. Their fingerprint: {host.fingerprint}")
    what = "another device of theirs" if host.mine else f"a {host.role.name.lower()}"
    OUTPUT.say(f"You would be {what}, {user.person}, with fingerprint {user.key.fingerprint}")
    ask = OUTPUT.interactive and not yes
    if ask and not await asyncio.to_thread(click.confirm, "Ask to join?", default=True):
        return False
    OUTPUT.say(f"Waiting for {host.name} to let you in ...")
    return True


def _meet(layout: Layout, admission: Admission, interface: str | None) -> int:
    from whisker_sync.daemon.control import ask
    from whisker_sync.daemon.process import start

    OUTPUT.say(f"{admission.host.name} let you in. Fetching the story ...")
    start(layout, ["--interface", interface] if interface else [])
    status = asyncio.run(ask(layout, {"do": "meet", "seconds": SYNC_SECONDS}))
    if status.get("timeout"):
        OUTPUT.data({"folder": str(layout.root), "synced": False})
        OUTPUT.say("It takes longer than usual, and goes on in the background.")
        return OFFLINE
    others = ", ".join(peer["person"] for peer in status["peers"] if peer["connected"])
    OUTPUT.data({"folder": str(layout.root), "synced": True, "digest": status["digest"]})
    OUTPUT.say(f"Everything is here, from {others}. Your folder: {layout.root}")
    OUTPUT.say("It stays in sync until: whisker sync stop")
    return OK


def _agreed(root: Path, *, yes: bool) -> bool:
    """Whether the user agrees to share what is in the folder already."""
    own = [path.name for path in root.iterdir()] if root.is_dir() else []
    if not own or yes:
        return True
    OUTPUT.say(f"{root} is not empty ({len(own)} entries). Nothing in it will be removed:")
    OUTPUT.say("what only you have is shared, what is in both is merged.")
    if not OUTPUT.interactive:
        OUTPUT.problem(f"{root} is not empty; add --yes to join with what is in it", FAILED)
        return False
    return click.confirm("Join with this folder?")


def _folder_of(title: str) -> Path:
    return Path(re.sub(r"[^\w -]+", "", title).strip().replace(" ", "-").casefold() or "story")
