"""Tests for :mod:`whisker_sync.peer.rewrite`."""

from __future__ import annotations

from random import Random

from whisker_sync.batch import Recalled
from whisker_sync.document import Document, Kind, Root, Schema, extent
from whisker_sync.ids import DeviceId, Incarnation
from whisker_sync.peer.poison import Poison
from whisker_sync.peer.rewrite import CUT, WITHDRAWN, Rewrite, cut_of, fact_of, facts_after, rewrite
from whisker_sync.record import Entry, Record

SCHEMA = Schema((Root("body", Kind.TEXT), Root("tags", Kind.MAP), Root("people", Kind.RECORDS)))
ALICE, BOB = DeviceId(b"a" * 32), DeviceId(b"b" * 32)


class Journal:
    """The journal of Alice, while she and Bob edit."""

    def __init__(self) -> None:
        self.documents = {
            ALICE: Document("notes", SCHEMA, 11),
            BOB: Document("notes", SCHEMA, 22),
        }
        self.entries: list[Entry] = []
        self.snapshot: tuple[bytes, ...] = ()

    def insert(self, author: DeviceId, index: int, text: str) -> bytes:
        document = self.documents[author]
        with document.edit("test") as edit:
            edit.insert("body", index, text)
        return self.keep(author)

    def keep(self, author: DeviceId) -> bytes:
        one, other = (self.documents[each] for each in (ALICE, BOB))
        if author == BOB:
            one, other = other, one
        update = one.encode(other.state())
        other.merge(update, "test")
        record = Record("notes", update, author, one.client, 0)
        self.entries.append(Entry(len(self.entries) + 1, author, record))
        return update

    def without(self, update: bytes, device: DeviceId = ALICE) -> Rewrite | None:
        updates = (*self.snapshot, *(entry.record.update for entry in self.entries))
        recalled = Recalled(
            Incarnation(bytes(8)),
            len(self.entries),
            1,
            {},
            {"notes": updates},
            tuple(self.entries),
        )
        cut = extent(update)
        return rewrite("notes", SCHEMA, recalled, cut, device=device, client=33)


def after(done: Rewrite | None) -> Document:
    assert done is not None
    document = Document.load("notes", SCHEMA, 44, [done.state])
    assert document.digest() == done.digest
    if done.change is not None:
        document.recall(done.change.update)
    return document


def test_what_was_cut_is_written_anew_by_another_client() -> None:
    journal = Journal()
    journal.insert(ALICE, 0, "one two ")
    poison = journal.insert(ALICE, 4, "deadly ")
    journal.insert(ALICE, 0, "zero ")
    document = after(journal.without(poison))
    assert document.text("body") == "zero one deadly two "
    assert document.clocks()[11] == len("one two ")
    assert 33 in document.clocks()


def test_what_others_wrote_stays_theirs() -> None:
    journal = Journal()
    journal.insert(BOB, 0, "his words. ")
    poison = journal.insert(ALICE, 0, "her words. ")
    journal.insert(BOB, len("her words. his words. "), "more of his.")
    done = journal.without(poison)
    document = after(done)
    assert document.text("body") == "her words. his words. more of his."
    assert done is not None
    assert done.change is not None
    assert done.change.update.count(b"his") == 0


def test_who_did_not_write_it_only_lets_go_of_it() -> None:
    journal = Journal()
    journal.insert(BOB, 0, "his words. ")
    poison = journal.insert(ALICE, 0, "her words. ")
    done = journal.without(poison, device=BOB)
    assert done is not None
    assert done.change is None
    assert after(done).text("body") == "his words. "


def test_registers_and_records_are_written_anew() -> None:
    journal = Journal()
    alice = journal.documents[ALICE]
    with alice.edit("test") as edit:
        edit.create("people", "p1", {"name": "Ada"})
    journal.keep(ALICE)
    with alice.edit("test") as edit:
        edit.set("tags", "mood", "dark")
        edit.set_field("people", "p1", "name", "Ada L.")
        edit.create("people", "p2", {"name": "Bob"})
    poison = journal.keep(ALICE)
    document = after(journal.without(poison))
    assert document.values("tags") == {"mood": "dark"}
    assert document.records("people") == {"p1": {"name": "Ada L."}, "p2": {"name": "Bob"}}


def test_within_a_snapshot_it_cannot_be_told_apart() -> None:
    journal = Journal()
    poison = journal.insert(ALICE, 0, "deadly ")
    journal.snapshot = (journal.documents[ALICE].encode(),)
    journal.entries.clear()
    assert journal.without(poison) is None


def test_random_documents_come_back_whole() -> None:
    for seed in range(30):
        dice, journal = Random(seed), Journal()
        updates = []
        for number in range(20):
            author = dice.choice((ALICE, BOB))
            at = dice.randint(0, len(journal.documents[author].text("body")))
            updates.append((author, journal.insert(author, at, f"w{number}x ")))
        poison = dice.choice([update for author, update in updates if author == ALICE])
        text = journal.documents[ALICE].text("body")
        assert after(journal.without(poison)).text("body") == text


def test_a_cut_is_kept_as_a_fact() -> None:
    assert cut_of(fact_of(((1, 2, 3),))) == ((1, 2, 3),)
    assert cut_of(b"{") == cut_of(b"[1]") == ()


def test_what_was_refused_is_never_taken_in_again_and_what_was_withdrawn_is() -> None:
    cut = [(11, 0, 5)]
    refused = {name: value for name, value in facts_after(f"{CUT}notes", "notes", cut) if value}
    assert Poison(refused).is_in("notes", Journal().insert(ALICE, 0, "again"))
    assert facts_after(f"{WITHDRAWN}notes", "notes", cut) == ((f"{WITHDRAWN}notes", None),)
