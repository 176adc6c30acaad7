"""Tests of :mod:`whisker_sync.story.data`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.story.data import StoryData, read_data, with_start
from whisker_sync.text.edits import apply


def test_story_data_is_read() -> None:
    text = """
    {"ifid": "A-1", "format": "SugarCube", "format-version": "2.31.1", "start": "Cave",
     "zoom": 0.60, "tag-colors": {"dark": "gray"}, "options": ["debug"], "mine": [1]}
    """

    assert read_data(text) == StoryData(
        "A-1", "SugarCube", "2.31.1", "Cave", "0.6", {"dark": "gray"}, ("debug",)
    )


def test_values_of_other_kinds_say_nothing() -> None:
    text = '{"ifid": 1, "format": null, "zoom": true, "tag-colors": [], "options": "x"}'

    assert read_data(text) == StoryData()


def test_of_a_broken_one_the_strings_are_taken_that_can_be_made_out() -> None:
    text = '{"ifid": "A",B", "format": "SugarCube",\n "start": "The \\"Cave\\"" "x": "\\z"'

    assert read_data(text) == StoryData("A", "SugarCube", start='The "Cave"', broken=True)


@given(st.text())
def test_any_text_will_do(text: str) -> None:
    read_data(text)
    assert with_start(text, "a", "b") == []


@pytest.mark.parametrize("text", ["", "[]", "null", '"x"', "[" * 100_000, "1" * 10_000])
def test_what_is_no_object_is_broken(text: str) -> None:
    assert read_data(text).broken


def test_another_start_changes_that_name_and_nothing_else() -> None:
    text = '\n{ "start" : "C\\u0061ve",\t"zoom": 1.0, "mine": {"start": "Cave"} }\n'

    assert apply(text, with_start(text, "Cave", 'the "Old" Höhle')) == (
        '\n{ "start" : "the \\"Old\\" Höhle",\t"zoom": 1.0, "mine": {"start": "Cave"} }\n'
    )
    assert with_start(text, "Caves", "x") == []


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("{}", '{"start": "Sea"}'),
        ('{"zoom":1}', '{"start": "Sea", "zoom":1}'),
        ('{\n\t"ifid": "A"\n}', '{\n\t"start": "Sea",\n\t"ifid": "A"\n}'),
        ('{"ifid": "A",}', '{"ifid": "A",}'),
    ],
)
def test_a_story_that_does_not_say_where_it_begins_is_made_to_say_so(text: str, after: str) -> None:
    assert apply(text, with_start(text, "Start", "Sea")) == after
    assert with_start(text, "Cave", "Sea") == []
