"""Tests for :mod:`whisker_sync.folder.services`."""

from __future__ import annotations

from pathlib import Path

import pytest

from whisker_sync.folder.services import service_of


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
