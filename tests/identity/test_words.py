"""Tests for :mod:`whisker_sync.identity.words`."""

from __future__ import annotations

import hashlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.errors import UnknownWord
from whisker_sync.identity.words import MAX_TYPED, WORDS, meant, to_number, to_words, typed

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def slips(word: str) -> set[str]:
    """What one slip makes of a word: a letter missing, wrong or added, or two exchanged."""
    cuts = [(word[:cut], word[cut:]) for cut in range(len(word) + 1)]
    missing = {head + tail[1:] for head, tail in cuts if tail}
    wrong = {head + letter + tail[1:] for head, tail in cuts if tail for letter in LETTERS}
    added = {head + letter + tail for head, tail in cuts for letter in LETTERS}
    exchanged = {head + tail[1] + tail[0] + tail[2:] for head, tail in cuts if len(tail) > 1}
    return (missing | wrong | added | exchanged) - {word}


def test_the_list_never_changes() -> None:
    listed = hashlib.sha256(" ".join(WORDS).encode()).hexdigest()
    assert listed == "c6de98107625ad075b5b4e78bd9dd83f6b9eb06036e2dc3bac5427cf364deb94"


def test_four_words_hide_41_bits() -> None:
    assert len(set(WORDS)) == len(WORDS) == 6**4
    assert math.log2(len(WORDS)) * 4 > 41


def test_words_are_plain_letters_in_order() -> None:
    assert list(WORDS) == sorted(WORDS)
    for word in WORDS:
        assert 4 <= len(word) <= 8
        assert set(word) <= set(LETTERS)


def test_four_letters_tell_a_word() -> None:
    assert len({word[:4] for word in WORDS}) == len(WORDS)


def test_no_slip_makes_a_word_another() -> None:
    listed = set(WORDS)
    for word in WORDS:
        assert not slips(word) & listed


@given(st.integers(1, 24).flatmap(lambda n: st.tuples(st.integers(0, 1296**n - 1), st.just(n))))
def test_a_number_comes_back_from_its_words(number_and_count: tuple[int, int]) -> None:
    number, count = number_and_count
    words = to_words(number, count)
    assert len(words) == count
    assert to_number(words) == number


@pytest.mark.parametrize("number", [-1, 1296**4])
def test_a_number_beyond_its_words_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="no number of 4 words"):
        to_words(number, 4)


@pytest.mark.parametrize(
    "text", ["otter-velvet-amber-kite", " Otter velvet,AMBER\tkite\n", "otter - velvet; amber.kite"]
)
def test_how_words_are_typed_does_not_matter(text: str) -> None:
    assert typed(text) == ("otter", "velvet", "amber", "kite")


def test_a_slip_is_refused_with_the_word_that_was_meant() -> None:
    with pytest.raises(UnknownWord, match="“ottre” is none of our words; did you mean “otter”"):
        to_number(["ottre"])


def test_a_word_like_no_other_is_refused_without_a_guess() -> None:
    assert meant("qqqqqq") == ""
    with pytest.raises(UnknownWord, match="check how it is spelt"):
        to_number(["qqqqqq"])


def test_a_message_does_not_repeat_a_novel() -> None:
    with pytest.raises(UnknownWord) as refused:
        to_number(["q" * 10_000])
    assert len(refused.value.word) == MAX_TYPED
