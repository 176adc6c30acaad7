"""
What a process does with its journal before anything else, as in ``node/start.py``.

Is the journal the one that was open last, or was it put back or copied? Did an update end the
process? Is there something that others cannot take in? Each is answered from what the journal and
the user's note say, and written down before the peer begins.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from random import Random

from whisker_sync.batch import Batch, Recalled
from whisker_sync.document import Schema, fresh_client
from whisker_sync.ids import DeviceId
from whisker_sync.peer.poison import facts_of
from whisker_sync.peer.put_back import RESTORED, UNNOTICED
from whisker_sync.peer.rewrite import CUT, WITHDRAWN, cut_of, facts_after, rewrite
from whisker_sync.record import Entry, Record
from whisker_sync.store.journal import Journal

_INSTALL = "install"


@dataclass(frozen=True, slots=True)
class Note:
    """What the settings of a user say about the journal that was open last; as there."""

    marks: tuple[str, ...]
    head: int
    shared: bool
    """Another device was ever met."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a journal turned out to be."""

    recalled: Recalled
    restored: bool
    """It was put back, and others may know more of it than it does."""

    batch: Batch
    """What it shall say of that."""

    expecting: Note
    """The user's note until that is written."""

    note: Note
    """The user's note from then on."""


def recognise(
    journal: Journal, recalled: Recalled, before: Note | None, device: DeviceId, dice: Random
) -> Recognised:
    """See whether the journal is the one that was open last, as there."""
    known = json.loads(recalled.facts.get(_INSTALL, b"null"))
    facts: dict[str, bytes | None] = {}
    copied = known is not None and known["device"] != device.hex()
    restored = known is not None and not copied and not _is_last(known["mark"], recalled, before)
    if recalled.facts.get(RESTORED) == UNNOTICED:
        restored = True
    if copied or restored:
        recalled = replace(recalled, incarnation=journal.renew(dice.randbytes(8)))
    shared = before is not None and before.shared
    if restored and shared:
        facts[RESTORED] = b""
    mark = dice.randbytes(8).hex()
    facts[_INSTALL] = json.dumps({"device": device.hex(), "mark": mark}).encode()
    kept = {**recalled.facts, **facts}
    return Recognised(
        replace(recalled, facts={k: value for k, value in kept.items() if value is not None}),
        restored and shared,
        Batch(facts=tuple(facts.items())),
        Note((*(before.marks[-1:] if before else ()), mark), 0, shared),
        Note((mark,), recalled.head, shared),
    )


def _is_last(mark: str, recalled: Recalled, note: Note | None) -> bool:
    return note is not None and mark in note.marks and recalled.head >= note.head


def put_poison_aside(journal: Journal, recalled: Recalled, guilty: Iterable[Record]) -> Recalled:
    """Never again take in what ended a process, as there."""
    facts: dict[str, bytes] = {}
    for record in guilty:
        facts |= facts_of(record, {**recalled.facts, **facts})
    if facts:
        journal.write([Batch(facts=tuple(facts.items()))])
    return replace(recalled, facts={**recalled.facts, **facts})


def write_anew(
    journal: Journal,
    recalled: Recalled,
    schemas: Mapping[str, Schema],
    device: DeviceId,
    dice: Random,
    clock: int,
) -> tuple[Recalled, bool]:
    """Let go of edits that others cannot take in, or have already; tell if any are lost by it."""
    lost = False
    for name, schema in schemas.items():
        asked = CUT + name if CUT + name in recalled.facts else WITHDRAWN + name
        cut, anew = cut_of(recalled.facts.get(asked, b"[]")), asked == CUT + name
        if not cut:
            continue
        client = fresh_client((), dice)
        done = rewrite(name, schema, recalled, cut, device=device, client=client, anew=anew)
        if done is None:
            journal.write([Batch(facts=((asked, None),))])
        else:
            entries: tuple[Entry, ...] = ()
            if done.change is not None:
                record = Record(name, done.change.update, device, client, clock)
                entries = (Entry(recalled.head + 1, device, record),)
            batch = Batch(entries, facts_after(asked, name, cut))
            lost |= done.lost
            journal.restart(name, done.state, done.digest, batch, dice.randbytes(8))
        recalled = journal.recall()
    return recalled, lost
