"""
An imagined relay: one more machine in a world, honest or not.

It has what ``docs/reference/relay-api.md`` says, but for signatures, quotas and days. What it
was told to keep is kept, unless it is one of those that lie: :class:`Vices` says how. It
dies and comes back at any moment; what it had answered for is there then.

Whoever asks gets the answer after a while, in another order than was asked, or, if the
relay cannot be reached, when it can be again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING

from whisker_sync.identity.mailbox import MailboxKey
from whisker_sync.ids import Incarnation, MailboxId
from whisker_sync.peer.effects import (
    PostMail,
    PutBlobs,
    PutSnapshot,
    ReadBlobs,
    ReadMail,
    ReadSnapshot,
    UnwatchMail,
    WatchMail,
)
from whisker_sync.peer.inputs import (
    BlobsPut,
    BlobsRead,
    Input,
    MailPosted,
    MailRead,
    MailWaits,
    RelayReached,
    SnapshotPut,
    SnapshotRead,
)
from whisker_sync.sync.mailbox import Snapshot
from whisker_sync.wire.relay import ID_BYTES, Entry, Page

if TYPE_CHECKING:
    from whisker_sync.testing.machine import Machine
    from whisker_sync.testing.world import World

URL = "https://relay.invalid"
"""Where imagined relays are."""

PAGE = 7
"""Entries in one page; few, so that short histories have several."""

POLL_SECONDS = 30.0
"""How often a mailbox is looked at without being woken."""

AGAIN_SECONDS = 1.0
"""How long after a relay was not reached it is asked again."""


@dataclass(frozen=True, slots=True)
class Vices:
    """How a relay lies; probabilities."""

    repeat: float = 0.0
    """An entry is there once more, later."""

    swap: float = 0.0
    """An entry changes its place with the one before it, as long as nobody has read either."""

    keep_back: float = 0.0
    """An entry is never shown to anybody."""

    sleep: float = 0.0
    """Nobody is woken by an entry."""


HONEST = Vices()


@dataclass(slots=True)
class _Box:
    """One mailbox."""

    incarnation: Incarnation
    entries: list[Entry] = field(default_factory=list)
    trimmed: int = 0
    snapshot: Snapshot | None = None
    blobs: dict[bytes, bytes] = field(default_factory=dict)
    puts: int = 0
    kept: frozenset[bytes] = frozenset()
    """Blobs that the snapshot names besides its letter."""

    shown: int = 0
    """Up to here somebody has read."""

    ids: set[bytes] = field(default_factory=set)

    def copy(self) -> _Box:
        copy = _Box(self.incarnation, list(self.entries), self.trimmed, self.snapshot)
        copy.blobs, copy.kept, copy.puts = dict(self.blobs), self.kept, self.puts
        copy.shown, copy.ids = self.shown, set(self.ids)
        return copy

    def page(self, after: int) -> Page:
        head = len(self.entries)
        start = min(max(after, self.trimmed), head) + 1
        entries = tuple(self.entries[start - 1 : start - 1 + PAGE])
        self.shown = max(self.shown, start - 1 + len(entries))
        return Page(self.incarnation, self.trimmed + 1, head, start, entries)


class ImaginedRelay:
    """A relay in a world; made by :class:`~whisker_sync.testing.world.World`."""

    def __init__(self, world: World, vices: Vices) -> None:
        self.vices = vices
        self.is_up = True
        self.room = 1000
        """How many blobs one mailbox may hold."""

        self.kept_back = 0
        """How many entries nobody will ever see."""

        self._world = world
        # Of its own: what a relay does must not change the histories of worlds without one.
        self._dice = Random(world.seed)
        self._boxes: dict[MailboxId, _Box] = {}
        self._backup: dict[MailboxId, _Box] = {}
        self._watched: dict[tuple[str, int], dict[MailboxId, MailboxKey]] = {}

    # What happens to it.

    def back_up(self) -> None:
        """Copy everything, for :meth:`roll_back`."""
        self._backup = {mailbox: box.copy() for mailbox, box in self._boxes.items()}

    def roll_back(self) -> None:
        """Put everything back to what the backup says, and tell nobody."""
        self._boxes = {mailbox: box.copy() for mailbox, box in self._backup.items()}

    def begin_anew(self) -> None:
        """Lose everything; mailboxes that come to be live another life."""
        self._boxes.clear()

    def mend(self) -> None:
        """Be up, and honest from now on; what was done is done."""
        self.is_up, self.vices = True, HONEST

    @property
    def mailboxes(self) -> frozenset[MailboxId]:
        """The mailboxes that exist."""
        return frozenset(self._boxes)

    @property
    def content(self) -> bytes:
        """All that it could show to a stranger."""
        parts: list[bytes] = []
        for mailbox, box in self._boxes.items():
            parts.append(mailbox)
            parts += [entry.id + entry.body for entry in box.entries]
            parts += box.snapshot.blobs if box.snapshot is not None else ()
            parts += [id_ + blob for id_, blob in box.blobs.items()]
        return b"".join(parts)

    def size(self, mailbox: MailboxId) -> int:
        """Entries of a mailbox that were not trimmed."""
        box = self._boxes[mailbox]
        return len(box.entries) - box.trimmed

    def lying(self, mailbox: MailboxId) -> tuple[bytes, ...]:
        """What anybody finds who reads a mailbox now, if it is up."""
        if not self.is_up or mailbox not in self._boxes:
            return ()
        return tuple(entry.body for entry in self._boxes[mailbox].entries)

    def leave(self, key: MailboxKey, envelope: bytes) -> bool:
        """Have somebody who is no machine leave an envelope now; whether it is up."""
        if self.is_up:
            self._post(key, Entry(envelope[:ID_BYTES], envelope))
        return self.is_up

    def forget_blobs(self) -> None:
        """Lose all contents, and tell nobody."""
        for box in self._boxes.values():
            box.blobs.clear()

    def blobs(self, mailbox: MailboxId) -> frozenset[bytes]:
        """The ids of contents' pieces in a mailbox."""
        return frozenset(self._boxes[mailbox].blobs)

    def puts(self, mailbox: MailboxId) -> int:
        """How many contents were left in a mailbox, counting each time."""
        return self._boxes[mailbox].puts

    # What it is asked.

    def ask(
        self,
        machine: Machine,
        effect: WatchMail
        | UnwatchMail
        | ReadMail
        | ReadSnapshot
        | PostMail
        | PutSnapshot
        | ReadBlobs
        | PutBlobs,
    ) -> None:
        """Carry out what a process asks; the answer comes later, unless the process ends."""
        match effect:
            case WatchMail(box):
                self._watched.setdefault((machine.name, machine.life), {})[box.mailbox] = box
                self._wake(machine, box)
                self._poll(machine, box)
            case UnwatchMail(mailbox):
                self._watched.get((machine.name, machine.life), {}).pop(mailbox, None)
            case ReadMail(box, after):
                self._request(machine, lambda: MailRead(box.mailbox, self._read(box, after)))
            case ReadSnapshot(box, most):
                self._request(machine, lambda: self._read_snapshot(box, most))
            case ReadBlobs(box, content, ids):
                self._request(machine, lambda: self._read_blobs(box, content, ids))
            case PutBlobs(box, content, blobs):
                self._request(machine, lambda: self._put_blobs(box, content, blobs))
            case PostMail(box, id_, envelope):
                assert envelope[:ID_BYTES] == id_
                self._request(machine, lambda: self._post(box, Entry(id_, envelope)))
            case PutSnapshot(box, envelopes, covers, kept):
                self._request(machine, lambda: self._put(box, envelopes, covers, kept))

    def _request(self, machine: Machine, answer: Callable[[], Input]) -> None:
        """Reach the relay after a while, and come back after another; or try again."""
        life = machine.life

        def there() -> None:
            if machine.life != life:
                return
            if not self.is_up:
                machine.tell(RelayReached("it does not answer"))
                machine.after(AGAIN_SECONDS, lambda: self._request(machine, answer))
                return
            said = answer()  # whether or not anybody lives to hear of it
            machine.after(self._wait(), lambda: self._back(machine, said))

        self._world.at(self._world.now + self._wait(), there)

    def _back(self, machine: Machine, said: Input) -> None:
        machine.tell(RelayReached(None))
        machine.tell(said)

    def _wait(self) -> float:
        return 0.005 + 0.2 * self._dice.random() ** 3

    def _box(self, mailbox: MailboxId) -> _Box:
        if mailbox not in self._boxes:
            self._boxes[mailbox] = _Box(Incarnation(self._dice.randbytes(8)))
        return self._boxes[mailbox]

    def _read(self, key: MailboxKey, after: int) -> Page:
        if key.mailbox not in self._boxes:
            return Page(Incarnation(b""), 1, 0, 1, ())
        return self._boxes[key.mailbox].page(after)

    def _post(self, key: MailboxKey, entry: Entry) -> Input:
        box, dice, vices = self._box(key.mailbox), self._dice, self.vices
        if entry.id not in box.ids:
            box.ids.add(entry.id)
            if dice.random() < vices.keep_back:
                self.kept_back += 1
            else:
                box.entries.append(entry)
                if dice.random() < vices.repeat:
                    box.entries.append(dice.choice(box.entries))
                newest = len(box.entries)
                if newest - 2 >= box.shown and newest > 1 and dice.random() < vices.swap:
                    box.entries[-1], box.entries[-2] = box.entries[-2], box.entries[-1]
            if dice.random() >= vices.sleep:
                self._wake_all(key)
        return MailPosted(key.mailbox, entry.id)

    def _read_snapshot(self, key: MailboxKey, most: int) -> Input:
        snapshot = self._box(key.mailbox).snapshot
        if snapshot is not None:
            snapshot = replace(snapshot, blobs=snapshot.blobs[:most])
        return SnapshotRead(key.mailbox, snapshot)

    def _read_blobs(self, key: MailboxKey, content: bytes, ids: tuple[bytes, ...]) -> Input:
        blobs = self._box(key.mailbox).blobs
        return BlobsRead(key.mailbox, content, tuple(map(blobs.get, ids)))

    def _put_blobs(self, key: MailboxKey, content: bytes, blobs: tuple[bytes, ...]) -> Input:
        box = self._box(key.mailbox)
        box.puts += 1
        for blob in blobs:
            if len(box.blobs) >= self.room and blob[:ID_BYTES] not in box.blobs:
                return BlobsPut(key.mailbox, content, "it is full")
            assert box.blobs.setdefault(blob[:ID_BYTES], blob) == blob  # else it refuses
        return BlobsPut(key.mailbox, content, None)

    def _put(
        self,
        key: MailboxKey,
        envelopes: tuple[bytes, ...],
        covers: int,
        kept: tuple[bytes, ...],
    ) -> Input:
        box = self._box(key.mailbox)
        if not box.blobs.keys() >= set(kept):
            return SnapshotPut(key.mailbox, 0)
        before = box.snapshot.covers if box.snapshot is not None else 0
        if not before <= covers <= len(box.entries):
            return SnapshotPut(key.mailbox, 0)
        for id_ in box.kept - set(kept):
            box.blobs.pop(id_, None)
        box.kept = frozenset(kept)
        box.snapshot = Snapshot(box.incarnation, covers, envelopes)
        box.trimmed = max(box.trimmed, covers)
        return SnapshotPut(key.mailbox, covers)

    # Waking others.

    def _wake_all(self, key: MailboxKey) -> None:
        for machine in self._world.machines.values():
            watched = self._watched.get((machine.name, machine.life), {}).get(key.mailbox)
            if watched is not None:
                self._wake(machine, watched)

    def _wake(self, machine: Machine, key: MailboxKey) -> None:
        machine.after(self._wait(), lambda: machine.tell(MailWaits(key.mailbox)))

    def _poll(self, machine: Machine, key: MailboxKey) -> None:
        def poll() -> None:
            watched = self._watched.get((machine.name, machine.life), {})
            if watched.get(key.mailbox) is key:
                machine.tell(MailWaits(key.mailbox))
                self._poll(machine, key)

        machine.after(POLL_SECONDS * (1 + self._dice.random()), poll)
