"""Tests for :mod:`whisker_sync.sync.session`, over a toy library."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sync.toy import End, Toy, Wire
from whisker_sync.errors import LimitExceeded, UnexpectedMessage
from whisker_sync.ids import DeviceId
from whisker_sync.sync.session import (
    AGAIN_SECONDS,
    ASKED_SECONDS,
    CATCH_SECONDS,
    MAX_ASKED,
    MAX_CATCHES,
    WINDOW,
    Asked,
    Came,
    Disagreed,
    Ended,
    Matched,
    State,
)
from whisker_sync.wire.messages import (
    Ack,
    Asset,
    Bye,
    Catch,
    Links,
    Message,
    Push,
    Rest,
    WantAsset,
)


def toys(left: str = "", right: str = "") -> tuple[Toy, Toy]:
    alice, bob = Toy("a"), Toy("b")
    alice.write(*left.split())
    bob.write(*right.split())
    return alice, bob


def meet(alice: Toy, bob: Toy, a_knows: int | None = None, b_knows: int | None = None) -> Wire:
    """A connection; ``a_knows`` is Alice's cursor into Bob's journal."""
    return Wire(End(alice, bob, a_knows), End(bob, alice, b_knows))


def kinds(carried: list[tuple[str, Message]]) -> list[str]:
    return [side + type(message).__name__ for side, message in carried]


def test_who_meets_for_the_first_time_ends_with_the_same() -> None:
    alice, bob = toys("once upon", "a time")
    wire = meet(alice, bob)
    wire.wait()
    assert alice.words == bob.words == {"once", "upon", "a", "time"}
    assert all(end.session.in_sync and end.session.settled for end in wire.ends)


def test_who_holds_the_same_says_hello_and_no_more() -> None:
    alice, bob = toys("once upon a", "a once upon")
    carried = meet(alice, bob).run()
    assert kinds(carried) == ["<Hello", ">Hello"]


def test_with_cursors_only_what_is_missing_travels_in_one_round_trip() -> None:
    alice, bob = toys("one two three", "one two three")
    alice.write("four")
    wire = meet(alice, bob, a_knows=3, b_knows=3)
    carried = wire.run()
    # Who has caught up says at once what they hold, and so does who hears it.
    assert kinds(carried) == ["<Hello", ">Hello", ">Push", "<Ack", "<Rest", ">Rest"]
    assert all(end.session.in_sync for end in wire.ends)
    (push,) = [message for _, message in carried if isinstance(message, Push)]
    assert [record.update for record in push.records] == [b"four"]
    assert push.through == 4


def test_a_cursor_beyond_the_journal_is_that_of_a_restored_backup() -> None:
    alice, bob = toys("one two", "one two three")
    wire = meet(alice, bob, b_knows=7)
    wire.wait()
    assert alice.words == bob.words


def test_a_cursor_before_the_journal_begins_is_of_no_use() -> None:
    alice, bob = toys("one two three", "one")
    alice.first = 3
    wire = meet(alice, bob, a_knows=1, b_knows=1)
    wire.wait()
    assert bob.words == alice.words


def test_nothing_is_announced_before_the_other_side_said_what_it_lacks() -> None:
    alice, bob = toys("one", "")
    wire = meet(alice, bob)
    left = wire.ends[0]
    left.session.receive(wire.ends[1].session.ours, alice, 0.0)
    alice.write("two")
    assert not left.session.pump(alice, 0.0)


def test_news_travel_at_once_and_back_comes_an_ack() -> None:
    alice, bob = toys("one", "one")
    wire = meet(alice, bob)
    wire.wait()
    alice.write("two")
    assert kinds(wire.run()) == [">Push", "<Ack"]
    assert wire.ends[0].session.acked == 2


def test_what_came_from_the_other_side_does_not_go_back() -> None:
    alice, bob = toys()
    wire = meet(alice, bob)
    wire.wait()
    alice.write("one")
    wire.wait()
    assert not [m for m in wire.ends[1].said if isinstance(m, Push)]


def test_what_is_not_sendable_waits() -> None:
    alice, bob = toys("one", "one")
    wire = meet(alice, bob)
    wire.wait()
    alice.sendable_until = 1
    alice.write("two")
    assert wire.run() == []
    alice.sendable_until = None
    assert kinds(wire.run()) == [">Push", "<Ack"]


def test_a_catch_is_answered_only_when_all_is_sendable() -> None:
    alice, bob = toys("one two", "")
    alice.sendable_until = 1
    wire = meet(alice, bob)
    wire.run()
    assert bob.words == set()
    alice.sendable_until = None
    wire.run()
    assert bob.words == {"one", "two"}


def test_nobody_may_believe_to_hold_what_is_not_durable_at_its_source() -> None:
    """After a crash the position would be used again for something else."""
    alice, bob = toys("one", "one")
    wire = meet(alice, bob)
    wire.wait()
    alice.write("two")
    alice.durable = 1
    carried = wire.run()
    assert [m.through for _, m in carried if isinstance(m, Push)] == [1]


def test_a_full_window_holds_news_back_until_the_link_is_drained() -> None:
    alice, bob = toys()
    wire = meet(alice, bob)
    wire.wait()
    wire.ends[0].session.in_flight = WINDOW
    alice.write("one", "two")
    assert wire.run() == []
    wire.ends[0].session.in_flight = 0
    carried = wire.run()
    assert kinds(carried) == [">Push", "<Ack"]


def test_what_still_waits_is_asked_for_again_after_a_while() -> None:
    alice, bob = toys()
    wire = meet(alice, bob)
    wire.wait()
    bob.waits = True
    assert kinds(wire.wait(AGAIN_SECONDS)) == ["<Catch", ">Push", "<Ack"]
    assert wire.ends[1].session.deadline(bob) == wire.now + AGAIN_SECONDS
    assert "<Catch" not in kinds(wire.wait(AGAIN_SECONDS - 1))
    assert kinds(wire.wait(1)).count("<Catch") == 1
    bob.waits = False
    assert "<Catch" not in kinds(wire.wait(AGAIN_SECONDS))


def test_a_reader_is_not_asked_for_what_waits() -> None:
    alice, bob = toys()
    wire = meet(alice, bob)
    wire.wait()
    wire.ends[1].session.deaf = True
    bob.waits = True
    assert "<Catch" not in kinds(wire.wait(AGAIN_SECONDS + 1))


def test_what_the_other_side_gets_from_a_friend_is_skipped() -> None:
    alice, bob = toys()
    wire = meet(alice, bob)
    wire.wait()
    carol = DeviceId(b"c" * 32)
    wire.ends[0].session.receive(Links((carol,)), alice, 0.0)
    alice.write("from-carol", source=carol)
    assert wire.run() == []


def test_what_was_made_here_is_never_skipped() -> None:
    alice, bob = toys()
    wire = meet(alice, bob)
    wire.wait()
    wire.ends[0].session.receive(Links((alice.device,)), alice, 0.0)
    alice.write("own")
    wire.run()
    assert bob.words == {"own"}


def test_what_was_skipped_follows_when_the_friend_is_gone() -> None:
    alice, bob = toys()
    wire = meet(alice, bob)
    wire.wait()
    carol, session = DeviceId(b"c" * 32), wire.ends[0].session
    session.receive(Links((carol,)), alice, 0.0)
    alice.write("from-carol", source=carol)
    alice.write("own")
    (push,) = [m for _, m in wire.run() if isinstance(m, Push)]
    assert push.through == 0
    assert bob.words == {"own"}
    session.receive(Links(()), alice, 0.0)
    wire.run()
    assert bob.words == {"own", "from-carol"}


def test_a_rest_ends_what_was_skipped() -> None:
    alice, bob = toys()
    wire = meet(alice, bob)
    wire.wait()
    carol, session = DeviceId(b"c" * 32), wire.ends[0].session
    session.receive(Links((carol,)), alice, 0.0)
    alice.write("from-carol", source=carol)
    session.stir(wire.now)
    bob.write("from-carol", source=carol)
    wire.ends[1].session.receive(Links((carol,)), bob, 0.0)
    wire.ends[1].session.stir(wire.now)
    wire.wait()
    assert session.in_sync
    assert session.acked == 1
    session.receive(Links(()), alice, 0.0)
    assert wire.run() == []


def test_at_rest_a_difference_is_seen_and_mended() -> None:
    alice, bob = toys()
    wire = meet(alice, bob)
    wire.wait()
    bob.write("lost-push")
    session = wire.ends[1].session
    session._sent = bob.head  # as if it had been sent
    session.stir(wire.now)
    wire.ends[0].session.stir(wire.now)
    wire.wait()
    wire.wait(2)
    wire.wait()
    assert alice.words == {"lost-push"}
    assert all(end.session.in_sync for end in wire.ends)


def test_what_has_come_another_way_is_not_asked_for() -> None:
    alice, bob = toys("one", "one")
    wire = meet(alice, bob)
    wire.wait()
    bob.write("news")
    alice.write("news")
    session = wire.ends[0].session
    session.behind = True
    session.receive(Rest(bob.head, b"x" * 16), alice, wire.now)
    assert session.behind
    session.receive(Rest(bob.head, alice.fingerprint()), alice, wire.now)
    assert session.ask(alice, wire.now + CATCH_SECONDS) == []


def test_two_who_cannot_agree_say_so_and_stop_asking() -> None:
    alice, bob = toys("one", "one")
    wire = meet(alice, bob)
    wire.wait()
    alice.fingerprint = lambda: b"x" * 16  # type: ignore[method-assign]  # a fork, as seen from outside
    for end in wire.ends:
        end.session.stir(wire.now)
    for _ in range(10 * MAX_CATCHES):
        wire.wait(1.5)
    assert Disagreed() in wire.ends[0].outcomes + wire.ends[1].outcomes
    catches = [m for end in wire.ends for m in end.said if isinstance(m, Catch)]
    assert len(catches) <= 2 * (MAX_CATCHES + 1)
    assert wire.wait(100) == []


def test_so_many_requests_for_everything_are_answered_and_no_more() -> None:
    alice, bob = toys("one", "one")
    wire = meet(alice, bob)
    wire.wait()
    session, catch = wire.ends[0].session, Catch(bob.holdings())
    for _ in range(MAX_ASKED):
        session.receive(catch, alice, 1000.0)
    with pytest.raises(LimitExceeded):
        session.receive(catch, alice, 1000.0)
    with pytest.raises(LimitExceeded):
        session.receive(catch, alice, 1000.0 + ASKED_SECONDS - 0.1)
    session.receive(catch, alice, 1000.0 + ASKED_SECONDS)


def test_at_rest_nothing_is_said_twice() -> None:
    alice, bob = toys("one", "two")
    wire = meet(alice, bob)
    wire.wait()
    wire.wait()
    assert wire.wait(1000) == []
    assert all(end.session.deadline(end.toy) is None for end in wire.ends)


def test_who_is_not_at_rest_compares_nothing() -> None:
    alice, bob = toys("one", "")
    wire = meet(alice, bob)
    alice.waits = True
    wire.wait()
    assert not [m for m in wire.ends[0].said if isinstance(m, Rest)]
    assert wire.ends[0].session.deadline(alice) == AGAIN_SECONDS, "to ask for what it waits for"


def test_older_entries_are_read_from_disk() -> None:
    alice, bob = toys("one two three four five", "")
    alice.in_memory = 4
    wire = meet(alice, bob, b_knows=0, a_knows=0)
    wire.wait()
    assert bob.words == alice.words


def test_a_journal_compacted_meanwhile_needs_a_new_conversation() -> None:
    alice, bob = toys("one two three", "")
    wire = meet(alice, bob, b_knows=0, a_knows=0)
    alice.first, alice.in_memory = 4, 4
    wire.run()
    assert [outcome for outcome in wire.ends[0].outcomes if isinstance(outcome, Ended)]
    assert wire.ends[0].session.state is State.CLOSED


def test_an_ack_of_what_was_never_sent_is_a_mistake() -> None:
    alice, bob = toys("one", "one")
    wire = meet(alice, bob)
    wire.run()
    with pytest.raises(UnexpectedMessage, match="ack"):
        wire.ends[0].session.receive(Ack(1), alice, 0.0)


def test_a_push_with_something_that_waits_is_not_acknowledged() -> None:
    alice, bob = toys()
    wire = meet(alice, bob)
    wire.wait()
    session = wire.ends[1].session
    session.receive(Push(1, ()), bob, 0.0)
    session.receive(Push(2, ()), bob, 0.0)
    session.settle(1, None)
    session.settle(2, 5)
    assert session.acknowledge(9) == []
    session.unblock(6)
    assert session.acknowledge(5) == []
    assert session.acknowledge(6) == [Ack(2)]


def test_files_are_asked_for_and_sent() -> None:
    alice, bob = toys()
    wire = meet(alice, bob)
    wire.run()
    session = wire.ends[0].session
    assert session.receive(WantAsset(b"h" * 32), alice, 0.0) == [Asked(b"h" * 32)]
    assert session.receive(Asset(b"h" * 32, b"!"), alice, 0.0) == [Came(b"h" * 32, b"!")]


def test_a_goodbye_ends_it() -> None:
    alice, bob = toys()
    wire = meet(alice, bob)
    wire.run()
    session = wire.ends[0].session
    assert session.receive(Bye("stopping"), alice, 0.0) == [Ended("stopping")]
    assert session.receive(Rest(1, b"x" * 16), alice, 0.0) == []


def test_before_hello_nothing_else_is_said() -> None:
    alice, bob = toys()
    end = End(alice, bob)
    with pytest.raises(UnexpectedMessage, match="hello"):
        end.session.receive(Rest(0, b"x" * 16), alice, 0.0)


def test_hello_is_said_once() -> None:
    alice, bob = toys()
    wire = meet(alice, bob)
    wire.run()
    with pytest.raises(UnexpectedMessage):
        wire.ends[0].session.receive(wire.ends[1].session.ours, alice, 0.0)


words = st.sampled_from([f"w{n}" for n in range(30)])
step = st.tuples(st.sampled_from(["left", "right", "run", "wait", "reconnect"]), words)


@settings(max_examples=200)
@given(st.lists(step, max_size=40), st.booleans())
def test_whatever_happens_both_end_with_all_words(
    steps: list[tuple[str, str]], keep_cursors: bool
) -> None:
    alice, bob = toys()
    wire = meet(alice, bob)
    written: set[str] = set()
    for what, word in steps:
        match what:
            case "left" | "right":
                end = wire.ends[what == "right"]
                end.toy.write(word)
                end.session.stir(wire.now)
                written.add(word)
            case "run":
                wire.run()
            case "wait":
                wire.wait()
            case _:
                cursors = [end.session.cursor if keep_cursors else None for end in wire.ends]
                wire = meet(alice, bob, *cursors)
    for _ in range(5):
        wire.wait(2)
    assert alice.words == bob.words == written
    assert all(Matched() in end.outcomes and end.session.settled for end in wire.ends)
