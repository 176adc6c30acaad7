"""Tests for :mod:`whisker_sync.peer.poison`, and for what a peer does with it."""

from __future__ import annotations

from random import Random

import pytest

from tests.peer.crowd import Crowd, Someone
from whisker_sync.batch import Recalled
from whisker_sync.document import Document, Kind, Root, Schema, extent
from whisker_sync.ids import DeviceId, Incarnation
from whisker_sync.peer.events import Trouble
from whisker_sync.peer.library import Library
from whisker_sync.peer.poison import MAX_QUARANTINE, QUARANTINE, Poison, facts_of, quarantined
from whisker_sync.record import Record

BOB = DeviceId(b"b" * 32)
NOTES = Schema((Root("body", Kind.TEXT),))


def edit(document: Document, text: str) -> Record:
    with document.edit("test") as step:
        step.insert("body", 0, text)
    assert step.change is not None
    return Record("notes", step.change.update, DeviceId(bytes(32)), document.client, 0)


def test_it_is_known_again_however_it_is_packed() -> None:
    document = Document("notes", NOTES, 7)
    before, poison, after = (edit(document, text) for text in ("one ", "two ", "three "))
    known = Poison(facts_of(poison, {}))
    assert known.is_in("notes", poison.update)
    assert known.is_in("notes", document.encode())
    assert not known.is_in("notes", before.update)
    assert not known.is_in("notes", after.update)
    assert not known.is_in("story", poison.update)


def test_a_damaged_fact_knows_nothing() -> None:
    assert not Poison({"poison/00": b"{", "poison/01": b"[1, [[2]]]", "shadow/x": b""})


def poisoned() -> tuple[Crowd, Someone, Someone]:
    """Bob, of whom a save of Alice ended the process once."""
    crowd = Crowd()
    alice, bob = crowd.join("alice"), crowd.join("bob")
    alice.save("cave.twee", ":: Cave\nIt is deadly here.\n")
    crowd.run()
    record = alice.entries[-1].record
    bob.facts.update(facts_of(record, bob.facts))
    bob.boot()
    crowd.connect(alice, bob)
    crowd.wait()
    return crowd, alice, bob


def test_what_once_ended_the_process_is_refused_and_both_sides_say_so() -> None:
    _, alice, bob = poisoned()
    assert "cave.twee" not in bob.folder
    assert bob.peer.status().quarantined == 1
    assert alice.peer.status().split == ("story",)
    assert any("cannot take in" in e.sentence for e in alice.events if isinstance(e, Trouble))


def test_the_rest_goes_on() -> None:
    crowd, alice, bob = poisoned()
    bob.save("lake.twee", ":: Lake\nDeep.\n")
    crowd.wait()
    assert alice.read("lake.twee") == ":: Lake\nDeep.\n"


@pytest.mark.parametrize("already", [MAX_QUARANTINE - 1, MAX_QUARANTINE])
def test_so_much_is_put_aside_and_no_more(already: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whisker_sync.document.document.MAX_DOCUMENT", 10)
    crowd = Crowd()
    alice, bob = crowd.join("alice"), crowd.join("bob")
    bob.facts |= {f"{QUARANTINE}{i}": b"" for i in range(already)}
    bob.boot()
    crowd.connect(alice, bob)
    alice.save("cave.twee", ":: Cave\nIt is deadly here.\n")
    crowd.wait()
    assert "cave.twee" not in bob.folder
    assert bob.peer.status().quarantined == MAX_QUARANTINE


@pytest.mark.parametrize("already", [MAX_QUARANTINE - 1, MAX_QUARANTINE])
def test_so_much_that_ended_processes_is_kept_and_no_more(already: int) -> None:
    record = edit(Document("notes", NOTES, 7), "deadly")
    facts = {f"{QUARANTINE}{i}": b"" for i in range(already)}
    facts |= facts_of(record, facts)
    assert quarantined(facts) == MAX_QUARANTINE
    assert Poison(facts).is_in("notes", record.update)


def test_what_builds_on_it_is_refused_and_what_waits_for_that_waits_no_more() -> None:
    one, other = Document("notes", NOTES, 7), Document("notes", NOTES, 8)
    poison = edit(one, "deadly ")
    other.merge(poison.update, "test")
    after, later = edit(other, "very "), edit(other, "so ")
    recalled = Recalled(Incarnation(bytes(8)), 0, 1, facts_of(poison, {}), {}, ())
    library = Library(DeviceId(b"a" * 32), recalled, {"notes": NOTES}, Random(1))
    assert library.merge(later, BOB).waits
    assert library.merge(after, BOB).refused is not None
    assert not library.waits
    for record in (after, later):  # let go of the cause, and all is well
        assert library.merge(record, BOB).refused is not None
        assert library.spans_refused(record) == extent(poison.update)
    fresh = Document("notes", NOTES, 9)
    assert not library.merge(edit(fresh, "well"), BOB).refused
