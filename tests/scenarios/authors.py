"""
Authors for the scenarios: daemons of their own, sockets on loopback, files in folders.

They share a story from the start, as if they had invited each other: how that goes has
scenarios of its own. Everything else is said and done by commands.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.admission import let_in
from tests.cli.terminal import Person, folder_of
from whisker_sync.node.settings import load_user, make_workspace

CAVE = ":: Start\nThe wind is cold.\n\n:: Cave\nIt is dark here.\n"

SECONDS = 60.0
"""How long something may take on a slow machine."""


class Author(Person):
    """A person who shares a story, and what they do with its files."""

    def __init__(self, place: Path, name: str, homes: Path | None = None) -> None:
        super().__init__(place, name)
        self.home = (homes or place) / f"home-{name}"
        self.environment["WHISKER_HOME"] = str(self.home)

    def write(self, name: str, text: str) -> None:
        """Save a file as many editors do: written beside, and moved into place."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{path.name}.tmp")
        beside.write_text(text, "utf-8")
        beside.replace(path)

    def change(self, old: str, new: str, name: str = "story.twee") -> None:
        """Edit a file; it must say what is changed."""
        text = self.read(name)
        assert old in text
        self.write(name, text.replace(old, new))

    def read(self, name: str = "story.twee") -> str:
        """A file as it is; empty if it is not there."""
        path = self.folder / name
        return path.read_text("utf-8") if path.exists() else ""

    @property
    def files(self) -> dict[str, bytes]:
        """All files, by name."""
        return folder_of(self.folder)

    @property
    def status(self) -> dict[str, Any]:
        """What ``sync status`` says."""
        return self.json("sync", "status")

    def now(self) -> None:
        """Give everything to everybody, and get everything."""
        done = self.run("sync", "now", "--timeout", "60")
        assert done.returncode == 0, done.stdout + done.stderr

    def stop(self) -> None:
        """Go offline."""
        done = self.run("sync", "stop")
        assert done.returncode == 0, done.stderr


def share(place: Path, homes: Path, title: str, *names: str) -> list[Author]:
    """
    Authors of one story, the first of whom has it; nobody is syncing yet.

    Their folders are in ``place``, their settings and keys in ``homes``.
    """
    authors = [Author(place, name, homes) for name in names]
    users = [load_user(each.home, person=each.name) for each in authors]
    first = make_workspace(authors[0].folder, title, users[0])
    authors[0].write("story.twee", CAVE)
    for author, user in zip(authors[1:], users[1:], strict=True):
        let_in(users[0], first, user, author.folder)
    return authors


def start(*authors: Author) -> None:
    """Start them side by side; return when all have the same."""
    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(author.start) for author in authors]:
            done.result()
    until(lambda: same(*authors) and authors[0].read() != "")


def same(*authors: Author) -> bool:
    """Whether their folders are the same, byte for byte."""
    return all(author.files == authors[0].files for author in authors[1:])


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so; other processes do the work, and nothing tells us when."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "that takes too long"
        time.sleep(0.02)
