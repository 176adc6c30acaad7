"""``whisker sync stats`` and ``whisker sync reset``, as processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import CAVE
from tests.cli.terminal import Person, folder_of

pytestmark = pytest.mark.alone


def edit(person: Person, old: str, new: str) -> None:
    place = person.folder / "story.twee"
    place.write_text(place.read_text().replace(old, new))


@pytest.mark.parametrize("who", ["one", "both"])
def test_after_a_reset_they_meet_again_and_no_line_is_lost_or_doubled(
    pair: tuple[Person, Person], who: str
) -> None:
    ada, bob = pair
    before = ada.json("sync", "status")
    ada.run("sync", "stop")  # what is written now is only here when it is reset
    edit(ada, "cold", "icy")
    edit(bob, "dark", "dim")
    assert ada.run("sync", "reset", "--yes").returncode == 0
    if who == "both":
        assert bob.run("sync", "reset", "--yes").returncode == 0
        assert bob.json("sync", "status")["running"]  # as it was before
    ada.start()
    assert ada.run("sync", "now").returncode == 0
    expected = CAVE.replace("cold", "icy").replace("dark", "dim").encode()
    assert folder_of(ada.folder) == folder_of(bob.folder) == {"story.twee": expected}
    after = ada.json("sync", "status")
    for same in ("device", "workspace"):
        assert after[same] == before[same]
    assert len(ada.json("log")["revisions"]) == 3  # the history stays, too
    backups = list((ada.folder / ".whisker" / "local" / "backups").iterdir())
    assert len(backups) == 1
    assert backups[0].stat().st_mode & 0o077 == 0


def test_nothing_is_forgotten_without_a_yes(pair: tuple[Person, Person]) -> None:
    ada, _ = pair
    refused = ada.run("sync", "reset")
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    assert ada.json("sync", "status")["peers"]


def test_a_story_that_was_never_shared_has_nothing_to_forget(tmp_path: Path) -> None:
    ada = Person(tmp_path, "ada")
    ada.run("init", str(ada.folder), inside=False)
    done = ada.run("sync", "reset", "--yes")
    assert (done.returncode, done.stdout) == (0, "There was nothing to forget yet.\n")


def test_figures_are_of_the_others_and_go_on_after_a_restart(pair: tuple[Person, Person]) -> None:
    ada, bob = pair
    edit(ada, "cold", "icy")
    assert ada.run("sync", "now").returncode == 0
    first = ada.json("sync", "stats")
    (peer,) = first["since_start"]["peers"]
    assert peer["person"] == "bob"
    assert peer["sent_updates"] > 0
    assert peer["received_bytes"] > 0
    assert peer["syncs"] > 0
    assert first["messages"]["count"] > 0
    assert "bob" in ada.run("sync", "stats").stdout
    ada.run("sync", "stop")
    assert ada.run("sync", "stats").returncode == 5
    bob.run("sync", "stop")
    ada.start()
    again = ada.json("sync", "stats")
    assert again["since_start"]["peers"] == []
    assert again["all_time"]["sent_updates"] == first["all_time"]["sent_updates"]
