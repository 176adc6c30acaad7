"""
Updates and state vectors: what strangers send that ends up in the engine.

An update goes through the gate and the ledger of a document that has a past, here, in
Python, where nothing can go wrong but an exception. Some of the accepted ones are then
given to a production document in a process of their own (see
:mod:`benchmarks.fuzz.harm`): those that have a struct of a kind and place that few had
before, and one of :data:`SHARE` of the others.
"""

from __future__ import annotations

import dataclasses
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

from benchmarks.fuzz.corpus import kept
from benchmarks.fuzz.harm import ROOTS
from benchmarks.fuzz.mutate import VARINTS, mutate
from benchmarks.fuzz.replay import HARMLESS, outcomes
from benchmarks.fuzz.target import Broken, Suspect, Target, Verdict
from whisker_sync.document import Document, Kind, Schema
from whisker_sync.document.gate import (
    ANY,
    BINARY,
    DELETED,
    DOC,
    EMBED,
    FORMAT,
    GC,
    JSON,
    SKIP,
    STRING,
    TYPE,
    Id,
    Malformed,
    Struct,
    encode_state,
    parse,
    parse_state,
    uint,
)
from whisker_sync.document.ledger import Admitted, Impossible, Ledger, Missing, Place
from whisker_sync.errors import BadState

SHARE = 16
"""One of so many accepted updates with nothing new about them is tried in a child."""

NOVELTY = 5
"""What so many accepted updates had is not new any longer."""

BATCH = 256
"""Updates for one child."""

SCHEMA = Schema(ROOTS)
_STRANGER = 9

_KEYS = (b"key", b"k", b"note", b"")
_TEXTS = (b"a", "é".encode(), "\U0001f600".encode(), b"word ", b"a", "a\U0001f600b".encode(), b"\n")
_VALUES = (
    *(b"\x7e", b"\x7f", b"\x78", b"\x79", b"\x7d\x01", b"\x7d\xff\xff\x03", b"\x77\x01a"),
    *(b"\x77\x00", b"\x74\x01\xff", b"\x7b" + struct.pack(">d", 1.5), b"\x7c" + bytes(4)),
    *(b"\x7b" + struct.pack(">d", float("nan")), b"\x7a" + b"\xff" * 8, b"\x75\x01\x7e"),
    *(b"\x76\x01\x01a\x7e", b"\x75\x00", b"\x7d\x40", b"\x7b" + struct.pack(">d", 2.0**60)),
)
_JSONS = (b"null", b"true", b"{}", b"1.50", b'"x"', b'{"a":[1,2]}', b"[", b"", b"1e999")
_NAMES = (b"p", b"", b"b", b"span" * 3)


class Gate(Target):
    """:mod:`whisker_sync.document.gate` and the ledger behind it."""

    def __init__(self) -> None:
        self._base = base()
        self._ledger = Ledger(SCHEMA)
        for update in self._base:
            self._ledger.enter(self._ledger.admit(parse(update)))
        self._draft = Draft(self._base)
        self._seen: Counter[object] = Counter()
        self._waiting: list[tuple[int, bytes]] = []
        self._followed_up = 0
        whole = _load().encode()
        super().__init__([*self._base, whole, *news(), *kept("gate").values()], VARINTS)

    def draw(self, dice: Random) -> bytes:
        """From samples, field by field, or both."""
        match dice.randrange(8):
            case 0 | 1 | 2:
                return super().draw(dice)
            case 3:
                return mutate(dice, b"".join(self._draft.update(dice)), self.samples, VARINTS)
            case 4 | 5:
                tokens = self._draft.update(dice)
                _disturb(dice, tokens)
                return b"".join(tokens)
            case _:
                return b"".join(self._draft.update(dice))

    def judge(self, case: int, data: bytes) -> Verdict:
        """What may be said of it is that it is malformed, impossible, or not ready."""
        try:
            admitted = self.admit(data, self._ledger)
        except (Malformed, Impossible, Missing):
            return Verdict.REFUSED
        traits = _traits(admitted)
        if case % SHARE == 0 or any(self._seen[trait] < NOVELTY for trait in traits):
            self._waiting.append((case, data))
        self._seen.update(traits)
        return Verdict.ACCEPTED

    def admit(self, data: bytes, ledger: Ledger) -> Admitted:
        """What is under test; the tests of fuzzing put something worse in its place."""
        return ledger.admit(parse(data))

    def follow_up(self, *, last: bool) -> Iterator[Suspect]:
        """Put the accepted to use, many to a child."""
        while len(self._waiting) >= BATCH or (last and self._waiting):
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            self._followed_up += len(batch)
            found = outcomes(self.leftovers()["base.bin"], ROOTS, [data for _, data in batch])
            for (case, data), outcome in zip(batch, found, strict=True):
                if outcome not in HARMLESS:
                    yield Suspect(case, data, f"it was let through, but used: {outcome}")

    def followed_up(self) -> int:
        """How many were put to use."""
        return self._followed_up

    def leftovers(self) -> dict[str, bytes]:
        """The document that all updates come to."""
        return {"base.bin": _load().encode()}


class State(Target):
    """State vectors, and what a document sends to who has that much."""

    def __init__(self) -> None:
        self._document = _load()
        clocks = dict(self._document.clocks())
        samples = [
            self._document.state(),
            *(encode_state({client: clocks[client]}) for client in sorted(clocks)),
            encode_state({}),
            encode_state({1: 0, (1 << 32) - 1: (1 << 31) - 1, (1 << 53) - 1: 7}),
        ]
        super().__init__([*samples, *kept("state").values()], VARINTS)

    def judge(self, case: int, data: bytes) -> Verdict:
        """It is read and written alike, and a document has an answer to it."""
        try:
            clocks = parse_state(data)
        except Malformed:
            try:
                self._document.encode(data)
            except BadState:
                return Verdict.REFUSED
            raise Broken("the gate refuses it, the document does not") from None
        if parse_state(encode_state(clocks)) != clocks:
            raise Broken("it says something else when it is encoded again")
        parse(self._document.encode(data))
        return Verdict.ACCEPTED


# What updates are made of.


@cache
def base() -> tuple[bytes, ...]:
    """The past of the document that all updates meet: three authors, all kinds of roots."""
    updates: list[bytes] = []
    authors = [Document("fuzz", SCHEMA, client) for client in (1, 2, 3)]
    for step in range(18):
        author = authors[step % 3]
        _edit(author, Random(step), updates)
        if step % 4 == 3:
            for each in authors:
                for update in updates:
                    each.merge(update, "other")
    updates += _tree()
    return tuple(updates)


@cache
def news() -> tuple[bytes, ...]:
    """Updates that authors make upon the base, each with a new client id."""
    updates: list[bytes] = []
    for client in range(4, 9):
        author = _load(client)
        _edit(author, Random(client), updates)
        _edit(author, Random(client + 100), updates)
    return tuple(updates)


def _load(client: int = _STRANGER) -> Document:
    return Document.load("fuzz", SCHEMA, client, base())


def _edit(author: Document, dice: Random, updates: list[bytes]) -> None:
    texts = ("t", "b:1", "b:2")
    with author.edit("author") as edit:
        root = dice.choice(texts)
        length = len(author.text(root))
        edit.insert(root, dice.randint(0, length), dice.choice(("word ", "\U0001f600é", "a\nb")))
        if length > 3 and dice.randrange(2):
            edit.delete(root, dice.randrange(length - 2), 2)
        edit.set("m", dice.choice(("key", "k", "note")), dice.choice((1, 1.5, "x", None, b"\0")))
        if author.record("R", f"r{author.client}") is None:
            edit.create("R", f"r{author.client}", {"n": "name", "at": 1})
        known = sorted(author.records("R"))
        if known:
            edit.set_field("R", dice.choice(known), "n", f"other {dice.randrange(9)}")
    assert edit.change is not None
    updates.append(edit.change.update)


def _tree() -> list[bytes]:
    """Elements and formatted text in the tree that we only carry for others."""
    from pycrdt import Doc, XmlElement, XmlFragment, XmlText

    doc: Doc[XmlFragment] = Doc(client_id=77)
    found: list[bytes] = []
    subscription = doc.observe(lambda event: found.append(event.update))
    tree = doc.get("x", type=XmlFragment)
    element = tree.children.append(XmlElement("p", {"class": "a"}))
    text = element.children.append(XmlText("tree"))
    text.insert(1, "bold", {"b": True})
    element.children.append(XmlElement("br"))
    doc.unobserve(subscription)
    return found


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Ids that follow each other in one place."""

    place: Place
    client: int
    start: int
    end: int


class Draft:
    """Writes updates field by field: mostly possible ones, with a taste for the edge."""

    def __init__(self, updates: Sequence[bytes]) -> None:
        ledger = Ledger(SCHEMA)
        self._places: dict[Place, list[_Stretch]] = {}
        for update in updates:
            admitted = ledger.admit(parse(update))
            ledger.enter(admitted)
            for piece, place in admitted.fresh:
                end = piece.clock + piece.length
                stretch = _Stretch(place, piece.client, piece.clock, end)
                self._places.setdefault(place, []).append(stretch)
        self._all = list(self._places)
        self._clocks = dict(ledger.clocks)

    def update(self, dice: Random) -> list[bytes]:
        """The fields of an update, one after the other."""
        clients = dice.sample((*self._clocks, 11, 12, 13), dice.choice((0, 1, 1, 1, 1, 2, 2, 3)))
        fresh: list[_Stretch] = []
        tokens = [uint(len(clients))]
        for client in clients:
            tokens += self._client(dice, client, fresh)
        owners = sorted(dice.sample(list(self._clocks), dice.choice((0, 0, 0, 1, 1, 2))))
        tokens.append(uint(len(owners)))
        for owner in owners:
            count = dice.randint(1, 3)
            tokens += [uint(owner), uint(count)]
            for _ in range(count):
                tokens += self._range(dice, owner)
        return tokens

    def _client(self, dice: Random, client: int, fresh: list[_Stretch]) -> list[bytes]:
        known = self._clocks.get(client, 0)
        clock = max(0, known - dice.choice((0, 0, 0, 0, 0, 0, 0, 1, 2, 5)))
        count = dice.choice((1, 1, 1, 2, 2, 3, 6))
        tokens = [uint(count), uint(client), uint(clock)]
        for _ in range(count):
            place = self._place(dice, fresh)
            fields, length = self._struct(dice, place, fresh)
            tokens += fields
            fresh.append(_Stretch(place, client, clock, clock + length))
            clock += length
        return tokens

    def _place(self, dice: Random, fresh: list[_Stretch]) -> Place:
        if fresh and not dice.randrange(3):
            return dice.choice(fresh).place
        place = dice.choice(self._all)
        if not dice.randrange(6):  # a name, a record or an element of which nothing is known
            return dataclasses.replace(place, name=dice.choice(_KEYS).decode())
        if not dice.randrange(9):
            return dataclasses.replace(place, node=self._id(dice, place, fresh))
        return place

    def _struct(self, dice: Random, place: Place, fresh: list[_Stretch]) -> tuple[list[bytes], int]:
        kind = dice.choice(_fitting(place) if dice.randrange(20) else _KINDS)
        if kind == GC:
            length = dice.choice((1, 1, 2, 9))
            return [b"\0", uint(length)], length
        flags, tokens = self._where(dice, place, fresh)
        content, length = _content(dice, kind, place)
        return [bytes([kind | flags]), *tokens, *content], length

    def _where(self, dice: Random, place: Place, fresh: list[_Stretch]) -> tuple[int, list[bytes]]:
        keyed = 32 if place.name is not None else 0
        match dice.randrange(10):
            case 0 | 1 | 2:
                if place.node is None or not dice.randrange(30):
                    name = place.touch[0].encode()
                    tokens = [b"\1", uint(len(name)), name]
                else:
                    tokens = [b"\0", *_spelled(place.node)]
                if place.name is not None:
                    key = place.name.encode()
                    tokens += [uint(len(key)), key]
                return keyed, tokens
            case 3 | 4 | 5:
                return 128 | dice.choice((0, keyed)), _spelled(self._id(dice, place, fresh))
            case 6 | 7 if not keyed or not dice.randrange(9):
                return 64, _spelled(self._id(dice, place, fresh))
            case _ if keyed and dice.randrange(9):
                return 128 | keyed, _spelled(self._id(dice, place, fresh))
            case _:
                ids = [self._id(dice, place, fresh) for _ in range(2)]
                return 192, [*_spelled(ids[0]), *_spelled(ids[1])]

    def _id(self, dice: Random, place: Place, fresh: list[_Stretch]) -> Id:
        """An id, of the same place if that is easy, or next to one."""
        near = self._places.get(place, [])
        if fresh and (not near or not dice.randrange(3)):
            near = fresh
        if not near or not dice.randrange(20):
            near = self._places[dice.choice(self._all)]
        stretch = dice.choice(near)
        clock = dice.choice((stretch.start, stretch.end - 1, (stretch.start + stretch.end) // 2))
        if not dice.randrange(60):
            clock = stretch.end + dice.choice((0, 1, 1 << 30))
        return stretch.client, max(clock, 0)

    def _range(self, dice: Random, owner: int) -> list[bytes]:
        clocks = self._clocks[owner]
        start = dice.randrange(clocks)
        length = dice.choice((1, 1, 2, 5, clocks - start, clocks - start, clocks + 1))
        return [uint(start), uint(length)]


_KINDS = (STRING, ANY, TYPE, DELETED, GC, BINARY, FORMAT, EMBED, JSON, DOC, SKIP, 11, 31)


def _fitting(place: Place) -> tuple[int, ...]:
    match place.kind:
        case Kind.TEXT:
            return STRING, STRING, STRING, DELETED, GC
        case Kind.RECORDS if place.node is None:
            return TYPE, TYPE, DELETED, GC
        case Kind.MAP | Kind.RECORDS:
            return ANY, ANY, BINARY, DELETED, GC
        case _:
            return STRING, ANY, BINARY, FORMAT, EMBED, TYPE, TYPE, DELETED, GC


def _spelled(id_: Id) -> list[bytes]:
    return [uint(id_[0]), uint(id_[1])]


def _content(dice: Random, kind: int, place: Place) -> tuple[list[bytes], int]:
    """The fields of a struct's content, and how many clocks it takes."""
    match kind:
        case _ if kind == STRING:
            text = dice.choice(_TEXTS)
            return [uint(len(text)), text], len(text.decode().encode("utf-16-le")) // 2
        case _ if kind in {DELETED, SKIP}:
            length = dice.choice((1, 1, 2, 9))
            return [uint(length)], length
        case _ if kind == ANY:
            count = dice.choice((1, 1, 1, 1, 1, 1, 1, 1, 2, 0))
            return [uint(count), *(dice.choice(_VALUES) for _ in range(count))], count
        case _ if kind == BINARY:
            return [b"\2", b"\0\xff"], 1
        case _ if kind == TYPE:
            right = (1,) if place.kind is Kind.RECORDS else (3, 4, 6)
            detail = dice.choice(right if dice.randrange(9) else (0, 1, 2, 3, 4, 5, 6, 7))
            name = dice.choice(_NAMES)
            return [uint(detail), *([uint(len(name)), name] if detail == 3 else [])], 1
        case _ if kind == FORMAT:
            name, value = dice.choice(_NAMES), dice.choice(_JSONS)
            return [uint(len(name)), name, uint(len(value)), value], 1
        case _:
            value = dice.choice(_JSONS)
            return [uint(len(value)), value], 1


def _disturb(dice: Random, tokens: list[bytes]) -> None:
    """Change one field, or its place."""
    at, other = dice.randrange(len(tokens)), dice.randrange(len(tokens))
    match dice.randrange(5):
        case 0:
            del tokens[at]
        case 1:
            tokens.insert(at, tokens[other])
        case 2:
            tokens[at], tokens[other] = tokens[other], tokens[at]
        case 3:
            tokens[at] = dice.choice(VARINTS)
        case _:
            tokens[at:at] = tokens[other : other + dice.randrange(1, 9)]


def _traits(admitted: Admitted) -> set[object]:
    """What is special about an update, for telling new ones from more of the same."""
    traits: set[object] = {_trait(piece, place) for piece, place in admitted.fresh}
    if admitted.deletions:
        traits.add(("deletions", len(traits)))
    if len(traits) > 1:
        traits.add(frozenset(piece.kind for piece, _ in admitted.fresh))
    return traits


def _trait(piece: Struct, place: Place) -> tuple[object, ...]:
    neighbours = piece.origin is None, piece.right is None, piece.keyed
    where = place.kind, place.node is None, place.name is None
    return piece.kind, piece.detail, *neighbours, *where
