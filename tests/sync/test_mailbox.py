"""What a device reads in a mailbox, and what it notices of a relay that is not honest."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sync.relays import KEYS, WORKSPACE, Author, Log, drawn
from whisker_sync.identity.envelope import Desk, MailKeys, Postmark
from whisker_sync.ids import Incarnation
from whisker_sync.sync import mailbox as subject
from whisker_sync.sync.mailbox import Forgot, Mailbox, Snapshot, Unreadable


def two() -> tuple[Log, Author, Author]:
    log = Log()
    return log, Author("ada", log), Author("bob", log)


def test_what_one_left_the_other_reads_in_order() -> None:
    _, ada, bob = two()
    for word in ("one", "two", "three", "four", "five"):
        ada.write(word)
    bob.fetch()
    assert bob.read == ada.words
    assert (bob.mailbox.missing, bob.problems) == (0, [])


def test_an_empty_mailbox_is_at_its_end_once_it_was_asked() -> None:
    _, ada, _ = two()
    assert not ada.mailbox.at_end
    ada.fetch()
    assert ada.mailbox.at_end
    assert ada.mailbox.missing == 0


def test_a_letter_of_several_envelopes_counts_when_all_are_here() -> None:
    log, ada, bob = two()
    ada.write("long", size=700_000)
    last = log.entries.pop()
    bob.fetch()
    assert bob.read == []
    assert not bob.mailbox.seen
    assert bob.mailbox.missing == 0  # the writer may be about to leave the rest
    log.entries.append(last)
    bob.fetch()
    assert bob.read == ["long"]
    assert bob.mailbox.seen == ((ada.desk.track, len(log.entries)),)


def test_a_letter_that_is_cut_short_is_missed_once_more_was_written() -> None:
    log, ada, bob = two()
    ada.write("long", size=700_000)
    whole = len(log.entries)
    ada.write("after")
    del log.entries[1]
    bob.fetch()
    assert bob.read == ["after"]
    assert bob.mailbox.missing == whole


def test_an_envelope_that_is_kept_back_is_missed_when_a_later_one_is_read() -> None:
    log, ada, bob = two()
    for word in ("one", "two", "three"):
        ada.write(word)
    kept_back = log.entries.pop(1)
    bob.fetch()
    assert bob.mailbox.missing == 1
    log.entries.append(kept_back)
    bob.fetch()
    assert bob.mailbox.missing == 0
    assert sorted(bob.read) == sorted(ada.words)


def test_an_envelope_that_is_kept_back_is_missed_when_another_has_read_it() -> None:
    log, ada, bob = two()
    ada.write("one")
    carol = Author("carol", log)
    carol.fetch()
    carol.write("two")
    del log.entries[0]
    bob.fetch()
    assert bob.mailbox.missing == 1


def test_our_own_envelope_that_is_not_there_is_missed() -> None:
    log, ada, _ = two()
    ada.write("one")
    log.entries.clear()
    ada.fetch()
    assert ada.mailbox.missing == 1


@given(st.data())
def test_repeating_and_swapping_changes_nothing(data: st.DataObject) -> None:
    log, ada, bob = two()
    for number in range(6):
        (ada, bob)[number % 2].write(str(number))
    honest = list(log.entries)
    more = data.draw(st.lists(st.sampled_from(honest), max_size=6))
    log.entries = data.draw(st.permutations(honest + more))
    carol = Author("carol", log)
    carol.fetch()
    assert sorted(carol.read) == [str(number) for number in range(6)]
    assert (carol.mailbox.missing, carol.problems) == (0, [])


@given(st.data())
def test_whatever_is_kept_back_is_missed_and_counted(data: st.DataObject) -> None:
    log, ada, bob = two()
    for number in range(8):
        author = data.draw(st.sampled_from((ada, bob)))
        author.write(str(number))
    lost = data.draw(st.sets(st.integers(0, 7), max_size=7))
    for author in (ada, bob):
        # Each says at the end what it knows: no relay can keep back the last words unnoticed,
        # if only one envelope behind them comes through.
        author.fetch()
        author.leave()
        author.fetch()
    log.entries = [entry for at, entry in enumerate(log.entries) if at not in lost]
    carol = Author("carol", log)
    carol.fetch()
    assert carol.mailbox.missing == len(lost)


def test_a_log_that_became_shorter_is_reported_and_read_once_more() -> None:
    log, ada, bob = two()
    for word in ("one", "two", "three"):
        ada.write(word)
    bob.fetch()
    del log.entries[1:]
    bob.fetch()
    assert bob.problems == [Forgot(3, 1)]
    assert bob.mailbox.missing == 2
    assert bob.mailbox.at_end


def test_a_log_that_grew_again_after_it_was_put_back_is_noticed_by_what_is_missing() -> None:
    log, ada, bob = two()
    for word in ("one", "two", "three"):
        ada.write(word)
    bob.fetch()
    del log.entries[1:]
    for word in ("four", "five", "six"):
        ada.write(word)
    bob.fetch()
    assert bob.problems == []
    assert bob.mailbox.missing == 2  # "four" and "five" lie where others were read already
    bob.mailbox.start_over()
    bob.fetch()
    assert bob.mailbox.missing == 2
    assert set(ada.words) == set(bob.read)


def test_another_life_of_a_mailbox_is_read_from_its_beginning() -> None:
    log, ada, bob = two()
    ada.write("one")
    bob.fetch()
    log.incarnation, log.entries = Incarnation(b"life two"), []
    ada.write("two")
    ada.write("three")
    bob.fetch()
    assert bob.problems == [Forgot(1, 2)]
    assert bob.read == ["one", "two", "three"]
    assert bob.mailbox.missing == 1


def test_a_snapshot_stands_in_for_what_was_trimmed() -> None:
    log, ada, bob = two()
    for word in ("one", "two"):
        ada.write(word)
    bob.fetch()
    bob.write("three")
    ada.fetch()
    ada.compact()
    ada.write("four")
    carol = Author("carol", log)
    carol.fetch()
    assert sorted(carol.read) == ["four", "one", "three", "two"]
    assert (carol.mailbox.missing, carol.problems) == (0, [])
    bob.fetch()  # who was behind only by what came after it needs no snapshot
    assert bob.mailbox.missing == 0


def test_whoever_was_away_while_it_was_trimmed_reads_the_snapshot_and_goes_on() -> None:
    _, ada, bob = two()
    ada.write("one")
    bob.fetch()
    ada.write("two")
    ada.write("three")
    ada.fetch()
    ada.compact()
    ada.write("four")
    bob.fetch()
    assert set(bob.read) == {"one", "two", "three", "four"}
    assert bob.mailbox.missing == 0


def test_a_snapshot_fills_gaps_that_it_covers_and_no_others() -> None:
    log, ada, bob = two()
    for word in ("one", "two", "three"):
        ada.write(word)
    ada.fetch()
    ada.compact()
    log.trimmed = 0
    ada.write("four")
    ada.write("five")
    del log.entries[3]
    del log.entries[1]
    bob.fetch()
    assert bob.mailbox.missing == 2
    bob.absorb(bob.mailbox.take_snapshot(log.snapshot))
    assert bob.mailbox.missing == 1


def test_what_was_forgotten_without_a_snapshot_is_missed() -> None:
    log, ada, bob = two()
    for word in ("one", "two", "three"):
        ada.write(word)
    log.trimmed = 2
    bob.fetch()
    assert bob.read == ["three"]
    assert bob.mailbox.missing == 2


def test_a_snapshot_of_another_life_begins_anew() -> None:
    log, ada, bob = two()
    ada.write("one")
    bob.fetch()
    ada.fetch()
    ada.compact()
    assert log.snapshot is not None
    other = replace(log.snapshot, incarnation=Incarnation(b"life two"))
    assert bob.mailbox.take_snapshot(other) == [Forgot(1, 1)]
    assert not bob.mailbox.at_end


def torn(log: Log, author: Author) -> Snapshot:
    author.write("long", size=700_000)
    author.fetch()
    desk = Desk(author.key, WORKSPACE, drawn("a snapshot")[:16])
    return Snapshot(log.incarnation, 3, desk.close(KEYS, Postmark(), os.urandom(600_000)))


@pytest.mark.parametrize("harm", ["lacks one", "one twice", "empty", "noise", "of others"])
def test_a_snapshot_that_is_not_whole_is_not_used(harm: str) -> None:
    log, ada, bob = two()
    blobs = torn(log, ada).blobs
    harmed = {
        "lacks one": blobs[:-1],
        "one twice": (*blobs[:-1], blobs[0]),
        "empty": (),
        "noise": (*blobs[:-1], os.urandom(len(blobs[-1]))),
        "of others": (*blobs[:-1], torn(log, bob).blobs[-1]),
    }[harm]
    carol = Author("carol", log)
    (outcome,) = carol.mailbox.take_snapshot(Snapshot(log.incarnation, 3, harmed))
    assert isinstance(outcome, Unreadable)
    assert carol.mailbox.position == 0


def test_a_letter_is_no_snapshot() -> None:
    log, ada, bob = two()
    ada.write("one")
    (outcome,) = bob.mailbox.take_snapshot(Snapshot(log.incarnation, 1, tuple(log.entries)))
    assert isinstance(outcome, Unreadable)
    assert "stands in" in outcome.problem


def test_what_is_unreadable_is_said_and_passed_over() -> None:
    log, ada, bob = two()
    ada.write("one")
    log.entries.append(os.urandom(1024))
    ada.write("two")
    bob.fetch()
    assert bob.read == ["one", "two"]
    (problem,) = bob.problems
    assert isinstance(problem, Unreadable)
    assert problem.position == 2


def test_what_was_read_is_remembered_over_a_restart() -> None:
    log, ada, bob = two()
    for word in ("one", "two", "three"):
        ada.write(word)
    kept_back = log.entries.pop(1)
    bob.fetch()
    bob.begin()
    bob.fetch()
    assert bob.read == ["one", "three"]
    assert bob.mailbox.missing == 1
    log.entries.append(kept_back)
    bob.fetch()
    assert bob.mailbox.missing == 0


def test_a_note_of_another_format_means_reading_everything_once_more() -> None:
    assert Mailbox(KEYS, WORKSPACE, b"\x00").position == 0
    _, ada, bob = two()
    ada.write("one")
    bob.fetch()
    later = b"\x85\x02" + bob.mailbox.remember()[2:]
    assert Mailbox(KEYS, WORKSPACE, later).position == 0
    assert Mailbox(KEYS, WORKSPACE, bob.mailbox.remember()).position == 1


def test_the_mailbox_of_another_epoch_is_noise() -> None:
    log, ada, _ = two()
    ada.write("one")
    other = Mailbox(MailKeys(2, drawn("epoch 2")), WORKSPACE)
    (outcome,) = other.take(log.page(0))
    assert isinstance(outcome, Unreadable)


def test_letters_that_never_become_whole_do_not_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(subject, "MAX_WAITING", 600_000)
    log, ada, bob = two()
    for number in range(4):
        ada.write(f"long {number}", size=400_000)
        log.entries.pop()
        bob.fetch()
        assert bob.mailbox._waiting <= 600_000 + 250_000
    ada.write("whole", size=300_000)
    bob.fetch()
    assert "whole" in bob.read


def test_numbers_far_behind_a_gap_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "MAX_BEYOND", 4)
    log, ada, bob = two()
    for number in range(8):
        ada.write(str(number))
    del log.entries[0]
    bob.fetch()
    assert len(bob.read) == 7
    assert bob.mailbox.missing == 4  # one is gone, and three more are asked for again
