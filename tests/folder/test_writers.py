"""Tests for :mod:`whisker_sync.folder.writers`."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from whisker_sync.folder import writers
from whisker_sync.folder.writers import is_written, wait_for_writers


@pytest.fixture
def handle(tmp_path: Path) -> int:
    (tmp_path / "cave.twee").write_text("dark")
    return os.open(tmp_path / "cave.twee", os.O_RDONLY)


def knows(handle: int) -> None:
    if is_written(handle) is None:
        pytest.skip("this system or disk does not say")


def test_it_is_known_who_has_a_file_open_for_writing(tmp_path: Path, handle: int) -> None:
    knows(handle)
    assert is_written(handle) is False
    with (tmp_path / "cave.twee").open("a"):
        assert is_written(handle) is True
    with (tmp_path / "cave.twee").open("r"):
        assert is_written(handle) is False


def test_a_writer_is_waited_for(tmp_path: Path, handle: int) -> None:
    knows(handle)
    file = (tmp_path / "cave.twee").open("a")
    threading.Timer(0.1, file.close).start()
    assert wait_for_writers(handle, 20.0)
    assert file.closed


def test_nobody_waits_for_ever(tmp_path: Path, handle: int) -> None:
    with (tmp_path / "cave.twee").open("a") as file:
        file.write("x" * 100_000)
        assert not wait_for_writers(handle, 0.01)


def test_where_nobody_tells_a_file_must_be_quiet_for_a_moment(
    tmp_path: Path, handle: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers, "is_written", lambda _: None)
    os.utime(tmp_path / "cave.twee")
    before = time.monotonic()
    assert wait_for_writers(handle, 20.0)
    assert time.monotonic() - before >= writers.QUIET_SECONDS / 2
    os.utime(tmp_path / "cave.twee", (time.time() + 3600,) * 2)
    assert wait_for_writers(handle, 20.0), "a clock that is wrong stops nobody"


def test_whoever_opens_a_file_while_we_ask_ends_nobody(tmp_path: Path, handle: int) -> None:
    """A lease that is broken makes the system send a signal; ours must be a harmless one."""
    knows(handle)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            (tmp_path / "cave.twee").open("a").close()

    thread = threading.Thread(target=write)
    thread.start()
    until = time.monotonic() + 0.5
    while time.monotonic() < until:
        is_written(handle)
    stop.set()
    thread.join()
