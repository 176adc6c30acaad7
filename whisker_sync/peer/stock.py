"""
The contents of binary files at a relay: which lie there, what is left there and looked for.

Rule 1: whoever has the story knows under which ids the pieces of a content lie, so nobody has to
be told where they are. To say that a content lies there spares others leaving it, too.

Rule 2: a relay is believed nothing. What comes has the SHA-256 that the document names, or did
not come; what was said to lie there and does not is said to be lacked, and left there once more
by somebody who has it.

Rule 3: so much is left at a relay and no more (:data:`MAX_PIECES`). A file that is beyond waits
until devices meet, and the status says so.

Contents are left and looked for one after the other, so that letters never wait long.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from whisker_sync.errors import BadEnvelope, MalformedPaper
from whisker_sync.identity.canonical import exactly, items, number, pack, unpack
from whisker_sync.identity.contents import ContentKeys, pieces_of
from whisker_sync.identity.envelope import MailKeys
from whisker_sync.ids import MailboxId
from whisker_sync.peer.assets import Unit
from whisker_sync.peer.effects import PutBlobs, ReadAsset, ReadBlobs
from whisker_sync.peer.inputs import AssetRead, BlobsPut, BlobsRead
from whisker_sync.peer.library import Library
from whisker_sync.wire.limits import MAX_STOCKED
from whisker_sync.wire.messages import Asset, Stocked

MAX_PIECES = 640
"""Pieces of contents in one mailbox: 150 MiB at most, and a snapshot can name as many."""

LEAVE_SECONDS = 1.0
"""How long a content waits before it is left at the relay; up to twice as long."""

OTHERS_SECONDS = 20.0
"""How long one that came from another device waits; up to twice as long."""

ABSENT_SECONDS = 60.0
"""How long one that is not at the relay is not looked for there again, unless somebody left it."""

FULL_SECONDS = 600.0
"""How long a relay that took no more is not given any."""

FACT = "stock"
"""Name of the fact that keeps what lies in the mailbox."""

_FORMAT = 1
_MAX_FACT = 1 << 20
_NEVER = float("inf")

StockEffect = ReadAsset | ReadBlobs | PutBlobs


@dataclass(slots=True)
class _Search:
    """A content that is being looked for."""

    content: bytes
    pieces: list[bytes] = field(default_factory=list)


class Stock:
    """See the module."""

    def __init__(self, library: Library, dice: Random) -> None:
        self._library = library
        self._dice = dice
        self._keys: ContentKeys | None = None
        self._relay = ""
        self._lying: dict[bytes, int] = {}  # contents at the relay, and in how many pieces
        self._due: dict[bytes, float] = {}  # when a content that is here is left there
        self._over: set[bytes] = set()  # files, by content, for which there is no room
        self._leaving: tuple[bytes, int] | None = None
        self._search: _Search | None = None
        self._absent: dict[bytes, float] = {}
        self._told_absent: set[bytes] = set()
        self._full_until = float("-inf")
        self._news: set[bytes] = set()  # left by us, and not said yet
        self._lacked: set[bytes] = set()  # looked for in vain, and not said yet
        self._wakes: float = _NEVER

    # What is known.

    @property
    def waiting(self) -> int:
        """Files whose contents are too much for the relay: they wait for devices to meet."""
        return len(self._over)

    @property
    def busy(self) -> bool:
        """Whether something is under way to or from the relay, or about to be."""
        return self._leaving is not None or self._search is not None or self._wakes < _NEVER

    @property
    def all(self) -> Stocked:
        """All that lies there, as a letter says it."""
        return Stocked(tuple(sorted(self._lying.items())), ())

    @property
    def ids(self) -> tuple[bytes, ...]:
        """The ids of all pieces that lie there, for a snapshot to keep."""
        if self._keys is None:
            return ()
        known = sorted(self._lying.items())
        return tuple(id_ for content, pieces in known for id_ in self._keys.ids(content, pieces))

    def deadline(self) -> float:
        """When :meth:`follow` has something to do, if nothing happens before."""
        return self._wakes

    # What happens.

    def use(self, relay: str, keys: MailKeys | None) -> None:
        """Say which mailbox is in use; None: none is."""
        before = self._keys.box.mailbox if self._keys is not None else None
        if keys is None or (keys.mailbox == before and relay == self._relay):
            if keys is None:
                self._forget_tasks()
            return
        self._keys, self._relay = ContentKeys(keys), relay
        self._lying = self._recalled(keys.mailbox)
        self._due, self._over, self._absent = {}, set(), {}
        self._news, self._lacked, self._told_absent = set(), set(), set()
        self._full_until = float("-inf")
        self._leaving = self._search = None

    def doubt(self) -> None:
        """The relay has forgotten something: perhaps all of this, too."""
        self._lying.clear()
        self._absent.clear()
        self._keep()

    def hear(self, said: Stocked, now: float) -> None:
        """Take what a letter says of contents."""
        for content, pieces in said.lying:
            if len(self._lying) < MAX_PIECES:
                self._lying[content] = pieces
            self._absent.pop(content, None)
            self._told_absent.discard(content)
        for content in said.lacked:
            self._lying.pop(content, None)
            self._due[content] = now + LEAVE_SECONDS * (1 + 9 * self._dice.random())
        self._keep()

    def news(self) -> Stocked | None:
        """What to say in the next letter, if anything."""
        if not self._news and not self._lacked:
            return None
        lying = [(each, self._lying[each]) for each in sorted(self._news) if each in self._lying]
        said = Stocked(tuple(lying[:MAX_STOCKED]), tuple(sorted(self._lacked)[:MAX_STOCKED]))
        self._news.clear()
        self._lacked.clear()
        return said

    def take(self, read: BlobsRead, now: float) -> Iterator[Asset | ReadBlobs]:
        """Take pieces that came: the content when it is whole, or what to read for it."""
        search, keys = self._search, self._keys
        if search is None or keys is None or search.content != read.content:
            return
        search.pieces += [blob for blob in read.blobs if blob is not None]
        if None in read.blobs:
            self._miss(read.content, now)
            return
        try:
            count = keys.pieces(read.content, search.pieces[0])
            if len(search.pieces) < count:
                rest = keys.ids(read.content, count)[len(search.pieces) :]
                yield ReadBlobs(keys.box, read.content, rest)
                return
            content = keys.open(read.content, search.pieces)
        except BadEnvelope:
            self._miss(read.content, now)
            return
        self._search = None
        self._lying[read.content] = count
        self._told_absent.discard(read.content)
        self._keep()
        yield Asset(read.content, content)

    def read(self, read: AssetRead, now: float) -> Iterator[PutBlobs]:
        """Leave a content that was read from the journal."""
        if self._leaving is None or self._leaving[0] != read.asset or self._keys is None:
            return
        if read.content is None:
            self._leaving = None
            self._due[read.asset] = _NEVER
            return
        yield self._put(read.asset, read.content)

    def put(self, put: BlobsPut, now: float) -> None:
        """Note what became of a content that was to be left."""
        if self._leaving is None or self._leaving[0] != put.content:
            return
        content, pieces = self._leaving
        self._leaving = None
        if put.refused is not None:
            self._full_until = now + FULL_SECONDS
            return
        self._due.pop(content, None)
        self._lying[content] = pieces
        self._news.add(content)
        self._keep()

    # What follows.

    def follow(
        self, units: tuple[Unit, ...], lacking: tuple[bytes, ...], now: float, *, gives: bool
    ) -> Iterator[StockEffect]:
        """
        What to leave at the relay, and what to look for there.

        ``units`` are the story's files, ``lacking`` the contents that nobody was asked for.
        """
        self._wakes = _NEVER
        if self._keys is None:
            return
        if self._search is None:
            yield from self._look(self._keys, lacking, now)
        if gives and self._leaving is None:
            yield from self._leave(units, now)

    def _look(
        self, keys: ContentKeys, lacking: tuple[bytes, ...], now: float
    ) -> Iterator[ReadBlobs]:
        for content in lacking:
            if self._absent.get(content, now) <= now:
                self._absent.pop(content, None)
                self._search = _Search(content)
                yield ReadBlobs(keys.box, content, (keys.id_of(content, 0),))
                return

    def _leave(self, units: tuple[Unit, ...], now: float) -> Iterator[StockEffect]:
        room = MAX_PIECES - sum(self._lying.values())
        self._over.clear()
        for unit in units:
            rest = [content for content in unit.contents if content not in self._lying]
            if not rest:
                continue
            needed = len(rest) if unit.is_large else 1
            if needed > room or now < self._full_until:
                self._over.add(unit.asset)
                continue
            room -= needed
            for content in filter(self._is_here, rest):
                due = self._due.setdefault(content, now + self._wait(unit))
                if due > now:
                    self._wakes = min(self._wakes, due)
                elif self._leaving is None:
                    self._leaving = (content, 0)
                    list_ = self._library.list_of(content)
                    yield ReadAsset(None, content) if list_ is None else self._put(content, list_)

    def _put(self, content: bytes, whole: bytes) -> PutBlobs:
        assert self._keys is not None
        self._leaving = (content, pieces_of(len(whole)))
        return PutBlobs(self._keys.box, content, self._keys.close(whole))

    def _wait(self, unit: Unit) -> float:
        seconds = LEAVE_SECONDS if unit.is_own else OTHERS_SECONDS
        return seconds * (1 + self._dice.random())

    def _is_here(self, content: bytes) -> bool:
        return self._library.has(content) or self._library.list_of(content) is not None

    def _miss(self, content: bytes, now: float) -> None:
        self._search = None
        self._lying.pop(content, None)
        self._absent[content] = now + ABSENT_SECONDS
        if content not in self._told_absent:
            self._told_absent.add(content)
            self._lacked.add(content)

    def _forget_tasks(self) -> None:
        self._leaving = self._search = None
        self._wakes = _NEVER

    # Across a restart.

    def _keep(self) -> None:
        if self._keys is not None:
            lying = [[content, pieces] for content, pieces in sorted(self._lying.items())]
            fact = pack([_FORMAT, self._relay, self._keys.box.mailbox, lying])
            self._library.remember(FACT, fact, soon=False)

    def _recalled(self, mailbox: MailboxId) -> dict[bytes, int]:
        try:
            fields = unpack(self._library.facts.get(FACT, b""), _MAX_FACT, 4)
            if fields[:3] != [_FORMAT, self._relay, mailbox]:
                return {}
            known = [items(item, 2) for item in items(fields[3], MAX_PIECES)]
            return {exactly(content, 32): number(pieces, 255) for content, pieces in known}
        except (MalformedPaper, ValueError):
            return {}
