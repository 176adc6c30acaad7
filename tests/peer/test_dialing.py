"""Tests for :mod:`whisker_sync.peer.dialing`."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from whisker_sync.ids import Address, DeviceId
from whisker_sync.peer.dialing import (
    ADDRESS_SECONDS,
    CALLS_SECONDS,
    FIRST_WAIT,
    LONGEST_STRANGER_WAIT,
    LONGEST_WAIT,
    LONGEST_WAIT_LASTING,
    MAX_ADDRESSES,
    MAX_CALLS_ANNOUNCED,
    MAX_CANDIDATES,
    MAX_DIALS,
    MAX_DIALS_ANNOUNCED,
    MAX_DIALS_UNLIKELY,
    STRANGER_WAIT,
    UNLIKELY_WAIT,
    Dialing,
)

US, BOB = DeviceId(b"u" * 32), DeviceId(b"b" * 32)
HERE = (Address("192.0.2.1", 1),)
NOBODY: frozenset[DeviceId] = frozenset()
LATER = 1e6


def at(number: int) -> tuple[Address, ...]:
    """An address of its own for each number."""
    return (Address(f"10.0.{number // 250}.{number % 250 + 1}", 1),)


def fresh() -> Dialing:
    return Dialing(US, Random(1))


def names(dialing: Dialing, now: float, connected: frozenset[DeviceId] = NOBODY) -> list[str]:
    return [name for name, _ in dialing.call(now, connected)]


def test_a_candidate_is_called_at_once_and_only_once() -> None:
    dialing = fresh()
    assert dialing.sight("bob", HERE, 0.0)
    assert not dialing.sight("bob", HERE, 0.0)
    assert dialing.call(0.0, NOBODY) == [("bob", HERE)]
    assert names(dialing, 100.0) == []


def waits_between_calls(dialing: Dialing, name: str, calls: int) -> list[float]:
    """Seconds between calls of somebody who never answers, from the first call on."""
    now, called = 0.0, list[float]()
    while len(called) < calls:
        if names(dialing, now):
            called.append(now)
            dialing.failed(name, now)
        now = dialing.deadline(NOBODY) or now
    return [later - sooner for sooner, later in pairwise(called)]


def test_failures_double_the_wait_up_to_a_bound() -> None:
    for lasting, shortest, longest in (
        (False, ADDRESS_SECONDS, LONGEST_WAIT),
        (True, FIRST_WAIT / 2, LONGEST_WAIT_LASTING),
    ):
        dialing = fresh()
        dialing.sight("bob", HERE, 0.0, lasting=lasting)
        waits = waits_between_calls(dialing, "bob", 20)
        assert shortest <= waits[0] <= shortest * 2
        assert all(longest / 2 <= wait <= longest for wait in waits[-5:])


def test_hanging_up_after_the_handshake_is_no_success() -> None:
    """Regression of others: a thousand calls a second to somebody who accepts and hangs up."""
    dialing, now, calls = fresh(), 0.0, 0
    dialing.sight("bob", HERE, now)
    while now < 60:
        if names(dialing, now):
            calls += 1
            dialing.answered("bob")
            dialing.hung_up("bob", now, synced=False, stranger=False)
        now = dialing.deadline(NOBODY) or now
    assert calls < 15


def test_a_real_sync_resets_the_wait() -> None:
    dialing = fresh()
    dialing.sight("bob", HERE, 0.0)
    for _ in range(8):
        dialing.call(1000.0, NOBODY)
        dialing.failed("bob", 0.0)
    dialing.call(1000.0, NOBODY)
    dialing.hung_up("bob", 1000.0, synced=True, stranger=False)
    due = dialing.deadline(NOBODY)
    assert due is not None
    assert due - 1000.0 < 0.3


def test_a_stranger_is_left_alone_for_a_while() -> None:
    dialing = fresh()
    dialing.sight("mallory", HERE, 0.0)
    dialing.call(0.0, NOBODY)
    dialing.hung_up("mallory", 0.0, synced=False, stranger=True)
    assert dialing.deadline(NOBODY) == STRANGER_WAIT


def test_who_is_connected_already_is_not_called() -> None:
    dialing = fresh()
    dialing.sight("bob", HERE, 0.0)
    dialing.call(0.0, NOBODY)
    dialing.reached("bob", BOB)
    dialing.hung_up("bob", 0.0, synced=True, stranger=False)
    assert names(dialing, 10.0, frozenset({BOB})) == []
    assert dialing.deadline(frozenset({BOB})) is None
    dialing.left(BOB, 10.0)
    assert names(dialing, 10.3) == ["bob"]


def test_whoever_is_announced_where_a_connected_device_listens_is_that_device() -> None:
    dialing = fresh()
    dialing.listens(BOB, HERE[0])
    dialing.sight("somebody", (*at(1), *HERE), 0.0)
    assert names(dialing, 10.0, frozenset({BOB})) == []
    assert dialing.deadline(frozenset({BOB})) is None
    dialing.left(BOB, 10.0)
    assert names(dialing, 10.3) == ["somebody"]


def test_we_do_not_call_ourselves_twice() -> None:
    dialing = fresh()
    dialing.sight("me", HERE, 0.0)
    dialing.call(0.0, NOBODY)
    dialing.reached("me", US)
    dialing.hung_up("me", 0.0, synced=False, stranger=False)
    assert names(dialing, 1e6) == []


def test_new_addresses_are_tried_at_once() -> None:
    dialing = fresh()
    dialing.sight("bob", HERE, 0.0)
    dialing.call(0.0, NOBODY)
    dialing.failed("bob", 0.0)
    there = (Address("192.0.2.9", 1),)
    dialing.sight("bob", there, 0.01)
    assert dialing.call(0.01, NOBODY) == [("bob", there)]


def test_a_flood_of_announcements_is_bounded() -> None:
    dialing = fresh()
    for i in range(MAX_CANDIDATES):
        assert dialing.sight(f"c{i}", at(i), 0.0)
    assert not dialing.sight("one more", at(1000), 0.0)
    called = names(dialing, 0.0)
    assert len(called) == MAX_DIALS_ANNOUNCED
    assert dialing.deadline(NOBODY) is None
    for name in called:
        dialing.failed(name, 0.0)
    assert len(names(dialing, 0.1)) == MAX_DIALS_ANNOUNCED


def test_so_many_are_called_at_once_and_no_more() -> None:
    dialing = fresh()
    for i in range(MAX_DIALS + 1):
        dialing.sight(f"c{i}", at(i), 0.0, lasting=True)
    assert len(names(dialing, 0.0)) == MAX_DIALS
    dialing.answered("c0")
    assert len(names(dialing, 0.0)) == 1


def test_the_known_have_places_that_announcements_cannot_take() -> None:
    dialing = fresh()
    for i in range(MAX_CANDIDATES):
        dialing.sight(f"c{i}", at(i), 0.0)
    assert len(names(dialing, 0.0)) == MAX_DIALS_ANNOUNCED
    dialing.sight("named by the user", at(1000), 0.0, lasting=True)
    assert names(dialing, 0.0) == ["named by the user"]


def test_an_unlikely_candidate_is_called_last_and_not_never() -> None:
    dialing = fresh()
    dialing.sight("wrong clock", at(1), 0.0, likely=False)
    due = dialing.deadline(NOBODY)
    assert due is not None
    assert UNLIKELY_WAIT <= due <= 2 * UNLIKELY_WAIT
    dialing.sight("bob", at(2), due)
    dialing.sight("address", at(3), due, lasting=True)
    assert names(dialing, due) == ["address", "bob", "wrong clock"]


def test_the_unlikely_have_few_places() -> None:
    dialing = fresh()
    for i in range(MAX_DIALS):
        dialing.sight(f"u{i}", at(i), 0.0, likely=False)
    assert len(names(dialing, LATER)) == MAX_DIALS_UNLIKELY
    dialing.sight("bob", at(1000), LATER)
    assert names(dialing, LATER) == ["bob"]


def test_the_unlikely_become_likely_when_their_clock_is_set() -> None:
    dialing = fresh()
    dialing.sight("bob", HERE, 0.0, likely=False)
    assert names(dialing, 0.0) == []
    dialing.sight("bob", HERE, 0.0)
    assert names(dialing, 0.0) == ["bob"]


def test_who_stands_higher_takes_the_place_of_who_stands_lower() -> None:
    dialing = fresh()
    for i in range(MAX_CANDIDATES):
        dialing.sight(f"u{i}", at(i), 0.0, likely=False)
    assert not dialing.sight("unlikely", at(1000), 0.0, likely=False)
    for i in range(MAX_CANDIDATES):
        assert dialing.sight(f"l{i}", at(300 + i), 0.0)
    assert not dialing.sight("likely", at(1001), 0.0)
    assert dialing.sight("address", at(1002), 0.0, lasting=True)
    assert not dialing.sight("unlikely", at(1000), 0.0, likely=False)


def test_who_was_called_in_vain_makes_room_for_who_was_never_called() -> None:
    dialing = fresh()
    for i in range(MAX_CANDIDATES):
        dialing.sight(f"c{i}", at(i), 0.0)
    for name in names(dialing, 0.0):
        dialing.failed(name, 0.0)
    for i in range(MAX_DIALS_ANNOUNCED):
        assert dialing.sight(f"new {i}", at(1000 + i), 0.0)
    assert not dialing.sight("one more", at(2000), 0.0)


def test_who_is_being_called_keeps_their_place() -> None:
    dialing = fresh()
    dialing.sight("bob", at(1000), 0.0, likely=False)
    assert names(dialing, LATER) == ["bob"]
    for i in range(MAX_CANDIDATES):
        dialing.sight(f"c{i}", at(i), LATER)
    dialing.reached("bob", BOB)
    dialing.hung_up("bob", LATER, synced=True, stranger=False)
    assert "bob" in names(dialing, LATER + 1)


def test_one_address_is_called_once_in_five_seconds_under_however_many_names() -> None:
    dialing, now, calls = fresh(), 0.0, []
    for i in range(MAX_CANDIDATES):
        dialing.sight(f"c{i}", HERE, now)
    while now < 60:
        for name in names(dialing, now):
            calls.append(now)
            dialing.failed(name, now)
        due = dialing.deadline(NOBODY)
        assert due is not None
        now = due
    assert len(calls) > 10
    assert min(later - sooner for sooner, later in pairwise(calls)) == ADDRESS_SECONDS


def test_announcements_make_us_call_so_often_and_no_more() -> None:
    """Else whoever announces much could use us to look for open ports."""
    dialing, now, calls = fresh(), 0.0, []
    for i in range(1, 10_000):
        dialing.sight("mallory", at(i), now)  # always the same name, always somewhere else
        for name in names(dialing, now):
            calls.append(now)
            dialing.failed(name, now)
        now += 0.01
    for first, last in zip(calls, calls[MAX_CALLS_ANNOUNCED:], strict=False):
        assert last - first >= CALLS_SECONDS
    assert len(calls) > MAX_CALLS_ANNOUNCED


def test_a_flood_with_a_copied_tag_delays_a_member_and_no_more() -> None:
    dialing, now, met = fresh(), 0.0, None
    for i in range(10_000):
        dialing.sight(f"x{i}", at(i), now)
        if i > MAX_CANDIDATES and met is None:
            dialing.sight("bob", at(20_000), now)  # announces himself again and again
        for name in names(dialing, now):
            met = now if name == "bob" else met
            dialing.failed(name, now)
        now += 0.02
    assert met is not None
    assert met < 2 * CALLS_SECONDS * MAX_CANDIDATES / MAX_CALLS_ANNOUNCED


def test_the_known_are_called_whatever_is_announced() -> None:
    dialing = fresh()
    for i in range(MAX_CALLS_ANNOUNCED):
        dialing.sight("mallory", at(i), 0.0)
        dialing.call(0.0, NOBODY)
        dialing.failed("mallory", 0.0)
    dialing.sight("bob", HERE, 0.0)
    assert names(dialing, 0.0) == []
    assert dialing.deadline(NOBODY) == CALLS_SECONDS
    dialing.sight("address", HERE, 0.0, lasting=True)
    assert names(dialing, 0.0) == ["address"]


def test_where_a_member_answered_may_be_called_sooner() -> None:
    dialing = fresh()
    dialing.sight("bob", HERE, 0.0)
    dialing.call(0.0, NOBODY)
    dialing.reached("bob", BOB)
    dialing.hung_up("bob", 0.0, synced=True, stranger=False)
    assert names(dialing, FIRST_WAIT) == ["bob"]
    dialing.failed("bob", FIRST_WAIT)
    dialing.sight("bob, started again", HERE, FIRST_WAIT)
    assert names(dialing, FIRST_WAIT) == ["bob, started again"]


def test_an_announcement_that_leads_elsewhere_is_trusted_like_a_new_one() -> None:
    dialing = fresh()
    dialing.sight("bob", HERE, 0.0)
    dialing.call(0.0, NOBODY)
    dialing.reached("bob", BOB)
    dialing.hung_up("bob", 0.0, synced=True, stranger=False)
    elsewhere = (Address("192.0.2.66", 1),)
    dialing.sight("bob", elsewhere, 0.0)
    assert dialing.call(0.0, NOBODY) == [("bob", elsewhere)]
    dialing.failed("bob", 0.0)
    assert waits_between_calls(dialing, "bob", 2)[0] >= ADDRESS_SECONDS


@pytest.mark.parametrize(
    "host",
    ["8.8.8.8", "::ffff:8.8.8.8", "0.0.0.0", "::", "224.0.0.251", "example.org", ""],  # noqa: S104
)
def test_nobody_is_led_beyond_this_network_by_an_announcement(host: str) -> None:
    dialing = fresh()
    assert not dialing.sight("mallory", (Address(host, 443),), 0.0)
    dialing.sight("bob", (Address(host, 443), *HERE), 0.0)
    assert dialing.call(0.0, NOBODY) == [("bob", HERE)]
    dialing.sight("address", (Address(host, 443),), 0.0, lasting=True)
    assert names(dialing, 0.0) == ["address"]  # the user may know better


def test_so_many_addresses_of_one_candidate_are_called_and_no_more() -> None:
    dialing = fresh()
    addresses = tuple(address for i in range(MAX_ADDRESSES + 1) for address in at(i))
    dialing.sight("bob", addresses, 0.0)
    assert dialing.call(0.0, NOBODY) == [("bob", addresses[:MAX_ADDRESSES])]


def test_a_stranger_who_stays_one_is_called_ever_more_seldom() -> None:
    dialing, now, calls = fresh(), 0.0, []
    dialing.sight("mallory", HERE, now)
    while now < 10 * 3600:
        if names(dialing, now):
            calls.append(now)
            dialing.hung_up("mallory", now, synced=False, stranger=True)
        now = dialing.deadline(NOBODY) or now
    waits = [later - sooner for sooner, later in pairwise(calls)]
    assert waits[:3] == [STRANGER_WAIT, 2 * STRANGER_WAIT, 4 * STRANGER_WAIT]
    assert waits[-1] == LONGEST_STRANGER_WAIT


def test_a_lost_announcement_is_forgotten_and_a_named_address_is_not() -> None:
    dialing = fresh()
    dialing.sight("bob", HERE, 0.0)
    dialing.sight("address", HERE, 0.0, lasting=True)
    dialing.lose("bob")
    dialing.lose("address")
    assert names(dialing, 0.0) == ["address"]


def test_another_network_is_a_new_chance_for_all() -> None:
    dialing = fresh()
    dialing.sight("bob", HERE, 0.0)
    for _ in range(10):
        dialing.call(1e6, NOBODY)
        dialing.failed("bob", 0.0)
    dialing.refresh(1.0)
    assert names(dialing, 1.0) == ["bob"]
