"""The same passage by two ways: whisker_sync.manuscript.twins, in a manuscript."""

from __future__ import annotations

import pytest

from tests.manuscript.world import Author, exchange, pair
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript import passage_edits
from whisker_sync.manuscript.pieces import headed
from whisker_sync.manuscript.twins import (
    TWIN_WORDS,
    birth_of,
    family_of,
    is_as_born,
    is_where_born,
    kin_of,
)

A = ":: Start\nYou stand before a cave. The wind is cold.\n\n"
B = ":: Other\nOther text is told here.\n\n"
CAVE = ":: Cave\nIt is dark here and something breathes in the back.\n\n"
DARKER = CAVE.replace("dark here", "very dark here")


def both(text: str = A + CAVE) -> tuple[Author, Author]:
    """Return two authors who got one passage by another way, and have not met since."""
    alice, bob = pair(("a.twee", A), ("b.twee", B))
    for author in (alice, bob):
        author.save("a.twee", text)
    return alice, bob


def caves(author: Author) -> int:
    return sum(text.decode().count(":: Cave") for text in author.folder.values())


def test_what_one_of_them_moves_is_there_once() -> None:
    alice, bob = both()
    alice.put("a.twee", A)
    alice.put("b.twee", B + CAVE)
    alice.notice()
    exchange(alice, bob)
    assert bob.text("a.twee") == A
    assert bob.text("b.twee") == B + CAVE


def test_what_one_of_them_edits_is_there_once() -> None:
    alice, bob = both()
    bob.save("a.twee", A + DARKER)
    exchange(alice, bob)
    assert alice.text("a.twee") == A + DARKER


def test_what_both_edit_becomes_one_with_the_words_of_both() -> None:
    alice, bob = both()
    alice.save("a.twee", A + DARKER)
    bob.save("a.twee", A + CAVE.replace("breathes", "breathes softly"))
    exchange(alice, bob)
    assert alice.text("a.twee") == A + DARKER.replace("breathes", "breathes softly")


def test_what_one_of_them_splits_is_there_once() -> None:
    alice, bob = both()
    bob.save("a.twee", A + CAVE.replace("here and", "here and\n\n:: Back\n"))
    exchange(alice, bob)
    assert alice.text("a.twee") == bob.text("a.twee")
    assert caves(alice) == 1
    assert alice.text("a.twee").count("breathes") == alice.text("a.twee").count("dark") == 1


def test_what_one_pastes_elsewhere_and_removes_here_while_the_other_edits_it_is_there_once() -> (
    None
):
    alice, bob = both()
    alice.save("b.twee", B + CAVE)
    alice.save("a.twee", A)
    bob.save("a.twee", A + DARKER)
    exchange(alice, bob)
    assert bob.text("a.twee") == A
    assert bob.text("b.twee") == B + DARKER


def test_what_one_of_them_deletes_is_gone() -> None:
    alice, bob = both()
    alice.save("a.twee", A)
    exchange(alice, bob)
    assert caves(alice) == caves(bob) == 0


def test_two_that_differ_by_a_blank_are_one_if_both_are_edited() -> None:
    alice, bob = pair(("a.twee", A))
    alice.save("a.twee", A + CAVE)
    bob.save("a.twee", A + CAVE.replace(" and", "  and"))
    alice.save("a.twee", A + DARKER)
    bob.save("a.twee", bob.text("a.twee").replace("breathes", "breathes softly"))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert caves(alice) == 1
    assert "very dark" in alice.text("a.twee")
    assert "softly" in alice.text("a.twee")


def test_only_what_comes_to_a_file_that_was_there_takes_a_client_of_its_own() -> None:
    alice, _ = pair(("a.twee", A + CAVE))
    before = len(alice.document.clocks())
    alice.save("b.twee", B + CAVE.replace("Cave", "Den"))
    assert len(alice.document.clocks()) == before
    alice.save("a.twee", A + CAVE + B)
    assert len(alice.document.clocks()) == before + 2


def test_a_document_has_so_many_clients_before_new_passages_are_made_as_others_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passage_edits, "MAX_COMMON", 5)
    alice, _ = pair(("a.twee", A))
    dens = [CAVE.replace("Cave", name) for name in ("Den", "Hole", "Burrow")]
    alice.save("a.twee", A + "".join(dens))
    assert len(alice.document.clocks()) == 5
    assert len(alice.document.records("P")) == 4


def test_who_deletes_the_one_that_is_shown_deletes_both() -> None:
    alice, bob = both()
    bob.save("a.twee", A + DARKER)
    exchange(alice, bob)
    bob.save("a.twee", A)
    exchange(alice, bob)
    assert caves(alice) == caves(bob) == 0


def test_a_file_whose_only_passage_is_shown_elsewhere_is_empty() -> None:
    alice, bob = pair(("b.twee", B))
    for author in (alice, bob):
        author.save("a.twee", CAVE)
    alice.put("a.twee", "")
    alice.put("b.twee", B + CAVE)
    alice.notice()
    exchange(alice, bob)
    assert caves(bob) == 1
    assert bob.text("b.twee") == B + CAVE


def test_words_that_both_wrote_into_an_empty_passage_are_there_once() -> None:
    alice, bob = pair(("a.twee", ":: Cave\n\n"))
    for author in (alice, bob):
        author.save("a.twee", CAVE)
    exchange(alice, bob)
    assert bob.text("a.twee").count("something") == 1


def test_a_copy_that_somebody_makes_of_what_they_see_is_no_twin() -> None:
    alice, bob = pair(("a.twee", A + CAVE), ("b.twee", B))
    bob.put("a.twee", A)
    bob.put("b.twee", B + CAVE)
    bob.notice()
    bob.save("a.twee", A + CAVE)  # back where the first was made, and so a twin but for bob
    exchange(alice, bob)
    assert caves(alice) == 2
    bob.save("b.twee", B)
    exchange(alice, bob)
    assert alice.text("a.twee") == A + CAVE


@pytest.mark.parametrize("count", [TWIN_WORDS - 1, TWIN_WORDS])
def test_a_birth_takes_a_few_words(count: int) -> None:
    birth = birth_of(headed(":: Cave\n" + "word " * count), StoryPath("a.twee"))
    assert (family_of(birth) == "") == (count < TWIN_WORDS)
    assert kin_of(birth) == kin_of(birth_of(headed(CAVE), StoryPath("a.twee")))


def test_a_birth_tells_content_and_file() -> None:
    birth = birth_of(headed(CAVE), StoryPath("a.twee"))
    assert is_as_born(birth, headed(CAVE.replace(" and", "\nand")))
    assert not is_as_born(birth, headed(DARKER))
    assert is_where_born(birth, StoryPath("a.twee"))
    assert not is_where_born(birth, StoryPath("b.twee"))
    assert not is_where_born(birth, None)


def test_one_insertion_by_two_ways_is_there_once_although_somebody_wrote_beside_it() -> None:
    alice, bob = pair(("a.twee", A))
    carol = Author(3)
    exchange(alice, bob, carol)
    carol.save("a.twee", A.replace("before a", "before a dark and deep"))
    bob.hear(carol.updates)
    bob.write()
    for author in (alice, bob):
        author.save("a.twee", author.text("a.twee").replace(" a ", " a green little old "))
    exchange(alice, bob, carol)
    assert alice.folder == bob.folder == carol.folder
    assert alice.text("a.twee").count("green little old") == 1
    assert "dark and deep" in alice.text("a.twee")
