"""
Which roots a document may have, and what each may hold.

Every peer must agree on the kind of a root: an engine that reads a text as a
list hangs or corrupts memory. So a root that was not declared is refused, from
others and from ourselves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

Scalar = None | bool | int | float | str | bytes
"""What a register holds. Whole floats below 2**53 come back as int: the engine has no ints."""


class Kind(Enum):
    """What a root holds."""

    TEXT = "text"
    """Characters in an order."""

    MAP = "map"
    """Registers by name."""

    RECORDS = "records"
    """Records by random id; a record is a map of registers, made once and never replaced."""

    XML = "xml"
    """A tree of elements; carried for others, never read by us."""

    FOREIGN = "foreign"
    """Whatever our own journal holds there; nobody may add to it, and nobody reads it."""


@dataclass(frozen=True, slots=True)
class Root:
    """A root, or all roots whose names begin alike."""

    name: str
    """The name; with ``*`` at its end, every name that begins like that."""

    kind: Kind


@dataclass(frozen=True, slots=True)
class Schema:
    """All roots that a document may have."""

    roots: tuple[Root, ...]
    version: int = 1
    """Counts changes that an older program could not read."""

    _exact: dict[str, Kind] = field(default_factory=dict, repr=False, compare=False)
    _prefixes: dict[str, Kind] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        for root in self.roots:
            if root.name.endswith("*"):
                self._prefixes[root.name[:-1]] = root.kind
            else:
                self._exact[root.name] = root.kind

    def kind_of(self, name: str) -> Kind | None:
        """The kind of a root; None: it was not declared."""
        kind = self._exact.get(name)
        if kind is not None:
            return kind
        for prefix, prefixed in self._prefixes.items():
            if name.startswith(prefix):
                return prefixed
        return None
