"""whisker_sync.document.shapes: lists and counters that several people change at once."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.document import Document, Kind, Root, Schema
from whisker_sync.document.shapes import Counter, Ordered
from whisker_sync.errors import BadEdit

SCHEMA = Schema((Root("tasks", Kind.RECORDS), Root("votes", Kind.MAP)))


class Someone:
    """A document with a list and a counter in it."""

    def __init__(self, client: int) -> None:
        self.document = Document("d", SCHEMA, client)
        self.list = Ordered(self.document, "tasks", Random(client))
        self.counter = Counter(self.document, "votes", "yes")

    def insert(self, index: int, *names: str) -> list[str]:
        with self.document.edit("test") as edit:
            return self.list.insert(edit, index, *({"n": name} for name in names))

    def move(self, id_: str, index: int) -> None:
        with self.document.edit("test") as edit:
            self.list.move(edit, id_, index)

    def remove(self, id_: str) -> None:
        with self.document.edit("test") as edit:
            self.list.remove(edit, id_)

    def add(self, *amounts: int) -> None:
        with self.document.edit("test") as edit:
            for amount in amounts:
                self.counter.add(edit, amount)

    @property
    def names(self) -> list[object]:
        return [element.fields["n"] for element in self.list.elements()]


def exchange(*people: Someone) -> None:
    for one in people:
        for other in people:
            other.document.merge(one.document.encode(other.document.state()), "exchange")


def pair() -> tuple[Someone, Someone]:
    return Someone(1), Someone(2)


@given(
    st.lists(st.tuples(st.sampled_from("imr"), st.integers(0, 99), st.integers(0, 99)), max_size=30)
)
def test_one_who_edits_alone_has_a_list_like_any_other(steps: list[tuple[str, int, int]]) -> None:
    someone, expected, ids = Someone(1), list[str](), list[str]()
    for number, (what, one, other) in enumerate(steps):
        if what == "i" or not ids:
            at = one % (len(ids) + 1)
            ids[at:at] = someone.insert(at, str(number))
            expected.insert(at, str(number))
            continue
        at = one % len(ids)
        id_, name = ids.pop(at), expected.pop(at)
        if what == "m":
            to = other % (len(ids) + 1)
            someone.move(id_, to)
            ids.insert(to, id_)
            expected.insert(to, name)
        else:
            someone.remove(id_)
    assert someone.names == expected


def test_steps_of_one_edit_see_each_other() -> None:
    someone = Someone(1)
    with someone.document.edit("test") as edit:
        (second,) = someone.list.insert(edit, 0, {"n": "second"})
        someone.list.insert(edit, 0, {"n": "first"})
        someone.list.insert(edit, 2, {"n": "third"})
        someone.list.move(edit, second, 2)
    assert someone.names == ["first", "third", "second"]


def test_runs_of_two_people_at_one_place_stay_whole() -> None:
    ada, bob = pair()
    ada.insert(0, "begin", "end")
    exchange(ada, bob)
    ada.insert(1, "a1", "a2", "a3")
    bob.insert(1, "b1", "b2", "b3")
    exchange(ada, bob)
    assert ada.names == bob.names
    inner = "".join(str(name)[0] for name in ada.names[1:-1])
    assert inner in {"aaabbb", "bbbaaa"}


def test_what_two_people_move_is_there_once() -> None:
    ada, bob = pair()
    ids = ada.insert(0, "x", "y", "z")
    exchange(ada, bob)
    ada.move(ids[0], 2)
    bob.move(ids[0], 1)
    exchange(ada, bob)
    assert ada.names == bob.names
    assert sorted(map(str, ada.names)) == ["x", "y", "z"]


def test_what_somebody_removes_while_another_moves_it_is_removed() -> None:
    ada, bob = pair()
    ids = ada.insert(0, "x", "y")
    exchange(ada, bob)
    ada.remove(ids[0])
    bob.move(ids[0], 1)
    exchange(ada, bob)
    assert ada.names == bob.names == ["y"]


def test_a_place_that_is_nonsense_only_sorts() -> None:
    someone = Someone(1)
    with someone.document.edit("test") as edit:
        edit.create("tasks", "f" * 16, {"at": "~~~ 0", "n": "odd"})
    someone.insert(0, "a")
    someone.insert(1, "b")
    assert "odd" in someone.names
    assert [name for name in someone.names if name != "odd"] == ["a", "b"]


@pytest.mark.parametrize("index", [-1, 2])
def test_there_is_no_place_outside(index: int) -> None:
    someone = Someone(1)
    someone.insert(0, "a")
    with pytest.raises(BadEdit, match="no place"):
        someone.insert(index, "b")
    assert someone.names == ["a"]


def test_what_is_not_there_cannot_be_moved_or_removed() -> None:
    someone = Someone(1)
    (id_,) = someone.insert(0, "a")
    someone.remove(id_)
    with pytest.raises(BadEdit, match="no element"):
        someone.move(id_, 0)
    with pytest.raises(BadEdit, match="no element"):
        someone.remove("nobody")


def test_names_of_the_list_itself_are_not_for_others() -> None:
    someone = Someone(1)
    with pytest.raises(BadEdit, match="fields of the list"), someone.document.edit("test") as edit:
        someone.list.insert(edit, 0, {"at": "V"})


def test_two_who_count_at_once_both_count() -> None:
    ada, bob = pair()
    ada.add(1, 1)
    bob.add(5)
    exchange(ada, bob)
    ada.add(-3)
    bob.add(10, 1)
    exchange(ada, bob)
    assert ada.counter.value == bob.counter.value == 15


def test_counters_of_one_root_are_apart() -> None:
    someone = Someone(1)
    someone.add(2)
    no = Counter(someone.document, "votes", "no")
    with someone.document.edit("test") as edit:
        no.add(edit, 7)
        someone.counter.add(edit)
    assert (someone.counter.value, no.value) == (3, 7)
