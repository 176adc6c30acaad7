"""Tests for files that are newer than the journal: what was told already is not told twice."""

from __future__ import annotations

from random import Random

from tests.manuscript.world import Author, exchange, pair
from whisker_sync.manuscript.manuscript import Manuscript

CAVE = ":: Cave\nIt is dark here, and something breathes in the back.\n\n"
LAKE = ":: Lake\nThe water is black and still, and nobody comes here.\n\n"
PNG = b"\x89PNG\0a picture"


class Backup:
    """What an author's journal once was."""

    def __init__(self, author: Author) -> None:
        self.facts, self.updates = dict(author.facts), list(author.updates)

    def back(self, author: Author, other: Author) -> Author:
        """``author`` again, with this journal and all that another one knows."""
        again = Author(9)
        again.hear(self.updates)
        again.writes.clear()
        again.facts, again.folder = dict(self.facts), dict(author.folder)
        again.assets = dict(author.assets)
        again.manuscript = Manuscript(again.document, again.facts, Random(9))
        for update in other.updates:
            again.document.merge(update, "network")
            again.updates[update] = None
        again.resume(again=True)
        again.fetch([other])
        exchange(again, other)
        assert again.folder == other.folder
        return again


def test_a_passage_whose_name_and_words_were_told_is_there_once() -> None:
    alice, bob = pair(("a.twee", CAVE + LAKE))
    backup = Backup(alice)
    alice.save("a.twee", CAVE.replace("Cave", "Cavern").replace("dark", "cold") + LAKE)
    exchange(alice, bob)
    before = dict(bob.folder)
    backup.back(alice, bob)
    assert bob.folder == before


def test_a_passage_whose_name_and_words_nobody_heard_of_is_there_once() -> None:
    alice, bob = pair(("a.twee", CAVE + LAKE))
    backup = Backup(alice)
    alice.put("a.twee", CAVE.replace("Cave", "Cavern").replace("dark", "dark and cold") + LAKE)
    backup.back(alice, bob)
    assert bob.text("a.twee") == alice.text("a.twee")


def test_a_name_that_others_gave_since_stays() -> None:
    alice, bob = pair(("a.twee", CAVE))
    backup = Backup(alice)
    alice.save("a.twee", CAVE.replace("Cave", "Cavern"))
    exchange(alice, bob)
    folder = dict(alice.folder)
    bob.save("a.twee", CAVE.replace("Cave", "Grotto"))
    exchange(alice, bob)
    alice.folder = folder
    backup.back(alice, bob)
    assert bob.text("a.twee") == CAVE.replace("Cave", "Grotto")


def test_a_passage_made_since_and_renamed_is_known_again() -> None:
    alice, bob = pair(("a.twee", CAVE))
    backup = Backup(alice)
    alice.save("a.twee", CAVE + LAKE)
    exchange(alice, bob)
    alice.put("a.twee", CAVE + LAKE.replace("Lake", "Pond"))
    backup.back(alice, bob)
    assert bob.text("a.twee") == CAVE + LAKE.replace("Lake", "Pond")


def test_what_others_took_out_or_deleted_since_stays_out() -> None:
    alice, bob = pair(("a.twee", CAVE + LAKE), ("b.css", "one two three\n"))
    backup = Backup(alice)
    folder = dict(alice.folder)
    bob.save("a.twee", CAVE.replace("dark here, and", "cold here:"))
    bob.save("b.css", None)
    exchange(alice, bob)
    alice.folder = folder
    alice.put("a.twee", CAVE.replace("breathes", "breathes loudly") + LAKE)
    backup.back(alice, bob)
    assert (
        bob.text("a.twee") == ":: Cave\nIt is cold here: something breathes loudly in the back.\n\n"
    )
    assert "b.css" not in bob.folder


def test_files_that_are_not_there_were_not_removed() -> None:
    alice, bob = pair(("a.twee", CAVE + LAKE), ("b.css", "one two three\n"), ("c.png", PNG))
    backup = Backup(alice)
    before = dict(bob.folder)
    alice.folder.clear()
    again = backup.back(alice, bob)
    assert again.folder == before


def test_a_file_that_was_renamed_and_edited_is_there_once() -> None:
    alice, bob = pair(("a.twee", CAVE + LAKE))
    backup = Backup(alice)
    alice.put("a.twee", None)
    alice.put("z.twee", CAVE.replace("dark", "dark and cold") + LAKE)
    backup.back(alice, bob)
    assert dict(bob.folder) == dict(alice.folder)


def test_a_file_made_since_and_renamed_is_there_once() -> None:
    alice, bob = pair(("a.twee", CAVE))
    backup = Backup(alice)
    alice.save("b.twee", LAKE)
    exchange(alice, bob)
    alice.put("b.twee", None)
    alice.put("z.twee", LAKE)
    backup.back(alice, bob)
    assert dict(bob.folder) == dict(alice.folder)


def test_a_passage_that_was_carried_to_another_file_is_there_once() -> None:
    alice, bob = pair(("a.twee", CAVE + LAKE), ("b.twee", ":: Wood\nTrees, trees, trees.\n\n"))
    backup = Backup(alice)
    alice.put("a.twee", CAVE)
    alice.put("b.twee", alice.text("b.twee") + LAKE)
    backup.back(alice, bob)
    assert dict(bob.folder) == dict(alice.folder)


def test_of_two_pictures_both_stay() -> None:
    alice, bob = pair(("c.png", PNG))
    backup = Backup(alice)
    bob.save("c.png", PNG + b" of mine")
    exchange(alice, bob)
    alice.put("c.png", PNG + b" of yours")
    backup.back(alice, bob)
    assert set(bob.folder.values()) == {PNG + b" of mine", PNG + b" of yours"}
