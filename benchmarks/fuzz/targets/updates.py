"""
Updates and state vectors: what strangers send that ends up in the engine.

An update goes through the gate and the ledger of a document that has a past, here, in
Python, where nothing can go wrong but an exception. Some of the accepted ones are then
given to a production document in a process of their own (see
:mod:`benchmarks.fuzz.harm`): the first of each shape, and one of :data:`SHARE` of the
others.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from random import Random

from benchmarks.fuzz.corpus import kept
from benchmarks.fuzz.harm import ROOTS
from benchmarks.fuzz.mutate import VARINTS, mutate
from benchmarks.fuzz.replay import HARMLESS, outcomes
from benchmarks.fuzz.target import Broken, Suspect, Target, Verdict
from whisker_sync.document import Document, Schema
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
    Malformed,
    Struct,
    encode_state,
    parse,
    parse_state,
    uint,
)
from whisker_sync.document.ledger import Admitted, Impossible, Ledger, Missing
from whisker_sync.errors import BadState

SHARE = 32
"""One of so many accepted updates of a known shape is tried in a child."""

BATCH = 256
"""Updates for one child."""

SCHEMA = Schema(ROOTS)
_STRANGER = 9

_KEYS = (b"key", b"k", b"note", b"")
_TEXTS = (b"a", "é".encode(), "\U0001f600".encode(), b"word ", b"", "a\U0001f600b".encode(), b"\n")
_VALUES = (
    *(b"\x7e", b"\x7f", b"\x78", b"\x79", b"\x7d\x01", b"\x7d\xff\xff\x03", b"\x77\x01a"),
    *(b"\x77\x00", b"\x74\x01\xff", b"\x7b" + struct.pack(">d", 1.5), b"\x7c" + bytes(4)),
    *(b"\x7b" + struct.pack(">d", float("nan")), b"\x7a" + b"\xff" * 8, b"\x75\x01\x7e"),
    *(b"\x76\x01\x01a\x7e", b"\x75\x00", b"\x7d\x40", b"\x7b" + struct.pack(">d", 2.0**60)),
)
_JSONS = (b"null", b"true", b"{}", b"[", b"", b'"x"', b"1e999", b'{"a":[1,2]}')
_NAMES = (b"p", b"", b"b", b"span" * 3)


class Gate(Target):
    """:mod:`whisker_sync.document.gate` and the ledger behind it."""

    def __init__(self) -> None:
        self._base = base()
        self._ledger = Ledger(SCHEMA)
        for update in self._base:
            self._ledger.enter(self._ledger.admit(parse(update)))
        self._draft = Draft(self._ledger)
        self._shapes: set[frozenset[object]] = set()
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
            parsed = parse(data)
            admitted = self._ledger.admit(parsed)
        except (Malformed, Impossible, Missing):
            return Verdict.REFUSED
        if not any(s.client == _STRANGER for s in parsed.structs):
            shape = _shape(admitted)
            if shape not in self._shapes or case % SHARE == 0:
                self._shapes.add(shape)
                self._waiting.append((case, data))
        return Verdict.ACCEPTED

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
    for step in range(24):
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
        record = f"{author.client}-{len(author.records('R'))}"
        edit.create("R", record, {"n": "name", "at": 1})
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


class Draft:
    """Writes updates field by field: mostly possible ones, with a taste for the edge."""

    def __init__(self, ledger: Ledger) -> None:
        self._clocks = dict(ledger.clocks)

    def update(self, dice: Random) -> list[bytes]:
        """The fields of an update, one after the other."""
        clients = dice.sample((*self._clocks, 11, 12, 13), dice.choice((0, 1, 1, 1, 1, 2, 2, 3)))
        fresh: dict[int, int] = {}
        tokens = [uint(len(clients))]
        for client in clients:
            tokens += self._client(dice, client, fresh)
        ranges = dice.choice((0, 0, 0, 1, 1, 2, 4))
        owners = sorted({self._known(dice, fresh)[0] for _ in range(ranges)})
        tokens.append(uint(len(owners)))
        for owner in owners:
            count = dice.randint(1, 3)
            tokens += [uint(owner), uint(count)]
            for _ in range(count):
                tokens += self._range(dice, owner, fresh)
        return tokens

    def _client(self, dice: Random, client: int, fresh: dict[int, int]) -> list[bytes]:
        known = self._clocks.get(client, 0)
        clock = max(0, known - dice.choice((0, 0, 0, 0, 0, 1, 2, 5)))
        count = dice.choice((1, 1, 1, 2, 2, 3, 6))
        tokens = [uint(count), uint(client), uint(clock)]
        for _ in range(count):
            fields, length = self._struct(dice, client, fresh)
            tokens += fields
            clock += length
            fresh[client] = clock
        return tokens

    def _struct(self, dice: Random, client: int, fresh: dict[int, int]) -> tuple[list[bytes], int]:
        kind = dice.choice(
            (STRING, STRING, STRING, ANY, ANY, TYPE, DELETED, GC, BINARY, FORMAT, EMBED)
            if dice.randrange(40)
            else (JSON, DOC, SKIP, 11, 31)
        )
        if kind == GC:
            length = dice.choice((1, 1, 2, 9))
            return [b"\0", uint(length)], length
        flags, tokens = self._where(dice, kind, client, fresh)
        content, length = _content(dice, kind)
        return [bytes([kind | flags]), *tokens, *content], length

    def _where(
        self, dice: Random, kind: int, client: int, fresh: dict[int, int]
    ) -> tuple[int, list[bytes]]:
        match dice.randrange(6):
            case 0 | 1:
                root = self._root(dice, kind)
                tokens = [b"\1", uint(len(root)), root]
            case 2:
                tokens = [b"\0", *self._id(dice, fresh)]
            case 3:
                return 128 | dice.choice((0, 0, 32)), self._id(dice, fresh)
            case 4:
                return 64 | dice.choice((0, 0, 32)), self._id(dice, fresh)
            case _:
                return 192, [*self._id(dice, fresh), *self._id(dice, fresh)]
        if kind in {ANY, BINARY, TYPE} or not dice.randrange(6):
            key = dice.choice(_KEYS)
            return 32, [*tokens, uint(len(key)), key]
        return 0, tokens

    def _root(self, dice: Random, kind: int) -> bytes:
        if not dice.randrange(8):
            return dice.choice((b"t", b"b:1", b"m", b"R", b"x", b"b:", b"z", b"", b"b:\xc3\xa9"))
        match kind:
            case _ if kind in {ANY, BINARY}:
                return dice.choice((b"m", b"m", b"x"))
            case _ if kind == TYPE:
                return dice.choice((b"R", b"x"))
            case _ if kind in {FORMAT, EMBED}:
                return b"x"
            case _:
                return dice.choice((b"t", b"b:1", b"b:2", b"b:new"))

    def _known(self, dice: Random, fresh: dict[int, int]) -> tuple[int, int]:
        """A client and how many clocks of it there are."""
        if fresh and not dice.randrange(3):
            client = dice.choice(list(fresh))
            return client, fresh[client]
        client = dice.choice(list(self._clocks))
        return client, self._clocks[client]

    def _id(self, dice: Random, fresh: dict[int, int]) -> list[bytes]:
        client, clocks = self._known(dice, fresh)
        at = dice.choice((0, clocks - 1, dice.randrange(clocks or 1), dice.randrange(clocks or 1)))
        if not dice.randrange(40):
            at = clocks + dice.choice((0, 1, 1 << 30))
        return [uint(client), uint(max(at, 0))]

    def _range(self, dice: Random, owner: int, fresh: dict[int, int]) -> list[bytes]:
        clocks = max(self._clocks.get(owner, 0), fresh.get(owner, 0))
        start = dice.randrange(clocks + 1)
        length = dice.choice((1, 1, 2, max(clocks - start, 1), clocks + 1))
        return [uint(start), uint(length)]


def _content(dice: Random, kind: int) -> tuple[list[bytes], int]:
    """The fields of a struct's content, and how many clocks it takes."""
    match kind:
        case _ if kind == STRING:
            text = dice.choice(_TEXTS)
            return [uint(len(text)), text], len(text.decode().encode("utf-16-le")) // 2
        case _ if kind in {DELETED, SKIP}:
            length = dice.choice((1, 1, 2, 9))
            return [uint(length)], length
        case _ if kind == ANY:
            count = dice.choice((1, 1, 1, 1, 2, 0))
            return [uint(count), *(dice.choice(_VALUES) for _ in range(count))], count
        case _ if kind == BINARY:
            return [b"\2", b"\0\xff"], 1
        case _ if kind == TYPE:
            detail = dice.choice((1, 1, 1, 3, 6, 0, 2, 4, 5, 7))
            name = dice.choice(_NAMES)
            return [uint(detail), *([uint(len(name)), name] if detail in {3, 5} else [])], 1
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


def _shape(admitted: Admitted) -> frozenset[object]:
    """What is special about an update, for telling new ones from more of the same."""
    parts: set[object] = {(*_trait(struct), place.kind) for struct, place in admitted.fresh}
    if admitted.deletions:
        parts.add("deletions")
    if not admitted.fresh:
        parts.add("nothing new")
    return frozenset(parts)


def _trait(piece: Struct) -> tuple[object, ...]:
    parent = type(piece.parent).__name__
    return piece.kind, piece.origin is None, piece.right is None, parent, piece.keyed, piece.detail
