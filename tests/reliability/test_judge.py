"""Tests for :mod:`benchmarks.reliability.judge`: the checks bite."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.reliability.judge import Written, complaints, differences, files_of


@pytest.fixture
def written() -> Written:
    """Two words in a file, which an author saved."""
    written = Written()
    written.replaced("", f":: Cave\n{written.fresh(2)}\n")
    return written


def test_folders_with_each_word_once_are_right(written: Written) -> None:
    assert written.judge({"cave.twee": b":: Cave\nw0x\n", "hall.twee": b":: Hall\nw1x\n"}) == []


def test_a_lost_word_is_found(written: Written) -> None:
    assert written.judge({"cave.twee": b":: Cave\nw1x\n"}) == ["1 words are lost: w0x"]


def test_a_doubled_word_is_found(written: Written) -> None:
    files = {"cave.twee": b":: Cave\nw0x w1x\n", "copy.twee": b":: Cave\nw1x\n"}
    assert written.judge(files) == ["1 words are there twice: w1x"]


def test_a_word_that_nobody_wrote_is_found(written: Written) -> None:
    files = {"cave.twee": b":: Cave\nw0x w1x w7x\n"}
    assert written.judge(files) == ["1 words were written by nobody: w7x"]


def test_a_word_that_was_never_saved_may_be_missing(written: Written) -> None:
    written.fresh(3)
    assert written.judge({"cave.twee": b"w0x w1x"}) == []


def test_a_word_that_an_author_took_out_may_be_missing_or_there(written: Written) -> None:
    written.replaced("w0x w1x", "w1x")
    assert written.judge({"cave.twee": b"w1x"}) == []
    assert written.judge({"cave.twee": b"w0x w1x"}) == []


def test_what_a_save_of_an_old_version_takes_out_may_be_missing(written: Written) -> None:
    new = written.fresh()
    written.replaced("w0x w1x", f"w0x w1x {new}")
    later = written.fresh()
    written.replaced(f"w0x w1x {new}", f"w0x w1x {later}")
    assert written.judge({"cave.twee": f"w0x w1x {later}".encode()}) == []


def test_what_a_save_of_an_old_version_brings_back_may_be_there_twice(written: Written) -> None:
    written.replaced("w1x", "w0x w1x")
    assert written.judge({"cave.twee": b"w0x w1x", "hall.twee": b"w0x"}) == []
    assert written.judge({"cave.twee": b"w0x w1x", "hall.twee": b"w1x"}) != []


def test_a_file_that_differs_or_is_missing_is_found() -> None:
    folders = {
        "ada": {"cave.twee": b"w0x", "hall.twee": b"", "picture.png": b"\x89"},
        "bob": {"cave.twee": b"w0x ", "hall.twee": b"", "picture.png": b"\x89"},
        "cleo": {"cave.twee": b"w0x", "hall.twee": b""},
    }
    assert differences(folders) == [
        "1 files of ada and bob differ: cave.twee",
        "1 files of ada and cleo differ: picture.png",
    ]


def test_only_the_author_s_files_are_looked_at(tmp_path: Path) -> None:
    for name in ("cave.twee", "part/hall.twee", ".whisker/local/stage/w0x"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"w0x")
    assert files_of(tmp_path) == {"cave.twee": b"w0x", "part/hall.twee": b"w0x"}


@pytest.mark.parametrize("name", ["log", "log.1"])
def test_a_traceback_in_a_log_is_found(tmp_path: Path, name: str) -> None:
    (tmp_path / "log").write_text("12:00 WARNING somebody hung up\n")
    assert complaints(tmp_path / "log") == []
    (tmp_path / name).write_text("12:00 ERROR oh\nTraceback (most recent call last):\n  ...\n")
    assert len(complaints(tmp_path / "log")) == 1
