"""Passages carried from file to file while writes are on their way, or by two at once."""

from __future__ import annotations

from tests.manuscript.world import Author, exchange, pair
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.limits import PATIENCE_SECONDS, RENAME_SECONDS

A = ":: Start\nYou stand before a cave. The wind is cold.\n\n"
B = ":: Other\nOther text is told here.\n\n"
CAVE = ":: Cave\nIt is dark here and something breathes in the back.\n\n"
LAKE = ":: Lake\nThe water is black and still, and nobody comes here.\n\n"

PIT = ":: Pit\nIt is deep and wide.\n\n"
FLOODED = PIT + LAKE.partition("\n")[2]


def caves(author: Author) -> int:
    return sum(text.decode().count(":: Cave") for text in author.folder.values())


def carry(author: Author, *files: tuple[str, str]) -> None:
    for path, text in files:
        author.put(path, text)
    author.notice()


def told(*files: tuple[str, str]) -> tuple[Author, Author]:
    """Return two authors; the first has just got a cave that the second wrote."""
    alice, bob = pair(*files)
    bob.save("a.twee", A + CAVE)
    exchange(alice, bob)
    return alice, bob


def test_who_cuts_just_what_is_new_looks_as_if_it_was_unseen_until_it_is_pasted() -> None:
    alice, bob = told(("a.twee", A), ("b.twee", B))
    alice.save("a.twee", A)
    alice.save("b.twee", B + CAVE)
    exchange(alice, bob)
    assert bob.text("a.twee") == A
    assert bob.text("b.twee") == B + CAVE


def test_who_carries_just_what_is_new_in_one_go_has_seen_it() -> None:
    alice, bob = told(("a.twee", A), ("b.twee", B))
    carry(alice, ("a.twee", A), ("b.twee", B + CAVE))
    exchange(alice, bob)
    assert bob.text("a.twee") == A
    assert bob.text("b.twee") == B + CAVE


def test_who_pastes_just_what_is_new_before_cutting_it_has_seen_it() -> None:
    alice, bob = told(("a.twee", A), ("b.twee", B))
    alice.save("b.twee", B + CAVE)
    alice.save("a.twee", A)
    exchange(alice, bob)
    assert bob.text("a.twee") == A
    assert bob.text("b.twee") == B + CAVE


def test_who_copies_what_is_new_itself_and_cuts_it_where_it_was_has_moved_it() -> None:
    alice, bob = pair(("a.twee", A), ("b.twee", B))
    for author in (alice, bob):
        author.put("a.twee", A + CAVE)  # the same, by another way
    bob.notice()
    alice.put("b.twee", B + CAVE)
    alice.notice()
    alice.save("a.twee", A)
    exchange(alice, bob)
    assert bob.text("a.twee") == A
    assert bob.text("b.twee") == B + CAVE


def test_who_renames_and_copies_in_one_go_and_cuts_it_where_it_was_has_moved_it() -> None:
    alice, bob = pair(("a.twee", A + CAVE), ("b.twee", B))
    grotto = CAVE.replace("Cave", "Grotto")
    bob.save("a.twee", A + CAVE.replace("dark here", "very dark here"))
    carry(alice, ("a.twee", A + grotto), ("b.twee", B + grotto))
    alice.save("a.twee", A)
    exchange(alice, bob)
    assert bob.text("a.twee") == A
    assert bob.text("b.twee") == B + grotto.replace("dark here", "very dark here")


def test_two_who_copy_one_of_a_passage_and_its_half_to_one_file_lose_nothing_by_the_cut() -> None:
    half = ":: Cave\nIt is dark here\n"
    alice, bob = pair(("a.twee", A + CAVE), ("b.twee", B))
    alice.save("a.twee", A + half + ":: Back\nand something breathes in the back.\n\n")
    alice.save("b.twee", B + half)
    bob.save("b.twee", B + CAVE)
    exchange(alice, bob)
    alice.save("a.twee", A + ":: Back\nand something breathes in the back.\n\n")
    bob.save("a.twee", A)
    exchange(alice, bob)
    texts = alice.text("a.twee") + alice.text("b.twee")
    assert "dark here" in texts
    assert "breathes" in texts


def test_two_who_copy_a_passage_to_one_place_and_cut_it_after_that_have_it_there() -> None:
    alice, bob = pair(("a.twee", A + CAVE), ("b.twee", B))
    alice.save("b.twee", B + CAVE)
    bob.save("a.twee", CAVE + A)
    bob.hear(list(alice.updates))
    bob.save("b.twee", B + CAVE)  # while the write of just that is on its way
    alice.save("a.twee", A)
    bob.hear(list(alice.updates))
    bob.save("a.twee", A)
    exchange(alice, bob)
    assert bob.text("a.twee") == A
    assert bob.text("b.twee").rstrip() == (B + CAVE).rstrip()


def test_a_stale_editor_under_an_old_name_keeps_what_continues_a_passage_that_it_misses() -> None:
    more = "".join(f":: Room {n}\nThe {n}th room has a bed and a chair.\n\n" for n in range(9))
    alice, bob = pair(("a.twee", A + CAVE + LAKE), ("b.twee", B + more))
    alice.put("c.twee", B + more)
    alice.put("b.twee", None)
    alice.notice()
    exchange(alice, bob)
    bob.save("a.twee", A + CAVE + LAKE.partition("\n")[2])
    carry(bob, ("a.twee", A), ("c.twee", B + more + CAVE + LAKE.partition("\n")[2]))
    exchange(alice, bob)
    bob.now += RENAME_SECONDS + 1
    bob.save("b.twee", B.replace("told", "retold") + more)
    exchange(alice, bob)
    texts = "".join(content.decode() for content in alice.folder.values())
    assert texts.count("retold") == texts.count("breathes") == texts.count("nobody comes") == 1


def test_what_is_cut_and_pasted_without_its_header_does_not_come_back_with_an_edit() -> None:
    alice, bob = pair(("a.twee", A + CAVE), ("b.twee", B))
    bob.save("a.twee", A + CAVE.replace("dark here", "very dark here"))
    alice.save("a.twee", A)
    alice.save("b.twee", B + CAVE.partition("\n")[2])
    exchange(alice, bob)
    texts = alice.text("a.twee") + alice.text("b.twee")
    assert texts.count("breathes") == texts.count("very") == 1


def joined(*files: tuple[str, str]) -> tuple[Author, Author]:
    """Return two authors who have a pit to which a lake was joined."""
    alice, bob = pair(("a.twee", A + PIT + LAKE), *files)
    alice.save("a.twee", A + FLOODED)
    exchange(alice, bob)
    return alice, bob


def test_two_passages_in_one_are_pasted_where_a_co_author_has_copied_the_first() -> None:
    alice, bob = pair(("a.twee", A + PIT + LAKE), ("b.twee", B))
    bob.save("a.twee", A + FLOODED)
    alice.save("b.twee", B + PIT)
    bob.hear(list(alice.updates))
    bob.save("a.twee", A)
    bob.save("b.twee", FLOODED + B)  # while the write of the copy is on its way
    bob.now += PATIENCE_SECONDS
    bob.notice()
    alice.save("a.twee", A + LAKE)
    exchange(alice, bob)
    texts = alice.text("a.twee") + alice.text("b.twee")
    assert texts.count("deep") == texts.count("nobody comes") == texts.count("wind") == 1


def test_two_passages_in_one_are_cut_after_a_co_author_has_moved_them_elsewhere() -> None:
    alice, bob = joined(("b.twee", B), ("c.twee", ":: Hut\nA hut.\n\n"))
    alice.save("c.twee", ":: Hut\nA hut.\n\n" + FLOODED)
    carry(bob, ("a.twee", A), ("b.twee", B + FLOODED))
    alice.hear(list(bob.updates))
    alice.save("a.twee", A)  # just what we are about to write there
    exchange(alice, bob)
    texts = "".join(text.decode() for text in alice.folder.values())
    assert texts.count("deep") == texts.count("nobody comes") == 1


def test_a_copy_and_what_takes_its_place_are_not_emptied_into_each_other() -> None:
    alice, bob = pair(("a.twee", A + CAVE), ("b.twee", B + LAKE))
    alice.save("b.twee", CAVE + B + LAKE)
    bob.hear(list(alice.updates))
    bob.write()
    carry(alice, ("a.twee", A), ("b.twee", CAVE + B))
    bob.hear(list(alice.updates))
    bob.save("b.twee", CAVE + B)  # what we are about to write there
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("b.twee") == CAVE + B


def test_two_who_carry_one_passage_to_different_files_end_with_one() -> None:
    alice, bob = pair(("a.twee", A + CAVE), ("b.twee", B), ("c.twee", LAKE))
    carry(bob, ("a.twee", A), ("b.twee", B + CAVE))
    alice.hear(list(bob.updates))  # not written yet: her cut finds that the story agrees
    carry(alice, ("a.twee", A), ("c.twee", LAKE + CAVE))
    exchange(alice, bob)
    assert caves(bob) == 1
    assert bob.text("c.twee") == LAKE + CAVE


def test_what_one_cut_and_another_pasted_before_is_not_lost_with_the_copy() -> None:
    alice, bob = pair(("a.twee", A + CAVE), ("b.twee", B))
    bob.save("b.twee", B + CAVE)
    alice.save("a.twee", A)
    alice.hear(list(bob.updates))
    alice.save("b.twee", B + CAVE)
    bob.save("a.twee", A)
    exchange(alice, bob)
    assert alice.text("a.twee") == A
    assert alice.text("b.twee") == B + CAVE


def test_a_passage_that_only_another_has_moved_here_is_no_news_that_its_author_has_seen() -> None:
    alice, bob = pair(("a.twee", A), ("b.twee", B + CAVE))
    bob.put("b.twee", B)
    bob.put("a.twee", A + CAVE + LAKE)
    bob.notice()
    alice.hear(list(bob.updates))
    carry(alice, ("b.twee", B), ("a.twee", A + CAVE))  # she knew nothing of the lake
    exchange(alice, bob)
    assert caves(alice) == 1
    assert LAKE in alice.text("a.twee")


def test_who_copies_a_passage_back_to_where_it_was_and_cuts_it_again_loses_nothing() -> None:
    alice, bob = pair(("a.twee", A + CAVE), ("b.twee", B))
    bob.save("a.twee", A)
    bob.save("b.twee", B + CAVE)
    bob.save("a.twee", CAVE + A)
    bob.save("b.twee", B)
    exchange(alice, bob)
    assert alice.text("a.twee") == CAVE + A
    assert alice.text("b.twee") == B


def test_a_split_may_come_with_more_new_words_than_it_splits_off() -> None:
    alice, bob = pair(("a.twee", CAVE))
    split = CAVE.replace("something", "\n:: Back\nof all the things that you might fear one")
    alice.save("a.twee", split)
    bob.save("a.twee", CAVE.replace("in the back", "in the very back"))
    exchange(alice, bob)
    assert alice.text("a.twee") == split.replace("in the back", "in the very back")


SPLIT = ":: Hall\nThe hall is wide and\n\n:: Stairs\nthe stairs are narrow and steep.\n\n"
HALL = ":: Hall\nThe hall is wide and the stairs are narrow and steep.\n\n"


def halls(*files: tuple[str, str]) -> tuple[Author, Author]:
    """Return two authors with a hall, from which the stairs were split off."""
    alice, bob = pair(("b.twee", HALL), *files)
    alice.save("b.twee", SPLIT)
    exchange(alice, bob)
    return alice, bob


def put_between(text: str, cave: str = CAVE) -> str:
    return text.replace(":: Stairs", cave + ":: Stairs")


def test_what_is_pasted_where_a_passage_is_split_comes_with_an_edit_of_it() -> None:
    for paste_first in (False, True):
        alice, bob = halls(("a.twee", A + CAVE))
        bob.save("a.twee", A + CAVE.replace("breathes", "breathes softly"))
        saves = [("a.twee", A), ("b.twee", put_between(SPLIT))]
        for path, text in saves[::-1] if paste_first else saves:
            alice.save(path, text)
        exchange(alice, bob)
        softly = CAVE.replace("breathes", "breathes softly")
        assert alice.text("b.twee") == put_between(SPLIT, softly)
        assert alice.text("a.twee") == A


def test_a_copy_of_a_passage_with_another_joined_to_it_is_there_once_after_the_cut() -> None:
    alice, bob = pair(("a.twee", A + CAVE + LAKE), ("b.twee", B))
    joined = CAVE + LAKE.partition("\n")[2]
    alice.save("a.twee", A + joined)
    bob.save("a.twee", A + CAVE + LAKE.replace("black", "black as night"))
    alice.save("b.twee", B + joined)
    alice.save("a.twee", A)
    exchange(alice, bob)
    everything = alice.text("a.twee") + alice.text("b.twee")
    assert everything.count("nobody comes here") == 1
    assert "as night" in everything


def test_an_editor_that_shows_a_file_as_it_was_before_it_got_another_name_deletes_nothing() -> None:
    alice, bob = pair(("a.twee", A + CAVE), ("b.twee", B))
    carry(bob, ("a.twee", A), ("b.twee", B + CAVE))
    exchange(alice, bob)
    carry(bob, ("c.twee", bob.text("a.twee")))
    bob.save("a.twee", None)
    exchange(alice, bob)
    alice.save("a.twee", A.replace("cold", "icy") + CAVE)  # from before both
    exchange(alice, bob)
    assert caves(alice) == 1
    assert "icy" in bob.text("c.twee")


def test_an_editor_that_saves_old_text_twice_has_still_not_seen_what_it_misses() -> None:
    alice, bob = pair(("a.twee", A + CAVE), ("b.twee", B))
    bob.save("a.twee", A + LAKE)
    exchange(alice, bob)
    for word in ("icy", "freezing"):
        alice.save("a.twee", A.replace("cold", word) + CAVE)
        alice.hear(list(bob.updates))
        alice.write()
    exchange(alice, bob)
    assert LAKE in bob.text("a.twee")


def test_what_is_put_into_another_passage_without_its_header_does_not_come_back_with_an_edit() -> (
    None
):
    alice, bob = pair(("a.twee", A + CAVE), ("b.twee", B))
    carry(alice, ("a.twee", A), ("b.twee", B + CAVE.partition("\n")[2]))
    bob.save("a.twee", A + CAVE.replace("breathes", "breathes softly"))
    exchange(alice, bob)
    everything = alice.text("a.twee") + alice.text("b.twee")
    assert everything.count("in the back") == 1
    assert everything.count("softly") == 1


def test_an_editor_may_save_a_file_under_its_old_name_long_after_it_got_another() -> None:
    alice, bob = pair(("a.twee", A + CAVE))
    bob.put("b.twee", A + CAVE)
    bob.save("a.twee", None)
    exchange(alice, bob)
    alice.now += 10 * RENAME_SECONDS
    alice.crash()
    alice.save("a.twee", A.replace("cold", "icy") + CAVE)
    exchange(alice, bob)
    assert list(bob.folder) == ["b.twee"]
    assert bob.text("b.twee") == A.replace("cold", "icy") + CAVE


def test_another_file_may_take_a_name_that_became_free() -> None:
    alice, bob = pair(("a.twee", A + CAVE))
    bob.put("b.twee", A + CAVE)
    bob.save("a.twee", None)
    exchange(alice, bob)
    alice.now += 1.0
    alice.save("a.twee", LAKE)
    exchange(alice, bob)
    assert bob.text("a.twee") == LAKE
    assert bob.text("b.twee") == A + CAVE


def test_an_old_name_is_known_while_a_newer_one_is_on_its_way() -> None:
    alice, bob = pair(("a.twee", A + CAVE))
    for old, new in (("a.twee", "b.twee"), ("b.twee", "c.twee")):
        bob.put(new, A + CAVE)
        bob.save(old, None)
        alice.hear(list(bob.updates))
        if new == "b.twee":
            alice.write()
    alice.now += 10 * RENAME_SECONDS
    alice.save("a.twee", A.replace("cold", "icy") + CAVE)
    exchange(alice, bob)
    assert list(bob.folder) == ["c.twee"]
    assert bob.text("c.twee") == A.replace("cold", "icy") + CAVE


def test_who_carries_a_passage_joined_to_another_takes_along_what_a_co_author_splits_off() -> None:
    joined = CAVE + LAKE.partition("\n")[2]
    alice, bob = pair(("a.twee", A + joined[: len(CAVE)] + LAKE), ("b.twee", B))
    alice.save("a.twee", A + joined)
    bob.save("a.twee", A + CAVE.replace("something", "\n\n:: Back\nsomething") + LAKE)
    alice.save("b.twee", B + joined)
    alice.hear(bob.updates)
    alice.save("a.twee", A)
    exchange(alice, bob)
    everything = "".join(alice.text(path) for path in alice.folder)
    assert everything.count("something") == everything.count("nobody comes here") == 1


def test_an_old_text_that_shows_what_is_carried_on_does_not_keep_it() -> None:
    alice, bob = pair(("a.twee", A + CAVE), ("b.twee", B), ("c.twee", LAKE))
    carry(bob, ("a.twee", A), ("b.twee", B + CAVE))
    alice.hear(bob.updates)
    alice.write()
    alice.save("a.twee", A.replace("cold", "icy") + CAVE)  # an editor that shows what was there
    alice.write()
    alice.save("b.twee", B)
    alice.write()
    alice.save("c.twee", LAKE + CAVE)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("c.twee") == LAKE + CAVE
    assert caves(alice) == 1


def test_who_carries_what_a_co_author_has_carried_there_shows_old_text_of_the_rest_too() -> None:
    hut = ":: Hut\nA hut of stone with one door and no window at all.\n\n"
    alice, bob = pair(("a.twee", A + CAVE + hut), ("b.twee", B))
    carry(bob, ("a.twee", A + hut), ("b.twee", B + CAVE))
    carry(bob, ("a.twee", A), ("b.twee", B + CAVE + hut.replace("one door", "one low door")))
    alice.hear(bob.updates)
    alice.write()
    carry(alice, ("a.twee", A + CAVE), ("b.twee", B + CAVE + bob.text("b.twee")[-65:] + hut))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert caves(alice) == 1


def test_who_carries_a_passage_with_what_was_joined_to_it_saw_it_where_it_was() -> None:
    alice, bob = pair(("a.twee", A + CAVE), ("b.twee", B + PIT + LAKE))
    alice.save("b.twee", B + FLOODED)
    carry(bob, ("a.twee", A), ("b.twee", B + CAVE + PIT + LAKE))
    exchange(alice, bob)
    all_ = alice.text("b.twee").removeprefix(B)
    alice.save("b.twee", B + CAVE + PIT.partition("\n")[2] + LAKE.partition("\n")[2])
    exchange(alice, bob)
    all_ = alice.text("b.twee").removeprefix(B)
    assert all_ == CAVE + PIT.partition("\n")[2] + LAKE.partition("\n")[2]
    alice.save("a.twee", A + all_.replace("nobody comes", "nobody ever comes"))
    alice.save("b.twee", B)
    bob.save("b.twee", B + all_.replace("deep", "very deep"))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    expected = all_.replace("nobody comes", "nobody ever comes").replace("deep", "very deep")
    assert alice.text("a.twee") == A + expected
    assert alice.text("b.twee") == B


def test_who_pastes_twice_what_they_cut_and_takes_one_away_keeps_the_other() -> None:
    alice, bob = pair(("a.twee", A + CAVE), ("b.twee", B))
    ours = CAVE.replace("breathes", "breathes loudly")
    carry(bob, ("a.twee", A))
    carry(bob, ("b.twee", B + ours), ("a.twee", A + ours.replace("It is", "It stayed")))
    alice.hear(bob.updates)  # Her device made the cave; the id of the copy is the smaller one.
    bob.save("b.twee", B)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee") == A + ours.replace("It is", "It stayed")


def test_a_copy_that_a_co_author_has_joined_is_where_the_original_goes() -> None:
    cave = ":: Cave\nIt is dark here and something breathes in the back.\n\n"
    start, end = ":: Start\nYou stand before a cave.\n\n", ":: End\nThe end of it all.\n"
    alice, bob = pair(("a.twee", start + cave), ("b.twee", end))
    alice.save("b.twee", end + "\n" + cave)
    bob.hear(alice.updates)
    bob.write()
    bob.save("b.twee", end + "\n" + cave.partition("\n")[2])
    alice.hear(bob.updates)
    alice.write()
    bob.save("a.twee", start + cave.replace("dark", "very dark"))
    alice.save("a.twee", start)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee") == start
    assert alice.text("b.twee").count("It is very dark here and something breathes") == 1
    assert ":: Cave" not in alice.text("b.twee")


def test_two_that_stood_together_are_carried_in_another_order_and_one_is_empty() -> None:
    empty = ":: Way out\n\n"
    alice, bob = pair(("a.twee", A + LAKE + empty), ("b.twee", B))
    longer = LAKE.replace("black", "black and cold")
    carry(alice, ("a.twee", A), ("b.twee", B + empty + longer))
    exchange(alice, bob)
    assert bob.text("a.twee") == A
    assert bob.text("b.twee") == B + empty + longer


def test_what_was_cut_is_pasted_and_not_what_an_old_text_only_misses() -> None:
    alice, bob = pair(("a.twee", A + LAKE), ("b.twee", B))
    bob.save("b.twee", B + LAKE)  # a copy
    alice.hear(bob.updates)
    alice.write()
    bob.save("a.twee", A)  # and gone where it was: it was moved
    alice.save("b.twee", B.replace("Other text", "Some text"))  # an old editor, with no copy yet
    alice.writes.clear()
    alice.put("a.twee", A)
    alice.crash()
    alice.save("b.twee", B.replace("Other text", "Some text") + LAKE.replace("black", "red"))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert bob.text("b.twee").count("nobody comes here") == 1
    assert "red" in bob.text("b.twee")


def test_what_came_between_two_that_were_joined_is_carried_with_what_is_joined_to_it_now() -> None:
    road = ":: Road\nThe road goes on and on, over hills and through the woods.\n\n"
    words = LAKE.partition("\n")[2]
    alice, bob = pair(("a.twee", road + LAKE), ("b.twee", B))
    alice.save("a.twee", road + words)
    bob.save("a.twee", road + ":: Pit\n\n" + LAKE)
    alice.hear(bob.updates)
    alice.write()
    pit = alice.text("a.twee").removeprefix(road)
    assert pit == ":: Pit\n\n" + words
    alice.save("a.twee", road)
    alice.save("b.twee", B + pit)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("b.twee") == B + pit
    assert words.strip() not in alice.text("a.twee")


def test_what_was_cut_elsewhere_and_is_shown_by_old_text_is_shown_with_what_was_joined() -> None:
    cave = ":: Cave\nIt is dark here.\n\n"
    lake = "The water is black and still, and nobody comes here.\n\n"
    pit = ":: Pit\nIt is deep in there.\n"
    alice, bob = pair(("a.twee", f"{cave}:: Lake\n{lake}{pit}"))
    bob.put("b.twee", bob.text("a.twee"))
    bob.put("a.twee", None)
    bob.notice()
    exchange(alice, bob)
    alice.put("a.twee", f":: Lake\n{lake}{pit}")  # an editor with its old name
    alice.put("b.twee", cave + lake + pit)
    alice.crash()  # both were saved while nothing ran
    exchange(alice, bob)
    alice.save("b.twee", cave + lake)  # one with old text
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.folder == {StoryPath("b.twee"): (cave + lake).encode()}


def test_what_was_joined_to_another_meanwhile_is_carried_with_what_its_author_saw() -> None:
    cave, start, pit = ":: Cave\n\n", ":: Start\nYou stand here.\n\n", ":: Pit\nIt is deep.\n\n"
    lake, end = "The water is black and still, and nobody comes here.\n\n", ":: End\nOver.\n"
    alice, bob = pair(("a.twee", f"{cave}:: Lake\n{lake}{start}{pit}"), ("b.twee", end))
    bob.save("a.twee", f"{cave}{pit}:: Lake\n{lake}{start}")
    alice.save("a.twee", cave + lake + start + pit)
    exchange(alice, bob)
    alice.put("a.twee", start + pit.replace(":: Pit\n", ""))  # the editor had older text
    alice.put("b.twee", cave + lake + end)
    alice.crash()  # all that while nothing ran
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("b.twee").count("water") == 1


def test_what_a_co_author_joined_is_split_again_by_who_carries_all_of_it() -> None:
    cave, pit = ":: Cave\nIt is dark here and cold.\n", ":: Pit\nIt is deep in there.\n"
    here, there = "The water is still.\n", "Nobody but the old man comes here at night.\n"
    alice, bob = pair(("a.twee", f"{pit}{cave}:: Lake\n{here}{there}"), ("b.twee", pit))
    bob.save("a.twee", pit + cave + here + there)
    exchange(alice, bob)
    alice.put("a.twee", pit)
    alice.put("b.twee", f"{pit}{cave}{here}:: Shore\n{there}")
    alice.notice()  # cut, pasted and split in one look
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee") == pit
    assert alice.text("b.twee") == f"{pit}{cave}{here}:: Shore\n{there}"


def test_what_was_joined_to_a_copy_is_there_once_where_its_original_stood() -> None:
    start, lake = ":: Start\nYou stand here.\n\n", ":: Lake\nThe water is black.\n\n"
    cave, hut = ":: Cave\nIt is dark here and cold.\n\n", "Nobody lives in the hut now.\n\n"
    deep = "Nobody ever came back from there.\n\n"
    alice, bob = pair(
        ("a.twee", f"{start}{cave}:: Hut\n{hut}"), ("b.twee", f"{lake}:: Pit\n{deep}")
    )
    bob.save("a.twee", start + cave + hut)
    exchange(alice, bob)
    bob.save("b.twee", f"{lake}{cave}{hut}:: Pit\n{deep}")
    alice.save("b.twee", lake + deep)
    exchange(alice, bob)
    assert alice.text("b.twee") == lake + cave + hut + deep
    bob.save("a.twee", start)
    alice.save("b.twee", lake)
    alice.hear(bob.updates)
    alice.write()
    alice.save("a.twee", start + cave + hut + deep)  # the editor still shows the original
    exchange(alice, bob)
    assert alice.folder == bob.folder
    texts = b"".join(alice.folder.values())
    words = (b"Cave", b"dark", b"hut", b"came back")
    assert [texts.count(each) for each in words] == [1] * len(words)


def test_old_text_of_what_a_co_author_has_cut_is_pasted_with_what_others_wrote_in_it() -> None:
    start, end = ":: Start\nYou stand here.\n\n", ":: End\nOver.\n\n"
    cave = ":: Cave\nIt is dark here and cold.\n"
    alice, bob = pair(("a.twee", start + cave), ("b.twee", end))
    bob.save("a.twee", start + cave + "Something breathes.\n")
    exchange(alice, bob)
    bob.save("a.twee", start)
    exchange(alice, bob)
    alice.reported.pop(StoryPath("a.twee"))
    alice.save("a.twee", start)  # without the cave that the editor still showed
    alice.save("b.twee", end + cave)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("b.twee") == end + cave + "Something breathes.\n"


def test_what_was_joined_and_is_at_the_top_of_its_file_by_now_is_carried_whole() -> None:
    start, door = ":: Start\nYou stand here.\n\n", ":: Door\n\n"
    lake, end = "The water is black and still.\n\n", ":: End\nOver.\n\n"
    alice, bob = pair(("a.twee", f"{start}{door}:: Lake\n{lake}"), ("b.twee", end))
    alice.save("a.twee", start + door + lake)
    bob.save("a.twee", f":: Lake\n{lake}{start}{door}")
    exchange(alice, bob)
    assert alice.text("a.twee") == lake + start + door
    alice.put("a.twee", start)
    alice.put("b.twee", end + door + lake)  # the editor still showed it behind the door
    alice.notice()
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert b"".join(alice.folder.values()).count(b"water") == 1
