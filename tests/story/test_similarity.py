"""Tests of :mod:`whisker_sync.story.similarity`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.story.similarity import (
    MIN_WORDS_FOR_PAIRS,
    passage_digest,
    similarity,
    words,
)


def test_only_four_blanks_part_words() -> None:
    assert words(" a\tb\r\nc\n\n d ") == ["a", "b", "c", "d"]
    assert words("a\u00a0b\u2028c\x0bd\x85e\u3000f\x1cg") == [
        "a\u00a0b\u2028c\x0bd\x85e\u3000f\x1cg"
    ]
    assert words("") == []


@given(st.text(), st.text())
def test_similarity_is_a_fraction_and_the_same_from_both_sides(one: str, other: str) -> None:
    assert 0 <= similarity(one, other) <= 1
    assert similarity(one, other) == similarity(other, one)
    assert similarity(one, one) == 1


def test_pairs_of_words_are_compared() -> None:
    assert similarity("a b c d e", "a b c d e f") == pytest.approx(2 * 4 / 9)
    assert similarity("a b c d", "d c b a") == 0


def test_short_texts_are_compared_word_by_word() -> None:
    at_the_edge = " ".join("abcdefgh"[:MIN_WORDS_FOR_PAIRS])
    below = " ".join("abcdefgh"[: MIN_WORDS_FOR_PAIRS - 1])

    assert similarity(below, " ".join(reversed(below.split()))) == 1
    assert similarity(at_the_edge, " ".join(reversed(at_the_edge.split()))) == 0


@pytest.mark.parametrize(
    ("name", "tags", "body", "digest"),
    [
        ("", [], "", "d1:95f5a175ef30"),
        ("Start", [], "You wake up.", "d1:362b2c3661ad"),
        ("Start", ["dark", "cave"], "You wake up.", "d1:396cc8b299fe"),
        ("Höhle 洞窟", ["ä"], "Es ist dunkel.\u00a0👍🏽\n\n[[weiter]]", "d1:bae1eb683695"),
        ("A\u2028B", ["x y"], "\x0b\x85\u3000", "d1:5cdb1b5b5ae9"),
    ],
)
def test_a_digest_never_changes(name: str, tags: list[str], body: str, digest: str) -> None:
    """Frozen: devices with other versions of us decide by it what is deleted."""
    assert passage_digest(name, tags, body) == digest


def test_blank_space_and_the_order_of_tags_do_not_count() -> None:
    once = passage_digest("Start", ["a", "b"], "You wake up.\nAll is well.")

    assert (
        passage_digest("Start", ["b", "a", "b"], "\n You wake\tup.\r\n\r\nAll is  well.\n\n")
        == once
    )


def test_everything_else_counts() -> None:
    digests = {
        passage_digest(*passage)
        for passage in [
            ("a", ["b"], "c"),
            ("A", ["b"], "c"),
            ("a", ["B"], "c"),
            ("a", ["b"], "C"),
            ("a", [], "b c"),
            ("a b", [], "c"),
            ("a", ["b", "c"], ""),
            ("a", ["b"], "c."),
            ("a", ["b"], "c\u00a0"),
            ("a ", ["b"], "c"),
        ]
    }
    assert len(digests) == 10
