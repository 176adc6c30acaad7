"""Tests for :mod:`whisker_sync.peer.presence`: who is where, and for how long."""

from __future__ import annotations

import pytest

from tests.peer.crowd import Crowd, Someone
from whisker_sync.ids import LinkId
from whisker_sync.manuscript.schema import STORY
from whisker_sync.peer.acts import Remove
from whisker_sync.peer.effects import Hangup
from whisker_sync.peer.events import PresenceChanged
from whisker_sync.peer.inputs import Entered, FrameArrived
from whisker_sync.peer.presence import (
    EVERY_SECONDS,
    HEARD_EACH_SECOND,
    HOLDS_SECONDS,
    RENEW_SECONDS,
)
from whisker_sync.wire.codec import encode
from whisker_sync.wire.messages import Present


def three() -> tuple[Crowd, Someone, Someone, Someone]:
    """Alice and Bob are linked, and Bob and Carol."""
    crowd = Crowd()
    alice, bob, carol = (crowd.join(name) for name in ("alice", "bob", "carol"))
    crowd.connect(alice, bob)
    crowd.connect(bob, carol)
    crowd.wait()
    crowd.said.clear()
    return crowd, alice, bob, carol


def places(someone: Someone) -> dict[bytes, str]:
    return {here.device: here.place for here in someone.peer.presence(someone.crowd.now)}


def said(crowd: Crowd) -> list[tuple[str, str]]:
    return [(name, message.place) for name, message in crowd.said if isinstance(message, Present)]


def enter(someone: Someone, place: str) -> None:
    someone.tell(Entered(STORY, place))
    someone.crowd.run()


def test_who_is_linked_hears_of_it_and_passes_nothing_on() -> None:
    crowd, alice, bob, carol = three()
    enter(alice, "cave")
    crowd.wait(1.0)
    assert places(bob) == {alice.device: "cave"}
    assert places(carol) == {}
    assert said(crowd) == [("alice", "cave")]
    assert PresenceChanged(alice.device, STORY, "cave") in bob.events


def test_nothing_of_it_is_kept() -> None:
    crowd, alice, bob, _ = three()
    entries, facts = len(bob.entries), dict(bob.facts)
    enter(alice, "cave")
    crowd.wait(1.0)
    assert (len(bob.entries), bob.facts) == (entries, facts)
    bob.boot()
    assert places(bob) == {}


def test_who_comes_later_hears_where_we_are() -> None:
    crowd, alice, _, carol = three()
    enter(alice, "cave")
    crowd.connect(carol, alice)
    crowd.wait(1.0)
    assert places(carol) == {alice.device: "cave"}


def test_a_word_holds_for_its_time_and_not_longer() -> None:
    crowd, alice, bob, carol = three()
    enter(alice, "cave")
    heard = crowd.now
    crowd.now = heard + HOLDS_SECONDS - 0.01
    assert places(bob) == {alice.device: "cave"}
    crowd.now = heard + HOLDS_SECONDS
    assert places(bob) == {}
    crowd.connect(carol, alice)  # nobody is told what was long ago
    crowd.wait(1.0)
    assert places(carol) == {}


def test_who_stays_says_so_again_now_and_then() -> None:
    crowd, alice, bob, _ = three()
    for _ in range(10):
        enter(alice, "cave")
        crowd.wait(RENEW_SECONDS / 10)
    assert said(crowd) == [("alice", "cave")]
    enter(alice, "cave")
    assert said(crowd) == [("alice", "cave")] * 2
    crowd.now += HOLDS_SECONDS - 1
    assert places(bob) == {alice.device: "cave"}


def test_nobody_says_it_more_often_than_ten_times_a_second() -> None:
    crowd, alice, bob, _ = three()
    for n in range(100):
        enter(alice, f"passage {n}")
        crowd.wait(0.01)
    crowd.wait(EVERY_SECONDS)
    assert len(said(crowd)) <= 1 / EVERY_SECONDS + 2
    assert places(bob) == {alice.device: "passage 99"}


def test_of_one_device_so_many_words_are_heard_in_a_second_and_no_more() -> None:
    crowd, alice, bob, _ = three()
    link = next(link for link, ends in crowd.links.items() if alice in ends)
    for n in range(HEARD_EACH_SECOND + 5):
        tell(bob, link, alice, f"passage {n}")
    assert places(bob) == {alice.device: f"passage {HEARD_EACH_SECOND - 1}"}
    crowd.now += 1.0
    tell(bob, link, alice, "cave")
    assert places(bob) == {alice.device: "cave"}


def tell(someone: Someone, link: LinkId, sender: Someone, place: str) -> None:
    (frame,) = encode(Present(STORY, place), sender.device)
    someone.tell(FrameArrived(link, frame))
    someone.crowd.run()


@pytest.mark.parametrize("how", ["leaves the place", "is cut off", "is removed"])
def test_who_is_gone_is_nowhere(how: str) -> None:
    crowd, alice, bob, carol = three()
    enter(carol, "cave")
    assert places(bob) == {carol.device: "cave"}
    match how:
        case "leaves the place":
            crowd.wait(1.0)
            enter(carol, "")
        case "is cut off":
            crowd.cut(next(link for link, ends in crowd.links.items() if carol in ends))
            crowd.run()
        case _:
            assert alice.do(Remove(frozenset([carol.device]))) is None
            crowd.wait(1.0)
    assert places(bob) == {}
    assert PresenceChanged(carol.device, STORY, "") in bob.events


def test_it_is_not_heard_before_both_have_said_hello() -> None:
    crowd, alice, bob, _ = three()
    stranger = Someone(Crowd(), "mallory")
    link = crowd.connect(stranger, bob)
    (frame,) = encode(Present(STORY, "cave"), alice.device)
    effects = bob.peer.handle(FrameArrived(link, frame), crowd.now)
    assert [effect for effect in effects if isinstance(effect, Hangup)]
    assert places(bob) == {}
