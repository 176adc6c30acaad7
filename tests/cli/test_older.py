"""Checking out an old commit beside a daemon, with git itself, and ``whisker sync older``."""

from __future__ import annotations

import shutil
import subprocess
import time

import pytest

from tests.cli.terminal import Person, folder_of

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")

NAMES = ("cave", "hall", "moor", "town")


def git(person: Person, *arguments: str) -> None:
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    command = ["git", "-C", str(person.folder), *who, *arguments]
    subprocess.run(command, check=True, capture_output=True)


def sync(*people: Person) -> None:
    for person in people:
        assert person.run("sync", "now").returncode == 0


def write(person: Person, more: str) -> None:
    for name in NAMES:
        place = person.folder / f"{name}.twee"
        before = place.read_text() if place.exists() else f":: {name}\nIt is dark."
        place.write_text(before.rstrip("\n") + more + "\n")


def two_commits(ada: Person, bob: Person) -> dict[str, bytes]:
    """Ada has two commits, and what Bob wrote is in the second; return the files as they are."""
    write(ada, "")
    sync(ada, bob)
    git(ada, "init", "-q")
    git(ada, "add", "-A")
    git(ada, "commit", "-q", "-m", "one")
    write(bob, " Bob was here.")
    sync(bob, ada)
    write(ada, " So was Ada.")
    sync(ada, bob)
    git(ada, "commit", "-q", "-a", "-m", "two")
    files = folder_of(bob.folder)
    assert all(
        b"Bob" in files[f"{name}.twee"] and b"Ada" in files[f"{name}.twee"] for name in NAMES
    )
    return files


def went_back(person: Person) -> list[str]:
    found: list[str] = person.json("sync", "older")["files"]
    return found


def until_noticed(person: Person) -> None:
    for _ in range(100):
        if went_back(person):
            return
        time.sleep(0.1)
    pytest.fail("nothing was noticed")


def test_an_old_commit_takes_nothing_from_anybody_and_the_newest_ends_it(
    pair: tuple[Person, Person],
) -> None:
    ada, bob = pair
    newest = two_commits(ada, bob)
    git(ada, "checkout", "-q", "HEAD~1")
    until_noticed(ada)
    sync(ada, bob)
    assert folder_of(bob.folder) == newest
    assert b"Bob" not in (ada.folder / "cave.twee").read_bytes()
    status = ada.run("sync", "status").stdout
    assert "4 files (cave.twee, hall.twee, moor.twee, ...) are back" in status
    assert "whisker sync older --newest or --share" in status
    assert "waits for your choice" in ada.json("sync", "status", "cave.twee")["why"]
    git(ada, "checkout", "-q", "-")
    sync(ada, bob)
    assert went_back(ada) == []
    assert folder_of(bob.folder) == newest


def test_at_the_start_it_is_noticed_too_and_the_newest_can_be_brought_back(
    pair: tuple[Person, Person],
) -> None:
    ada, bob = pair
    newest = two_commits(ada, bob)
    ada.run("sync", "stop")
    git(ada, "checkout", "-q", "HEAD~1")
    (bob.folder / "cave.twee").write_bytes(newest["cave.twee"] + b"Wind.\n")
    ada.start()
    sync(ada, bob)
    assert len(went_back(ada)) == len(NAMES)
    done = ada.run("sync", "older", "--newest")
    assert "4 files are the newest again" in done.stdout
    sync(ada, bob)
    files = {name: data for name, data in folder_of(ada.folder).items() if ".git/" not in name}
    assert files == folder_of(bob.folder)
    assert files["cave.twee"] == newest["cave.twee"] + b"Wind.\n"
    assert "cave.twee" in ada.run("trash").stdout


def test_the_older_texts_are_shared_by_who_means_it(pair: tuple[Person, Person]) -> None:
    ada, bob = pair
    two_commits(ada, bob)
    git(ada, "checkout", "-q", "HEAD~1")
    until_noticed(ada)
    assert ada.run("sync", "older", "--share", "--newest").returncode == 2
    assert "4 files are shared as they are" in ada.run("sync", "older", "--share").stdout
    sync(ada, bob)
    assert (bob.folder / "cave.twee").read_text() == ":: cave\nIt is dark.\n"
    assert "nothing to choose" in ada.run("sync", "older", "--share").stdout
