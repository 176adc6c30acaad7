"""whisker_sync.manuscript.stretches: what of a text is whose."""

from __future__ import annotations

import pytest

from tests.manuscript.world import exchange, pair
from whisker_sync.manuscript.stretches import mark, stretches

A, B, C = (digit * 16 for digit in "abc")


def bodies(text: str, *others: str) -> dict[str, str]:
    found = stretches(text, A, others)
    return {id_: text[each.start : each.end] for id_, each in found.items()}


def test_a_text_without_marks_is_one_body() -> None:
    assert bodies("one two") == {A: "one two"}
    assert bodies("one two", B) == {A: "one two"}


def test_each_mark_begins_the_body_of_its_passage() -> None:
    text = "one" + mark(B) + "two" + mark(C) + "three"
    assert bodies(text, B, C) == {A: "one", B: "two", C: "three"}
    assert bodies(mark(B) + mark(C), B, C) == {A: "", B: "", C: ""}


@pytest.mark.parametrize("left", ["", "\n"])
@pytest.mark.parametrize("right", ["", "\n"])
def test_a_mark_may_lose_a_line_end(left: str, right: str) -> None:
    text = f"one{left}{mark(B).strip()}{right}two"
    assert bodies(text, B) == {A: "one", B: "two"}


def test_what_is_no_passage_of_this_text_is_no_mark() -> None:
    text = "one" + mark(B) + "two"
    assert bodies(text) == {A: text}
    assert bodies(text, C) == {A: text}


def test_only_the_first_of_two_marks_of_one_passage_counts() -> None:
    text = "one" + mark(B) + "two" + mark(B) + "three"
    assert bodies(text, B) == {A: "one", B: "two" + mark(B) + "three"}


def test_a_file_that_holds_the_signs_of_a_mark_comes_back_as_it_is() -> None:
    story = f":: Start\none{mark(B)}two\n"
    alice, bob = pair(("a.twee", story))
    assert bob.text("a.twee") == story
    split = story.replace("two", "\n:: End\ntwo")
    alice.save("a.twee", split)
    exchange(alice, bob)
    assert bob.text("a.twee") == split
