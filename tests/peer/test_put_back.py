"""Tests for a journal that only others can tell to be an old one; :mod:`..peer.put_back`."""

from __future__ import annotations

import json

import pytest

from tests.peer.crowd import Crowd, Someone
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.schema import STORY
from whisker_sync.peer.events import BeginAnew, Trouble
from whisker_sync.peer.inputs import Edited, LetterBrought, Stopping
from whisker_sync.peer.put_back import ALONE, RESTORED, UNNOTICED
from whisker_sync.peer.rewrite import CUT, WITHDRAWN, cut_of

CAVE = StoryPath("cave.twee")
TEXT = ":: Cave\nIt is dark here.\n"


def put_back(times: int = 1) -> tuple[Crowd, Someone, Someone]:
    """Alice's journal does not know what she told bob, so many times; her file holds it."""
    crowd = Crowd()
    alice, bob = crowd.join("alice"), crowd.join("bob")
    crowd.connect(alice, bob)
    alice.save(CAVE, TEXT)
    crowd.wait()
    entries, facts = tuple(alice.entries), dict(alice.facts)
    for number in range(times):
        alice.save(CAVE, TEXT.replace("dark", f"{'very, ' * number}pitch dark"))
        crowd.wait()
    alice.entries, alice.facts = list(entries), facts
    alice.events.clear()
    alice.boot()
    crowd.run()
    assert len(alice.entries) > len(entries)
    return crowd, alice, bob


def test_what_was_taken_in_since_is_withdrawn_before_anybody_hears_of_it() -> None:
    crowd, alice, bob = put_back()
    pushes = alice.pushes
    crowd.connect(alice, bob)
    crowd.wait()
    assert BeginAnew() in alice.events
    assert any(isinstance(e, Trouble) and "older than what bob" in e.sentence for e in alice.events)
    assert alice.facts[RESTORED] == UNNOTICED
    assert WITHDRAWN + STORY in alice.facts
    assert alice.pushes == pushes


def test_whoever_heard_that_a_journal_was_put_back_goes_on_to_say_so() -> None:
    """It may crash before it has taken note of that."""
    crowd, alice, bob = put_back(times=3)
    cursor = f"cursor/{alice.device.hex()}"
    before = bob.peer.facts(cursor)
    crowd.connect(alice, bob)
    crowd.wait()
    assert RESTORED in alice.facts
    assert bob.peer.facts(cursor) == before


def test_what_a_program_wrote_is_never_withdrawn_without_being_written_anew() -> None:
    crowd, alice, bob = put_back()
    crowd.connect(alice, bob)
    while RESTORED not in alice.peer._library.facts:
        who, effect = crowd.agenda.popleft()
        crowd._do(who, effect)
    document = alice.peer.document(STORY)
    root = next(root for root in sorted(document.roots()) if root.startswith("b:"))
    with document.edit("program") as edit:
        edit.insert(root, 0, "Well, ")
    assert edit.change is not None
    alice.tell(Edited(STORY, edit.change, 1))
    crowd.run()
    assert WITHDRAWN + STORY not in alice.facts
    assert CUT + STORY in alice.facts


def test_who_was_not_put_back_goes_on() -> None:
    crowd = Crowd()
    alice, bob = crowd.join("alice"), crowd.join("bob")
    crowd.connect(alice, bob)
    alice.save(CAVE, TEXT)
    crowd.wait()
    alice.boot()
    alice.save(CAVE, TEXT.replace("dark", "pitch dark"))
    crowd.connect(alice, bob)
    crowd.wait()
    assert BeginAnew() not in alice.events
    assert bob.read(CAVE) == TEXT.replace("dark", "pitch dark")


def clients_to_go(someone: Someone) -> set[int]:
    return {client for client, _, _ in cut_of(someone.facts[WITHDRAWN + STORY])}


def words_of_where_it_began(someone: Someone) -> list[str]:
    return [name for name in someone.facts if name.startswith(ALONE)]


@pytest.mark.parametrize("crashes", [False, True])
def test_processes_that_met_nobody_are_one_to_whom_they_meet_later(crashes: bool) -> None:
    crowd, alice, bob = put_back()
    before, pushes = len(alice.entries) - 1, alice.pushes
    for _ in range(2):
        if not crashes:
            alice.tell(Stopping())
            crowd.run()
        alice.boot()
        alice.save(CAVE, alice.read(CAVE) + "Very.\n")
        crowd.run()
    crowd.connect(alice, bob)
    crowd.wait()
    made_since = [entry.record.client for entry in alice.entries[before:]]
    assert len(set(made_since)) == 3
    assert clients_to_go(alice) >= set(made_since)
    assert alice.pushes == pushes


def test_where_it_began_is_durable_together_with_what_was_taken_in() -> None:
    _, alice, _ = put_back()
    shadow = f"shadow/{CAVE}"
    life, began_at, by_program = json.loads(alice.facts[ALONE])
    assert (life, by_program) == (alice.incarnation.hex(), False)
    assert began_at == len(alice.entries) - 1
    assert alice.facts[f"{ALONE}/{shadow}"] != alice.facts[shadow]


def test_who_met_somebody_leaves_no_word_of_where_it_began() -> None:
    crowd, alice, bob = put_back()
    assert words_of_where_it_began(alice)
    crowd.connect(bob, alice)
    crowd.wait()
    assert not words_of_where_it_began(alice)
    alice.save(CAVE, TEXT.replace("dark", "cold"))
    crowd.wait()
    assert not words_of_where_it_began(alice)


def test_nobody_is_told_where_our_journal_is_while_it_says_where_we_began() -> None:
    crowd = Crowd()
    alice, bob = crowd.join("alice"), crowd.join("bob")
    alice.save(CAVE, TEXT)
    crowd.run()
    library = alice.peer._library
    began_at = json.loads(alice.facts[ALONE])[1]
    assert library.tellable == library.head > began_at
    crowd.connect(alice, bob)
    while alice.peer._put_back.alone:
        who, effect = crowd.agenda.popleft()
        crowd._do(who, effect)
    assert library.tellable == began_at
    assert not library.at_rest
    crowd.wait()
    assert library.tellable == library.head
    assert bob.read(CAVE) == TEXT


def test_what_was_carried_by_hand_counts_as_told() -> None:
    crowd = Crowd()
    alice, bob = crowd.join("alice"), crowd.join("bob")
    alice.save(CAVE, TEXT)
    crowd.wait()
    for letter in bob.peer.open_bundle(alice.peer.bundle(None)):
        bob.tell(LetterBrought(letter))
    crowd.wait()
    crowd.connect(alice, bob)
    crowd.wait()
    assert BeginAnew() not in alice.events
    assert bob.read(CAVE) == TEXT


@pytest.mark.parametrize(
    "fact", [b"", b"{", b"[1]", b'["00", -1, 0]', b'["0000000000000000", 1, 0]']
)
def test_a_damaged_word_of_where_it_began_means_nothing(fact: bytes) -> None:
    _, alice, _ = put_back()
    alice.facts[ALONE] = fact
    alice.boot()
    assert not alice.peer.facts(ALONE)
