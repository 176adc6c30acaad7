"""
One mailbox, and how far we are with it.

What was read from it and what was left in it is a value that can be kept: a **fact** of the
journal says where we are, so that the next process goes on there. A fact of another relay, or of
another life of the journal, says less or nothing; then the mailbox is read from its beginning.

Nothing is asked of a relay here; see mailing.py.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from whisker_sync.errors import MalformedPaper
from whisker_sync.identity.canonical import Fields, exactly, items, number, pack, some, unpack
from whisker_sync.identity.envelope import Desk, Postmark, Seen, Track
from whisker_sync.ids import Incarnation, MailboxId
from whisker_sync.peer.outgoing import Outgoing
from whisker_sync.sync.mailbox import Mailbox

MAX_SENT = 64
"""Letters of ours of which we remember what they held, to understand receipts."""

NEVER = float("inf")

_FORMAT = 1
_MAX_FACT = 1 << 24


def soon(now: float, seconds: float, dice: Random) -> float:
    """When to do what others may be about to do, too: after so long, or up to twice that."""
    return now + seconds * (1 + dice.random())


@dataclass(frozen=True, slots=True)
class Sent:
    """What of our journal others had when they had read one of our envelopes."""

    track: Track
    seq: int
    through: int
    """All that was made here up to this position was left by then."""


@dataclass(slots=True)
class Place:
    """One mailbox, and how far we are with it."""

    box: Mailbox
    desk: Desk
    outgoing: Outgoing
    seen: Seen = ()
    """What we have durably read."""

    sent: list[Sent] = field(default_factory=list)
    out: deque[bytes] = field(default_factory=deque)
    """The envelopes of the letter that is being left."""

    posting: bool = False
    """The first of them is on its way."""

    fetching: bool = False
    """Something is being read."""

    more: bool = True
    """There may be more to read."""

    wants_snapshot: bool = False
    read_again: bool = False
    """Everything was read once more because something was missing."""

    dropped: int = 0
    """Updates that could not wait, when we last read them again."""

    dropped_at: int = -1
    """Position of our journal then: if it is still there, that was of no use."""

    doubt_at: float = float("-inf")
    """When everything was read once more, and a while: until then it would be too often."""

    missing: int = 0
    """Envelopes that are missing although everything was read once more."""

    caught_up: bool = False
    """It was read to its end since we opened it."""

    bulk: int = 0
    """Bytes of envelopes since the snapshot, about."""

    papers: bytes = b""
    """Digest of the papers that were left there last, by anybody."""

    complaints: dict[bytes, int] = field(default_factory=dict)
    """How many envelopes each device misses, as far as a snapshot was made for it."""

    answers: bool = False
    """The next snapshot is for somebody who misses something."""

    putting: bool = False
    """A snapshot is on its way."""

    pieces: int = 1
    """How many of the first blobs of the snapshot are its letter, as far as we know."""

    @property
    def has_kept_all(self) -> bool:
        """All that was read is durable here: a letter says so by itself."""
        return self.seen == self.box.seen

    @property
    def is_busy(self) -> bool:
        """Something is being read or left."""
        return bool(self.out) or self.more or self.fetching

    def postmark(self, roster: tuple[int, bytes]) -> Postmark:
        """What our envelopes say of what we have read."""
        return Postmark(roster, self.seen, self.missing)

    def begin_anew(self) -> None:
        """Read everything once more, and leave what is not there."""
        self.outgoing.doubt()
        self.papers = b""
        self.wants_snapshot = self.more = True
        self.caught_up = False

    def note_sent(self) -> None:
        """Note what others have who have read the letter that was left just now."""
        if through := self.outgoing.own_mailed:
            self.sent.append(Sent(self.desk.track, self.desk.seq, through))
            self.sent = _thinned(self.sent)

    def receipt(self, seen: Mapping[Track, int]) -> int:
        """Up to where a device has what was made here, by what it says to have read."""
        through = 0
        for sent in self.sent:
            if seen.get(sent.track, 0) < sent.seq:
                break
            through = sent.through
        return through

    def fact(self, relay: str, journal: Incarnation) -> bytes:
        """The fact that keeps where we are."""
        sent = [[sent.track, sent.seq, sent.through] for sent in self.sent]
        return pack(
            [
                _FORMAT,
                relay,
                self.box.keys.mailbox,
                journal,
                self.outgoing.mailed,
                sent,
                self.box.remember(),
                self.papers,
            ]
        )


def _thinned(sent: list[Sent]) -> list[Sent]:
    """Every other of the older ones, if there are too many."""
    if len(sent) <= MAX_SENT:
        return sent
    older, newer = sent[: -MAX_SENT // 4], sent[-MAX_SENT // 4 :]
    return older[1::2] + newer


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a fact says about where we were."""

    relay: str
    mailbox: MailboxId
    journal: Incarnation
    mailed: int
    sent: tuple[Sent, ...]
    read: bytes
    papers: bytes

    @classmethod
    def of(cls, fact: bytes | None) -> Remembered | None:
        """Read the fact; None: there is none, or it is of another version."""
        try:
            fields = unpack(fact or b"", _MAX_FACT, 8)
            sent = tuple(_sent(item) for item in items(fields[5], MAX_SENT))
        except MalformedPaper:
            return None
        if fields[0] != _FORMAT or type(fields[1]) is not str:
            return None
        return cls(
            fields[1],
            MailboxId(exactly(fields[2], 32)),
            Incarnation(some(fields[3])),
            number(fields[4]),
            sent,
            some(fields[6]),
            some(fields[7]),
        )


def _sent(value: object) -> Sent:
    fields: Fields = items(value, 3)
    return Sent(exactly(fields[0], 8), number(fields[1]), number(fields[2]))
