"""Passages that are cut and pasted in two saves: whisker_sync.manuscript.limbo, in a manuscript."""

from __future__ import annotations

import zlib

import pytest

from tests.manuscript.world import Author, exchange, pair
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.cutting import Group
from whisker_sync.manuscript.limbo import Limbo
from whisker_sync.manuscript.limits import (
    MAX_LIMBO,
    MAX_NAMESAKES,
    MAX_REMEMBERED,
    MOVE_SECONDS,
    PATIENCE_SECONDS,
)
from whisker_sync.manuscript.pieces import headed
from whisker_sync.manuscript.shadow import Part, Piece

CAVE = ":: Cave [dark]\nIt is dark here and something breathes in the back.\n"
A = ":: Start\nYou stand before a cave. The wind is cold.\n\n"
B = ":: Other\nOther text is told here.\n\n"
WRITTEN = CAVE.replace("something breathes", "somebody breathes softly")


def two() -> tuple[Author, Author]:
    return pair(("a.twee", A + CAVE), ("b.twee", B))


def cave(author: Author) -> list[str]:
    """Return the ids of all passages that were ever a cave."""
    records = author.document.records("P").items()
    return [id_ for id_, fields in records if fields["n"] == "Cave"]


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("paste_first", [False, True])
def test_a_passage_moved_in_two_saves_keeps_what_others_write_in_it(
    paste_first: bool, restarted: bool
) -> None:
    alice, bob = two()
    bob.save("a.twee", A + WRITTEN)
    saves = [("a.twee", A), ("b.twee", B + CAVE)]
    for path, text in saves[::-1] if paste_first else saves:
        alice.save(path, text)
        alice.now += MOVE_SECONDS
        if restarted:
            alice.crash()
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee") == A
    assert alice.text("b.twee") == B + WRITTEN


@pytest.mark.parametrize("paste_first", [False, True])
def test_what_is_changed_on_the_way_is_changed(paste_first: bool) -> None:
    alice, bob = two()
    bob.save("a.twee", A + WRITTEN)
    first = cave(alice)
    if paste_first:
        alice.save("b.twee", B + CAVE)
        alice.save("b.twee", B + CAVE.replace("dark here", "dim here").replace("[dark]", "[dim]"))
        alice.save("a.twee", A)
    else:
        alice.save("a.twee", A)
        alice.save("b.twee", B + CAVE.replace("dark here", "dim here").replace("[dark]", "[dim]"))
    exchange(alice, bob)
    expected = B + WRITTEN.replace("dark here", "dim here").replace("[dark]", "[dim]")
    assert bob.text("b.twee") == expected
    assert bob.text("a.twee") == A
    with_words = [id_ for id_ in cave(alice) if alice.document.text(f"b:{id_}")]
    assert with_words == first


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("meanwhile", ["nothing", "before", "between", "after"])
def test_what_was_changed_before_it_was_pasted_is_changed(
    meanwhile: str, restarted: bool, whole: bool
) -> None:
    """Its author has not saved that where it came from, and a co-author writes in it, too."""
    long = CAVE + "Nobody has been here for years, or so they say in the village.\n"
    written = long.replace("something breathes", "somebody breathes softly")
    alice, bob = pair(("a.twee", A + long), ("b.twee", B))
    if meanwhile == "before":
        bob.save("a.twee", A + written)
        exchange(alice, bob)
    dim = long.replace("dark here", "dim here").replace("[dark]", "[dim]")
    target, rest = ("c.twee", A) if whole else ("b.twee", B)
    alice.save(target, rest + dim)
    if restarted:
        alice.crash()
    if meanwhile == "between":
        bob.save("a.twee", A + written)
        exchange(alice, bob)
    alice.save("a.twee", None if whole else A)
    if meanwhile == "after":
        bob.save("a.twee", A + written)
    exchange(alice, bob)
    expected = long if meanwhile == "nothing" else written
    expected = expected.replace("dark here", "dim here").replace("[dark]", "[dim]")
    assert alice.folder == bob.folder
    assert alice.text(target) == rest + expected
    assert alice.folder.get(StoryPath("a.twee")) == (None if whole else A.encode())


@pytest.mark.parametrize("paste_first", [False, True])
def test_a_passage_that_keeps_its_name_may_change_much_on_its_way(paste_first: bool) -> None:
    alice, bob = pair(("a.twee", A + ":: Key\nIt is old.\n"), ("b.twee", B))
    bob.save("a.twee", A + ":: Key [iron]\nIt is old.\n")
    saves = [("a.twee", A), ("b.twee", B + ":: Key\nIt is not as very old as it looks.\n")]
    for path, text in saves[::-1] if paste_first else saves:
        alice.save(path, text)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee") == A
    assert alice.text("b.twee") == B + ":: Key [iron]\nIt is not as very old as it looks.\n"


def test_what_others_wrote_in_the_copy_comes_along() -> None:
    alice, bob = two()
    alice.save("b.twee", B + CAVE)
    exchange(alice, bob)
    bob.save("b.twee", B + WRITTEN)
    exchange(alice, bob)
    alice.save("a.twee", A)
    exchange(alice, bob)
    assert bob.text("b.twee") == B + WRITTEN
    assert bob.text("a.twee") == A


def test_what_others_join_to_a_passage_before_it_is_cut_comes_along_once() -> None:
    hall, lake = ":: Hall\nThe hall is as high as a church.\n", ":: Lake\nIt is black.\n\n"
    joined = CAVE + hall.partition("\n")[2]
    alice, bob = pair(("a.twee", A + CAVE + hall + lake), ("b.twee", B))
    alice.save("a.twee", A + joined + lake)
    bob.save("a.twee", A + CAVE + hall + lake.partition("\n")[2])
    alice.save("b.twee", B + joined)
    alice.hear(list(bob.updates))
    alice.write()
    alice.save("a.twee", A)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee") == A
    assert alice.text("b.twee") == B + joined + "It is black.\n\n"


def test_words_written_in_a_copy_after_it_was_emptied_are_kept_without_the_others() -> None:
    alice, bob = two()
    alice.save("b.twee", B + CAVE)
    exchange(alice, bob)
    alice.save("a.twee", A)
    bob.save("b.twee", B + WRITTEN)
    exchange(alice, bob)
    text = bob.text("b.twee")
    assert text.count("in the back") == 1
    assert "softly" in text


def test_later_a_passage_is_known_again_by_name_and_text_if_it_is_nowhere_else() -> None:
    alice, bob = two()
    alice.save("a.twee", A)
    alice.now += MOVE_SECONDS + 0.1
    alice.save("b.twee", B + CAVE)
    assert len(cave(alice)) == 1
    exchange(alice, bob)
    assert bob.text("a.twee") == A
    assert bob.text("b.twee") == B + CAVE
    bob.save("c.twee", CAVE)
    assert len(cave(bob)) == 2


def test_another_text_of_the_same_name_is_another_passage() -> None:
    alice, _ = two()
    alice.save("a.twee", A)
    alice.now += MOVE_SECONDS + 0.1
    alice.save("b.twee", B + ":: Cave\nNobody has ever written these words down.\n")
    assert len(cave(alice)) == 2


def test_a_passage_cut_on_one_machine_and_pasted_on_another_is_the_same() -> None:
    alice, bob = two()
    alice.save("a.twee", A)
    exchange(alice, bob)
    bob.save("b.twee", B + WRITTEN)
    exchange(alice, bob)
    assert len(cave(bob)) == 1
    assert alice.text("b.twee") == B + WRITTEN
    assert alice.text("a.twee") == A


def test_a_copy_that_was_made_on_purpose_stays_when_another_passage_goes() -> None:
    alice, bob = two()
    alice.save("b.twee", B + CAVE)
    alice.save("a.twee", CAVE)
    exchange(alice, bob)
    assert bob.text("a.twee") == CAVE
    assert bob.text("b.twee") == B + CAVE


@pytest.mark.parametrize("edit", ["breathes", "sleeps"])
def test_what_a_co_author_brought_back_goes_where_its_author_pastes_it(edit: str) -> None:
    alice, bob = two()
    bob.save("a.twee", A + WRITTEN)
    alice.save("a.twee", A)
    exchange(alice, bob)
    alice.save("a.twee", alice.text("a.twee").replace("cold", "icy"))
    alice.save("b.twee", B + CAVE.replace("the back", "the back and " + edit))
    exchange(alice, bob)
    assert bob.folder == alice.folder
    assert bob.text("a.twee") == A.replace("cold", "icy")
    assert bob.text("b.twee") == B + WRITTEN.replace("the back", "the back and " + edit)


def test_what_came_back_and_was_edited_where_it_did_and_where_it_was_pasted_is_one() -> None:
    alice, bob = two()
    alice.save("a.twee", A)
    bob.save("a.twee", A + CAVE + ":: Lake\nBlack water, no wind.\n")
    exchange(alice, bob)
    alice.save("b.twee", B + CAVE.replace("dark here", "dim here"))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert "".join(map(alice.text, ("a.twee", "b.twee"))).count("breathes") == 1


@pytest.mark.parametrize("paste_first", [False, True])
def test_a_few_words_of_which_one_was_changed_are_the_same_under_their_name(
    paste_first: bool,
) -> None:
    hut = ":: Hut\nA hut of stone.\n"
    alice, bob = pair(("a.twee", A + hut), ("b.twee", B))
    bob.save("a.twee", A + hut + "and a door.\n")
    saves = [("a.twee", A), ("b.twee", B + hut.replace("hut", "tiny old house"))]
    for path, text in saves[::-1] if paste_first else saves:
        alice.save(path, text)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee") == A
    assert alice.text("b.twee") == B + ":: Hut\nA tiny old house of stone.\nand a door.\n"


def test_what_its_author_took_away_and_another_editor_still_shows_is_kept() -> None:
    alice, bob = two()
    bob.put("a.twee", A)
    bob.put("b.twee", B + WRITTEN)
    bob.notice()
    alice.hear(bob.updates)
    alice.write()
    alice.save("b.twee", B)
    alice.save("a.twee", A.replace("cold", "icy") + CAVE)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert "breathes" in alice.text("a.twee") + alice.text("b.twee")


def test_a_twin_that_is_not_shown_is_not_what_its_author_pastes() -> None:
    alice, bob = pair(("a.twee", A), ("b.twee", B))
    bob.save("a.twee", A + CAVE)
    alice.save("a.twee", A + CAVE.replace(" and", "\nand"))
    exchange(alice, bob)
    alice.save("b.twee", B + alice.text("a.twee").removeprefix(A))
    alice.save("a.twee", A)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("b.twee").count("breathes") == 1


@pytest.mark.parametrize("restarted", [False, True])
def test_what_two_move_goes_where_the_later_one_pastes_it(restarted: bool) -> None:
    alice, bob = pair(("a.twee", A + CAVE), ("b.twee", B), ("c.twee", ":: End\nThe end.\n\n"))
    alice.save("a.twee", A)
    if restarted:
        alice.crash()
    bob.put("a.twee", A)
    bob.put("c.twee", ":: End\nThe end.\n\n" + CAVE)
    bob.notice()
    alice.hear(bob.updates)
    alice.write()
    alice.save("b.twee", B + CAVE)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("b.twee") == B + CAVE
    assert "breathes" not in alice.text("c.twee")


def test_what_was_split_off_and_pasted_at_once_and_then_cut_is_the_same() -> None:
    tail = "something breathes in the back.\n"
    alice, bob = two()
    bob.save("a.twee", A + CAVE + "\nDrops fall.\n")
    alice.put("a.twee", A + CAVE.replace(tail, "\n\n:: Back\n" + tail))
    alice.put("b.twee", B + ":: Back\n" + tail.replace("in the back", "in the very back"))
    alice.notice()
    alice.save("a.twee", A + CAVE.replace(tail, "\n"))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    everything = "".join(map(alice.text, ("a.twee", "b.twee")))
    assert everything.count("breathes") == everything.count("Drops fall") == 1


def test_a_passage_that_was_empty_may_be_filled_on_its_way() -> None:
    alice, bob = pair(("a.twee", A + ":: Hut\n\n"), ("b.twee", B))
    bob.save("a.twee", A + ":: Hut\nA hut of stone, by the sea.\n")
    alice.save("a.twee", A)
    alice.save("b.twee", B + ":: Hut\nA hut of stone, by the sea.\n")
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert "".join(map(alice.text, ("a.twee", "b.twee"))).count("A hut of stone") == 1


def test_a_few_words_that_were_deleted_and_are_pasted_elsewhere_are_the_same() -> None:
    hut = ":: Hut\nA hut of stone.\n"
    alice, bob = pair(("a.twee", A + hut), ("b.twee", B))
    alice.save("a.twee", A)
    bob.hear(alice.updates)
    bob.write()
    bob.save("b.twee", B + hut)
    exchange(alice, bob)
    assert alice.text("b.twee") == B + hut
    carol = Author(3)
    carol.hear(alice.updates)
    assert len([f for f in alice.document.records("P").values() if f["n"] == "Hut"]) == 1


def test_the_same_change_of_a_copy_and_of_what_was_pasted_is_there_once() -> None:
    alice, bob = two()
    alice.save("b.twee", B + CAVE)
    exchange(alice, bob)
    alice.save("a.twee", A)
    alice.save("b.twee", B + CAVE.replace("in the back", "in the back, softly and slowly"))
    bob.save("b.twee", B + CAVE.replace("in the back", "in the back, softly and slowly"))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee") == A
    assert alice.text("b.twee") == B + CAVE.replace("the back", "the back, softly and slowly")


def test_what_was_cut_here_and_moved_elsewhere_by_another_stays_once_it_is_saved_there() -> None:
    alice, bob = two()
    bob.put("a.twee", A)
    bob.put("b.twee", B + CAVE)
    bob.notice()
    alice.save("a.twee", A)
    alice.hear(list(bob.updates))
    alice.write()
    alice.save("b.twee", B + CAVE.replace("Cave [dark]", "Cave [dim]"))
    exchange(alice, bob)
    assert bob.text("b.twee") == B + CAVE.replace("Cave [dark]", "Cave [dim]")


# What is kept.


def full(passages: int, length: int) -> Limbo:
    limbo = Limbo()
    for i in range(passages):
        text = f":: {i}\n" + "x" * length
        limbo.take(Group([Part(Piece.PASSAGE, f"{i:016x}", text)]), StoryPath("a.twee"), 1.0)
        limbo.paste(f"{i + 1_000_000:016x}", headed(text), {f"{i:016x}": text}, 1.0)
    return limbo


def test_limbo_is_recalled_as_it_was_kept_and_its_time_begins_anew() -> None:
    limbo = full(3, 10)
    assert limbo.changed()
    assert not limbo.changed()
    assert limbo.stored is not None
    recalled = Limbo.recall(limbo.stored)
    assert not recalled.changed()
    everything = {part.id for each in limbo.taken for part in each.group.parts} | set(limbo.pasted)
    recalled.forget(1_000.0, everything)
    recalled.forget(1_000.0 + MOVE_SECONDS, everything)
    assert [each.group.text for each in recalled.taken] == [e.group.text for e in limbo.taken]
    assert {each.path for each in recalled.taken} == {"a.twee"}
    assert recalled.pasted.keys() == limbo.pasted.keys()
    for id_, copy in recalled.pasted.items():
        assert copy.originals == limbo.pasted[id_].originals
    recalled.forget(1_000.1 + MOVE_SECONDS, everything)
    assert not recalled.taken
    assert not recalled.pasted
    assert recalled.changed()
    assert recalled.stored is None


def test_the_newest_are_kept_and_as_many_as_there_is_room_for() -> None:
    limbo = full(MAX_REMEMBERED + 5, 1)
    assert len(limbo.taken) == len(limbo.pasted) == MAX_REMEMBERED
    large = full(10, MAX_LIMBO // 4)
    large.changed()
    assert large.stored is not None
    recalled = Limbo.recall(large.stored)
    assert [each.group.segment.name for each in recalled.taken] == ["7", "8", "9"]


@pytest.mark.parametrize(
    "fact",
    [
        b"",
        b"junk",
        zlib.compress(b"[" * 100_000),
        zlib.compress(b"[2,[],[]]"),
        zlib.compress(b'[3,[["a.twee",["b../../etc","x"]]],[]]'),
        zlib.compress(b'[3,[["a.twee",["q0000000000000000","x"]]],[]]'),
        zlib.compress(b'[3,[["../../etc",["b0000000000000000","x"]]],[]]'),
        zlib.compress(b"[3,[5],[]]"),
        zlib.compress(b'[3,[],[["0000000000000000","x",["../../etc"]]]]'),
        zlib.compress(b'[3,[],[["0000000000000000","x",{"../../etc":"x"}]]]'),
        zlib.compress(b'[3,[],[["0000000000000000","x",{"0000000000000001":5}]]]'),
        zlib.compress(b"[3,[],[]]")[:-1],
    ],
)
def test_a_damaged_limbo_is_empty(fact: bytes) -> None:
    limbo = Limbo.recall(fact)
    assert not limbo.taken
    assert not limbo.pasted


def test_what_came_back_after_a_cut_goes_where_it_is_pasted_although_its_file_is_saved_too() -> (
    None
):
    alice, bob = pair(("a.twee", A), ("b.twee", B))
    bob.save("a.twee", A + CAVE)
    exchange(alice, bob)
    alice.save("a.twee", A)  # looks like an old text
    exchange(alice, bob)
    assert alice.text("a.twee") == A + CAVE
    alice.put("b.twee", B + CAVE)
    alice.save("a.twee", A.replace("cold", "icy") + CAVE)
    exchange(alice, bob)
    assert bob.text("a.twee") == A.replace("cold", "icy")
    assert bob.text("b.twee") == B + CAVE


def test_what_is_cut_while_its_file_is_renamed_does_not_come_back_with_the_next_save() -> None:
    alice, bob = two()
    bob.put("c.twee", A + CAVE)
    bob.save("a.twee", None)
    alice.hear(bob.updates)
    alice.put("a.twee", A)
    alice.write(2)  # c.twee, with what was just cut from a.twee
    alice.notice()
    assert alice.text("c.twee") == A + CAVE
    alice.put("b.twee", B + CAVE)
    alice.put("c.twee", A.replace("cold", "icy") + CAVE)
    exchange(alice, bob)
    assert bob.text("c.twee") == A.replace("cold", "icy")
    assert bob.text("b.twee") == B + CAVE


def test_who_renames_a_file_and_carries_what_a_co_author_has_carried_leaves_it_there_once() -> None:
    lake = ":: Lake\nThe water of it is black, and nobody swims.\n\n"
    alice, bob = pair(("a.twee", A + lake + CAVE), ("b.twee", B))
    bob.put("a.twee", A + lake)
    bob.save("b.twee", CAVE + "\n:: New\nA passage that is new, of many words.\n\n" + B)
    alice.hear(bob.updates)
    alice.put("a.twee", None)
    alice.put("c.twee", A + lake + CAVE)
    alice.notice()
    alice.now += PATIENCE_SECONDS + 1
    alice.put("c.twee", A + lake)
    alice.put("b.twee", B + CAVE)
    alice.notice()
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert "".join(bob.text(path) for path in bob.folder).count("It is dark here") == 1


def test_what_a_co_author_joins_while_it_is_cut_goes_where_it_is_pasted() -> None:
    alice, bob = pair(("a.twee", A + CAVE + END), ("b.twee", B))
    bob.save("a.twee", A + CAVE.partition("\n")[2] + END)
    alice.save("a.twee", A + END)
    exchange(alice, bob)
    assert "breathes" in alice.text("a.twee")
    alice.put("b.twee", B + CAVE)
    alice.save("a.twee", alice.text("a.twee").replace("over", "at an end"))
    exchange(alice, bob)
    assert "breathes" not in bob.text("a.twee")
    assert bob.text("b.twee").count("breathes") == 1


def test_what_was_cut_is_not_elsewhere_because_its_file_has_another_name() -> None:
    alice, bob = two()
    alice.save("a.twee", A)
    alice.crash()
    bob.put("c.twee", A + WRITTEN)
    bob.save("a.twee", None)
    exchange(alice, bob)
    assert alice.text("c.twee") == A + WRITTEN
    alice.save("b.twee", B + CAVE)
    exchange(alice, bob)
    assert bob.text("c.twee") == A
    assert bob.text("b.twee") == B + WRITTEN


END = "\n:: End\nIt is over.\n"


def carry_back(author: Author, passage: str, way: str, *, restarted: bool = False) -> None:
    """Carry a passage from b.twee back to a.twee, in one save or in two."""
    saves = [("b.twee", B), ("a.twee", A + passage)]
    for path, text in saves[::-1] if way == "paste first" else saves:
        author.put(path, text)
        if way != "at once":
            author.notice()
            author.write()
            if restarted:
                author.crash()


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("words", [CAVE, WRITTEN], ids=["as it was", "with words of the co-author"])
@pytest.mark.parametrize("way", ["at once", "paste first", "cut first"])
def test_what_a_co_author_moved_may_be_carried_back(way: str, words: str, restarted: bool) -> None:
    alice, bob = two()
    bob.put("a.twee", A)
    bob.put("b.twee", B + words)
    bob.notice()
    exchange(alice, bob)
    assert alice.text("b.twee") == B + words
    mine = words.replace("in the back", "far in the back")
    carry_back(alice, mine, way, restarted=restarted)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee") == A + mine
    assert alice.text("b.twee") == B


def test_an_old_text_that_shows_what_a_co_author_moved_leaves_it_where_it_is() -> None:
    alice, bob = two()
    bob.put("a.twee", A)
    bob.put("b.twee", B + WRITTEN)
    bob.notice()
    exchange(alice, bob)
    alice.save("a.twee", A.replace("cold", "icy") + CAVE)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee") == A.replace("cold", "icy")
    assert alice.text("b.twee") == B + WRITTEN


def test_of_several_versions_the_one_whose_words_are_there_was_pasted() -> None:
    alice, bob = pair(("a.twee", ":: Cave\nSo dark it is.\n\n" + A), ("b.twee", B))
    bob.save("a.twee", ":: Cave\nSo dark it is.\nDeep.\n\n" + A)
    exchange(alice, bob)
    alice.save("a.twee", A)
    alice.write()
    alice.save("b.twee", B + ":: Cave\nSo dark it is today and for ever.\nDeep.\n")
    exchange(alice, bob)
    assert alice.text("b.twee") == B + ":: Cave\nSo dark it is today and for ever.\nDeep.\n"
    assert alice.text("a.twee") == A


@pytest.mark.parametrize("way", ["at once", "paste first", "cut first"])
def test_a_copy_for_which_a_co_author_deleted_the_original_may_be_carried_back(way: str) -> None:
    lake = ":: Lake\nBlack water, and no wind.\n\n"
    alice, bob = pair(("a.twee", A + CAVE + "\n" + lake), ("b.twee", B))
    alice.save("a.twee", A + CAVE + "\n" + lake.partition("\n")[2])  # the two are one now
    exchange(alice, bob)
    joined = CAVE + "\n" + lake.partition("\n")[2]
    assert bob.text("a.twee") == A + joined
    bob.save("b.twee", B + joined)
    bob.save("a.twee", A)
    exchange(alice, bob)
    assert alice.text("b.twee") == B + joined
    mine = joined.replace("in the back", "far in the back")
    carry_back(alice, mine, way)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert set(mine.split()) <= set(alice.text("a.twee").split())
    if way != "paste first":  # then it is taken for old text at first
        assert alice.text("a.twee") == A + mine
    assert alice.text("b.twee") == B


@pytest.mark.parametrize("others", [MAX_NAMESAKES - 1, MAX_NAMESAKES])
def test_of_so_many_passages_of_one_name_a_new_one_may_be_a_copy(others: int) -> None:
    alice, bob = pair(("a.twee", A + CAVE + "\n"), ("b.twee", B), ("c.twee", B))
    for number in range(others):
        alice.put(f"{number:02}.twee", f":: Cave\nThe cave of number {number} is not that one.\n")
        alice.notice()
    exchange(alice, bob)
    bob.save("a.twee", A + WRITTEN + "\n")
    alice.save("b.twee", B + CAVE + "\n")
    alice.save("a.twee", A)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    moved = alice.text("b.twee") == B + WRITTEN + "\n"
    assert moved == (others < MAX_NAMESAKES)
    assert "softly" in alice.text("b.twee") + alice.text("a.twee")


def test_what_was_carried_back_and_on_may_be_deleted() -> None:
    alice, bob = pair(("a.twee", A + CAVE), ("b.twee", B), ("c.twee", B))
    bob.put("a.twee", A)
    bob.put("b.twee", B + CAVE)
    bob.notice()
    exchange(alice, bob)
    for path, text in (("a.twee", A + CAVE), ("b.twee", B), ("a.twee", A), ("c.twee", B + CAVE)):
        alice.save(path, text)
        exchange(alice, bob)
    assert alice.text("c.twee") == B + CAVE
    alice.save("c.twee", B)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert not any(b"Cave" in content for content in alice.folder.values())


def test_what_is_left_of_a_passage_whose_head_was_carried_away_may_be_deleted() -> None:
    head, tail = CAVE.rstrip("\n").split(" and ")
    alice, bob = two()
    alice.put("a.twee", A + ":: Back\n" + tail + " and waits for you, and for nobody else.\n")
    alice.put("b.twee", B + head + ".\n")
    alice.notice()
    alice.save("a.twee", A)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("b.twee") == B + head + ".\n"
    assert alice.text("a.twee") == A


def test_who_changes_a_passage_and_pastes_what_a_co_author_split_off_from_it_has_all_of_that() -> (
    None
):
    cave, back = ":: Cave\nDark and ", "something breathes in the back.\n"
    alice, bob = pair(("a.twee", A + cave + back), ("b.twee", B))
    bob.save("a.twee", A + ":: Cave\nDark\n\n:: Back\nand " + back)
    exchange(alice, bob)
    alice.save("a.twee", A + ":: Cave\nIt is Dark\n\n")
    alice.save("b.twee", B + ":: Back\nand " + back)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("b.twee") == B + ":: Back\nand " + back


def test_of_two_copies_it_is_the_one_like_what_is_cut_that_was_moved() -> None:
    alice, bob = pair(("a.twee", A + CAVE), ("b.twee", B), ("c.twee", ":: Third\nMore.\n\n"))
    alice.save("b.twee", B + CAVE)  # a copy, which stays
    longer = CAVE + "Water drips from the roof, and the air smells of iron and of rain.\n"
    alice.save("a.twee", A + longer)
    alice.save("c.twee", alice.text("c.twee") + longer)
    alice.hear(bob.updates)
    bob.hear(alice.updates)
    bob.write()
    bob.save("a.twee", A + longer.replace("iron", "old iron"))
    alice.save("a.twee", A)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee") == A
    assert alice.text("b.twee") == B + CAVE
    assert alice.text("c.twee") == ":: Third\nMore.\n\n" + longer.replace("iron", "old iron")


def carried_away() -> tuple[Author, Author]:
    """Bob has carried the cave to another file, which Alice's editor has not heard of."""
    alice, bob = pair(("a.twee", A + CAVE), ("b.twee", B), ("c.twee", ""))
    bob.put("a.twee", A)
    bob.put("b.twee", B + CAVE)
    bob.notice()
    exchange(alice, bob)
    return alice, bob


def save_again(author: Author, path: str, text: str) -> None:
    """Save a file, as it is perhaps."""
    author.reported.pop(StoryPath(path), None)
    author.save(path, text)


@pytest.mark.parametrize("is_newest", [True, False])
def test_what_is_cut_from_an_old_text_is_moved_although_a_co_author_has_moved_it(
    is_newest: bool,
) -> None:
    alice, bob = carried_away()
    if not is_newest:
        bob.save("a.twee", A + ":: Added\nSomething else.\n")
        bob.save("b.twee", B + WRITTEN)
        exchange(alice, bob)
    save_again(alice, "a.twee", A)  # without the cave
    alice.now += MOVE_SECONDS
    alice.save("c.twee", CAVE + "Bats.\n")
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("b.twee") == B
    assert alice.text("c.twee") == (CAVE if is_newest else WRITTEN) + "Bats.\n"
    assert ("Added" in alice.text("a.twee")) is not is_newest


@pytest.mark.parametrize("why", ["another name", "later", "shown", "other text", "not saved"])
def test_what_is_only_copied_stays_where_a_co_author_has_moved_it(why: str) -> None:
    alice, bob = carried_away()
    if why == "other text":
        alice.save("a.twee", A.replace("cold", "warm"))
    elif why != "not saved":
        save_again(alice, "a.twee", A)
    if why == "shown":
        alice.save("b.twee", B + CAVE + "It snores.\n")
    alice.now += 1 if why != "later" else MOVE_SECONDS + 1
    copy = CAVE if why != "another name" else CAVE.replace("Cave", "Den")
    alice.save("c.twee", copy)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert "breathes" in alice.text("b.twee")
    assert "breathes" in alice.text("c.twee")
