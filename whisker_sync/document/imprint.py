"""
One edit, whoever makes it.

What two devices got by another way, from a common repository or an archive, each of them writes
into the document; under client ids of their own it would be there twice, and what becomes of the
one would not become of the other. An *imprint* is written under a client id that follows from what
it says. So whoever makes it makes the same bytes, and they are one from the start.

Only what depends on nothing can be an imprint: a record with a name of its own, the words that a
text begins with, or what another imprint is built upon. And each takes some ten bytes of every
state vector for good. So it is for what may well come by two ways, and not for all that is typed.

The ids that devices draw have 32 bits. These have 53, the topmost of which is set. Nobody checks
that somebody else's follow from what they say: who finds one taken for something else makes no
imprint.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from hashlib import sha256

from whisker_sync.document.engine import Engine
from whisker_sync.document.gate import MAX_CLIENT, parse
from whisker_sync.document.schema import Kind, Scalar

_TOP = (MAX_CLIENT + 1) >> 1
_NOBODY = 1
"""The client of a draft, of which the id is made."""

Write = Callable[[Engine], None]


def of_record(records: str, key: str, fields: Mapping[str, Scalar], text: str, words: str) -> bytes:
    """Return the update that makes a record, and ``words`` as the first ones of a text."""

    def write(engine: Engine) -> None:
        engine.make_record(records, key, {})
        for name in sorted(fields):  # one after the other: many at once have no order
            engine.set_field(records, key, name, fields[name])
        if words:
            engine.root(text, Kind.TEXT).insert(0, words)

    return _imprint(write)


def of_fields(made: bytes, records: str, key: str, fields: Mapping[str, Scalar]) -> bytes:
    """Return the update that sets registers of a record which the imprint ``made`` has made."""

    def write(engine: Engine) -> None:
        for name in sorted(fields):
            engine.set_field(records, key, name, fields[name])

    return _imprint(write, made, records)


def client_of(imprint: bytes) -> int:
    """Return the client id of an imprint."""
    return parse(imprint).structs[0].client


def _imprint(write: Write, upon: bytes | None = None, root: str = "") -> bytes:
    draft = _written(_NOBODY, write, upon, root)
    client = _TOP | int.from_bytes(sha256(draft).digest()[:8]) % _TOP
    return _written(client, write, upon, root)


def _written(client: int, write: Write, upon: bytes | None, root: str) -> bytes:
    engine = Engine(client)
    if upon is not None:
        engine.root(root, Kind.RECORDS)
        engine.apply(upon, "")
    update = engine.write("", [partial(write, engine)])
    assert update is not None
    return update
