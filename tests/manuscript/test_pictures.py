"""Tests for :mod:`whisker_sync.manuscript.pictures`."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.chunks import MAX_WHOLE
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.pictures import (
    MAX_BEFORE,
    decode,
    encode,
    is_lost,
    made_from,
    name_beside,
    read_beside,
)
from whisker_sync.manuscript.shadow import Picture
from whisker_sync.paths import accept

ONE, TWO = (Picture("0" * 16, bytes([n]) * 32, n) for n in (1, 2))


def free(_: StoryPath) -> bool:
    return False


@pytest.mark.parametrize(
    "picture",
    [
        ONE,
        Picture("0" * 16, b"x" * 32, MAX_WHOLE + 1, b"l" * 32),
        Picture("0" * 16, b"x" * 32, 0, b"", (b"a" * 8, b"b" * 8)),
    ],
)
def test_a_register_says_all_of_it(picture: Picture) -> None:
    found = decode(picture.id, encode(picture))
    assert found is not None
    assert (found, found.list, found.before) == (picture, picture.list, picture.before)


@given(st.text(alphabet="0123456789abcdef -,x", max_size=300) | st.integers() | st.none())
def test_any_other_value_is_none_or_a_picture(value: str | int | None) -> None:
    found = decode("0" * 16, value)
    assert found is None or len(found.sha256) == 32


def test_a_content_says_what_it_was_made_from_and_what_that_was_made_from() -> None:
    content, seen = ONE, [ONE]
    for n in range(2, 20):
        content = Picture("0" * 16, bytes([n]) * 32, n, b"", made_from(content, content))
        seen.append(content)
    assert len(content.before) == MAX_BEFORE
    assert [is_lost(earlier, content) for earlier in seen[-MAX_BEFORE - 2 :]] == [
        True, *[False] * MAX_BEFORE, False,
    ]  # fmt: skip
    assert is_lost(TWO, ONE)


@given(st.integers(min_value=0, max_value=4_000_000_000_000))
def test_the_name_says_when(at: int) -> None:
    name = name_beside(StoryPath("a/map.png"), "Ada", at, free)
    moment = datetime.fromtimestamp(at // 1000, UTC)
    assert name == f"a/map (Ada, {moment.day} {moment:%b %H.%M}).png"


@given(st.text(max_size=80), st.sampled_from(["map.png", "map", ".map", "a.b/map.tar.gz"]))
def test_the_name_is_one_that_every_system_accepts(person: str, path: str) -> None:
    accept(name_beside(StoryPath(path), person, 0, free))


def test_a_name_that_is_taken_is_not_used() -> None:
    taken = {name_beside(StoryPath("map.png"), "Ada", 0, free)}
    assert name_beside(StoryPath("map.png"), "Ada", 0, taken.__contains__) == (
        "map (Ada, 1 Jan 00.00 2).png"
    )


@given(st.text(max_size=80), st.sampled_from(["a/map.png", "map", ".map", "a.b/map.tar.gz"]))
def test_the_name_tells_what_it_stands_beside(person: str, path: str) -> None:
    beside = name_beside(StoryPath(path), person, 0, lambda other: "2" not in other)
    found = read_beside(beside)
    assert found is not None
    assert (found.original, found.when) == (path, "1 Jan 00.00")


def test_other_names_in_brackets_tell_nothing() -> None:
    for name in ("map (1).png", "map (Ada).png", "map (Ada, tomorrow).png", "map.png", "(Ada, 1)"):
        assert read_beside(name) is None
