"""Tests of :mod:`whisker_sync.text.tokens`."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.text.tokens import (
    has_word,
    is_reworded,
    is_run_together,
    is_sign,
    join,
    signs,
    words,
)


@given(st.text())
def test_a_cut_text_is_whole(text: str) -> None:
    for cut in (words(text), signs(text)):
        pieces = [each for pair in zip(cut.gaps, [*cut.tokens, ""], strict=True) for each in pair]
        assert "".join(pieces) == text
        assert cut.end(-1) == 0
        assert cut.start(len(cut.tokens)) == len(text)
        for n, token in enumerate(cut.tokens):
            assert text[cut.start(n) : cut.end(n)] == token


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The cat's hat", ["The", "cat's", "hat"]),
        ("$gold_2 <<set>>", ["gold_2", "set"]),
        ("well-known 3.5", ["well", "known", "3", "5"]),
        ("e\u0301te\u0301", ["e\u0301te\u0301"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("한국어 문장", ["한국어", "문장"]),
        ("漢字かな。カナ", ["漢", "字", "か", "な", "カ", "ナ"]),
        ("ที่นี่", ["ที่", "นี่"]),
        ("👨‍👩‍👧 👍🏽", ["👨‍👩‍👧", "👍🏽"]),
        ("“yes” — no…", ["yes", "no"]),
        ("a\u00a0b\u3000c", ["a", "b", "c"]),
    ],
)
def test_words_are_what_is_neither_blank_nor_punctuation(text: str, expected: list[str]) -> None:
    assert words(text).tokens == expected


def test_a_sign_keeps_its_marks() -> None:
    assert signs("#\ufe0f\u20e3 *").tokens == ["#\ufe0f\u20e3", "*"]


def test_every_character_is_a_sign_or_part_of_a_word() -> None:
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        assert is_sign(character) or words(character).tokens == [character]


def test_only_letters_join() -> None:
    assert join("dog", "cow")
    assert not join("dog", " cow")
    assert not join("dog,", "cow")
    assert not join("我", "不")
    assert not join("", "cow")
    assert not join("dog", "")


def test_punctuation_has_no_word() -> None:
    assert has_word("(a)")
    assert not has_word('<<">> — \n')


@pytest.mark.parametrize(
    ("left", "right", "missing"),
    [
        ("dog", "cow", True),
        ("It is cold.", "A storm", True),
        ("“Stop!”", "She runs", True),
        ("He stops.", "“Who is there?”", True),
        ("cold", "“Who is there?”", True),
        ("dog ", "cow", False),
        ("dog", " cow", False),
        ("It is cold.", "", False),
        ("", "cow", False),
        ("dog", ", and a cow", False),
        ("<<set $a to 1>>", "<<set $b to 2>>", False),
        ("山", "川", False),
    ],
)
def test_a_blank_is_missing_in_a_word_and_behind_a_sentence(
    left: str, right: str, *, missing: bool
) -> None:
    assert is_run_together(left, right) is missing


@pytest.mark.parametrize(
    ("one", "other", "reworded"),
    [
        ("a  b\n\tc", "a b c", False),
        ("“Stop.”", '"Stop!"', False),
        ("it’s _here_", "it's *here*", False),
        ("a part", "apart", True),
        ("dark", "Dark", True),
        ("1", "2", True),
        ("山川", "山 川", False),
        ("", " \n", False),
    ],
)
def test_formatting_is_all_that_is_no_word(one: str, other: str, *, reworded: bool) -> None:
    assert is_reworded(one, other) is reworded
    assert is_reworded(other, one) is reworded
