"""Tests for :mod:`whisker_sync.document.gate`: hostile updates of our own making."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.document import Document, Kind, Rejected, Root, Schema
from whisker_sync.document.gate import (
    MAX_CLIENT,
    MAX_CLOCK,
    MAX_DEPTH,
    MAX_NAME,
    MAX_UPDATE,
    Malformed,
    encode_state,
    parse,
    parse_state,
    uint,
)

GOOD = bytes.fromhex("0101010004010174016100")

HOSTILE = {
    "a collected struct of no length": "010185808080080000000 00000".replace(" ", ""),
    "more clients than memory": "808080800100",
    "more clients than bytes": "ff0100",
    "a client without structs": "010001000000",
    "a client twice": "020101000401017401610101010401017401610 0".replace(" ", ""),
    "more structs than bytes": "01ff7f01000401017401610 0".replace(" ", ""),
    "a gap in the middle": "0101010 00a0500".replace(" ", ""),
    "a struct of an unknown kind": "01010100 0c01017401610 0".replace(" ", ""),
    "a document within a document": "0101010009010174016100",
    "a text of no length": "01010100040101740000",
    "a text that is not UTF-8": "010101000401017401ff00",
    "half a surrogate pair": "010101000401017403eda08000",
    "an integer spelled too long": "0101810004010174016100",
    "an integer without an end": "01018080808080808080808001",
    "flags where nothing is left": "0101010080010 000".replace(" ", ""),
    "a clock beyond all clocks": "010101ffffffff0704010174016100",
    "a deletion of nothing": "0001010101 00".replace(" ", ""),
    "a deletion beyond all clocks": "000101 01 ffffffff07 05".replace(" ", ""),
    "a parent of no kind": "01010100 04020174016100".replace(" ", ""),
    "a byte too many": "010101000401017401610000",
    "values of more than memory": "01010100 2801016d016bffffffff0f7e00".replace(" ", ""),
    "a value of no kind": "01010100 2801016d016b014000".replace(" ", ""),
    "a type that engines read in two ways": "010101000701017805017000",
    "a format that is not JSON": "0101010006010178016201" + "5b00",
    "an embedded number beyond all numbers": "010101000501017805" + b"1e999".hex() + "00",
    "an embedded number that is none": "010101000501017803" + b"NaN".hex() + "00",
    "an embedded half of a pair": "010101000501017808" + b'"\\ud800"'.hex() + "00",
    "a deletion twice": "00010102000500" + "0200",
    "deletions out of order": "000101020501" + "0001",
    "an unknown type": "0101010 02701016d016b0900".replace(" ", ""),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_update_is_refused(data: str) -> None:
    with pytest.raises(Malformed):
        parse(bytes.fromhex(data))


def test_a_good_update_is_read() -> None:
    (struct,) = parse(GOOD).structs
    assert (struct.client, struct.clock, struct.length, struct.parent) == (1, 0, 1, "t")


@pytest.mark.parametrize("json", [b"true", b"1.50", b'{"a":[1,"\\u00e9"]}', b'""'])
def test_what_is_embedded_is_json(json: bytes) -> None:
    data = bytes.fromhex("0101010005010178") + uint(len(json)) + json + b"\x00"
    assert parse(data).structs[0].length == 1


def test_our_own_journal_may_have_deletions_as_they_come() -> None:
    assert len(parse(bytes.fromhex("0001010205010001"), ours=True).deletions) == 2


@pytest.mark.parametrize("size", range(len(GOOD)))
def test_an_update_cut_short_is_refused(size: int) -> None:
    with pytest.raises(Malformed):
        parse(GOOD[:size])


@pytest.mark.parametrize("opening", [b"\x75\x01", b"\x76\x01\x01a"])
def test_a_value_nested_too_deep_is_refused(opening: bytes) -> None:
    def update(depth: int) -> bytes:
        head = bytes.fromhex("010101002801016d016b01")
        return head + opening * depth + b"\x7e" + b"\x00"

    parse(update(MAX_DEPTH))
    with pytest.raises(Malformed, match="deep"):
        parse(update(MAX_DEPTH + 1))


def test_an_update_is_accepted_up_to_its_limit() -> None:
    def update(size: int) -> bytes:
        return (
            bytes.fromhex("01010100040101 74".replace(" ", "")) + uint(size) + b"a" * size + b"\x00"
        )

    overhead = len(update(MAX_UPDATE - 64)) - (MAX_UPDATE - 64)
    parse(update(MAX_UPDATE - overhead))
    with pytest.raises(Malformed, match="bytes in one update"):
        parse(update(MAX_UPDATE - overhead + 1))


def one_letter(*, client: int = 1, clock: int = 0, root: str = "t") -> bytes:
    """An update that inserts one letter into a text."""
    name = uint(len(root)) + root.encode()
    return b"\x01\x01" + uint(client) + uint(clock) + b"\x04\x01" + name + b"\x01a\x00"


def test_a_client_id_has_its_limit() -> None:
    assert parse(one_letter(client=MAX_CLIENT)).structs[0].client == MAX_CLIENT
    with pytest.raises(Malformed, match="too large"):
        parse(one_letter(client=MAX_CLIENT + 1))


def test_a_clock_has_its_limit() -> None:
    assert parse(one_letter(clock=MAX_CLOCK - 1)).structs[0].clock == MAX_CLOCK - 1
    with pytest.raises(Malformed):
        parse(one_letter(clock=MAX_CLOCK))


def test_a_name_has_its_limit() -> None:
    assert parse(one_letter(root="n" * MAX_NAME)).structs[0].parent == "n" * MAX_NAME
    with pytest.raises(Malformed, match="name"):
        parse(one_letter(root="n" * (MAX_NAME + 1)))


SCHEMA = Schema((Root("t", Kind.TEXT), Root("m", Kind.MAP), Root("R", Kind.RECORDS)))

IMPOSSIBLE = {
    "text in a map": "0101010004010 16d016100".replace(" ", ""),
    "a value in a text": "01010100280101740 16b017e00".replace(" ", ""),
    "a list in a map": "0101010027 01016d016b0000".replace(" ", ""),
    "a list in a record's place": "01010100270101520 16b0000".replace(" ", ""),
    "a value in a record's place": "010101002801015201 6b017e00".replace(" ", ""),
    "two values at once": "010101002801016d016b027e7e00",
    "a list as a value": "010101002801016d016b01750000",
    "an embedded thing in a text": "010101000501017404 6e756c6c00".replace(" ", ""),
    "a format in a text": "0101010006010174016204 7472756500".replace(" ", ""),
    "a text as the parent": "0102010004010174016104000100016200",
    "a root that is not declared": "010101000401017a016100",
    "a text under a key": "0101010024010174016b016100",
}


@pytest.mark.parametrize("data", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_what_the_schema_does_not_allow_is_refused(data: str) -> None:
    document = Document("d", SCHEMA, 9)
    assert isinstance(document.merge(bytes.fromhex(data), "x"), Rejected)
    assert not document.clocks()


def test_parts_that_build_on_each_other_in_a_circle_are_refused() -> None:
    circle = bytes.fromhex("020102008401000161010100840200016200")
    assert isinstance(Document("d", SCHEMA, 9).merge(circle, "x"), Rejected)


def test_neighbours_in_different_places_are_refused() -> None:
    document = Document("d", SCHEMA, 9)
    document.merge(GOOD, "x")
    document.merge(bytes.fromhex("010102002801016d016b017e00"), "x")
    bridge = bytes.fromhex("010103 00c40100020001 6100".replace(" ", ""))
    assert isinstance(document.merge(bridge, "x"), Rejected)


@given(st.dictionaries(st.integers(1, 2**53 - 1), st.integers(0, 2**31 - 1)))
def test_a_state_vector_is_read_as_it_was_written(clocks: dict[int, int]) -> None:
    assert parse_state(encode_state(clocks)) == clocks


@given(st.binary(max_size=40))
def test_any_bytes_are_an_update_or_malformed(data: bytes) -> None:
    try:
        parse(data)
    except Malformed as problem:
        assert str(problem)
