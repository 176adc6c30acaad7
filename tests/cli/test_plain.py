"""
What every command prints, for whoever reads it by ear, in a pipe, or in 80 columns.

The table has every command that there is. Each is run as a process, in a real project.
"""

from __future__ import annotations

import re
import shutil
import sys
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.cli.terminal import LOOPBACK, Person
from tests.project.test_formats import put

pytestmark = [
    pytest.mark.waits,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals and locales"),
]

TITLE = "The Höhle with a title that is so long that no terminal shows a sentence around it"
STORY = """\
:: StoryData
{"ifid": "6D2B9A4C-0E8F-4B1D-9C3A-7F5E1D2C4B6A", "format": "A"}

:: Start
The wind is cold. [[Höhle]] [[Cave]]

:: Höhle
\tA line of this passage is longer than a terminal, so that it cannot be shown in one piece there.

:: Cave
It is dark here.

:: Cave [again]
It is darker.
"""
ASCII: dict[str, Any] = {"LC_ALL": "C", "PYTHONUTF8": "0"}

CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")
BOXES = re.compile("[\u2500-\u259f\u2800-\u28ff]")
COLOURS = re.compile("\x1b\\[[0-9;?]*[a-zA-Z]")


@dataclass
class Scene:
    """Ada and Bob who are connected, a story of Ada's that is not syncing, and people who come."""

    place: Path
    ada: Person
    bob: Person
    alone: Person
    made: list[Person] = field(default_factory=list)

    def link(self) -> str:
        return str(self.ada.json("invite", "--yes")["link"])

    def revision(self) -> str:
        return str(self.ada.json("log", "--all")["revisions"][-1]["id"])[:8]

    def trashed(self) -> str:
        return str(self.ada.json("trash")["versions"][0]["version"])[:10]

    def newcomer(self) -> Person:
        """Somebody who has nothing yet."""
        self.made.append(Person(self.place, f"new-{len(self.made)}"))
        return self.made[-1]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    place = tmp_path_factory.mktemp("plain")
    people = [Person(place, name) for name in ("ada", "bob", "alone")]
    ada, bob, alone = people
    nowhere = place / "bin"  # so that no service is installed on this machine
    nowhere.mkdir()
    for person in people:
        person.environment |= {"HOME": str(place / "user"), "PATH": str(nowhere)}
    for person in (ada, alone):
        done = person.run("init", str(person.folder), "--title", TITLE, inside=False)
        assert done.returncode == 0, done.stderr
        (person.folder / "story.twee").write_text(STORY)
        (person.folder / "höhle.txt").write_text("not Twee")
        put(person.folder / "storyformats", "a-1", "A", "1.2.0")
        person.start()
    alone.run("sync", "stop")
    joined = bob.run("join", "-", str(bob.folder), "--interface", LOOPBACK, inside=False,
                     given=ada.json("invite", "--yes")["link"] + "\n")  # fmt: skip
    assert joined.returncode == 0, joined.stderr
    (bob.folder / "story.twee").write_text(STORY.replace("cold", "icy"))
    assert bob.run("bundle", "create", str(place / "from-bob.whisker")).returncode == 0
    assert bob.run("sync", "now").returncode == 0
    assert ada.run("milestone", "first draft").returncode == 0
    found = Scene(place, ada, bob, alone)
    yield found
    for person in (*people, *found.made):
        person.end()


Arguments = Callable[[Scene], tuple[str, ...]]


def words(*arguments: str) -> Arguments:
    return lambda _: arguments


EVERY: list[tuple[str, str, Arguments]] = [
    ("build", "passages", words("build")),
    ("bundle create", "Written", words("bundle", "create", "x.whisker")),
    (
        "bundle apply",
        "was all here already|in the story now",
        lambda scene: ("bundle", "apply", str(scene.place / "from-bob.whisker")),
    ),
    ("completion", "complete", words("completion", "bash")),
    ("completion", "compdef", words("completion", "zsh")),
    ("completion", "complete", words("completion", "fish")),
    ("completion", "Register", words("completion", "powershell")),
    ("conflicts", "Cave", words("conflicts")),
    ("demo", "identical", words("demo")),
    ("doctor", "fine:", words("doctor")),
    ("doctor", "nobody called", words("doctor", "--listen", "--timeout", "1", "--port", "47123")),
    ("doctor", "nothing answers", words("doctor", LOOPBACK, "--port", "47124")),
    ("fetch", "Everything is here", words("fetch")),
    ("formats", "a-1: A 1.2.0", words("formats")),
    (
        "import",
        "passages",
        lambda scene: ("import", str(page_of(scene)), str(scene.newcomer().folder)),
    ),
    (
        "init",
        "can be shared",
        lambda scene: ("init", str(scene.newcomer().folder), "--title", TITLE),
    ),
    ("invite", "works for 10 minutes", words("invite", "--words")),
    ("join", "workspace already", lambda scene: ("join", scene.link(), str(scene.ada.folder))),
    ("leave", "somebody else an owner first", words("leave", "--yes")),
    ("log", "milestone first draft", words("log")),
    ("log", r"H.{1,2}hle new", words("log", "höhle.txt")),
    ("members", "ada", words("members")),
    ("members confirm", "whisker: ", words("members", "confirm", "nobody")),
    ("members decline", "whisker: ", words("members", "decline", "nobody")),
    ("members role", "reader now", words("members", "role", "bob", "reader")),
    ("members role", "writer now", words("members", "role", "bob", "writer")),
    ("members recovery", "Write these words down", words("members", "recovery")),
    ("members restore", "whisker: ", words("members", "restore")),
    ("milestone", "is now called|already", words("milestone", "another")),
    ("parse", "ST2", words("parse", ".")),
    ("peers", "bob", words("peers")),
    ("peers add", "Calling", words("peers", "add", f"{LOOPBACK}:1")),
    ("relay", "whisker: ", words("relay", "--host", "192.0.2.1")),
    ("rename", "would be", words("rename", "Start", "Beginning", "--dry-run")),
    ("restore", "as it was|so already", words("restore", "Start", "--at", "first draft")),
    ("service install", "whisker: ", words("service", "install")),
    ("service remove", "whisker: |did not start", words("service", "remove")),
    ("service show", "whisker_sync", words("service", "show")),
    ("show", "Revision", lambda scene: ("show", scene.revision())),
    ("show", "Milestone", words("show", "first draft")),
    ("sync start", "Syncing", words("sync", "start", "--interface", LOOPBACK)),
    ("sync now", "The same here", words("sync", "now", "--timeout", "30")),
    ("sync config", "No relay is used", words("sync", "config")),
    ("sync older", "No files went back", words("sync", "older")),
    ("sync stats", "syncs", words("sync", "stats")),
    ("sync status", "bob", words("sync", "status")),
    ("sync status", "is synced", words("sync", "status", "story.twee")),
    ("trash", "story.twee", words("trash")),
    ("trash list", "story.twee", words("trash", "list")),
    ("trash show", "dark", lambda scene: ("trash", "show", scene.trashed())),
    ("trash restore", "as it was", lambda scene: ("trash", "restore", scene.trashed())),
    ("who", "words", words("who", "Start")),
    ("workspaces", "Saved here", words("workspaces")),
    ("sync reset", "Forgotten", words("sync", "reset", "--yes")),
    ("members remove", "was removed|whisker: ", words("members", "remove", "bob", "--yes")),
    ("sync stop", "Stopped", words("sync", "stop")),
]
"""Each command, what it says in a project that is syncing, and how it is called."""


def page_of(scene: Scene) -> Path:
    """The story as an archive of Twine."""
    place = scene.place / "page.html"
    if not place.exists():
        done = scene.ada.run("build", "--archive", "-o", str(place))
        assert place.exists(), done.stderr
    return place


def plain(command: str, text: str) -> None:
    assert command == "trash show" or not CONTROL.findall(text)  # a file goes byte for byte
    assert not BOXES.findall(text)
    assert "Traceback" not in text


def fits(command: str, text: str) -> None:
    """Nothing is longer than a line, but what is to be copied or has no place to break it."""
    if command in {"completion", "service show", "trash show"}:
        return
    for line in COLOURS.sub("", text).splitlines():
        assert width(line) <= 80 or len(line.split()) == 1 or "whisker:join#" in line, line


def width(line: str) -> int:
    return sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in line)


@pytest.mark.parametrize(
    ("command", "expected", "arguments"),
    EVERY,
    ids=[f"{n}-{path}" for n, (path, _, _) in enumerate(EVERY)],
)
def test_every_command_can_be_read_by_ear_in_a_pipe_and_in_80_columns(
    scene: Scene, command: str, expected: str, arguments: Arguments
) -> None:
    shown = scene.ada.at_terminal(*arguments(scene))
    fits(command, shown)
    # A QR code and a bar are for eyes only.
    assert not BOXES.findall(shown) or command in {"invite", "sync now"}
    if command == "sync stop":
        scene.ada.start()
    piped = scene.ada.run(*arguments(scene), "--plain", **ASCII)
    plain(command, piped.stdout + piped.stderr)
    assert re.search(expected, piped.stdout + piped.stderr), piped.stdout + piped.stderr
    assert command == "trash show" or (piped.stdout + piped.stderr).isascii()
    if command != "demo":
        resting = scene.alone.run(*arguments(scene), "--plain")
        plain(command, resting.stdout + resting.stderr)
        assert resting.stdout + resting.stderr
        scene.alone.end()


def test_who_joins_reads_the_same(scene: Scene) -> None:
    carol, dora = scene.newcomer(), scene.newcomer()
    options = ["--interface", LOOPBACK, "--yes"]
    shown = carol.at_terminal("join", scene.link(), str(carol.folder), *options, inside=False)
    fits("join", shown)
    assert "Everything is here" in shown
    said = dora.run("join", scene.link(), str(dora.folder), *options, "--plain", inside=False)
    plain("join", said.stdout + said.stderr)
    assert "Everything is here" in said.stdout


def test_a_screen_reader_at_a_terminal_gets_one_fact_in_a_line(scene: Scene) -> None:
    said = scene.alone.at_terminal("sync", "status", "--plain")
    plain("sync status", said)
    assert max(map(width, said.splitlines())) > 80
    shutil.rmtree(scene.alone.folder)
