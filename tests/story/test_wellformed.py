"""Tests for :mod:`whisker_sync.story.wellformed`."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.story import wellformed
from whisker_sync.story.wellformed import MAX_CHECKED, READERS, is_checked, is_whole

WHOLE = {
    ".json": '{"a": [1, 2]}\n',
    ".svg": '<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>\n',
    ".toml": '[sync]\nignore = ["*.psd"]\n',
}


@pytest.mark.parametrize("ending", WHOLE)
def test_a_whole_text_is_whole_and_half_of_it_is_not(ending: str) -> None:
    text = WHOLE[ending]
    assert is_whole(f"a{ending}", text)
    assert is_whole(f"A{ending.upper()}", text)
    assert not is_whole(f"a{ending}", text[: len(text) // 2])
    assert not is_whole(f"a{ending}", text[:-3] + text)


def test_a_name_twice_in_an_object_is_one_too_many() -> None:
    assert not is_whole("a.json", '{"a": 1, "a": 2}')
    assert is_whole("a.json", '{"a": 1, "b": {"a": 2}}')


PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "how-passages-merge.md"


def test_each_kind_is_in_the_table_of_the_module_and_of_the_page() -> None:
    assert wellformed.__doc__ is not None
    page = PAGE.read_text("utf-8")
    assert all(ending in wellformed.__doc__ and f"`{ending}`" in page for ending in READERS)


def test_a_text_of_another_kind_is_whole_whatever_it_holds() -> None:
    assert not is_checked("a.twee")
    assert is_whole("a.twee", '{"a": ')
    assert is_whole("json", '{"a": ')


def test_a_text_is_looked_at_up_to_so_many_letters() -> None:
    assert not is_whole("a.json", "[" * MAX_CHECKED)
    assert is_whole("a.json", "[" * (MAX_CHECKED + 1))


@given(st.text(), st.sampled_from(sorted(READERS)))
def test_any_text_is_whole_or_not(text: str, ending: str) -> None:
    assert is_whole(f"a{ending}", text) in {True, False}


def test_entities_that_grow_without_end_are_refused_in_no_time() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE a [<!ENTITY l0 "ha">{laughs}]><a>&l11;</a>'
    assert not is_whole("a.svg", bomb)
