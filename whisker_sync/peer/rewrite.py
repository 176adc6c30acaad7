"""
The way back of somebody whose edit others cannot take in.

One edit that is refused makes all later ones of its client unusable, for ever: they build
on it. So its author opens the document once more without that edit and all that builds on
it, and writes what is missing then anew, under another client id: the difference between
the two texts, as small edits. Nobody else may do that, or every word would be there as
often as there are devices; another device that has the edit lets go of it when its author
does, and writes anew only what was its own.

The edit is known by its *cut*: for a client, the clock from which on nothing is usable.

Who finds out that its journal was put back lets go in the same way of what it had taken in from
its files, and nothing is written anew: see :mod:`~whisker_sync.peer.put_back`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from whisker_sync.batch import Recalled
from whisker_sync.document import (
    Applied,
    Change,
    Document,
    Edit,
    Kind,
    Nothing,
    Scalar,
    Schema,
    Span,
    extent,
)
from whisker_sync.ids import DeviceId
from whisker_sync.peer import poison
from whisker_sync.peer.poison import is_overlapping
from whisker_sync.text.edits import diff

CUT = "cut/"
"""What the facts begin with that say what has to go at the next start."""

WITHDRAWN = "withdrawn/"
"""The same, for what was taken in from files: there it still is, and nothing is written anew."""

ALL = (0, 1 << 31)
"""Clock and length of a cut that leaves nothing of a client."""

ORIGIN = "rewrite"


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A document without what had to go."""

    state: bytes
    """All that stays, as one update."""

    digest: bytes
    """The digest of that."""

    change: Change | None
    """What was written anew on top of it; None: nothing of ours had to go."""

    client: int
    """The client id it was written under."""

    lost: bool
    """Something of others went, too, and comes back from them: until then the files know more."""


def cut_of(fact: bytes) -> tuple[Span, ...]:
    """What a fact says; () if it is damaged."""
    try:
        return tuple((int(c), int(k), int(n)) for c, k, n in json.loads(fact))
    except (ValueError, TypeError):
        return ()


def fact_of(cut: Sequence[Span]) -> bytes:
    """The fact that says it."""
    return json.dumps(list(cut)).encode()


def facts_after(
    asked: str, document: str, cut: Sequence[Span]
) -> tuple[tuple[str, bytes | None], ...]:
    """
    What to keep when that was done which the fact ``asked`` for.

    What others refused must not come back by way of somebody who has it still. What was only
    withdrawn may: if it is known to others after all (a disk was copied meanwhile, or a relay has
    it), it comes from them before the files are compared, and is found in the files then.
    """
    done: tuple[str, bytes | None] = (asked, None)
    return (done,) if asked.startswith(WITHDRAWN) else (done, poison.fact_of(document, cut))


def rewrite(
    name: str,
    schema: Schema,
    recalled: Recalled,
    cut: Sequence[Span],
    *,
    device: DeviceId,
    client: int,
    anew: bool = True,
) -> Rewrite | None:
    """
    Open a document without a cut and, if ``anew``, write what was made on ``device`` once more.

    None: that is not possible any more, because a snapshot has it within.
    """
    updates = recalled.documents.get(name, ())
    entries = [entry for entry in recalled.tail if entry.record.document == name]
    snapshots = max(0, len(updates) - len(entries))
    if any(is_overlapping(extent(update), cut) for update in updates[:snapshots]):
        return None
    own = [entry.source == device for entry in entries[len(entries) + snapshots - len(updates) :]]
    made_here = [False] * snapshots + own
    whole = Document.load(name, schema, client, updates)
    kept = Document(name, schema, client)
    left = list(zip(updates, made_here, strict=True))
    while True:
        dropped = [
            (update, mine)
            for update, mine in left
            if is_overlapping(extent(update), cut)
            or not isinstance(kept.recall(update), Applied | Nothing)
        ]
        if len(dropped) == len(left):
            break
        left = dropped
    state, digest, change = kept.encode(), kept.digest(), None
    if anew and any(mine for _, mine in left):
        with kept.edit(ORIGIN) as edit:
            _write_anew(whole, kept, edit)
        change = edit.change
    return Rewrite(state, digest, change, client, not all(mine for _, mine in left))


def _write_anew(whole: Document, kept: Document, edit: Edit) -> None:
    for root in sorted(whole.roots()):
        match whole.schema.kind_of(root):
            case Kind.TEXT:
                # From the end, so that positions before it stay what they are.
                for splice in reversed(diff(kept.text(root), whole.text(root))):
                    edit.delete(root, splice.start, splice.end - splice.start)
                    edit.insert(root, splice.start, splice.insert)
            case Kind.MAP:
                known = kept.values(root)
                for key, value in sorted(whole.values(root).items()):
                    if key not in known or known[key] != value:
                        edit.set(root, key, value)
            case Kind.RECORDS:
                _write_records(root, whole.records(root), kept.records(root), edit)
            case _:
                pass


def _write_records(
    root: str,
    whole: Mapping[str, Mapping[str, Scalar]],
    kept: Mapping[str, Mapping[str, Scalar]],
    edit: Edit,
) -> None:
    for key, fields in sorted(whole.items()):
        known = kept.get(key)
        if known is None:
            edit.create(root, key, fields)
            continue
        for field, value in sorted(fields.items()):
            if field not in known or known[field] != value:
                edit.set_field(root, key, field, value)
