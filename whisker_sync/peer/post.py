"""
Letters: what comes through the relay or in a bundle, and which mailbox is in use.

When to read a mailbox and what to leave there is for :class:`~whisker_sync.peer.mailing.Mailing`
to say. Here its letters are believed or not, and taken in: a letter is as good as the member
who signed it, and one of a device that we do not know waits for the papers that say who it is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from random import Random

from whisker_sync.errors import MembershipError, NotEntitled
from whisker_sync.identity.envelope import SESSION_BYTES, Desk
from whisker_sync.ids import DeviceId
from whisker_sync.peer import events
from whisker_sync.peer.acquaintances import Acquaintances
from whisker_sync.peer.bundling import Luggage, pack, parcels, records_since, unpack
from whisker_sync.peer.circle import Circle
from whisker_sync.peer.effects import Effect, ReadBlobs, Tell
from whisker_sync.peer.inputs import (
    AssetRead,
    BlobsPut,
    BlobsRead,
    HistoryRead,
    MailRead,
    SnapshotRead,
)
from whisker_sync.peer.library import Library
from whisker_sync.peer.mailing import Alarm, Mailing, MailInput
from whisker_sync.peer.merging import Merging
from whisker_sync.peer.showing import Showing
from whisker_sync.peer.status import Ourselves, RelayStatus
from whisker_sync.peer.stock import Stock
from whisker_sync.peer.telling import Telling
from whisker_sync.sync.mailbox import Letter
from whisker_sync.wire.bundles import Bundle
from whisker_sync.wire.limits import MAX_HELD
from whisker_sync.wire.messages import Asset, Carried, Members, Push, Revisions, Shelves, Stocked

MAX_UNKNOWN = 64
"""Letters kept of devices that may turn out to be members."""


class Post:
    """See the module."""

    def __init__(
        self,
        ourselves: Ourselves,
        library: Library,
        circle: Circle,
        acquaintances: Acquaintances,
        merging: Merging,
        showing: Showing,
        telling: Telling,
        dice: Random,
    ) -> None:
        workspace = ourselves.papers.workspace
        self._mail = Mailing(ourselves.device_key, workspace, library, dice)
        self._stock = Stock(library, dice)
        self._forgot = 0  # how often we know that the relay forgot something
        self._self = ourselves
        self._library = library
        self._circle = circle
        self._acquaintances = acquaintances
        self._merging = merging
        self._showing = showing
        self._telling = telling
        self._dice = dice
        self._knows = b""  # digest of the papers that decided which mailbox is in use
        self._told = False  # whoever reads the mailbox knows where the others went
        self._readers: frozenset[DeviceId] | None = None  # who may only read, as far as we knew
        self._unknown: deque[Letter] = deque(maxlen=MAX_UNKNOWN)  # of who is no member yet

    # The relay.

    @property
    def status(self) -> RelayStatus:
        """How it stands with the relay."""
        status = self._mail.status
        settled = status.settled and not self._stock.busy
        return replace(status, settled=settled, waiting=self._stock.waiting)

    @property
    def settled(self) -> bool:
        """Nothing is under way, or the relay cannot be reached, so that nothing can be."""
        unreached = self._mail.status.problem is not None and not self._mail.status.reached
        return self._mail.settled and (unreached or not self._stock.busy)

    def deadline(self) -> float:
        """When :meth:`follow` has something to do, if nothing happens before."""
        return min(self._mail.deadline(), self._stock.deadline())

    def name_relay(self, url: str) -> None:
        """Say which relay there is, by its address; empty: none."""
        self._mail.name_relay(url)
        self._knows = b""

    def reached(self, problem: str | None) -> None:
        """Say whether the relay answers."""
        self._mail.reached(problem)

    def hear(self, said: MailInput, now: float) -> Iterator[Effect]:
        """Take what the relay said."""
        brought = False
        self._stock.use(self._mail.url, self._mail.keys)
        for heard in self._mail.hear(said, now):
            match heard:
                case Alarm(sentence):
                    yield Tell(events.Trouble(sentence))
                case Letter():
                    brought |= bool(heard.messages)
                    yield from self.open(heard, now)
        if isinstance(said, MailRead | SnapshotRead) and not self._unknown:
            self._mail.checkpoint(soon=brought)

    def follow(self, now: float) -> Iterator[Effect]:
        """What is to be asked of the relay now."""
        self._share_papers()
        for revision in self._telling.own():
            self._mail.tell(revision, now)
        if self._mail.on:
            yield from self._follow_stock(now)
        yield from self._mail.follow(now)

    def _follow_stock(self, now: float) -> Iterator[Effect]:
        stock, assets, mail = self._stock, self._showing.assets, self._mail
        stock.use(mail.url, mail.keys)
        if self._forgot != mail.forgot:
            self._forgot = mail.forgot
            stock.doubt()
        if not mail.caught_up:
            return
        gives = self._circle.belonging.membership.may_write(self._self.device)
        yield from stock.follow(assets.units, assets.lacking, now, gives=gives)
        mail.keep(stock.all, stock.ids)
        if (news := stock.news()) is not None:
            mail.say(news, now)

    def know_history(self, read: HistoryRead) -> None:
        """Note what was read of the history for the relay."""
        self._mail.know_history(read.revisions)

    def take_blobs(self, read: BlobsRead, now: float) -> Iterator[Effect]:
        """Take pieces of a content that came from the relay."""
        for came in self._stock.take(read, now):
            match came:
                case Asset():
                    yield from self._showing.asset_brought(came, now)
                case ReadBlobs():
                    yield came

    def put_blobs(self, put: BlobsPut, now: float) -> None:
        """Note that a content is at the relay, or is not taken there."""
        self._stock.put(put, now)

    def leave(self, read: AssetRead, now: float) -> Iterator[Effect]:
        """Leave a content at the relay that was read from the journal for it."""
        yield from self._stock.read(read, now)

    def stop(self) -> None:
        """Keep where we are in the mailbox, when something else is written anyway."""
        self._mail.checkpoint(soon=False)

    def _share_papers(self) -> None:
        """See which mailbox is in use, and leave there what is new about who belongs."""
        belonging = self._circle.belonging
        if not self._mail.on or not self._circle.is_durable:
            return
        papers = belonging.papers
        if self._knows != papers.digest:
            self._knows = papers.digest
            keys = self._circle.mail_keys()
            current = belonging.outside is None and belonging.ring.key is not None
            newest = max(papers.tips, key=lambda tip: (papers.rosters[tip].version, tip))
            self._mail.use(
                keys[0] if current else None,
                keys,
                (papers.rosters[newest].version, newest),
                belonging.news(()),
                gives=belonging.membership.may_write(self._self.device),
                tell=not self._told,
            )
            self._told = False
            self._see_who_only_reads()

    def _see_who_only_reads(self) -> None:
        """
        Leave again what we took in from somebody who may only read by now.

        Others who knew that before they read it did not; see decision 17.
        """
        members = self._circle.belonging.membership.members
        readers = frozenset(m.device for m in members if self._circle.reads(m.device))
        if self._readers is not None and readers - self._readers:
            self._mail.compare()
        self._readers = readers

    # Letters.

    def open(self, letter: Letter, now: float, *, mailed: bool = True) -> Iterator[Effect]:
        """Take in a letter of a member; ``mailed``: from the relay, not brought by hand."""
        for message in letter.messages:
            if isinstance(message, Members):
                yield from self._read_papers(message, now)
        if self._circle.belonging.membership.was_removed(letter.device):
            return
        if not self._circle.includes(letter.device) and not mailed:
            yield Tell(events.Trouble("a bundle of somebody who is no member was left aside"))
            return
        if not self._circle.includes(letter.device):
            self._unknown.append(letter)  # what says that they belong may be in a later one
            return
        for message in letter.messages:
            match message:
                case Push():
                    yield from self._merging.from_letter(message.records, letter.device, now)
                case Asset() if not self._circle.reads(letter.device):
                    yield from self._showing.asset_brought(message, now)
                case Revisions() if not self._circle.reads(letter.device):
                    self._telling.take(message.revisions)
                case Stocked() if mailed:
                    self._stock.hear(message, now)
                case Carried() if not mailed and letter.device != self._self.device:
                    yield from self._acquaintances.note_carried(letter.device, message)
                case Shelves() if not mailed and letter.device != self._self.device:
                    self._acquaintances.note_shelves(letter.device, message)
                case _:
                    pass
        if letter.device != self._self.device:
            self._acquaintances.hear_of(letter.device)
        counts = not self._circle.reads(letter.device)
        through = self._mail.merged(letter, now, counts=counts) if mailed else 0
        yield from self._acquaintances.note_read(letter.device, through)

    def _read_papers(self, told: Members, now: float) -> Iterator[Effect]:
        try:
            changed = self._circle.belonging.take(told, now)
        except MembershipError as problem:
            yield Tell(events.Trouble(f"at the relay: {problem}"))
            return
        self._mail.know_papers(told.digest)
        if changed:
            self._told = True
            yield from self._circle.changed()
            for letter in [self._unknown.popleft() for _ in range(len(self._unknown))]:
                yield from self.open(letter, now)

    # Bundles.

    def luggage(self, since: DeviceId | None) -> Luggage:
        """What is to be read for a bundle; with ``since`` only what that device may lack."""
        shelves = self._acquaintances.shelves(since) if since is not None else {}
        lacked = self._lacked(since)
        assets = [asset for asset in lacked if self._library.list_of(asset) is None]
        return Luggage(tuple(assets), self._telling.days_unlike(shelves or None))

    def _lacked(self, since: DeviceId | None) -> list[bytes]:
        held = self._acquaintances.held(since) if since is not None else frozenset()
        return [asset for asset in self._showing.needed() if asset[:8] not in held]

    def bundle(
        self,
        since: DeviceId | None,
        assets: Iterable[tuple[bytes, bytes]] = (),
        revisions: Sequence[bytes] = (),
    ) -> Bundle:
        """
        What a member may carry to others by hand, when all is durable.

        With ``since`` only what that device has not said to hold. ``assets`` (the SHA-256 of
        each, and the content) and ``revisions`` are what was read of :meth:`luggage`.

        Raises:
            NotEntitled: This device may not write, or was not given the key yet.
        """
        belonging = self._circle.belonging
        keys = self._circle.mail_keys()
        may = belonging.membership.may_write(self._self.device)
        if belonging.outside is not None or belonging.ring.key is None or not may:
            raise NotEntitled("this device may not write, or has not got the new key yet")
        session = self._dice.randbytes(SESSION_BYTES)
        desk = Desk(self._self.device_key, belonging.papers.workspace, session)
        acked = self._acquaintances.acked(since) if since is not None else 0
        records = records_since(self._library, acked)
        first = (belonging.news(()), self._carried(acked), self._telling.shelves())
        known = [(asset, self._library.list_of(asset)) for asset in self._lacked(since)]
        lists = [(asset, list_) for asset, list_ in known if list_ is not None]
        assets = (*lists, *assets)
        return pack(desk, keys[0], parcels(first, records, assets, revisions))

    def _carried(self, base: int) -> Carried:
        library = self._library
        held = {asset[:8] for asset in self._showing.needed() if library.has(asset)}
        return Carried(
            library.incarnation,
            base,
            library.head,
            self._acquaintances.cursors(),
            tuple(sorted(held)[:MAX_HELD]),
        )

    def unpack(self, bundle: Bundle) -> tuple[Letter, ...]:
        """
        The letters in a bundle, in their order; take them in with :meth:`open`.

        Raises:
            BadEnvelope: It is of another story, or of an epoch whose key is not here.
            MalformedFrame: It carries no letter.
        """
        workspace = self._circle.belonging.papers.workspace
        return unpack(bundle, self._circle.mail_keys(), workspace)
