"""What updates speak of."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.document import Document, Extents, Kind, Root, Schema
from whisker_sync.document.extents import _Spans

SCHEMA = Schema((Root("body", Kind.TEXT),))


def document(client: int) -> Document:
    return Document.load("notes", SCHEMA, client, ())


def edits(there: Document, *texts: str) -> list[bytes]:
    """One update for each text that is put at the end; an empty one deletes a letter."""
    updates = []
    for text in texts:
        with there.edit("test") as edit:
            if text:
                edit.insert("body", len(there.text("body")), text)
            else:
                edit.delete("body", 0, 1)
        assert edit.change is not None
        updates.append(edit.change.update)
    return updates


def extents(*updates: bytes) -> Extents:
    known = Extents()
    for update in updates:
        known.add(update)
    return known


def test_what_was_added_is_covered_and_what_follows_is_not() -> None:
    first, second, third = edits(document(1), "one", "two", "three")
    known = extents(first, second)
    assert known.cover(first)
    assert known.cover(second)
    assert not known.cover(third)


def test_a_deletion_is_news_of_its_own() -> None:
    first, gone = edits(document(1), "one", "")
    assert not extents(first).cover(gone)
    assert extents(first, gone).cover(gone)


def test_a_whole_document_is_covered_by_its_edits_in_any_order() -> None:
    there = document(1)
    updates = edits(there, "one", "two", "", "three", "")
    assert extents(*reversed(updates)).cover(there.encode())
    for at in range(len(updates)):
        left = updates[:at] + updates[at + 1 :]
        assert not extents(*left).cover(there.encode())


def test_the_edits_are_covered_by_the_whole_document() -> None:
    there = document(1)
    updates = edits(there, "one", "two", "", "three", "")
    assert all(extents(there.encode()).cover(update) for update in updates)


def test_the_state_is_what_is_there_without_a_gap() -> None:
    there = document(1)
    first, second, third = edits(there, "one", "two", "three")
    held = document(2)
    held.merge(first, "test")
    assert extents(first, third).state() == held.state()
    held.merge(second, "test")
    held.merge(third, "test")
    assert extents(first, third, second).state() == held.state() == there.state()


def test_bytes_that_are_no_update_speak_of_nothing() -> None:
    assert extents(b"\xff\xff").state() == extents().state()
    assert extents().cover(b"\xff\xff")


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 6))), st.integers(0, 30))
def test_stretches_are_joined_and_found_as_sets_of_numbers_would(
    stretches: list[tuple[int, int]], probe: int
) -> None:
    spans, numbers = _Spans(), set()
    for start, length in stretches:
        spans.add(7, start, start + length)
        numbers |= set(range(start, start + length))
    for length in range(1, 8):
        wanted = set(range(probe, probe + length)) <= numbers
        assert spans.cover([(7, probe, length)]) == wanted
    reached = next(number for number in range(99) if number not in numbers)
    assert spans.reached() == ({7: reached} if reached else {})
