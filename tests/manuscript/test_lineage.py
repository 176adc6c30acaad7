"""whisker_sync.manuscript.lineage, in a manuscript: where files came from that were found."""

from __future__ import annotations

import pytest

from tests.manuscript.world import Author, exchange, pair
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.files import WriteFile
from whisker_sync.manuscript.limits import RENAME_SECONDS

HALL = ":: Hall\nThe hall is wide and very cold, and nobody has lit a fire in it for years.\n\n"
STAIRS = ":: Stairs\nThe stairs are narrow and steep, and the third of them is missing.\n"
WALL = HALL.replace("Hall", "Wall").replace("a fire in it", "a lamp beside it")


def rename(author: Author, old: str, new: str) -> None:
    author.put(new, author.text(old))
    author.put(old, None)
    author.notice()


def asked(*news: tuple[str, str | None]) -> tuple[Author, Author]:
    """Return two, the first of whom ended when the news were on their way to the disk."""
    alice, bob = pair(("a.twee", HALL + STAIRS))
    for path, content in news:
        bob.put(path, content)
    bob.notice()
    alice.hear(bob.updates)
    return alice, bob


@pytest.mark.parametrize("moved", [False, True])
def test_who_renames_a_file_that_was_written_just_before_the_process_died_has_renamed_it(
    moved: bool,
) -> None:
    news = HALL + STAIRS.replace("third", "fourth")
    alice, bob = asked(("b.twee", news), ("a.twee", None if moved else HALL + STAIRS))
    alice.put("c.twee", news.replace("very cold", "ice-cold"))
    if moved:
        alice.put("a.twee", None)
    alice.crash()
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.folder.keys() == {"c.twee"} | (set() if moved else {"a.twee"})
    assert alice.text("c.twee") == news.replace("very cold", "ice-cold")


def test_a_copy_of_what_is_there_is_no_new_name_of_what_was_never_written() -> None:
    news = WALL + STAIRS.replace("Stairs", "Steps")
    alice, bob = asked(("b.twee", news))
    alice.put("c.twee", HALL + STAIRS.replace("narrow", "broad"))
    alice.crash()
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("b.twee") == news
    assert alice.text("c.twee") == HALL + STAIRS.replace("narrow", "broad")


def test_what_was_written_and_is_there_has_no_other_name() -> None:
    news = WALL + STAIRS.replace("Stairs", "Steps")
    alice, bob = asked(("b.twee", news))
    alice.put("b.twee", news)
    alice.put("c.twee", news.replace("third", "fourth"))
    alice.crash()
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.folder.keys() == {StoryPath(f"{name}.twee") for name in "abc"}
    assert alice.text("b.twee") == news


TALE = HALL + STAIRS.replace("Stairs", "Steps") + WALL.replace("Wall", "Yard")


@pytest.mark.parametrize(
    "text",
    [HALL, HALL + "".join(f":: New {i}\nNobody wrote this before, {i} times.\n" for i in range(9))],
)
def test_a_file_that_shrank_or_grew_much_and_got_another_name_is_the_same(text: str) -> None:
    """A co-author gave it another name, too."""
    alice, bob = pair(("a.twee", TALE if text == HALL else HALL))
    bob.put("b.twee", bob.text("a.twee"))
    bob.save("a.twee", None)
    alice.put("c.twee", text)
    alice.put("a.twee", None)
    alice.hear(bob.updates)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert len(alice.folder) == 1
    assert list(alice.folder.values()) == [text.encode()]


def test_a_rename_seen_in_two_halves_is_one_although_a_co_author_renamed_the_file_too() -> None:
    alice, bob = pair(("a.twee", HALL + STAIRS))
    bob.put("b.twee", HALL + STAIRS)
    bob.save("a.twee", None)
    alice.put("a.twee", None)
    alice.hear(bob.updates)
    while alice.writes:  # What is to be removed is not there, and the watch will say why.
        write = alice.writes.pop(0)
        if isinstance(write, WriteFile) and write.content is not None:
            alice.put(write.path, write.content)
            alice.reported[write.path] = write.content
            alice._happened(alice.manuscript.wrote(write.path, write.content, 0.0))
        else:
            alice.manuscript.stuck(write.path, 0.0)
    assert alice.notice().change is None
    alice.save("c.twee", HALL + STAIRS.replace("third", "fourth"))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert list(alice.folder.values()) == [(HALL + STAIRS.replace("third", "fourth")).encode()]


def test_what_came_between_the_halves_of_a_rename_stays_although_the_process_died() -> None:
    """The first half looked like a removal, so what had come just before was to be written anew."""
    alice, bob = pair(("a.twee", HALL + STAIRS))
    news = STAIRS.replace("third", "third and the fourth")
    bob.save("a.twee", HALL + news)
    alice.put("a.twee", None)
    alice.hear(bob.updates)
    alice.writes.clear()
    alice.manuscript.stuck(StoryPath("a.twee"), 0.0)
    alice.notice()
    alice.writes.clear()
    alice.put("c.twee", HALL.replace("very cold", "ice-cold") + STAIRS)
    alice.crash()
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert "ice-cold" in alice.text("c.twee")
    assert any(b"third and the fourth" in each for each in alice.folder.values())


def test_a_rename_in_two_halves_is_one_although_we_were_about_to_remove_the_file() -> None:
    alice, bob = pair(("a.css", "h1 { color: dark red; margin: 0 }\n"))
    bob.put("b.css", bob.text("a.css"))
    bob.save("a.css", None)
    alice.hear(bob.updates)
    (removal,) = [write for write in alice.writes if write.path == "a.css"]
    alice.writes.remove(removal)
    alice.save("a.css", None)
    alice._happened(alice.manuscript.stuck(removal.path, alice.now))
    alice.write()
    alice.now += 1.0
    alice.save("c.css", "h1 { color: dark red; margin: 0 }\n")
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.folder.keys() == {StoryPath("c.css")}


def test_an_old_text_saved_under_a_name_that_a_new_file_has_goes_to_its_own() -> None:
    cave, lake = ":: Cave\nIt is dark in here, and cold.\n\n", ":: Lake\nBlack water, no wind.\n\n"
    alice, bob = pair(("a.twee", cave + lake))
    bob.put("b.twee", cave + lake)
    bob.save("a.twee", None)
    bob.save("a.twee", ":: Hut\nA hut of stone, quite another story.\n")
    exchange(alice, bob)
    for story in (cave.replace("cold", "damp"), cave.replace("cold", "damp and still")):
        alice.save("a.twee", story + lake)  # an editor that shows what the name once stood for
        exchange(alice, bob)
        assert alice.folder == bob.folder
        assert alice.text("b.twee") == story + lake
        assert alice.text("a.twee") == ":: Hut\nA hut of stone, quite another story.\n"


def test_an_old_text_saved_under_the_name_of_a_removed_file_spares_the_new_one() -> None:
    cave, lake = ":: Cave\nIt is dark in here, and cold.\n\n", ":: Lake\nBlack water, no wind.\n\n"
    hut = ":: Hut\nA hut of stone, quite another story.\n"
    alice, bob = pair(("a.twee", cave + lake))
    bob.save("a.twee", None)
    exchange(alice, bob)
    bob.save("a.twee", hut)
    exchange(alice, bob)
    alice.save("a.twee", cave.replace("cold", "damp and still") + lake)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert hut in alice.text("a.twee")
    assert "damp and still" in alice.text("a.twee")


def test_a_new_file_under_a_name_that_another_had_is_edited_as_it_is() -> None:
    cave = ":: Cave\nIt is dark in here, and cold.\n\n"
    alice, bob = pair(("a.twee", cave))
    bob.put("b.twee", cave)
    bob.save("a.twee", None)
    bob.save("a.twee", ":: Hut\nA hut of stone, quite another story.\n")
    exchange(alice, bob)
    alice.save("a.twee", ":: Hut\nA hut of wood, quite another story.\n" + cave)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee") == ":: Hut\nA hut of wood, quite another story.\n" + cave
    assert alice.text("b.twee") == cave


def test_a_new_file_under_a_name_that_its_author_gave_away_is_another() -> None:
    alice, bob = pair(("a.twee", HALL + STAIRS))
    rename(alice, "a.twee", "c.twee")
    bob.hear(alice.updates)
    rename(bob, "a.twee", "b.twee")  # before the other name is written
    bob.write()
    bob.save("a.twee", ":: Hut\nA hut of stone, quite another story.\n")
    exchange(alice, bob)
    assert alice.folder == bob.folder
    stories = [text.decode() for path, text in bob.folder.items() if path != "a.twee"]
    assert stories == [HALL + STAIRS]


def test_a_name_that_co_authors_changed_back_and_its_author_changes_again_deletes_nothing() -> None:
    alice, bob = pair(("a.twee", HALL + STAIRS))
    for names in (("a.twee", "b.twee"), ("b.twee", "a.twee")):
        rename(alice, *names)
        exchange(alice, bob)
    rename(bob, "a.twee", "b.twee")
    exchange(alice, bob)
    assert alice.folder == bob.folder == {StoryPath("b.twee"): (HALL + STAIRS).encode()}


def test_giving_a_file_its_old_name_back_in_two_halves_loses_nothing() -> None:
    alice, bob = pair(("a.twee", HALL + STAIRS))
    for names in (("a.twee", "b.twee"), ("b.twee", "a.twee")):
        rename(alice, *names)
        exchange(alice, bob)
    bob.save("b.twee", bob.text("a.twee"))
    bob.write()
    bob.now += 0.2
    bob.save("a.twee", None)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert list(bob.folder.values()) == [(HALL + STAIRS).encode()]
    for path in list(bob.folder):  # who really means it removes it once more
        bob.now += 120.0
        bob.save(path, None)
    exchange(alice, bob)
    assert alice.folder == bob.folder == {}


@pytest.mark.parametrize("halves", [False, True])
def test_an_editor_shows_what_it_had_opened_although_its_author_renamed_the_file(
    halves: bool,
) -> None:
    cave, lake = ":: Cave\nIt is dark in here, and cold.\n\n", ":: Lake\nBlack water, no wind.\n\n"
    alice, bob = pair(("a.twee", cave + lake))
    bob.save("a.twee", cave + lake.replace("no wind", "no wind, and nobody anywhere near"))
    exchange(alice, bob)
    text = alice.text("a.twee")
    if halves:
        alice.save("a.twee", None)
        alice.now += 1.0
    else:
        alice.put("a.twee", None)
    alice.save("b.twee", text)
    alice.save("b.twee", cave.replace("cold", "damp") + lake)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert "nobody anywhere near" in alice.text("b.twee")
    assert "damp" in alice.text("b.twee")


def test_some_of_an_old_text_saved_under_an_old_name_goes_to_its_own() -> None:
    cave, lake = ":: Cave\nIt is dark in here, and cold.\n\n", ":: Lake\nBlack water, no wind.\n\n"
    hut = ":: Hut\nA hut of stone, with one door and a window, and quite another story.\n\n"
    alice, bob = pair(("a.twee", hut + cave + lake), ("c.twee", ":: End\nThe end.\n\n"))
    bob.put("b.twee", hut + cave + lake)
    bob.save("a.twee", None)
    exchange(alice, bob)
    alice.put("a.twee", lake.replace("Black", "Green"))
    alice.put("c.twee", ":: End\nThe end.\n\n" + hut.replace("quite another", "one more"))
    alice.notice()
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert "".join(map(alice.text, sorted(alice.folder))).count("A hut of stone") == 1
    assert "".join(map(alice.text, sorted(alice.folder))).count(" water, no wind") == 1


HUT = ":: Hut\nA hut of stone stands beside the lake, and smoke comes from its roof.\n\n"
ROAD = ":: Road\nThe road goes on and on, over hills and through the dark woods.\n\n"


@pytest.mark.parametrize("top", ["", "Of the old house.\n"])
def test_who_empties_a_new_file_spares_the_one_that_had_its_name(top: str) -> None:
    alice, bob = pair(("a.twee", top + HALL + STAIRS))
    moved = top + HALL + STAIRS.replace("third", "fourth")
    bob.save("a.twee", moved)
    rename(bob, "a.twee", "b.twee")
    bob.save("a.twee", HUT)
    alice.hear(bob.updates)
    alice.write()  # The second write of the name brings the new file at once.
    alice.save("a.twee", "")
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("b.twee") == moved
    assert alice.text("a.twee") == ""


@pytest.mark.parametrize("top", ["", "Of the old house.\n"])
def test_who_pastes_from_a_file_that_shared_a_name_deletes_nothing_of_it(top: str) -> None:
    """Two made files of one name; one of the two has another name since."""
    alice, bob = Author(1), Author(2)
    alice.save("a.twee", top + HALL + STAIRS)
    bob.save("a.twee", HUT + ROAD)
    bob.hear(alice.updates)
    bob.write()
    rename(alice, "a.twee", "b.twee")
    bob.hear(alice.updates)
    bob.write()
    pasted = STAIRS.replace("narrow", "steep, narrow")
    bob.save("a.twee", HUT + pasted + "\n" + ROAD)
    bob.save("b.twee", top + HALL)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    everything = "".join(map(alice.text, alice.folder))
    assert all(each in everything for each in (top, HALL, pasted, HUT, ROAD))


def test_an_old_text_saved_under_the_name_of_a_removed_file_spares_a_new_one_that_was_edited() -> (
    None
):
    cave, lake = ":: Cave\nIt is dark in here, and cold.\n\n", ":: Lake\nBlack water, no wind.\n\n"
    hut, end = ":: Hut\nA hut of stone, quite another story.\n\n", ":: End\nThe end of it all.\n"
    alice, bob = pair(("a.twee", cave + lake))
    for text in (None, hut + end, hut.replace("stone", "wood") + end):
        bob.save("a.twee", text)
        exchange(alice, bob)
    alice.save("a.twee", cave.replace("cold", "damp and still") + lake)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert "A hut of wood" in alice.text("a.twee")
    assert end in alice.text("a.twee")
    assert "damp and still" in alice.text("a.twee")


def test_who_removes_a_file_that_just_took_the_name_of_another_does_not_remove_that_one() -> None:
    (alice, bob), carol = pair(("a.twee", HALL + STAIRS)), Author(3)
    exchange(alice, bob, carol)
    rename(bob, "a.twee", "b.twee")
    carol.hear(bob.updates)
    carol.write()
    carol.now += 1
    carol.save("a.twee", ":: Hut\nA hut of stone, quite another story.\n")
    alice.hear(reversed(carol.updates))
    alice.write()
    assert alice.text("b.twee") == HALL + STAIRS
    alice.save("a.twee", None)
    exchange(alice, bob, carol)
    assert alice.folder == bob.folder
    assert alice.text("b.twee") == HALL + STAIRS


def test_what_had_just_left_a_file_is_not_removed_with_it() -> None:
    alice, bob = pair(("a.twee", HALL + STAIRS), ("b.twee", WALL))
    bob.save("a.twee", STAIRS + ":: Hut\nA hut of stone, quite another story.\n")
    alice.hear(bob.updates)
    alice.write()
    alice.put("a.twee", None)
    bob.save("a.twee", HALL + bob.text("a.twee"))
    alice.hear(bob.updates)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert HALL in alice.text("a.twee")
    assert "Stairs" not in alice.text("a.twee")


def test_a_copy_of_what_a_co_author_had_carried_out_of_a_removed_file_is_not_that_file() -> None:
    hall = HALL.replace("a fire", "a small fire")
    alice, bob = pair(("a.twee", HALL), ("b.twee", STAIRS))
    bob.save("b.twee", hall + STAIRS)
    bob.save("a.twee", None)
    alice.save("a.twee", None)
    alice.hear(bob.updates)
    alice.write()
    alice.save("c.twee", hall)
    alice.save("b.twee", STAIRS)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("c.twee") == hall
    assert alice.text("b.twee") == STAIRS


def test_another_file_saved_while_we_remove_one_of_its_name_is_another() -> None:
    hut = ":: Hut\nA hut of stone, quite another story.\n"
    alice, bob = pair(("a.twee", HALL + STAIRS))
    rename(bob, "a.twee", "b.twee")
    alice.hear(bob.updates)
    alice.write()
    alice.save("a.twee", hut)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee") == hut
    assert alice.text("b.twee") == HALL + STAIRS


@pytest.mark.parametrize("top", ["", "Of the old house.\n"])
def test_who_removes_a_file_spares_one_that_shared_its_name_until_just_now(top: str) -> None:
    alice, bob, carol = Author(1), Author(2), Author(3)
    alice.save("a.twee", top + HALL + STAIRS)
    bob.save("a.twee", HUT + ROAD)
    exchange(bob, carol)
    bob.hear(alice.updates)
    bob.write()
    bob.now += 100.0
    rename(alice, "a.twee", "b.twee")
    carol.save("a.twee", HUT + ROAD.replace("dark", "darkest"))
    bob.hear([*alice.updates, *carol.updates])
    bob.write()
    bob.save("a.twee", None)
    exchange(alice, bob, carol)
    assert alice.folder == bob.folder
    assert alice.text("b.twee") == top + HALL + STAIRS


def test_an_old_text_saved_long_after_its_file_went_takes_nothing_from_other_files() -> None:
    alice, bob = pair(("a.twee", HALL + STAIRS), ("b.twee", WALL))
    bob.save("b.twee", WALL + STAIRS)
    bob.save("a.twee", HALL)
    bob.save("a.twee", None)
    exchange(alice, bob)
    alice.now += 10 * RENAME_SECONDS
    alice.save("a.twee", HALL.replace("a fire", "a small fire") + STAIRS)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee").rstrip() == HALL.replace("a fire", "a small fire").rstrip()
    assert alice.text("b.twee") == WALL + STAIRS


def test_a_file_that_its_author_removed_long_ago_may_be_brought_back_whole() -> None:
    alice, bob = pair(("a.twee", HALL + STAIRS))
    alice.save("a.twee", None)
    exchange(alice, bob)
    alice.now += 10 * RENAME_SECONDS
    alice.save("a.twee", HALL + STAIRS)
    exchange(alice, bob)
    assert alice.folder == bob.folder == {StoryPath("a.twee"): (HALL + STAIRS).encode()}


def test_an_old_text_saved_under_the_name_that_another_name_outdid_is_that_file() -> None:
    alice, bob = pair(("a.twee", HALL + STAIRS))
    rename(alice, "a.twee", "b.twee")
    rename(bob, "a.twee", "c.twee")
    exchange(alice, bob)
    (now,) = alice.folder
    mine, outdid = (alice, "b.twee") if now == "c.twee" else (bob, "c.twee")
    mine.now += 10 * RENAME_SECONDS
    mine.save(outdid, HALL.replace("a fire", "a small fire") + STAIRS)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.folder == {now: (HALL.replace("a fire", "a small fire") + STAIRS).encode()}


def test_an_old_buffer_saved_under_a_new_name_in_the_same_moment_is_the_old_file() -> None:
    start, end = ":: Start\nYou stand here.\n\n", ":: End\nThe end of it all.\n"
    cave = ":: Cave\nIt is dark here and something breathes in the back.\n\n"
    lake = ":: Lake\nThe water is black and still, and nobody comes here.\n\n"
    alice, bob = pair(("a.twee", start + cave), ("b.twee", end))
    bob.put("a.twee", start + lake + lake.replace("Lake", "Sea").replace("black", "green"))
    bob.put("b.twee", cave + end)
    bob.notice()
    alice.hear(bob.updates)
    alice.write()
    alice.put("a.twee", None)
    alice.put("c.twee", (start + cave).replace("stand here", "wait here"))
    alice.notice()
    exchange(alice, bob)
    assert alice.folder == bob.folder
    texts = b"".join(alice.folder.values())
    assert texts.count(b"breathes") == texts.count(b"nobody comes here") / 2 == 1
    assert b"wait here" in alice.folder[StoryPath("c.twee")]


@pytest.mark.parametrize("is_old", [True, False])
def test_a_name_that_a_co_author_gave_anew_is_not_here_yet(is_old: bool) -> None:
    """What an old editor saves under it is old text; what is new under it is new."""
    cave = ":: Cave\nIt is dark here and something breathes in the back.\n\n"
    lake = ":: Lake\nThe water is black and still, and nobody comes here.\n\n"
    alice, bob = pair(("a.twee", cave))
    bob.put("c.twee", cave)
    bob.put("a.twee", None)
    bob.notice()
    alice.hear(bob.updates)
    alice.write()
    bob.save("a.twee", lake)
    alice.hear(bob.updates)
    pit = ":: Pit\nDeep and wide and full of old bones.\n"
    alice.put("a.twee", cave.replace("dark here", "very dark here") if is_old else pit)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    texts = b"".join(alice.folder.values())
    assert texts.count(b"breathes") == texts.count(b"nobody comes") == 1
    assert (b"very dark here" if is_old else b"old bones") in texts


def test_an_old_text_under_an_old_name_does_not_hide_that_its_author_renamed_the_file() -> None:
    alice, bob = pair(("a.twee", HALL + STAIRS))
    rename(bob, "a.twee", "b.twee")
    exchange(alice, bob)
    alice.put("b.twee", None)
    alice.put("c.twee", HALL.replace(":: Hall", ":: Great hall") + STAIRS)
    alice.put("a.twee", HALL + STAIRS + "Mind the gap.\n")
    alice.crash()  # what was done while nothing ran
    exchange(alice, bob)
    assert alice.folder == bob.folder
    text = HALL.replace(":: Hall", ":: Great hall") + STAIRS + "Mind the gap.\n"
    assert alice.folder == {StoryPath("c.twee"): text.encode()}


def test_a_file_may_have_its_old_name_back_while_nothing_runs() -> None:
    alice, bob = pair(("a.twee", HALL + STAIRS))
    rename(bob, "a.twee", "b.twee")
    exchange(alice, bob)
    alice.put("b.twee", None)
    alice.put("a.twee", HALL + STAIRS + "Mind the gap.\n")
    alice.crash()
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.folder == {StoryPath("a.twee"): (HALL + STAIRS + "Mind the gap.\n").encode()}


def test_old_text_that_grew_is_known_again_under_a_name_that_another_file_has() -> None:
    cave, lake = ":: Cave\nIt is dark here.\n\n", ":: Lake\nThe water is black.\n"
    alice, bob = pair(("a.twee", cave))
    rename(bob, "a.twee", "c.twee")
    bob.save("a.twee", lake)
    exchange(alice, bob)
    pit = ":: Pit\nDeep and wide and full of old bones that nobody has ever come to count.\n\n"
    alice.save("a.twee", cave + pit + pit.replace("Pit", "Hole").replace("old bones", "coins"))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    texts = b"".join(alice.folder.values())
    assert [texts.count(each) for each in (b"dark", b"water", b"bones", b"coins")] == [1] * 4
