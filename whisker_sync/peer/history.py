"""
The history that the members of a workspace share: which revisions there are, and where.

Revisions never change and are found by a hash of their content, so history is a set, and to
share it is to find out what of two sets the other side lacks. It travels after the text and
apart from it: nothing waits for it, and no acknowledgement speaks of it.

How it works
============

New revisions are sent to everybody at once. What got lost on that way is found at rest.
Revisions lie on shelves, one for each day (of their author's clock, which may be wrong: it
only names the shelf). Each side says the sum of its whole archive when that is another one
than it said before; who has another sum says those of all shelves; for each that differs
the first side says the ids that lie on it; the other says its own if it has more. Then both
know what they lack, and ask for it at rest, a few at a time::

    ours                            theirs
    Archive(total)        ---->
                          <----     Shelves(oldest, sums)      another total
    Titles(day, ids)      ---->                                for each day that differs
                          <----     Titles(day, ids)           they have more
                          <----     WantRevisions(ids)
    WantRevisions(ids)    ---->
                          <----     Revisions
    Revisions             ---->

Nobody is told of what is older than the other side keeps.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass

from whisker_sync.ids import DeviceId, LinkId
from whisker_sync.revision import DAY_MS, Revision, decode
from whisker_sync.wire.limits import MAX_SHELVES, MAX_TITLES, MAX_WANTED
from whisker_sync.wire.messages import (
    Archive,
    HistoryMessage,
    Revisions,
    Shelves,
    Titles,
    WantRevisions,
)

MAX_LACKED = 1_000_000
"""Revisions that one device is known to have and that we have not asked it for yet."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """Revisions that the other side asked for are to be read from disk, and sent."""

    ids: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Filed:
    """Revisions that are new here."""

    revisions: tuple[Revision, ...]
    news: bool
    """They were not asked for: whoever is not linked to the sender has not heard of them."""


Said = HistoryMessage | Fetch | Filed
"""A message to send, or something to do for whoever runs the archive."""


class History:
    """
    Which revisions this device has, and what it is finding out about those of others.

    ``known`` has the time of each, by its id; nothing from before the day ``oldest`` is kept.
    """

    def __init__(self, known: Mapping[bytes, int], oldest: int = 0) -> None:
        self._oldest = oldest
        self._shelves: defaultdict[int, set[bytes]] = defaultdict(set)
        self._sums: defaultdict[int, int] = defaultdict(int)
        self._total: bytes | None = None
        self._devices: dict[LinkId, DeviceId] = {}
        self._told: dict[LinkId, bytes] = {}
        self._heard: dict[LinkId, bytes] = {}
        self._agreed: dict[DeviceId, bytes] = {}  # the sum that both sides had when last compared
        self._lacked: dict[LinkId, deque[bytes]] = {}
        self._asked: dict[LinkId, tuple[bytes, ...]] = {}
        for id_, time in known.items():
            self._put(id_, time // DAY_MS)

    # What is here.

    def __len__(self) -> int:
        return sum(len(ids) for ids in self._shelves.values())

    @property
    def total(self) -> bytes:
        """16 bytes over all revisions that are here."""
        if self._total is None:
            whole = hashlib.blake2b(digest_size=16)
            for day, sum_ in self._all_sums():
                whole.update(day.to_bytes(8, "big") + sum_)
            self._total = whole.digest()
        return self._total

    def said(self) -> Shelves:
        """What is here, by days."""
        return Shelves(self._oldest, tuple(self._all_sums()[-MAX_SHELVES:]))

    def file(self, revision: Revision) -> bool:
        """Take a revision in; whether it is new here, and as recent as what we keep."""
        day, id_ = revision.day, revision.id
        if day < self._oldest or id_ in self._shelves.get(day, ()):
            return False
        if day not in self._shelves and len(self._shelves) >= MAX_SHELVES:
            return False
        self._put(id_, day)
        return True

    # The others.

    def came(self, link: LinkId, device: DeviceId) -> None:
        """Note that a connection began. Whoever agreed before need not say so again."""
        self._devices[link] = device
        if device in self._agreed:
            self._told[link] = self._agreed[device]

    def left(self, link: LinkId) -> None:
        """Note that a connection ended."""
        self._devices.pop(link, None)
        self._told.pop(link, None)
        self._heard.pop(link, None)
        self._lacked.pop(link, None)
        self._asked.pop(link, None)

    def rest(self, link: LinkId) -> list[Said]:
        """What to say, and to ask for, where everything else was said and is in the files."""
        asked = self._ask(link)
        if self._heard.get(link) == self.total:
            self._agreed[self._devices[link]] = self.total
        if self._told.get(link) == self.total:
            return asked
        self._told[link] = self.total
        return [Archive(self.total), *asked]

    def hear(self, link: LinkId, message: HistoryMessage, *, deaf: bool = False) -> list[Said]:
        """
        Take what the other side says about its history.

        To whom we are ``deaf`` may ask for what we have, and gives nothing.
        """
        match message:
            case Revisions() if deaf:
                return []
            case Titles(day, ids, is_answer) if deaf:
                more = not is_answer and not self._shelves.get(day, set()) <= set(ids)
                return [self._titles(day, is_answer=True)] if more else []
            case Archive(total):
                self._heard[link] = total
                if total == self.total:
                    return []
                return [Shelves(self._oldest, tuple(self._all_sums()))]
            case Shelves(oldest, sums):
                return self._compare(max(oldest, self._oldest), dict(sums))
            case Titles(day, ids, is_answer):
                return self._settle(link, day, ids, is_answer=is_answer)
            case WantRevisions(ids):
                return [Fetch(ids)]
            case Revisions(asked, revisions):
                return self._take(link, asked, revisions)

    # Private methods.

    def _put(self, id_: bytes, day: int) -> None:
        self._shelves[day].add(id_)
        self._sums[day] = (self._sums[day] + int.from_bytes(id_[:8], "big")) % (1 << 64)
        self._total = None

    def _all_sums(self) -> list[tuple[int, bytes]]:
        return [(day, self._sums[day].to_bytes(8, "big")) for day in sorted(self._shelves)]

    def _compare(self, oldest: int, theirs: Mapping[int, bytes]) -> list[Said]:
        ours = dict(self._all_sums())
        days = sorted(day for day in {*ours, *theirs} if day >= oldest)
        return [
            self._titles(day, is_answer=False) for day in days if ours.get(day) != theirs.get(day)
        ]

    def _titles(self, day: int, *, is_answer: bool) -> Titles:
        ids = sorted(self._shelves.get(day, ()))[:MAX_TITLES]
        return Titles(day, tuple(ids), is_answer)

    def _settle(
        self, link: LinkId, day: int, theirs: tuple[bytes, ...], *, is_answer: bool
    ) -> list[Said]:
        ours = self._shelves.get(day, set())
        said: list[Said] = []
        if not is_answer and not ours <= set(theirs):
            said.append(self._titles(day, is_answer=True))
        if day >= self._oldest:
            lacked = self._lacked.setdefault(link, deque())
            wanted = {*lacked, *self._asked.get(link, ())}
            lacked += (id_ for id_ in theirs if id_ not in ours and id_ not in wanted)
            while len(lacked) > MAX_LACKED:
                lacked.pop()
        return said

    def _ask(self, link: LinkId) -> list[Said]:
        """Ask for some of what the other side has and we lack, one message at a time."""
        lacked = self._lacked.get(link)
        if not lacked or link in self._asked:
            return []
        self._asked[link] = tuple(lacked.popleft() for _ in range(min(len(lacked), MAX_WANTED)))
        return [WantRevisions(self._asked[link])]

    def _take(self, link: LinkId, asked: bool, encoded: tuple[bytes, ...]) -> list[Said]:
        filed = []
        for each in encoded:
            revision = decode(each) if each else None  # one of a format to come is not for us
            if revision is not None and self.file(revision):
                filed.append(revision)
        said: list[Said] = [Filed(tuple(filed), news=not asked)] if filed else []
        if asked:
            rest = self._asked.pop(link, ())[len(encoded) :] if encoded else ()
            self._lacked.setdefault(link, deque()).extendleft(reversed(rest))
        return said
