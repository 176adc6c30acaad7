"""Edits of a document before they are made: whisker_sync.manuscript.plan."""

from __future__ import annotations

import pytest

from whisker_sync.manuscript.plan import additions
from whisker_sync.text.edits import apply

WORDS = "You stand before a cave and the wind is cold today"


def added(base: str, found: str, live: str) -> str:
    """Return the live text with what is new in what was found."""
    return apply(live, additions(base, found, live))


@pytest.mark.parametrize("base", ["", WORDS])
def test_lines_that_are_broken_otherwise_say_nothing_new(base: str) -> None:
    broken = WORDS.replace(" ", "\n")
    assert added(base, WORDS, broken).split() == WORDS.split()
    assert added(base, broken, WORDS).split() == WORDS.split()


def test_what_is_missing_deletes_nothing() -> None:
    assert added(WORDS, WORDS.replace("and the wind is cold ", ""), WORDS) == WORDS


def test_what_is_new_is_added_beside_what_only_the_live_text_has() -> None:
    found = WORDS.replace("before", "right before").replace("a cave", "a\ncave")
    live = WORDS.replace("cold", "cold and wet").replace(" ", "\n")
    text = added("", found, live).split()
    assert text == WORDS.replace("before", "right before").replace("cold", "cold and wet").split()


def test_what_others_took_out_stays_out() -> None:
    live = WORDS.replace("wind is cold ", "")
    assert added(WORDS, WORDS + " or so", live) == live + " or so"
