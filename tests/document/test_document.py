"""Tests for :mod:`whisker_sync.document.document`."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc

from whisker_sync.document import (
    Applied,
    Change,
    Document,
    Forked,
    Hold,
    Kind,
    Nothing,
    NotReady,
    Rejected,
    Root,
    Scalar,
    Schema,
    coalesce,
    fresh_client,
)
from whisker_sync.document.document import MAX_DOCUMENT, MAX_INSERT
from whisker_sync.document.gate import MAX_CLIENTS, Malformed, encode_state, parse_state
from whisker_sync.document.hold import MAX_HELD, MAX_HELD_BYTES
from whisker_sync.document.ledger import MAX_ROOTS
from whisker_sync.errors import BadEdit, BadState

SCHEMA = Schema(
    (
        Root("t", Kind.TEXT),
        Root("b:*", Kind.TEXT),
        Root("m", Kind.MAP),
        Root("R", Kind.RECORDS),
    )
)


def fresh(client: int) -> Document:
    return Document("notes", SCHEMA, client)


def insert(document: Document, index: int, text: str, root: str = "t") -> bytes:
    with document.edit("author") as edit:
        edit.insert(root, index, text)
    assert edit.change is not None
    return edit.change.update


def put(document: Document, key: str, value: Scalar) -> bytes:
    with document.edit("author") as edit:
        edit.set("m", key, value)
    assert edit.change is not None
    return edit.change.update


# Writing and reading.


def test_what_is_written_is_read() -> None:
    document = fresh(1)
    with document.edit("author") as edit:
        edit.insert("t", 0, "héllo 😀")
        edit.insert("t", 7, " world")
        edit.delete("t", 0, 1)
        edit.set("m", "answer", 42)
        edit.create("R", "a1", {"n": "Cave", "x": None})
        edit.set_field("R", "a1", "n", "Lake")
    assert document.text("t") == "éllo 😀 world"
    assert document.value("m", "answer") == 42
    assert document.record("R", "a1") == {"n": "Lake", "x": None}
    assert edit.change == Change(
        edit.change.update if edit.change else b"",
        "author",
        frozenset({("t", None), ("m", "answer"), ("R", "a1")}),
        (1,),
    )


def test_what_was_never_written_reads_as_empty() -> None:
    document = fresh(1)
    assert document.text("t") == ""
    assert document.value("m", "x") is None
    assert document.values("m") == {}
    assert document.record("R", "x") is None
    assert document.records("R") == {}
    assert document.roots() == frozenset()


@pytest.mark.parametrize(
    "value",
    [None, True, False, 0, 1, -5, 2**53 - 1, 1.5, float("inf"), "é😀", "", b"", b"\x00\xff"],
)
def test_a_value_comes_back_as_it_was_set(value: Scalar) -> None:
    one, other = fresh(1), fresh(2)
    other.merge(put(one, "k", value), "one")
    for document in (one, other):
        back = document.value("m", "k")
        assert back == value
        assert type(back) is type(value)


def test_an_integer_that_is_not_kept_as_one_reads_as_it_will_be_kept() -> None:
    number = (1 << 60).to_bytes(8, "big")
    theirs = bytes.fromhex("010105002801016d016b017a") + number + b"\x00"
    document = Document("d", Schema((Root("m", Kind.MAP),)), 1)
    document.merge(theirs, "x")
    again = Document.load("d", document.schema, 2, [document.encode()])
    assert again.digest() == document.digest()
    assert isinstance(document.value("m", "k"), float)


def test_whole_floats_come_back_as_integers() -> None:
    document = fresh(1)
    put(document, "k", 3.0)
    assert type(document.value("m", "k")) is int


@pytest.mark.parametrize("value", [2**53, -(2**53), "\ud800", [1], {"a": 1}])
def test_a_value_that_would_not_come_back_is_refused(value: Any) -> None:
    document = fresh(1)
    with pytest.raises(BadEdit), document.edit("author") as edit:
        edit.set("m", "k", value)
    assert document.values("m") == {}


def test_an_edit_that_fails_changes_nothing() -> None:
    document = fresh(1)
    insert(document, 0, "once")
    with pytest.raises(BadEdit, match="outside"), document.edit("author") as edit:  # noqa: PT012
        edit.insert("t", 0, "x")  # the first step is fine, and must not stay either
        edit.insert("t", 99, "y")
    assert document.text("t") == "once"
    insert(document, 4, " upon")
    assert document.text("t") == "once upon"


@pytest.mark.parametrize(("index", "length"), [(-1, 1), (0, 5), (4, 1), (2, -1), (5, 0)], ids=str)
def test_a_range_outside_is_refused(index: int, length: int) -> None:
    document = fresh(1)
    insert(document, 0, "once")
    with pytest.raises(BadEdit), document.edit("author") as edit:
        edit.delete("t", index, length)


def test_a_root_is_what_the_schema_says() -> None:
    document = fresh(1)
    with pytest.raises(BadEdit, match="no map"), document.edit("author") as edit:
        edit.set("t", "k", 1)
    with pytest.raises(BadEdit, match="no text"), document.edit("author") as edit:
        edit.insert("unknown", 0, "x")


def test_a_record_is_made_once() -> None:
    document = fresh(1)
    with document.edit("author") as edit:
        edit.create("R", "a", {})
    with pytest.raises(BadEdit, match="already"), document.edit("author") as edit:
        edit.create("R", "a", {})
    with pytest.raises(BadEdit, match="no record"), document.edit("author") as edit:
        edit.set_field("R", "b", "n", 1)


def test_an_edit_without_steps_is_no_change() -> None:
    document = fresh(1)
    with document.edit("author") as edit:
        edit.insert("t", 0, "")
        edit.delete("t", 0, 0)
    assert edit.change is None


step = st.tuples(st.integers(0, 50), st.integers(0, 8), st.text(max_size=6))


@given(st.lists(step, max_size=30))
def test_positions_are_code_points(steps: list[tuple[int, int, str]]) -> None:
    document, model = fresh(1), ""
    for place, size, text in steps:
        index = min(place, len(model))
        length = min(size, len(model) - index)
        with document.edit("author") as edit:
            edit.delete("t", index, length)
            edit.insert("t", index, text)
        model = model[:index] + text + model[index + length :]
        assert document.text("t") == model
    other = fresh(2)
    other.merge(document.encode(), "x")
    assert other.text("t") == model


# Merging.


def test_a_change_is_applied_once() -> None:
    one, other = fresh(1), fresh(2)
    update = insert(one, 0, "once")
    assert other.merge(update, "one") == Applied(frozenset({("t", None)}))
    assert other.merge(update, "one") == Nothing()
    assert other.text("t") == "once"


def test_a_deletion_is_applied_once() -> None:
    one, other = fresh(1), fresh(2)
    other.merge(insert(one, 0, "once"), "one")
    with one.edit("author") as edit:
        edit.delete("t", 1, 2)
    assert edit.change is not None
    assert other.merge(edit.change.update, "one") == Applied(frozenset({("t", None)}))
    assert other.merge(edit.change.update, "one") == Nothing()
    assert other.text("t") == "oe"


def test_what_builds_on_something_missing_is_not_ready() -> None:
    one, other = fresh(1), fresh(2)
    first, second = insert(one, 0, "once"), insert(one, 4, " upon")
    assert other.merge(second, "one") == NotReady({1: 3})
    assert other.text("t") == ""
    other.merge(first, "one")
    assert isinstance(other.merge(second, "one"), Applied)
    assert other.text("t") == "once upon"


def test_a_deletion_of_something_missing_is_not_ready() -> None:
    one, other = fresh(1), fresh(2)
    insert(one, 0, "once")
    with one.edit("author") as edit:
        edit.delete("t", 1, 2)
    assert edit.change is not None
    assert other.merge(edit.change.update, "one") == NotReady({1: 2})


def test_edits_under_our_own_client_id_are_a_fork() -> None:
    one, clone = fresh(7), fresh(7)
    update = insert(clone, 0, "clone")
    insert(one, 0, "one")
    assert one.merge(insert(clone, 5, "!"), "x") == Forked(7)
    one.rotate(8)
    assert one.text("t") == "one"
    assert one.client == 8
    assert isinstance(one.merge(update, "x"), Nothing | Applied)


def test_a_root_that_is_not_declared_is_refused() -> None:
    stranger = Document("notes", Schema((Root("other", Kind.TEXT),)), 3)
    outcome = fresh(1).merge(insert(stranger, 0, "x", "other"), "x")
    assert isinstance(outcome, Rejected)
    assert "declared" in outcome.reason


@pytest.mark.parametrize(
    ("theirs", "write"),
    [
        (Kind.TEXT, "m"),
        (Kind.TEXT, "R"),
        (Kind.MAP, "t"),
        (Kind.MAP, "R"),
        (Kind.RECORDS, "t"),
        (Kind.RECORDS, "m"),
    ],
)
def test_a_root_of_another_kind_is_refused(theirs: Kind, write: str) -> None:
    stranger = Document("notes", Schema((Root(write, theirs),)), 3)
    with stranger.edit("x") as edit:
        match theirs:
            case Kind.TEXT:
                edit.insert(write, 0, "text")
            case Kind.MAP:
                edit.set(write, "k", 1)
            case _:
                edit.create(write, "k", {"f": 1})
    assert edit.change is not None
    document = fresh(1)
    assert isinstance(document.merge(edit.change.update, "x"), Rejected)
    assert document.roots() == frozenset()


@given(st.binary(max_size=60))
def test_any_bytes_can_be_merged_without_an_error(data: bytes) -> None:
    document = fresh(1)
    insert(document, 0, "once")
    document.merge(data, "stranger")
    assert document.text("t")


@settings(max_examples=300)
@given(st.data())
def test_a_damaged_update_never_breaks_a_document(data: st.DataObject) -> None:
    one = fresh(1)
    insert(one, 0, "once upon")
    put(one, "k", 5)
    with one.edit("author") as edit:
        edit.create("R", "a", {"n": "x"})
        edit.delete("t", 2, 3)
    update = bytearray(one.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        update[data.draw(st.integers(0, len(update) - 1))] = data.draw(st.integers(0, 255))
    other = fresh(2)
    other.merge(bytes(update), "stranger")
    insert(other, 0, "still works")
    assert "still works" in other.text("t")
    other.digest()
    assert fresh(3).merge(other.encode(), "other") is not None


# Comparing.


def test_equal_contents_have_equal_digests_whatever_the_way() -> None:
    one, other = fresh(1), fresh(2)
    insert(one, 0, "ab")
    insert(other, 0, "b")
    insert(other, 0, "a")
    assert one.digest() == other.digest()
    assert one.fingerprint() != other.fingerprint()


def test_a_text_that_became_empty_is_as_if_it_had_never_been() -> None:
    one = fresh(1)
    insert(one, 0, "a")
    with one.edit("author") as edit:
        edit.delete("t", 0, 1)
    assert one.digest() == fresh(2).digest()


def test_the_digest_sees_roots_keys_types_and_borders() -> None:
    digests = set()
    writes: list[tuple[str, Scalar]] = [
        ("k", 1),
        ("k", True),
        ("k", "1"),
        ("k", b"1"),
        ("k", 1.5),
        ("kk", 1),
        ("k", ""),
        ("k", False),
    ]
    for key, value in writes:
        document = fresh(1)
        put(document, key, value)
        digests.add(document.digest())
    for root in ("t", "b:1", "b:2"):
        document = fresh(1)
        insert(document, 0, "k1", root)
        digests.add(document.digest())
    assert len(digests) == len(writes) + 3


def test_the_digest_is_the_same_in_every_version() -> None:
    document = fresh(1)
    with document.edit("author") as edit:
        edit.insert("t", 0, "héllo 😀")
        edit.set("m", "k", 1.5)
        edit.set("m", "b", b"\x00")
        edit.create("R", "a", {"n": None, "z": True, "i": -3})
    assert (
        document.digest().hex()
        == "80603827fefdfeadf676f0959af231d4230e911a3088e47ccd0d353783d97bcc"
    )


def test_a_digest_kept_up_to_date_is_that_of_a_fresh_start() -> None:
    one = fresh(1)
    for i in range(20):
        insert(one, 0, str(i), f"b:{i % 3}")
        put(one, f"k{i % 4}", i)
        one.digest()
    again = Document.load("notes", SCHEMA, 2, [one.encode()])
    assert again.digest() == one.digest()
    assert again.fingerprint() == one.fingerprint()


@pytest.mark.parametrize(
    "state", [b"", b"\x01", b"\xff\xff\xff\xff\x0f", b"\x00\x00", b"\x02\x01\x01\x01\x02"]
)
def test_what_is_no_state_vector_is_refused(state: bytes) -> None:
    with pytest.raises(BadState):
        fresh(1).encode(state)


def test_our_clocks_are_those_of_the_engine() -> None:
    one, other = fresh(1), fresh(2)
    insert(one, 0, "a😀é")
    other.merge(one.encode(), "x")
    insert(other, 1, "zz")
    put(other, "k", 1)
    one.merge(other.encode(one.state()), "x")
    real: Doc[Any] = Doc()
    real.apply_update(one.encode())
    assert parse_state(real.get_state()) == dict(one.clocks()) == parse_state(one.state())


# Undo.


def test_undo_takes_back_only_what_one_author_did() -> None:
    one, other = fresh(1), fresh(2)
    one.track("author")
    other.merge(insert(one, 0, "my words. "), "one")
    one.merge(insert(other, 10, "Her words."), "other")
    change = one.undo("author")
    assert change is not None
    assert one.text("t") == "Her words."
    assert isinstance(other.merge(change.update, "one"), Applied)
    assert other.text("t") == "Her words."
    assert one.redo("author") is not None
    assert one.text("t") == "my words. Her words."
    assert one.undo("somebody") is None


def test_each_edit_is_one_step_of_undo() -> None:
    one = fresh(1)
    one.track("author")
    for word in ("a", "b", "c"):
        insert(one, len(one.text("t")), word)
    one.undo("author")
    assert one.text("t") == "ab"
    one.undo("author")
    assert one.text("t") == "a"


# Many replicas.


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 4), st.integers(5, 40))
def test_shuffled_and_doubled_histories_end_the_same(seed: int, people: int, steps: int) -> None:
    dice = Random(seed)
    replicas = [fresh(100 + i) for i in range(people)]
    holds: list[Hold[bytes]] = [Hold() for _ in replicas]
    history: list[bytes] = []
    for _ in range(steps):
        who = dice.randrange(people)
        change = _scribble(replicas[who], dice)
        if change is not None:
            history.append(change.update)
        if dice.random() < 0.5 and history:
            _deliver(replicas[who], holds[who], dice.choice(history))
    for replica, hold in zip(replicas, holds, strict=True):
        for update in dice.sample(history * 2, len(history) * 2):
            _deliver(replica, hold, update)
    for _ in replicas:
        for one in replicas:
            for other, hold in zip(replicas, holds, strict=True):
                other.merge(one.encode(other.state()), "heal")
                hold.release(other, "heal")
    assert len({replica.digest() for replica in replicas}) == 1
    assert len({replica.fingerprint() for replica in replicas}) == 1
    assert all(not len(hold) for hold in holds)
    loaded = Document.load("notes", SCHEMA, 999, [replicas[0].encode()])
    assert loaded.fingerprint() == replicas[0].fingerprint()


def _deliver(replica: Document, hold: Hold[bytes], update: bytes) -> None:
    match replica.merge(update, "other"):
        case NotReady(missing):
            hold.add(update, update, missing)
        case Applied():
            hold.release(replica, "other")
        case outcome:
            assert outcome == Nothing()


def _scribble(replica: Document, dice: Random) -> Change | None:
    with replica.edit("author") as edit:
        match dice.randrange(5):
            case 0 | 1:
                text = replica.text("t")
                edit.insert("t", dice.randint(0, len(text)), dice.choice(["a", "bc", "é", "😀 "]))
            case 2:
                text = replica.text("t")
                start = dice.randint(0, len(text))
                edit.delete("t", start, dice.randint(0, min(3, len(text) - start)))
            case 3:
                edit.set("m", dice.choice("xyz"), dice.choice([1, "v", None, 2.5]))
            case _:
                records = sorted(replica.records("R"))
                if records and dice.random() < 0.6:
                    edit.set_field("R", dice.choice(records), dice.choice("fg"), dice.random())
                else:
                    edit.create("R", f"{dice.getrandbits(64):x}", {"f": 1})
    return edit.change


def filled(size: int) -> tuple[Document, Document]:
    """Two documents that are the same and have so many bytes, encoded."""
    one, other = fresh(1), fresh(2)
    while (room := size - len(one.encode())) > 0:
        # A text that goes on has room for its length already, once it is long.
        text = "x" * max(1, min(room, 1 << 20) - 40 * (len(one.text("t")) < 1 << 22))
        other.recall(insert(one, len(one.text("t")), text))
    assert len(other.encode()) == size
    return one, other


def test_a_document_grows_up_to_its_limit_and_no_further() -> None:
    one, other = filled(MAX_DOCUMENT - 100)
    assert isinstance(other.merge(insert(one, 0, "y" * 80), "test"), Applied)
    before = other.text("t")
    refused = other.merge(insert(one, 0, "z" * 30), "test")
    assert refused == Rejected("the document would have more than 12 MiB")
    assert other.text("t") == before
    insert(other, 0, "here")  # nobody is kept from writing
    assert other.is_large()


def test_a_document_at_its_limit_takes_deletions_and_has_room_again() -> None:
    one, other = filled(MAX_DOCUMENT)
    with one.edit("author") as edit:
        edit.delete("t", 0, 1000)
    assert edit.change is not None
    assert isinstance(other.merge(edit.change.update, "test"), Applied)
    assert isinstance(other.merge(insert(one, 0, "y" * 500), "test"), Applied)


def test_what_is_known_already_does_not_count_for_the_limit() -> None:
    one, other = filled(MAX_DOCUMENT - 100)
    insert(one, 0, "y")
    assert isinstance(other.merge(one.encode(), "test"), Applied)


def test_a_hold_is_bounded() -> None:
    one, hold = fresh(1), Hold[int]()
    updates = [insert(one, 0, "x") for _ in range(MAX_HELD + 2)]
    for i, update in enumerate(updates[1:]):
        hold.add(update, i, {})
    assert len(hold) == MAX_HELD
    assert hold.dropped == 1


def test_a_hold_is_bounded_in_bytes_too() -> None:
    hold = Hold[int]()
    half = MAX_HELD_BYTES // 2
    hold.add(b"a" * half, 1, {})
    hold.add(b"b" * half, 2, {})
    assert (hold.size, hold.dropped) == (MAX_HELD_BYTES, 0)
    hold.add(b"c", 3, {})
    assert (hold.size, hold.dropped) == (half + 1, 1)


def test_merged_updates_say_the_same() -> None:
    one, other = fresh(1), fresh(2)
    updates = [insert(one, i, "x") for i in range(10)]
    (merged,) = coalesce(updates)
    assert isinstance(other.merge(merged, "x"), Applied)
    assert other.fingerprint() == one.fingerprint()


def test_updates_with_something_left_out_between_them_are_not_merged() -> None:
    one, other = fresh(1), fresh(2)
    first, second, third = (insert(one, i, "x") for i in range(3))
    assert coalesce([first, third]) == [first, third]
    for update in (second, first, third):
        other.merge(update, "x")


def test_merged_updates_of_registers_say_the_same() -> None:
    """Regression: the engine drops the flag for keys when it merges updates."""
    one, other = fresh(1), fresh(2)
    with one.edit("author") as edit:
        edit.create("R", "a", {"n": 0})
    assert edit.change is not None
    updates = [edit.change.update]
    for i in range(1, 5):
        updates.append(put(one, "k", i))
        with one.edit("author") as edit:
            edit.set_field("R", "a", "n", i)
        assert edit.change is not None
        updates.append(edit.change.update)
    (merged,) = coalesce(updates)
    assert isinstance(other.merge(merged, "x"), Applied)
    assert other.fingerprint() == one.fingerprint()


def test_a_fresh_client_is_none_that_is_known() -> None:
    dice = Random(5)
    first = fresh_client((), Random(5))
    assert fresh_client({first}, dice) != first
    assert all(0 < fresh_client((), dice) < 1 << 32 for _ in range(100))


# Limits.


def test_so_much_is_inserted_at_once_and_no_more() -> None:
    document = fresh(1)
    insert(document, 0, "x" * MAX_INSERT)
    with pytest.raises(BadEdit, match="at once"):
        insert(document, 0, "x" * (MAX_INSERT + 1))


def test_a_state_vector_has_so_many_clients_and_no_more() -> None:
    clocks = dict.fromkeys(range(1, MAX_CLIENTS + 1), 1)
    assert parse_state(encode_state(clocks)) == clocks
    clocks[MAX_CLIENTS + 1] = 1
    with pytest.raises(Malformed):
        parse_state(encode_state(clocks))


def test_a_document_has_so_many_roots_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_ROOTS == 100_000
    monkeypatch.setattr("whisker_sync.document.ledger.MAX_ROOTS", 3)
    one, other = fresh(1), fresh(2)
    updates = [insert(one, 0, "x", f"b:{i}") for i in range(3)]
    assert all(isinstance(other.merge(update, "test"), Applied) for update in updates)
    monkeypatch.undo()
    one_more = insert(one, 0, "x", "b:3")
    monkeypatch.setattr("whisker_sync.document.ledger.MAX_ROOTS", 3)
    assert other.merge(one_more, "test") == Rejected("more than 3 roots")


@pytest.mark.parametrize("text", ["one two three", "äins zwöi 😀 drü"])
def test_many_stretches_are_replaced_as_if_one_after_the_other(text: str) -> None:
    splices = [(0, 0, "¡"), (1, 3, "x😀"), (4, 6, ""), (7, 7, "ü"), (len(text), len(text), "!")]
    one, other = (Document("d", Schema((Root("t", Kind.TEXT),)), n) for n in (1, 2))
    for document in (one, other):
        with document.edit("e") as edit:
            edit.insert("t", 0, text)
    with one.edit("e") as edit:
        edit.splice("t", splices)
        assert edit.text("t").startswith("¡")
    with other.edit("e") as edit:
        for start, end, insert in reversed(splices):
            edit.insert("t", end, insert)
            edit.delete("t", start, end - start)
    assert one.text("t") == other.text("t") == one.engine.text("t")


@pytest.mark.parametrize("splices", [[(2, 1, "")], [(0, 9, "")], [(2, 3, ""), (1, 2, "")]])
def test_stretches_are_within_the_text_and_in_order(splices: list[tuple[int, int, str]]) -> None:
    document = Document("d", Schema((Root("t", Kind.TEXT),)), 1)
    with document.edit("e") as edit:
        edit.insert("t", 0, "text")
    with pytest.raises(BadEdit), document.edit("e") as edit:
        edit.splice("t", splices)
    assert document.text("t") == "text"
