"""Tests for :mod:`whisker_sync.paths`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.errors import UnsafePath
from whisker_sync.paths import MAX_NAME_BYTES, MAX_PATH_BYTES, accept, same_as

GOOD = [
    "cave.twee",
    "part one/The Cave, again & again.twee",
    "a/b/c/d/e/f/g.tw",
    "été/naïve — dash.twee",
    "...twee",
    ".hidden",
    "console.txt",
    "x" * MAX_NAME_BYTES,
    "/".join(["x" * 203] * 5 + ["x" * 4]),
]


@pytest.mark.parametrize("path", GOOD)
def test_names_that_exist_everywhere_are_accepted_as_they_are(path: str) -> None:
    assert accept(path) == path


BAD = [
    "", "/", "/etc/passwd", "../up", "a/../b", "a//b", "a/", "./a", "a/.", "C:/x", "a\\b", "a:b",
    "what?", "star*", "pipe|", 'quote"', "less<", "more>", "new\nline", "nul\0", "bell\x07", "\x7f",
    "\x85", "ends.", "ends ", "con", "CON.txt", "aux.", "lpt1.twee", "a/nul/b", ".git/config",
    ".GIT/config", "a/.Whisker/key", ".svn", "half\ud800", "x" * (MAX_NAME_BYTES + 1),
    "/".join(["x" * 200] * 6), "com¹.txt",
]  # fmt: skip


@pytest.mark.parametrize("path", BAD, ids=repr)
def test_names_that_lead_elsewhere_or_cannot_exist_are_refused(path: str) -> None:
    with pytest.raises(UnsafePath) as caught:
        accept(path)
    assert "is not synced" in str(caught.value)


@given(st.text(max_size=40))
def test_an_accepted_name_stays_inside(path: str) -> None:
    try:
        accepted = accept(path)
    except UnsafePath:
        return
    assert len(accepted.encode()) <= MAX_PATH_BYTES
    assert not accepted.startswith("/")
    assert not {"", ".", ".."} & set(accepted.split("/"))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Map.png", "map.png", True),
        ("caf\u00e9", "cafe\u0301", True),
        ("CAF\u00c9", "cafe\u0301", True),
        ("stra\u00dfe", "STRASSE", True),
        ("map.png", "mop.png", False),
        ("cafe", "caf\u00e9", False),
    ],
)
def test_some_system_takes_names_for_the_same(one: str, other: str, same: bool) -> None:
    assert (same_as(one) == same_as(other)) == same
