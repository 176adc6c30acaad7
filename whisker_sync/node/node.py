"""
The loop around a peer.

A node gives its peer what happens, in the order in which it happens, and carries out
what the peer asks for. It decides nothing: everything here is a translation between an
effect or an input and the one room that can do it.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import logging
import os
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import SystemRandom
from typing import Any, BinaryIO

from whisker_sync import chunks
from whisker_sync.batch import Batch, Recalled
from whisker_sync.discovery.changes import changes
from whisker_sync.discovery.lan import ASK_SECONDS, Gone, Lan, Sighting, addresses
from whisker_sync.document import Change, Document, Schema, fresh_client
from whisker_sync.errors import (
    ActRefused,
    CannotConnect,
    DiskFull,
    FolderError,
    JournalError,
    MustBeginAnew,
    PortInUse,
    UnreadableFile,
)
from whisker_sync.folder.files import UNFINISHED, Folder, Held, Replaced, Source
from whisker_sync.folder.watch import GRACE_SECONDS, Watch
from whisker_sync.identity.keys import fingerprint
from whisker_sync.identity.link import SECRET_BYTES, InvitationLink, PairingKey
from whisker_sync.identity.offers import Terms
from whisker_sync.identity.papers import Papers
from whisker_sync.identity.roster import Role
from whisker_sync.identity.spoken import ENTROPY_BYTES, SpokenCode
from whisker_sync.identity.workspace import discovery_tag, is_tag_of
from whisker_sync.ids import Address, DeviceId, LinkId, StoryPath
from whisker_sync.manuscript.files import FileSeen, Large, Problem, WriteAsset, WriteFile
from whisker_sync.manuscript.schema import STORY_SCHEMA
from whisker_sync.node import suspects
from whisker_sync.node.announced import made_from
from whisker_sync.node.carriers import Carrier
from whisker_sync.node.installs import HEAD_SECONDS, Install, Verdict
from whisker_sync.node.postman import Postman
from whisker_sync.node.settings import User, load_local, ourselves, save_local, save_papers
from whisker_sync.node.timing import Timing
from whisker_sync.peer.acts import Act, Invite
from whisker_sync.peer.effects import (
    Compact,
    Dial,
    Drop,
    Effect,
    Hangup,
    Persist,
    PostMail,
    Proven,
    PutSnapshot,
    ReadAsset,
    ReadLog,
    ReadMail,
    ReadRevisions,
    ReadSnapshot,
    Send,
    Tell,
    WatchMail,
)
from whisker_sync.peer.events import (
    BeginAnew,
    Done,
    Event,
    MembersChanged,
    PeerConnected,
    Trouble,
)
from whisker_sync.peer.inputs import (
    AssetRead,
    AssetsKept,
    Committed,
    DialFailed,
    Do,
    Drained,
    Edited,
    FileKept,
    FilesSeen,
    FileStuck,
    FileWritten,
    FrameArrived,
    Input,
    LetterBrought,
    LinkDown,
    LinkUp,
    Listening,
    LogRead,
    Lost,
    Milestone,
    NetworkChanged,
    RevisionsRead,
    Sighted,
    Stopping,
    StoreTrouble,
    Tick,
)
from whisker_sync.peer.peer import RESTORED, STORY, UNNOTICED, Peer
from whisker_sync.peer.poison import fact_of, facts_of
from whisker_sync.peer.reception import OfferStatus
from whisker_sync.peer.rewrite import CUT, WITHDRAWN, cut_of, rewrite
from whisker_sync.peer.statistics import Statistics
from whisker_sync.peer.status import Status
from whisker_sync.record import Entry, Record
from whisker_sync.revision import DAY_MS
from whisker_sync.store.intent import Intent
from whisker_sync.store.layout import Layout, Lock
from whisker_sync.store.salvage import INCOMPLETE, SALVAGED
from whisker_sync.store.writer import Writer
from whisker_sync.transport.lan import LanLink, Listener, dial
from whisker_sync.transport.relay import Relay
from whisker_sync.wire.bundles import Bundle

log = logging.getLogger("whisker_sync")

RETRY_SECONDS = 5.0
"""How long to wait before discovery is tried again on a machine without a network."""

GOODBYE_SECONDS = 2.0
"""How long what was said last may take to leave."""

MAX_EVENTS = 1000
"""Events that wait for a subscriber; if it is slower, the oldest are dropped."""

SEARCH_SECONDS = 10.0
"""How long we wait for all others whom we know, before one is enough."""

HISTORY_DAYS = 365
"""Days for which the history is kept in any case, by the clocks of those who wrote it."""

HISTORY_BYTES = 256 << 20
"""Bytes of compressed history that are kept in any case, however old."""

MAX_FRESH = 64
"""New files that are written side by side."""

CHUNKS_AT_ONCE = 16
"""Chunks of a large file that are in memory and become durable together."""

LATE_SECONDS = 0.2
"""How long after a write is looked for what an editor wrote into the file that was there."""

MAX_HINTS = 4
"""Addresses of this machine that an invitation names."""

INVITED_SECONDS = 1.0
"""How often to look whether an invitation that is announced has ended."""

_SURPRISES = {
    Verdict.RESTORED: "the journal is older than this machine remembers (a restored backup?); "
    "what is missing comes back from the others",
    Verdict.COPIED: "this folder comes from another device; it is a device of its own from now on",
}


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation that is open."""

    number: int
    """Tells it from others of this process."""

    link: str = field(repr=False)
    """To paste, or to show as a QR code."""

    words: str | None = field(repr=False)
    """To say aloud; None: not asked for."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is in a folder that is joined with, compared with the story."""

    same: tuple[StoryPath, ...]
    """The same in both."""

    here: tuple[StoryPath, ...]
    """Only in the folder: the others get it."""

    there: tuple[StoryPath, ...]
    """Only in the story: it comes into the folder."""

    different: tuple[StoryPath, ...]
    """In both, and not the same: texts are merged, of other files both are kept."""


Job = WriteFile | Callable[[], Coroutine[Any, Any, None]]
"""Something that reads or writes the author's files."""


class Node:
    """One workspace, open and in touch; see :meth:`open`."""

    def __init__(
        self, layout: Layout, user: User, schemas: Mapping[str, Schema], *, files: bool
    ) -> None:
        self.layout = layout
        self.user = user
        self.port = 0
        self._ourselves = ourselves(layout, user)
        self._schemas = {**schemas, STORY: STORY_SCHEMA} if files else dict(schemas)
        self._files = files
        self._folder = Folder(layout.root, layout.stage, layout.trash)
        self._watch = Watch(layout.root, self._folder)
        self._watching = False
        self._carriers: dict[LinkId, Carrier] = {}
        self._links = 0
        self.timing = Timing()
        self._inputs: deque[Input] = deque()
        self._handling = False
        self._closing = False
        self._alarm: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._taking: dict[StoryPath, asyncio.Task[None]] = {}
        # Reading and writing the author's files takes turns: what was read before a write must
        # never be told after it, or it looks as if the author had undone what was written.
        self._disk: asyncio.Queue[Job] = asyncio.Queue()
        self._subscribers: set[asyncio.Queue[Event]] = set()
        self._changed = asyncio.Event()
        self._may_go_on = asyncio.Event()
        self._acts = 0
        self._answers: dict[int, asyncio.Future[str | None]] = {}
        self._announced: set[bytes] = set()  # tags of invitations
        self._voices: list[Lan] = []  # what announces them
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._postman = Postman(_relay, self.feed, self._spawn)
        self._listener: Listener | None = None
        self._lan: Lan | None = None
        self._lock: Lock | None = None
        self._intent: Intent | None = None
        self._install: Install | None = None
        self._writer: Writer
        self._peer: Peer

    @classmethod
    async def open(
        cls,
        layout: Layout,
        user: User,
        *,
        schemas: Mapping[str, Schema] | None = None,
        files: bool = True,
        lan: bool = True,
        port: int | None = None,
        interface: str | None = None,
        asking: bool = False,
    ) -> Node:
        """
        Open a workspace and get in touch with its other devices.

        ``port`` is where to listen (None: as last time); ``interface`` an address of this
        machine (None: all); without ``lan`` nothing is announced or looked for.

        If ``asking``, what is in a folder that joins is taken in only after :meth:`go_on`.

        Raises:
            WorkspaceBusy: Another process has it open.
            BadSettings, JournalError, PortInUse, NoNetwork, DiskFull: It cannot be opened.
        """
        node = cls(layout, user, schemas or {}, files=files)
        if not asking:
            node.go_on()
        node._lock = Lock(layout)
        try:
            await node._start(lan=lan, port=port, interface=interface)
        except BaseException:
            await node.close()
            raise
        return node

    # Public methods.

    @property
    def status(self) -> Status:
        """One look at everything."""
        return self._peer.status()

    @property
    def statistics(self) -> Statistics:
        """Figures about the exchange with each device."""
        return self._peer.statistics

    def document(self, name: str) -> Document:
        """
        A document by its name; edits of it are to be told with :meth:`edited`.

        Raises:
            KeyError: The workspace was opened without a schema for it.
        """
        return self._peer.document(name)

    def edited(self, document: str, change: Change) -> None:
        """Say that a document was edited in memory."""
        self.feed(Edited(document, change, _now_ms()))

    async def act(self, act: Act) -> int:
        """
        Do something about who belongs; return its number when that is durable.

        Raises:
            ActRefused: It cannot be done; the sentence says why.
        """
        self._acts += 1
        number = self._acts
        done = self._answers[number] = asyncio.get_running_loop().create_future()
        self.feed(Do(number, act))
        problem = await done
        if problem is not None:
            raise ActRefused(problem)
        return number

    async def invite(self, terms: Terms, *, words: bool, interface: str | None) -> Invitation:
        """
        Open an invitation; until it ends, those who have it find this device.

        Raises:
            ActRefused: We may not.
        """
        hosts = [host for host in addresses(interface) if "%" not in host]
        here = tuple(Address(host, self.port) for host in hosts[:MAX_HINTS])
        secret = secrets.token_bytes(SECRET_BYTES)
        relay = self._postman.url
        link = InvitationLink(secret, self.user.key.device, terms.title, here, relay)
        keys: tuple[PairingKey, ...] = (link.pairing_key(),)
        code = None
        if words:
            code = SpokenCode.draw(secrets.token_bytes(ENTROPY_BYTES))
            keys += (await asyncio.to_thread(code.stretch),)
        number = await self.act(Invite(keys, terms))
        if self._lan is not None:
            self._spawn(self._announce_invitation(interface), "invitation")
        return Invitation(number, link.link(), None if code is None else str(code))

    async def plan(self) -> Plan:
        """What joining with the files that are in the folder comes to; nothing is changed."""
        shown = self._peer.hashes()
        here: dict[StoryPath, bytes] = {}
        for path in sorted((await asyncio.to_thread(self._folder.scan))[0]):
            with suppress(UnreadableFile):
                content = await asyncio.to_thread(self._folder.read, path)
                if isinstance(content, Large):
                    here[path] = content.sha256
                elif content is not None:
                    here[path] = hashlib.sha256(content).digest()
        both = here.keys() & shown.keys()
        return Plan(
            same=tuple(sorted(path for path in both if here[path] == shown[path])),
            here=tuple(sorted(here.keys() - both)),
            there=tuple(sorted(shown.keys() - both)),
            different=tuple(sorted(path for path in both if here[path] != shown[path])),
        )

    def go_on(self) -> None:
        """Take in the files of a folder that is joined with: the user has agreed."""
        self._may_go_on.set()

    @property
    def offers(self) -> tuple[OfferStatus, ...]:
        """The invitations of this process, and who waits at them."""
        return self._peer.offers(self._clock())

    @property
    def role(self) -> Role | None:
        """What this device may do; None: it does not belong."""
        return self._peer.role

    @property
    def papers(self) -> Papers:
        """Who belongs, as this device knows it."""
        return self._peer.papers

    async def until_changed(self) -> None:
        """Wait until anything happened."""
        self._changed.clear()
        await self._changed.wait()

    def connect(self, address: Address, *, keep: bool = True) -> None:
        """Call an address, and again whenever it is not connected; ``keep`` it for next time."""
        if keep:
            local = load_local(self.layout)
            if address not in local.peers:
                save_local(self.layout, replace(local, peers=(*local.peers, address)))
        self.feed(Sighted(f"address {address}", (address,), lasting=True))

    async def use_relay(self, url: str) -> None:
        """Leave letters at the relay at ``url`` from now on, and find them there; empty: none."""
        save_local(self.layout, replace(load_local(self.layout), relay=url))
        await self._postman.use(url)

    async def bundle(self, since: DeviceId | None) -> Bundle:
        """
        What a member may carry to others by hand; ``since``: only what that device lacks.

        Raises:
            NotEntitled: This device does not belong.
        """
        await self.look()
        await self._until_durable()
        return self._peer.bundle(since)

    async def open_bundle(self, bundle: Bundle) -> tuple[DeviceId, int]:
        """
        Take in what a member brought by hand; who made it, and how many changes were new.

        Returns when they are durable, and in the files.

        Raises:
            BadEnvelope, MalformedFrame: It is not for this story, or no letter.
        """
        letter = self._peer.open_bundle(bundle)
        await self.look()
        before = self._peer.head
        self.feed(LetterBrought(letter))
        changes = self._peer.head - before
        await self._until_durable()
        await self._until_written()
        return letter.device, changes

    async def _until_durable(self) -> None:
        while not self._peer.durable:
            await self.until_changed()

    async def _until_written(self) -> None:
        done = asyncio.Event()

        async def job() -> None:
            done.set()

        self._disk.put_nowait(job)  # behind all files that are to be written
        await done.wait()

    async def look(self) -> None:
        """Compare the whole folder with what we know, now."""
        if not self._watching:
            return
        looked = asyncio.Event()

        async def job() -> None:
            known = set(self._watch.known())
            paths, left_out = await asyncio.to_thread(self._folder.scan, known)
            if known - set(paths):
                # Gone, just being saved, or new under another name: a moment later that is
                # clear, and both halves of a rename are told together.
                await asyncio.sleep(GRACE_SECONDS)
                paths, left_out = await asyncio.to_thread(self._folder.scan, known)
            everything, gone = known | set(paths), frozenset(known - set(paths))
            marks = {path: self._folder.mark(path) for path in everything}
            await self._see(everything, gone=gone, problems=left_out)
            for path, mark in marks.items():
                self._watch.expect(path, mark)
            looked.set()

        self._disk.put_nowait(job)
        await looked.wait()
        if self._taking:
            await asyncio.wait(self._taking.values())
            await self.look()

    def facts(self, prefix: str) -> dict[str, bytes]:
        """The facts whose names begin so; see :meth:`Peer.facts`."""
        return self._peer.facts(prefix)

    async def history(
        self, *, since: int = 0, after: bytes | None = None, max_bytes: int | None = None
    ) -> list[bytes]:
        """Revisions of the history, encoded; see :meth:`Journal.history`."""
        read = partial(self._writer.journal.history, since=since, after=after, max_bytes=max_bytes)
        return await self._writer.run(read)

    async def set_milestone(self, name: str) -> None:
        """Give a name to the story as it stands; returns when that is durable."""
        self.feed(Milestone(name, _now_ms()))
        await self._writer.run(lambda: None)  # whatever was submitted before is written by then

    async def until(self, condition: Callable[[Status], bool]) -> Status:
        """Wait until the status is as wanted."""
        while not condition(status := self._peer.status()):
            self._changed.clear()
            await self._changed.wait()
        return status

    async def events(self) -> AsyncIterator[Event]:
        """What happens, from now on."""
        queue: asyncio.Queue[Event] = asyncio.Queue()
        self._subscribers.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._subscribers.discard(queue)

    async def failed(self) -> None:
        """Wait until something breaks that must not, and raise it."""
        await asyncio.shield(self._failure)

    async def close(self) -> None:
        """Say goodbye, keep everything, and let go of the workspace."""
        if self._listener is not None:
            self._listener.stop()
        if hasattr(self, "_peer"):
            self.feed(Stopping())
        self._closing = True
        self._watch.stop()
        if self._alarm is not None:
            self._alarm.cancel()
        links = [task for task in self._tasks if task.get_name().startswith("link")]
        if links:
            await asyncio.wait(links, timeout=GOODBYE_SECONDS)
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._postman.close()
        if self._lan is not None:
            with suppress(OSError):
                await self._lan.close()
        if self._listener is not None:
            await self._listener.close()
        self._folder.close()
        if hasattr(self, "_writer"):
            await self._writer.close()
            if hasattr(self, "_peer") and self._install is not None:
                with suppress(OSError):
                    self._install.reached(self._writer.journal.head)
        if self._intent is not None:
            self._intent.close()
            self._intent = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None
        if not self._failure.done():
            self._failure.cancel()

    # Starting.

    async def _start(self, *, lan: bool, port: int | None, interface: str | None) -> None:
        self._writer, recalled = await Writer.open(
            self.layout.journal,
            secrets.token_bytes(8),
            committed=lambda ticket: self.feed(Committed(ticket)),
            trouble=lambda problem: self.feed(StoreTrouble(problem)),
        )
        incomplete = INCOMPLETE in recalled.facts
        recalled = await self._thin_history(recalled)
        recalled = await self._recognise(recalled)
        await self._put_poison_aside(recalled)
        recalled = await self._write_anew(recalled)
        self._peer = Peer(
            self._ourselves,
            recalled,
            self._schemas,
            dice=SystemRandom(),
            now=self._clock(),
            files=self._files,
            guard=self._intent,
        )
        self._keep_papers()
        assert self._install is not None
        self._spawn(self._follow_journal(self._install), "install")
        if self._files:
            await asyncio.to_thread(self._folder.tidy)
            self._spawn(self._use_disk(), "disk")
            if load_local(self.layout).joining:
                self._spawn(self._begin_joined(), "join")
            elif lan and incomplete:
                # Who the others are is lost, too, but they may be here.
                self._spawn(self._begin_joined(0.0), "join")
            else:
                await self._begin_files()
        await self._listen(port, interface)
        if url := load_local(self.layout).relay:
            await self._postman.use(url)
        for address in load_local(self.layout).peers:
            self.feed(Sighted(f"address {address}", (address,), lasting=True))
        if lan:
            self._spawn(self._discover(interface), "discover")
            self._spawn(self._watch_network(), "network")

    async def _thin_history(self, recalled: Recalled) -> Recalled:
        """Let go of history that is too old, if there is much of it."""
        journal, before = self._writer.journal, _now_ms() - HISTORY_DAYS * DAY_MS
        if not any(time < before for time in recalled.revisions.values()):
            return recalled
        if not await self._writer.run(journal.thin, before, HISTORY_BYTES):
            return recalled
        return await self._writer.run(journal.recall)

    async def _recognise(self, recalled: Recalled) -> Recalled:
        """See whether the journal is the one we knew; another one begins a new life."""
        self._install = Install(self.layout, self.user.home, self.user.key.device)
        verdict = self._install.judge(recalled.facts, recalled.head)
        facts: dict[str, bytes | None] = {}
        sentence = recalled.facts.get(SALVAGED)
        if recalled.facts.get(RESTORED) == UNNOTICED:
            verdict = Verdict.RESTORED
        if INCOMPLETE in recalled.facts:
            verdict = Verdict.RESTORED
            facts[RESTORED] = b""
        if verdict is not Verdict.KNOWN:
            life = await self._writer.run(self._writer.journal.renew, secrets.token_bytes(8))
            recalled = replace(recalled, incarnation=life)
        if verdict is Verdict.RESTORED and self._knows_others(recalled):
            # What the author saved since the backup is in the files, and at the others, too:
            # only with theirs at hand can it be told from what is new.
            facts[RESTORED] = b""
            save_local(self.layout, replace(load_local(self.layout), joining=True))
        if sentence is not None:
            self._tell(Trouble(sentence.decode()))
            facts |= {SALVAGED: None, INCOMPLETE: None}
        elif verdict is not Verdict.KNOWN:
            self._tell(Trouble(_SURPRISES[verdict]))
        name, note = self._install.begin()
        facts[name] = note
        await self._writer.run(self._writer.journal.write, [Batch(facts=tuple(facts.items()))])
        self._install.reached(recalled.head)
        kept = {**recalled.facts, **facts}
        kept_facts = {name: value for name, value in kept.items() if value is not None}
        return replace(recalled, facts=kept_facts)

    def _knows_others(self, recalled: Recalled) -> bool:
        assert self._install is not None
        known = any(name.startswith("peer/") for name in recalled.facts)
        return known or self._install.is_shared or bool(load_local(self.layout).peers)

    async def _follow_journal(self, install: Install) -> None:
        """Let the user's note know how far the journal has come."""
        known = 0
        while True:
            await asyncio.sleep(HEAD_SECONDS)
            head = self._writer.journal.head
            if head != known:
                known = head
                install.reached(head)

    async def _put_poison_aside(self, recalled: Recalled) -> None:
        """See whether an update ended the process before this one; that is never tried again."""
        self._intent = Intent(self.layout.intent)
        under_way = self._intent.left_over()
        if under_way:
            guilty = await asyncio.to_thread(
                suspects.find_guilty, under_way, recalled.documents, self._schemas
            )
            facts = tuple(fact for record in guilty for fact in facts_of(record))
            recalled.facts.update(facts)
            await self._writer.run(self._writer.journal.write, [Batch(facts=facts)])
            for record in guilty:
                self._tell(
                    Trouble(
                        f"an update from {fingerprint(record.author)} ended this "
                        "program; it was put aside, and the rest goes on"
                    )
                )
        self._intent.leave()

    async def _write_anew(self, recalled: Recalled) -> Recalled:
        """Let go of edits that others cannot take in, as was decided before this start."""
        journal, device = self._writer.journal, self._ourselves.device
        for name, schema in self._schemas.items():
            asked = CUT + name if CUT + name in recalled.facts else WITHDRAWN + name
            cut, anew = cut_of(recalled.facts.get(asked, b"[]")), asked == CUT + name
            if not cut:
                continue
            client = fresh_client((), SystemRandom())
            done = rewrite(name, schema, recalled, cut, device=device, client=client, anew=anew)
            forget: tuple[str, bytes | None] = (asked, None)
            if done is None:
                self._tell(Trouble(f"what others cannot take in of {name} stays here only"))
                await self._writer.run(journal.write, [Batch(facts=(forget,))])
            else:
                entries: tuple[Entry, ...] = ()
                if done.change is not None:
                    record = Record(name, done.change.update, device, client, _now_ms())
                    entries = (Entry(recalled.head + 1, device, record),)
                batch = Batch(entries, (forget, fact_of(name, cut)))
                life = secrets.token_bytes(8)
                await self._writer.run(journal.restart, name, done.state, done.digest, batch, life)
            recalled = await self._writer.run(journal.recall)
        return recalled

    async def _listen(self, port: int | None, interface: str | None) -> None:
        local = load_local(self.layout)
        wanted = local.port if port is None else port
        try:
            self._listener = await Listener.open(wanted, interface)
        except PortInUse:
            if port:  # asked for by name
                raise
            self._listener = await Listener.open(0, interface)
        self.port = self._listener.port
        if port or not local.port:
            save_local(self.layout, replace(local, port=self.port))
        self.feed(Listening(self.port))
        self._spawn(self._accept(self._listener), "listen")

    # The loop.

    def feed(self, input_: Input) -> None:
        """Tell the peer what happened, and carry out what it asks for."""
        if self._closing:
            return
        self._inputs.append(input_)
        if self._handling:
            return
        self._handling = True
        try:
            while self._inputs:
                now = self._inputs.popleft()
                began = time.perf_counter()
                effects = self._peer.handle(now, self._clock())
                if isinstance(now, FrameArrived):
                    self.timing.note(time.perf_counter() - began)
                for effect in effects:
                    self._carry_out(effect)
        except BaseException as problem:
            self._fail(problem)
            raise
        finally:
            self._handling = False
        self._set_alarm()
        self._changed.set()

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        deadline = self._peer.deadline()
        if deadline is not None:
            loop = asyncio.get_running_loop()
            self._alarm = loop.call_at(max(deadline, loop.time()), self.feed, Tick())

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Persist(ticket, batch):
                self._writer.submit(ticket, batch)
            case Send(link, frame):
                if link in self._carriers:
                    self._carriers[link].send(frame)
            case Drop(link):
                if link in self._carriers:
                    self._carriers[link].drop()
            case Proven(link):
                if link in self._carriers:
                    self._carriers[link].link.prove()
            case Hangup(link, reason):
                if link in self._carriers:
                    self._carriers[link].hang_up(reason)
            case Dial(candidate, addresses):
                self._spawn(self._dial(candidate, addresses), "dial")
            case WriteFile():
                self._disk.put_nowait(effect)
            case WriteAsset():
                self._spawn(self._write_asset(effect), "write asset")
            case ReadLog(link, after, max_bytes):
                self._spawn(self._read_log(link, after, max_bytes), "read log")
            case ReadAsset(link, asset):
                self._spawn(self._read_asset(link, asset), "read asset")
            case ReadRevisions(link, ids):
                self._spawn(self._read_revisions(link, ids), "read revisions")
            case Compact():
                self._spawn(self._compact(effect), "compact")
            case WatchMail() | ReadMail() | ReadSnapshot() | PostMail() | PutSnapshot():
                self._postman.carry_out(effect)
            case Tell(event):
                self._tell(event)

    def _tell(self, event: Event) -> None:
        if isinstance(event, Trouble):
            log.warning("%s", event.sentence)
        else:
            log.debug("%s", event)
        if isinstance(event, BeginAnew):
            self._fail(MustBeginAnew())
        if isinstance(event, Done) and event.number in self._answers:
            self._answers.pop(event.number).set_result(event.problem)
        if isinstance(event, MembersChanged):
            self._keep_papers()
        if isinstance(event, PeerConnected) and self._install is not None:
            with suppress(OSError):
                self._install.met_another()
        for queue in self._subscribers:
            if queue.qsize() >= MAX_EVENTS:
                queue.get_nowait()
            queue.put_nowait(event)

    def _keep_papers(self) -> None:
        """Keep who belongs beside the journal as well: without it nobody lets this device in."""
        outside = self._peer.outside is not None
        with suppress(OSError):
            if self._peer.papers != self._ourselves.papers:
                self._ourselves = replace(self._ourselves, papers=self._peer.papers)
                save_papers(self.layout, self._ourselves.papers)
            local = load_local(self.layout)
            if local.outside != outside:
                save_local(self.layout, replace(local, outside=outside))

    def _clock(self) -> float:
        return asyncio.get_running_loop().time()

    # Files.

    async def _see(
        self,
        paths: list[StoryPath] | set[StoryPath],
        *,
        everything: bool = False,
        gone: frozenset[StoryPath] = frozenset(),
        problems: list[Any] | tuple[Any, ...] = (),
    ) -> None:
        """Read files and tell the peer; those that are known to be ``gone`` are told as such."""
        seen, unreadable, told = [], [], [Problem(p.path, str(p)) for p in problems]
        for path, content in await asyncio.to_thread(self._read_all, sorted(paths)):
            if isinstance(content, FolderError):
                unreadable.append(path)
                told.append(Problem(path, str(content)))
            else:
                if isinstance(content, Large) and not self._has_chunks(content):
                    unreadable.append(path)
                    self._take_in(path, content)
                    continue
                doubtful = everything or self._watch.believes_in(path)
                if content is None and doubtful and path not in gone:
                    continue  # perhaps it is just being saved: the watch waits, and tells
                read = self._folder.read_since_write(path)
                seen.append(FileSeen(path, content, read, made_from(self.layout, path, content)))
        self.feed(FilesSeen(tuple(seen), _now_ms(), everything, tuple(unreadable), tuple(told)))

    def _read_all(
        self, paths: list[StoryPath]
    ) -> list[tuple[StoryPath, bytes | Large | FolderError | None]]:
        """What files hold, or why they cannot be read."""
        found: list[tuple[StoryPath, bytes | Large | FolderError | None]] = []
        for path in paths:
            try:
                found.append((path, self._folder.read(path)))
            except FolderError as problem:
                found.append((path, problem))
        return found

    async def _begin_files(self) -> None:
        """Take in the folder as it is, and watch it from here on."""
        _, left_out = self._folder.scan()
        await self._see(self._watch.prime(self._peer.files()), everything=True, problems=left_out)
        self._watching = True
        self._spawn(self._watch_files(), "watch")

    async def _begin_joined(self, seconds: float | None = None) -> None:
        """
        The same, but only when the others have told us everything, or did not in time.

        After a while one of them is enough: not all may come back.
        """
        try:
            async with asyncio.timeout(SEARCH_SECONDS):
                await self.until(_all_told)
        except TimeoutError:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self.until(_somebody_told)
        await self._may_go_on.wait()
        save_local(self.layout, replace(load_local(self.layout), joining=False))
        await self._begin_files()

    async def _watch_files(self) -> None:
        async for paths in self._watch.changes():
            self._disk.put_nowait(partial(self._see, paths))

    async def _use_disk(self) -> None:
        while True:
            jobs = [await self._disk.get()]
            # New files do not get in each other's way. To wait for the disk once for many of
            # them makes a first sync several times as quick.
            while _is_fresh(jobs[-1]) and len(jobs) < MAX_FRESH and not self._disk.empty():
                jobs.append(self._disk.get_nowait())
            last = None if _is_fresh(jobs[-1]) else jobs.pop()
            await asyncio.gather(*map(self._do, jobs))
            if last is not None:
                await self._do(last)

    async def _do(self, job: Job) -> None:
        if isinstance(job, WriteFile):
            await self._write_file(job, job.content)
        else:
            await job()

    async def _write_file(
        self, write: WriteFile | WriteAsset, content: bytes | Source | None
    ) -> None:
        try:
            result = await asyncio.to_thread(
                self._folder.write, write.path, content, write.expected
            )
        except FolderError as problem:
            told = Problem(write.path, str(problem))
            self.feed(FileStuck(write.path, told, _now_ms()))
            return
        if isinstance(result, Replaced):
            self._watch.expect(write.path, result.mark)
            self.feed(FileWritten(write.path, result.content, _now_ms()))
            if result.held is not None:
                self._spawn(self._look_again(result.held), "look again")
        elif result.content is None:
            self.feed(FileStuck(write.path, None, _now_ms()))
        elif isinstance(result.content, Large) and not self._has_chunks(result.content):
            self._take_in(write.path, result.content)
            self.feed(FileStuck(write.path, None, _now_ms()))
        else:
            self.feed(FileKept(write.path, result.content, _now_ms()))

    async def _write_asset(self, write: WriteAsset) -> None:
        """Get the content of a binary file from the journal, and have it written in its turn."""
        part = self.layout.stage / f"{UNFINISHED}{secrets.token_hex(8)}"
        content: bytes | Source
        try:
            if write.list:
                content = await self._assemble(write, part)
            else:
                content = await self._recall_asset(write, write.asset)
        except FolderError as problem:
            part.unlink(missing_ok=True)
            told = Problem(write.path, str(problem))
            self.feed(FileStuck(write.path, told, _now_ms()))
            return

        async def job() -> None:
            await self._write_file(write, content)
            part.unlink(missing_ok=True)

        self._disk.put_nowait(job)

    async def _assemble(self, write: WriteAsset, part: Path) -> Source:
        """Put a large file together, chunk by chunk."""
        sha256, size, hashes = hashlib.sha256(), 0, self._peer.chunks(write.list)
        try:
            with part.open("xb") as file:
                for asset in hashes:
                    chunk = await self._recall_asset(write, asset)
                    sha256.update(chunk)
                    size += len(chunk)
                    await asyncio.to_thread(file.write, chunk)
                await asyncio.to_thread(_sync, file)
        except OSError as problem:
            if problem.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise DiskFull(write.path) from None
            raise UnreadableFile(write.path, problem.strerror or str(problem)) from None
        if sha256.digest() != write.asset:
            raise UnreadableFile(write.path, "its chunks do not make up what they should")
        return Source(Large(write.asset, size, b"".join(hashes)), part, ours=True)

    async def _recall_asset(self, write: WriteAsset, asset: bytes) -> bytes:
        content = await self._writer.run(self._writer.journal.asset, asset)
        if content is None:
            raise UnreadableFile(write.path, "its content was damaged in the journal")
        return content

    def _has_chunks(self, large: Large) -> bool:
        """Whether a large file is in the journal, or too large for it."""
        if large.size > chunks.MAX_BYTES:
            return True
        return all(self._peer.has(chunk) for chunk in chunks.hashes(large.list))

    def _take_in(self, path: StoryPath, large: Large) -> None:
        """Put the chunks of a large file into the journal, then look at it once more."""
        if path not in self._taking:
            self._taking[path] = self._spawn(self._keep_chunks(path, large), "take in")

    async def _keep_chunks(self, path: StoryPath, large: Large) -> None:
        try:
            kept = await self._chunks_kept(path, large)
        except FolderError as problem:
            told = Problem(path, str(problem))
            self.feed(FilesSeen((), _now_ms(), unreadable=(path,), problems=(told,)))
            return
        finally:
            del self._taking[path]
        hashes = chunks.hashes(large.list) if kept else ()
        self.feed(AssetsKept(hashes))
        self._disk.put_nowait(partial(self._see, {path}))

    async def _chunks_kept(self, path: StoryPath, large: Large) -> bool:
        """Keep all chunks of a file; False: it is not as it was any more."""
        hashes = chunks.hashes(large.list)
        for first in range(0, len(hashes), CHUNKS_AT_ONCE):
            wanted = hashes[first : first + CHUNKS_AT_ONCE]
            found = await asyncio.to_thread(self._folder.chunks, path, first, len(wanted))
            assets = tuple(zip(wanted, found, strict=False))
            if len(found) != len(wanted) or not await asyncio.to_thread(_are_whole, assets):
                return False
            assets = tuple(each for each in assets if not self._peer.has(each[0]))
            await self._writer.run(self._writer.journal.write, [Batch(assets=assets)])
        return True

    async def _look_again(self, held: Held) -> None:
        """Ask after a file that was replaced while somebody may have been writing to it."""
        await asyncio.sleep(LATE_SECONDS)

        async def job() -> None:
            late = await asyncio.to_thread(self._folder.look_again, held)
            if isinstance(late, Held):
                self._spawn(self._look_again(late), "look again")
            elif late is not None:
                self._watch.expect(late.path, self._folder.mark(late.path))
                if isinstance(late.content, Large) and not self._has_chunks(late.content):
                    self._take_in(late.path, late.content)
                    return
                self.feed(FilesSeen((FileSeen(late.path, late.content, False),), _now_ms()))

        self._disk.put_nowait(job)

    # Connections.

    async def _accept(self, listener: Listener) -> None:
        while True:
            self._adopt(await listener.accept(), None)

    async def _dial(self, candidate: str, addresses: tuple[Address, ...]) -> None:
        try:
            link = await dial(addresses)
        except CannotConnect as problem:
            self.feed(DialFailed(candidate, problem.problem))
        else:
            self._adopt(link, candidate)

    def _adopt(self, link: LanLink, candidate: str | None) -> None:
        self._links += 1
        number = LinkId(self._links)
        carrier = Carrier(
            link,
            heard=lambda frame: self.feed(FrameArrived(number, frame)),
            drained=lambda: self.feed(Drained(number)),
        )
        self._carriers[number] = carrier
        self.feed(LinkUp(number, candidate, link.address, link.binding, _now_ms()))
        self._spawn(self._carry(number, carrier), f"link {number}")

    async def _carry(self, number: LinkId, carrier: Carrier) -> None:
        reason = "stopping"
        try:
            reason = await carrier.run()
        finally:
            del self._carriers[number]
            self.feed(LinkDown(number, reason, _now_ms()))

    # Discovery.

    async def _discover(self, interface: str | None) -> None:
        while self._lan is None:
            try:
                self._lan = await Lan.open(self.port, self._tag(), interface)
            except OSError as problem:
                log.info("no discovery on this network for now: %s", problem)
                await asyncio.sleep(RETRY_SECONDS)
        self._spawn(self._repeat(self._lan), "ask")
        async for heard in self._lan.sightings():
            match heard:
                case Sighting(instance, addresses, tag):
                    self.feed(Sighted(instance, addresses, likely=self._is_ours(tag)))
                case Gone(instance):
                    self.feed(Lost(instance))

    async def _announce_invitation(self, interface: str | None) -> None:
        """Announce the tags of invitations, each under a name of its own, until they end."""
        tags = set(self._peer.invitation_tags(self._clock())) - self._announced
        self._announced |= tags
        voices = []
        try:
            for tag in tags:
                with suppress(OSError):
                    voices.append(await Lan.open(self.port, tag, interface))
            self._voices += voices
            while True:
                await asyncio.sleep(INVITED_SECONDS)
                if not tags & set(self._peer.invitation_tags(self._clock())):
                    break
        finally:
            self._announced -= tags
            for voice in voices:
                if voice in self._voices:
                    self._voices.remove(voice)
                with suppress(OSError):
                    await voice.close()

    async def _repeat(self, lan: Lan) -> None:
        tag = self._tag()
        while True:
            await asyncio.sleep(ASK_SECONDS)
            if tag != self._tag():
                tag = self._tag()
                await lan.retag(tag)
            if not self._carriers:
                await lan.ask()

    async def _watch_network(self) -> None:
        async for _ in changes():
            self.feed(NetworkChanged())
            for lan in (*([self._lan] if self._lan is not None else ()), *self._voices):
                with suppress(OSError):
                    await lan.refresh()

    def _tag(self) -> bytes:
        """What we announce; without a key, what nobody knows."""
        return discovery_tag(self._peer.ring.key or secrets.token_bytes(32), _hour())

    def _is_ours(self, tag: bytes) -> bool:
        return any(is_tag_of(key, tag, _hour()) for key in self._peer.ring.keys)

    # The journal.

    async def _read_log(self, link: LinkId, after: int, max_bytes: int) -> None:
        entries = await self._writer.run(self._writer.journal.read, after, max_bytes)
        self.feed(LogRead(link, tuple(entries)))

    async def _read_asset(self, link: LinkId, asset: bytes) -> None:
        content = await self._writer.run(self._writer.journal.asset, asset)
        self.feed(AssetRead(link, asset, content))

    async def _read_revisions(self, link: LinkId, ids: tuple[bytes, ...]) -> None:
        found = await self._writer.run(self._writer.journal.revisions, ids)
        self.feed(RevisionsRead(link, tuple(found)))

    async def _compact(self, snapshot: Compact) -> None:
        schema = self._schemas[snapshot.document]

        def verify(state: bytes) -> bytes:
            return Document.load(snapshot.document, schema, 1, [state]).digest()

        try:
            await self._writer.run(
                self._writer.journal.compact,
                snapshot.document,
                snapshot.through,
                snapshot.state,
                snapshot.digest,
                verify,
            )
        except (DiskFull, JournalError) as problem:
            # Everything is still there, and only takes more room until the next time.
            self._tell(Trouble(str(problem)))

    # Tasks.

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (problem := task.exception()) is not None:
            self._fail(problem)

    def _fail(self, problem: BaseException) -> None:
        if not self._failure.done():
            log.error("%s", problem, exc_info=problem)
            self._failure.set_exception(problem)
            self._failure.exception()  # whoever cares awaits failed()


def _is_fresh(job: Job) -> bool:
    """Whether a job writes a file that is not there yet."""
    return isinstance(job, WriteFile) and job.expected is None and job.content is not None


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _are_whole(assets: tuple[tuple[bytes, bytes], ...]) -> bool:
    return all(hashlib.sha256(content).digest() == sha256 for sha256, content in assets)


def _all_told(status: Status) -> bool:
    return bool(status.peers) and all(peer.in_sync for peer in status.peers)


def _somebody_told(status: Status) -> bool:
    return status.relay.told or any(peer.in_sync for peer in status.peers)


def _relay(url: str, reached: Callable[[str | None], None]) -> Relay:
    dice = SystemRandom()
    return Relay(url, clock=time.time, draw=secrets.token_bytes, dice=dice, reached=reached)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _hour() -> int:
    return int(time.time() // 3600)


def workspace_at(path: Path) -> Layout:
    """
    The workspace that a folder belongs to.

    Raises:
        NotAWorkspace: There is none.
    """
    return Layout.find(path)
