"""Tests for :mod:`whisker_sync.shown`."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.shown import harmless, is_plain, plain

CLEAR = "\x1b[2J"


@given(st.text())
def test_what_is_left_is_plain(text: str) -> None:
    assert is_plain(plain(text))
    assert is_plain(text) == (plain(text) == text)


def test_what_acts_on_a_terminal_is_not_plain() -> None:
    for text in (CLEAR, "a\nb", "\r", "\x9b31m", "safe\u202egpj.exe", "\u2028", "\x00", "\ufeff"):
        assert not is_plain(text)


def test_names_of_people_are_plain() -> None:
    for name in ("Zoë", "李雷", "نور", "Αθηνά", "O’Brien-Smith", "👩‍🚀", "יונתן", "नेहा"):
        assert is_plain(name)


@given(st.text())
def test_what_is_harmless_shows_each_letter_and_acts_on_nothing(text: str) -> None:
    shown = harmless(text)
    assert len(shown) == len(text)
    assert not [
        letter for letter in shown if unicodedata.category(letter) == "Cc" and letter not in "\n\t"
    ]


def test_stories_in_any_writing_are_harmless() -> None:
    for text in ("two\nlines\tand a tab", "\u200eleft\u200f", "soft\xadhyphen", "👩‍🚀"):
        assert harmless(text) == text
    assert harmless(CLEAR) == "?[2J"
