"""Two who write one sentence anew at the same time: whisker_sync.manuscript.mending."""

from __future__ import annotations

import re

import pytest

from tests.manuscript.world import Author, exchange, pair

PLACES = {
    "alone": ("", ""),
    "first": ("", " Then you leave."),
    "last": ("You stand here. ", ""),
    "middle": ("You stand here. ", " Then you leave."),
    "line": ("Here.\n", "\nThen you leave."),
}
REWRITTEN = [
    ("The wind is cold.", "A storm comes up.", "Nobody knows why."),
    ("The wind is cold today.", "It is cold.", "Nobody came."),
    ("The wind is cold today.", "A storm is coming!", "The rain fell all night."),
    ("It rains.", "“Who is there?” she asked.", "Nothing stirs here."),
]


def story(sentence: str, place: str) -> str:
    before, behind = PLACES[place]
    return f":: Cave\n{before}{sentence}{behind}\n\n:: End\nThe end.\n"


def both(sentence: str, ours: str, theirs: str, place: str) -> tuple[Author, Author]:
    alice, bob = pair(("a.twee", story(sentence, place)))
    alice.save("a.twee", story(ours, place))
    bob.save("a.twee", story(theirs, place))
    exchange(alice, bob)
    return alice, bob


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("sentence", "one", "other"), REWRITTEN)
@pytest.mark.parametrize("turned", [False, True])
def test_a_sentence_that_two_write_anew_keeps_all_words_of_both_apart(
    sentence: str, one: str, other: str, place: str, *, turned: bool
) -> None:
    ours, theirs = (other, one) if turned else (one, other)
    alice, bob = both(sentence, ours, theirs, place)
    text = alice.text("a.twee")
    assert alice.folder == bob.folder
    assert (words(ours) | words(theirs)) - words(sentence) <= words(text)
    assert words(text) <= words(story("", place)) | words(sentence) | words(ours) | words(theirs)
    assert not re.search(r"[.!?]”?[A-Za-z“]|\w“", text)


def test_there_is_one_blank_and_nobody_writes_another_one() -> None:
    alice, bob = both("It rains.", "Nobody came.", "Somebody sang.", "alone")
    text = alice.text("a.twee")
    first = text.splitlines()[1]
    assert sorted(first.split()) == ["Nobody", "Somebody", "came", "sang."]
    assert "  " not in first
    updates = len(alice.updates), len(bob.updates)
    for _ in range(2):
        exchange(alice, bob)
    assert (len(alice.updates), len(bob.updates)) == updates
    assert alice.text("a.twee") == bob.text("a.twee") == text


def test_what_somebody_writes_right_behind_words_that_they_see_is_left_as_it_is() -> None:
    alice, bob = pair(("a.twee", story("It rains.", "middle")))
    alice.save("a.twee", story("A storm is here.", "middle"))
    exchange(alice, bob)
    bob.save("a.twee", story("A storms is here.”", "middle"))
    exchange(alice, bob)
    assert alice.text("a.twee") == bob.text("a.twee") == story("A storms is here.”", "middle")


def test_code_that_two_write_at_one_place_is_left_as_it_is() -> None:
    code = ":: Init\n<<set $a to 1>>\n"
    alice, bob = pair(("a.twee", code))
    alice.save("a.twee", code.replace("1>>", "1>><<set $b to 2>>"))
    bob.save("a.twee", code.replace("1>>", "1>><<set $c to 3>>"))
    exchange(alice, bob)
    assert "2>><<set" in alice.text("a.twee") or "3>><<set" in alice.text("a.twee")
    assert alice.folder == bob.folder
