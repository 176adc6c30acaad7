"""Tests of :mod:`whisker_sync.story.kinds`."""

from __future__ import annotations

import pytest

from whisker_sync.story.kinds import FileKind, file_kind, is_twee


@pytest.mark.parametrize(
    "path", ["a.twee", "b/c.tw", "A.TWEE", "a.b.tw2", "x.twee2", "x.twee3", ".tw"]
)
def test_twee_is_known_by_its_name(path: str) -> None:
    assert is_twee(path)


@pytest.mark.parametrize(
    "path", ["a.txt", "twee", "a.twee.bak", "a.html", "tw/a.js", "a.twee~", ""]
)
def test_everything_else_is_not_twee(path: str) -> None:
    assert not is_twee(path)


def test_what_a_file_holds_says_whether_it_is_text() -> None:
    assert file_kind("a.twee", b":: Start") is FileKind.TWEE
    assert file_kind("a.twee", b"no passage at all") is FileKind.TWEE
    assert file_kind("a.css", b"::selection {}") is FileKind.TEXT
    assert file_kind("a.png", b"\x89PNG") is FileKind.BINARY
    assert file_kind("a.twee", b"\xff\xfe:\0:\0") is FileKind.BINARY
