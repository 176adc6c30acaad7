"""Tests for :mod:`whisker_sync.node.untold`."""

from __future__ import annotations

from whisker_sync.folder.watch import Glimpse
from whisker_sync.ids import StoryPath
from whisker_sync.node.untold import Untold, whole

CAVE = StoryPath("cave.twee")
HALL = StoryPath("hall.twee")


def test_what_was_read_is_there_when_it_is_the_turn_of_its_file_and_only_then() -> None:
    untold = Untold()
    assert untold.keep(Glimpse(CAVE, b"dark", 1.0)) == []
    assert untold.keep(Glimpse(HALL, b"wide", 1.0)) == []
    assert untold.keep(Glimpse(CAVE, b"darker", 2.0)) == []
    assert untold.paths() == [CAVE, HALL]
    assert untold.take(CAVE, 3.0) == [b"dark", b"darker"]
    assert untold.take(CAVE, 4.0) == []
    assert untold.rest() == [(HALL, b"wide")]
    assert untold.rest() == []


def test_what_was_read_before_a_turn_of_its_file_and_comes_after_it_is_handed_back() -> None:
    untold = Untold()
    untold.take(CAVE, 2.0)
    assert untold.keep(Glimpse(CAVE, b"dark", 1.0)) == [(CAVE, b"dark")]
    assert untold.keep(Glimpse(CAVE, b"darker", 2.0)) == [(CAVE, b"darker")]
    assert untold.keep(Glimpse(HALL, b"wide", 1.0)) == []
    assert untold.rest() == [(HALL, b"wide")]


def test_what_was_read_after_a_turn_waits_for_the_next() -> None:
    untold = Untold()
    untold.keep(Glimpse(CAVE, b"dark", 1.0))
    untold.keep(Glimpse(CAVE, b"darker", 3.0))
    assert untold.take(CAVE, 2.0) == [b"dark"]
    assert untold.take(CAVE, 3.0) == [b"darker"]


def test_what_is_read_twice_is_one_save() -> None:
    untold = Untold()
    untold.keep(Glimpse(CAVE, b"dark", 1.0))
    untold.keep(Glimpse(CAVE, b"dark", 2.0))
    assert untold.take(CAVE, 3.0) == [b"dark"]


def test_a_save_that_the_next_one_goes_on_with_was_half_written() -> None:
    assert whole([b"", b":: Ca"], b":: Cave\n") == []
    assert whole([b":: Cave\n", b""], b":: Hall\n") == [b":: Cave\n"]
    assert whole([b":: Cave\n"], b":: Cave\n") == []
    assert whole([b":: Cave\n"], None) == [b":: Cave\n"]
    assert whole([], b":: Cave\n") == []
