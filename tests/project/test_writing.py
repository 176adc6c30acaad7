"""Tests of :mod:`whisker_sync.project.writing`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from whisker_sync.errors import CannotWrite, ChangedMeanwhile
from whisker_sync.project.writing import Write, write_all


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_files_are_written_and_nothing_else_is_left(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    write_all(
        [
            Write(tmp_path / "a", b"new", b"old"),
            Write(tmp_path / "sub" / "b", b"fresh", None),
        ]
    )

    assert (tmp_path / "a").read_bytes() == b"new"
    assert (tmp_path / "sub" / "b").read_bytes() == b"fresh"
    assert names(tmp_path) == ["a", "sub"]
    assert names(tmp_path / "sub") == ["b"]


def test_a_file_that_was_saved_meanwhile_is_left_alone_and_so_are_all_others(
    tmp_path: Path,
) -> None:
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "b").write_bytes(b"saved meanwhile")
    with pytest.raises(ChangedMeanwhile, match="b was changed just now"):
        write_all([Write(tmp_path / "a", b"new", b"old"), Write(tmp_path / "b", b"new", b"old")])

    assert (tmp_path / "a").read_bytes() == b"old"
    assert (tmp_path / "b").read_bytes() == b"saved meanwhile"
    assert names(tmp_path) == ["a", "b"]


def test_a_file_that_is_there_is_not_replaced_by_a_new_one(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"here")
    with pytest.raises(ChangedMeanwhile):
        write_all([Write(tmp_path / "a", b"new", None)])
    with pytest.raises(ChangedMeanwhile):
        write_all([Write(tmp_path / "gone", b"new", b"old")])

    assert (tmp_path / "a").read_bytes() == b"here"
    assert names(tmp_path) == ["a"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_a_file_keeps_its_mode_and_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a").write_bytes(b"old")
    (tmp_path / "real" / "a").chmod(0o640)
    (tmp_path / "a").symlink_to(tmp_path / "real" / "a")
    write_all([Write(tmp_path / "a", b"new", b"old")])

    assert (tmp_path / "a").is_symlink()
    assert (tmp_path / "real" / "a").read_bytes() == b"new"
    assert (tmp_path / "real" / "a").stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(sys.platform == "win32", reason="a full disk is imagined with a limit")
def test_without_room_nothing_is_changed(tmp_path: Path) -> None:
    import resource

    (tmp_path / "a").write_bytes(b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    import signal

    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
    try:
        with pytest.raises(CannotWrite, match="b cannot be written"):
            write_all(
                [
                    Write(tmp_path / "a", b"new", b"old"),
                    Write(tmp_path / "b", os.urandom(2_000), None),
                ]
            )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)

    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a"]
