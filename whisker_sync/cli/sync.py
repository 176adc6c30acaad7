"""``whisker sync``: start, stop and watch the exchange with the others."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from whisker_sync.cli import config, exits, now, older, reset, stats
from whisker_sync.cli.common import here, shared_options, workspace_or_asking
from whisker_sync.cli.output import OUTPUT
from whisker_sync.cli.sentences import (
    asking_sentence,
    not_syncing,
    service_sentence,
    status_lines,
    why_not_now,
)

EXAMPLES = """\b
Examples:
  whisker sync start
  whisker sync status
  whisker sync status notes.txt
  whisker sync now --timeout 10
  whisker sync config --url https://relay.example.org
  whisker sync stop
"""


@click.group(epilog=EXAMPLES)
@shared_options
def command() -> None:
    """Start, stop and watch the exchange with the others."""


@command.command(epilog=EXAMPLES)
@click.option("--foreground", is_flag=True, help="Stay here, and end with Ctrl-C.")
@click.option("--port", type=click.IntRange(1, 65535), help="Listen here; kept for next time.")
@click.option("--interface", metavar="IP", help="Use only this address of this machine.")
@click.option("--no-lan", is_flag=True, help="Neither announce this device nor look for others.")
@click.option("--verbose", is_flag=True, help="Write everything that happens to the log.")
@click.option("--at-login", is_flag=True, help="Also start it at each login from now on.")
@click.option("--ask", is_flag=True, hidden=True)
@click.option("--report", is_flag=True, hidden=True)
@shared_options
def start(
    foreground: bool,
    port: int | None,
    interface: str | None,
    no_lan: bool,
    verbose: bool,
    at_login: bool,
    ask: bool,
    report: bool,
) -> int:
    """Keep this folder and those of the others the same, from now on."""
    from whisker_sync.api.places import holder, service_of
    from whisker_sync.daemon import process
    from whisker_sync.daemon.control import is_running
    from whisker_sync.errors import DaemonNotRunning, WorkspaceBusy

    layout = workspace_or_asking()
    if at_login:
        if foreground or interface or no_lan or verbose:
            raise click.UsageError("--at-login goes with --port only: the system starts it")
        from whisker_sync.cli.service import start_at_login

        return start_at_login(layout, port)
    if foreground:
        # Whoever wants a report is the keeper, and starts it again when it hangs.
        options = {"lan": not no_lan, "port": port, "interface": interface, "watched": report}
        options["asking"] = ask
        process.log_to_file(layout, verbose=verbose)
        return _run(options, report=report)
    if is_running(layout):
        pid = holder(layout.lock)
        try:
            status = asyncio.run(_ask(layout, {"do": "status"}))
        except DaemonNotRunning:
            raise WorkspaceBusy(str(layout.root), pid) from None
        OUTPUT.data({"pid": pid, "port": status["port"], "started": False})
        OUTPUT.say(f"Syncing already (process {pid}, port {status['port']}).")
        return exits.OK
    flags = ["--port", str(port)] if port else []
    flags += ["--interface", interface] if interface else []
    flags += ["--no-lan"] if no_lan else []
    flags += ["--verbose"] if verbose else []
    ready = process.start(layout, flags)
    OUTPUT.data({**ready, "started": True})
    if "asking" in ready:
        OUTPUT.say(f"Waiting for {ready['asking']} to let this device in (process {ready['pid']}).")
        return exits.OK
    OUTPUT.say(f"Syncing {layout.root} (process {ready['pid']}, port {ready['port']}).")
    if service := service_of(layout.root):
        OUTPUT.say(service_sentence(service))
    return exits.OK


def _run(options: dict[str, Any], *, report: bool) -> int:
    """Be the daemon."""
    from whisker_sync.api.settings import load_user, user_home
    from whisker_sync.daemon.main import Daemon
    from whisker_sync.errors import WhiskerError

    layout = workspace_or_asking()

    def ready(said: dict[str, Any]) -> None:
        if report:
            print(json.dumps(said), flush=True)
            sys.stdout.close()
        elif "asking" in said:
            OUTPUT.say(f"Waiting for {said['asking']} to let this device in; end with Ctrl-C.")
        else:
            OUTPUT.say(f"Syncing {layout.root} on port {said['port']}; end with Ctrl-C.")

    try:
        user = load_user(user_home())
        asyncio.run(Daemon.run(layout, user, ready=ready, **options))
    except WhiskerError as problem:
        if not report:
            raise
        if not sys.stdout.closed:
            code = exits.code_of(problem)
            print(json.dumps({"error": str(problem), "code": code}), flush=True)
        return exits.FAILED
    return exits.OK


@command.command(epilog=EXAMPLES)
@shared_options
def stop() -> None:
    """Stop syncing; everything that was saved is kept."""
    from whisker_sync.daemon import process

    pid = process.stop(workspace_or_asking())
    OUTPUT.data({"pid": pid, "running": False})
    OUTPUT.say("Stopped. What you save now is shared when you start again.")


@command.command(epilog=EXAMPLES)
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--watch", is_flag=True, help="Go on showing it, until Ctrl-C.")
@shared_options
def status(path: Path | None, watch: bool) -> int:
    """Show whether your work is safe, and where; of a PATH, whether it is synced."""
    from whisker_sync.errors import DaemonNotRunning

    layout = workspace_or_asking()
    if path is not None:
        return _status_of(layout, path)
    if watch:
        from whisker_sync.cli import watch as watching

        with suppress(KeyboardInterrupt):
            asyncio.run(watching.watch(layout, status_lines))
        return exits.OK
    try:
        found = asyncio.run(_ask(layout, {"do": "status"}))
    except DaemonNotRunning as problem:
        stopped = {"running": False, "folder": str(layout.root), "asking": _asking(layout)}
        OUTPUT.data(stopped)
        if stopped["asking"]:
            OUTPUT.say(asking_sentence(stopped))
        else:
            OUTPUT.say(f"{problem}.")
            OUTPUT.say(not_syncing(layout))
        return exits.NOT_RUNNING
    OUTPUT.data(found)
    for line in status_lines(found):
        OUTPUT.say(line)
    return exits.OK


def _asking(layout: Any) -> dict[str, Any] | None:
    """What this folder waits for, as the daemon would say it."""
    if not layout.asked.exists():
        return None
    from whisker_sync.api.joining import kept
    from whisker_sync.daemon.waiting import said

    return said(kept(layout))


def _status_of(layout: Any, path: Path) -> int:
    """Say of one file whether it is synced, and if not, why; needs no daemon."""
    from whisker_sync.api.folder import Folder
    from whisker_sync.errors import DaemonNotRunning

    place = Path(os.path.normpath(here().absolute() / path))
    if not place.is_relative_to(layout.root):
        raise click.UsageError(f"{place} is not in {layout.root}")
    name = place.relative_to(layout.root).as_posix()
    with suppress(DaemonNotRunning):
        if sentence := why_not_now(asyncio.run(_ask(layout, {"do": "status"})), name):
            OUTPUT.data({"path": name, "synced": False, "why": sentence})
            OUTPUT.say(f"{sentence}.")
            return exits.OK
    if place.is_dir():
        sentence = f"{name} is a folder: its files are synced, each by itself; an empty one is not"
        OUTPUT.data({"path": name, "synced": None, "why": sentence})
        OUTPUT.say(f"{sentence}.")
        return exits.OK
    why = Folder(layout.root, layout.stage, layout.trash).why_not(name)
    OUTPUT.data({"path": name, "synced": why is None, "why": why})
    there = "is synced" if place.exists() else "is not there; it would be synced"
    OUTPUT.say(f"{why}." if why else f"{name} {there}.")
    return exits.OK


async def _ask(layout: Any, question: dict[str, Any]) -> dict[str, Any]:
    from whisker_sync.daemon.control import ask

    return await ask(layout, question)


command.add_command(now.command, "now")
command.add_command(config.command, "config")
command.add_command(stats.command, "stats")
command.add_command(reset.command, "reset")
command.add_command(older.command, "older")
