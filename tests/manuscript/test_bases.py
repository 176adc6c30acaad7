"""whisker_sync.manuscript.bases alone, and how a manuscript uses it."""

from __future__ import annotations

import pytest

from tests.manuscript.world import Author, exchange, pair, sha256
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.bases import opened
from whisker_sync.manuscript.files import FileSeen
from whisker_sync.manuscript.limits import MAX_VERSIONS, RENAME_SECONDS, UNSEEN_SECONDS
from whisker_sync.manuscript.shadow import Page, Part, Piece, Shadow, Staged, decode

OLD = ":: Cave [dark]\nIt is dark here and cold.\n\n:: End\nThe end of it all.\n"
NEW = OLD.replace("cold.", "cold. Something breathes in the back.")
NEWEST = NEW.replace(":: End\n", ":: The end\n")


def page(text: str) -> Page:
    start, *rest = text.split(":: ")
    parts = [Part(Piece.OWN, "0" * 16, start)]
    parts += [Part(Piece.PASSAGE, f"{i:016x}", f":: {each}") for i, each in enumerate(rest, 1)]
    return Page.of(tuple(parts), "\n", bom=False)


VERSIONS = [page(OLD), page(NEW), page(NEWEST)]


@pytest.mark.parametrize("version", range(3))
@pytest.mark.parametrize(
    "edit",
    [("dark here", "dim here"), ("it all", "all this"), (":: Cave", ":: New\nWet.\n\n:: Cave")],
)
def test_an_edit_of_a_version_was_made_from_that_version(
    version: int, edit: tuple[str, str]
) -> None:
    text = (OLD, NEW, NEWEST)[version].replace(*edit)
    assert opened(text, VERSIONS) == version


def test_who_deletes_some_of_what_others_wrote_has_seen_it() -> None:
    assert opened(NEWEST.replace(" in the back", ""), VERSIONS) == 2


def test_who_changes_what_others_deleted_has_not_seen_that() -> None:
    assert opened(NEW.replace("breathes in", "moves in"), [page(NEW), page(OLD)]) == 0


def test_two_who_delete_the_same_have_not_seen_each_other_if_news_are_missing() -> None:
    before = OLD + "".join(f"\n:: P{i}\nText number {i} of many.\n" for i in range(9))
    assert opened(OLD, [page(before), page(NEW)]) == 0


def test_what_went_and_came_again_is_no_news_in_the_version_before_that() -> None:
    lake = "\n:: Lake\nThe water is black and still.\n"
    versions = [page(OLD + lake), page(OLD), page(NEW + lake), page(NEW)]
    assert opened(OLD.replace(":: End\nThe end of it all.\n", ""), versions) == 1
    cut = OLD.replace(":: Cave [dark]\nIt is dark here and cold.\n\n", "")
    versions = [page(OLD + lake), page(cut), page(cut + lake), page(cut)]
    assert opened(OLD, versions) == 0


def test_who_cuts_what_was_split_off_has_seen_that() -> None:
    split = OLD.replace("It is dark here", "It\n\n:: Back\nis dark here")
    assert opened(
        split.replace(":: Back\nis dark here and cold.\n\n", ""), [page(OLD), page(split)]
    )


def test_what_was_pasted_from_another_file_is_no_old_text() -> None:
    lake = ":: Lake\nThe water is black and nobody comes here to swim at night.\n"
    before = OLD.replace("here and cold.", "here. " + lake.partition("\n")[2].strip())
    versions = [page(before), page(OLD.replace("here and cold.", "here."))]
    pasted = OLD.replace("here and cold.", "here.") + "\n" + lake
    assert opened(pasted, versions, [lake]) == 1


def test_what_came_and_went_again_says_nothing_against_what_came_later() -> None:
    lake = "\n:: Lake\nThe water is black and nobody comes here to swim at night.\n"
    own, seen = "It is dark here", "It is very dark here"
    passing = OLD.replace(own, seen) + lake
    versions = [page(OLD), page(passing), page(OLD.replace(own, seen))]
    assert opened(OLD.replace(own, f"{seen} indeed"), versions) == 2
    assert opened(OLD.replace(own, "It is too dark here"), versions) == 0
    again = [*versions[:2], page(OLD), page(passing)]
    assert opened(passing.replace("black", "green"), again) == 3


def test_who_shows_what_went_and_came_back_has_seen_it_come_back() -> None:
    lake = ":: Lake\nThe water is black and nobody comes here to swim at night.\n\n"
    news = OLD.replace("here and cold.", "here, and somebody seems to breathe in the back.")
    versions = [page(lake + OLD), page(OLD), page(lake + news)]
    assert opened(lake + OLD.replace("of it all", "of all that"), versions[1:]) == 1
    assert opened(lake + OLD.replace("of it all", "of all that"), versions) == 0
    assert opened(OLD.replace("of it all", "of all that"), versions) == 1


def test_who_deletes_a_passage_that_came_with_one_word_that_stays_has_seen_it() -> None:
    lake = " ".join(f"word{i}" for i in range(40))
    news = OLD.replace("here and cold.", "here, and very cold.")
    assert opened(news, [page(OLD), page(f"{news}\n:: Lake\n{lake}\n")]) == 1


def test_one_long_word_of_others_that_is_left_was_seen() -> None:
    news = "It is dark here and cold. Above you hang long stalactites."
    versions = [page(OLD), page(OLD.replace("It is dark here and cold.", news))]
    own = "It is dark here and icy. Long stalactites."
    assert opened(OLD.replace("It is dark here and cold.", own), versions) == 1
    own = "It is dark here and icy. Bats hang about."
    assert opened(OLD.replace("It is dark here and cold.", own), versions) == 0


def test_who_has_what_was_moved_where_it_was_moved_to_has_seen_it_go_there() -> None:
    pieces = [f":: P{i}\nText number {i} of many.\n\n" for i in range(5)]
    moved = [*pieces[1:4], pieces[0], pieces[4]]
    versions = [page("".join(pieces)), page("".join(moved).replace("Text number 4", "Text 4"))]
    assert opened("".join([*moved[:4], pieces[4].replace("many", "all")]), versions) == 1
    assert opened("".join([*pieces[:4], pieces[4].replace("many", "all")]), versions) == 0


LAKE = ":: Lake\nThe water is black and nobody comes here to swim at night.\n\n"
HUT = ":: Hut\nA hut of stone with one door and no window at all.\n\n"


def test_what_others_wrote_in_a_passage_that_is_cut_says_nothing_if_something_else_does() -> None:
    news = LAKE.replace("black", "black, deep and very cold in every season of the year,")
    versions = [page(OLD + LAKE + HUT), page(OLD.replace(" and cold", "") + news + HUT)]
    assert opened(OLD.replace(" and cold", "") + HUT, versions) == 1
    assert opened(OLD + HUT, versions) == 0


def test_what_two_delete_alike_is_one_thing_they_have_in_common() -> None:
    both = OLD.replace("here and ", "")
    news = both.replace(":: End", ":: Door\nIt is shut.\n\n:: End")
    own = both.replace("It is", "Soon it is") + LAKE.replace("black", "blue")
    assert opened(own, [page(OLD + LAKE), page(news)]) == 0


def test_who_cuts_a_passage_with_unseen_news_has_not_seen_them() -> None:
    news = LAKE.replace("black", "black, deep and cold")
    assert opened(OLD, [page(OLD + LAKE), page(OLD + news)]) == 0


def test_two_who_join_the_same_have_not_seen_each_other_if_news_are_missing() -> None:
    start, cave, end = ":: Start\nThe wind is cold.\n\n", "It is dark here.\n\n", ":: End\nIt ends"
    old = page(f"{start}:: Cave\n{cave}{end}.\n")
    parts = [*page(start).parts, Part(Piece.HEADLESS, "c" * 16, cave)]
    new = Page.of(
        (*parts, Part(Piece.PASSAGE, "e" * 16, f"{end} here and now, for good.\n")), "\n", bom=False
    )
    assert opened(f"{start}{cave}{end}.\n", [old, new]) == 0
    assert opened(f"{start}{cave}{end} now.\n", [old, new]) == 1
    assert opened(f"{start}{cave}", [old, new]) == 1


def test_an_old_text_in_no_other_file_is_no_paste() -> None:
    versions = [page(OLD + HUT + LAKE), page(OLD + HUT), page(OLD)]
    written = LAKE.replace("black", "green")
    assert opened(OLD + LAKE, versions, elsewhere=[HUT, written]) == 0
    assert opened(OLD + LAKE, versions, elsewhere=[HUT, LAKE]) == 2


def test_a_text_as_another_file_has_it_and_no_version_had_is_pasted() -> None:
    longer = LAKE.replace("at night", "at night, and nobody fishes")
    versions = [page(OLD + LAKE), page(OLD)]
    assert opened(OLD + longer, versions, elsewhere=[longer]) == 1


def test_two_passages_of_one_name_do_not_look_moved() -> None:
    twin = LAKE.replace("black", "green")
    versions = [page(LAKE + HUT + twin), page(LAKE + HUT)]
    assert opened(LAKE + HUT + twin + OLD, versions) == 0


def test_a_passage_word_for_word_as_others_left_it_was_seen() -> None:
    tail = ":: Back\nSomebody breathes there, large and slow, and it does not move at all.\n\n"
    versions = [
        page(LAKE + HUT),
        page(LAKE.replace(" and nobody comes here to swim at night", "") + tail + HUT),
    ]
    assert opened(LAKE.replace(" and nobody comes here to swim at night", "") + HUT, versions) == 1


def test_a_passage_that_went_and_came_back_speaks_against_no_version_that_has_it() -> None:
    versions = [page(OLD + LAKE), page(OLD), page(OLD.replace("cold", "very cold indeed") + LAKE)]
    assert opened(OLD.replace("cold", "very cold indeed") + LAKE + HUT, versions) == 2


def test_where_no_word_tells_the_lines_do_and_then_the_newest_counts() -> None:
    spaced = [page("one two\nthree\n"), page("one two\n\nthree\n\n\n")]
    assert opened("one two\nthree four\n", spaced) == 0
    assert opened("one two\n\nthree four\n\n\n", spaced) == 1
    assert opened("six\n", [page("a\n"), page("a\n")]) == 1


# In a manuscript.


def stale() -> tuple[Author, Author]:
    """Return two authors; what the second one's editor shows is two versions old."""
    alice, bob = pair(("a.twee", OLD))
    for text in (NEW, NEWEST):
        alice.save("a.twee", text)
        exchange(alice, bob)
    return alice, bob


@pytest.mark.parametrize("restarted", [False, True])
def test_an_editor_that_shows_old_text_deletes_nothing_that_others_wrote(restarted: bool) -> None:
    alice, bob = stale()
    if restarted:
        bob.crash()
    bob.save("a.twee", OLD.replace("dark here", "dim here"))
    exchange(alice, bob)
    assert alice.text("a.twee") == bob.text("a.twee") == NEWEST.replace("dark here", "dim here")


def test_it_may_do_so_again_and_again() -> None:
    alice, bob = stale()
    text = OLD
    for word in ("very ", "too ", "ever so "):
        text = text.replace("dark here", f"{word}dark here")
        bob.save("a.twee", text)
        exchange(alice, bob)
    assert "breathes" in alice.text("a.twee")
    assert "It is very too ever so dark here" in alice.text("a.twee")


def test_nothing_older_than_the_last_own_save_is_in_an_editor() -> None:
    alice, bob = stale()
    bob.save("a.twee", NEWEST.replace("dark here", "dim here"))
    bob.save("a.twee", OLD)
    exchange(alice, bob)
    assert alice.text("a.twee") == bob.text("a.twee") == OLD


def test_an_editor_goes_on_with_old_text_after_the_file_was_renamed() -> None:
    alice, bob = stale()
    bob.put("b.twee", bob.text("a.twee"))
    bob.save("a.twee", None)
    bob.save("b.twee", OLD.replace("dark here", "dim here"))
    exchange(alice, bob)
    assert alice.text("b.twee") == NEWEST.replace("dark here", "dim here")


def test_what_nobody_read_was_not_what_the_save_was_made_from() -> None:
    for read, expected in ((False, "icy, and cold"), (None, "icy.")):
        alice, bob = pair(("a.twee", ":: A\nIt is very icy.\n"))
        alice.save("a.twee", ":: A\nIt is very icy, and cold.\n")
        exchange(alice, bob)
        alice.save("a.twee", ":: A\nIt is icy, and cold.\n")
        exchange(alice, bob)
        path, found = StoryPath("a.twee"), b":: A\nIt is icy.\n"
        bob.put(path, found)
        bob._happened(bob.manuscript.saw([FileSeen(path, found, read)], bob.now))
        bob.reported = dict(bob.folder)
        exchange(alice, bob)
        assert expected in alice.text("a.twee"), read


@pytest.mark.parametrize("read", [False, True, None])
@pytest.mark.parametrize("later", [0.0, UNSEEN_SECONDS - 1, UNSEEN_SECONDS])
@pytest.mark.parametrize("quiet", [0.0, 3600.0])
def test_who_removes_a_file_did_not_see_what_came_just_now(
    read: bool | None, later: float, quiet: float
) -> None:
    old, new = ":: A\nIt is very icy.\n\n", ":: B\nNobody has seen this yet.\n\n"
    newest = ":: C\nNor this.\n"
    alice, bob = pair(("a.twee", old), ("b.twee", ":: D\nA hut.\n"))
    bob.now += quiet
    for text in (old + new, old + new + newest):
        alice.save("a.twee", text)
        exchange(alice, bob)
    path = StoryPath("a.twee")
    bob.now += later
    bob.put(path, None)
    bob._happened(bob.manuscript.saw([FileSeen(path, None, read)], bob.now))
    bob.reported = dict(bob.folder)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    unseen = not read and later < UNSEEN_SECONDS
    assert bob.folder.get(path) == ((new + newest).encode() if unseen else None)


def test_who_removes_it_again_has_seen_it() -> None:
    old, new = ":: A\nIt is very icy.\n\n", ":: B\nNobody has seen this yet.\n"
    alice, bob = pair(("a.twee", old))
    alice.save("a.twee", old + new)
    exchange(alice, bob)
    for left in (new, ""):
        bob.save("a.twee", None)
        exchange(alice, bob)
        assert "".join(map(bytes.decode, alice.folder.values())) == left


def test_a_file_may_get_another_name_without_being_read() -> None:
    old, new = ":: A\nIt is very icy.\n\n", ":: B\nNobody has seen this yet.\n"
    alice, bob = pair(("a.twee", old))
    alice.save("a.twee", old + new)
    exchange(alice, bob)
    bob.put("b.twee", bob.text("a.twee"))
    bob.put("a.twee", None)
    seen = [
        FileSeen(StoryPath("a.twee"), None, False),
        FileSeen(StoryPath("b.twee"), (old + new).encode()),
    ]
    bob._happened(bob.manuscript.saw(seen, bob.now))
    bob.reported = dict(bob.folder)
    exchange(alice, bob)
    assert alice.folder == {StoryPath("b.twee"): (old + new).encode()}


@pytest.mark.parametrize("together", [False, True])
def test_a_file_that_is_copied_and_removed_leaves_nothing_there_twice(together: bool) -> None:
    old, new = RENAMED, "\n:: Lake\nNobody has seen this yet, for it came just now.\n"
    alice, bob = pair(("a.twee", old))
    alice.save("a.twee", old + new)
    exchange(alice, bob)
    bob.put("b.twee", bob.text("a.twee"))
    if not together:
        bob.notice()
    bob.save("a.twee", None)
    exchange(alice, bob)
    assert alice.folder == bob.folder == {StoryPath("b.twee"): (old + new).encode()}


def test_so_many_versions_are_kept_and_the_first_is_one_of_them() -> None:
    shadow = Shadow(page("0\n"))
    for i in range(1, 40):
        shadow.staged = Staged(page(f"{i}\n"))
        shadow.landed()
    texts = [version.parts[0].text for version in shadow.earlier]
    assert len(texts) == MAX_VERSIONS - 1
    assert texts == ["0\n", *(f"{i}\n" for i in range(29, 39))]
    fact = shadow.encode()
    assert fact is not None
    recalled = decode(fact)
    assert recalled is not None
    assert recalled.earlier == shadow.earlier


def test_large_versions_are_not_all_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whisker_sync.manuscript.shadow.MAX_VERSION_BYTES", 30)
    shadow = Shadow(page("x" * 10))
    for i in range(5):
        shadow.staged = Staged(page(f"{i}" * 10))
        shadow.landed()
    assert [version.parts[0].text[0] for version in shadow.earlier] == ["x", "2", "3"]


def test_an_author_who_says_what_a_save_was_made_from_is_believed() -> None:
    alice, bob = pair(("a.twee", ":: Cave\nIt is dark here.\n"))
    bob.save("a.twee", ":: Cave\nIt is dark here. Bats hang from the ceiling.\n")
    exchange(alice, bob)
    seen, back = alice.folder[StoryPath("a.twee")], b":: Cave\nIt is dark here.\n"
    save = FileSeen(StoryPath("a.twee"), back, made_from=sha256(seen))
    alice.folder[StoryPath("a.twee")] = back
    alice._happened(alice.manuscript.saw([save], 0.0))
    exchange(alice, bob)
    assert bob.folder[StoryPath("a.twee")] == back


def test_news_that_their_author_had_in_another_file_tell_little() -> None:
    old, moved = ":: A\nThis is told.\n\n", ":: B\nThis was told elsewhere before.\n\n"
    news = ":: C\nAnd nobody knew of that.\n\n"
    versions = [page(old), page(old + moved + news)]
    assert opened(old + moved, versions) == 1
    assert opened(old + moved, versions, elsewhere=[moved]) == 0
    assert opened(old + moved, [page(old), page(old + moved)], elsewhere=[moved]) == 1


def test_news_that_were_pasted_elsewhere_were_seen() -> None:
    old, new = ":: A\nThis is told.\n\n", ":: A\nThis is told at length.\n\n"
    versions = [page(old), page(new)]
    assert opened("", versions) == 0
    assert opened("", versions, pasted=[new]) == 1


RENAMED = (
    ":: Hall\nThe hall is wide and very cold.\n\n:: Stairs\nThe stairs are narrow and steep.\n"
)


@pytest.mark.parametrize("restart", [False, True])
def test_an_editor_older_than_its_authors_last_save_takes_nothing_under_an_old_name(
    *, restart: bool
) -> None:
    alice, bob = pair(("a.twee", RENAMED))
    bob.put("b.twee", RENAMED)
    bob.save("a.twee", None)
    news = RENAMED.replace("very cold", "very cold, and somebody waits in it")
    bob.save("b.twee", news)
    exchange(alice, bob)
    own = news.replace("steep", "steep and dark")
    alice.save("b.twee", own)  # from another editor than the one that shows a.twee still
    exchange(alice, bob)
    alice.now += RENAME_SECONDS + 1
    if restart:
        alice.crash()
    alice.save("a.twee", RENAMED.replace("narrow", "broad"))
    exchange(alice, bob)
    assert bob.folder.keys() == {"b.twee"}
    assert bob.text("b.twee") == own.replace("narrow", "broad")


def test_what_its_author_carried_away_since_is_there_once_when_a_removed_file_is_saved_again() -> (
    None
):
    other, tower = ":: Other\nText.\n\n", ":: Tower\nThe tower is as high as a church inside.\n\n"
    alice, bob = pair(("a.twee", RENAMED + tower), ("c.twee", other))
    alice.put("b.twee", RENAMED + tower)
    alice.save("a.twee", None)
    exchange(alice, bob)
    bob.now += RENAME_SECONDS + 1
    bob.put("b.twee", RENAMED)
    bob.save("c.twee", other + tower.replace("high", "wide"))
    bob.save("b.twee", None)
    bob.save("a.twee", RENAMED + tower.replace("inside", "within"))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee") == RENAMED
    assert alice.text("c.twee") == other + tower.replace("high", "wide").replace("inside", "within")


def test_what_is_saved_under_the_old_name_is_not_there_twice_when_the_new_one_is_written() -> None:
    """The save comes while the rename is on its way to the disk: the new name is there already."""
    alice, bob = pair(("a.twee", RENAMED))
    for news in ("The wind sings.", "A door slams.\nA dog barks."):
        alice.save("a.twee", RENAMED + news)
        exchange(alice, bob)
    shown = bob.text("a.twee")
    alice.put("b.twee", shown + "\nIt rains.")
    alice.save("a.twee", None)
    bob.hear(alice.updates)
    bob.writes.sort(key=lambda write: write.path, reverse=True)
    bob.write(1)
    assert bob.folder.keys() == {"a.twee", "b.twee"}
    bob.save("a.twee", shown.replace("narrow", "broad"))
    bob.write()
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert bob.text("b.twee") == shown.replace("narrow", "broad") + "\nIt rains."


def test_who_shows_a_name_that_went_has_not_seen_it_go() -> None:
    start, cave, end = ":: Start\nTwo.\n\n", ":: Cave [dark cold]\nDark.\n\n", ":: End\nOver.\n"
    before = page(start + cave + end)
    own, first, second, third = before.parts
    joined = (
        Part(Piece.HEADLESS, second.id, "Dark.\n\n"),
        Part(Piece.HEADLESS, third.id, "Over.\n"),
    )
    now = Page.of((own, first, *joined), "\n", bom=False)
    assert opened(start + end, [before, now]) == 0
    assert opened(start + end, [before, now], [end]) == 1  # It may have come from elsewhere.


def test_a_passage_that_was_taken_away_weighs_little_against_missing_news() -> None:
    lake = (
        ":: Lake\n" + " ".join(f"Line {i} of the long song of the lake." for i in range(9)) + "\n\n"
    )
    versions = [page(lake + OLD), page(lake + NEWEST), page(NEWEST)]
    assert opened(OLD, versions) == 0


def test_who_has_just_the_little_that_a_co_author_left_of_a_passage_has_seen_that() -> None:
    whole = OLD.replace("It is", "Dark. It is")
    split = OLD.replace("It is", "Dark.\n\n:: Cold\nIt is")
    rest = ":: Cave [dark]\nDark.\n\n" + OLD.partition("\n\n")[2]
    assert opened(rest, [page(whole), page(split)]) == 1


def test_who_splits_a_passage_where_a_co_author_did_has_not_seen_that() -> None:
    whole = OLD.replace("It is", "Dark. It is")
    split, again = (whole.replace("It", f"\n\n:: {name}\nIt") for name in ("Cold", "Chill"))
    assert opened(again, [page(whole), page(split.replace("it all", "all of this"))]) == 0


def test_who_carries_what_a_co_author_has_split_off_behind_one_word_takes_it_along() -> None:
    alice, bob = pair(
        ("a.twee", OLD.replace("It is", "Dark. It is")), ("b.twee", ":: Hut\nWood.\n")
    )
    bob.save("a.twee", OLD.replace("It is", "Dark.\n\n:: Cold\nIt is"))
    exchange(alice, bob)
    cold = ":: Cold\nIt is dark here and cold.\n\n"
    alice.save("a.twee", alice.text("a.twee").replace(cold, ""))
    alice.save("b.twee", cold + alice.text("b.twee"))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert cold in alice.text("b.twee")


def test_old_text_of_what_was_carried_away_is_edited_where_it_is_now() -> None:
    lake = ":: Lake\nThe water is black and still, and nobody comes here at night.\n"
    alice, bob = pair(("a.twee", OLD + lake), ("b.twee", ":: Other\nOther text.\n\n"))
    bob.put("a.twee", OLD)
    bob.put("b.twee", ":: Other\nOther text.\n\n" + lake)
    bob.notice()
    exchange(alice, bob)
    lower = lake.replace("black and still, and nobody", "green and deep, so that no one")
    alice.save("a.twee", OLD + lower)  # an editor that shows it there still
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee") == OLD
    assert alice.text("b.twee") == ":: Other\nOther text.\n\n" + lower


def test_who_shows_what_is_before_all_passages_has_seen_it() -> None:
    end = ":: End\nThe end of it all.\n"
    lake = ":: Lake\nThe water is black and still, and nobody comes here at night.\n\n"
    had = ":: Cave\nIt is dark.\n\n"
    joined = "The wind is cold and the road is long.\n\n"
    before = page(had + end)
    cave, own = Part(Piece.PASSAGE, "c" * 16, had), Part(Piece.OWN, "0" * 16, "")
    road, rest = Part(Piece.HEADLESS, "d" * 16, joined), Part(Piece.PASSAGE, "e" * 16, end)
    new = Part(Piece.PASSAGE, "f" * 16, lake)
    versions = [
        before,
        Page.of((own, cave, road, rest), "\n", bom=False),
        Page.of((own, cave, road, new, rest), "\n", bom=False),
        Page.of((own, road, new, rest), "\n", bom=False),  # what it was joined to has gone
    ]
    assert opened(joined + end, versions) == 3


def test_where_a_passage_went_tells_nothing_of_who_has_cut_it() -> None:
    start, cave, end = ":: Start\nTwo.\n\n", ":: Cave\nDark.\n\n", ":: End\nOver.\n"
    assert opened(end + start, [page(start + cave + end), page(end + start + cave)]) == 1
    assert opened(start + end, [page(start + cave + end), page(start + end + cave)]) == 1


def test_that_a_co_author_breaks_the_lines_of_what_was_joined_is_no_news() -> None:
    cave, lake = "It is dark here and cold.\n", "The water is black and still.\n\n"
    pit = ":: Pit\nIt is deep in there.\n\n"
    before = page(f":: Cave\n{cave}:: Lake\n{lake}")
    own, first, second = before.parts

    def joined(one: str, other: str, *more: Part) -> Page:
        parts = (
            Part(Piece.PASSAGE, first.id, f":: Cave\n{one}"),
            Part(Piece.HEADLESS, second.id, other),
        )
        return Page.of((own, *parts, *more), "\n", bom=False)

    new = Part(Piece.PASSAGE, "f" * 16, pit)
    broken = joined(cave.replace(" ", "\n"), lake.replace(" ", "\n", 3), new)
    versions = [before, joined(cave, lake), broken]
    assert opened(f":: Cave\n{cave}{lake}:: New\nNothing yet.\n", versions) == 1


def test_a_row_of_words_does_not_speak_for_old_text_if_only_its_old_word_went() -> None:
    before, bats = ":: Cave\nIt is dark here and cold.\n", "Bats hang from the ceiling.\n"
    versions = [page(before), page(before + bats)]
    save = before.replace(" cold.", "") + bats
    copy = ":: Cave\nIt is dark.\n" + bats
    assert opened(save, versions, elsewhere=[copy]) == 1


def test_what_was_joined_to_what_was_pasted_tells_of_the_version_that_has_it() -> None:
    cave, lake = ":: Cave\nIt is dark here.\n\n", "The water is black and still.\n\n"
    hut = ":: Hut\nNobody lives there.\n"
    versions = [page(cave), page(f"{cave}:: Lake\n{lake}")]
    assert opened(cave + hut + lake, versions, elsewhere=[hut]) == 1


def test_to_which_passage_something_is_joined_tells_of_the_version() -> None:
    own, joined = Part(Piece.OWN, "0" * 16, ""), "The water is black and still.\n\n"
    cave = Part(Piece.PASSAGE, "c" * 16, ":: Cave\n\n")
    pit = Part(Piece.PASSAGE, "d" * 16, ":: Pit\nIt is deep.\n\n")
    lake = Part(Piece.HEADLESS, "e" * 16, joined)
    orders = [(own, cave, lake, pit), (own, cave, pit, lake)]
    versions = [Page.of(each, "\n", bom=False) for each in orders]
    less = joined.replace(" and still", "")
    assert opened(f":: Cave\n\n{less}:: Pit\nIt is deep.\n\n", versions) == 0
    assert opened(f":: Cave\n\n:: Pit\nIt is deep.\n\n{less}", versions) == 1


def joined(cave: str, *rest: tuple[Piece, str]) -> Page:
    """Return a version in which something stands behind a cave, joined to it or not."""
    parts = (Part(Piece.OWN, "0" * 16, ""), Part(Piece.PASSAGE, "c" * 16, cave))
    more = (Part(piece, f"{n:016d}", text) for n, (piece, text) in enumerate(rest, 1))
    return Page.of((*parts, *more), "\n", bom=False)


def test_that_two_join_the_same_tells_less_than_what_one_of_them_has_not_seen() -> None:
    cave, here, there = ":: Cave\nIt is dark.\n", "The water is black.\n", "Nobody comes here.\n\n"
    pit = ":: Pit\nDeep and wide and full of old bones that nobody has ever come to count.\n\n"
    before = page(f"{cave}:: Lake\n{here}{there}")
    # Somebody had split the lake, and joined it again.
    after = joined(cave, (Piece.HEADLESS, here), (Piece.HEADLESS, there), (Piece.PASSAGE, pit))
    assert opened(cave + here + there, [before, after]) == 0
    assert opened(cave + here + there + pit, [before, after]) == 1


def test_what_stands_where_it_stood_was_not_pasted_although_its_neighbour_was_joined() -> None:
    cave, lake = ":: Cave\nIt is dark.\n", "The water is black.\n\n"
    before = page(f"{cave}:: Lake\n{lake}{HUT}")
    after = joined(cave.replace("dark", "dark today"), (Piece.HEADLESS, lake))
    assert opened(cave + lake + HUT, [before, after], elsewhere=[HUT]) == 0


def test_what_is_joined_to_another_is_not_cut_although_a_co_author_wrote_much_in_it() -> None:
    end, lake = ":: End\nIt ends.\n\n", "The water is black and still.\n"
    more = "Nobody comes here at night, nor by day, and no bird sings.\n"
    split = lake.replace(" and still.", f".\n{more}\n:: Shore\nand still.")
    versions = [page(f"{end}:: Lake\n{lake}"), page(f"{end}:: Lake\n{split}")]
    assert opened(end + lake, versions) == 0
