"""Tests for :mod:`benchmarks.reliability.author`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from benchmarks.reliability.author import Author
from benchmarks.reliability.diary import Diary
from benchmarks.reliability.judge import Written, files_of


class Room:
    """An author with a folder, without any daemon."""

    def __init__(self, place: Path, seed: int) -> None:
        self.folder = place / "folder"
        self.folder.mkdir()
        self.written = Written()
        self.diary = Diary(place)
        dice = Random(seed)
        self.author = Author("ada", self.folder, place / "beside", self.written, dice, self.diary)
        self.author.begin(3)

    @property
    def files(self) -> dict[str, bytes]:
        return files_of(self.folder)


@pytest.fixture
def room(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Room]:
    room = Room(tmp_path, getattr(request, "param", 1))
    yield room
    room.diary.close()


@pytest.mark.parametrize("room", range(5), indirect=True)
def test_alone_an_author_loses_and_doubles_nothing(room: Room) -> None:
    for _ in range(200):
        room.author.edit()
        assert room.written.judge(room.files) == []
    assert room.author.edits > 150
    assert room.author.overtaken == 0


def test_a_save_over_an_unread_version_is_known_as_such(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A daemon writes in the moment between reading and saving."""
    path = next(room.folder.rglob("*.twee"))
    read = path.read_text()
    merged = room.written.fresh()
    room.written.replaced("", merged)
    path.write_text(f"{read}{merged}\n")
    room.author._save(path, read, f"{read}more\n")
    assert room.author.overtaken == 1
    assert merged not in path.read_text()
    assert room.written.judge(room.files) == []


def test_a_file_that_is_gone_is_not_saved(room: Room) -> None:
    path = next(room.folder.rglob("*.twee"))
    read = path.read_text()
    room.author.remove()
    edits = room.author.edits
    gone = path if not path.exists() else room.folder / "never.twee"
    room.author._save(gone, read, f"{read}{room.written.fresh()}\n")
    assert room.author.edits == edits
    assert room.written.judge(room.files) == []
