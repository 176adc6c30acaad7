"""Binary files that come only when they are chosen: whisker_sync.manuscript.chosen."""

from __future__ import annotations

from tests.manuscript.world import Author, exchange
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.chosen import FETCH, Chosen

FILM, ICON = b"\0" * 3000, b"\0" * 10


def two() -> tuple[Author, Author]:
    """Alice, and Bob who fetches files of up to 100 bytes by himself."""
    alice, bob = Author(1), Author(2)
    bob.manuscript.fetch_up_to(100)
    alice.save("film.mp4", FILM)
    alice.save("icon.png", ICON)
    exchange(alice, bob)
    return alice, bob


def test_a_large_file_is_not_there_and_nothing_is_deleted() -> None:
    alice, bob = two()
    assert bob.folder == {StoryPath("icon.png"): ICON}
    assert bob.manuscript.not_fetched() == {StoryPath("film.mp4"): len(FILM)}
    bob.crash()
    bob.save("notes.txt", "Bob writes.\n")
    exchange(alice, bob)
    assert alice.folder[StoryPath("film.mp4")] == FILM


def test_what_is_chosen_comes_and_is_kept_up_to_date() -> None:
    alice, bob = two()
    bob._happened(bob.manuscript.fetch([StoryPath("film.mp4")]))
    exchange(alice, bob)
    assert bob.folder[StoryPath("film.mp4")] == FILM
    assert bob.manuscript.not_fetched() == {}
    alice.save("film.mp4", FILM + b"more")
    exchange(alice, bob)
    assert bob.folder[StoryPath("film.mp4")] == FILM + b"more"


def test_what_is_chosen_is_remembered() -> None:
    alice, bob = two()
    bob._happened(bob.manuscript.fetch([StoryPath("film.mp4")]))
    assert FETCH + "film.mp4" in bob.facts
    bob.crash()
    bob.manuscript.fetch_up_to(100)
    exchange(alice, bob)
    assert bob.folder[StoryPath("film.mp4")] == FILM


def test_a_file_of_that_name_that_bob_makes_himself_stands_beside_it() -> None:
    alice, bob = two()
    bob.save("film.mp4", b"\0Bob's")
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert {FILM, b"\0Bob's"} <= set(alice.folder.values())


def test_a_damaged_choice_is_forgotten() -> None:
    chosen = Chosen({FETCH + "../film.mp4": b"", FETCH + "a.mp4": b""})
    chosen.up_to = 1
    assert chosen.wants(StoryPath("a.mp4"), 2)
    assert not chosen.wants(StoryPath("../film.mp4"), 2)
    assert chosen.wants(StoryPath("b.mp4"), 1)
