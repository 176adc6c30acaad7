"""Tests of :mod:`whisker_sync.text.merge`."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings

from tests.text.test_edits import texts
from tests.text.worlds import world
from whisker_sync.text.edits import apply
from whisker_sync.text.merge import rebase, three_way


@given(texts, texts)
def test_who_did_nothing_changes_nothing(base: str, live: str) -> None:
    assert rebase(base, base, live) == []
    assert three_way(base, base, live) == live


@given(texts, texts)
def test_where_nobody_else_wrote_the_save_is_the_text(base: str, saved: str) -> None:
    assert three_way(base, saved, base) == saved


@given(texts, texts)
def test_what_both_did_is_done_once(base: str, both: str) -> None:
    assert three_way(base, both, both) == both


@given(texts, texts, texts)
@settings(max_examples=300)
def test_any_three_texts_merge(base: str, saved: str, live: str) -> None:
    splices = rebase(base, saved, live)

    assert apply(live, splices) == three_way(base, saved, live)
    at = -1
    for splice in splices:
        assert at < splice.start <= splice.end <= len(live)
        assert splice.insert or splice.start < splice.end
        at = splice.end


@pytest.mark.parametrize(
    ("base", "saved", "live", "merged"),
    [
        ("the cat sat", "the dog sat", "the cow sat", "the dog cow sat"),
        ("the cat", "the dog", "the cow", "the dog cow"),
        ("the cat\n", "the dog\n", "the cow\n", "the dog cow\n"),
        ("a b c d", "a X d", "a b Y d", "a X Y d"),
        ("a b c d", "a X d", "a b new c d", "a new X d"),
        ("a b c", "a b X c", "a b Y c", "a b X Y c"),
        ("a b c", "a b X c", "a Y c", "a Y X c"),
        ("a b c", "a b X c", "a c", "a X c"),
        ("a b c", "a c", "a b new c", "a new c"),
        ("a\n", "a\nb\n", "a\nc\n", "a\nb\nc\n"),
        ("one.", "one. two.", "one. three.", "one. two. three."),
        ("a b c d e", "a X c d e", "a b c Y e", "a X c Y e"),
        ("a b c", "a", "a X b c d", "a X  d"),
        ("one two three", "one three", "one two\nthree", "one \nthree"),
    ],
)
def test_two_changes_go_together(base: str, saved: str, live: str, merged: str) -> None:
    assert three_way(base, saved, live) == merged


def test_a_co_authors_words_in_what_was_deleted_stay() -> None:
    assert three_way("a. Gone for good. b", "a. b", "a. Gone or new for good. b") == "a. or new b"


@pytest.mark.parametrize(
    ("base", "saved", "live", "merged"),
    [
        ("a b c", "a", "a b X c", "a X"),
        ("a b c", "a", "a b\nX c", "a\nX"),
        ("a b c d", "a d", "a X", "a X"),
        ("a—b—c d", "a—c d", "a—c", "a—c"),
        ("a b c d", "X d", "a Y", "X Y"),
        ("a b, c d", "a b X/Y d", "a b", "a b X/Y"),
        ("a, b", "a", "a X", "a X"),
        ("a/b/c d e", "a/X/c Y e", "a", "a X Y"),
    ],
)
def test_words_that_nobody_put_together_stay_apart(
    base: str, saved: str, live: str, merged: str
) -> None:
    found = three_way(base, saved, live)

    assert found.strip() == merged


@pytest.mark.parametrize(("words", "edits"), [(8, 2), (24, 3), (60, 6), (12, 8)])
def test_each_word_that_somebody_wrote_and_nobody_erased_is_there_once(
    words: int, edits: int
) -> None:
    worlds = [world(Random(seed), words, edits) for seed in range(1_000)]

    assert not [each for each in worlds if each.lost]
    assert not [each for each in worlds if each.violated]


@pytest.mark.parametrize(
    ("saved", "live", "merged"),
    [
        ("a one two three b", "a X one two three b", "a X one two three b"),
        ("a one two three b", "a one two three X b", "a one two three X b"),
        ("a one two b", "a X one two b", "a one two X one two b"),
        ("a one two three b", "a one X two three b", "a one two three one X two three b"),
        ("one two three a b", "a one two three X b", "one two three a one two three X b"),
    ],
)
def test_what_both_put_to_one_place_is_there_once_if_it_is_enough_to_tell(
    saved: str, live: str, merged: str
) -> None:
    assert three_way("a b", saved, live) == merged
