"""Tests for :mod:`whisker_sync.document.ledger`: possible, impossible, and too slow to tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.document import Applied, Document, Kind, NotReady, Rejected, Root, Schema
from whisker_sync.document.gate import encode_state, parse, uint

SCHEMA = Schema(
    (
        Root("t", Kind.TEXT),
        Root("m", Kind.MAP),
        Root("R", Kind.RECORDS),
        Root("x", Kind.XML),
    )
)


def update(*structs: tuple[int, int, str], deletions: str = "00") -> bytes:
    """An update of single structs, each of another client: client, clock, the rest in hex."""
    head = uint(len(structs))
    parts = [b"\1" + uint(c) + uint(at) + bytes.fromhex(rest) for c, at, rest in structs]
    return head + b"".join(parts) + bytes.fromhex(deletions)


ROCKET = "\U0001f680"
IN_TEXT = "04 01 01 74"
IN_MAP = "28 01 01 6d 01 6b"
A_RECORD = "27 01 01 52 01 72 01"
IN_TREE = "07 01 01 78"
VALUE = "01 7e"


def a_document(*updates: bytes) -> Document:
    document = Document("d", SCHEMA, 99)
    for each in updates:
        assert isinstance(document.merge(each, "author"), Applied)
    return document


def rocket() -> Document:
    """Client 1 wrote a, a character of two units, and b."""
    return a_document(update((1, 0, f"{IN_TEXT} 06 61 f09f9a80 62")))


CUTS = {
    "deletes the first half": update(deletions="01 01 01 01 01"),
    "deletes the second half": update(deletions="01 01 01 02 01"),
    "deletes up to the first half": update(deletions="01 01 01 00 02"),
    "stands behind the first half": update((2, 0, "84 01 01 01 78")),
    "stands before the second half": update((2, 0, "44 01 02 01 78")),
}


@pytest.mark.parametrize("data", CUTS.values(), ids=CUTS)
def test_what_cuts_a_character_in_two_is_refused(data: bytes) -> None:
    document = rocket()
    assert isinstance(document.merge(data, "x"), Rejected)
    assert document.text("t") == f"a{ROCKET}b"


def test_a_character_of_which_half_is_known_is_refused() -> None:
    document = a_document(update((1, 0, "01 01 01 74 02")))
    again = update((1, 0, f"{IN_TEXT} 06 61 f09f9a80 62"))
    assert isinstance(document.merge(again, "x"), Rejected)


def test_a_character_within_the_same_update_is_not_cut_either() -> None:
    data = update((1, 0, f"{IN_TEXT} 04 f09f9a80"), (2, 0, "84 01 00 01 78"))
    assert isinstance(a_document().merge(data, "x"), Rejected)


def test_whole_characters_may_be_deleted_and_stood_beside() -> None:
    document = rocket()
    beside = update((2, 0, "c4 01 00 01 01 01 78"), (3, 0, "c4 01 02 01 03 01 79"))
    assert isinstance(document.merge(beside, "x"), Applied)
    assert document.text("t") == f"ax{ROCKET}yb"
    assert isinstance(document.merge(update(deletions="01 01 01 01 02"), "x"), Applied)
    assert document.text("t") == "axyb"


@given(st.lists(st.sampled_from(["a", "é", ROCKET, "\u2603"]), min_size=1).map("".join), st.data())
def test_who_says_to_have_half_a_character_gets_all_of_it(text: str, data: st.DataObject) -> None:
    author = Document("d", SCHEMA, 1)
    with author.edit("author") as edit:
        edit.insert("t", 0, text)
    units = len(text.encode("utf-16-le")) // 2
    sent = author.encode(encode_state({1: data.draw(st.integers(0, units))}))
    for struct in parse(sent).structs:
        assert struct.clock + struct.length == units


MISPLACED = {
    "below a format": (
        [update((1, 0, IN_TREE + "06")), update((1, 1, "06 00 01 00 01 62 04 74727565"))],
        update((2, 0, "04 00 01 01 01 61")),
    ),
    "below a text of the tree": (
        [update((1, 0, IN_TREE + "06")), update((1, 1, "04 00 01 00 01 61"))],
        update((2, 0, "04 00 01 01 01 61")),
    ),
    "between two elements": (
        [update((1, 0, IN_TREE + "06"), (2, 0, "04 00 01 00 01 61"), (3, 0, "04 01 01 78 01 61"))],
        update((4, 0, "c4 02 00 03 00 01 62")),
    ),
    "between two registers of a record": (
        [
            update(
                (1, 0, A_RECORD),
                (2, 0, f"28 00 01 00 01 6e {VALUE}"),
                (3, 0, f"28 00 01 00 01 6d {VALUE}"),
            )
        ],
        update((4, 0, f"c8 02 00 03 00 {VALUE}")),
    ),
    "before another value": (
        [update((1, 0, IN_MAP + VALUE))],
        update((2, 0, f"48 01 00 {VALUE}")),
    ),
    "before and behind the same": (
        [update((1, 0, IN_TEXT + "01 61"))],
        update((2, 0, "c4 01 00 01 00 01 62")),
    ),
    "going on from another place": (
        [update((1, 0, IN_MAP + VALUE))],
        update((1, 0, IN_TEXT + "02 61 62")),
    ),
    "going on from another place, next to garbage": (
        [update((1, 0, IN_MAP + VALUE)), update((2, 0, "00 01"))],
        update((1, 0, "81 02 00 05")),
    ),
    "going on before where it goes on from": (
        [update((1, 0, IN_TEXT + "01 61"))],
        update((1, 0, "44 01 00 02 61 62")),
    ),
    "a deletion without a key": ([], update((1, 0, "01 01 01 6d 01"))),
    "a deletion under a key of a text": ([], update((1, 0, "21 01 01 74 01 6b 01"))),
}


@pytest.mark.parametrize(("before", "data"), MISPLACED.values(), ids=MISPLACED)
def test_what_the_engine_would_put_where_it_cannot_be_is_refused(
    before: list[bytes], data: bytes
) -> None:
    document = a_document(*before)
    state = document.state(), document.digest()
    assert isinstance(document.merge(data, "x"), Rejected)
    assert (document.state(), document.digest()) == state


@pytest.mark.parametrize(
    "parent",
    [IN_TREE + "06", "01 01 01 78 01", A_RECORD, "21 01 01 52 01 72 01"],
    ids=["element", "deleted element", "record", "deleted record"],
)
def test_what_was_written_into_something_that_is_deleted_by_now_is_taken_in(parent: str) -> None:
    document = a_document(update((1, 0, parent)))
    field = update((2, 0, f"28 00 01 00 01 6e {VALUE}"))
    assert isinstance(document.merge(field, "x"), Applied)
    assert Document.load("d", SCHEMA, 98, [document.encode()]).state() == document.state()


def test_what_goes_on_in_the_same_place_is_taken_in() -> None:
    document = a_document(update((1, 0, IN_TEXT + "01 61")))
    assert isinstance(document.merge(update((1, 0, IN_TEXT + "03 61 62 63")), "x"), Applied)
    assert document.text("t") == "abc"


def chain(count: int) -> bytes:
    """Two clients, each of whose letters stands behind the other's latest one."""
    one, other = [bytes.fromhex(IN_TEXT + "01 61")], []
    for at in range(count):
        other.append(b"\x84" + uint(1) + uint(at) + b"\x01b")
        one.append(b"\x84" + uint(2) + uint(at) + b"\x01a")
    parts = [uint(2), uint(count + 1), b"\1\0", *one, uint(count), b"\2\0", *other, b"\0"]
    return b"".join(parts)


@pytest.mark.timeout(60)
def test_parts_that_build_on_each_other_in_turns_are_read_once() -> None:
    """Looking at all again for each one that fits took half an hour for this one."""
    count = 60_000
    document = a_document(chain(count))
    assert len(document.text("t")) == 2 * count + 1


def test_a_chain_with_a_missing_link_is_not_ready() -> None:
    data = update((2, 0, "84 01 04 01 62"))
    assert isinstance(a_document().merge(data, "x"), NotReady)
