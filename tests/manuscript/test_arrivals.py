"""Saves that wait for the answer to a write: whisker_sync.manuscript.arrivals, in a manuscript."""

from __future__ import annotations

import pytest

from tests.manuscript.world import Author, exchange, pair
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.files import FileSeen, Outcome, is_lost

PATH = StoryPath("a.twee")
CAVE = ":: Cave\nIt is dark here.\n"
WARM = CAVE.replace("dark", "warm")
COLD = CAVE.replace("dark", "cold")


def waiting() -> tuple[Author, Author]:
    """Return two authors; the first has saved while we are about to write in her file."""
    alice, bob = pair((PATH, CAVE))
    bob.save(PATH, CAVE + "\n:: Lake\nIt is deep.\n")
    alice.hear(bob.updates)
    assert alice.save(PATH, WARM) == Outcome()
    return alice, bob


def test_a_save_that_is_saved_over_while_it_waits_is_taken_in() -> None:
    alice, bob = waiting()
    found = FileSeen(PATH, COLD.encode())
    outcome = alice.manuscript.overtaken([found], alice.now)
    assert any("warm" in (version.text or "") for version in outcome.versions)
    assert outcome.change is not None
    alice._happened(outcome)
    alice.save(PATH, COLD)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text(PATH).startswith(COLD)
    assert "deep" in bob.text(PATH)


def test_a_save_that_a_write_finds_in_its_way_is_one_as_well() -> None:
    alice, bob = waiting()
    alice.put(PATH, COLD)
    alice.write()
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text(PATH).startswith(COLD)
    assert any(b"warm" in update for update in alice.updates)
    assert "deep" in bob.text(PATH)


@pytest.mark.parametrize("found", [WARM, WARM + "It smells.\n"])
def test_a_save_that_goes_on_with_one_that_waits_is_the_same(found: str) -> None:
    alice, _ = waiting()
    seen = FileSeen(PATH, found.encode())
    assert alice.manuscript.overtaken([seen], alice.now) == Outcome()


def test_another_file_that_is_saved_meanwhile_hurries_nothing() -> None:
    alice, _ = waiting()
    seen = FileSeen(StoryPath("b.twee"), CAVE.encode())
    assert alice.manuscript.overtaken([seen], alice.now) == Outcome()
    assert alice.save("b.twee", CAVE.replace("Cave", "Pit")) == Outcome()


def test_a_save_is_lost_unless_the_next_one_goes_on_with_it() -> None:
    assert is_lost(b"one", b"two")
    assert is_lost(b"one", None)
    assert not is_lost(b"one", b"one and two")
    assert not is_lost(b"one", b"one")
    assert not is_lost(None, b"one")
