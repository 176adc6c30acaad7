"""
Ordered lists and counters, made of what every document has.

The engine has lists of its own; they are not used here, for two people who move one element
would have it twice, and a list of one kind read as another ends the process. A list is a root
of records instead: each element has a random id and a register that says where it stands, so
an element that somebody moves and somebody else edits is moved and edited. Nothing is ever
taken out: what was removed says so, and an edit of it finds its place.

A counter is a map with one register for each process that ever counted, and its value is
their sum: so two who count at the same time both count.

Both are told the edit that they write into, and see what was written in it before.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from whisker_sync.document.document import Document, Edit
from whisker_sync.document.order import is_key, keys
from whisker_sync.document.schema import Scalar
from whisker_sync.errors import BadEdit

PLACE = "at"
"""The register of an element that says where it stands."""

GONE = "gone"
"""The register of an element that says, with 1, that it was removed."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element of an ordered list."""

    id: str
    """Random; the same on each device, wherever the element is moved."""

    fields: Mapping[str, Scalar]
    """Its registers, without those that make it an element."""


class Ordered:
    """
    An ordered list in a document; ``root`` is of kind ``RECORDS``.

    ``dice`` draws ids and places.
    """

    def __init__(self, document: Document, root: str, dice: Random) -> None:
        self._document = document
        self._root = root
        self._dice = dice
        self._edit: Edit | None = None
        self._places: list[tuple[str, str]] = []  # as the edit leaves them

    def elements(self) -> list[Element]:
        """All elements, in an order that is the same everywhere."""
        records = self._document.records(self._root)
        found = []
        for _, id_ in self._standing():
            fields = {k: v for k, v in records[id_].items() if k not in {PLACE, GONE}}
            found.append(Element(id_, fields))
        return found

    def insert(self, edit: Edit, index: int, *elements: Mapping[str, Scalar]) -> list[str]:
        """
        Put new elements before the one at ``index``, given by their fields; return their ids.

        What is put somewhere in one call stays together, whoever puts something there, too.

        Raises:
            BadEdit: There is no such place, or a field has a name of ours.
        """
        if any({PLACE, GONE} & set(fields) for fields in elements):
            raise BadEdit(self._root, f"{PLACE} and {GONE} are fields of the list itself")
        places = self._rooms(edit, index, len(elements))
        ids = [f"{self._dice.getrandbits(64):016x}" for _ in elements]
        for place, id_, fields in zip(places, ids, elements, strict=True):
            edit.create(self._root, id_, {**fields, PLACE: place})
            insort(self._places, (place, id_))
        return ids

    def move(self, edit: Edit, id_: str, index: int) -> None:
        """
        Put an element before the one that is at ``index`` when it has been taken out.

        Raises:
            BadEdit: There is no such element, or no such place.
        """
        self._take(edit, id_)
        (place,) = self._rooms(edit, index, 1)
        edit.set_field(self._root, id_, PLACE, place)
        insort(self._places, (place, id_))

    def remove(self, edit: Edit, id_: str) -> None:
        """
        Take an element out.

        Raises:
            BadEdit: There is no such element.
        """
        self._take(edit, id_)
        edit.set_field(self._root, id_, GONE, 1)

    # Private methods.

    def _standing(self) -> list[tuple[str, str]]:
        records = self._document.records(self._root)
        return sorted(
            (str(fields.get(PLACE, "")), id_)
            for id_, fields in records.items()
            if fields.get(GONE) != 1
        )

    def _now(self, edit: Edit) -> list[tuple[str, str]]:
        if edit is not self._edit:
            self._edit, self._places = edit, self._standing()
        return self._places

    def _rooms(self, edit: Edit, index: int, count: int) -> list[str]:
        places = self._now(edit)
        if not 0 <= index <= len(places):
            raise BadEdit(self._root, f"there is no place {index} among {len(places)}")
        # Whoever wrote a place that is none of ours only sorts; room is made around it.
        left = next((key for key, _ in reversed(places[:index]) if is_key(key)), None)
        right = next((key for key, _ in places[index:] if is_key(key) and key != left), None)
        return keys(count, left, right, self._dice) if count else []

    def _take(self, edit: Edit, id_: str) -> None:
        places = self._now(edit)
        for at, (_, known) in enumerate(places):
            if known == id_:
                del places[at]
                return
        raise BadEdit(self._root, f"there is no element {id_!r}")


class Counter:
    """A number that many change at once; ``root`` is of kind ``MAP``, ``name`` without ``/``."""

    def __init__(self, document: Document, root: str, name: str) -> None:
        self._document = document
        self._root = root
        self._prefix = f"{name}/"
        self._edit: Edit | None = None
        self._added = 0

    @property
    def value(self) -> int:
        """The sum of what everybody counted."""
        return sum(
            int(value)
            for key, value in self._document.values(self._root).items()
            if key.startswith(self._prefix) and isinstance(value, (int, float))
        )

    def add(self, edit: Edit, amount: int = 1) -> None:
        """
        Count; less than nothing counts down.

        Raises:
            BadEdit: The root is not of kind MAP.
        """
        if edit is not self._edit:
            self._edit, self._added = edit, 0
        self._added += amount
        # The client id is fresh in each process: nobody else ever writes this register.
        key = f"{self._prefix}{self._document.client}"
        before = self._document.value(self._root, key)
        known = int(before) if isinstance(before, (int, float)) else 0
        edit.set(self._root, key, known + self._added)
