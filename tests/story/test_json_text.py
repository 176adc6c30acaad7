"""Tests of :mod:`whisker_sync.story.json_text`."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.story.json_text import end_of_value, is_value, members

keys = st.text(st.characters(codec="utf-8"))
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | keys,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
soup = st.lists(
    st.sampled_from([*'{}[]",:\\ -01.eE', "\\u00e9", "true", "null", '"a"', "\t", "\n"])
)


@given(values, st.booleans(), st.sampled_from([None, 1]))
def test_json_is_found_to_its_end(value: object, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)

    assert is_value(text)
    assert end_of_value(f"{text}, junk", 0) == len(text)


@given(soup.map("".join))
def test_what_is_json_is_what_the_standard_library_reads(text: str) -> None:
    try:
        json.loads(text)
    except ValueError:
        readable = False
    else:
        readable = text == text.strip()

    assert is_value(text) == readable


@given(st.dictionaries(keys, values, max_size=4))
def test_members_are_found_where_they_stand(value: dict[str, object]) -> None:
    text = f" {json.dumps(value, indent=1)} rest"

    found = members(text, 1)

    assert found is not None
    assert found[1] == len(text) - len(" rest")
    assert {each.key: json.loads(text[each.value_start : each.end]) for each in found[0]} == value
    assert all(
        json.loads(text[each.start :].partition(":")[0]) is not None for each in found[0][:0]
    )


@pytest.mark.parametrize(
    "text",
    ["", "{", '{"a"', '{"a":', '{"a":1', '{"a":1,}', '{"a":1 "b":2}', "{a:1}", "[1]", '{"a":01}'],
)
def test_what_is_no_object_has_no_members(text: str) -> None:
    assert members(text, 0) is None


def test_half_a_surrogate_pair_is_no_key() -> None:
    assert members(r'{"\ud800":1}', 0) is None
    assert members(r'{"\ud83d\ude00":1}', 0) is not None


def test_numbers_are_as_long_as_they_like() -> None:
    assert is_value("1" * 10_000)


def test_any_number_of_brackets_is_no_trouble() -> None:
    assert is_value("[" * 200_000 + "]" * 200_000)
    assert not is_value("[" * 200_000)
    assert members('{"a":' * 200_000, 0) is None
