"""Splitting and joining passages: whisker_sync.manuscript.cutting, in a manuscript."""

from __future__ import annotations

import pytest

from tests.manuscript.world import Author, exchange, pair

START = ":: Start\nYou stand before a cave. The wind is cold.\n\n"
CAVE = ":: Cave [dark]\nIt is dark here and something breathes in the back.\n\n"
END = ":: End\nThe end of it all.\n"
STORY = START + CAVE + END
SPLIT = STORY.replace(" The wind", "\n\n:: Wind\nThe wind")
JOINED = STORY.replace(":: Cave [dark]\n", "")
BREATH, LAST = "something breathes", "of it all"
OTHER = ":: Other\nOther text is told here.\n\n"


def ids(author: Author) -> dict[str, str]:
    """Return the ids of passages by their names."""
    return {str(f["n"]): id_ for id_, f in author.document.records("P").items()}


def met(*saves: str) -> str:
    """Let authors of one story save these versions of it, and meet; return what they have."""
    authors = pair(("a.twee", STORY))
    for author, text in zip(authors, saves, strict=True):
        author.save("a.twee", text)
    exchange(*authors)
    alice, bob = authors
    assert alice.folder == bob.folder
    return alice.text("a.twee")


def test_words_written_in_what_another_splits_off_are_there_once_and_in_their_place() -> None:
    merged = met(SPLIT, STORY.replace("wind is cold", "wind is cold and wet"))
    assert merged == SPLIT.replace("wind is cold", "wind is cold and wet")


def test_words_deleted_in_what_another_splits_off_stay_deleted() -> None:
    assert met(SPLIT, STORY.replace("is cold", "blows")) == SPLIT.replace("is cold", "blows")


def test_two_who_split_one_passage_double_nothing() -> None:
    merged = met(SPLIT, STORY.replace("a cave. The", "a cave.\n\n:: Draught\nThe"))
    assert merged.count("The wind is cold.") == 1


def test_a_part_that_was_split_off_can_be_edited_renamed_and_deleted() -> None:
    alice, bob = pair(("a.twee", SPLIT))
    assert len(ids(alice)) == 4
    alice, bob = pair(("a.twee", STORY))
    alice.save("a.twee", SPLIT)
    exchange(alice, bob)
    assert len(ids(alice)) == 4
    bob.save("a.twee", SPLIT.replace(":: Wind", ":: Gale").replace("is cold", "is icy"))
    exchange(alice, bob)
    assert alice.text("a.twee").startswith(
        ":: Start\nYou stand before a cave.\n\n:: Gale\nThe wind is icy.\n\n:: Cave"
    )
    bob.save("a.twee", STORY.replace(" The wind is cold.", ""))
    exchange(alice, bob)
    assert alice.text("a.twee") == STORY.replace(" The wind is cold.", "")


WIND = ":: Wind\nThe wind is cold.\n\n"


def split() -> tuple[Author, Author]:
    """Return two authors of a story from whose beginning the wind was split off."""
    alice, bob = pair(("a.twee", STORY), ("b.twee", HALL))
    alice.save("a.twee", SPLIT)
    exchange(alice, bob)
    return alice, bob


HALL = ":: Hall\nThe hall is wide.\n\n"
ICY = ("is cold", "is icy cold")


def test_words_written_in_a_part_that_another_moves_go_with_it() -> None:
    alice, bob = split()
    bob.save("a.twee", SPLIT.replace(WIND, "") + "\n" + WIND)
    alice.save("a.twee", SPLIT.replace(*ICY))
    exchange(alice, bob)
    assert bob.text("a.twee") == SPLIT.replace(WIND, "") + "\n" + WIND.replace(*ICY)


def test_words_written_in_a_part_that_another_carries_to_another_file_go_with_it() -> None:
    alice, bob = split()
    bob.put("a.twee", SPLIT.replace(WIND, ""))
    bob.save("b.twee", HALL + WIND)
    alice.save("a.twee", SPLIT.replace(*ICY))
    exchange(alice, bob)
    assert bob.text("a.twee") == SPLIT.replace(WIND, "")
    assert bob.text("b.twee") == HALL + WIND.replace(*ICY)


def test_what_is_split_and_moved_before_anybody_hears_of_it_is_there_once() -> None:
    alice, bob = pair(("a.twee", STORY), ("b.twee", HALL))
    alice.save("a.twee", SPLIT)
    alice.save("a.twee", SPLIT.replace(WIND, "") + "\n" + WIND)
    bob.put("a.twee", CAVE + END)
    bob.save("b.twee", HALL + START)  # whole: the wind is still in it
    exchange(alice, bob)
    assert alice.folder == bob.folder
    everything = alice.text("a.twee") + alice.text("b.twee")
    assert everything.count("The wind is cold.") == everything.count("You stand") == 1


def test_words_written_in_a_part_while_what_it_was_part_of_is_deleted_stay() -> None:
    alice, bob = split()
    bob.save("a.twee", SPLIT.replace(":: Start\nYou stand before a cave.\n\n", ""))
    alice.save("a.twee", SPLIT.replace(*ICY))
    exchange(alice, bob)
    assert alice.text("a.twee") == WIND.replace(*ICY) + CAVE + END


def test_a_part_of_a_part_is_a_passage_of_its_own() -> None:
    alice, bob = split()
    again = SPLIT.replace(" is cold", "\n\n:: Cold\nis cold")
    bob.save("a.twee", again)
    alice.save("a.twee", SPLIT.replace(*ICY))
    exchange(alice, bob)
    assert alice.text("a.twee") == again.replace(*ICY)
    cold = ":: Cold\nis icy cold.\n\n"
    alice.save("a.twee", alice.text("a.twee").replace(cold, "") + "\n" + cold)
    exchange(alice, bob)
    assert bob.text("a.twee").endswith(END + "\n" + cold)


def test_two_who_split_off_the_same_have_one_passage() -> None:
    assert met(SPLIT, SPLIT) == SPLIT
    assert met(SPLIT, SPLIT.replace(*ICY)) == SPLIT.replace(*ICY)


def test_an_editor_that_has_not_seen_the_split_edits_both_parts() -> None:
    alice, bob = pair(("a.twee", STORY))
    news = SPLIT.replace("It is dark here", "It is dark and damp and cold in here")
    alice.save("a.twee", news)
    exchange(alice, bob)
    bob.save("a.twee", STORY.replace("The wind is cold", "A wind is icy").replace("stand", "sit"))
    exchange(alice, bob)
    assert alice.text("a.twee") == news.replace("The wind is cold", "A wind is icy").replace(
        "stand", "sit"
    )


def test_a_link_in_a_part_follows_a_new_name() -> None:
    linked = SPLIT.replace("is cold", "is [[cold->Cave]]")
    alice, bob = split()
    alice.save("a.twee", linked)
    exchange(alice, bob)
    bob.save("a.twee", linked.replace(":: Cave", ":: Cavern"))
    exchange(alice, bob)
    assert alice.text("a.twee") == linked.replace(":: Cave", ":: Cavern").replace(
        "->Cave", "->Cavern"
    )


def test_after_a_start_parts_are_who_they_were() -> None:
    alice, bob = split()
    before = ids(alice)
    alice.crash()
    alice.save("a.twee", SPLIT.replace(":: Wind", ":: Gale").replace(*ICY))
    exchange(alice, bob)
    assert bob.text("a.twee") == SPLIT.replace(":: Wind", ":: Gale").replace(*ICY)
    assert ids(alice)["Gale"] == before["Wind"]


def test_words_written_in_a_passage_that_another_joins_to_its_neighbour_stay_in_place() -> None:
    merged = met(JOINED, STORY.replace("something breathes", "somebody breathes softly"))
    assert merged == JOINED.replace("something breathes", "somebody breathes softly")


def test_two_who_join_the_same_passages_double_nothing() -> None:
    assert met(JOINED, JOINED.replace("wind is cold", "wind is icy")).count("breathes") == 1


def test_three_passages_joined_at_once_stay_three_texts() -> None:
    all_in_one = JOINED.replace(":: End\n", "")
    alice, bob = pair(("a.twee", STORY))
    alice.save("a.twee", all_in_one)
    bob.save("a.twee", STORY.replace("it all", "all this"))
    exchange(alice, bob)
    assert bob.text("a.twee") == all_in_one.replace("it all", "all this")
    assert len(ids(alice)) == 3


def test_words_written_in_a_passage_joined_to_one_that_stood_elsewhere_stay_in_place() -> None:
    joined = START + END.partition("\n")[2] + "\n" + CAVE  # what was between is behind it now
    merged = met(joined, STORY.replace(LAST, "of all this"))
    assert merged == joined.replace(LAST, "of all this")


def test_a_joined_passage_is_itself_again_when_its_header_is_put_back() -> None:
    alice, bob = pair(("a.twee", STORY))
    before = ids(alice)
    alice.save("a.twee", JOINED)
    exchange(alice, bob)
    bob.save("a.twee", STORY.replace("Cave [dark]", "Cavern").replace("in the", "at the"))
    exchange(alice, bob)
    assert alice.text("a.twee") == STORY.replace("Cave [dark]", "Cavern").replace(
        "in the", "at the"
    )
    assert ids(alice)["Cavern"] == before["Cave"]
    assert len(ids(alice)) == 3


def test_the_first_passage_can_lose_its_header_to_what_is_before_all_passages() -> None:
    alice, bob = pair(("a.twee", STORY))
    headless = STORY.replace(":: Start\n", "")
    alice.save("a.twee", headless)
    bob.save("a.twee", STORY.replace("cold", "icy"))
    exchange(alice, bob)
    assert bob.text("a.twee") == headless.replace("cold", "icy")


def test_an_author_who_joins_lines_does_not_get_the_line_end_back() -> None:
    flowing = STORY.replace("cold.\n\n:: Cave [dark]\nIt", "cold. It")
    alice, bob = pair(("a.twee", STORY))
    outcome = alice.save("a.twee", flowing)
    assert outcome.writes == ()
    exchange(alice, bob)
    assert bob.text("a.twee") == flowing


def test_a_deleted_passage_is_not_taken_for_a_joined_one() -> None:
    alice, bob = pair(("a.twee", STORY))
    alice.save("a.twee", START.replace("cold.", "cold. It is dark here.") + END)
    exchange(alice, bob)
    assert "breathes" not in bob.text("a.twee")
    bob.save("a.twee", bob.text("a.twee") + "\n" + CAVE)
    exchange(alice, bob)
    assert "breathes" in alice.text("a.twee")


def joined() -> tuple[Author, Author]:
    """Return two who have a file in which a passage was joined to another one."""
    alice, bob = pair(("a.twee", STORY), ("b.twee", OTHER))
    alice.save("a.twee", START + CAVE + END.partition("\n")[2])
    exchange(alice, bob)
    return alice, bob


def carry(author: Author, *, paste_first: bool) -> None:
    """Carry the two that are one by now to another file, in two saves."""
    carried = author.text("a.twee").removeprefix(START)
    saves = [("b.twee", author.text("b.twee") + carried), ("a.twee", START)]
    for path, text in saves if paste_first else saves[::-1]:
        author.save(path, text)


@pytest.mark.parametrize("paste_first", [False, True])
def test_what_was_joined_and_is_carried_elsewhere_takes_what_others_write_with_it(
    paste_first: bool,
) -> None:
    alice, bob = joined()
    carry(alice, paste_first=paste_first)
    more = bob.text("a.twee").replace(BREATH, f"large {BREATH}").replace(LAST, f"{LAST} now")
    bob.save("a.twee", more)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee") == START
    assert f"large {BREATH}" in alice.text("b.twee")
    assert f"{LAST} now" in alice.text("b.twee")
    assert alice.text("b.twee").count(BREATH) == alice.text("b.twee").count(LAST) == 1


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("other", [False, True])
def test_what_was_joined_and_both_carry_elsewhere_is_there_once(first: bool, other: bool) -> None:
    alice, bob = joined()
    carry(alice, paste_first=first)
    carry(bob, paste_first=other)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee") == START
    assert alice.text("b.twee").count(BREATH) == alice.text("b.twee").count(LAST) == 1
    bob.save("b.twee", bob.text("b.twee").replace(LAST, f"{LAST} now"))
    exchange(alice, bob)
    assert alice.text("b.twee").count(f"{LAST} now") == 1


@pytest.mark.parametrize("place", ["is dark here", "something breathes", "end of it all", "it all"])
def test_two_who_split_something_to_which_another_was_joined_double_nothing(place: str) -> None:
    alice, bob = joined()
    for author, name in ((alice, "Dark"), (bob, "Black")):
        text = author.text("a.twee")
        author.save("a.twee", text.replace(f" {place}", f"\n\n:: {name}\n{place}"))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    text = alice.text("a.twee")
    assert [text.count(word) for word in ("dark here", "breathes", "end", "it all")] == [1] * 4
    assert ":: Dark" in text
    assert ":: Black" in text


def test_what_is_split_off_from_a_joined_passage_takes_what_was_joined_behind_with_it() -> None:
    alice, bob = joined()
    text = alice.text("a.twee").replace("and something", "\n\n:: Breath\nand something")
    alice.save("a.twee", text)
    bob.save("a.twee", bob.text("a.twee").replace(LAST, f"{LAST} now"))
    exchange(alice, bob)
    breath = text[text.index(":: Breath") :].replace(LAST, f"{LAST} now")
    assert bob.text("a.twee").endswith(breath)
    bob.put("a.twee", bob.text("a.twee").replace(breath, ""))
    bob.save("b.twee", OTHER + breath)
    alice.save("a.twee", alice.text("a.twee").replace(BREATH, "somebody breathes"))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("b.twee") == OTHER + breath.replace(BREATH, "somebody breathes")


def test_what_was_joined_may_be_deleted_alone_and_comes_back_with_who_edits_it() -> None:
    alice, bob = joined()
    alone = START + CAVE
    alice.save("a.twee", alone)
    exchange(alice, bob)
    assert bob.text("a.twee") == alone
    alice, bob = joined()
    alice.save("a.twee", alone)
    bob.save("a.twee", bob.text("a.twee").replace(LAST, f"{LAST} now"))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee").count(f"{LAST} now") == 1


def test_a_tail_of_one_word_is_split_off_with_what_was_written_before_it() -> None:
    lake = ":: Lake\nNo wind, black water.\n\n"
    alice, bob = pair(("a.twee", START + lake))
    more = "no light, no sound at all, "
    alice.save("a.twee", START + lake.replace("black", more + "black"))
    bob.save("a.twee", START + lake.replace("black water", f"\n\n:: Back\n{more}black water"))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee").count("no sound at all") == 1


def test_who_joins_a_few_words_and_goes_on_writing_there_has_joined_them() -> None:
    hut = ":: Hut\nA hut of stone.\n\n"
    alice, bob = pair(("a.twee", START + hut))
    bob.save("a.twee", START + hut.replace("Hut", "Hut [old]"))
    alice.save("a.twee", START + "A hut of wood and straw, with no door and no windows.\n\n")
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee").lower().count("a hut of") == 1


@pytest.mark.parametrize("words", ["breathes", "sleeps and breathes"])
def test_what_was_joined_and_is_cut_out_and_pasted_with_its_header_is_the_same(words: str) -> None:
    alice, bob = pair(("a.twee", STORY), ("b.twee", OTHER))
    alice.save("a.twee", JOINED)
    exchange(alice, bob)
    bob.save("a.twee", JOINED.replace("It is dark", "It is very dark"))
    alice.save("a.twee", START + END)
    alice.save("b.twee", OTHER + CAVE.replace("breathes", words))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee") == START + END
    written = CAVE.replace("breathes", words).replace("It is dark", "It is very dark")
    assert alice.text("b.twee") == OTHER + written


def test_of_passages_that_were_joined_and_split_elsewhere_the_head_may_go_to_another_file() -> None:
    alice, bob = pair(("a.twee", STORY), ("b.twee", OTHER))
    alice.save("a.twee", JOINED)
    alice.save("a.twee", JOINED.replace("in the back", "in\n\n:: Back\nthe back"))
    head, back, end = alice.text("a.twee").partition(":: Back")
    alice.save("b.twee", OTHER + head)
    alice.save("a.twee", back + end)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee") == back + end
    assert alice.text("b.twee").rstrip() == (OTHER + head).rstrip()


def test_what_was_joined_and_is_most_of_both_is_itself_when_it_has_a_header_again() -> None:
    alice, bob = pair(("a.twee", STORY), ("b.twee", HALL))
    short = STORY.replace("You stand before a cave. The wind is cold.", "Look.")
    alice.save("a.twee", short)
    alice.save("a.twee", short.replace(":: Cave [dark]\n", ""))
    alice.save("a.twee", short.replace(":: Cave [dark]", ":: Den"))
    exchange(alice, bob)
    den = ":: Den\n" + CAVE.partition("\n")[2]
    alice.save("b.twee", HALL + den)
    alice.save("a.twee", short.replace(CAVE, ""))
    bob.save("a.twee", short.replace(CAVE, den.replace(BREATH, "somebody breathes")))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee") == short.replace(CAVE, "")
    assert alice.text("b.twee") == HALL + den.replace(BREATH, "somebody breathes")


@pytest.mark.parametrize("way", ["cut", "carry", "copy"])
def test_a_part_that_another_has_just_split_off_may_be_carried_to_another_file(way: str) -> None:
    words = "The wind is cold. A bird cries in the distance, and nobody answers.\n\n"
    wind = f":: Wind\n{words}"
    start = ":: Start\nLook."
    alice, bob = pair(("a.twee", f"{start} {words}{END}"), ("b.twee", HALL))
    bob.save("a.twee", f"{start}\n\n{wind}{END}")
    exchange(alice, bob)
    saves = [("a.twee", f"{start}\n\n{END}"), ("b.twee", HALL + wind.replace("no", "some"))]
    for path, text in reversed(saves) if way == "copy" else saves:
        alice.put(path, text)
        if way != "carry":
            alice.notice()
    alice.notice()
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee") == f"{start}\n\n{END}"
    assert alice.text("b.twee") == HALL + wind.replace("no", "some")


def test_who_rewrites_half_of_a_passage_and_joins_it_before_anybody_looks_has_joined_it() -> None:
    rewritten = "Bats hang above and something breathes in the back."
    joined = JOINED.replace(CAVE.partition("\n")[2].strip(), rewritten)
    merged = met(joined, STORY.replace(BREATH, "something breathes loudly"))
    assert merged == joined.replace(BREATH, "something breathes loudly")


def test_who_names_the_end_of_a_passage_and_deletes_its_beginning_has_renamed_it() -> None:
    way = "The way was long, over hills and through woods, past the mill and the inn at the ford.\n"
    cave = ":: Cave [dark]\n" + way + BREATH + " in the back of it.\n\n"
    alice, bob = pair(("a.twee", START + cave + END))
    alice.save("a.twee", START + OTHER + ":: Breath\n" + cave.partition(way)[2] + END)
    bob.save("a.twee", START + cave.replace("over hills", "over grey hills") + END)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee").count(BREATH) == 1
    assert "grey" in alice.text("a.twee")
