"""whisker_sync.manuscript.manuscript: saves, merges, writes and crashes, with two authors."""

from __future__ import annotations

from random import Random

import pytest

from tests.manuscript.world import Author, exchange, pair, sha256
from whisker_sync.chunks import MAX_WHOLE
from whisker_sync.document import Document
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.files import FileSeen, Outcome, WriteAsset, WriteFile
from whisker_sync.manuscript.limits import MAX_TEXT_BYTES, RENAME_SECONDS
from whisker_sync.manuscript.manuscript import Manuscript
from whisker_sync.manuscript.schema import STORY_SCHEMA
from whisker_sync.story.twee import parse_header

CAVE = (
    ":: Start\nYou stand before a cave. The wind is cold.\n\n"
    ":: Cave [dark]\nIt is dark here and something breathes in the back.\n\n"
    ":: End\nThe end of it all.\n"
)
PNG = b"\x89PNG\r\n\x1a\n\0\0"


def ids(author: Author, path: str = "a.twee") -> dict[str, str]:
    """Return the ids of the passages of a file by name."""
    passages = author.document.records("P")
    return {str(fields["n"]): id_ for id_, fields in passages.items()}


# Nothing from nothing.


@pytest.mark.parametrize(
    "content",
    [
        b"",
        CAVE.encode(),
        CAVE.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + CAVE.encode(),
        b"prologue only",
        b"a\r\nb\nc\r",
        b":: \n::\n:: [\n\n\n::: x {\n text \t\n\n",
        b":: No newline at the end",
        PNG,
        b"\xff\xfe not utf-8",
    ],
)
def test_any_file_comes_out_as_it_went_in(content: bytes) -> None:
    alice, bob = pair(("a.twee", content), ("b.css", content))
    assert bob.folder == {"a.twee": content, "b.css": content}
    assert alice.resume() == Outcome()
    assert bob.resume() == Outcome()


def test_seeing_our_own_write_is_no_news() -> None:
    alice, bob = pair(("a.twee", CAVE))
    assert bob.manuscript.saw([FileSeen(StoryPath("a.twee"), CAVE.encode())], 0.0) == Outcome()
    assert alice.manuscript.merged([]) == Outcome()


def test_a_file_that_was_never_there_is_not_missed() -> None:
    alice = Author(1)
    assert alice.manuscript.saw([FileSeen(StoryPath("a.twee"), None)], 0.0) == Outcome()


def test_a_word_is_all_that_a_saved_word_costs() -> None:
    alice, _ = pair(("a.twee", CAVE))
    outcome = alice.save("a.twee", CAVE.replace("cold", "icy"))
    assert outcome.change is not None
    assert {root[:2] for root, _ in outcome.change.touched} == {"b:"}
    assert len(outcome.change.update) < 60
    assert outcome.writes == ()


# Merging.


def test_words_of_two_authors_meet_in_one_passage() -> None:
    alice, bob = pair(("a.twee", CAVE))
    alice.save("a.twee", CAVE.replace("cold", "icy"))
    bob.save("a.twee", CAVE.replace("a cave", "a huge cave"))
    exchange(alice, bob)
    assert "before a huge cave. The wind is icy." in alice.text("a.twee")
    assert alice.folder == bob.folder


def test_a_save_is_compared_with_what_its_author_saw_not_with_the_document() -> None:
    alice, bob = pair(("a.twee", CAVE))
    alice.save("a.twee", CAVE.replace("cold", "icy"))
    bob.hear(list(alice.updates))  # Bob's disk does not have it yet.
    bob.save("a.twee", CAVE.replace("The end", "The very end"))
    exchange(alice, bob)
    assert "icy" in bob.text("a.twee")
    assert "very end" in bob.text("a.twee")


def test_a_save_merged_with_live_edits_is_written_back() -> None:
    alice, bob = pair(("a.twee", CAVE))
    alice.save("a.twee", CAVE.replace("cold", "icy"))
    bob.hear(list(alice.updates))
    bob.writes.clear()
    bob.crash()
    bob.writes.clear()
    found = CAVE.replace("end of", "end to").encode()
    outcome = Manuscript(bob.document, bob.facts, Random(0)).resume(
        [FileSeen(StoryPath("a.twee"), found)], 0.0
    )
    (write,) = outcome.writes
    assert isinstance(write, WriteFile)
    assert write.expected == sha256(found)
    assert b"icy" in (write.content or b"")
    assert b"end to" in (write.content or b"")


def test_a_renamed_passage_keeps_its_identity_and_the_words_others_write_in_it() -> None:
    alice, bob = pair(("a.twee", CAVE))
    before = ids(alice)["Cave"]
    alice.save("a.twee", CAVE.replace(":: Cave", ":: Grotto"))
    bob.save("a.twee", CAVE.replace("something", "somebody"))
    exchange(alice, bob)
    assert ids(bob)["Grotto"] == before
    assert ":: Grotto [dark]\nIt is dark here and somebody breathes" in bob.text("a.twee")


def test_two_who_move_a_passage_on_the_map_leave_one_of_the_places_and_whole_json() -> None:
    alice, bob = pair(("a.twee", ':: A {"position":"100,200","size":"100,100"}\nText.\n'))
    moved = (':: A {"position":"150,200","size":"100,100"}', ':: A {"position":"175,40"}')
    for author, header in zip((alice, bob), moved, strict=True):
        author.save("a.twee", f"{header}\nText.\n")
    exchange(alice, bob)
    assert alice.folder == bob.folder
    metadata = parse_header(alice.text("a.twee").split("\n")[0]).metadata
    assert metadata in ({"position": '"150,200"'}, {"position": '"175,40"'})


def test_tags_and_metadata_merge_one_by_one() -> None:
    alice, bob = pair(("a.twee", ':: A [x] {"position":"1,2","size":"3,4"}\nText.\n'))
    alice.save("a.twee", ':: A [x y] {"position":"9,9","size":"3,4"}\nText.\n')
    bob.save("a.twee", ':: A [z] {"position":"1,2","size":"8,8"}\nText.\n')
    exchange(alice, bob)
    assert alice.folder == bob.folder
    header = alice.text("a.twee").split("\n")[0]
    assert all(piece in header for piece in ("y", "z", '"9,9"', '"8,8"'))
    assert "x" not in header.replace("size", "")


def test_a_header_keeps_its_spelling_when_only_the_body_changes() -> None:
    header = '::   Odd   [ b  a ]   {"z" : "1" , "position":"1,2"}'
    alice, bob = pair(("a.twee", f"{header}\nText here.\n"))
    alice.save("a.twee", f"{header}\nText there.\n")
    exchange(alice, bob)
    assert bob.text("a.twee") == f"{header}\nText there.\n"


def test_a_formatter_does_not_stop_others_from_writing() -> None:
    alice, bob = pair(("a.twee", CAVE))
    alice.save("a.twee", CAVE.replace(". ", ".\n"))
    bob.save("a.twee", CAVE.replace("cold", "icy"))
    exchange(alice, bob)
    assert "cave.\nThe wind is icy." in alice.text("a.twee")


def test_converting_line_ends_is_one_register() -> None:
    alice, bob = pair(("a.twee", CAVE))
    outcome = alice.save("a.twee", CAVE.replace("\n", "\r\n"))
    assert outcome.change is not None
    assert {root for root, _ in outcome.change.touched} == {"F"}
    bob.save("a.twee", CAVE.replace("cold", "icy"))
    exchange(alice, bob)
    assert bob.text("a.twee") == CAVE.replace("cold", "icy").replace("\n", "\r\n")


def test_a_passage_that_did_not_end_its_line_does_not_swallow_the_next() -> None:
    alice, bob = pair(("a.twee", ":: A\nfirst"))
    alice.save("a.twee", ":: A\nfirst\n:: B\nsecond")
    bob.save("a.twee", ":: A\nfirst\n:: C\nthird")
    exchange(alice, bob)
    assert sorted(alice.text("a.twee").split("\n")) == sorted(
        [":: A", "first", ":: B", "second", ":: C", "third"]
    )


# Order.


def test_a_moved_passage_moves_and_keeps_what_others_write() -> None:
    alice, bob = pair(("a.twee", CAVE))
    start, cave, end = (":: " + piece for piece in CAVE.split(":: ")[1:])
    alice.save("a.twee", start + end + "\n" + cave)
    bob.save("a.twee", CAVE.replace("dark here", "very dark here"))
    exchange(alice, bob)
    names = [line for line in bob.text("a.twee").split("\n") if line.startswith("::")]
    assert names == [":: Start", ":: End", ":: Cave [dark]"]
    assert "very dark" in bob.text("a.twee")


def test_passages_inserted_at_one_spot_by_two_authors_do_not_mix() -> None:
    alice, bob = pair(("a.twee", CAVE))
    ours = "".join(f":: A{i}\nOurs {i}.\n\n" for i in range(5))
    theirs = "".join(f":: B{i}\nTheirs {i}.\n\n" for i in range(5))
    alice.save("a.twee", CAVE.replace(":: Cave", ours + ":: Cave"))
    bob.save("a.twee", CAVE.replace(":: Cave", theirs + ":: Cave"))
    exchange(alice, bob)
    assert ours in alice.text("a.twee")
    assert theirs in alice.text("a.twee")


# Deleting.


def test_a_deleted_passage_is_gone_for_everybody() -> None:
    alice, bob = pair(("a.twee", CAVE))
    start, _, end = (":: " + piece for piece in CAVE.split(":: ")[1:])
    alice.save("a.twee", start + end)
    exchange(alice, bob)
    assert bob.text("a.twee") == start + end


def test_an_edit_made_meanwhile_brings_a_deleted_passage_back() -> None:
    alice, bob = pair(("a.twee", CAVE))
    start, _, end = (":: " + piece for piece in CAVE.split(":: ")[1:])
    alice.save("a.twee", start + end)
    bob.save("a.twee", CAVE.replace("something", "somebody"))
    exchange(alice, bob)
    assert "somebody breathes" in alice.text("a.twee")
    assert alice.folder == bob.folder


def test_a_formatter_does_not_bring_a_deleted_passage_back() -> None:
    alice, bob = pair(("a.twee", CAVE))
    start, _, end = (":: " + piece for piece in CAVE.split(":: ")[1:])
    alice.save("a.twee", start + end)
    bob.save("a.twee", CAVE.replace("here and", "here\nand"))
    exchange(alice, bob)
    assert "Cave [dark]" not in alice.text("a.twee")


def test_what_is_pasted_back_is_the_same_passage_again() -> None:
    alice, bob = pair(("a.twee", CAVE))
    before = ids(alice)["Cave"]
    start, _, end = (":: " + piece for piece in CAVE.split(":: ")[1:])
    alice.save("a.twee", start + end)
    exchange(alice, bob)
    changed = bob.text("a.twee").replace("cold", "icy")
    bob.save("a.twee", changed)  # Now Bob's editor cannot have the old text any more.
    bob.save("a.twee", CAVE.replace("cold", "icy"))
    exchange(alice, bob)
    assert alice.text("a.twee") == CAVE.replace("cold", "icy")
    assert ids(alice)["Cave"] == before
    assert len(alice.document.records("P")) == 3


def test_a_co_author_who_moved_a_passage_away_wins_over_a_deletion() -> None:
    alice, bob = pair(("a.twee", CAVE), ("b.twee", ":: Other\nOther text.\n"))
    start, cave, end = (":: " + piece for piece in CAVE.split(":: ")[1:])
    alice.put("a.twee", start + end)
    alice.put("b.twee", ":: Other\nOther text.\n\n" + cave)
    alice.notice()
    bob.hear(list(alice.updates))  # Known here, but not written yet.
    bob.save("a.twee", start + end)
    exchange(alice, bob)
    assert "something breathes" in bob.text("b.twee")
    assert "something breathes" not in bob.text("a.twee")


# Files.


def test_a_deleted_file_is_deleted_everywhere() -> None:
    alice, bob = pair(("a.twee", CAVE), ("b.css", "body {}\n"), ("c.png", PNG))
    for path in list(alice.folder):
        alice.put(path, None)
    alice.notice()
    exchange(alice, bob)
    assert bob.folder == {}


def test_an_edit_inside_a_deleted_file_brings_back_what_was_edited() -> None:
    alice, bob = pair(("a.twee", CAVE))
    alice.save("a.twee", None)
    bob.save("a.twee", CAVE.replace("something", "somebody"))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee").startswith(":: Cave [dark]\nIt is dark here and somebody")


def test_a_renamed_file_keeps_what_others_write_in_it() -> None:
    alice, bob = pair(("a.twee", CAVE))
    alice.put("b.twee", alice.text("a.twee"))
    alice.put("a.twee", None)
    alice.notice()
    bob.save("a.twee", CAVE.replace("cold", "icy"))
    exchange(alice, bob)
    assert alice.folder == bob.folder == {"b.twee": CAVE.replace("cold", "icy").encode()}


def test_a_rename_told_in_two_halves_is_a_rename() -> None:
    alice, bob = pair(("a.twee", CAVE))
    alice.save("a.twee", None)
    alice.now += RENAME_SECONDS
    alice.save("b.twee", CAVE)
    bob.save("a.twee", CAVE.replace("cold", "icy"))
    exchange(alice, bob)
    assert alice.folder == bob.folder == {"b.twee": CAVE.replace("cold", "icy").encode()}
    assert len(alice.document.records("P")) == 3


def test_after_a_minute_a_file_that_comes_back_elsewhere_is_another() -> None:
    alice, _ = pair(("a.twee", CAVE))
    alice.save("a.twee", None)
    alice.now += RENAME_SECONDS + 0.1
    alice.save("b.twee", CAVE)
    paths = [value for key, value in alice.document.values("F").items() if key.endswith("/p")]
    assert sorted(map(str, paths)) == ["a.twee", "b.twee"]


def test_two_who_rename_a_file_get_one_file_with_one_of_the_names() -> None:
    alice, bob = pair(("a.twee", CAVE))
    for author, name in ((alice, "b.twee"), (bob, "c.twee")):
        author.put(name, CAVE)
        author.put("a.twee", None)
        author.notice()
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert list(alice.folder.values()) == [CAVE.encode()]


def test_a_file_that_an_editor_deletes_and_writes_anew_stays_the_same_file() -> None:
    alice, bob = pair(("a.twee", CAVE))
    alice.save("a.twee", None)
    alice.save("a.twee", CAVE.replace("cold", "icy"))
    bob.save("a.twee", CAVE.replace("The end", "The very end"))
    exchange(alice, bob)
    assert alice.text("a.twee") == bob.text("a.twee")
    assert alice.text("a.twee").count("::") == 3
    assert "icy" in bob.text("a.twee")
    assert "very end" in bob.text("a.twee")


def test_two_who_make_a_file_of_one_name_get_both_contents_in_it() -> None:
    alice, bob = Author(1), Author(2)
    alice.save("a.twee", ":: A\nOurs.\n")
    bob.save("a.twee", ":: B\nTheirs.\n")
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert "Ours." in alice.text("a.twee")
    assert "Theirs." in alice.text("a.twee")


def test_the_same_file_made_by_two_is_there_once_and_stays_once() -> None:
    alice, bob = Author(1), Author(2)
    for author in (alice, bob):
        author.save("a.twee", CAVE)
        author.save("b.css", "body {}\n")
    exchange(alice, bob)
    assert alice.folder == bob.folder == {"a.twee": CAVE.encode(), "b.css": b"body {}\n"}
    alice.save("a.twee", CAVE.replace("cold", "icy"))
    bob.save("b.css", "body { margin: 0 }\n")
    exchange(alice, bob)
    assert alice.text("a.twee") == bob.text("a.twee") == CAVE.replace("cold", "icy")
    assert alice.text("b.css") == "body { margin: 0 }\n"
    alice.save("a.twee", None)
    exchange(alice, bob)
    assert bob.folder == {"b.css": b"body { margin: 0 }\n"}


def test_a_copy_that_an_author_makes_of_a_passage_stays() -> None:
    alice, bob = pair(("a.twee", CAVE))
    cave = ":: " + CAVE.split(":: ")[2]
    bob.save("a.twee", CAVE + "\n" + cave)
    exchange(alice, bob)
    assert alice.text("a.twee").count("something breathes") == 2


def test_one_change_that_comes_to_two_folders_by_another_way_is_there_once() -> None:
    alice, bob = pair(("a.twee", CAVE), ("b.css", "body {}\n"))
    for author in (alice, bob):  # Both pull from one repository, or format when they save.
        author.put("a.twee", CAVE.replace("cold", "icy and wet").replace("before", "in front of"))
        author.put("b.css", "body {}\nh1 { color: red }\n")
        author.notice()
    bob.save("a.twee", bob.text("a.twee").replace("The end", "The very end"))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee") == CAVE.replace("cold", "icy and wet").replace(
        "before", "in front of"
    ).replace("The end", "The very end")
    assert alice.text("b.css") == "body {}\nh1 { color: red }\n"


def test_a_passage_moved_to_another_file_keeps_what_others_write_in_it() -> None:
    alice, bob = pair(("a.twee", CAVE), ("b.twee", ":: Other\nOther text.\n"))
    start, cave, end = (":: " + piece for piece in CAVE.split(":: ")[1:])
    alice.put("a.twee", start + end)
    alice.put("b.twee", ":: Other\nOther text.\n\n" + cave)
    alice.notice()
    bob.save("a.twee", CAVE.replace("something", "somebody"))
    exchange(alice, bob)
    assert "somebody breathes" in bob.text("b.twee")
    assert "breathes" not in bob.text("a.twee")


# Binary files.


def test_a_picture_travels_by_its_name_and_is_written_when_its_content_is_here() -> None:
    alice, bob = Author(1), Author(2)
    outcome = alice.save("map.png", PNG)
    assert outcome.assets == ((sha256(PNG), PNG),)
    bob.hear(list(alice.updates))
    assert bob.writes == []
    assert bob.manuscript.assets() == {sha256(PNG)}
    bob.fetch([alice])
    assert bob.writes == [WriteAsset(StoryPath("map.png"), sha256(PNG) or b"", None)]
    exchange(alice, bob)
    assert bob.folder == {"map.png": PNG}


def test_a_picture_that_its_author_has_under_another_name_already_is_written() -> None:
    alice, bob = Author(1), Author(2)
    exchange(alice, bob)
    bob.save("map.png", PNG)
    alice.hear(bob.updates)  # but not yet the picture itself
    alice.save("plan.png", PNG)
    alice.write()
    assert alice.folder == {"map.png": PNG, "plan.png": PNG}


def test_a_picture_replaced_while_another_deletes_it_stays() -> None:
    alice, bob = pair(("map.png", PNG))
    alice.save("map.png", PNG + b"2")
    bob.save("map.png", None)
    exchange(alice, bob)
    assert alice.folder == bob.folder == {"map.png": PNG + b"2"}


def test_of_two_pictures_that_replace_one_at_once_both_stay() -> None:
    alice, bob = pair(("map.png", PNG))
    one, two = PNG + b"alice", PNG + b"bob"
    alice.save("map.png", one)
    bob.save("map.png", two)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert set(alice.folder.values()) == {one, two}
    (beside,) = alice.folder.keys() - {"map.png"}
    assert beside == "map (somebody, 1 Jan 00.00).png"
    told = [problem for author in (alice, bob) for problem in author.problems]
    assert len(told) == 1
    assert beside in told[0]
    alice.save("map.png", PNG + b"again")
    exchange(alice, bob)
    assert bob.folder == alice.folder
    assert len(bob.folder) == 2, "it is done once"


def test_of_two_new_pictures_of_one_name_both_stay() -> None:
    alice, bob = Author(1), Author(2)
    alice.save("map.png", PNG + b"alice")
    bob.save("map.png", PNG + b"bob")
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert set(alice.folder.values()) == {PNG + b"alice", PNG + b"bob"}


def test_a_picture_that_was_made_from_ours_replaces_it() -> None:
    alice, bob = pair(("map.png", PNG))
    for number in range(12):
        (alice, bob)[number % 2].save("map.png", PNG + b"%d" % number)
        exchange(alice, bob)
    assert alice.folder == bob.folder == {"map.png": PNG + b"11"}


def test_several_versions_that_come_at_once_replace_what_they_were_made_from() -> None:
    alice, bob = pair(("map.png", PNG))
    alice.save("map.png", PNG + b"mine")
    exchange(alice, bob)
    for number in range(4):
        bob.save("map.png", PNG + b"%d" % number)
    exchange(alice, bob)
    assert alice.folder == bob.folder == {"map.png": PNG + b"3"}


def test_a_restart_does_not_forget_what_was_saved_here() -> None:
    alice, bob = pair(("map.png", PNG))
    for author in (alice, bob):
        author.save("map.png", PNG + b"of %d" % id(author))
        author.crash()
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert len(alice.folder) == 2


def test_a_text_may_become_binary_and_text_again() -> None:
    alice, bob = pair(("notes", "some text\n"))
    alice.save("notes", PNG)
    exchange(alice, bob)
    assert bob.folder == {"notes": PNG}
    bob.save("notes", "other text\n")
    exchange(alice, bob)
    assert alice.folder == {"notes": b"other text\n"}


def test_a_story_that_is_not_utf8_is_shared_as_a_whole_with_a_word_about_it() -> None:
    alice = Author(1)
    outcome = alice.save("a.twee", ":: Café\n".encode("latin-1"))
    assert "UTF-8" in outcome.problems[0].sentence
    assert outcome.assets


# Limits.


@pytest.mark.parametrize(
    ("start", "limit"), [(b"text ", MAX_TEXT_BYTES), (b"\0binary", 2 * MAX_WHOLE)]
)
def test_a_file_above_the_limit_is_left_alone_on_both_sides(
    start: bytes, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for room in ("contents", "reading", "render", "settling"):
        monkeypatch.setattr(f"whisker_sync.manuscript.{room}.MAX_ASSET_BYTES", 2 * MAX_WHOLE)
    alice, bob = pair(("a.dat", start))
    large = start.ljust(limit + 1)
    outcome = alice.save("a.dat", large)
    assert outcome.change is None
    assert f"{limit:,}" in outcome.problems[0].sentence
    exchange(alice, bob)
    assert bob.folder == {"a.dat": start}
    assert alice.folder == {"a.dat": large}
    alice.save("a.dat", large[:-1])
    exchange(alice, bob)
    assert bob.folder == {"a.dat": large[:-1]}


def test_a_new_text_above_the_limit_is_shared_as_a_whole_with_a_word_about_it() -> None:
    alice, bob = Author(1), Author(2)
    large = b":: Cave\n".ljust(MAX_TEXT_BYTES + 1, b"x")
    assert f"{MAX_TEXT_BYTES:,}" in alice.save("a.twee", large).problems[0].sentence
    exchange(alice, bob)
    assert bob.folder == {"a.twee": large}
    alice.save("a.twee", ":: Cave\nsmall again\n")
    exchange(alice, bob)
    assert bob.text("a.twee") == ":: Cave\nsmall again\n"


@pytest.mark.parametrize("list_", ["", "00", "0" * 64, "x" * 64])
def test_what_a_register_says_of_a_file_must_fit_its_size(list_: str) -> None:
    author = hostile(p="a.png", a=f"{'0' * 64} 5 {list_ or '-'} -")
    assert author.manuscript.assets() == ({bytes(32)} if not list_ else set())
    author = hostile(p="a.png", a=f"{'0' * 64} {MAX_WHOLE + 1} {list_ or '-'} -")
    expected = {(bytes(32), bytes(32), MAX_WHOLE + 1)} if list_ == "0" * 64 else set()
    assert author.manuscript.larges() == expected


def test_more_files_than_the_limit_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whisker_sync.manuscript.reading.MAX_FILES", 2)
    alice = Author(1)
    for i in range(3):
        alice.put(f"{i}.css", "x")
    outcome = alice.notice()
    assert [problem.path for problem in outcome.problems] == ["2.css"]
    assert alice.manuscript.paths() == ("0.css", "1.css")


# What others put into the document.


def hostile(**registers: str | int) -> Author:
    """Return an author whose document somebody else wrote, one file with these registers."""
    author = Author(1)
    with author.document.edit("network") as edit:
        edit.set("F", "00000000000000ff/p", "good.css")
        edit.insert("x:00000000000000ff", 0, "good")
        for name, value in registers.items():
            edit.set("F", f"00000000000000aa/{name}", value)
    author.manuscript = Manuscript(author.document, {}, Random(0))
    return author


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a\\b", "CON", ".git/hooks/x", "", 7])
def test_an_unsafe_path_is_a_problem_and_the_others_go_on(path: str | int) -> None:
    author = hostile(p=path)
    outcome = author.resume()
    assert len(outcome.problems) == 1
    assert [write.path for write in outcome.writes] == ["good.css"]
    assert author.manuscript.merged([("F", "00000000000000aa/p")]).problems == ()


def test_registers_that_make_no_sense_are_passed_over() -> None:
    author = hostile(p="x.twee", e="??", b="yes", a="zz 1")
    with author.document.edit("network") as edit:
        edit.create("P", "0123456789abcdef", {"at": 5, "n": 3.5, "g": None})
        edit.create("P", "not an id", {"at": "00000000000000aa A"})
        edit.create("P", "1123456789abcdef", {"at": "00000000000000aa !!", "n": "N"})
    author.manuscript = Manuscript(author.document, {}, Random(0))
    author.resume()
    author.write()
    assert "N" in author.text("x.twee")
    author.save("x.twee", author.text("x.twee") + "\n:: More\n")
    assert author.text("x.twee").endswith(":: More\n")


def test_names_that_differ_in_capital_letters_are_not_written_over_each_other() -> None:
    alice, bob = Author(1), Author(2)
    alice.save("Map.css", "ours")
    bob.save("map.css", "theirs")
    alice.hear(list(bob.updates))
    alice.write()
    assert alice.folder == {"Map.css": b"ours"}
    assert "capital letters" in alice.problems[0]


def test_a_file_renamed_only_in_its_capital_letters_is_removed_before_it_is_written() -> None:
    alice, bob = pair(("Map.css", "body {}"))
    alice.put("map.css", "body {}")
    alice.put("Map.css", None)
    alice.notice()
    bob.hear(list(alice.updates))
    assert [write.path for write in bob.writes] == ["Map.css", "map.css"]
    assert bob.problems == []


# First contact.


def test_a_folder_that_holds_the_same_already_is_adopted_without_an_edit() -> None:
    alice, bob = pair(("a.twee", CAVE), ("c.png", PNG))
    carol = Author(3)
    carol.hear(list(alice.updates))
    carol.writes.clear()
    carol.put("a.twee", CAVE)
    carol.put("c.png", PNG)
    outcome = carol.resume()
    assert outcome.change is None
    assert outcome.writes == ()
    assert bob.folder == carol.folder


def test_first_contact_deletes_and_overwrites_nothing_on_either_side() -> None:
    alice, bob = pair(("a.twee", CAVE), ("b.css", "one two three\n"), ("c.png", PNG))
    carol = Author(3)
    carol.hear(list(alice.updates))
    carol.crash()
    carol.writes.clear()
    carol.manuscript = Manuscript(carol.document, {}, Random(3))
    carol.facts.clear()
    carol.put(
        "a.twee", ":: Cave [wet]\nIt is wet here and something breathes.\n\n:: Mine\nMy own.\n"
    )
    carol.put("b.css", "one 2 three four\n")
    carol.put("c.png", PNG + b"other")
    carol.resume()
    exchange(alice, bob, carol)
    assert alice.folder == bob.folder == carol.folder
    text = alice.text("a.twee")
    for word in ("cold.", "dark", "wet", "in the back.", "My own.", "The end of it all."):
        assert word in text
    assert text.count("something breathes") == 1
    assert set(alice.text("b.css").split()) == {"one", "two", "2", "three", "four"}
    assert sorted(v for k, v in alice.folder.items() if k.endswith("png")) == [PNG, PNG + b"other"]
    assert alice.folder[StoryPath("c.png")] == PNG


@pytest.mark.parametrize("damage", [b"", b"junk", b"x\x9c\x03\x00\x00\x00\x00\x01"])
def test_a_damaged_shadow_never_deletes(damage: bytes) -> None:
    alice, bob = pair(("a.twee", CAVE))
    alice.save("a.twee", CAVE.replace("cold", "icy"))
    bob.hear(list(alice.updates))
    bob.writes.clear()
    bob.facts["shadow/a.twee"] = damage
    bob.put("a.twee", CAVE.split(":: End", maxsplit=1)[0])
    bob.crash()
    exchange(alice, bob)
    assert "The end of it all." in alice.text("a.twee")
    assert "icy" in bob.text("a.twee")


# Writes.


def outstanding() -> tuple[Author, Author]:
    """Return two authors; the second has been asked to write and has not yet."""
    alice, bob = pair(("a.twee", CAVE))
    alice.save("a.twee", CAVE.replace("cold", "icy"))
    bob.hear(list(alice.updates))
    assert len(bob.writes) == 1
    return alice, bob


def test_one_write_at_a_time_and_the_next_follows_from_its_answer() -> None:
    alice, bob = outstanding()
    alice.save("a.twee", alice.text("a.twee").replace("icy", "freezing"))
    bob.hear(list(alice.updates))
    assert len(bob.writes) == 1
    bob.write(1)
    (follow,) = bob.writes
    assert follow.expected == sha256(bob.folder[StoryPath("a.twee")])
    bob.write()
    assert bob.folder == alice.folder


def test_a_write_seen_before_it_is_answered_counts_as_answered() -> None:
    alice, bob = outstanding()
    (write,) = bob.writes
    assert isinstance(write, WriteFile)
    bob.put("a.twee", write.content)
    outcome = bob.notice()
    assert outcome.change is None
    assert outcome.writes == ()
    assert bob.manuscript.wrote(write.path, write.content, bob.now) == Outcome()
    assert bob.folder == alice.folder


def test_a_save_during_a_write_waits_and_is_compared_with_the_right_version() -> None:
    for late in (False, True):
        alice, bob = outstanding()
        if late:  # The write comes first, then the author saves, then the answer arrives.
            (write,) = bob.writes
            assert isinstance(write, WriteFile)
            bob.put("a.twee", write.content)
            bob.reported = dict(bob.folder)
            bob.save("a.twee", bob.text("a.twee").replace("is icy", "is icy and hot"))
            assert bob.manuscript.saw([], 0.0).change is None
            bob.writes.clear()
            outcome = bob.manuscript.wrote(write.path, write.content, bob.now)
            assert outcome.change is not None
            bob.updates[outcome.change.update] = None
            exchange(alice, bob)
            assert "is icy and hot" in alice.text("a.twee")
            assert "cold" not in alice.text("a.twee")
        else:
            bob.save("a.twee", CAVE.replace("The end", "The very end"))
            exchange(alice, bob)
            assert "icy" in bob.text("a.twee")
        assert alice.folder == bob.folder


def test_an_answer_that_never_comes_does_not_hold_a_save_for_ever() -> None:
    _, bob = outstanding()
    bob.writes.clear()
    assert bob.save("a.twee", CAVE.replace("The end", "The very end")).change is None
    bob.now += 5.0
    bob.put("b.css", "x")
    assert bob.notice().change is not None
    assert b"very end" in (bob.manuscript.render(StoryPath("a.twee")) or b"")


def test_a_write_that_fails_is_not_asked_for_again_at_once() -> None:
    _, bob = outstanding()
    (write,) = bob.writes
    assert bob.manuscript.kept(write.path, CAVE.encode(), 0.0).writes == ()
    assert [each.path for each in bob.manuscript.merged([]).writes] == ["a.twee"]


def test_a_write_that_failed_holds_up_neither_saves_nor_later_writes() -> None:
    alice, bob = outstanding()
    bob.writes.clear()
    assert bob.save("a.twee", CAVE.replace("The end", "The very end")).change is None
    outcome = bob.manuscript.stuck(StoryPath("a.twee"), bob.now)
    assert outcome.change is not None
    bob._happened(outcome)
    exchange(alice, bob)
    assert "icy" in bob.text("a.twee")
    assert "very end" in alice.text("a.twee")


def test_what_came_before_the_folder_was_read_is_written() -> None:
    alice, bob = Author(1), Author(2)
    alice.save("a.twee", CAVE)
    for update in alice.updates:
        bob.document.merge(update, "network")
    bob.resume()
    bob.write()
    assert bob.folder == alice.folder


# Crashes.


def test_a_write_that_was_not_carried_out_is_asked_for_again() -> None:
    alice, bob = outstanding()
    bob.crash()
    bob.write()
    assert bob.folder == alice.folder


def test_a_write_that_was_carried_out_but_not_noted_doubles_nothing() -> None:
    alice, bob = outstanding()
    before = dict(bob.facts)
    bob.write()
    bob.facts = before
    bob.crash()
    assert bob.writes == []
    exchange(alice, bob)
    assert alice.text("a.twee") == CAVE.replace("cold", "icy")


def test_a_save_during_a_crash_is_compared_with_the_nearer_version() -> None:
    for base in (CAVE, CAVE.replace("cold", "icy")):
        alice, bob = outstanding()
        bob.writes.clear()
        bob.put("a.twee", base.replace("The end", "The very end"))
        bob.crash()
        exchange(alice, bob)
        expected = CAVE.replace("cold", "icy").replace("The end", "The very end")
        assert alice.text("a.twee") == bob.text("a.twee") == expected


def test_a_save_whose_facts_were_not_kept_is_found_again() -> None:
    alice, bob = pair(("a.twee", CAVE))
    state = alice.document.encode()
    facts = dict(alice.facts)
    alice.save("a.twee", CAVE.replace("cold", "icy"))
    alice.document = Document.load("story", STORY_SCHEMA, 77, [state])
    alice.facts, alice.updates = facts, {}
    alice.crash()
    exchange(alice, bob)
    assert bob.text("a.twee") == CAVE.replace("cold", "icy")


def test_what_was_removed_while_nobody_looked_is_removed() -> None:
    alice, bob = pair(("a.twee", CAVE), ("b.css", "x"))
    alice.put("a.twee", None)
    alice.crash()
    exchange(alice, bob)
    assert bob.folder == {"b.css": b"x"}


# A passage whose header was taken away by a later version of ours.


def test_a_headless_passage_is_shown_behind_its_predecessor_and_edited_in_place() -> None:
    alice, bob = pair(("a.twee", CAVE))
    cave = ids(alice)["Cave"]
    with alice.document.edit("program") as edit:
        edit.set_field("P", cave, "h", 0)
    assert edit.change is not None
    alice.updates[edit.change.update] = None
    alice._happened(alice.manuscript.merged(edit.change.touched))
    exchange(alice, bob)
    assert "cold.\n\nIt is dark here" in bob.text("a.twee")
    bob.save("a.twee", bob.text("a.twee").replace("cold", "icy").replace("dark here", "dim here"))
    exchange(alice, bob)
    assert "dim here" in alice.document.text(f"b:{cave}")
    assert "icy" not in alice.document.text(f"b:{cave}")
    assert bob.resume() == Outcome()
