"""Whoever looks at the story is told when edits of theirs are on this machine only."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.terminal import Person
from tests.project.test_formats import put

pytestmark = pytest.mark.waits

SHOWS_THE_STORY = {
    "build": ("build", "--format", "A", "--start", "Cave"),
    "conflicts": ("conflicts",),
    "log": ("log",),
    "parse": ("parse", "."),
    "peers": ("peers",),
    "show": ("show", "first draft"),
    "sync now": ("sync", "now", "--timeout", "1"),
    "sync stats": ("sync", "stats"),
    "sync status": ("sync", "status"),
    "trash list": ("trash", "list"),
    "who": ("who", "Cave"),
    "workspaces": ("workspaces",),
}
"""Commands that show the story or how it stands, and how they are called."""

SHOWS_SOMETHING_ELSE = {
    "bundle apply", "bundle create", "completion", "demo", "doctor", "fetch", "formats", "import",
    "init", "invite", "join", "leave", "members", "members confirm", "members decline",
    "members recovery", "members remove", "members restore", "members role", "milestone",
    "peers add", "relay", "rename", "restore", "service install", "service remove", "service show",
    "sync config", "sync older", "sync reset", "sync start", "sync stop", "trash", "trash restore",
    "trash show",
}  # fmt: skip
"""Commands that do something, or show one thing that was asked for."""

NEEDS_TO_RUN = {"peers", "sync now", "sync stats"}
"""Without a daemon they have nothing to show, and say so."""


@pytest.fixture(scope="module")
def ada(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    person = Person(tmp_path_factory.mktemp("only-here"), "ada")
    assert person.run("init", str(person.folder), inside=False).returncode == 0
    put(person.folder / "storyformats", "a-1", "A", "1.2.0")
    (person.folder / "cave.twee").write_text(":: Cave\nDark.\n")
    person.start()
    assert person.run("milestone", "first draft").returncode == 0
    yield person
    person.end()


@pytest.mark.parametrize("command", SHOWS_THE_STORY)
def test_while_it_syncs_they_say_what_nobody_else_has(ada: Person, command: str) -> None:
    done = ada.run(*SHOWS_THE_STORY[command])
    assert "on this device only" in done.stdout, done.stdout + done.stderr


def test_while_it_does_not_sync_they_say_so(ada: Person) -> None:
    assert ada.run("sync", "stop").returncode == 0
    for command, words in SHOWS_THE_STORY.items():
        done = ada.run(*words)
        if command in NEEDS_TO_RUN:
            assert done.returncode == 5, command
            assert "not syncing" in done.stderr
        else:
            assert "on this device only" in done.stdout, command
    ada.start()


def test_programs_get_the_object_and_nothing_else(ada: Person) -> None:
    assert ada.json("log")["revisions"]
    assert "on this device only" not in ada.run("log", "--quiet").stdout
