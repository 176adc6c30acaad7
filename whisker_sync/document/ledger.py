"""
What a document consists of: which id belongs to which root and key.

The gate knows what is well-formed; the ledger knows what is *possible*: whether an
update builds only on what is here (causal closure), and whether each struct
belongs where the schema allows it. The engine is asked to apply nothing else.

For each client there is a list of stretches of ids that belong to one **place**: a
root, or a key in it. Typing makes one long stretch, so the list stays short. From
the places of what an update inserts and deletes follows what it touches, exactly,
without asking the engine.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter

from whisker_sync.document.gate import (
    ANY,
    BINARY,
    DELETED,
    EMBED,
    FORMAT,
    GC,
    STRING,
    TYPE,
    Id,
    Parsed,
    Struct,
)
from whisker_sync.document.schema import Kind, Schema

Touch = tuple[str, str | None]
"""Root and key; the key is None for a text or a tree, of a record it is the record's id."""

MAX_ROOTS = 100_000
"""Roots of one document; a story has one for each passage."""

_MAP = 1
_XML_TYPES = frozenset({3, 4, 6})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stretch of ids belongs."""

    touch: Touch
    kind: Kind
    inside: bool = False
    """Within a record, not at its key."""


_NOWHERE = Place(("", None), Kind.XML)
"""The place of what was collected as garbage: nobody can tell any more."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """An update that may be applied, and what follows for the ledger."""

    fresh: tuple[tuple[Struct, Place], ...]
    """Structs that are not known yet, each after what it builds on."""

    deletions: tuple[tuple[int, int, int], ...]


class Impossible(Exception):
    """An update that no honest peer sends; never leaves this room."""


class Missing(Exception):
    """An update that builds on what is not here; never leaves this room."""

    def __init__(self, needs: Mapping[int, int]) -> None:
        super().__init__(needs)
        self.needs = dict(needs)


class Ledger:
    """The ids of one document."""

    def __init__(self, schema: Schema) -> None:
        self.clocks: dict[int, int] = {}
        self._schema = schema
        self._starts: dict[int, list[int]] = {}
        self._places: dict[int, list[Place]] = {}
        self._interned: dict[tuple[Touch, bool], Place] = {}
        self._records: dict[Id, Place] = {}
        self.roots: set[str] = set()

    # Judging.

    def admit(self, parsed: Parsed, *, ours: bool = False) -> Admitted:
        """
        Judge an update; ``ours``: it comes from our own journal, where it was judged before.

        Raises:
            Missing: It builds on what is not here.
            Impossible: It does not fit the schema, or nothing can ever fit it.
        """
        clocks = self.clocks
        self._close(parsed)
        fresh = [s for s in parsed.structs if s.clock + s.length > clocks.get(s.client, 0)]
        return Admitted(self._resolve(fresh, ours=ours), tuple(parsed.deletions))

    def _close(self, parsed: Parsed) -> None:
        clocks = self.clocks
        ends: dict[int, int] = {}
        needs: dict[int, int] = {}
        for struct in parsed.structs:
            client = struct.client
            if client not in ends:
                ends[client] = clocks.get(client, 0)
                if struct.clock > ends[client]:
                    needs[client] = struct.clock - 1
            ends[client] = max(ends[client], struct.clock + struct.length)
        wanted = [id_ for s in parsed.structs for id_ in (s.origin, s.right, s.parent)]
        wanted += [(client, clock + length - 1) for client, clock, length in parsed.deletions]
        for id_ in wanted:
            if isinstance(id_, tuple):
                client, clock = id_
                if clock >= ends.get(client, clocks.get(client, 0)):
                    needs[client] = max(clock, needs.get(client, 0))
        if needs:
            raise Missing(needs)

    def _resolve(self, fresh: list[Struct], *, ours: bool) -> tuple[tuple[Struct, Place], ...]:
        """Find the place of each struct; those that build on others of the update come later."""
        reading = _Reading({}, {}, {}, ours)
        resolved: list[tuple[Struct, Place]] = []
        waiting = fresh
        while waiting:
            later: list[Struct] = []
            stuck: set[int] = set()
            for struct in waiting:
                if struct.client in stuck or not self._ready(struct, reading):
                    stuck.add(struct.client)
                    later.append(struct)
                    continue
                place = self._judge(struct, reading)
                resolved.append((struct, place))
                reading.add(struct, place, self._inside(struct, place))
            if len(later) == len(waiting):
                raise Impossible("its parts build on each other in a circle")
            waiting = later
        return tuple(resolved)

    def _ready(self, struct: Struct, reading: _Reading) -> bool:
        for id_ in (struct.origin, struct.right, struct.parent):
            if isinstance(id_, tuple):
                client, clock = id_
                if clock >= max(reading.ends.get(client, 0), self.clocks.get(client, 0)):
                    return False
        return True

    def _judge(self, struct: Struct, reading: _Reading) -> Place:
        if struct.kind == GC:
            return _NOWHERE
        place = self._parent(struct, reading)
        for id_ in (struct.origin, struct.right):
            if id_ is None:
                continue
            neighbour = self._find(id_, reading)
            if neighbour is _NOWHERE:
                continue
            if place is None:
                place = neighbour
            elif place is not neighbour and not reading.ours:
                raise Impossible("its neighbours belong to different places")
        if place is None:
            return _NOWHERE  # next to garbage only: the engine makes garbage of it
        if not reading.ours:
            self._check_content(struct, place)
        return place

    def _parent(self, struct: Struct, reading: _Reading) -> Place | None:
        match struct.parent:
            case None:
                return None
            case str(root):
                kind = self._schema.kind_of(root)
                if kind is None and reading.ours:
                    kind = Kind.FOREIGN  # a newer program wrote it: kept, not read
                if kind is None:
                    raise Impossible(f"nothing is declared under the name {root!r}")
                if root not in self.roots and len(self.roots) >= MAX_ROOTS:
                    raise Impossible(f"more than {MAX_ROOTS} roots")
                key = struct.key if kind in {Kind.MAP, Kind.RECORDS} else None
                return self._place((root, key), kind)
            case id_:
                record = self._records.get(id_) or reading.records.get(id_)
                if record is not None:
                    return record
                place = self._find(id_, reading)
                if place.kind is not Kind.XML and not reading.ours:
                    raise Impossible("its parent is nothing that can hold it")
                return place

    def _check_content(self, struct: Struct, place: Place) -> None:
        kind = struct.kind
        if kind == DELETED:
            return
        match place.kind:
            case Kind.TEXT:
                fits = kind == STRING and not struct.keyed
            case Kind.MAP:
                fits = _is_register(struct)
            case Kind.RECORDS:
                fits = _is_register(struct) if place.inside else _is_record(struct)
            case Kind.XML:
                fits = kind in {STRING, FORMAT, ANY, EMBED, BINARY} or (
                    kind == TYPE and struct.detail in _XML_TYPES
                )
            case Kind.FOREIGN:
                fits = False
        if not fits:
            raise Impossible(f"{place.touch[0]!r} cannot hold this")

    # Keeping the books.

    def enter(self, admitted: Admitted) -> frozenset[Touch]:
        """Note that an update was applied; return what it touches."""
        touched: set[Touch] = set()
        for struct, place in admitted.fresh:
            self._enter(struct, place)
            touched.add(place.touch)
        for client, clock, length in admitted.deletions:
            touched.update(self._touches(client, clock, length))
        touched.discard(_NOWHERE.touch)
        return frozenset(touched)

    def _enter(self, struct: Struct, place: Place) -> None:
        record = self._inside(struct, place)
        if record is not None:
            self._records[struct.client, struct.clock] = record
        start = max(struct.clock, self.clocks.get(struct.client, 0))
        starts = self._starts.setdefault(struct.client, [])
        places = self._places.setdefault(struct.client, [])
        if not places or places[-1] is not place:
            starts.append(start)
            places.append(place)
        self.clocks[struct.client] = struct.clock + struct.length
        if place is not _NOWHERE:
            self.roots.add(place.touch[0])

    def _touches(self, client: int, clock: int, length: int) -> Iterable[Touch]:
        starts, places = self._starts.get(client, []), self._places.get(client, [])
        at = max(bisect_right(starts, clock) - 1, 0)
        while at < len(starts) and starts[at] < clock + length:
            yield places[at].touch
            at += 1

    # Private methods.

    def _find(self, id_: Id, reading: _Reading) -> Place:
        client, clock = id_
        if clock < self.clocks.get(client, 0):
            at = bisect_right(self._starts[client], clock) - 1
            return self._places[client][at]
        stretches = reading.stretches[client]
        return stretches[bisect_right(stretches, clock, key=itemgetter(0)) - 1][1]

    def _inside(self, struct: Struct, place: Place) -> Place | None:
        """The place that a new record makes, if this struct makes one."""
        if place.kind is not Kind.RECORDS or place.inside or struct.kind != TYPE:
            return None
        return self._place(place.touch, place.kind, inside=True)

    def _place(self, touch: Touch, kind: Kind, *, inside: bool = False) -> Place:
        place = self._interned.get((touch, inside))
        if place is None:
            place = self._interned[touch, inside] = Place(touch, kind, inside)
        return place


@dataclass(slots=True)
class _Reading:
    """What is known of an update while it is judged."""

    ends: dict[int, int]
    """How far each client is resolved."""

    stretches: dict[int, list[tuple[int, Place]]]
    """For each client, where stretches of what it adds begin, and their places."""

    records: dict[Id, Place]
    """The records that it makes."""

    ours: bool
    """It comes from our own journal."""

    def add(self, struct: Struct, place: Place, record: Place | None) -> None:
        self.ends[struct.client] = struct.clock + struct.length
        self.stretches.setdefault(struct.client, []).append((struct.clock, place))
        if record is not None:
            self.records[struct.client, struct.clock] = record


def _is_register(struct: Struct) -> bool:
    single = (struct.kind == ANY and bool(struct.detail)) or struct.kind == BINARY
    return single and _has_key(struct)


def _is_record(struct: Struct) -> bool:
    return _has_key(struct) and struct.kind == TYPE and struct.detail == _MAP


def _has_key(struct: Struct) -> bool:
    """
    Whether it belongs to a key, as what stands at that place must.

    Where there is a neighbour, the neighbour's key is its key: the flag is then without
    meaning, and the engine loses it when it merges updates.
    """
    return struct.keyed or struct.origin is not None or struct.right is not None
