"""Tests for :mod:`whisker_sync.store.intent`."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from whisker_sync.ids import DeviceId
from whisker_sync.record import Record
from whisker_sync.store.intent import ROOM, Intent

RECORDS = (
    Record("story", b"\x01\x02", DeviceId(b"a" * 32), client=7, time=8),
    Record("notes", b"", DeviceId(b"b" * 32), client=0, time=0),
)

DYING = """
import os, signal, sys
from pathlib import Path
from tests.store.test_intent import RECORDS
from whisker_sync.store.intent import Intent
intent = Intent(Path(sys.argv[1]))
intent.enter(RECORDS)
if sys.argv[2] == "well":
    intent.leave()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "intent"


def left_over(path: Path) -> tuple[Record, ...]:
    with closing(Intent(path)) as intent:
        return intent.left_over()


def enter(path: Path, *records: Record) -> None:
    with closing(Intent(path)) as intent:
        intent.enter(records)


def test_nothing_is_left_over_at_first(path: Path) -> None:
    assert left_over(path) == ()
    assert path.stat().st_size == ROOM


@pytest.mark.parametrize(("end", "left"), [("ill", RECORDS), ("well", ())])
def test_a_note_outlives_the_process(path: Path, end: str, left: tuple[Record, ...]) -> None:
    subprocess.run([sys.executable, "-c", DYING, str(path), end], check=False)
    assert left_over(path) == left


def test_a_note_longer_than_the_room_is_kept(path: Path) -> None:
    long = Record("story", bytes(ROOM * 2), DeviceId(b"a" * 32), 1, 1)
    enter(path, long)
    assert left_over(path) == (long,)


def test_a_shorter_note_replaces_a_longer_one(path: Path) -> None:
    enter(path, *RECORDS)
    enter(path, RECORDS[0])
    assert left_over(path) == RECORDS[:1]


@pytest.mark.parametrize("damage", [b"", b"\xff" * 8, b"\x00" * 7 + b"\x09" + bytes(32)])
def test_a_damaged_note_accuses_nobody(path: Path, damage: bytes) -> None:
    enter(path, *RECORDS)
    content = path.read_bytes()
    path.write_bytes(damage + content[len(damage) :] if damage else b"")
    assert left_over(path) == ()
