"""A person at a terminal: runs ``whisker`` in processes, with settings of their own."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

LOOPBACK = "127.0.0.1"


class Person:
    """Somebody with a home and a folder."""

    def __init__(self, place: Path, name: str) -> None:
        self.name = name
        self.folder = place / name
        self.environment = {
            **os.environ,
            "WHISKER_HOME": str(place / f"home-{name}"),
            "LOGNAME": name,
            "USER": name,
        }

    def run(
        self, *arguments: str, inside: bool = True, given: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command, by default in the person's folder."""
        where = ["-C", str(self.folder)] if inside else []
        return subprocess.run(
            [sys.executable, "-m", "whisker_sync", *where, *arguments],
            env={**self.environment, **environment},
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=150,
        )

    def at_terminal(self, *arguments: str, inside: bool = True, columns: int = 80) -> str:
        """Run a command at a terminal, with nobody at the keyboard; return what is on it."""
        import fcntl
        import pty
        import termios

        where = ["-C", str(self.folder)] if inside else []
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        with subprocess.Popen(
            [sys.executable, "-m", "whisker_sync", *where, *arguments],
            env={**self.environment, "TERM": "xterm"},
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
        ):
            os.close(theirs)
            with os.fdopen(ours, "rb") as screen:
                said = bytearray()
                with suppress(OSError):  # how a terminal says that nobody writes to it any more
                    while block := screen.read1(1 << 16):
                        said += block
        return said.decode().replace("\r\n", "\n")

    def json(self, *arguments: str) -> dict[str, Any]:
        """Run a command and read what it prints for programs."""
        done = self.run(*arguments, "--json")
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def start(self) -> None:
        """Start syncing, over loopback."""
        done = self.run("sync", "start", "--interface", LOOPBACK)
        assert done.returncode == 0, done.stderr

    def pid(self) -> int:
        """The process of the daemon."""
        return int((self.folder / ".whisker" / "local" / "lock").read_text())

    def end(self) -> None:
        """Stop syncing, if it was started."""
        if self.folder.exists():
            self.run("sync", "stop")


def folder_of(root: Path) -> dict[str, bytes]:
    """The author's files, by name."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_file() and not name.startswith(".whisker/"):
            found[name] = path.read_bytes()
    return found
