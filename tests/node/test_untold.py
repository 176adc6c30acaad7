"""Tests for :mod:`whisker_sync.node.untold`."""

from __future__ import annotations

from whisker_sync.ids import StoryPath
from whisker_sync.node.untold import Untold, whole

CAVE = StoryPath("cave.twee")
HALL = StoryPath("hall.twee")


def test_what_was_read_is_there_when_it_is_the_turn_of_its_file_and_only_then() -> None:
    untold = Untold()
    turns = untold.turns([CAVE, HALL])
    assert untold.keep([(CAVE, b"dark"), (HALL, b"wide")], turns) == []
    assert untold.keep([(CAVE, b"darker")], untold.turns([CAVE])) == []
    assert untold.take(CAVE) == [b"dark", b"darker"]
    assert untold.take(CAVE) == []
    assert untold.rest() == [(HALL, b"wide")]
    assert untold.rest() == []


def test_what_was_read_before_a_turn_of_its_file_and_comes_after_it_is_handed_back() -> None:
    untold = Untold()
    turns = untold.turns([CAVE, HALL])
    untold.take(CAVE)
    assert untold.keep([(CAVE, b"dark"), (HALL, b"wide")], turns) == [(CAVE, b"dark")]
    assert untold.rest() == [(HALL, b"wide")]


def test_what_was_read_of_a_file_without_asking_for_its_turn_is_handed_back() -> None:
    assert Untold().keep([(CAVE, b"dark")], {}) == [(CAVE, b"dark")]


def test_a_save_that_the_next_one_goes_on_with_was_half_written() -> None:
    assert whole([b"", b":: Ca"], b":: Cave\n") == []
    assert whole([b":: Cave\n", b""], b":: Hall\n") == [b":: Cave\n"]
    assert whole([b":: Cave\n"], b":: Cave\n") == []
    assert whole([b":: Cave\n"], None) == [b":: Cave\n"]
    assert whole([], b":: Cave\n") == []
