"""Tests for :mod:`whisker_sync.node.suspects`: real processes, which really end."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import replace

import pytest

from whisker_sync.document import Document, Kind, Root, Schema
from whisker_sync.ids import DeviceId
from whisker_sync.node.suspects import find_guilty
from whisker_sync.record import Record

pytestmark = pytest.mark.waits

NOTES = Schema((Root("body", Kind.TEXT),))


class _InTheChild(bytes):
    """Bytes that do something when they are merged, in the child only."""

    def __len__(self) -> int:
        if sys.argv[0].endswith("suspects.py"):
            self.act()
        return super().__len__()

    def act(self) -> None:
        """Do nothing."""


class Deadly(_InTheChild):
    """As an update on which the engine aborts."""

    def act(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class Endless(_InTheChild):
    """As an update on which the engine never returns."""

    def act(self) -> None:
        time.sleep(3600)


def records(count: int) -> list[Record]:
    document = Document("notes", NOTES, 7)
    made = []
    for number in range(count):
        with document.edit("test") as edit:
            edit.insert("body", 0, f"{number} ")
        assert edit.change is not None
        made.append(Record("notes", edit.change.update, DeviceId(bytes(32)), 7, 0))
    return made


def test_who_was_merely_there_is_innocent() -> None:
    assert find_guilty(records(3), {}, {"notes": NOTES}) == []


def test_each_that_ends_a_process_is_found() -> None:
    suspects = records(4)
    suspects[1] = replace(suspects[1], update=Deadly(suspects[1].update))
    suspects[3] = replace(suspects[3], update=Deadly(suspects[3].update))
    assert find_guilty(suspects, {}, {"notes": NOTES}) == [suspects[1], suspects[3]]


def test_one_that_never_returns_is_found() -> None:
    suspects = records(2)
    suspects[0] = replace(suspects[0], update=Endless(suspects[0].update))
    assert find_guilty(suspects, {}, {"notes": NOTES}, seconds=2.0) == [suspects[0]]


def test_records_of_documents_that_are_not_open_are_innocent() -> None:
    stranger = replace(records(1)[0], document="other")
    assert find_guilty([stranger], {}, {"notes": NOTES}) == []
