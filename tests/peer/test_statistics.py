"""whisker_sync.peer.statistics: figures about the exchange with each device."""

from __future__ import annotations

import pytest

from tests.peer.crowd import Crowd
from whisker_sync.ids import DeviceId, LinkId
from whisker_sync.peer import statistics
from whisker_sync.peer.statistics import Figures, Statistics

BOB = DeviceId(b"b" * 32)
LINK = LinkId(1)


def test_pushes_are_measured_until_they_are_acknowledged() -> None:
    figures = Statistics()
    figures.pushed(LINK, BOB, 3, 1.0)
    figures.pushed(LINK, BOB, 1, 1.5)
    figures.acked(LINK, BOB, 1, 1.25)
    assert figures.of(BOB) == Figures(sent_updates=4, round_trips=1, round_trip_ms=250.0)
    figures.acked(LINK, BOB, 2, 2.0)
    assert figures.of(BOB) == Figures(sent_updates=4, round_trips=2, round_trip_ms=500.0)


def test_a_new_connection_counts_anew() -> None:
    figures = Statistics()
    figures.pushed(LINK, BOB, 1, 0.0)
    figures.left(LINK)
    figures.pushed(LinkId(2), BOB, 1, 10.0)
    figures.acked(LinkId(2), BOB, 1, 11.0)
    assert figures.of(BOB).round_trip_ms == 1000.0


def test_a_sync_lasts_from_the_first_change_on() -> None:
    figures = Statistics()
    figures.stirred([BOB], 1.0)
    figures.stirred([BOB], 1.5)
    figures.matched(BOB, 2.0)
    assert (figures.of(BOB).syncs, figures.of(BOB).sync_ms) == (1, 1000.0)
    figures.matched(BOB, 3.0)
    assert (figures.of(BOB).syncs, figures.of(BOB).sync_ms) == (2, 1000.0)


def test_those_of_all_time_go_on_in_the_next_process() -> None:
    first = Statistics()
    first.pushed(LINK, BOB, 3, 0.0)
    first.acked(LINK, BOB, 1, 0.5)
    second = Statistics(first.fact())
    assert second.since_start() == {}
    second.pushed(LINK, BOB, 2, 0.0)
    assert second.since_start()[BOB].sent_updates == 2
    assert second.all_time()[BOB] == Figures(sent_updates=5, round_trips=1, round_trip_ms=500.0)


@pytest.mark.parametrize("fact", [b"[]", b"{", b'{"zz": {}}', b'{"00": {"new": 1}}', b'{"00": 1}'])
def test_a_fact_that_makes_no_sense_counts_as_none(fact: bytes) -> None:
    assert Statistics(fact).all_time() == {}


def test_the_number_of_devices_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "MAX_DEVICES", 2)
    figures = Statistics()
    for letter in b"abc":
        figures.of(DeviceId(bytes([letter]) * 32)).errors = 1
    assert len(figures.all_time()) == 2


def test_two_peers_count_the_same_from_both_ends() -> None:
    crowd = Crowd()
    ada, bob = crowd.join("ada"), crowd.join("bob")
    ada.save("cave.twee", ":: Cave\nDark.\n")
    crowd.connect(ada, bob)
    crowd.wait()
    ada.save("cave.twee", ":: Cave\nVery dark.\n")
    crowd.wait()
    ours = ada.peer.statistics.since_start()[bob.device]
    theirs = bob.peer.statistics.since_start()[ada.device]
    assert ours.sent_bytes == theirs.received_bytes > 0
    assert ours.received_bytes == theirs.sent_bytes > 0
    assert ours.sent_updates == theirs.received_updates > 0
    assert ours.round_trips > 0
    assert ours.syncs == theirs.syncs > 0
    assert (ours.errors, ours.refused) == (0, 0)
