"""whisker_sync.manuscript.revisions: what a save leaves in the history."""

from __future__ import annotations

from tests.manuscript.world import Author, exchange, pair
from whisker_sync.manuscript.files import Outcome
from whisker_sync.revision import Version

CAVE = ":: Start\nThe wind is cold.\n\n:: Cave\nIt is dark here.\n\n:: End\nThe end.\n"


def told(outcome: Outcome) -> dict[str | None, tuple[str | None, str | None]]:
    """Texts before and after, by the name of the passage."""
    return {version.name: (version.before, version.text) for version in outcome.versions}


def only(outcome: Outcome) -> Version:
    (version,) = outcome.versions
    return version


def test_a_new_file_is_a_version_of_each_of_its_passages() -> None:
    outcome = Author(1).save("a.twee", CAVE)
    assert told(outcome) == {
        "Start": (None, ":: Start\nThe wind is cold.\n\n"),
        "Cave": (None, ":: Cave\nIt is dark here.\n\n"),
        "End": (None, ":: End\nThe end.\n"),
    }
    assert [version.place for version in outcome.versions] == sorted(
        version.place for version in outcome.versions
    )


def test_a_changed_word_is_one_version_with_both_texts() -> None:
    alice, _ = pair(("a.twee", CAVE))
    version = only(alice.save("a.twee", CAVE.replace("cold", "icy")))
    assert (version.path, version.name) == ("a.twee", "Start")
    assert version.before == ":: Start\nThe wind is cold.\n\n"
    assert version.text == ":: Start\nThe wind is icy.\n\n"


def test_a_removed_passage_leaves_its_words() -> None:
    alice, _ = pair(("a.twee", CAVE))
    outcome = alice.save("a.twee", CAVE.replace(":: Cave\nIt is dark here.\n\n", ""))
    assert told(outcome) == {"Cave": (":: Cave\nIt is dark here.\n\n", None)}


def test_a_removed_file_leaves_all_of_its_words() -> None:
    alice, _ = pair(("a.twee", "Before.\n" + CAVE))
    gone = told(alice.save("a.twee", None))
    assert gone[None] == ("Before.\n", None)
    assert "".join(before or "" for before, _ in gone.values()) == "Before.\n" + CAVE


def test_a_passage_that_moves_to_another_file_is_not_lost_and_found() -> None:
    alice, _ = pair(("a.twee", CAVE))
    alice.put("a.twee", CAVE.replace(":: Cave\nIt is dark here.\n\n", ""))
    alice.put("b.twee", ":: Cave\nIt is dark here.\n")
    moved = [version for version in alice.notice().versions if version.name == "Cave"]
    assert len(moved) == 1
    assert moved[0].path == "b.twee"
    assert moved[0].before == ":: Cave\nIt is dark here.\n\n"


def test_a_renamed_passage_keeps_its_id() -> None:
    alice = Author(1)
    first = alice.save("a.twee", CAVE)
    version = only(alice.save("a.twee", CAVE.replace(":: Cave", ":: Cavern")))
    assert version.name == "Cavern"
    assert version.id in {each.id for each in first.versions if each.name == "Cave"}


def test_what_a_co_author_wrote_is_no_version_of_ours() -> None:
    alice, bob = pair(("a.twee", CAVE))
    bob.save("a.twee", CAVE.replace("dark", "very dark"))
    exchange(alice, bob)
    version = only(alice.save("a.twee", alice.text("a.twee").replace("cold", "icy")))
    assert version.name == "Start"


def test_words_of_a_co_author_that_a_save_takes_away_are_in_its_version() -> None:
    alice, bob = pair(("a.twee", CAVE))
    bob.save("a.twee", CAVE.replace("here", "in here, and something breathes in the back"))
    exchange(alice, bob)
    version = only(alice.save("a.twee", alice.text("a.twee").replace(" in the back", "")))
    assert version.before == ":: Cave\nIt is dark in here, and something breathes in the back.\n\n"
    assert version.text == ":: Cave\nIt is dark in here, and something breathes.\n\n"


def test_a_text_file_without_passages_is_one_version() -> None:
    alice, _ = pair(("story.css", "a { color: red }\n"))
    version = only(alice.save("story.css", "a { color: blue }\n"))
    assert (version.name, version.place) == (None, "")
    assert version.text == "a { color: blue }\n"


def test_what_changes_nothing_leaves_nothing() -> None:
    alice, _ = pair(("a.twee", CAVE))
    assert alice.save("a.twee", CAVE).versions == ()


def test_other_line_ends_are_no_other_words() -> None:
    alice, _ = pair(("a.twee", CAVE))
    assert alice.save("a.twee", CAVE.replace("\n", "\r\n")).versions == ()
