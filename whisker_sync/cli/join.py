"""``whisker join``: join a story that you were invited to."""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whisker_sync.cli.common import check_place, here, shared_options
from whisker_sync.cli.exits import FAILED, OFFLINE, OK
from whisker_sync.cli.output import OUTPUT

if TYPE_CHECKING:
    from whisker_sync.api.joining import Admission, Asked, Host
    from whisker_sync.api.places import Layout
    from whisker_sync.api.settings import User

MAX_SHOWN = 20
"""Files of each kind that are listed, of those that are in a folder already."""

SYNC_SECONDS = 120.0
"""How long the first complete sync may take before the command stops waiting for it."""

ANSWER_SECONDS = 10.0
"""How long an inviter who was written to may take before the command stops waiting for them."""

OPEN_SECONDS = 60.0
"""How long the daemon may take, once it was let in, until it has the story open."""

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
@click.option(
    "--fetch-up-to",
    type=click.IntRange(min=0),
    metavar="MIB",
    help="Larger binary files come only when you ask: whisker fetch.",
)
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
    fetch_up_to: int | None,
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
    from whisker_sync.api import joining
    from whisker_sync.api.joining import InvitationLink, ask_to_join, read_invitation
    from whisker_sync.api.settings import load_user, must_be_free_to_join, parse_address, user_home

    told = read_invitation(sys.stdin.read().strip() if invitation == "-" else invitation)
    named = () if address is None else (parse_address(address),)

    def place(title: str) -> Path:
        """Where to, if that is possible; asked before anybody hears of us."""
        root = (here() / (folder or _folder_of(title))).absolute()
        check_place(root, force=force)
        must_be_free_to_join(root)
        _must_be_asked(root, yes=yes)
        return root

    if folder is not None or isinstance(told, InvitationLink):
        place(told.title if isinstance(told, InvitationLink) else "")
    user = load_user(user_home(), person=name)

    async def asked(host: Host) -> bool:
        place(host.title)
        return await _asked(host, user, yes=yes)

    OUTPUT.say("Looking for whoever invited you ...")
    admission = asyncio.run(ask_to_join(told, user, named=named, interface=interface, asked=asked))
    if admission is None:
        OUTPUT.say("Nothing was changed.")
        return FAILED
    if isinstance(admission, joining.Asked):
        root = place(admission.host.title)
        if not yes and not _is_empty(root) and not _agreed_unseen(root):
            OUTPUT.say("Nothing was changed.")
            return FAILED
        layout = _settle_outside(root)
        _set_fetch_up_to(layout, fetch_up_to)
        return _write(layout, admission, interface, start_now=not no_start)
    if admission.host.mine:
        load_user(user_home(), person=admission.host.name)
    root = place(admission.host.title)
    # Who comes back knows what was in the folder.
    asking = not _is_empty(root) and not (root / ".whisker").exists()
    layout = _settle(root, admission)
    _set_fetch_up_to(layout, fetch_up_to)
    if no_start:
        OUTPUT.data({"folder": str(root), "synced": False})
        title = admission.host.title
        OUTPUT.say(f"{root} belongs to “{title}” now. Begin with: whisker sync start")
        return OK
    return _meet(layout, admission, interface, asking=asking, yes=yes)


async def _asked(host: Host, user: User, *, yes: bool) -> bool:
    """Show who invites, and ask whether to go on."""
    OUTPUT.say(f"“{host.title}”, by {host.name}. Their fingerprint: {host.fingerprint}")
    what = "another device of theirs" if host.mine else f"a {host.role.name.lower()}"
    OUTPUT.say(f"You would be {what}, {user.person}, with fingerprint {user.key.fingerprint}")
    ask = OUTPUT.interactive and not yes
    if ask and not await asyncio.to_thread(click.confirm, "Ask to join?", default=True):
        return False
    OUTPUT.say(f"Waiting for {host.name} to let you in ...")
    return True


def _settle(root: Path, admission: Admission) -> Layout:
    """Make the folder a place of the story; or go on in it, after having been away."""
    from whisker_sync.api.places import Layout
    from whisker_sync.api.settings import join_again, join_workspace
    from whisker_sync.daemon.control import is_running
    from whisker_sync.daemon.process import stop

    layout = Layout(root)
    if not layout.config.exists():
        title, near = admission.host.title, (admission.address,)
        return join_workspace(root, title, admission.papers, near, admission.relay)
    if is_running(layout):
        stop(layout)
    join_again(layout, admission.papers, (admission.address,))
    return layout


def _set_fetch_up_to(layout: Layout, mebibytes: int | None) -> None:
    """Say how large what comes by itself may be, before anything comes; None: as it was."""
    from whisker_sync.api.settings import load_local, save_local

    if mebibytes is not None:
        save_local(layout, replace(load_local(layout), fetch_up_to=mebibytes))


def _settle_outside(root: Path) -> Layout:
    """Prepare the folder to wait in; it may be one of the story already, after having been away."""
    from whisker_sync.api.places import Layout
    from whisker_sync.daemon.control import is_running
    from whisker_sync.daemon.process import stop

    layout = Layout(root)
    if not layout.config.exists():
        return Layout.make(root)
    if is_running(layout):
        stop(layout)
    return layout


def _write(layout: Layout, asked: Asked, interface: str | None, *, start_now: bool) -> int:
    """Ask by letter, and go on once the inviter has answered, if that is soon."""
    from whisker_sync.api.joining import keep
    from whisker_sync.daemon.process import start

    host = asked.host
    keep(layout, asked)
    if start_now:
        start(layout, ["--interface", interface] if interface else [])
        if asyncio.run(_answered(layout)):
            OUTPUT.say(f"{host.name} let you in. Fetching the story ...")
            return _fetch(layout)
    OUTPUT.data({"folder": str(layout.root), "synced": False, "waits_for": host.name})
    OUTPUT.say(f"{host.name} has not answered yet, and may do so whenever their machine runs.")
    if start_now:
        OUTPUT.say("This one goes on waiting; see how it stands with: whisker sync status")
    else:
        OUTPUT.say("Ask, and wait for the answer, with: whisker sync start")
    return OFFLINE


async def _answered(layout: Layout) -> bool:
    """
    Whether we were let in, if that is clear soon; returns when the daemon has the story open.

    Raises:
        TurnedAway: We were not.
    """
    from whisker_sync.api.joining import kept
    from whisker_sync.daemon.control import ask
    from whisker_sync.errors import DaemonNotRunning, TurnedAway

    with suppress(DaemonNotRunning):  # it is between waiting and syncing
        await ask(layout, {"do": "asked", "seconds": ANSWER_SECONDS})
    if layout.asked.exists():
        if refused := kept(layout).refused:
            raise TurnedAway(refused)
        return False
    until = time.monotonic() + OPEN_SECONDS
    while True:
        try:
            await ask(layout, {"do": "status"})
        except DaemonNotRunning:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.1)
        else:
            return True


def _meet(
    layout: Layout, admission: Admission, interface: str | None, *, asking: bool, yes: bool
) -> int:
    from whisker_sync.daemon.process import start

    OUTPUT.say(f"{admission.host.name} let you in. Fetching the story ...")
    options = ["--interface", interface] if interface else []
    start(layout, [*options, "--ask"] if asking else options)
    if asking and not _agreed(layout, yes=yes):
        _undo(layout)
        OUTPUT.say(f"Nothing was changed. {admission.host.name} may remove you again.")
        return FAILED
    return _fetch(layout)


def _fetch(layout: Layout) -> int:
    """Wait until the story is here."""
    from whisker_sync.daemon.control import ask

    status = asyncio.run(ask(layout, {"do": "meet", "seconds": SYNC_SECONDS}))
    if status.get("timeout"):
        OUTPUT.data({"folder": str(layout.root), "synced": False})
        OUTPUT.say("It takes longer than usual, and goes on in the background.")
        return OFFLINE
    others = ", ".join(peer["person"] for peer in status["peers"] if peer["connected"])
    OUTPUT.data({"folder": str(layout.root), "synced": True, "digest": status["digest"]})
    OUTPUT.say(f"Everything is here, from {others or 'the relay'}. Your folder: {layout.root}")
    OUTPUT.say("It stays in sync until: whisker sync stop")
    return OK


def _is_empty(root: Path) -> bool:
    return not root.is_dir() or not any(path.name != ".whisker" for path in root.iterdir())


def _must_be_asked(root: Path, *, yes: bool) -> None:
    """See that somebody can be asked about files that are in the folder already."""
    if not yes and not _is_empty(root) and not OUTPUT.interactive:
        raise click.ClickException(f"{root} is not empty; add --yes to join with what is in it")


def _agreed(layout: Layout, *, yes: bool) -> bool:
    """Show what comes of the files that are in the folder already, and ask whether to go on."""
    from whisker_sync.daemon.control import ask

    plan = asyncio.run(ask(layout, {"do": "plan", "seconds": SYNC_SECONDS}))
    OUTPUT.say(f"{layout.root} is not empty. Nothing in it will be removed or overwritten:")
    for name, meaning in _MEANINGS.items():
        for path in plan[name][:MAX_SHOWN]:
            OUTPUT.say(f"  {path}: {meaning}")
        if len(plan[name]) > MAX_SHOWN:
            OUTPUT.say(f"  {len(plan[name]) - MAX_SHOWN} more: {meaning}")
    if not yes and not click.confirm("Join with this folder?"):
        return False
    asyncio.run(ask(layout, {"do": "go"}))
    return True


def _agreed_unseen(root: Path) -> bool:
    """Ask about the files that are in the folder already, before anybody has the story here."""
    OUTPUT.say(f"{root} is not empty. Nothing in it will be removed or overwritten: what is in")
    OUTPUT.say("both is merged if it is text, and kept twice if it is not; the rest is shared.")
    return click.confirm("Join with this folder?")


_MEANINGS = {
    "same": "the same in both",
    "here": "only here; the others get it",
    "there": "only there; it comes here",
    "different": "differs; texts are merged, of other files both are kept",
}


def _undo(layout: Layout) -> None:
    """Leave a folder as it was before."""
    from whisker_sync.daemon.process import stop

    stop(layout)
    shutil.rmtree(layout.home)


def _folder_of(title: str) -> Path:
    return Path(re.sub(r"[^\w -]+", "", title).strip().replace(" ", "-").casefold() or "story")
