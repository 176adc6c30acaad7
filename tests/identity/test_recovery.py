"""Tests for :mod:`whisker_sync.identity.recovery`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.errors import WrongRecovery
from whisker_sync.identity.recovery import ENTROPY_BYTES, WORD_COUNT, RecoveryKey
from whisker_sync.identity.words import WORDS

KEY = RecoveryKey(b"sixteen bytes!!!")


@given(st.binary(min_size=ENTROPY_BYTES, max_size=ENTROPY_BYTES))
def test_the_words_are_the_key(entropy: bytes) -> None:
    key = RecoveryKey(entropy)
    assert len(key.words().split()) == WORD_COUNT
    assert RecoveryKey.from_words(key.words()).public == key.public


def test_words_may_be_typed_as_people_type() -> None:
    typed = KEY.words().upper().replace(" ", " -\n", 3) + "  "
    assert RecoveryKey.from_words(typed).public == KEY.public


def test_a_key_shows_neither_itself_nor_its_words() -> None:
    assert not set(KEY.words().split()) & set(repr(KEY).lower().split())
    assert "hidden" in repr(KEY)


@pytest.mark.parametrize("count", [0, 1, 15, 17])
def test_too_few_or_too_many_words_are_counted(count: int) -> None:
    words = (KEY.words().split() * 2)[:count]
    with pytest.raises(WrongRecovery, match=f"there are {count} of them instead of 16"):
        RecoveryKey.from_words(" ".join(words))


def test_an_unknown_word_is_named() -> None:
    words = KEY.words().split()
    words[4] = "xyzzy"
    with pytest.raises(WrongRecovery, match="xyzzy"):
        RecoveryKey.from_words(" ".join(words))


@given(st.integers(0, WORD_COUNT - 1), st.sampled_from(WORDS))
def test_another_word_of_the_list_is_noticed(at: int, word: str) -> None:
    words = KEY.words().split()
    if words[at] == word:
        return
    words[at] = word
    with pytest.raises(WrongRecovery, match="check their order"):
        RecoveryKey.from_words(" ".join(words))


def test_words_in_another_order_are_noticed() -> None:
    words = KEY.words().split()
    words[2], words[3] = words[3], words[2]
    assert words != KEY.words().split()
    with pytest.raises(WrongRecovery):
        RecoveryKey.from_words(" ".join(words))


def test_the_greatest_words_are_no_key() -> None:
    with pytest.raises(WrongRecovery):
        RecoveryKey.from_words(" ".join([WORDS[-1]] * WORD_COUNT))
