"""
A workspace, open: a peer with a journal, files, links and neighbours that are real.

A node gives its peer what happens, in the order in which it happens, and carries out
what the peer asks for. It decides nothing: here each effect finds the room that can do it,
and what the user wants becomes an input.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from random import SystemRandom

from whisker_sync.discovery.discovery import Discovery
from whisker_sync.discovery.lan import LanDiscovery, addresses
from whisker_sync.document import Change, Document, Schema
from whisker_sync.errors import ActRefused, MustBeginAnew
from whisker_sync.identity.link import SECRET_BYTES, InvitationLink, PairingKey
from whisker_sync.identity.offers import Terms
from whisker_sync.identity.papers import Papers
from whisker_sync.identity.roster import Role
from whisker_sync.identity.spoken import ENTROPY_BYTES, SpokenCode
from whisker_sync.ids import Address, DeviceId, StoryPath
from whisker_sync.manuscript.files import PutInTrash, WriteAsset, WriteFile
from whisker_sync.manuscript.schema import STORY, STORY_SCHEMA
from whisker_sync.node import start
from whisker_sync.node.disk import Disk
from whisker_sync.node.neighbours import Neighbours
from whisker_sync.node.network import Network
from whisker_sync.node.plan import Plan, compare
from whisker_sync.node.postman import Postman
from whisker_sync.node.reader import Reader
from whisker_sync.node.running import Running, now_ms
from whisker_sync.node.settings import User, load_local, ourselves, save_local, save_papers
from whisker_sync.node.timing import Timing
from whisker_sync.node.whereabouts import Whereabouts, in_words, place_of
from whisker_sync.peer.acts import Act, Invite, Meeting
from whisker_sync.peer.effects import (
    Compact,
    Dial,
    Drop,
    Effect,
    Hangup,
    Persist,
    PostMail,
    Proven,
    PutBlobs,
    PutSnapshot,
    ReadAsset,
    ReadBlobs,
    ReadHistory,
    ReadLog,
    ReadMail,
    ReadRevisions,
    ReadSnapshot,
    Send,
    Tell,
    UnwatchMail,
    WatchMail,
)
from whisker_sync.peer.events import BeginAnew, Done, Event, MembersChanged, Merged, PeerConnected
from whisker_sync.peer.inputs import (
    Chosen,
    Committed,
    Do,
    Edited,
    Entered,
    Fetch,
    FetchUpTo,
    LetterBrought,
    Milestone,
    Sighted,
    Stopping,
    StoreTrouble,
    Tick,
)
from whisker_sync.peer.peer import Peer
from whisker_sync.peer.reception import OfferStatus
from whisker_sync.peer.statistics import Statistics
from whisker_sync.peer.status import Status
from whisker_sync.store.layout import Layout, Lock
from whisker_sync.store.store import OpenStore
from whisker_sync.store.writer import Writer
from whisker_sync.transport.link import Links
from whisker_sync.wire.bundles import Bundle

MAX_HINTS = 4
"""Addresses of this machine that an invitation names."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation that is open."""

    number: int
    """Tells it from others of this process."""

    link: str = field(repr=False)
    """To paste, or to show as a QR code."""

    words: str | None = field(repr=False)
    """To say aloud; None: not asked for."""

    relay: str
    """Where those may write to who are not in this network; empty: nowhere."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A bundle, and what is not in it."""

    bundle: Bundle
    left_out: int
    """Binary files, or chunks of large ones, for which there was no room."""


class Node:
    """One workspace, open and in touch; see :meth:`open`."""

    def __init__(
        self,
        layout: Layout,
        user: User,
        schemas: Mapping[str, Schema],
        network: Callable[[Running], Network],
        *,
        files: bool,
    ) -> None:
        self.layout = layout
        self.user = user
        self._schemas = {**schemas, STORY: STORY_SCHEMA} if files else dict(schemas)
        self._files = files
        self._ourselves = ourselves(layout, user)
        self._acts = 0
        self._answers: dict[int, asyncio.Future[str | None]] = {}
        self._running = Running(self._carry_out)
        self._reader = Reader(self._running, self._schemas)
        self._disk = Disk(layout, self._running)
        self._network = network(self._running)
        self._neighbours: Neighbours | None = None
        self._postman = Postman(self._running.feed, self._running.spawn)
        self._lock: Lock | None = None
        self._woken: start.Woken | None = None

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
        store: OpenStore | None = None,
        links: Links | None = None,
        discovery: Discovery | None = None,
        app_id: str = "",
    ) -> Node:
        """
        Open a workspace and get in touch with its other devices.

        ``port`` is where to listen (None: as last time); ``interface`` an address of this
        machine (None: all); without ``lan`` nothing is announced or looked for.

        If ``asking``, what is in a folder that joins is taken in only after :meth:`go_on`.

        ``store``, ``links`` and ``discovery`` take the place of our own. Nodes with another
        ``app_id`` neither find each other nor are let in.

        Raises:
            WorkspaceBusy: Another process has it open.
            BadSettings, JournalError, PortInUse, NoNetwork, DiskFull: It cannot be opened.
        """
        network = partial(
            Network, layout, links=links, port=port, interface=interface, app_id=app_id
        )
        node = cls(layout, user, schemas or {}, network, files=files)
        if not asking:
            node.go_on()
        node._lock = Lock(layout)
        try:
            found = discovery or (LanDiscovery(interface, app_id) if lan else None)
            await node._start(store, found)
        except BaseException:
            await node.close()
            raise
        return node

    async def _start(self, store: OpenStore | None, discovery: Discovery | None) -> None:
        running = self._running
        running.writer, recalled = await Writer.open(
            self.layout.journal,
            secrets.token_bytes(8),
            committed=lambda ticket: running.feed(Committed(ticket)),
            trouble=lambda problem: running.feed(StoreTrouble(problem)),
            store=store,
        )
        woken = self._woken = await start.wake(
            running, recalled, self.layout, self.user, self._schemas
        )
        peer = Peer(
            self._ourselves,
            woken.recalled,
            self._schemas,
            dice=SystemRandom(),
            now=running.clock(),
            files=self._files,
            guard=woken.intent,
        )
        running.begin(peer)
        self._keep_papers()
        self.fetch_up_to(load_local(self.layout).fetch_up_to)
        running.spawn(start.follow(running.writer, woken.install), "install")
        if self._files:
            # If who the others are is lost, too, they may still be here.
            await self._disk.begin(lost=discovery is not None and woken.incomplete)
        await self._network.listen()
        local = load_local(self.layout)
        await self._postman.use(local.relay)
        for address in local.peers:
            running.feed(Sighted(f"address {address}", (address,), lasting=True))
        if discovery is not None:
            self._neighbours = Neighbours(running, self._network, discovery)
            self._neighbours.begin()

    async def close(self) -> None:
        """Say goodbye, keep everything, and let go of the workspace."""
        running, woken = self._running, self._woken
        self._network.stop()
        if running.is_begun:
            running.feed(Stopping())
        running.stop()
        self._disk.stop()
        await self._network.say_goodbye()
        await running.close()
        await self._postman.close()
        if self._neighbours is not None:
            await self._neighbours.close()
        await self._network.close()
        self._disk.close()
        if hasattr(running, "writer"):
            await running.writer.close()
            if running.is_begun and woken is not None:
                with suppress(OSError):
                    woken.install.reached(running.writer.journal.head)
        if woken is not None:
            woken.intent.close()
            self._woken = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None
        running.close_failure()

    # What it looks like.

    @property
    def port(self) -> int:
        """Where other devices reach this one."""
        return self._network.port

    @property
    def status(self) -> Status:
        """One look at everything."""
        return self._running.peer.status()

    @property
    def statistics(self) -> Statistics:
        """Figures about the exchange with each device."""
        return self._running.peer.statistics

    @property
    def timing(self) -> Timing:
        """How long frames take to be handled."""
        return self._running.timing

    @property
    def offers(self) -> tuple[OfferStatus, ...]:
        """The invitations of this process, and who waits at them."""
        return self._running.peer.offers(self._running.clock())

    @property
    def role(self) -> Role | None:
        """What this device may do; None: it does not belong."""
        return self._running.peer.role

    def enter(self, document: str, place: str) -> None:
        """Say where the user is now; an empty place: nowhere."""
        self._running.feed(Entered(document, place))

    @property
    def presence(self) -> tuple[Whereabouts, ...]:
        """Where the others are just now."""
        peer = self._running.peer
        here = peer.presence(self._running.clock())
        return tuple(in_words(here, peer.status().peers, peer.document)) if here else ()

    @property
    def witnesses(self) -> tuple[DeviceId, ...]:
        """The devices that said to have it on disk that we left; see :class:`Leave`."""
        return self._running.peer.witnesses

    @property
    def papers(self) -> Papers:
        """Who belongs, as this device knows it."""
        return self._running.peer.papers

    def facts(self, prefix: str) -> dict[str, bytes]:
        """The facts whose names begin so; see :meth:`Peer.facts`."""
        return self._running.peer.facts(prefix)

    # What happens.

    async def until_free(self) -> None:
        """Wait until nothing large is being worked in: to look meanwhile stops the event loop."""
        await self._running.until_free()

    async def until_changed(self) -> None:
        """Wait until anything happened."""
        await self._running.until_changed()

    async def until(self, condition: Callable[[Status], bool]) -> Status:
        """Wait until the status is as wanted."""
        return await self._running.until(condition)

    def events(self) -> AsyncGenerator[Event, None]:
        """What happens, from now on."""
        return self._running.events()

    async def failed(self) -> None:
        """Wait until something breaks that must not, and raise it."""
        await self._running.failed()

    # Documents and files.

    def document(self, name: str) -> Document:
        """
        A document by its name; edits of it are to be told with :meth:`edited`.

        Raises:
            KeyError: The workspace was opened without a schema for it.
        """
        return self._running.lend(name)

    @property
    def story(self) -> Document:
        """
        The story's document, to look at until the next ``await``.

        Raises:
            KeyError: The workspace was opened without it.
        """
        return self._running.peer.document(STORY)

    def edited(self, document: str, change: Change) -> None:
        """Say that a document was edited in memory."""
        self._running.feed(Edited(document, change, now_ms()))

    @property
    def is_story(self) -> bool:
        """Whether the folder's files are kept in sync."""
        return self._files

    @property
    def files(self) -> tuple[StoryPath, ...]:
        """The files of the story."""
        return self._running.peer.files()

    async def look(self) -> None:
        """Compare the whole folder with what we know, now."""
        await self._disk.look()
        await self._running.until_idle()

    async def choose(self, *, newest: bool) -> None:
        """
        Say what is to become of files that went back: what the story holds, or it what they do.

        Returns when that is durable, and in the files.
        """
        self._running.feed(Chosen(newest, now_ms()))
        await self._running.until_durable()
        await self._disk.until_written()

    def fetch_up_to(self, mebibytes: int | None) -> None:
        """Let binary files come by themselves up to a size; None: whatever they have."""
        self._running.feed(FetchUpTo(None if mebibytes is None else mebibytes << 20))

    def fetch(self, paths: Iterable[StoryPath]) -> None:
        """Let some come that are larger."""
        self._running.feed(Fetch(tuple(paths)))

    async def plan(self) -> Plan:
        """What joining with the files that are in the folder comes to; nothing is changed."""
        return await asyncio.to_thread(compare, self._disk.folder, self._running.peer.hashes())

    def go_on(self) -> None:
        """Take in the files of a folder that is joined with: the user has agreed."""
        self._disk.go_on()

    async def history(
        self, *, since: int = 0, after: bytes | None = None, max_bytes: int | None = None
    ) -> list[bytes]:
        """Revisions of the history, encoded; see :meth:`Journal.history`."""
        writer = self._running.writer
        read = partial(writer.journal.history, since=since, after=after, max_bytes=max_bytes)
        return await writer.run(read)

    async def set_milestone(self, name: str) -> None:
        """Give a name to the story as it stands; returns when that is durable."""
        self._running.feed(Milestone(name, now_ms()))
        await self._running.until_idle()
        # Whatever was submitted before is written by then.
        await self._running.writer.run(lambda: None)

    # Who belongs.

    async def act(self, act: Act) -> int:
        """
        Do something about who belongs; return its number when that is durable.

        Raises:
            ActRefused: It cannot be done; the sentence says why.
        """
        self._acts += 1
        number = self._acts
        done = self._answers[number] = asyncio.get_running_loop().create_future()
        self._running.feed(Do(number, act))
        problem = await done
        if problem is not None:
            raise ActRefused(problem)
        return number

    async def invite(self, terms: Terms, *, words: bool, interface: str | None) -> Invitation:
        """
        Open an invitation; until it ends, those who have it find this device.

        ``interface`` is the address of this machine that it names; None: all.

        Raises:
            ActRefused: We may not.
        """
        here: tuple[Address, ...] = ()
        if self._network.is_lan:
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
        meeting = Meeting(secret, now_ms()) if relay else None
        number = await self.act(Invite(keys, terms, meeting))
        if self._neighbours is not None:
            self._neighbours.announce_invitations()
        return Invitation(number, link.link(), None if code is None else str(code), relay)

    # The ways to others.

    def connect(self, address: Address, *, keep: bool = True) -> None:
        """Call an address, and again whenever it is not connected; ``keep`` it for next time."""
        if keep:
            local = load_local(self.layout)
            if address not in local.peers:
                save_local(self.layout, replace(local, peers=(*local.peers, address)))
        self._running.feed(Sighted(f"address {address}", (address,), lasting=True))

    async def use_relay(self, url: str) -> None:
        """Leave letters at the relay at ``url`` from now on, and find them there; empty: none."""
        save_local(self.layout, replace(load_local(self.layout), relay=url))
        await self._postman.use(url)

    async def bundle(self, since: DeviceId | None) -> Packed:
        """
        What a member may carry to others by hand; ``since``: only what that device lacks.

        Raises:
            NotEntitled: This device does not belong.
        """
        await self.look()
        await self._running.until_durable()
        running = self._running
        read = await self._reader.luggage(running.peer.luggage(since))
        bundle = running.peer.bundle(since, read.assets, read.revisions)
        running.feed(Tick())  # what it has learned by that is durable before others have it
        await running.until_durable()
        return Packed(bundle, read.left_out)

    async def open_bundle(self, bundle: Bundle) -> tuple[DeviceId, int]:
        """
        Take in what a member brought by hand; who made it, and how many changes were new.

        Returns when they are durable, and in the files.

        Raises:
            BadEnvelope, MalformedFrame: It is not for this story, or no letter.
        """
        running = self._running
        letters = running.peer.open_bundle(bundle)
        await self.look()
        before = running.peer.head
        for letter in letters:
            running.feed(LetterBrought(letter))
        changes = running.peer.head - before
        await running.until_durable()
        await self._disk.until_written()
        while not running.peer.shown:  # binary files are put together first
            await running.until_changed()
        return letters[0].device, changes

    # What the peer asks for.

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Persist(ticket, batch):
                self._running.writer.submit(ticket, batch)
            case Dial() | Send() | Drop() | Proven() | Hangup():
                self._network.carry_out(effect)
            case WriteFile() | WriteAsset():
                self._disk.write(effect)
            case PutInTrash(path, content):
                self._disk.put_by(path, content)
            case ReadLog() | ReadAsset() | ReadRevisions() | ReadHistory() | Compact():
                self._reader.carry_out(effect)
            case (
                WatchMail()
                | UnwatchMail()
                | ReadMail()
                | ReadSnapshot()
                | PostMail()
                | PutSnapshot()
                | ReadBlobs()
                | PutBlobs()
            ):
                self._postman.carry_out(effect)
            case Tell(event):
                self._tell(event)

    def _tell(self, event: Event) -> None:
        self._running.tell(event)
        match event:
            case BeginAnew():
                self._running.fail(MustBeginAnew())
            case Done(number, problem) if number in self._answers:
                self._answers.pop(number).set_result(problem)
            case MembersChanged():
                self._keep_papers()
            case Merged(document, _, touched, local) if local and document == STORY:
                if (place := place_of(touched)) is not None:
                    self.enter(STORY, place)
            case PeerConnected() if self._woken is not None:
                with suppress(OSError):
                    self._woken.install.met_another()
            case _:
                pass

    def _keep_papers(self) -> None:
        """Keep who belongs beside the journal as well: without it nobody lets this device in."""
        peer = self._running.peer
        outside = peer.outside is not None
        with suppress(OSError):
            if peer.papers != self._ourselves.papers:
                self._ourselves = replace(self._ourselves, papers=peer.papers)
                save_papers(self.layout, self._ourselves.papers)
            local = load_local(self.layout)
            if local.outside != outside:
                save_local(self.layout, replace(local, outside=outside))
