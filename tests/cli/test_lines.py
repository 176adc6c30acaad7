"""Tests for :mod:`whisker_sync.cli.lines`."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.cli.lines import simple, width, wrapped

LINES = st.text(st.sampled_from("ab  /\u00e9\u6c34\u0301")).map(lambda text: text.strip(" ") or "x")


@given(LINES, st.integers(10, 40))
def test_a_line_is_broken_only_at_spaces_and_keeps_its_words(line: str, columns: int) -> None:
    lines = wrapped(line, columns)
    assert " ".join(lines).split() == line.split()
    for each in lines:
        assert width(each) <= columns or len(each.split()) == 1


def test_what_goes_on_stands_deeper_than_what_began() -> None:
    assert wrapped("  one two three", 10) == ["  one two", "    three"]
    assert wrapped("one two", 7) == ["one two"]


def test_wide_letters_take_two_columns_and_accents_none() -> None:
    assert width("水e\u0301") == 3
    assert wrapped("水 水 水", 5) == ["水 水", "  水"]


def test_letters_that_a_terminal_lacks_are_replaced_by_simple_ones() -> None:
    assert simple("“Höhle” …", "ascii") == '"H?hle" ...'
    assert simple("“Höhle”", "utf-8") == "“Höhle”"
    assert simple("“é”", "latin-1") == '"é"'
