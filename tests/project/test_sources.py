"""Tests of :mod:`whisker_sync.project.sources`."""

from __future__ import annotations

from pathlib import Path

import pytest

from whisker_sync.errors import UnreadableSource
from whisker_sync.project.sources import paths, read_story, shown


def make(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f":: {name}\n")


def found(root: Path, *named: str) -> list[str]:
    return [shown(path, root) for path in paths(root, [Path(each) for each in named])]


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    make(tmp_path, "b.twee", "a/z.tw", "c/1.twee", "B.twee", "10.twee", "9.TWEE", "a.twee")

    assert found(tmp_path) == [
        "10.twee", "9.TWEE", "B.twee", "a/z.tw", "a.twee", "b.twee", "c/1.twee",
    ]  # fmt: skip


def test_what_is_named_comes_in_the_order_in_which_it_is_named_and_once(tmp_path: Path) -> None:
    make(tmp_path, "a.twee", "b/c.twee", "b/d.twee", "style.css")

    assert found(tmp_path, "b/d.twee", "style.css", "b", ".") == [
        "b/d.twee", "style.css", "b/c.twee", "a.twee",
    ]  # fmt: skip


def test_of_a_folder_only_twee_is_taken_and_nothing_hidden(tmp_path: Path) -> None:
    make(tmp_path, "a.twee", "a.js", "a.css", "a.twee~", ".#a.twee", ".git/b.twee",
         "node_modules/c.twee", "storyformats/d.twee", ".whisker/e.twee")  # fmt: skip

    assert found(tmp_path) == ["a.twee"]


def test_a_link_to_a_folder_is_not_followed(tmp_path: Path) -> None:
    make(tmp_path, "a/b.twee")
    (tmp_path / "a" / "again").symlink_to(tmp_path / "a", target_is_directory=True)

    assert found(tmp_path) == ["a/b.twee"]


def test_files_are_read_under_their_path(tmp_path: Path) -> None:
    make(tmp_path, "a/b.twee")
    (story,) = read_story(tmp_path)

    assert (story.path, story.passages[0].name) == ("a/b.twee", "a/b.twee")


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnreadableSource, match=r"cave\.twee cannot be read: there is no such"):
        paths(tmp_path, [Path("cave.twee")])


def test_what_is_outside_is_shown_whole(tmp_path: Path) -> None:
    assert shown(tmp_path / "a.twee", tmp_path / "b") == (tmp_path / "a.twee").as_posix()
