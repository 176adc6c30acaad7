"""What whole peers tell of their exchanges; see :mod:`whisker_sync.peer.events`."""

from __future__ import annotations

from typing import TypeVar

from tests.peer.crowd import Crowd, Someone
from whisker_sync.peer.events import (
    Delivered,
    PeerConnected,
    PeerLeft,
    SyncCompleted,
    SyncFailed,
    SyncProgress,
    SyncStarted,
)

CAVE = ":: Cave\nIt is dark here.\n"
E = TypeVar("E")


def two() -> tuple[Crowd, Someone, Someone]:
    crowd = Crowd()
    return crowd, crowd.join("alice"), crowd.join("bob")


def of(person: Someone, kind: type[E]) -> list[E]:
    return [event for event in person.events if isinstance(event, kind)]


def test_an_exchange_starts_goes_on_and_is_completed() -> None:
    crowd, alice, bob = two()
    alice.save("cave.twee", CAVE)
    crowd.run()
    crowd.connect(alice, bob)
    crowd.wait()
    kinds = (PeerConnected, SyncStarted, SyncProgress, SyncCompleted)
    for person, other in ((alice, bob), (bob, alice)):
        told = [type(event) for event in person.events if isinstance(event, kinds)]
        assert told == [PeerConnected, SyncStarted, SyncProgress, SyncCompleted]
        assert of(person, SyncStarted)[0].device == other.peer.status().device
    (sent,), (received,) = of(alice, SyncCompleted), of(bob, SyncCompleted)
    assert (sent.sent, sent.received) == (received.received, received.sent)
    assert sent.sent > 0
    bytes_ = sum(len(entry.record.update) for entry in bob.entries)
    assert (sent.sent_bytes, received.received_bytes) == (bytes_, bytes_)
    assert (sent.received_bytes, received.sent_bytes) == (0, 0)
    (progress,) = of(alice, SyncProgress)
    assert (progress.sent, progress.received) == (sent.sent, 0)
    assert (progress.sent_bytes, progress.received_bytes) == (bytes_, 0)


def test_each_change_is_an_exchange_of_its_own() -> None:
    crowd, alice, bob = two()
    crowd.connect(alice, bob)
    crowd.wait()
    for word in ("cold", "damp", "loud"):
        alice.save("cave.twee", CAVE.replace("dark", word))
        crowd.wait()
    for person in (alice, bob):
        assert len(of(person, SyncStarted)) == len(of(person, SyncCompleted)) == 4
    assert [each.sent for each in of(alice, SyncCompleted)] == [0, 1, 1, 1]


def test_a_cut_fails_the_exchange_that_is_going_on_and_no_other() -> None:
    crowd, alice, bob = two()
    link = crowd.connect(alice, bob)
    crowd.wait()
    crowd.cut(link)
    crowd.run()
    assert of(alice, PeerLeft)
    assert of(alice, SyncFailed) == []
    alice.save("cave.twee", CAVE)
    crowd.run()
    crowd.slow.add("bob")  # his disk: nothing gets durable
    link = crowd.connect(alice, bob)
    crowd.run()
    crowd.cut(link, "the cable")
    crowd.slow.clear()
    crowd.run()
    (failed,) = of(alice, SyncFailed)
    assert (failed.reason, failed.device) == ("the cable", bob.peer.status().device)
    crowd.connect(alice, bob)
    crowd.wait()
    assert len(of(alice, SyncStarted)) == len(of(alice, SyncCompleted)) + len(of(alice, SyncFailed))


def test_what_is_durable_there_is_told_as_delivered() -> None:
    crowd, alice, bob = two()
    crowd.connect(alice, bob)
    crowd.wait()
    alice.save("cave.twee", CAVE)
    assert of(alice, Delivered) == []
    crowd.wait()
    assert of(alice, Delivered)[-1] == Delivered(bob.peer.status().device, alice.peer.head)
    assert alice.peer.status().pending == 0
