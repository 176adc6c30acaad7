"""
The first day of two authors, as a page: real commands, and what they really print.

    python -m tests.first_day          writes docs/first-day.md anew

Each command runs in a shell, in the folder of whoever types it, with a home of its own.
Only what is another at each run is replaced: places, processes, ports, times, fingerprints,
ids and links; each by the same stand-in wherever it stands.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from whisker_sync.node.settings import load_user, name_device

PAGE = Path(__file__).parents[1] / "docs" / "first-day.md"
SECONDS = 60.0

CAVE = """\
:: Start
The wind is cold. There is [[a cave->Cave]].

:: Cave
It is dark here. Something breathes.
"""


class Desk:
    """Where one of the two sits: a folder, a home, and a shell."""

    def __init__(self, page: Page, name: str) -> None:
        self._page = page
        self.name = name
        self.folder = page.place / name / "cave"
        self.folder.mkdir(parents=True)
        home = page.place / name / ".whisker-home"
        load_user(home, person=name.capitalize())
        name_device(home, f"{name}s-laptop")
        self.environment = {
            **os.environ,
            "PATH": f"{page.place / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "WHISKER_HOME": str(home),
            "LOGNAME": name,
            "USER": name,
            "TZ": "UTC",
        }

    def types(self, command: str) -> str:
        """Run a command and show it, with what it prints; return that."""
        done = self._run(command)
        self._page.show(f"{self.name}$ {command}", done)
        return done

    def begins(self, command: str) -> Callable[[], None]:
        """Begin a command; what is returned waits for its end, and shows it."""
        process = subprocess.Popen(
            ["sh", "-c", command],
            cwd=self.folder,
            env=self.environment,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

        def end() -> None:
            said, _ = process.communicate(timeout=SECONDS)
            self._page.show(f"{self.name}$ {command}", said)

        return end

    def quietly(self, command: str) -> str:
        """Run a command that nobody is to see."""
        return self._run(command)

    def waits(self, command: str, enough: Callable[[str], bool]) -> None:
        """Wait until a command would print what the page is about."""
        end = time.monotonic() + SECONDS
        while not enough(self._run(command)):
            assert time.monotonic() < end, command

    def _run(self, command: str) -> str:
        return subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder,
            env=self.environment,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
        ).stdout


class Page:
    """The page as it is written."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._parts: list[str] = []
        self._known: dict[str, dict[str, str]] = {}

    def says(self, *sentences: str) -> None:
        """Tell what happens, between what is shown."""
        self._parts.append("\n".join(sentences))

    def show(self, command: str, said: str) -> None:
        """Show a command and what it printed."""
        self._parts.append(self._same(f"```console\n{command}\n{said.rstrip()}").rstrip() + "\n```")

    def text(self) -> str:
        """All of it."""
        return "\n\n".join(self._parts) + "\n"

    def _same(self, text: str) -> str:
        """The text as it is at every run."""
        text = text.replace(str(self.place), "/home")
        text = re.sub(r"whisker:join#\S+?(?=')", "whisker:join#hgJQX3VY...", text)
        text = re.sub(r"process \d+, port \d+", "process 4711, port 46279", text)
        text = re.sub(r"(127\.0\.0\.1:|port )\d+", r"\g<1>46279", text)
        text = re.sub(r"\d+ \w{3} \d\d:\d\d", "22 Nov 20:15", text)
        text = re.sub(r"last seen (?:just now|\d+ \w+ ago)", "last seen just now", text)
        text = re.sub(r"\b(?:[A-Z2-7]{4}-){4}[A-Z2-7]{4}\b", self._stand_in("fingerprint"), text)
        return re.sub(r"\b[0-9a-f]{8}\b", self._stand_in("id"), text)

    def _stand_in(self, kind: str) -> Callable[[re.Match[str]], str]:
        names = {"fingerprint": FINGERPRINTS, "id": IDS}[kind]
        known = self._known.setdefault(kind, {})

        def replace(found: re.Match[str]) -> str:
            if found[0] not in known:
                known[found[0]] = names[len(known)]
            return known[found[0]]

        return replace


FINGERPRINTS = ["OFCV-SLOB-EGYI-MDZH-PJND", "33ML-324D-VKML-NPU6-MF45"]
IDS = [f"{n}{n + 1}{n + 2}bc0d{n}" for n in range(1, 8)]


def write() -> str:
    """Play the day; return the page."""
    with tempfile.TemporaryDirectory(prefix="first-day-") as place:
        page = Page(Path(place).resolve())
        program = page.place / "bin" / "whisker"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m whisker_sync "$@"\n')
        program.chmod(0o755)
        ada, bob = Desk(page, "ada"), Desk(page, "bob")
        try:
            _day(page, ada, bob)
        finally:
            for desk in (ada, bob):
                desk.quietly("whisker sync stop")
        return page.text()


def _day(page: Page, ada: Desk, bob: Desk) -> None:
    page.says(
        "# The first day of two authors",
        "",
        "Ada and Bob begin to write a story together. All commands on this page were run, and what",
        "stands below them is what they printed (`python -m tests.first_day` does it again; a test",
        "compares). Only places, times, numbers of processes and the like are made the same each",
        "time. Both sit at one machine here, so they name its own address with `--interface`; in",
        "your network you leave that away.",
    )
    page.says("## Ada has a story", "", "It is a file that she writes in any editor:")
    (ada.folder / "cave.twee").write_text(CAVE)
    ada.types("cat cave.twee")
    ada.types('whisker init --title "The Cave"')
    ada.types("whisker sync start --interface 127.0.0.1")
    ada.waits("whisker sync status", lambda said: "on this device only" in said)
    ada.types("whisker sync status")

    page.says("## She invites Bob")
    invited = ada.types("whisker invite")
    link = re.search(r"'(whisker:join#\S+)'", invited)
    assert link is not None
    page.says(
        "She sends him the line by any way that she trusts. He types it, and is shown to her by",
        "name and fingerprint. At a terminal she is asked then; here she says it by a command:",
    )
    joined = bob.begins(f"whisker join '{link[1]}' . --yes --interface 127.0.0.1")
    ada.waits("whisker sync status", lambda said: "Bob wants to join" in said)
    ada.types("whisker members confirm Bob")
    page.says("And Bob has the story:")
    joined()
    bob.types("cat cave.twee")
    ada.types("whisker members")

    page.says("## They write", "", "Bob changes a sentence and saves. It is in Ada's file at once:")
    bob.types("sed -i 's/Something breathes/Something large breathes/' cave.twee")
    bob.quietly("whisker sync now")
    ada.types("cat cave.twee")

    page.says(
        "## Bob takes a train",
        "",
        "He has no network and goes on writing; so does Ada, in the same sentence.",
    )
    bob.types("whisker sync stop")
    bob.types("sed -i 's/It is dark here/It is dark in here/' cave.twee")
    ada.types("sed -i 's/dark here\\./dark here, and warm./' cave.twee")
    ada.waits("whisker sync status", lambda said: "on this device only" in said)
    ada.types("whisker sync status")
    bob.types("whisker sync status")
    page.says("He comes back. Nobody has to decide anything:")
    bob.types("whisker sync start --interface 127.0.0.1")
    bob.types("whisker sync now")
    ada.quietly("whisker sync now")
    ada.types("cat cave.twee")
    for desk in (ada, bob):
        desk.waits("whisker log --json", lambda said: len(json.loads(said)["revisions"]) == 4)
    ada.types("whisker conflicts")

    page.says("## They look back")
    ada.types("whisker log Cave")
    ada.types("whisker who Cave")
    ada.types('whisker milestone "first day"')
    page.says("And a passage gets a better name, with all links to it:")
    ada.types('whisker rename Cave "The Warm Cave"')
    ada.quietly("whisker sync now")
    bob.types("cat cave.twee")
    page.says("## Enough for today")
    ada.types("whisker sync now")
    ada.types("whisker sync stop")


if __name__ == "__main__":
    PAGE.write_text(write(), "utf-8")
