"""The commands that look back, as processes, between two authors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import CAVE
from tests.cli.terminal import Person

pytestmark = pytest.mark.waits


def save(person: Person, old: str, new: str) -> None:
    """Save a change of the story, and have it everywhere."""
    place = person.folder / "story.twee"
    place.write_text(place.read_text().replace(old, new))
    assert person.run("sync", "now").returncode == 0


def log_of(person: Person, is_enough: Callable[[list[Any]], bool]) -> list[Any]:
    """The history, once it has what it must; ``sync now`` does not wait for it."""
    for _ in range(50):
        revisions: list[Any] = person.json("log", "--all")["revisions"]
        if is_enough(revisions):
            return revisions
    raise AssertionError(revisions)


def test_two_authors_look_back_and_bring_back(pair: tuple[Person, Person]) -> None:
    ada, bob = pair
    save(bob, "dark here", "dark in here, and something breathes")
    assert ada.run("milestone", "first draft").returncode == 0
    save(ada, "cold", "icy")
    log_of(bob, lambda found: len(found) == 4)
    newest, milestone, of_bob, first = log_of(ada, lambda found: len(found) == 4)

    # The same on both sides, with or without the daemon.
    assert bob.json("log")["revisions"] == [newest, milestone, of_bob, first]
    assert (of_bob["person"], first["person"]) == ("bob", "ada")
    assert milestone["milestone"] == "first draft"
    assert [v["passage"] for v in newest["versions"]] == ["Start"]
    assert [(v["passage"], v["added"], v["removed"]) for v in of_bob["versions"]] == [
        ("Cave", 4, 0)
    ]
    bob.run("sync", "stop")
    assert bob.json("log")["revisions"] == [newest, milestone, of_bob, first]
    bob.start()

    log = ada.run("log", "Cave").stdout
    assert "bob: Cave (+4 -0 words)" in log
    assert "Start (" not in log
    assert "ada" not in ada.run("log", "--person", "bob").stdout
    shown = ada.run("show", of_bob["id"][:8]).stdout
    assert "-It is dark here.\n+It is dark in here, and something breathes." in shown
    who = ada.run("who", "Cave").stdout
    assert "bob: in" in who
    assert "ada: :: Cave" in who

    # Bringing back what Bob changed is an edit of Ada's like any other.
    restored = ada.run("restore", "Cave", "--before", of_bob["id"][:8])
    assert restored.returncode == 0, restored.stderr
    assert ada.run("sync", "now").returncode == 0
    assert (bob.folder / "story.twee").read_text() == CAVE.replace("cold", "icy")
    assert ada.run("restore", "story.twee", "--at", "first draft").returncode == 0
    assert ada.run("sync", "now").returncode == 0
    assert "something breathes" in (bob.folder / "story.twee").read_text()
    assert "cold" in (bob.folder / "story.twee").read_text()


def test_what_was_removed_comes_back(pair: tuple[Person, Person]) -> None:
    ada, bob = pair
    save(bob, ":: Cave\nIt is dark here.\n", "")
    assert (ada.folder / "story.twee").read_text() == CAVE.split(":: Cave", maxsplit=1)[0]
    ada.run("sync", "stop")  # nothing needs to run for it
    assert "Cave removed" in ada.run("log", "-n", "1").stdout
    first = ada.json("log", "--all")["revisions"][-1]
    assert ada.run("restore", "Cave", "--at", first["id"]).returncode == 0
    ada.start()
    assert ada.run("sync", "now").returncode == 0
    assert (bob.folder / "story.twee").read_text() == CAVE


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (("restore", "Cave"), "say which moment"),
        (("restore", "Cave", "--at", "nowhere"), "no revision or milestone called nowhere"),
        (("restore", "Cave", "--at", "2001-01-01"), "Cave was not there then"),
        (("restore", "other.twee", "--at", "2101-01-01"), "other.twee was not there then"),
        (("show", "ffffffff"), "no revision or milestone"),
        (("log", "Nowhere"), "no passage or file called Nowhere"),
        (("log", "--since", "lately"), "lately is no date"),
        (("who", "Nowhere"), "no passage or file called Nowhere"),
        (("milestone", "2026-11-22"), "is a date"),
        (("milestone", " "), "something like first draft"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(
    tmp_path: Path, command: tuple[str, ...], sentence: str
) -> None:
    ada = Person(tmp_path, "ada")
    ada.run("init", str(ada.folder), inside=False)
    done = ada.run(*command)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
