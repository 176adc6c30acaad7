"""Tests for :mod:`whisker_sync.peer.fetching`."""

from __future__ import annotations

from whisker_sync.ids import LinkId
from whisker_sync.peer.fetching import MAX_REQUESTS, REQUEST_SECONDS, RETRY_SECONDS, Fetching

ONE, TWO = LinkId(1), LinkId(2)
PICTURE, SOUND = b"p" * 32, b"s" * 32


def test_what_is_missing_is_asked_for_once() -> None:
    fetching = Fetching()
    fetching.want([PICTURE])
    assert fetching.ask([ONE], 0.0) == [(ONE, PICTURE)]
    assert fetching.ask([ONE], 0.0) == []
    assert fetching.under_way
    fetching.came(PICTURE)
    assert not fetching.under_way
    assert fetching.missing == 0


def test_who_lacks_it_too_is_not_asked_again_at_once() -> None:
    fetching = Fetching()
    fetching.want([PICTURE])
    fetching.ask([ONE], 0.0)
    fetching.lacks(ONE, PICTURE, 0.0)
    assert not fetching.under_way
    assert fetching.ask([ONE], 0.0) == []
    assert fetching.ask([ONE, TWO], 0.0) == [(TWO, PICTURE)]


def test_who_stays_silent_gives_way_to_another() -> None:
    fetching = Fetching()
    fetching.want([PICTURE])
    fetching.ask([ONE], 0.0)
    assert fetching.deadline() == REQUEST_SECONDS
    assert fetching.ask([ONE, TWO], REQUEST_SECONDS) == [(TWO, PICTURE)]


def test_who_left_is_not_waited_for() -> None:
    fetching = Fetching()
    fetching.want([PICTURE])
    fetching.ask([ONE], 0.0)
    assert fetching.ask([TWO], 0.1) == [(TWO, PICTURE)]


def test_many_are_spread_and_bounded() -> None:
    fetching = Fetching()
    fetching.want(bytes([i]) * 32 for i in range(20))
    asks = fetching.ask([ONE, TWO], 0.0)
    assert len(asks) == 2 * MAX_REQUESTS
    assert sum(link == ONE for link, _ in asks) == MAX_REQUESTS


def test_what_is_not_needed_any_more_is_forgotten() -> None:
    fetching = Fetching()
    fetching.want([PICTURE, SOUND])
    fetching.ask([ONE], 0.0)
    fetching.want([SOUND])
    fetching.came(SOUND)
    assert not fetching.under_way
    assert fetching.ask([ONE], 0.0) == []


def test_who_lacked_it_is_asked_again_after_a_while() -> None:
    fetching = Fetching()
    fetching.want([PICTURE])
    fetching.ask([ONE], 0.0)
    fetching.lacks(ONE, PICTURE, 1.0)
    fetching.ask([ONE], 1.0)
    assert fetching.deadline() == 1.0 + RETRY_SECONDS
    assert fetching.ask([ONE], 1.0 + RETRY_SECONDS) == [(ONE, PICTURE)]
    fetching.lacks(ONE, PICTURE, 9.0)
    assert fetching.ask([], 9.0) == []
    assert fetching.deadline() is None, "nobody is there who could be asked"
