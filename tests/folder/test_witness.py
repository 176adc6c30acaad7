"""Tests for :mod:`whisker_sync.folder.witness`, through a real folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from whisker_sync.folder import witness as witness_module
from whisker_sync.folder.files import Folder, Replaced, sha256_of
from whisker_sync.ids import StoryPath

CAVE = StoryPath("cave.twee")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    for name in ("stage", "trash", "story"):
        (tmp_path / name).mkdir()
    folder = Folder(tmp_path / "story", tmp_path / "stage", tmp_path / "trash")
    folder.write(CAVE, b"dark", None)
    if folder._witness._reliable is not True:
        pytest.skip("this system or disk does not note who reads")
    return folder


def write(folder: Folder, content: bytes) -> None:
    assert isinstance(folder.write(CAVE, content, sha256_of(folder.read(CAVE))), Replaced)


def in_place(path: Path) -> None:
    path.write_bytes(b"saved")


def by_rename(path: Path) -> None:
    path.with_suffix(".new").write_bytes(b"saved")
    path.with_suffix(".new").replace(path)


@pytest.mark.parametrize("save", [in_place, by_rename, Path.unlink])
@pytest.mark.parametrize("read", [False, True])
def test_a_save_says_whether_ours_was_read_before(
    folder: Folder, tmp_path: Path, save: Callable[[Path], None], read: bool
) -> None:
    path = tmp_path / "story" / CAVE
    write(folder, b"darker")
    folder.read(CAVE)
    assert folder.read_since_write(CAVE) is None, "nobody saved"
    if read:
        path.read_bytes()
    save(path)
    folder.read(CAVE)
    assert folder.read_since_write(CAVE) is read
    assert folder.read_since_write(CAVE) is None, "it is told once"


def test_only_our_last_version_counts(folder: Folder, tmp_path: Path) -> None:
    write(folder, b"darker")
    (tmp_path / "story" / CAVE).read_bytes()
    write(folder, b"darkest")
    in_place(tmp_path / "story" / CAVE)
    assert folder.read_since_write(CAVE) is False


def test_a_save_that_we_did_not_replace_says_nothing(folder: Folder, tmp_path: Path) -> None:
    in_place(tmp_path / "story" / CAVE)
    folder.read_since_write(CAVE)
    folder.write(CAVE, b"ours", b"not what is there")
    by_rename(tmp_path / "story" / CAVE)
    assert folder.read_since_write(CAVE) is None


def test_few_files_are_kept_open(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witness_module, "MAX_WATCHED", 3)
    paths = [StoryPath(f"{i}.twee") for i in range(5)]
    for path in paths:
        folder.write(path, b"x", None)
        (tmp_path / "story" / path).unlink()
    assert [folder.read_since_write(path) for path in paths] == [None, None, False, False, False]


def test_where_reads_are_not_noted_nothing_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witness_module, "NOATIME", 0)
    for name in ("stage", "trash", "story"):
        (tmp_path / name).mkdir()
    folder = Folder(tmp_path / "story", tmp_path / "stage", tmp_path / "trash")
    folder.write(CAVE, b"dark", None)
    in_place(tmp_path / "story" / CAVE)
    assert folder.read_since_write(CAVE) is None


def test_times_of_a_file_are_as_if_it_was_written_plainly(folder: Folder, tmp_path: Path) -> None:
    status = (tmp_path / "story" / CAVE).stat()
    assert abs(status.st_mtime - status.st_ctime) < 5
    assert status.st_atime_ns < status.st_mtime_ns


def test_a_write_that_came_too_late_forgets_nothing(folder: Folder, tmp_path: Path) -> None:
    write(folder, b"darker")
    in_place(tmp_path / "story" / CAVE)
    folder.write(CAVE, b"too late", sha256_of(b"darker"))
    assert folder.read_since_write(CAVE) is False
