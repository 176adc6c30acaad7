"""
What a document consists of: which id belongs to which root and key.

The gate knows what is well-formed; the ledger knows what is *possible*: whether an
update builds only on what is here (causal closure), and whether each struct
belongs where the schema allows it. The engine is asked to apply nothing else.

For each client there is a list of stretches of ids that belong to one **place**: a
sequence, or a key in a map. Typing makes one long stretch, so the list stays short. From
the places of what an update inserts and deletes follows what it touches, exactly,
without asking the engine.

An id may point into the middle of a text, but never into the middle of a character:
the engine counts in UTF-16, and what it makes of half a character cannot be loaded
again. So the ledger remembers the second halves.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
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
_HAVE_NODES = frozenset({Kind.RECORDS, Kind.XML})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stretch of ids belongs."""

    touch: Touch
    kind: Kind
    """What the root holds."""

    node: Id | None = None
    """The record or element that it is within; None: the root itself."""

    name: str | None = None
    """The key there; None: it has an order, and no key."""


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
        self._interned: dict[tuple[Touch, Id | None, str | None], Place] = {}
        self._nodes: dict[Id, Place] = {}
        self._deleted: dict[int, list[tuple[int, int]]] = {}
        self._halves: dict[int, set[int]] = {}
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
        if not ours:
            self._check_cuts(fresh, parsed.deletions)
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

    def _check_cuts(self, fresh: list[Struct], deletions: list[tuple[int, int, int]]) -> None:
        """Refuse what would cut a character in two."""
        known = self._halves
        added: dict[int, set[int]] = {}
        for struct in fresh:
            if struct.halves:
                halves = {struct.clock + half for half in struct.halves}
                if self.clocks.get(struct.client, 0) in halves:
                    raise Impossible("we know half of one of its characters")
                added.setdefault(struct.client, set()).update(halves)
        if not (known or added):
            return
        cuts = [(struct.origin[0], struct.origin[1] + 1) for struct in fresh if struct.origin]
        cuts += [struct.right for struct in fresh if struct.right]
        for client, clock, length in deletions:
            cuts += ((client, clock), (client, clock + length))
        for client, clock in cuts:
            if clock in known.get(client, ()) or clock in added.get(client, ()):
                raise Impossible("it cuts a character in two")

    def _resolve(self, fresh: list[Struct], *, ours: bool) -> tuple[tuple[Struct, Place], ...]:
        """Find the place of each struct; those that build on others of the update come later."""
        reading = _Reading({}, {}, {}, {}, ours)
        resolved: list[tuple[Struct, Place]] = []
        queues: dict[int, deque[Struct]] = {}
        for struct in fresh:
            queues.setdefault(struct.client, deque()).append(struct)
        waiting: dict[int, list[tuple[int, int]]] = {}  # for whom: from which clock on, who
        ready = deque(queues)
        while ready:
            client = ready.popleft()
            queue = queues[client]
            while queue:
                blocker = self._blocker(queue[0], reading)
                if blocker is not None:
                    heappush(waiting.setdefault(blocker[0], []), (blocker[1], client))
                    break
                struct = queue.popleft()
                place = self._judge(struct, reading)
                resolved.append((struct, place))
                reading.add(struct, place, self._is_node(struct, place))
            others = waiting.get(client, [])
            while others and others[0][0] < reading.ends.get(client, 0):
                ready.append(heappop(others)[1])
        if len(resolved) < len(fresh):
            raise Impossible("its parts build on each other in a circle")
        return tuple(resolved)

    def _blocker(self, struct: Struct, reading: _Reading) -> Id | None:
        """What a struct builds on that has no place yet; None: nothing."""
        for id_ in (struct.origin, struct.right, struct.parent):
            if isinstance(id_, tuple):
                client, clock = id_
                if clock >= max(reading.ends.get(client, 0), self.clocks.get(client, 0)):
                    return id_
        return None

    def _judge(self, struct: Struct, reading: _Reading) -> Place:
        if struct.kind == GC:
            return _NOWHERE
        if struct.origin is not None and struct.origin == struct.right and not reading.ours:
            raise Impossible("nothing is before and behind the same")
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
            place = _NOWHERE  # next to garbage only: the engine makes garbage of it
        if not reading.ours:
            if place is not _NOWHERE:
                self._check_content(struct, place)
            self._check_beginning(struct, place)
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
                return self._root_place(root, kind, struct.key)
            case id_:
                node = self._nodes.get(id_) or reading.nodes.get(id_)
                if node is not None:
                    return self._place(node.touch, node.kind, id_, struct.key)
                place = self._find(id_, reading)
                if place is _NOWHERE or reading.ours:
                    return place
                if place.kind in _HAVE_NODES and self._was_deleted(id_, reading):
                    return self._place(place.touch, place.kind, id_, struct.key)
                raise Impossible("its parent is nothing that can hold it")

    def _root_place(self, root: str, kind: Kind, key: str | None) -> Place:
        match kind:
            case Kind.MAP | Kind.RECORDS:
                return self._place((root, key), kind, None, key)
            case Kind.FOREIGN:
                return self._place((root, None), kind, None, None)
            case _:
                return self._place((root, None), kind, None, key)

    def _check_content(self, struct: Struct, place: Place) -> None:
        kind, keyed = struct.kind, place.name is not None
        if keyed and struct.right is not None:
            # Values of a key only follow each other; what the engine shows of one that was put
            # before another depends on the order of arrival.
            raise Impossible(f"a value in {place.touch[0]!r} before another one")
        match place.kind:
            case Kind.TEXT:
                fits = kind in {STRING, DELETED} and not keyed
            case Kind.MAP:
                fits = keyed and (kind == DELETED or _is_register(struct))
            case Kind.RECORDS if place.node is None:
                fits = keyed and (kind == DELETED or _is_record(struct))
            case Kind.RECORDS:
                fits = keyed and (kind == DELETED or _is_register(struct))
            case Kind.XML:
                fits = kind in {STRING, FORMAT, ANY, EMBED, BINARY, DELETED} or (
                    kind == TYPE and struct.detail in _XML_TYPES
                )
            case Kind.FOREIGN:
                fits = kind == DELETED
        if not fits:
            raise Impossible(f"{place.touch[0]!r} cannot hold this")

    def _check_beginning(self, struct: Struct, place: Place) -> None:
        """The engine puts the rest of a struct behind what is known of it, wherever that is."""
        known = self.clocks.get(struct.client, 0)
        if struct.clock >= known:
            return
        index = bisect_right(self._starts[struct.client], known - 1) - 1
        before = self._places[struct.client][index]
        behind_itself = struct.right == (struct.client, known - 1)
        if behind_itself or (before is not place and before is not _NOWHERE):
            raise Impossible("it goes on from something else")

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
        client = struct.client
        if self._is_node(struct, place):
            self._nodes[client, struct.clock] = place
        start = max(struct.clock, self.clocks.get(client, 0))
        if struct.kind == DELETED and place.kind in _HAVE_NODES:
            self._deleted.setdefault(client, []).append((start, struct.clock + struct.length))
        if struct.halves:
            halves = self._halves.setdefault(client, set())
            halves.update(struct.clock + half for half in struct.halves)
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

    def settled(self, clocks: Mapping[int, int]) -> dict[int, int]:
        """Clocks as they are, but none in the middle of a character."""
        return {
            client: clock - (clock in self._halves.get(client, ()))
            for client, clock in clocks.items()
        }

    # Private methods.

    def _find(self, id_: Id, reading: _Reading) -> Place:
        client, clock = id_
        if clock < self.clocks.get(client, 0):
            at = bisect_right(self._starts[client], clock) - 1
            return self._places[client][at]
        stretches = reading.stretches[client]
        return stretches[bisect_right(stretches, clock, key=itemgetter(0)) - 1][1]

    def _is_node(self, struct: Struct, place: Place) -> bool:
        """Whether a struct makes a record or an element, in which others can be."""
        if struct.kind != TYPE:
            return False
        match place.kind:
            case Kind.RECORDS:
                return place.node is None and _is_record(struct)
            case Kind.XML:
                return struct.detail in _XML_TYPES and place is not _NOWHERE
            case _:
                return False

    def _was_deleted(self, id_: Id, reading: _Reading) -> bool:
        """Whether an id arrived as one that had been deleted, so that nobody knows what it was."""
        client, clock = id_
        for ranges in (self._deleted.get(client, []), reading.deleted.get(client, [])):
            at = bisect_right(ranges, clock, key=itemgetter(0)) - 1
            if at >= 0 and clock < ranges[at][1]:
                return True
        return False

    def _place(self, touch: Touch, kind: Kind, node: Id | None, name: str | None) -> Place:
        place = self._interned.get((touch, node, name))
        if place is None:
            place = self._interned[touch, node, name] = Place(touch, kind, node, name)
        return place


@dataclass(slots=True)
class _Reading:
    """What is known of an update while it is judged."""

    ends: dict[int, int]
    """How far each client is resolved."""

    stretches: dict[int, list[tuple[int, Place]]]
    """For each client, where stretches of what it adds begin, and their places."""

    nodes: dict[Id, Place]
    """The records and elements that it makes, with the places where they are."""

    deleted: dict[int, list[tuple[int, int]]]
    """For each client, from where to where what it adds was deleted already."""

    ours: bool
    """It comes from our own journal."""

    def add(self, struct: Struct, place: Place, is_node: bool) -> None:
        end = struct.clock + struct.length
        self.ends[struct.client] = end
        self.stretches.setdefault(struct.client, []).append((struct.clock, place))
        if is_node:
            self.nodes[struct.client, struct.clock] = place
        if struct.kind == DELETED and place.kind in _HAVE_NODES:
            self.deleted.setdefault(struct.client, []).append((struct.clock, end))


def _is_register(struct: Struct) -> bool:
    return (struct.kind == ANY and bool(struct.detail)) or struct.kind == BINARY


def _is_record(struct: Struct) -> bool:
    return struct.kind == TYPE and struct.detail == _MAP
