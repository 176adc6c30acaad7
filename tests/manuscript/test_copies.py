"""Copies, and originals: passages pasted before they are cut, and what two make of that."""

from __future__ import annotations

from tests.manuscript.world import Author, exchange, pair
from whisker_sync.manuscript.limits import MOVE_SECONDS
from whisker_sync.manuscript.plan import ORIGIN, Plan, empty
from whisker_sync.manuscript.render import View

A = ":: Start\nYou stand before a cave. The wind is cold.\n\n"
B = ":: Other\nOther text is told here.\n\n"
C = ":: Third\nA third text is told here, too.\n\n"
CAVE = ":: Cave\nIt is dark here and something breathes in the back.\n\n"
LAKE = ":: Lake\nThe water is black and still, and nobody comes here.\n\n"


def body(passage: str) -> str:
    return passage.partition("\n")[2]


def count(author: Author, words: str) -> int:
    return sum(text.decode().count(words) for text in author.folder.values())


def carry(author: Author, *files: tuple[str, str]) -> None:
    for path, text in files:
        author.put(path, text)
    author.notice()


def test_a_copy_that_hides_the_original_is_not_edited_in_place_of_that_for_good() -> None:
    """Bob sees both as one and edits the copy; Alice has emptied that for the original's sake."""
    alice, bob = pair(("a.twee", A + CAVE), ("b.twee", B))
    carol = Author(3)
    exchange(alice, bob, carol)
    alice.save("b.twee", B + CAVE)
    bob.hear(alice.updates)
    bob.write()
    carry(bob, ("a.twee", A), ("b.twee", CAVE + B + CAVE))
    carol.hear(bob.updates)
    carol.write()
    alice.save("a.twee", A)
    carol.save("b.twee", carol.text("b.twee").replace("dark here", "here", 1))
    exchange(alice, bob, carol)
    assert count(alice, "breathes") == 1
    assert alice.folder == bob.folder == carol.folder


def test_two_that_were_emptied_for_each_others_sake_are_one_again() -> None:
    twin = ":: Cavern\n" + body(CAVE)
    alice, bob = pair(("a.twee", A + CAVE), ("b.twee", B + twin))
    for author, goes, stays in ((alice, "Cave", "Cavern"), (bob, "Cavern", "Cave")):
        view, plan = View(author.document), Plan()
        named = {passage.name: passage for passage in view.passages.values()}
        empty(plan, view, named[goes], named[stays])
        with author.document.edit(ORIGIN) as edit:
            plan.write(edit)
        assert edit.change is not None
        author.updates[edit.change.update] = None
        author._happened(author.manuscript.merged(edit.change.touched))
        author.write()
    hers = list(alice.updates)
    alice.hear(bob.updates)  # both see it, and mend it
    bob.hear(hers)
    exchange(alice, bob)
    assert count(alice, "breathes") == 1
    assert alice.folder == bob.folder


def test_what_is_deleted_after_that_is_gone() -> None:
    alice, bob = pair(("a.twee", A + CAVE), ("b.twee", B))
    alice.save("b.twee", B + CAVE)
    alice.save("a.twee", A)
    exchange(alice, bob)
    bob.save("a.twee", A + CAVE)
    bob.save("b.twee", B)
    exchange(alice, bob)
    assert alice.text("a.twee") == A + CAVE
    alice.save("a.twee", A.replace("cold", "warm") + CAVE)
    alice.save("a.twee", A)
    exchange(alice, bob)
    assert count(bob, "breathes") == 0


def test_a_copy_of_what_is_there_is_no_passage_that_was_cut_before() -> None:
    cave = CAVE.replace("back.", "back. You hear drops.")
    alice, bob = pair(("a.twee", A + cave), ("b.twee", B + CAVE), ("c.twee", C))
    alice.now += 2 * MOVE_SECONDS  # nothing is as if just pasted
    alice.save("b.twee", B)
    alice.save("c.twee", C + cave)
    bob.save("a.twee", A + cave.replace("dark here", "very dark here"))
    alice.save("a.twee", A)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("c.twee") == C + cave.replace("dark here", "very dark here")
    assert count(alice, "breathes") == 1


def test_a_copy_of_what_is_there_is_nothing_that_was_emptied_for_its_sake() -> None:
    alice, bob = pair(("a.twee", A + CAVE), ("b.twee", B), ("c.twee", C))
    alice.save("b.twee", B + CAVE)
    alice.save("a.twee", A)  # what was pasted there is emptied
    alice.save("c.twee", C + CAVE)
    bob.hear(alice.updates)
    bob.write()
    bob.save("b.twee", B + CAVE.replace("dark here", "very dark here"))
    alice.save("b.twee", B)
    exchange(alice, bob)
    assert alice.text("c.twee") == C + CAVE.replace("dark here", "very dark here")
    assert count(bob, "breathes") == 1


def test_a_copy_that_is_taken_away_again_leaves_nothing_but_the_words_of_others() -> None:
    alice, bob = pair(("a.twee", A + CAVE), ("b.twee", B))
    alice.save("b.twee", B + CAVE)
    bob.hear(alice.updates)
    bob.write()
    alice.save("b.twee", B)
    bob.save("b.twee", B + body(CAVE))  # he joins it to what is before it
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee") == A + CAVE
    assert count(alice, "breathes") == 1


def test_who_cuts_what_a_co_author_has_cut_too_and_pastes_it_has_moved_it() -> None:
    alice, bob = pair(("a.twee", A + CAVE), ("b.twee", B), ("c.twee", LAKE))
    carry(bob, ("a.twee", A), ("b.twee", B + CAVE))
    alice.hear(bob.updates)
    alice.write(1)
    alice.save("a.twee", A)  # just what we are about to write there
    alice.save("c.twee", LAKE + CAVE)
    exchange(alice, bob)
    assert count(bob, "breathes") == 1
    assert alice.folder == bob.folder


def test_what_came_along_with_a_passage_goes_on_with_it() -> None:
    """Alice puts a passage before one that Bob has joined; he sees them as one, and moves it."""
    alice, bob = pair(("a.twee", A + LAKE), ("b.twee", CAVE + B))
    bob.save("a.twee", A + body(LAKE))
    carry(alice, ("a.twee", A + CAVE + LAKE), ("b.twee", B))
    bob.hear(alice.updates)
    bob.write()
    assert bob.text("a.twee") == A + CAVE + body(LAKE)
    bob.save("a.twee", A)
    bob.save("b.twee", CAVE + body(LAKE).replace("black", "black here") + B)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert count(alice, "breathes") == count(alice, "nobody comes") == 1


def test_who_puts_what_is_new_into_another_passage_has_seen_it() -> None:
    alice, bob = pair(("a.twee", A), ("b.twee", B))
    bob.save("a.twee", A + CAVE)
    exchange(alice, bob)
    carry(alice, ("a.twee", A), ("b.twee", B + body(CAVE)))
    exchange(alice, bob)
    assert alice.text("a.twee") == A
    assert count(bob, "breathes") == 1


def test_who_deletes_one_of_two_alike_keeps_the_other_whatever_a_co_author_makes_of_them() -> None:
    alice, bob = pair(("a.twee", A + CAVE), ("b.twee", B))
    alice.save("b.twee", B + CAVE)
    bob.hear(alice.updates)
    bob.write()
    bob.now += 2 * MOVE_SECONDS  # nothing is as if just pasted
    bob.save("a.twee", A)
    alice.save("a.twee", A)  # she goes on with the move: the original is where the copy was
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert count(alice, "breathes") == 1


def test_an_old_editor_that_cuts_and_pastes_undoes_nothing_that_co_authors_wrote() -> None:
    alice, bob = pair(("a.twee", A + CAVE), ("b.twee", B))
    bob.save("a.twee", A + CAVE.replace("dark here", "very dark here").replace(" in the back", ""))
    exchange(alice, bob)
    alice.save("a.twee", A)
    alice.save("b.twee", B + CAVE)
    exchange(alice, bob)
    assert bob.text("a.twee") == A
    assert "very dark here and something breathes." in bob.text("b.twee")


def test_an_old_editor_that_cuts_and_pastes_has_not_deleted_what_was_split_off() -> None:
    alice, bob = pair(("a.twee", A + CAVE), ("b.twee", B))
    bob.save("a.twee", A + CAVE.replace(" and something", "\n\n:: Back\nand something"))
    exchange(alice, bob)
    carry(alice, ("a.twee", A), ("b.twee", B + CAVE.replace("dark here", "dark in here")))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert count(bob, "dark in here") == count(bob, "something breathes") == 1


def test_a_cut_that_stands_in_the_way_of_the_same_one_is_its_authors() -> None:
    alice, bob = pair(("a.twee", A + CAVE), ("b.twee", B), ("c.twee", C))
    carry(bob, ("a.twee", A), ("b.twee", B + CAVE))
    alice.put("a.twee", A)
    alice.put("c.twee", C + CAVE)
    alice.hear(bob.updates)
    alice.write()  # finds what she has saved, and nobody has told
    exchange(alice, bob)
    assert count(bob, "breathes") == 1
    assert alice.folder == bob.folder


def test_a_change_by_two_ways_of_what_was_joined_and_carried_is_there_once() -> None:
    hut = ":: Hut\nA hut of stone stands beside it.\n\n"
    joined = CAVE.rstrip("\n") + "\n" + body(hut)
    alice, bob = pair(("a.twee", A + CAVE + hut), ("b.twee", B))
    alice.save("a.twee", A + joined)
    exchange(alice, bob)
    bob.save("b.twee", B + joined)
    alice.hear(bob.updates)
    alice.write()
    bob.save("a.twee", A)
    more = joined.replace("stands", "with smoke over its roof stands")
    for author in (alice, bob):
        author.save("b.twee", B + more)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("b.twee") == B + more


def test_an_old_editor_undoes_nothing_that_was_written_in_what_was_carried_away() -> None:
    alice, bob = pair(("a.twee", A + CAVE), ("b.twee", B))
    carry(bob, ("a.twee", A), ("b.twee", B + CAVE.replace("the back", "the very back of it")))
    exchange(alice, bob)
    some = B.replace("Other text", "Some text")
    alice.save("b.twee", some)  # an old editor, which has no cave there
    alice.save("b.twee", some + CAVE.replace("dark here", "dark and wet here"))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.twee") == A
    wet = CAVE.replace("dark here", "dark and wet here").replace("the back", "the very back of it")
    assert alice.text("b.twee") == some + wet


def test_what_is_left_of_a_copy_stays_if_it_is_joined_to_the_original() -> None:
    alice, bob = pair(("a.twee", A + CAVE), ("b.twee", B))
    alice.save("b.twee", B + CAVE)
    exchange(alice, bob)
    bob.save("b.twee", B + CAVE.rstrip("\n") + "\nNobody was here before us.\n\n")
    alice.save("a.twee", A)
    exchange(alice, bob)
    left = alice.text("b.twee")
    assert left.count(":: Cave\n") == 2
    header = left.rindex(":: Cave\n")
    alice.save("b.twee", left[:header] + left[header:].removeprefix(":: Cave\n"))
    bob.save("a.twee", A + LAKE)  # whatever she hears makes her device look
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert count(alice, "Nobody was here") == count(alice, "breathes") == 1


def test_what_two_carry_one_of_whom_had_it_twice_is_there_once() -> None:
    cave, lake = ":: Cave\nIt is dark here and cold.\n\n", ":: Lake\nThe water is black.\n\n"
    hut = ":: Hut\nNobody lives there.\n"
    alice, bob = pair(("a.twee", cave + hut), ("b.twee", lake))
    bob.save("b.twee", lake + cave)
    exchange(alice, bob)
    alice.put("a.twee", cave + cave + hut)
    alice.put("b.twee", lake)
    alice.notice()
    alice.write()
    assert alice.text("a.twee") == cave + hut  # the other is hidden
    alice.save("a.twee", hut)
    bob.save("a.twee", hut)
    alice.save("b.twee", lake + cave)
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert b"".join(alice.folder.values()).count(b"dark") == 1
