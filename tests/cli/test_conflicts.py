"""``whisker conflicts``, run as a user does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.terminal import Person


@pytest.fixture
def story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WHISKER_HOME", str(tmp_path / "home"))
    root = tmp_path / "story"
    whisker("init", str(root), "--author", "Ada", "--title", "T", "--quiet")
    (root / "a.twee").write_text(":: Cave\nOne.\n\n:: Cave\nAnother.\n")
    return root


def whisker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "whisker_sync", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def listed(root: Path) -> list[dict[str, Any]]:
    done = whisker("conflicts", "-C", str(root), "--json")
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["conflicts"]
    return found


def test_conflicts_are_listed_and_resolved_without_a_daemon(story: Path) -> None:
    (conflict,) = listed(story)
    assert conflict["kind"] == "same name"
    assert [side["text"] for side in conflict["sides"]] == ["One.", "Another."]
    done = whisker("conflicts", "-C", str(story))
    assert "2 passages are called “Cave” (a.twee:1 and a.twee:4)" in done.stdout
    assert whisker("conflicts", "-C", str(story), "--resolve", conflict["id"][:4]).returncode == 0
    assert listed(story) == []
    done = whisker("conflicts", "-C", str(story), "--resolve", conflict["id"])
    assert done.returncode == 2
    assert "there is no conflict called" in done.stderr


def test_what_is_mended_is_off_the_list(story: Path) -> None:
    assert len(listed(story)) == 1
    (story / "a.twee").write_text(":: Cave\nOne.\n\n:: Grotto\nAnother.\n")
    assert listed(story) == []


def test_a_picture_that_two_changed_is_listed_with_both_until_one_is_resolved(
    pair: tuple[Person, Person],
) -> None:
    for person in pair:
        assert person.run("sync", "stop").returncode == 0
    for person in pair:
        (person.folder / "map.png").write_bytes(b"\x89PNG\x00" + person.name.encode())
    for person in pair:
        person.start()
    for person in pair:
        assert person.run("sync", "now").returncode == 0
    found = [person.json("conflicts")["conflicts"] for person in pair]
    for (conflict,) in found:
        assert (conflict["kind"], conflict["path"]) == ("beside", "map.png")
        assert {side["person"] for side in conflict["sides"]} == {"ada", "bob"}
        assert all(side["time"] for side in conflict["sides"])
        for side in conflict["sides"]:
            assert (pair[0].folder / side["text"]).read_bytes().endswith(side["person"].encode())
    assert found[0] == found[1]
    ada, bob = pair
    assert ada.run("conflicts", "--resolve", found[0][0]["id"]).returncode == 0
    assert ada.json("conflicts")["conflicts"] == []
    assert len(bob.json("conflicts")["conflicts"]) == 1
    assert "map.png" in bob.run("log").stdout
