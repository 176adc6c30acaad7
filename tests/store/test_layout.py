"""Tests for :mod:`whisker_sync.store.layout`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from whisker_sync.errors import AlreadyAWorkspace, NotAWorkspace, WorkspaceBusy
from whisker_sync.store.layout import Layout, Lock, holder, is_held, write_private


def make(root: Path) -> Layout:
    layout = Layout.make(root)
    write_private(layout.config, b"id = 'x'\n")
    return layout


def test_a_workspace_is_found_from_any_folder_below(tmp_path: Path) -> None:
    layout = make(tmp_path / "story")
    below = tmp_path / "story" / "part" / "one"
    below.mkdir(parents=True)
    assert Layout.find(below) == layout == Layout.find(tmp_path / "story")


def test_a_folder_outside_is_no_workspace(tmp_path: Path) -> None:
    make(tmp_path / "story")
    with pytest.raises(NotAWorkspace, match="whisker init"):
        Layout.find(tmp_path)


def test_a_workspace_is_made_once(tmp_path: Path) -> None:
    make(tmp_path)
    with pytest.raises(AlreadyAWorkspace):
        Layout.make(tmp_path)


def test_no_file_of_the_author_is_touched(tmp_path: Path) -> None:
    (tmp_path / "cave.twee").write_text(":: Cave")
    make(tmp_path)
    assert (tmp_path / "cave.twee").read_text() == ":: Cave"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".whisker", "cave.twee"]


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are another matter there")
def test_what_is_private_is_private(tmp_path: Path) -> None:
    layout = make(tmp_path)
    write_private(layout.papers, b"secret")
    assert layout.papers.stat().st_mode & 0o777 == 0o600
    assert layout.local.stat().st_mode & 0o777 == 0o700


def test_a_workspace_is_open_once(tmp_path: Path) -> None:
    layout = make(tmp_path)
    assert not is_held(layout.lock)
    lock = Lock(layout)
    assert is_held(layout.lock)
    assert holder(layout.lock) == os.getpid()
    with pytest.raises(WorkspaceBusy, match=str(os.getpid())):
        Lock(layout)
    lock.release()
    assert not is_held(layout.lock)
    Lock(layout).release()


CHILD = """
import sys
from pathlib import Path
from whisker_sync.store.layout import Layout, Lock
lock = Lock(Layout.find(Path(sys.argv[1])))
print("held", flush=True)
input()
"""


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    layout = make(tmp_path)
    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            CHILD,
            str(tmp_path),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"held\n"
    assert is_held(layout.lock)
    assert holder(layout.lock) == child.pid
    child.kill()
    child.communicate()
    assert not is_held(layout.lock)
    Lock(layout).release()
