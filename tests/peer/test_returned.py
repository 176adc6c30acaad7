"""Files that go back a few at a time are seen as one: whisker_sync.peer.showing."""

from __future__ import annotations

import pytest

from tests.peer.crowd import Crowd, Someone
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.files import FileSeen
from whisker_sync.peer.events import Trouble
from whisker_sync.peer.inputs import Chosen, FilesSeen
from whisker_sync.peer.showing import BACK_SECONDS, MAX_BACK_SECONDS

NAMES = [f"{name}.twee" for name in "abcd"]
OLD, NEW = ":: One\nIt is dark.\n", ":: One\nIt is dark. Bob was here.\n"


def two() -> tuple[Crowd, Someone, Someone]:
    """Alice and Bob, and four files in which Bob wrote last."""
    crowd = Crowd()
    alice, bob = crowd.join("alice"), crowd.join("bob")
    crowd.connect(alice, bob)
    crowd.wait()
    for name in NAMES:
        alice.save(name, OLD.replace("One", name))
    crowd.wait()
    for name in NAMES:
        bob.save(name, NEW.replace("One", name))
    crowd.wait()
    assert "Bob" in alice.read("a.twee")
    return crowd, alice, bob


def back(person: Someone, *names: str) -> None:
    for name in names:
        person.save(name, OLD.replace("One", name))


def test_an_undo_of_one_file_is_a_save_after_a_moment() -> None:
    crowd, alice, bob = two()
    back(alice, "a.twee")
    crowd.run()
    assert "Bob" in bob.read("a.twee")
    crowd.wait(BACK_SECONDS)
    assert alice.peer.status().went_back == ()
    assert alice.read("a.twee") == bob.read("a.twee")


def test_files_that_come_one_by_one_are_one_old_commit() -> None:
    crowd, alice, bob = two()
    for name in NAMES:
        back(alice, name)
        crowd.wait(BACK_SECONDS / 2)
    crowd.wait()
    assert alice.peer.status().went_back == tuple(NAMES)
    (said,) = [e.sentence for e in alice.events if isinstance(e, Trouble)]
    assert said.startswith("4 files (a.twee, b.twee, c.twee, ...) are back")
    assert all("Bob" in bob.read(name) for name in NAMES)
    alice.tell(Chosen(newest=True, at=2))
    crowd.wait()
    assert alice.folder == bob.folder
    assert all("Bob" in alice.read(name) for name in NAMES)
    assert alice.peer.status().went_back == ()


def test_what_a_co_author_writes_meanwhile_ends_up_in_the_files_too() -> None:
    crowd, alice, bob = two()
    back(alice, "a.twee")
    bob.save("a.twee", bob.read("a.twee") + "Wind.\n")
    back(alice, "b.twee", "c.twee")
    crowd.wait()
    assert len(alice.peer.status().went_back) == 3
    alice.tell(Chosen(newest=True, at=2))
    crowd.wait()
    assert alice.folder == bob.folder
    assert "Wind." in alice.read("a.twee")


def test_who_goes_back_on_and_on_is_waited_for_so_long_and_no_longer() -> None:
    crowd, alice, bob = two()
    began = crowd.now
    alice.save("other.txt", "before\n")
    crowd.run()
    while crowd.now < began + MAX_BACK_SECONDS - BACK_SECONDS / 2:
        back(alice, "a.twee")
        alice.save("other.txt", f"{crowd.now}\n")
        crowd.wait(BACK_SECONDS / 2)
    assert bob.read("other.txt") == "before\n"
    alice.save("other.txt", "the last\n")
    crowd.wait(BACK_SECONDS / 2)
    assert bob.read("other.txt") == "the last\n"


def test_nobody_waits_longer_because_other_files_are_saved() -> None:
    crowd, alice, bob = two()
    back(alice, "a.twee")
    crowd.wait(BACK_SECONDS / 2)
    alice.save("other.txt", "one\n")
    crowd.run()
    assert StoryPath("other.txt") not in bob.folder
    crowd.wait(BACK_SECONDS / 2)
    assert bob.read("other.txt") == "one\n"


def test_what_was_seen_before_a_write_is_not_told_after_it() -> None:
    crowd, alice, bob = two()
    back(alice, "a.twee")
    alice.save("d.twee", alice.read("d.twee"))  # seen, and not told before this moment is over
    bob.save("d.twee", None)
    crowd.wait()
    assert StoryPath("d.twee") not in alice.folder
    bob.save("d.twee", ":: Another\nSomething else.\n")
    crowd.wait()
    assert alice.folder == bob.folder
    assert alice.read("d.twee") == ":: Another\nSomething else.\n"


def test_what_is_saved_over_while_others_are_waited_for_is_in_the_history() -> None:
    crowd, alice, bob = two()
    back(alice, "a.twee")
    alice.save("other.txt", "the first\n")
    crowd.wait(BACK_SECONDS / 4)
    alice.save("other.txt", "the last\n")
    crowd.wait(2 * BACK_SECONDS)
    assert bob.read("other.txt") == "the last\n"
    kept = [version for id_ in alice.revisions for version in alice.revision(id_).versions]
    assert any("the first" in (version.text or "") for version in kept)


def test_each_of_many_saves_is_in_the_history_although_a_co_author_writes_there_too() -> None:
    crowd, alice, bob = two()
    alice.save("notes.txt", "At first.\n")
    crowd.wait()
    back(alice, "a.twee")
    bob.save("notes.txt", "At first.\nWind.\n")
    for text in ("the first", "the second", "the third", "the last"):
        alice.save("notes.txt", f"At first.\n{text}\n")
        crowd.run()
    assert [text in b"".join(alice.trash) for text in (b"first", b"second", b"third")] == [True] * 3
    crowd.wait(2 * BACK_SECONDS)
    assert alice.folder == bob.folder
    assert "the last" in bob.read("notes.txt")
    assert "Wind." in bob.read("notes.txt")
    kept = [version for id_ in alice.revisions for version in alice.revision(id_).versions]
    for text in ("the first", "the second", "the third"):
        assert any(text in (version.text or "") for version in kept), text


def test_a_save_waits_for_those_before_it_although_writes_put_by_what_they_waited_for() -> None:
    crowd, alice, bob = two()
    alice.save("notes.txt", "At first.\n")
    crowd.wait()
    back(alice, "a.twee")
    for text in ("At first.\nthe first\n", "At first.\n"):
        alice.save("notes.txt", text)
    alice.save("a.twee", NEW.replace("One", "a.twee"))
    bob.save("a.twee", bob.read("a.twee") + "Wind.\n")
    bob.save("notes.txt", "At first.\nRain.\n")
    crowd.run()
    assert "Wind." in alice.read("a.twee")
    assert not alice.peer.shown
    alice.save("notes.txt", "At first.\nRain.\nthe last\n")
    crowd.wait()
    assert alice.folder == bob.folder
    assert "the last" in bob.read("notes.txt")


@pytest.mark.parametrize("waits", [True, False])
def test_what_we_took_away_just_before_it_was_renamed_is_one_file(waits: bool) -> None:
    crowd, alice, bob = two()
    hall = ":: Hall\nA long hall with a fire that burns, and nobody there.\n"
    alice.save("hall.twee", hall)
    crowd.wait()
    if waits:
        back(alice, "a.twee")
        crowd.wait(BACK_SECONDS / 2)
    named = FileSeen(StoryPath("bob.twee"), hall.encode())
    bob.folder[named.path] = bob.folder.pop(StoryPath("hall.twee"))
    bob.tell(FilesSeen((FileSeen(StoryPath("hall.twee"), None), named), 1))
    crowd.run()
    assert named.path in alice.folder
    alice.save("alice.twee", hall)  # she gave it that name while we gave it Bob's
    crowd.wait()
    assert alice.folder == bob.folder
    assert sum(text.count(b"fire") for text in alice.folder.values()) == 1
