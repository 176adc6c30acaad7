"""One passage by two ways, edited before the first look: whisker_sync.manuscript.kin."""

from __future__ import annotations

import pytest

from tests.manuscript.world import Author, exchange, pair
from whisker_sync.manuscript.align import MOVED_WORDS
from whisker_sync.manuscript.limits import MAX_SEARCHES
from whisker_sync.manuscript.pieces import headed
from whisker_sync.manuscript.twins import TWIN_WORDS

A = ":: Start\nYou stand before a cave. The wind is cold.\n\n"
B = ":: Other\nOther text is told here.\n\n"
CAVE = ":: Cave [dark]\nIt is dark here and something breathes in the back.\nYou hear drops.\n\n"


def pulled(*texts: str) -> tuple[Author, Author]:
    """Return two authors who have met, with what stands in one file on each device at last."""
    alice, bob = pair(("a.twee", A), ("b.twee", B))
    for author, text in zip((alice, bob), texts, strict=True):
        author.save("a.twee", A + text)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    return alice, bob


@pytest.mark.parametrize("mine", [0, 1])
def test_what_was_edited_before_the_first_look_is_there_once(mine: int) -> None:
    edited = CAVE.replace("breathes", "large breathes")
    texts = (edited, CAVE) if mine else (CAVE, edited)
    alice, _ = pulled(*texts)
    assert alice.text("a.twee") == A + edited


def test_what_both_edited_before_the_first_look_has_the_words_of_both() -> None:
    alice, _ = pulled(
        CAVE.replace("dark here", "very dark here"), CAVE.replace("drops", "slow drops")
    )
    assert alice.text("a.twee").count(":: Cave") == 1
    assert "very dark here" in alice.text("a.twee")
    assert "slow drops" in alice.text("a.twee")


def test_tags_of_both_are_kept() -> None:
    alice, _ = pulled(
        CAVE.replace("[dark]", "[dark cold]"), CAVE.replace("dark here", "darker here")
    )
    assert ":: Cave [dark cold]" in alice.text("a.twee")


@pytest.mark.parametrize("mine", [0, 1])
def test_what_was_split_before_the_first_look_is_there_once(mine: int) -> None:
    split = CAVE.replace("here and", "here and\n\n:: Back\n")
    alice, _ = pulled(*((split, CAVE) if mine else (CAVE, split)))
    text = alice.text("a.twee")
    assert text.count("breathes") == text.count("drops") == text.count("dark here") == 1
    assert text.count(":: Back") == text.count(":: Cave") == 1


@pytest.mark.parametrize("mine", [0, 1])
def test_what_was_split_between_the_first_look_and_the_meeting_is_there_once(mine: int) -> None:
    authors = pair(("a.twee", A))
    alice, bob = authors if mine else authors[::-1]
    edited = CAVE.replace("dark here", "very dark here")
    alice.save("a.twee", A + CAVE)
    bob.save("a.twee", A + edited)
    bob.save("a.twee", A + edited.replace("here and", "here and\n\n:: Back\n"))
    exchange(alice, bob)
    text = alice.text("a.twee")
    assert alice.folder == bob.folder
    assert text.count("breathes") == text.count("drops") == text.count("dark here") == 1
    assert text.count(":: Back") == text.count(":: Cave") == 1


def test_two_ideas_under_one_name_stay_two() -> None:
    alice, _ = pulled(
        CAVE, ":: Cave\nNothing but an old bear lives in this place, and it sleeps.\n\n"
    )
    assert alice.text("a.twee").count(":: Cave") == 2


@pytest.mark.parametrize("mine", [0, 1])
def test_what_was_joined_to_it_before_the_first_look_stays_with_it(mine: int) -> None:
    lake = ":: Lake\nThe water is black and still.\n\n"
    authors = pair(("a.twee", A + lake))
    alice, bob = authors if mine else authors[::-1]
    alice.save("a.twee", A + CAVE + lake)
    bob.save("a.twee", A + CAVE + lake.partition("\n")[2])
    exchange(alice, bob)
    text = alice.text("a.twee")
    assert alice.folder == bob.folder
    assert text.count("breathes") == text.count("black") == text.count(":: ") - 1 == 1


@pytest.mark.parametrize("mine", [0, 1])
def test_what_was_joined_to_the_one_before_it_before_the_first_look_is_there_once(
    mine: int,
) -> None:
    authors = pair(("a.twee", A))
    alice, bob = authors if mine else authors[::-1]
    alice.save("a.twee", A + CAVE)
    bob.save("a.twee", A + CAVE.partition("\n")[2])
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee") == A + CAVE


@pytest.mark.parametrize("mine", [0, 1])
def test_what_got_another_name_before_the_first_look_is_there_once(mine: int) -> None:
    authors = pair(("a.twee", A), ("b.twee", B), ("c.twee", B))
    alice, bob = authors if mine else authors[::-1]
    alice.save("a.twee", A + CAVE)
    alice.save("b.twee", B + "Go to [[Cave]] now.\n")
    bob.save("a.twee", A + CAVE.replace(":: Cave", ":: Den"))
    bob.save("c.twee", B + "Go to [[Den]] now.\n")
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee").count("breathes") == alice.text("a.twee").count(":: ") - 1 == 1
    name = headed(alice.text("a.twee").removeprefix(A)).name
    assert f"[[{name}]]" in alice.text("b.twee")
    assert f"[[{name}]]" in alice.text("c.twee")


@pytest.mark.parametrize("more", [0, 1])
def test_of_so_many_new_passages_the_words_are_looked_for(more: int) -> None:
    others = "".join(
        f":: Room {i}\nThe door of room {i} is blue, and nobody is in.\n\n"
        for i in range(MAX_SEARCHES - 1 + more)
    )
    alice, bob = pair(("a.twee", A))
    alice.save("a.twee", A + others + CAVE)
    bob.save("a.twee", A + others + CAVE.replace(":: Cave", ":: Den"))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee").count("breathes") == 1 + more


def test_who_copies_a_passage_under_another_name_has_two() -> None:
    alice, bob = pair(("a.twee", A), ("b.twee", B))
    alice.save("a.twee", A + CAVE)
    exchange(alice, bob)
    bob.save("a.twee", A + CAVE + CAVE.replace(":: Cave", ":: Den"))
    bob.save("b.twee", B + CAVE.replace(":: Cave", ":: Lair"))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert "".join(map(alice.text, ("a.twee", "b.twee"))).count("breathes") == 3


@pytest.mark.parametrize("mine", [0, 1])
def test_who_copies_what_another_has_split_and_joined_again_has_two(mine: int) -> None:
    authors = pair(("a.twee", A + CAVE), ("b.twee", B))
    alice, bob = authors if mine else authors[::-1]
    alice.save("a.twee", A + CAVE.replace("You hear", "\n:: Drops\nYou hear"))
    alice.save("a.twee", A + CAVE)
    exchange(alice, bob)
    bob.save("b.twee", B + CAVE.replace(":: Cave", ":: Den"))
    exchange(alice, bob)
    alice.save("c.twee", A)
    exchange(alice, bob)
    assert "".join(map(alice.text, ("a.twee", "b.twee"))).count("breathes") == 2


def test_who_makes_a_passage_of_what_another_has_just_written_takes_nothing_away() -> None:
    alice, bob = pair(("a.twee", A))
    text = A.rstrip() + "\n" + CAVE.partition("\n")[2]
    alice.save("a.twee", text)
    exchange(alice, bob)
    bob.save("a.twee", text + CAVE)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee").count("breathes") == 2


@pytest.mark.parametrize("mine", [0, 1])
def test_what_was_carried_on_and_changed_before_the_first_look_is_there_once(mine: int) -> None:
    authors = pair(("a.twee", A), ("b.twee", B))
    alice, bob = authors if mine else authors[::-1]
    alice.save("a.twee", A + CAVE)
    bob.save("b.twee", B + CAVE.replace("breathes", "large breathes"))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    everything = "".join(map(alice.text, ("a.twee", "b.twee")))
    assert everything.count(":: Cave") == everything.count("large breathes") == 1


def test_an_older_passage_that_gets_the_name_of_a_new_one_is_another() -> None:
    lake = ":: Lake\nThe water is black and still.\n\n"
    alice, bob = pair(("a.twee", A + lake))
    alice.save("a.twee", A + CAVE + lake)
    bob.save("a.twee", A + lake.replace("Lake", "Cave"))
    exchange(alice, bob)
    assert alice.text("a.twee").count(":: Cave") == 2


@pytest.mark.parametrize("words", [MOVED_WORDS - 1, MOVED_WORDS])
def test_few_words_are_alike_by_accident(words: int) -> None:
    text = ":: Cave\n" + " ".join(["It", "is", "dark", "in", "here"][:words])
    alice, _ = pulled(text + " now\n\n", text + " again\n\n")
    assert alice.text("a.twee").count(":: Cave") == (2 if words + 1 < MOVED_WORDS else 1)


@pytest.mark.parametrize("words", [TWIN_WORDS - 1, TWIN_WORDS])
def test_few_words_are_those_that_were_written_on(words: int) -> None:
    text = ":: Cave\n" + " ".join(["It", "is", "dark"][:words])
    alice, _ = pulled(text + "\n\n", text + "\nand somebody breathes in the back.\n\n")
    assert alice.text("a.twee").count(":: Cave") == (2 if words < TWIN_WORDS else 1)


def test_a_beginning_that_has_gone_on_elsewhere_is_not_the_whole() -> None:
    here, there = CAVE.replace("drops", "slow drops"), CAVE.replace("dark here", "very dark here")
    alice, _ = pulled(here, there.replace("very dark here and", "very dark\n\n:: Back\nhere and"))
    text = alice.text("a.twee")
    assert text.count("breathes") == text.count("in the back") == 1


@pytest.mark.parametrize("mine", [0, 1])
def test_what_was_split_behind_two_words_before_the_first_look_is_there_once(mine: int) -> None:
    split = CAVE.replace("It is", "It is\n\n:: Back\n")
    alice, _ = pulled(*((split, CAVE) if mine else (CAVE, split)))
    text = alice.text("a.twee")
    assert text.count("breathes") == text.count("dark here") == 1


@pytest.mark.parametrize("mine", [0, 1])
def test_two_that_are_one_and_stand_together_can_be_joined(mine: int) -> None:
    edited = CAVE.replace("breathes", "large breathes")
    authors = pair(("a.twee", A))
    alice, bob = authors if mine else authors[::-1]
    alice.save("a.twee", A + CAVE)
    bob.save("a.twee", A + edited)
    alice.hear(bob.updates)
    alice.write()
    before, header, behind = alice.text("a.twee").rpartition(":: Cave [dark]\n")
    alice.save("a.twee", before + behind if before.count(":: Cave") else before + header + behind)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee").count("large") == alice.text("a.twee").count("breathes") == 1


def test_who_writes_a_second_one_in_sight_of_the_first_keeps_both() -> None:
    alice, bob = pair(("a.twee", A + CAVE))
    bob.save("a.twee", A + CAVE + CAVE.replace("drops", "more drops"))
    exchange(alice, bob)
    assert alice.text("a.twee").count(":: Cave") == 2


def test_who_writes_into_the_one_that_goes_keeps_these_words() -> None:
    alice, bob = pair(("a.twee", A))
    carol, dave = Author(3), Author(4)
    exchange(alice, bob, carol, dave)
    alice.save("a.twee", A + CAVE)
    bob.save("a.twee", A + CAVE.replace("breathes", "large breathes"))
    for reader, writer in ((carol, alice), (dave, bob)):
        reader.hear(list(writer.updates))
        reader.write()
    exchange(alice, bob)
    carol.save("a.twee", carol.text("a.twee").replace("drops", "slow drops"))
    dave.save("a.twee", dave.text("a.twee").replace("drops", "cold drops"))
    exchange(alice, bob, carol, dave)
    text = alice.text("a.twee")
    assert all(each.folder == alice.folder for each in (bob, carol, dave))
    assert text.count("slow") == text.count("cold ") == text.count("breathes") == 1


@pytest.mark.parametrize("mine", [0, 1])
def test_what_was_carried_to_another_file_before_the_first_look_is_there_once(mine: int) -> None:
    authors = pair(("a.twee", A), ("b.twee", B))
    alice, bob = authors if mine else authors[::-1]
    alice.save("a.twee", A + CAVE)
    bob.save("b.twee", B + CAVE)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert "".join(map(alice.text, ("a.twee", "b.twee"))).count(":: Cave") == 1


def test_what_was_carried_and_filled_before_the_first_look_is_there_once() -> None:
    short = ":: Pit\nIt is deep and very wide.\n\n"
    alice, bob = pair(("a.twee", A), ("b.twee", B))
    alice.save("a.twee", A + short)
    bob.put("b.twee", B + short.replace("is deep", "is now and then deep"))
    bob.notice()
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert sum(text.count(b":: Pit") for text in alice.folder.values()) == 1
    assert any(b"now and then" in text for text in alice.folder.values())


def test_what_was_carried_and_split_before_the_first_look_is_there_once() -> None:
    alice, bob = pair(("a.twee", A), ("b.twee", B))
    alice.save("a.twee", A + CAVE)
    bob.save("b.twee", B + CAVE.replace("here and", "here and\n\n:: Back\n"))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    texts = b"".join(alice.folder.values())
    assert texts.count(b"dark here") == texts.count(b"breathes") == texts.count(b"drops") == 1


def test_what_was_split_off_from_one_of_two_by_somebody_else_goes_with_it() -> None:
    alice, bob = pair(("a.twee", A), ("b.twee", B))
    carol = Author(3)
    exchange(alice, bob, carol)
    alice.save("a.twee", A + CAVE)
    bob.save("a.twee", A + CAVE.replace(" breathes", ""))
    carol.hear(alice.updates)
    carol.write()
    split = CAVE.replace("here and", "here and\n\n:: Back\n")
    carol.save("a.twee", A + split.replace("drops.", "drops. They fall and fall without an end."))
    exchange(alice, bob, carol)
    assert alice.folder == bob.folder == carol.folder
    text = alice.text("a.twee")
    assert text.count("dark here") == text.count("something") == text.count("drops") == 1
    assert text.count("without an end") == 1


@pytest.mark.parametrize(
    ("edited", "caves"),
    [
        ("They say that there is no end to what is dark here and cold", 1),  # 4 of 5 pairs are left
        ("They say that there is no end to what dark here and cold is", 2),  # 3 of 5
    ],
)
def test_most_of_a_short_one_in_a_long_one_tells_that_they_are_one(edited: str, caves: int) -> None:
    short = ":: Pit\nIt is dark here and cold\n\n"
    alice, _ = pulled(short, f":: Pit\n{edited}\n\n")
    assert alice.text("a.twee").count(":: Pit") == caves


def test_one_that_was_split_after_it_got_another_name_is_there_once() -> None:
    alice, bob = pair(("a.twee", A), ("b.twee", B))
    other = CAVE.replace(":: Cave [dark]", ":: Cavern")
    alice.save("a.twee", A + CAVE)
    bob.save("a.twee", A + other)
    bob.save("a.twee", A + other.replace("here and", "here and\n\n:: Back\n"))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    text = alice.text("a.twee")
    assert text.count("dark here") == text.count("breathes") == text.count("drops") == 1
