"""``whisker leave``, as processes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.cli.conftest import CAVE
from tests.cli.terminal import LOOPBACK, Person, folder_of

pytestmark = pytest.mark.waits


def members(person: Person) -> list[str]:
    return [each["name"] for each in person.json("members")["people"]]


def test_who_leaves_keeps_the_files_and_the_others_know(pair: tuple[Person, Person]) -> None:
    ada, bob = pair
    (bob.folder / "story.twee").write_text(CAVE.replace("cold", "icy"))
    refused = bob.run("leave")
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    left = bob.json("leave", "--yes")
    assert [each["person"] for each in left["known_to"]] == ["ada"]
    assert left["pending"] == 0
    assert members(ada) == ["ada"]
    assert folder_of(bob.folder) == folder_of(ada.folder)
    assert b"icy" in folder_of(ada.folder)["story.twee"]

    # Nothing comes or goes any more.
    later = CAVE.replace("cold", "icy").replace("dark", "dim")
    (ada.folder / "story.twee").write_text(later)
    stopped = bob.run("sync", "status")
    assert stopped.returncode == 5
    assert "does not belong to the story any more" in stopped.stdout
    bob.start()
    assert "has left the story" in bob.run("sync", "status").stdout
    assert b"dark" in folder_of(bob.folder)["story.twee"]

    # And who is invited again is back, in the same folder.
    link = ada.json("invite", "--yes")["link"]
    back = bob.run("join", link, str(bob.folder), "--yes", "--interface", LOOPBACK, inside=False)
    assert back.returncode == 0, back.stderr
    assert sorted(members(ada)) == ["ada", "bob"]
    assert bob.run("sync", "now").returncode == 0
    assert folder_of(bob.folder) == folder_of(ada.folder) == {"story.twee": later.encode()}


def test_the_only_owner_is_told_what_to_do_first(pair: tuple[Person, Person]) -> None:
    ada, bob = pair
    refused = ada.run("leave", "--yes")
    assert refused.returncode == 1
    assert "whisker members role PERSON owner" in refused.stderr
    assert ada.json("sync", "status")["running"]
    assert ada.run("members", "role", "bob", "owner").returncode == 0
    said = ada.run("leave", "--yes", "--plain")
    assert said.returncode == 0, said.stderr
    assert "You have left “The Cave”" in said.stdout
    assert "bob" in said.stdout
    end = time.monotonic() + 30
    while members(bob) != ["bob"]:
        assert time.monotonic() < end


def test_who_leaves_alone_hears_that_nobody_knows(pair: tuple[Person, Person]) -> None:
    ada, bob = pair
    ada.run("sync", "stop")
    bob.run("sync", "stop")
    (bob.folder / "story.twee").write_text(CAVE.replace("cold", "icy"))
    said = bob.run("leave", "--yes")
    assert said.returncode == 0, said.stderr
    assert "Nobody was reachable" in said.stdout
    assert "1 change of yours is nowhere else" in said.stdout
    assert members(ada) == ["ada", "bob"]


def test_a_story_of_ones_own_cannot_be_left(tmp_path: Path) -> None:
    ada = Person(tmp_path, "ada")
    ada.run("init", str(ada.folder), inside=False)
    refused = ada.run("leave", "--yes")
    assert refused.returncode == 1
    assert "nobody else belongs" in refused.stderr
    ada.end()
