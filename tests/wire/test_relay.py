from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.errors import MalformedFrame
from whisker_sync.ids import Incarnation, MailboxId
from whisker_sync.wire import relay
from whisker_sync.wire.relay import Entry, Page

VECTORS = json.loads(
    (Path(__file__).parents[2] / "docs/reference/relay-vectors.json").read_text("utf-8")
)
LIFE = Incarnation(b"12345678")
BOX = MailboxId(bytes(range(32)))


def entries(count: int, size: int = 3) -> tuple[Entry, ...]:
    return tuple(Entry(number.to_bytes(16, "big"), bytes(size)) for number in range(count))


@pytest.mark.parametrize("vector", VECTORS["pages"], ids=lambda vector: vector["name"])
def test_a_page_is_what_the_reference_says(vector: dict[str, Any]) -> None:
    page = Page(
        Incarnation(bytes.fromhex(vector["incarnation"])),
        vector["first"],
        vector["head"],
        vector["start"],
        tuple(Entry(bytes.fromhex(name), bytes.fromhex(body)) for name, body in vector["entries"]),
    )
    assert page.encode().hex() == vector["bytes"]
    assert Page.decode(page.encode()) == page


PAGES = st.builds(
    lambda first, gap, bodies, more: Page(
        LIFE,
        first,
        first + gap + len(bodies) + more - 1,
        first + gap,
        tuple(Entry(bytes([number]) * 16, body) for number, body in enumerate(bodies)),
    ),
    st.integers(1, 1 << 50),
    st.integers(0, 100),
    st.lists(st.binary(max_size=40), max_size=6),
    st.integers(0, 3),
)


@given(PAGES)
def test_a_page_survives_its_bytes(page: Page) -> None:
    assert Page.decode(page.encode()) == page


@given(PAGES, st.data())
def test_a_page_that_was_cut_is_none_or_a_shorter_one(page: Page, data: st.DataObject) -> None:
    whole = page.encode()
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    try:
        shorter = Page.decode(cut)
    except MalformedFrame:
        return
    assert shorter.entries == page.entries[: len(shorter.entries)]
    assert len(shorter.entries) < len(page.entries)


@given(st.binary(max_size=200))
def test_any_bytes_are_one_page_or_malformed(data: bytes) -> None:
    try:
        page = Page.decode(data)
    except MalformedFrame:
        return
    assert page.encode() == data


@pytest.mark.parametrize(
    ("first", "head", "start", "count"),
    [(0, 0, 1, 0), (3, 1, 3, 0), (2, 5, 1, 1), (1, 2, 1, 3), (1, 2, 4, 0), (1, 1 << 53, 1, 0)],
)
def test_a_page_that_contradicts_itself_is_malformed(
    first: int, head: int, start: int, count: int
) -> None:
    page = Page(LIFE, first, head, start, entries(count))
    with pytest.raises(MalformedFrame):
        Page.decode(page.encode())


def test_a_page_at_its_limits_is_read_and_beyond_them_is_not() -> None:
    most = Page(LIFE, 1, 300, 1, entries(relay.MAX_PAGE_ENTRIES))
    assert Page.decode(most.encode()) == most
    with pytest.raises(MalformedFrame):
        Page.decode(Page(LIFE, 1, 300, 1, entries(relay.MAX_PAGE_ENTRIES + 1)).encode())
    largest = Page(LIFE, 1, 1, 1, entries(1, relay.MAX_ENVELOPE))
    assert Page.decode(largest.encode()) == largest
    with pytest.raises(MalformedFrame):
        Page.decode(Page(LIFE, 1, 1, 1, entries(1, relay.MAX_ENVELOPE + 1)).encode())


def test_a_reader_goes_on_behind_the_last_entry() -> None:
    assert Page(LIFE, 1, 9, 4, entries(3)).last == 6
    assert Page(LIFE, 1, 9, 10, ()).last == 9


def test_only_as_much_fits_as_a_page_may_hold_but_one_entry_always_does() -> None:
    assert len(relay.fitting(entries(300, 0))) == relay.MAX_PAGE_ENTRIES
    assert len(relay.fitting(entries(5, relay.MAX_PAGE_BYTES // 4))) == 4
    assert len(relay.fitting(entries(2, relay.MAX_PAGE_BYTES + 1))) == 1
    assert relay.fitting(()) == ()


def test_targets_are_as_the_reference_has_them() -> None:
    box, name = BOX.hex(), bytes(16).hex()
    assert relay.mailbox_target(BOX) == f"/v1/mailboxes/{box}"
    assert relay.entry_target(BOX, bytes(16)) == f"/v1/mailboxes/{box}/entries/{name}"
    assert relay.read_target(BOX, 7) == f"/v1/mailboxes/{box}/entries?after=7"
    assert relay.trim_target(BOX, 7) == f"/v1/mailboxes/{box}/entries?upto=7"
    assert relay.blob_target(BOX, bytes(16)) == f"/v1/mailboxes/{box}/blobs/{name}"
    assert relay.snapshot_target(BOX) == f"/v1/mailboxes/{box}/snapshot"
    assert relay.wake_target(BOX) == f"/v1/mailboxes/{box}/wake"


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "01", " 1", "1 ", "1.0", "٣", str(1 << 53), "1e3"]
)
def test_a_position_has_one_spelling(text: str) -> None:
    assert relay.position(text) is None


def test_a_position_is_read_up_to_the_greatest() -> None:
    assert relay.position("0") == 0
    assert relay.position(str(relay.MAX_POSITION)) == relay.MAX_POSITION


@pytest.mark.parametrize("text", ["", "AB" * 16, "ab" * 15, "ab" * 17, "gg" * 16, " " + "ab" * 15])
def test_an_id_has_one_spelling(text: str) -> None:
    assert relay.some_id(text, 16) is None


def test_an_id_is_read() -> None:
    assert relay.some_id("ab" * 16, 16) == b"\xab" * 16
