"""Tests for :mod:`whisker_sync.peer.greeting`: from a connection to a conversation."""

from __future__ import annotations

from tests.peer.crowd import Crowd, Someone
from whisker_sync.ids import LinkId
from whisker_sync.peer.greeting import HELLO_SECONDS
from whisker_sync.wire.codec import decode
from whisker_sync.wire.messages import Hello


class Shy(Crowd):
    """A crowd in which bob proves who he is and that he belongs, and then says nothing at all."""

    said_enough = False

    def _carry(self, who: Someone, link: LinkId, frame: bytes) -> None:
        if who.name == "bob":
            self.said_enough |= isinstance(decode(frame, who.device), Hello)
        if who.name != "bob" or not self.said_enough:
            super()._carry(who, link, frame)


def test_a_member_who_never_says_hello_is_hung_up_on_in_time() -> None:
    crowd = Shy()
    alice, bob = crowd.join("alice"), crowd.join("bob")
    link = crowd.connect(alice, bob)
    crowd.run()
    assert any(name == "alice" and isinstance(said, Hello) for name, said in crowd.said)
    crowd.wait(HELLO_SECONDS - 0.001)
    assert link in crowd.links
    crowd.wait(0.001)
    assert link not in crowd.links


def test_who_said_hello_may_be_silent_for_as_long_as_they_like() -> None:
    crowd = Crowd()
    link = crowd.connect(crowd.join("alice"), crowd.join("bob"))
    crowd.wait(10 * HELLO_SECONDS)
    assert link in crowd.links
