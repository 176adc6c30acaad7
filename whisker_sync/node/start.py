"""
What happens to a journal between being recalled and being lived in.

Old history makes room; a journal that is not the one we knew begins a new life; an update
that ended the process before this one is put aside; edits that others cannot take in are
let go of, if that was decided; pictures that nobody needs make room, too. Each step is durable
before the next.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import SystemRandom

from whisker_sync.batch import Batch, Recalled
from whisker_sync.document import Document, Schema, fresh_client
from whisker_sync.identity.keys import fingerprint
from whisker_sync.ids import DeviceId
from whisker_sync.manuscript.schema import STORY, STORY_SCHEMA
from whisker_sync.node import spares, suspects
from whisker_sync.node.installs import HEAD_SECONDS, Install, Verdict
from whisker_sync.node.running import Running, now_ms
from whisker_sync.node.settings import User, load_local, save_local
from whisker_sync.peer.events import Trouble
from whisker_sync.peer.poison import facts_of
from whisker_sync.peer.put_back import RESTORED, UNNOTICED
from whisker_sync.peer.rewrite import CUT, WITHDRAWN, cut_of, facts_after, rewrite
from whisker_sync.record import Entry, Record
from whisker_sync.revision import DAY_MS
from whisker_sync.store.intent import Intent
from whisker_sync.store.layout import Layout
from whisker_sync.store.salvage import INCOMPLETE, SALVAGED
from whisker_sync.store.writer import Writer

HISTORY_DAYS = 365
"""Days for which the history is kept in any case, by the clocks of those who wrote it."""

HISTORY_BYTES = 256 << 20
"""Bytes of compressed history that are kept in any case, however old."""

_SURPRISES = {
    Verdict.RESTORED: "the journal is older than this machine remembers (a restored backup?); "
    "what is missing comes back from the others",
    Verdict.COPIED: "this folder comes from another device; it is a device of its own from now on",
}


@dataclass(frozen=True, slots=True)
class Woken:
    """What a peer begins with."""

    recalled: Recalled
    """What the journal holds."""

    install: Install
    """The notes that tell restored and copied journals."""

    intent: Intent
    """The note of what is about to be merged."""

    incomplete: bool
    """The journal was damaged, and not all that it held is there."""


async def wake(
    running: Running,
    recalled: Recalled,
    layout: Layout,
    user: User,
    schemas: Mapping[str, Schema],
) -> Woken:
    """
    Make a journal that was just opened, and recalled, fit to be lived in.

    Raises:
        AnotherCopy: The workspace is in another folder of this machine already.
        JournalError, DiskFull: It cannot be written.
    """
    incomplete = INCOMPLETE in recalled.facts
    recalled = await _thin_history(running.writer, recalled)
    install = Install(layout, user.home, user.key.device)
    recalled = await _recognise(running, layout, install, recalled)
    intent = Intent(layout.intent)
    try:
        await _put_poison_aside(running, intent, recalled, schemas)
        recalled = await _write_anew(running, layout, user.key.device, recalled, schemas)
        recalled = await _make_room(running.writer, recalled, schemas)
    except BaseException:
        intent.close()
        raise
    return Woken(recalled, install, intent, incomplete)


async def follow(writer: Writer, install: Install) -> None:
    """Let the user's note know how far the journal has come."""
    known = 0
    while True:
        await asyncio.sleep(HEAD_SECONDS)
        head = writer.journal.head
        if head != known:
            known = head
            install.reached(head)


async def _thin_history(writer: Writer, recalled: Recalled) -> Recalled:
    """Let go of history that is too old, if there is much of it."""
    journal, before = writer.journal, now_ms() - HISTORY_DAYS * DAY_MS
    if not any(time < before for time in recalled.revisions.values()):
        return recalled
    if not await writer.run(journal.thin, before, HISTORY_BYTES):
        return recalled
    return await writer.run(journal.recall)


async def _make_room(writer: Writer, recalled: Recalled, schemas: Mapping[str, Schema]) -> Recalled:
    """Let go of binary contents that the story has not needed for a month."""
    has_any = any(name.startswith("asset/") for name in recalled.facts)
    if not has_any or schemas.get(STORY) is not STORY_SCHEMA:
        return recalled
    found = await asyncio.to_thread(_spares, recalled)
    if found.gone:  # first: a fact without its content is noticed, a content without its fact not
        await writer.run(writer.journal.forget_assets, found.gone)
    if found.facts:
        await writer.run(writer.journal.write, [Batch(facts=found.facts)])
    facts = {**recalled.facts, **dict(found.facts)}
    kept = {name: value for name, value in facts.items() if value is not None}
    return replace(recalled, facts=kept)


def _spares(recalled: Recalled) -> spares.Spares:
    client = fresh_client((), SystemRandom())
    updates = recalled.documents.get(STORY, ())
    document = Document.load(STORY, STORY_SCHEMA, client, updates)
    return spares.spares(recalled.facts, spares.needed(document, recalled.facts), now_ms())


async def _recognise(
    running: Running, layout: Layout, install: Install, recalled: Recalled
) -> Recalled:
    """See whether the journal is the one we knew; another one begins a new life."""
    writer = running.writer
    verdict = install.judge(recalled.facts, recalled.head)
    facts: dict[str, bytes | None] = {}
    sentence = recalled.facts.get(SALVAGED)
    if recalled.facts.get(RESTORED) == UNNOTICED:
        verdict = Verdict.RESTORED
    if INCOMPLETE in recalled.facts:
        verdict = Verdict.RESTORED
        facts[RESTORED] = b""
    if verdict is not Verdict.KNOWN:
        life = await writer.run(writer.journal.renew, secrets.token_bytes(8))
        recalled = replace(recalled, incarnation=life)
    if verdict is Verdict.RESTORED and _knows_others(layout, install, recalled):
        # What the author saved since the backup is in the files, and at the others, too:
        # only with theirs at hand can it be told from what is new.
        facts[RESTORED] = b""
        save_local(layout, replace(load_local(layout), joining=True))
    if sentence is not None:
        running.tell(Trouble(sentence.decode()))
        facts |= {SALVAGED: None, INCOMPLETE: None}
    elif verdict is not Verdict.KNOWN:
        running.tell(Trouble(_SURPRISES[verdict]))
    name, note = install.begin()
    facts[name] = note
    await writer.run(writer.journal.write, [Batch(facts=tuple(facts.items()))])
    install.reached(recalled.head)
    kept = {**recalled.facts, **facts}
    kept_facts = {name: value for name, value in kept.items() if value is not None}
    return replace(recalled, facts=kept_facts)


def _knows_others(layout: Layout, install: Install, recalled: Recalled) -> bool:
    known = any(name.startswith("peer/") for name in recalled.facts)
    return known or install.is_shared or bool(load_local(layout).peers)


async def _put_poison_aside(
    running: Running, intent: Intent, recalled: Recalled, schemas: Mapping[str, Schema]
) -> None:
    """See whether an update ended the process before this one; that is never tried again."""
    under_way = intent.left_over()
    if under_way:
        guilty = await asyncio.to_thread(
            suspects.find_guilty, under_way, recalled.documents, schemas
        )
        facts: dict[str, bytes] = {}
        for record in guilty:
            facts |= facts_of(record, recalled.facts)
            recalled.facts.update(facts)
        batch = Batch(facts=tuple(facts.items()))
        await running.writer.run(running.writer.journal.write, [batch])
        for record in guilty:
            running.tell(
                Trouble(
                    f"an update from {fingerprint(record.author)} ended this "
                    "program; it was put aside, and the rest goes on"
                )
            )
    intent.leave()


async def _write_anew(
    running: Running,
    layout: Layout,
    device: DeviceId,
    recalled: Recalled,
    schemas: Mapping[str, Schema],
) -> Recalled:
    """Let go of edits that others cannot take in, as was decided before this start."""
    writer, journal = running.writer, running.writer.journal
    for name, schema in schemas.items():
        asked = CUT + name if CUT + name in recalled.facts else WITHDRAWN + name
        cut, anew = cut_of(recalled.facts.get(asked, b"[]")), asked == CUT + name
        if not cut:
            continue
        client = fresh_client((), SystemRandom())
        done = rewrite(name, schema, recalled, cut, device=device, client=client, anew=anew)
        if done is None:
            running.tell(Trouble(f"what others cannot take in of {name} stays here only"))
            await writer.run(journal.write, [Batch(facts=((asked, None),))])
        else:
            entries: tuple[Entry, ...] = ()
            if done.change is not None:
                record = Record(name, done.change.update, device, client, now_ms())
                entries = (Entry(recalled.head + 1, device, record),)
            batch = Batch(entries, facts_after(asked, name, cut))
            if done.lost:  # the files are looked at when it is here again
                save_local(layout, replace(load_local(layout), joining=True))
            life = secrets.token_bytes(8)
            await writer.run(journal.restart, name, done.state, done.digest, batch, life)
        recalled = await writer.run(journal.recall)
    return recalled
