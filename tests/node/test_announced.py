"""whisker_sync.node.announced: saves whose author said what they were made from."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from whisker_sync.ids import StoryPath
from whisker_sync.node import announced
from whisker_sync.node.announced import announce, made_from
from whisker_sync.store.layout import Layout

PATH = StoryPath("cave.twee")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout.make(tmp_path)


def test_what_was_announced_is_known_of_that_save_only(layout: Layout) -> None:
    announce(layout, PATH, b"base", b"saved")
    assert made_from(layout, PATH, b"saved") == hashlib.sha256(b"base").digest()
    assert made_from(layout, PATH, b"another") is None
    assert made_from(layout, StoryPath("other.twee"), b"saved") is None
    assert made_from(layout, PATH, None) is None


def test_a_newer_announcement_replaces_an_older_one(layout: Layout) -> None:
    announce(layout, PATH, b"base", b"saved")
    announce(layout, PATH, b"saved", b"again")
    assert made_from(layout, PATH, b"saved") is None


@pytest.mark.parametrize("damage", [b"", b"[]", b"{", b'{"cave.twee": 1}', b"\xff"])
def test_a_damaged_note_says_nothing(layout: Layout, damage: bytes) -> None:
    (layout.local / "announced").write_bytes(damage)
    assert made_from(layout, PATH, b"saved") is None


def test_announcements_are_few(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announced, "MAX_ANNOUNCED", 2)
    for name in ("a", "b", "c"):
        announce(layout, StoryPath(name), b"base", b"saved")
    assert [made_from(layout, StoryPath(name), b"saved") is None for name in "abc"] == [
        True,
        False,
        False,
    ]
