"""Many files that go back at once: whisker_sync.manuscript.back, in a manuscript."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.manuscript.world import Author, exchange, pair
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.back import MANY, MAX_PAST, PAST, Past, sentence
from whisker_sync.manuscript.limits import MAX_FILES
from whisker_sync.manuscript.shadow import Picture

NAMES = [f"{name}.twee" for name in ("cave", "hall", "moor", "town")]


def passage(name: str, text: str) -> str:
    return f":: {name}\n{text}\n"


def grown() -> tuple[Author, Author, dict[str, bytes]]:
    """Two authors who both wrote in four files, and what the first had before the second did."""
    alice, bob = pair(*((name, passage(name, "It is dark.")) for name in NAMES))
    commit = dict(alice.folder)
    for name in NAMES:
        bob.save(name, passage(name, "It is dark. Bob was here."))
    exchange(alice, bob)
    for name in NAMES:
        alice.save(name, passage(name, "It is dark. Bob was here. So was Alice."))
    exchange(alice, bob)
    return alice, bob, {str(path): content for path, content in commit.items()}


def check_out(author: Author, commit: dict[str, bytes], names: Sequence[str] = NAMES) -> None:
    for name in names:
        author.put(name, commit.get(name))
    author.notice()


def test_files_that_go_back_at_once_are_not_shared_and_not_written() -> None:
    alice, bob, commit = grown()
    before = dict(bob.folder)
    check_out(alice, commit)
    assert alice.manuscript.went_back == tuple(NAMES)
    bob.save("cave.twee", passage("cave.twee", "It is dark. Bob was here. So was Alice. Wind."))
    exchange(alice, bob)
    assert bob.folder == before | {
        StoryPath("cave.twee"): passage(
            "cave.twee", "It is dark. Bob was here. So was Alice. Wind."
        ).encode()
    }
    assert {str(path): content for path, content in alice.folder.items()} == commit


def test_other_files_go_on_meanwhile() -> None:
    alice, bob, commit = grown()
    check_out(alice, commit)
    alice.save("new.twee", passage("New", "Quite new."))
    bob.save("notes.txt", "Remember the wind.\n")
    exchange(alice, bob)
    assert bob.text("new.twee") == passage("New", "Quite new.")
    assert alice.text("notes.txt") == "Remember the wind.\n"


def test_who_checks_out_the_newest_again_has_everything() -> None:
    alice, bob, commit = grown()
    newest = {str(path): content for path, content in alice.folder.items()}
    check_out(alice, commit)
    bob.save("cave.twee", passage("cave.twee", "It is dark. Bob was here. So was Alice. Wind."))
    exchange(alice, bob)
    check_out(alice, newest)
    exchange(alice, bob)
    assert alice.manuscript.went_back == ()
    assert alice.folder == bob.folder
    assert "Wind" in alice.text("cave.twee")


def test_the_newest_can_be_brought_back_into_the_folder() -> None:
    alice, bob, commit = grown()
    check_out(alice, commit)
    bob.save("cave.twee", passage("cave.twee", "It is dark. Bob was here. So was Alice. Wind."))
    exchange(alice, bob)
    alice._happened(alice.manuscript.bring_newest(0.0))
    exchange(alice, bob)
    assert alice.manuscript.went_back == ()
    assert alice.folder == bob.folder
    assert "Wind" in alice.text("cave.twee")
    assert "Alice" in alice.text("town.twee")
    assert commit["town.twee"] in alice.replaced


def test_the_older_can_be_shared() -> None:
    alice, bob, commit = grown()
    check_out(alice, commit)
    alice._happened(alice.manuscript.share_older(0.0))
    exchange(alice, bob)
    assert {str(path): content for path, content in bob.folder.items()} == commit
    assert alice.folder == bob.folder


def test_files_that_the_old_commit_has_or_lacks_belong_to_it() -> None:
    alice, bob, commit = grown()
    bob.save("gone.twee", passage("Gone", "Not for long."))
    exchange(alice, bob)
    commit["gone.twee"] = bob.folder[StoryPath("gone.twee")]
    bob.save("gone.twee", None)
    alice.save("young.twee", passage("Young", "Just made."))
    exchange(alice, bob)
    newest = dict(bob.folder)
    check_out(alice, commit, [*NAMES, "gone.twee", "young.twee"])
    exchange(alice, bob)
    assert bob.folder == newest
    alice._happened(alice.manuscript.bring_newest(0.0))
    exchange(alice, bob)
    assert alice.folder == bob.folder == newest


def test_a_new_file_among_them_is_new_when_the_newest_is_brought_back() -> None:
    alice, bob, commit = grown()
    commit["never.twee"] = passage("Never", "Nobody had this.").encode()
    check_out(alice, commit, [*NAMES, "never.twee"])
    exchange(alice, bob)
    assert StoryPath("never.twee") not in bob.folder
    alice._happened(alice.manuscript.bring_newest(0.0))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert "Nobody had this" in bob.text("never.twee")


def test_it_is_noticed_at_the_start_too() -> None:
    alice, bob, commit = grown()
    before = dict(bob.folder)
    for name in NAMES:
        alice.put(name, commit[name])
    alice.crash()
    assert alice.manuscript.went_back == tuple(NAMES)
    exchange(alice, bob)
    assert bob.folder == before
    alice.crash()
    assert alice.manuscript.went_back == tuple(NAMES)


@pytest.mark.parametrize("count", [MANY - 1, MANY])
def test_so_many_make_it_no_authors_doing(count: int) -> None:
    alice, _, commit = grown()
    check_out(alice, commit, NAMES[:count])
    assert len(alice.manuscript.went_back) == (count if count >= MANY else 0)


def test_what_takes_nothing_from_co_authors_is_an_authors_own_business() -> None:
    alice, bob = pair(*((name, passage(name, "It is dark.")) for name in NAMES))
    commit = {str(path): content for path, content in alice.folder.items()}
    for name in NAMES:
        alice.save(name, passage(name, "It is light."))
    check_out(alice, commit)
    assert alice.manuscript.went_back == ()
    exchange(alice, bob)
    assert {str(path): content for path, content in bob.folder.items()} == commit


def test_pictures_go_back_too() -> None:
    names = ["a.png", "b.png", "c.png"]
    alice, bob = pair(*((name, b"\x89PNG\x00old" + name.encode()) for name in names))
    commit = {str(path): content for path, content in alice.folder.items()}
    for name in names:
        bob.save(name, b"\x89PNG\x00new" + name.encode())
    exchange(alice, bob)
    check_out(alice, commit, names)
    exchange(alice, bob)
    assert b"new" in bob.folder[StoryPath("a.png")]
    alice._happened(alice.manuscript.bring_newest(0.0))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert b"new" in alice.folder[StoryPath("a.png")]


def content(number: int) -> Picture:
    return Picture("0" * 16, number.to_bytes(32, "big"), 1)


def test_so_many_contents_of_a_path_are_remembered() -> None:
    past, path = Past({}), StoryPath("a")
    for number in range(MAX_PAST + 1):
        # The first eight bytes tell them apart, as those of a hash would.
        one, two = (Picture("0" * 16, n.to_bytes(8, "big") * 4, 1) for n in (number, number + 1))
        past.left(path, one, two, by_others=True)
    assert not past.knows(path, (0).to_bytes(8, "big") * 4)
    assert past.knows(path, (1).to_bytes(8, "big") * 4)
    ((name, fact),) = past.news()
    assert name == PAST + "a"
    assert fact is not None
    again = Past({name: fact})
    assert again.is_at_stake(path, (1).to_bytes(8, "big") * 4)
    assert past.news() == []


def test_a_damaged_past_is_forgotten() -> None:
    past = Past({PAST + "a": b"x", PAST + "../b": bytes(9), PAST + "c": bytes(9 * (MAX_PAST + 1))})
    assert not any(past.knows(StoryPath(name), bytes(32)) for name in ("a", "../b", "c"))


def test_the_past_of_so_many_paths_is_remembered() -> None:
    past = Past({})
    for number in range(MAX_FILES + 1):
        past.left(StoryPath(str(number)), content(1), None, by_others=False)
    assert not past.knows(StoryPath("0"), content(1).sha256)
    assert past.knows(StoryPath("1"), content(1).sha256)
    assert (PAST + "0", None) in past.news()


def test_the_sentence_names_a_few() -> None:
    assert "4 files (a, b, c, ...) are back" in sentence(map(StoryPath, "cbad"))
    assert "3 files (a, b, c) are back" in sentence(map(StoryPath, "abc"))


def test_what_is_saved_over_in_files_that_went_back_goes_to_the_trash() -> None:
    alice, _, commit = grown()
    alice.replaced.clear()
    check_out(alice, commit)
    alice.save("cave.twee", passage("cave.twee", "It is dark. Here be dragons."))
    assert alice.replaced == []  # what went back was there before
    alice.save("cave.twee", passage("cave.twee", "It is dark. Nothing else."))
    assert alice.replaced == [passage("cave.twee", "It is dark. Here be dragons.").encode()]
    assert alice.manuscript.went_back == tuple(NAMES)
