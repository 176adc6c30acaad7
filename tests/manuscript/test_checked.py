"""Files that must be whole, changed by two: whisker_sync.manuscript.checked, in a manuscript."""

from __future__ import annotations

import pytest

from tests.manuscript.world import Author, exchange, pair
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.checked import CHECKED, MAX_CHECKED_FILES, Checked
from whisker_sync.manuscript.manuscript import Manuscript

ROOMS = '{\n  "rooms": ["cave", "hall"]\n}\n'
ONE, ADAS, BOBS = "a = 1\n", "a = 1\nb = 2\n", "a = 1\nb = 3\n"


def two(path: str = "data.json", text: str = ROOMS) -> tuple[Author, Author]:
    ada, bob = pair((path, text))
    for author, name in ((ada, "Ada"), (bob, "Bob")):
        author.manuscript = Manuscript(author.document, author.facts, author.dice, name)
        author.resume()
        author.at = 1_763_812_800_000
    return ada, bob


def both(ada: Author, bob: Author, path: str, ours: str, theirs: str) -> None:
    """Both save at the same time; then they meet."""
    ada.save(path, ours)
    bob.save(path, theirs)
    exchange(ada, bob)
    assert ada.folder == bob.folder


# Each pair does not go together word by word: a key or an attribute would be there twice.
BROKEN = [
    ("data.json", '{\n "a": 1\n}\n', '{\n "a": 1,\n "b": 2\n}\n', '{\n "a": 1,\n "b": 3\n}\n'),
    (
        "a/map.svg",
        "<svg>\n<g/>\n</svg>\n",
        '<svg>\n<g id="a"/>\n</svg>\n',
        '<svg>\n<g id="b"/>\n</svg>\n',
    ),
    ("x.toml", ONE, ADAS, BOBS),
]


@pytest.mark.parametrize(("path", "base", "ours", "theirs"), BROKEN)
def test_what_does_not_go_together_is_there_twice(
    path: str, base: str, ours: str, theirs: str
) -> None:
    ada, bob = two(path, base)
    both(ada, bob, path, ours, theirs)
    texts = {content.decode() for content in ada.folder.values()}
    assert texts == {ours, theirs}
    assert any("(Ada, 22 Nov 12.00)" in p or "(Bob, 22 Nov 12.00)" in p for p in ada.folder)
    assert len([*ada.problems, *bob.problems]) == 1


def test_what_goes_together_is_merged() -> None:
    ada, bob = two("data.json", '{\n "a": 1,\n "b": 2\n}\n')
    both(ada, bob, "data.json", '{\n "a": 7,\n "b": 2\n}\n', '{\n "a": 1,\n "b": 8\n}\n')
    assert ada.text("data.json") == '{\n "a": 7,\n "b": 8\n}\n'
    assert list(ada.folder) == ["data.json"]


def broken() -> tuple[Author, Author]:
    ada, bob = two("x.toml", "a = 1\n")
    both(ada, bob, "x.toml", ADAS, BOBS)
    assert len(ada.folder) == 2
    return ada, bob


def test_both_go_on_from_there() -> None:
    ada, bob = broken()
    for author in (ada, bob):
        author.crash()
    winner = ada.text("x.toml")
    bob.save("x.toml", winner + "c = 1\n")
    exchange(ada, bob)
    ada.save("x.toml", ada.text("x.toml") + "d = 1\n")
    exchange(ada, bob)
    assert ada.folder == bob.folder
    assert ada.text("x.toml") == winner + "c = 1\nd = 1\n"
    assert len(ada.folder) == 2


def test_who_was_away_and_began_anew_knows_what_they_had_saved() -> None:
    ada, bob = two("x.toml", ONE)
    ada.save("x.toml", ADAS)
    bob.save("x.toml", BOBS)
    for author, name in ((ada, "Ada"), (bob, "Bob")):
        author.crash()
        author.manuscript = Manuscript(author.document, author.facts, author.dice, name)
        author.resume()
    exchange(ada, bob)
    assert ada.folder == bob.folder
    assert sorted(content.decode() for content in ada.folder.values()) == [ADAS, BOBS]


def test_two_who_make_the_same_file_have_two() -> None:
    ada, bob = two("other.json")
    both(ada, bob, "data.json", '{"a": 1}\n', '{"b": 2}\n')
    assert {content.decode() for content in ada.folder.values()} >= {'{"a": 1}\n', '{"b": 2}\n'}
    assert len(ada.folder) == 3


def test_what_its_author_saved_half_written_is_left_alone() -> None:
    ada, bob = two("x.toml", "a = 1\n")
    ada.save("x.toml", "a = 1\nb = 2\n")
    exchange(ada, bob)
    bob.save("x.toml", "a = 1\nb = [\n")
    exchange(ada, bob)
    assert ada.text("x.toml") == "a = 1\nb = [\n"
    assert list(ada.folder) == list(bob.folder) == ["x.toml"]


def test_three_who_change_one_file_have_it_whole_in_the_end() -> None:
    ada, bob = two("x.toml", "a = 1\n")
    eve = Author(3)
    eve.manuscript = Manuscript(eve.document, eve.facts, eve.dice, "Eve")
    eve.at = ada.at
    exchange(ada, bob, eve)
    eves = "a = 1\nb = 4\n"
    for author, text in ((ada, ADAS), (bob, BOBS), (eve, eves)):
        author.save("x.toml", text)
    exchange(ada, bob, eve)
    assert ada.folder == bob.folder == eve.folder
    assert {c.decode() for c in ada.folder.values()} == {ADAS, BOBS, eves}


@pytest.mark.parametrize("fact", [b"", b"[]", b'[1,"x","","",1,""]', b"[" * 9999])
def test_what_is_damaged_is_forgotten(fact: bytes) -> None:
    checked = Checked({CHECKED + "a.json": fact, CHECKED + "../a.json": fact})
    assert checked.news() == []


def test_so_many_saves_are_remembered() -> None:
    ada = Author(1)
    for number in range(MAX_CHECKED_FILES + 1):
        ada.save(f"{number}.json", "{}\n")
    facts = [name for name in ada.facts if name.startswith(CHECKED)]
    assert len(facts) == MAX_CHECKED_FILES
    assert CHECKED + "0.json" not in facts


def test_the_name_is_free_again_when_the_other_is_gone() -> None:
    ada, bob = broken()
    beside = next(path for path in ada.folder if path != "x.toml")
    ada.save(beside, None)
    exchange(ada, bob)
    assert list(bob.folder) == [StoryPath("x.toml")]
