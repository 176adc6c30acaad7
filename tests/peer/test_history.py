"""whisker_sync.peer.history: two sets of revisions become one, and peers share theirs."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.peer.crowd import Crowd, Someone
from whisker_sync.ids import DeviceId, LinkId
from whisker_sync.peer import history
from whisker_sync.peer.history import Fetch, Filed, History, Said
from whisker_sync.peer.inputs import Milestone
from whisker_sync.revision import DAY_MS, Revision, Version
from whisker_sync.wire import limits
from whisker_sync.wire.messages import (
    Archive,
    HistoryMessage,
    Push,
    Revisions,
    Shelves,
    Titles,
    WantRevisions,
)

LINK = LinkId(1)
DEVICE = DeviceId(b"d" * 32)
CAVE = ":: Start\nThe wind is cold.\n\n:: Cave\nIt is dark here.\n"


def revision(number: int, day: int = 0) -> Revision:
    version = Version("0" * 16, "a.twee", "V", "Cave", str(number), None)
    return Revision("Ada", DeviceId(b"a" * 32), day * DAY_MS + number, "", (version,))


class Reader:
    """A history and what a journal would hold of it."""

    def __init__(self, revisions: Iterable[Revision], oldest: int = 0) -> None:
        self.kept = {each.id: each for each in revisions}
        self.history = History({id_: each.time for id_, each in self.kept.items()}, oldest)
        self.history.came(LINK, DEVICE)
        self.heard: list[HistoryMessage] = []

    def answer(self, said: Iterable[Said]) -> list[HistoryMessage]:
        messages: list[HistoryMessage] = []
        for item in said:
            match item:
                case Fetch(ids):
                    found = [self.kept.get(id_) for id_ in ids]
                    encoded = tuple(b"" if each is None else each.encoded for each in found)
                    messages.append(Revisions(True, encoded[:2]))  # as much as fits
                case Filed(revisions):
                    self.kept |= {each.id: each for each in revisions}
                case message:
                    messages.append(message)
        return messages

    def hear(self, message: HistoryMessage) -> list[HistoryMessage]:
        """Hear something, and be at rest again."""
        self.heard.append(message)
        said = self.history.hear(LINK, message)
        return self.answer([*said, *self.history.rest(LINK)])


def converse(one: Reader, other: Reader) -> None:
    """Let both come to rest, and talk until nobody has anything to say."""
    under_way: deque[tuple[Reader, HistoryMessage]] = deque()
    for _ in range(3):
        for here, there in ((one, other), (other, one)):
            under_way += ((there, said) for said in here.answer(here.history.rest(LINK)))
        while under_way:
            reader, message = under_way.popleft()
            writer = one if reader is other else other
            under_way += ((writer, said) for said in reader.hear(message))


@given(st.sets(st.integers(0, 40)), st.sets(st.integers(0, 40)))
def test_two_histories_become_one(ours: set[int], theirs: set[int]) -> None:
    one = Reader(revision(number, day=number % 5) for number in ours)
    other = Reader(revision(number, day=number % 5) for number in theirs)
    converse(one, other)
    assert one.kept == other.kept
    assert len(one.kept) == len(one.history) == len(ours | theirs)
    assert one.history.total == other.history.total


def test_equal_histories_say_one_sum_each_and_then_nothing() -> None:
    one, other = Reader([revision(1)]), Reader([revision(1)])
    converse(one, other)
    assert [type(message) for message in one.heard + other.heard] == [Archive, Archive]


def test_whoever_agreed_before_says_nothing_on_the_next_connection() -> None:
    one, other = Reader([revision(1)]), Reader([revision(1)])
    converse(one, other)
    for each in (one, other):
        each.heard.clear()
        each.history.left(LINK)
        each.history.came(LINK, DEVICE)
    converse(one, other)
    assert one.heard == other.heard == []


def test_only_days_that_differ_are_looked_into() -> None:
    one = Reader(revision(number, day) for number in range(3) for day in range(100))
    other = Reader(revision(number, day) for number in range(3) for day in range(100))
    more = revision(7, 50)
    one.kept[more.id] = more
    one.history.file(more)
    converse(one, other)
    assert {message.day for message in other.heard if isinstance(message, Titles)} == {50}
    assert more.id in other.kept


def test_what_is_older_than_the_other_side_keeps_stays_here() -> None:
    one, other = Reader([revision(1, 1), revision(2, 2)]), Reader([], oldest=2)
    converse(one, other)
    assert set(other.kept) == {revision(2, 2).id}
    assert not any(isinstance(message, Titles) and message.day < 2 for message in other.heard)


def test_whom_we_are_deaf_to_gets_and_does_not_give() -> None:
    ours, theirs = revision(1), revision(2)
    here = History({ours.id: ours.time})
    here.came(LINK, DEVICE)
    assert here.hear(LINK, Revisions(False, (theirs.encoded,)), deaf=True) == []
    assert len(here) == 1
    (said,) = here.hear(LINK, Titles(0, (theirs.id,), is_answer=False), deaf=True)
    assert said == Titles(0, (ours.id,), is_answer=True)
    assert here.hear(LINK, Titles(0, (theirs.id,), is_answer=True), deaf=True) == []
    assert here.hear(LINK, WantRevisions((ours.id,)), deaf=True) == [Fetch((ours.id,))]


def test_a_revision_that_is_too_old_is_not_filed() -> None:
    here = History({}, oldest=2)
    assert not here.file(revision(1, 1))
    assert here.file(revision(1, 2))


def test_what_is_filed_twice_is_no_news() -> None:
    here = History({})
    assert here.file(revision(1))
    assert not here.file(revision(1))


def test_what_nobody_has_any_more_is_asked_for_once() -> None:
    one, other = Reader([revision(1), revision(2)]), Reader([])
    one.kept.clear()
    converse(one, other)
    asked = [message for message in one.heard if isinstance(message, WantRevisions)]
    assert len(asked) == 1
    assert other.kept == {}


def test_an_answer_without_revisions_ends_the_asking() -> None:
    here = History({})
    here.hear(LINK, Titles(0, (revision(1).id,), is_answer=True))
    assert here.hear(LINK, Revisions(True, ())) == []


def test_what_is_no_revision_is_passed_over() -> None:
    assert History({}).hear(LINK, Revisions(False, (b"[2]", b"?"))) == []


def test_the_number_of_days_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MAX_SHELVES", 3)
    here = History({})
    assert all(here.file(revision(1, day)) for day in range(3))
    assert not here.file(revision(1, 3))
    assert here.file(revision(2, 1))


def test_a_day_of_more_revisions_than_a_message_may_name_is_still_shared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(history, "MAX_TITLES", 5)
    one, other = Reader(map(revision, range(12))), Reader([])
    for _ in range(4):
        converse(one, other)
        one.history.left(LINK)
        other.history.left(LINK)
    assert len(other.kept) >= 5  # those that were named; the rest is named when these are here


def test_everything_that_is_said_is_within_the_limits_of_the_protocol() -> None:
    shelves = Reader(revision(1, day) for day in range(2000))
    said, archive = shelves.hear(Archive(b"x" * 16))
    assert isinstance(said, Shelves)
    assert isinstance(archive, Archive)
    assert len(said.sums) <= limits.MAX_SHELVES


# Peers.


def three() -> tuple[Crowd, Someone, Someone, Someone]:
    crowd = Crowd()
    return crowd, Someone(crowd, "Ada"), Someone(crowd, "Bob"), Someone(crowd, "Cleo")


def test_a_joiner_gets_the_history_after_the_text() -> None:
    crowd, ada, bob, _ = three()
    ada.save("a.twee", CAVE)
    ada.save("a.twee", CAVE.replace("cold", "icy"))
    crowd.run()
    crowd.connect(ada, bob)
    crowd.wait()
    assert len(ada.revisions) == 2
    assert bob.revisions == ada.revisions
    newest = max((bob.revision(id_) for id_ in bob.revisions), key=lambda each: each.time)
    assert newest.person == "Ada"


def test_the_text_goes_before_a_revision_of_the_moment() -> None:
    crowd, ada, bob, _ = three()
    crowd.connect(ada, bob)
    ada.save("a.twee", CAVE)
    crowd.wait()
    said = [type(message) for name, message in crowd.said if name == "Ada"]
    assert said.index(Push) < said.index(Revisions)
    assert bob.revisions == ada.revisions


def test_a_save_is_in_the_history_of_everybody_at_once() -> None:
    crowd, ada, bob, cleo = three()
    ada.save("a.twee", CAVE)
    crowd.run()
    for one, other in ((ada, bob), (bob, cleo), (ada, cleo)):
        crowd.connect(one, other)
    crowd.wait()
    crowd.said.clear()
    bob.save("a.twee", CAVE.replace("dark", "dim"))
    crowd.run()
    assert ada.revisions == bob.revisions == cleo.revisions
    sent = [name for name, message in crowd.said if isinstance(message, Revisions)]
    assert sent == ["Bob", "Bob"]


def test_news_reach_whoever_is_not_linked_to_their_author() -> None:
    crowd, ada, bob, cleo = three()
    crowd.connect(ada, bob)
    crowd.connect(bob, cleo)
    crowd.wait()
    ada.save("a.twee", CAVE)
    crowd.run()
    assert cleo.revisions == ada.revisions
    assert len(cleo.revisions) == 1


def test_histories_of_both_sides_meet_after_days_apart() -> None:
    crowd, ada, bob, _ = three()
    ada.save("a.twee", CAVE)
    crowd.run()
    link = crowd.connect(ada, bob)
    crowd.wait()
    crowd.cut(link)
    ada.save("a.twee", CAVE.replace("cold", "icy"))
    bob.save("a.twee", CAVE.replace("dark", "dim"))
    crowd.run()
    crowd.connect(ada, bob)
    crowd.wait()
    assert ada.revisions == bob.revisions
    assert len(ada.revisions) == 3


def test_a_milestone_holds_the_whole_story() -> None:
    crowd, ada, bob, _ = three()
    ada.save("a.twee", CAVE)
    crowd.connect(ada, bob)
    crowd.wait()
    ada.tell(Milestone("first draft", 5))
    crowd.run()
    (milestone,) = [each for each in map(bob.revision, bob.revisions) if each.milestone]
    assert milestone.milestone == "first draft"
    assert "".join(version.text or "" for version in milestone.versions) == CAVE


def test_the_history_survives_a_restart() -> None:
    crowd, ada, bob, _ = three()
    ada.save("a.twee", CAVE)
    crowd.run()
    ada.boot()
    crowd.connect(ada, bob)
    crowd.wait()
    assert bob.revisions == ada.revisions
