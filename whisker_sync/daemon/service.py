"""
Starting at login, by what each system has for that.

A unit of systemd for the user, an agent of launchd, or a task of Windows; one for each
story. Each runs the daemon in the foreground and starts it again if it fails. What is
written is a file of the user's own, and can be read and removed by hand.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from whisker_sync.errors import ServiceFailed
from whisker_sync.node.home import passed_on
from whisker_sync.store.layout import Layout

COMMAND_SECONDS = 20.0
"""How long a program of the system may take."""


@dataclass(frozen=True, slots=True)
class Service:
    """How one story is started at login."""

    name: str
    """As the system calls it; the same for the same folder."""

    file: Path
    """What describes it to the system."""

    text: str
    """The content of that file."""

    install: tuple[tuple[str, ...], ...]
    """Commands that make the system take it, and start it now."""

    remove: tuple[tuple[str, ...], ...]
    """Commands that make the system forget it, and stop it now."""


def service_of(
    layout: Layout,
    home: Path,
    *,
    platform: str = sys.platform,
    python: str = sys.executable,
    environment: dict[str, str] | None = None,
) -> Service:
    """
    The service of a story; ``home`` is the user's home directory.

    Raises:
        ServiceFailed: This system has nothing for that.
    """
    said = dict(os.environ) if environment is None else environment
    own = passed_on(said)
    digest = hashlib.sha256(os.fsencode(layout.root)).hexdigest()[:8]
    command = [
        python,
        "-m",
        "whisker_sync",
        "-C",
        str(layout.root),
        "sync",
        "start",
        "--foreground",
    ]
    match platform:
        case "linux":
            return _systemd(f"whisker-sync-{digest}", layout, home, command, own, said)
        case "darwin":
            return _launchd(f"org.whisker-sync.{digest}", layout, home, command, own)
        case "win32":
            return _task(f"whisker-sync-{digest}", layout, command)
        case _:
            raise ServiceFailed(
                f"nothing is known of {platform}; start it from your session's start"
            )


def install(service: Service) -> None:
    """
    Have a story started at login, and now.

    Raises:
        ServiceFailed: The system says why not.
    """
    service.file.parent.mkdir(parents=True, exist_ok=True)
    service.file.write_text(service.text, "utf-8")
    for command in service.install:
        _run(command)


def remove(service: Service) -> bool:
    """
    Have a story not started at login any more; whether it was.

    Raises:
        ServiceFailed: The system says why not.
    """
    if not service.file.exists():
        return False
    for command in service.remove:
        _run(command)
    service.file.unlink()
    return True


def _run(command: tuple[str, ...]) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
        )
    except FileNotFoundError:
        raise ServiceFailed(f"there is no {command[0]} on this system") from None
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise ServiceFailed(str(problem)) from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().split("\n")[0]
        raise ServiceFailed(said or f"{command[0]} failed")


def _systemd(
    name: str,
    layout: Layout,
    home: Path,
    command: list[str],
    own: dict[str, str],
    environment: dict[str, str],
) -> Service:
    """A unit for the user's manager (systemd.service(5), systemd.unit(5))."""
    base = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    lines = [
        "[Unit]",
        f"Description=whisker sync of {_in_unit(str(layout.root))}",
        "",
        "[Service]",
        "ExecStart=" + " ".join(f'"{_in_unit(word)}"' for word in command),
        *(f'Environment="{name}={_in_unit(value)}"' for name, value in own.items()),
        "Restart=on-failure",
        "RestartSec=5",
        "",
        "[Install]",
        "WantedBy=default.target",
        "",
    ]
    unit = f"{name}.service"
    return Service(
        name,
        base / "systemd" / "user" / unit,
        "\n".join(lines),
        (
            ("systemctl", "--user", "daemon-reload"),
            ("systemctl", "--user", "enable", "--now", unit),
        ),
        (("systemctl", "--user", "disable", "--now", unit),),
    )


def _in_unit(text: str) -> str:
    """A text within quotes of a unit: its special characters stand for themselves."""
    return (
        text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
        .replace("\n", "\\n")
    )  # fmt: skip


def _launchd(
    name: str, layout: Layout, home: Path, command: list[str], own: dict[str, str]
) -> Service:
    """An agent (launchd.plist(5))."""
    words = "".join(f"        <string>{escape(word)}</string>\n" for word in command)
    variables = "".join(
        f"        <key>{escape(name)}</key>\n        <string>{escape(value)}</string>\n"
        for name, value in own.items()
    )
    log = escape(str(layout.log))
    text = f"""\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
    <key>Label</key>
    <string>{escape(name)}</string>
    <key>ProgramArguments</key>
    <array>
{words}    </array>
    <key>EnvironmentVariables</key>
    <dict>
{variables}    </dict>
    <key>RunAtLoad</key>
    <true/>
    <key>KeepAlive</key>
    <dict>
        <key>SuccessfulExit</key>
        <false/>
    </dict>
    <key>StandardErrorPath</key>
    <string>{log}</string>
</dict>
</plist>
"""
    file = home / "Library" / "LaunchAgents" / f"{name}.plist"
    return Service(
        name,
        file,
        text,
        (("launchctl", "load", "-w", str(file)),),
        (("launchctl", "unload", "-w", str(file)),),
    )


def _task(name: str, layout: Layout, command: list[str]) -> Service:
    """A task (schtasks), described by XML of the task scheduler's schema 1.2."""
    arguments = escape(subprocess.list2cmdline(command[1:]))
    text = f"""\
<?xml version="1.0"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <Triggers><LogonTrigger><Enabled>true</Enabled></LogonTrigger></Triggers>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure><Interval>PT1M</Interval><Count>10</Count></RestartOnFailure>
  </Settings>
  <Actions>
    <Exec><Command>{escape(command[0])}</Command><Arguments>{arguments}</Arguments></Exec>
  </Actions>
</Task>
"""
    file = layout.local / "task.xml"
    return Service(
        name,
        file,
        text,
        (
            ("schtasks", "/Create", "/F", "/TN", name, "/XML", str(file)),
            ("schtasks", "/Run", "/TN", name),
        ),
        (("schtasks", "/Delete", "/F", "/TN", name),),
    )
