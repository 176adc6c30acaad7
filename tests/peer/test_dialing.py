"""Tests for :mod:`whisker_sync.peer.dialing`."""

from __future__ import annotations

from random import Random

from whisker_sync.ids import Address, DeviceId
from whisker_sync.peer.dialing import (
    LONGEST_WAIT,
    LONGEST_WAIT_LASTING,
    MAX_CANDIDATES,
    MAX_DIALS,
    STRANGER_WAIT,
    Dialing,
)

US, BOB = DeviceId(b"u" * 32), DeviceId(b"b" * 32)
HERE = (Address("192.0.2.1", 1),)
NOBODY: frozenset[DeviceId] = frozenset()


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


def test_failures_double_the_wait_up_to_a_bound() -> None:
    for lasting, longest in ((False, LONGEST_WAIT), (True, LONGEST_WAIT_LASTING)):
        dialing, now, waits = fresh(), 0.0, []
        dialing.sight("bob", HERE, now, lasting=lasting)
        for _ in range(20):
            assert names(dialing, now) == ["bob"]
            dialing.failed("bob", now)
            due = dialing.deadline(NOBODY)
            assert due is not None
            waits.append(due - now)
            now = due
        assert waits[0] < 0.3
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
    for i in range(MAX_CANDIDATES + 100):
        dialing.sight(f"c{i}", HERE, 0.0)
    called = names(dialing, 0.0)
    assert len(called) == MAX_DIALS
    assert dialing.deadline(NOBODY) is None
    for name in called:
        dialing.failed(name, 0.0)
    assert len(names(dialing, 0.1)) == MAX_DIALS


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
