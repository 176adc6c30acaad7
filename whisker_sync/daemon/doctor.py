"""
Looking for what keeps devices apart, and for what may go wrong soon.

Each check says one thing in one sentence, and what to do about it in another. A check that
cannot know says that, too: a machine cannot see from within whether its network keeps
guests apart, or whether a firewall stops those who call.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from whisker_sync.daemon.control import ask
from whisker_sync.discovery.probe import Interface, Meeting, echo, interfaces
from whisker_sync.errors import DaemonNotRunning, NotAWorkspace, WhiskerError, WorkspaceBusy
from whisker_sync.folder.files import Folder
from whisker_sync.folder.services import service_of
from whisker_sync.node.settings import load_config, load_user
from whisker_sync.store.journal import Journal
from whisker_sync.store.journal_file import SQLITE_VERSION
from whisker_sync.store.layout import Layout, Lock

LEAST_ROOM = 200 << 20
"""Bytes that should be free on a disk with a story on it."""

LEAST_WATCHES = 2
"""How many times as many folders the system should let us watch as the story has."""

SKEW_SECONDS = 120.0
"""Seconds by which a clock may be wrong without anybody noticing."""

OLDEST_CLOCK = 1_760_000_000
"""No clock that is right shows an earlier time than when this was written."""

_TUNNELS = ("tun", "tap", "wg", "utun", "ppp", "tailscale", "zt", "nordlynx")
_BRIDGES = ("docker", "br-", "veth", "virbr", "vmnet", "vboxnet", "lxc", "podman")


class Grade(Enum):
    """How a check came out."""

    FINE = "fine"
    WRONG = "wrong"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    check: str
    """Its short name, the same in each version."""

    grade: Grade
    sentence: str
    remedy: str = ""
    """What to do; empty: nothing."""


async def examine(root: Path, home: Path) -> list[Finding]:
    """All checks that one machine can make, for the story at a place, if there is one."""
    found = [_clock(), _sqlite(), *await _network()]
    try:
        layout = Layout.find(root)
    except NotAWorkspace:
        found.append(
            Finding("workspace", Grade.UNKNOWN, f"{root} is in no shared story", "whisker init")
        )
        return found
    found += [_settings(layout, home), _room(layout), *_watches(layout), _service(layout)]
    try:
        status = await ask(layout, {"do": "status"})
    except DaemonNotRunning:
        found.append(await asyncio.to_thread(_journal, layout))
        found.append(
            Finding("daemon", Grade.WRONG, "this story is not syncing", "whisker sync start")
        )
        return found
    return [*found, *await _daemon(status)]


def judge(meeting: Meeting, version: str, host: str) -> list[Finding]:
    """What two machines found out about the way between them."""
    found = [Finding("call", Grade.FINE, f"{host} can be reached by address")]
    if meeting.caller_reached:
        found.append(Finding("call back", Grade.FINE, "calls work in both directions"))
    else:
        found.append(
            Finding(
                "call back",
                Grade.WRONG,
                "the machine that called cannot be called: its firewall stops others",
                "allow whisker in its firewall; until then only it can call",
            )
        )
    if meeting.we_heard and meeting.they_heard:
        found.append(Finding("announcements", Grade.FINE, "both hear each other's announcements"))
    else:
        who = "neither hears" if not (meeting.we_heard or meeting.they_heard) else "only one hears"
        found.append(
            Finding(
                "announcements",
                Grade.WRONG,
                f"{who} the other's announcements: this network or a firewall stops multicast",
                f"whisker peers add {host}:PORT, with the port that sync status shows there",
            )
        )
    if abs(meeting.clock) > SKEW_SECONDS:
        found.append(
            Finding(
                "clocks",
                Grade.WRONG,
                f"the clocks are {abs(meeting.clock):.0f} seconds apart",
                "set both by the network; until then the history shows wrong times",
            )
        )
    else:
        found.append(Finding("clocks", Grade.FINE, "both clocks show the same time"))
    if meeting.version != version:
        found.append(
            Finding(
                "versions",
                Grade.WRONG,
                f"this is version {version}, {host} has {meeting.version}",
                "upgrade whisker-sync on the older one",
            )
        )
    else:
        found.append(Finding("versions", Grade.FINE, f"both have version {version}"))
    return found


# This machine.


def _clock() -> Finding:
    with tempfile.NamedTemporaryFile() as file:
        skew = abs(Path(file.name).stat().st_mtime - time.time())
    if time.time() < OLDEST_CLOCK:
        return Finding("clock", Grade.WRONG, "the clock of this machine is years behind", "set it")
    if skew > SKEW_SECONDS:
        return Finding(
            "clock",
            Grade.WRONG,
            f"the disk's clock and this machine's are {skew:.0f} seconds apart",
            "set both by the network",
        )
    return Finding("clock", Grade.FINE, "the clock is plausible")


def _sqlite() -> Finding:
    return Finding("sqlite", Grade.FINE, f"SQLite {SQLITE_VERSION}, over one connection only")


async def _network() -> list[Finding]:
    there = interfaces()
    if not there:
        return [
            Finding(
                "network",
                Grade.WRONG,
                "this machine is in no network",
                "connect it, or carry changes over: whisker bundle create",
            )
        ]
    real = [each for each in there if not _is_virtual(each)]
    found = [await _multicast(each) for each in real]
    found += [_virtual(each) for each in there if _is_virtual(each)]
    firewall = await asyncio.to_thread(_firewall)
    return [*found, firewall]


async def _multicast(interface: Interface) -> Finding:
    where = f"{interface.name} ({interface.address})"
    if await echo(interface.address):
        return Finding("multicast", Grade.FINE, f"announcements leave by {where}")
    return Finding(
        "multicast",
        Grade.WRONG,
        f"announcements on {where} do not even come back to this machine",
        "allow mDNS (UDP port 5353) in the firewall, or use: whisker peers add HOST:PORT",
    )


def _is_virtual(interface: Interface) -> bool:
    return interface.name.lower().startswith((*_TUNNELS, *_BRIDGES))


def _virtual(interface: Interface) -> Finding:
    if interface.name.lower().startswith(_TUNNELS):
        return Finding(
            "vpn",
            Grade.UNKNOWN,
            f"{interface.name} looks like a VPN; many keep a machine from its own network",
            "if others are not found, turn it off or allow local connections in it",
        )
    return Finding("bridge", Grade.FINE, f"{interface.name} leads to programs on this machine only")


def _firewall() -> Finding:
    """Whether a firewall is known to be on; whether it stops us only another machine can tell."""
    name = _firewall_on()
    if name is None:
        return Finding("firewall", Grade.FINE, "no firewall that we know of is on")
    return Finding(
        "firewall",
        Grade.UNKNOWN,
        f"{name} is on; whether it lets others call cannot be seen from here",
        "try it with two machines: whisker doctor --listen, and on the other whisker doctor HOST",
    )


def _firewall_on() -> str | None:
    match sys.platform:
        case "linux":
            try:
                if "ENABLED=yes" in Path("/etc/ufw/ufw.conf").read_text("utf-8"):
                    return "ufw"
            except OSError:
                pass
            return "firewalld" if _says("active", "systemctl", "is-active", "firewalld") else None
        case "darwin":
            tool = "/usr/libexec/ApplicationFirewall/socketfilterfw"
            return "the firewall of macOS" if _says("enabled", tool, "--getglobalstate") else None
        case "win32":
            on = _says("ON", "netsh", "advfirewall", "show", "currentprofile", "state")
            return "the firewall of Windows" if on else None
        case _:
            return None


def _says(word: str, *command: str) -> bool:
    """Whether a program of the system answers with a word."""
    if shutil.which(command[0]) is None:
        return False
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return word in done.stdout.split()


# The story.


def _settings(layout: Layout, home: Path) -> Finding:
    try:
        load_config(layout)
        load_user(home)
    except WhiskerError as problem:
        return Finding("settings", Grade.WRONG, str(problem))
    loose = [
        str(path)
        for path in (home / "device.key", layout.local)
        if sys.platform != "win32" and path.exists() and path.stat().st_mode & 0o077
    ]
    if loose:
        return Finding(
            "settings",
            Grade.WRONG,
            f"others on this machine can read {loose[0]}",
            f"chmod go-rwx {loose[0]}",
        )
    return Finding("settings", Grade.FINE, "settings and keys are readable, by you alone")


def _room(layout: Layout) -> Finding:
    free = shutil.disk_usage(layout.root).free
    if free < LEAST_ROOM:
        return Finding(
            "disk", Grade.WRONG, f"only {free >> 20} MiB are free on this disk", "make room"
        )
    return Finding("disk", Grade.FINE, f"{free >> 30} GiB are free on this disk")


def _watches(layout: Layout) -> list[Finding]:
    """Whether the system lets us watch so many folders (inotify; Linux only)."""
    try:
        limit = int(Path("/proc/sys/fs/inotify/max_user_watches").read_text("utf-8"))
    except (OSError, ValueError):
        return []
    paths, _ = Folder(layout.root, layout.stage, layout.trash).scan()
    folders = len({path.rpartition("/")[0] for path in paths})
    if limit < LEAST_WATCHES * folders:
        return [
            Finding(
                "watches",
                Grade.WRONG,
                f"the system lets you watch {limit} folders, and the story has {folders}",
                "sudo sysctl fs.inotify.max_user_watches=524288",
            )
        ]
    return [Finding("watches", Grade.FINE, f"{folders} folders are watched of {limit} possible")]


def _service(layout: Layout) -> Finding:
    service = service_of(layout.root)
    if service is not None:
        return Finding(
            "folder",
            Grade.WRONG,
            f"{service} seems to sync this folder, too, and two programs get in each other's way",
            "move the story elsewhere, or exclude it there",
        )
    return Finding("folder", Grade.FINE, "no other program seems to sync this folder")


def _journal(layout: Layout) -> Finding:
    if not layout.journal.exists():
        return Finding("journal", Grade.FINE, "nothing was recorded here yet")
    try:
        lock = Lock(layout)
    except WorkspaceBusy:
        return Finding("journal", Grade.UNKNOWN, "another program has the story open")
    try:
        journal = Journal.open(layout.journal, secrets.token_bytes(8))
        try:
            wrong = journal.check()
        finally:
            journal.close()
    except WhiskerError as problem:
        wrong = [str(problem)]
    finally:
        lock.release()
    if wrong:
        return Finding(
            "journal",
            Grade.WRONG,
            f"the journal is damaged: {wrong[0]}",
            "whisker sync start: it is set aside, and what is good in it is kept",
        )
    return Finding("journal", Grade.FINE, "the journal is whole")


# The daemon, and the others.


async def _daemon(status: dict[str, Any]) -> list[Finding]:
    found = [
        Finding("daemon", Grade.FINE, f"it is syncing, on port {status['port']}"),
    ]
    if status["trouble"]:
        found.append(Finding("journal", Grade.WRONG, str(status["trouble"])))
    found += [
        Finding("file", Grade.WRONG, str(problem["sentence"])) for problem in status["problems"]
    ]
    return [*found, _others(status["peers"])]


def _others(peers: Sequence[dict[str, Any]]) -> Finding:
    here = [peer for peer in peers if peer["connected"]]
    if here:
        names = ", ".join(str(peer["name"]) for peer in here)
        return Finding("others", Grade.FINE, f"connected with {names}")
    return Finding(
        "others",
        Grade.UNKNOWN,
        "nobody answers, and whether this network keeps its guests apart cannot be seen from "
        "one machine",
        "try two: whisker doctor --listen, and on the other whisker doctor HOST; or use a phone's "
        "hotspot, a relay, or a bundle",
    )
