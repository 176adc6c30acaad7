"""Tests for :mod:`whisker_sync.folder.services`."""

from __future__ import annotations

from pathlib import Path

import pytest

from whisker_sync.folder.services import service_of, why_not_here


@pytest.mark.parametrize(
    ("place", "service"),
    [
        ("Dropbox/stories/cave", "Dropbox"),
        ("OneDrive - School/cave", "OneDrive"),
        ("Library/Mobile Documents/com~apple~CloudDocs/cave", "iCloud Drive"),
        ("Nextcloud/cave", "Nextcloud"),
        ("omega/cave", None),
        ("stories/cave", None),
    ],
)
def test_it_is_known_by_the_name_of_its_folder(
    tmp_path: Path, place: str, service: str | None
) -> None:
    assert service_of(tmp_path / place) == service


def test_it_is_known_by_what_it_leaves_there(tmp_path: Path) -> None:
    (tmp_path / "shared" / ".stfolder").mkdir(parents=True)
    assert service_of(tmp_path / "shared" / "cave") == "Syncthing"
    assert service_of(tmp_path / "mine") is None


@pytest.mark.parametrize("place", ["", "Desktop", "documents", "..", "/"])
def test_where_much_else_lies_is_no_place_for_a_story(tmp_path: Path, place: str) -> None:
    home = tmp_path / "home" / "ada"
    home.mkdir(parents=True)
    assert why_not_here(home / place, home)


def test_a_folder_that_another_program_syncs_is_none_either(tmp_path: Path) -> None:
    assert "Dropbox" in str(why_not_here(tmp_path / "Dropbox" / "cave", tmp_path / "home"))


@pytest.mark.parametrize("place", ["cave", "Desktop/cave", "Documents/stories/cave"])
def test_a_folder_of_its_own_is_a_good_place(tmp_path: Path, place: str) -> None:
    assert why_not_here(tmp_path / place, tmp_path) is None
