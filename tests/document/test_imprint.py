"""One edit, whoever makes it: Document.imprint and whisker_sync.document.imprint."""

from __future__ import annotations

import subprocess
import sys

import pytest

from whisker_sync.document import Applied, Change, Document, Kind, Nothing, Root, Schema
from whisker_sync.document.gate import parse
from whisker_sync.document.imprint import of_fields, of_record
from whisker_sync.errors import BadEdit

SCHEMA = Schema((Root("P", Kind.RECORDS), Root("b:*", Kind.TEXT)))
FIELDS = {f"f{i}": i for i in range(20)}
WORDS = "Zwölf 😀 words"


def document(client: int) -> Document:
    return Document("d", SCHEMA, client)


def make(document: Document, *, key: str = "k", words: str = WORDS, place: str = "here") -> Change:
    with document.edit("folder") as edit:
        edit.imprint("P", key, FIELDS, text=f"b:{key}", words=words, apart={"at": place})
    assert edit.change is not None
    return edit.change


def test_what_two_make_is_one() -> None:
    one, other = document(1), document(2)
    ours, theirs = make(one), make(other)
    assert ours.update == theirs.update
    assert one.merge(theirs.update, "network") == Nothing()
    assert one.fingerprint() == other.fingerprint()
    assert one.text("b:k") == WORDS
    assert one.record("P", "k") == FIELDS | {"at": "here"}


def test_what_is_done_to_it_on_both_sides_is_done_to_one_thing() -> None:
    one, other = document(1), document(2)
    make(one)
    make(other)
    with one.edit("folder") as ours:
        ours.insert("b:k", 0, "Exactly ")
    with other.edit("folder") as theirs:
        theirs.delete("b:k", 5, 2)
        theirs.set_field("P", "k", "at", "there")
    assert ours.change
    assert theirs.change
    one.merge(theirs.change.update, "network")
    other.merge(ours.change.update, "network")
    assert one.text("b:k") == other.text("b:k") == "Exactly Zwölf words"
    assert one.record("P", "k") == other.record("P", "k") == FIELDS | {"at": "there"}


def test_what_is_set_later_wins_over_how_it_was_made() -> None:
    for clients in ((1, 2), (2, 1)):
        one, other = map(document, clients)
        updates = [make(one).update]
        with one.edit("folder") as edit:
            edit.set_field("P", "k", "at", "there")
        assert edit.change
        updates += [edit.change.update, make(other).update]
        for update in updates:
            one.merge(update, "network")
            other.merge(update, "network")
        assert one.record("P", "k") == other.record("P", "k") == FIELDS | {"at": "there"}


def test_what_was_put_elsewhere_is_one_and_in_one_of_the_places() -> None:
    one, other = document(1), document(2)
    ours, theirs = make(one), make(other, place="there")
    one.merge(theirs.update, "network")
    other.merge(ours.update, "network")
    assert one.digest() == other.digest()
    assert one.text("b:k") == WORDS
    assert (one.record("P", "k") or {})["at"] in {"here", "there"}


def test_another_process_makes_the_same_bytes() -> None:
    program = (
        "from whisker_sync.document.imprint import of_record\\n"
        f"print(of_record('P', 'k', {FIELDS}, 'b:k', {WORDS!r}).hex())"
    ).replace("\\n", "\n")
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.strip()
    backwards = dict(reversed(FIELDS.items()))
    assert printed == of_record("P", "k", backwards, "b:k", WORDS).hex()


def test_these_bytes_are_what_they_were() -> None:
    """Two versions of the program make one thing of it only as long as this holds."""
    made = of_record("P", "k", {"n": "Cave", "t:dark": 1}, "b:k", "It is dark.")
    assert made == bytes.fromhex(
        "0104f9b2bff9b698a30b0027010150016b012800f9b2bff9b698a30b00016e017704436176652800"
        "f9b2bff9b698a30b0006743a6461726b017c3f800000040103623a6b0b4974206973206461726b2e00"
    )
    assert (
        of_fields(made, "P", "k", {"at": "a 1"}).hex()
        == "0101c1e1f7c6c8b6a50e002800f9b2bff9b698a30b0002617401770361203100"
    )


def test_its_client_is_none_that_a_device_draws() -> None:
    one = document(1)
    change = make(one)
    assert 1 not in change.clients
    assert all(client >> 52 == 1 for client in change.clients)
    assert {struct.client for struct in parse(change.update).structs} == set(change.clients)
    assert isinstance(document(2).merge(change.update, "network"), Applied)


def test_a_text_may_begin_with_no_words() -> None:
    one = document(1)
    make(one, words="")
    assert one.text("b:k") == ""
    with one.edit("folder") as edit:
        edit.insert("b:k", 0, "Later.")
    assert one.text("b:k") == "Later."


def test_it_begins_something_or_is_refused() -> None:
    one = document(1)
    make(one)
    with pytest.raises(BadEdit, match="already"):
        make(one)
    with one.edit("folder") as edit:
        edit.insert("b:other", 0, "There.")
    with pytest.raises(BadEdit, match="does not begin"):
        make(one, key="other")


def test_more_steps_of_an_edit_may_build_on_it() -> None:
    one, other = document(1), document(2)
    with one.edit("folder") as edit:
        edit.imprint("P", "k", {}, text="b:k", words="It is.", apart={})
        edit.insert("b:k", 5, " dark")
        edit.set_field("P", "k", "by", "one")
    assert edit.change is not None
    assert isinstance(other.merge(edit.change.update, "network"), Applied)
    assert one.text("b:k") == other.text("b:k") == "It is dark."
    assert other.record("P", "k") == {"by": "one"}


def test_what_is_erased_is_erased_wherever_it_is() -> None:
    one = document(1)
    with one.edit("folder") as edit:
        edit.insert("b:k", 0, "Zwölf Wörter")
    with one.edit("folder") as edit:
        edit.insert("b:k", 0, "Genau ")
        edit.erase("b:k", [(1, 0, 6)])
        with pytest.raises(BadEdit, match="erased"):
            edit.insert("b:k", 0, "Ja: ")
    assert one.text("b:k") == "Genau Wörter"


def test_a_client_that_is_taken_for_something_else_is_not_used() -> None:
    one, other = document(1), document(2)
    (client,) = {s.client for s in parse(of_record("P", "k", FIELDS, "b:k", WORDS)).structs}
    liar = document(client)
    with liar.edit("folder") as edit:
        edit.insert("b:other", 0, "Something else, and long enough to hide all that comes.")
    assert edit.change
    one.merge(edit.change.update, "network")
    change = make(one)
    assert change.clients == (1,)
    assert one.text("b:k") == WORDS
    assert one.record("P", "k") == FIELDS | {"at": "here"}
    other.merge(edit.change.update, "network")
    assert isinstance(other.merge(change.update, "network"), Applied)
    assert one.digest() == other.digest()
