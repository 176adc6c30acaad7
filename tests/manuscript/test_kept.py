"""Text kept against a save: whisker_sync.manuscript.kept, in a manuscript."""

from __future__ import annotations

import pytest

from tests.manuscript.world import Author, exchange, pair
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.files import FileSeen
from whisker_sync.manuscript.kept import KEPT, MAX_KEPT, Kept, as_saved, decode, encode, recall

OLD = ":: Cave\nIt is dark here.\n\n:: End\nThe end.\n"
NEW = OLD.replace("dark here.", "dark here. Something breathes in the back.")


def kept(author: Author) -> list[Kept]:
    """Return what the journal of an author says was kept."""
    return list(recall(list(author.facts.items())).values())


def stale() -> tuple[Author, Author]:
    """Return two authors; the second one has just saved what was old."""
    alice, bob = pair(("a.twee", OLD))
    alice.save("a.twee", NEW)
    exchange(alice, bob)
    bob.save("a.twee", OLD.replace("The end", "The very end"))
    exchange(alice, bob)
    return alice, bob


def test_what_a_save_misses_and_is_kept_is_remembered() -> None:
    _, bob = stale()
    assert "breathes" in bob.text("a.twee")
    (one,) = kept(bob)
    assert one.path == "a.twee"
    assert one.saved == OLD.split(":: End", maxsplit=1)[0]
    assert "breathes" in one.kept
    bob.crash()
    assert kept(bob) == [one]


def test_who_goes_on_from_the_whole_text_has_seen_what_was_kept() -> None:
    _, bob = stale()
    bob.save("a.twee", bob.text("a.twee").replace("breathes", "breathes softly"))
    assert kept(bob) == []


def test_a_save_that_was_meant_deletes_what_was_kept() -> None:
    alice, bob = stale()
    (one,) = kept(bob)
    before = bob.folder[StoryPath("a.twee")]
    meant = as_saved(bob.text("a.twee"), one).encode()
    assert meant.decode() == OLD.replace("The end", "The very end")
    bob.put("a.twee", meant)
    told = FileSeen(StoryPath("a.twee"), meant, made_from=sha256(before))
    bob._happened(bob.manuscript.saw([told], bob.now))
    bob.reported = dict(bob.folder)
    exchange(alice, bob)
    assert "breathes" not in alice.text("a.twee")
    assert kept(bob) == []


def sha256(content: bytes) -> bytes:
    import hashlib

    return hashlib.sha256(content).digest()


def test_a_whole_passage_that_was_kept_can_be_deleted() -> None:
    whole = Kept("0" * 16, StoryPath("a.twee"), "", ":: End\nThe end.\n")
    assert as_saved(OLD, whole) == ":: Cave\nIt is dark here.\n\n"
    changed = OLD.replace("The end.", "The end is near.")
    assert as_saved(changed, whole) == changed


def test_so_many_are_remembered() -> None:
    story = "".join(f":: P{i}\nText number {i}.\n\n" for i in range(MAX_KEPT + 5))
    alice, bob = pair(("a.twee", story))
    alice.save("a.twee", story.replace("number", "which is the number"))
    exchange(alice, bob)
    bob.save("a.twee", story + "\n")
    assert len(kept(bob)) == MAX_KEPT


@pytest.mark.parametrize(
    ("name", "fact"),
    [
        ("0" * 16, b"junk"),
        ("0" * 16, b'[2,"a.twee","",""]'),
        ("0" * 16, b'[1,"../a","",""]'),
        ("x", b'[1,"a.twee","",""]'),
    ],
)
def test_what_is_damaged_was_not_kept(name: str, fact: bytes) -> None:
    assert decode(KEPT + name, fact) is None
    one = Kept("0" * 16, StoryPath("a.twee"), "a", "b")
    assert decode(KEPT + one.id, encode(one)) == one
