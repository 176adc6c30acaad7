"""More scenarios: two projects, an older journal, a reset, and a network that comes late."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.scenarios.authors import CAVE, Author, same, start, until
from tests.scenarios.conftest import Sharing

pytestmark = [pytest.mark.alone, pytest.mark.timeout(300)]


def test_two_projects_of_the_same_two_people_keep_apart(sharing: Sharing) -> None:
    cave, lake = sharing("ada", "bob", title="The Cave"), sharing("ada", "bob", title="The Lake")
    start(*cave)
    start(*lake)
    cave[0].change("cold", "icy")
    lake[1].change("dark", "dim")
    lake[0].write("sea.twee", ":: Sea\n")
    until(lambda: "icy" in cave[1].read() and "dim" in lake[0].read())
    for author in (*cave, *lake):
        author.now()
    assert same(*cave)
    assert same(*lake)
    assert cave[0].read() == CAVE.replace("cold", "icy")
    assert lake[0].read() == CAVE.replace("dark", "dim")
    assert set(cave[1].files) == {"story.twee"}
    assert set(lake[1].files) == {"story.twee", "sea.twee"}
    titles = {each["title"] for each in cave[0].json("workspaces")["workspaces"]}
    assert titles == {"The Cave", "The Lake"}


def test_each_sees_in_which_passage_the_other_writes(pair: tuple[Author, Author]) -> None:
    ada, bob = pair
    ada.change("dark", "dim")
    until(lambda: bool(bob.status["present"]))
    (there,) = bob.status["present"]
    assert (there["person"], there["passage"]) == ("ada", "Cave")
    assert "Lately in “Cave”." in bob.run("sync", "status").stdout
    ada.stop()
    until(lambda: bob.status["present"] == [])


def test_a_journal_of_an_earlier_version_is_upgraded_and_goes_on(
    pair: tuple[Author, Author],
) -> None:
    ada, bob = pair
    ada.now()
    ada.stop()
    ada.change("cold", "icy")
    bob.change("dark", "dim")
    journal = ada.folder / ".whisker" / "local" / "journal.db"
    _as_format_1(journal)
    start(ada, bob)
    ada.now()
    assert same(ada, bob)
    assert ada.read() == CAVE.replace("cold", "icy").replace("dark", "dim")
    # Its history was not kept by that version; the others have it, and give it back.
    until(lambda: len(ada.json("log", "--all")["revisions"]) == 3)
    ada.stop()
    with sqlite3.connect(journal) as database:
        assert database.execute("PRAGMA user_version").fetchone()[0] == 2
    database.close()


def _as_format_1(journal: Path) -> None:
    """Make a journal what the version before the one with a history would have left."""
    with sqlite3.connect(journal) as database:
        assert database.execute("PRAGMA user_version").fetchone()[0] == 2
        database.execute("DROP TABLE revision")
        database.execute(
            "UPDATE meta SET value = ? WHERE name = 'format'", ((1).to_bytes(4, "big"),)
        )
        database.execute("PRAGMA user_version = 1")
    database.close()


@pytest.mark.parametrize("who", ["one", "both"])
def test_after_a_reset_they_meet_again_and_no_line_is_lost_or_doubled(
    pair: tuple[Author, Author], who: str
) -> None:
    ada, bob = pair
    before = ada.status
    ada.stop()  # what is written now is only here when it is reset
    ada.change("cold", "icy")
    bob.change("dark", "dim")
    assert ada.run("sync", "reset", "--yes").returncode == 0
    if who == "both":
        assert bob.run("sync", "reset", "--yes").returncode == 0
        assert bob.status["running"]  # as it was before
    ada.start()
    ada.now()
    expected = CAVE.replace("cold", "icy").replace("dark", "dim").encode()
    assert ada.files == bob.files == {"story.twee": expected}
    after = ada.status
    for what in ("device", "workspace"):
        assert after[what] == before[what]
    until(lambda: len(ada.json("log")["revisions"]) == 3)  # the history stays, too
    backups = list((ada.folder / ".whisker" / "local" / "backups").iterdir())
    assert len(backups) == 1
    assert backups[0].stat().st_mode & 0o077 == 0
