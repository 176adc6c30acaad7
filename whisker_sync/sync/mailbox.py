"""
One mailbox of a relay, as one device sees it: what it has read, and what it should find.

Rule 1: no I/O and no clock. Pages and snapshots that were fetched go in; letters, and what
is wrong with the relay, come back as values.

Rule 2: a relay is believed nothing. Whatever it repeats, swaps or invents changes nothing;
what it keeps back is missed, because envelopes have numbers, and each says what its
device has read.

Theory of operation
===================

A mailbox is a log that only grows at its end; to have read it to the end is to have all
that was left there. ``position`` says how far we are. A log that is shorter than that, or
that lives another life, was put back: it is read from its beginning once more.

Each session of a device is a **track**: its envelopes have the numbers 1, 2, 3 ... For each
track we know up to where nothing is missing, and what lies beyond. ``expected`` is the
greatest number that anybody knows of. What lies between is missing, once we are at the
end of the log; but a **snapshot** says for each track up to where it stands in, so that
what was trimmed is not missed.

A letter that came in several envelopes counts when all of them are here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from whisker_sync.errors import BadEnvelope, MalformedFrame, MalformedPaper
from whisker_sync.identity.canonical import Fields, exactly, items, number, pack, unpack
from whisker_sync.identity.envelope import Envelope, MailKeys, Postmark, Seen, Track, seen_of
from whisker_sync.ids import DeviceId, Incarnation, WorkspaceId
from whisker_sync.wire import letters
from whisker_sync.wire.limits import MAX_TRACKS
from whisker_sync.wire.messages import Covers, Message
from whisker_sync.wire.relay import Page

MAX_BEYOND = 4096
"""Numbers of one track that are kept behind a gap; what is beyond is missed as well."""

MAX_WAITING = 96 << 20
"""Bytes of letters that are not whole yet; beyond, those that began first are let go."""

_FORMAT = 1
_MAX_FACT = 1 << 24


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter that came in whole."""

    device: DeviceId
    """Who wrote it, as the signature proves."""

    public: bytes
    """The public key of that device."""

    track: Track
    """Which of its sessions."""

    postmark: Postmark
    """What the last of its envelopes said of the device."""

    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something in the mailbox is no envelope of ours, or no letter."""

    position: int
    """Where it lies; 0: in a snapshot."""

    problem: str


@dataclass(frozen=True, slots=True)
class Forgot:
    """The relay does not have any more what it had; we read from the beginning."""

    before: int
    """Up to where we had read."""

    now: int
    """Up to where the mailbox goes now."""


Outcome = Letter | Unreadable | Forgot


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What stands in for the entries of a mailbox up to a position."""

    incarnation: Incarnation
    covers: int
    blobs: tuple[bytes, ...]
    """Envelopes that carry one letter; behind them may be what it keeps besides."""


@dataclass(slots=True)
class _Reading:
    """What is known of one track."""

    upto: int = 0
    """Up to this number nothing is missing."""

    beyond: set[int] = field(default_factory=set)
    """Numbers that are here behind the first that is missing."""

    expected: int = 0
    """The greatest number that anybody knows of."""

    def add(self, numbers: Iterable[int]) -> None:
        self.beyond.update(n for n in numbers if n > self.upto)
        if len(self.beyond) > MAX_BEYOND:
            self.expected = max(self.expected, *self.beyond)
            self.beyond = set(sorted(self.beyond)[:MAX_BEYOND])
        self.cover(self.upto)

    def cover(self, upto: int) -> None:
        self.upto = max(self.upto, upto)
        while self.upto + 1 in self.beyond:
            self.upto += 1
        self.beyond = {n for n in self.beyond if n > self.upto}

    def has(self, seq: int) -> bool:
        return seq <= self.upto or seq in self.beyond

    @property
    def missing(self) -> int:
        return max(self.upto, self.expected, *self.beyond, 0) - self.upto - len(self.beyond)


class Mailbox:
    """
    One mailbox; see the module.

    ``remembered`` is what :meth:`remember` returned when this device last had it open.
    """

    def __init__(
        self, keys: MailKeys, workspace: WorkspaceId, remembered: bytes | None = None
    ) -> None:
        self.keys = keys
        self.incarnation = Incarnation(b"")
        """The life of the mailbox that we read; empty: there is none yet."""

        self.position = 0
        """Up to where we have read."""

        self.head = 0
        """Where the mailbox ended when we last heard of it."""

        self.trimmed = 0
        """Up to here only a snapshot can be read."""

        self._workspace = workspace
        self._heard = False  # of what there is, since we began or began again
        self._tracks: dict[Track, _Reading] = {}  # the one that was read last comes last
        self._pieces: dict[tuple[Track, int], dict[int, bytes]] = {}
        self._waiting = 0
        if remembered is not None:
            self._recall(remembered)

    # Reading.

    @property
    def needs_snapshot(self) -> bool:
        """Whether what comes next in the log builds on what can only be read as a snapshot."""
        return self.position < self.trimmed

    @property
    def at_end(self) -> bool:
        """Whether we have read all that there was when we last heard of it."""
        return self._heard and self.position >= self.head and not self.needs_snapshot

    @property
    def missing(self) -> int:
        """How many envelopes that we know of are not there; to be asked at the end only."""
        return sum(reading.missing for reading in self._tracks.values())

    def take(self, page: Page) -> list[Outcome]:
        """Read a page; what we had read already is passed over."""
        out: list[Outcome] = []
        if self._is_put_back(page.incarnation, page.head):
            out.append(Forgot(self.position, page.head))
            self.start_over()
            if page.start > 1:  # what lies before it is needed as well
                return out
        self.incarnation, self.head = page.incarnation, page.head
        self._heard = True
        self.trimmed = page.first - 1
        if self.needs_snapshot:
            return out
        for position, entry in enumerate(page.entries, page.start):
            if position > self.position:
                self.position = position
                out += self._open(entry.body, position)
        return out

    def pieces(self, snapshot: Snapshot | None) -> int:
        """How many of its first blobs are the letter of a snapshot; 0: it cannot be read."""
        if snapshot is None or not snapshot.blobs:
            return 0
        try:
            return Envelope.open(self.keys, self._workspace, snapshot.blobs[0]).count
        except BadEnvelope:
            return 0

    def take_snapshot(self, snapshot: Snapshot | None) -> list[Outcome]:
        """Read a snapshot, if there is one, and go on behind it or behind what was trimmed."""
        if snapshot is None:
            self.position = max(self.position, self.trimmed)
            return []
        if self.position and snapshot.incarnation != self.incarnation:
            out: list[Outcome] = [Forgot(self.position, snapshot.covers)]
            self.start_over()
            return out
        try:
            blobs = snapshot.blobs[: self.pieces(snapshot)] or snapshot.blobs
            letter = open_letter(self.keys, self._workspace, blobs)
        except (BadEnvelope, MalformedFrame) as problem:
            return [Unreadable(0, problem.problem)]
        if not any(isinstance(message, Covers) for message in letter.messages):
            return [Unreadable(0, "a snapshot that does not say what it stands in for")]
        self.incarnation = snapshot.incarnation
        self.position = max(self.position, self.trimmed, snapshot.covers)
        self.head = max(self.head, snapshot.covers)
        for covers in letter.messages:
            if isinstance(covers, Covers):
                for track, upto in covers.tracks:
                    self._reading(track).cover(upto)
        return [letter]

    def expect(self, track: Track, upto: int) -> None:
        """Say that envelopes are in the mailbox: we left them there, or another read them."""
        reading = self._reading(track)
        reading.expected = max(reading.expected, upto)

    def cover(self, track: Track, upto: int) -> None:
        """Say that we know what the envelopes of a session hold, whatever became of them."""
        self._reading(track).cover(upto)

    def start_over(self) -> None:
        """Read everything once more; what is expected stays so."""
        self.incarnation = Incarnation(b"")
        self.position = self.head = self.trimmed = 0
        self._heard = False
        self._pieces.clear()
        self._waiting = 0
        for reading in self._tracks.values():
            known = max(reading.expected, reading.upto, *reading.beyond, 0)
            reading.upto, reading.beyond, reading.expected = 0, set(), known

    # What we say of it.

    @property
    def seen(self) -> Seen:
        """What we have read, as an envelope says it."""
        return seen_of([(t, reading.upto) for t, reading in self._tracks.items() if reading.upto])

    @property
    def covers(self) -> Covers:
        """What a snapshot of all that we have read stands in for."""
        tracks = [(t, reading.upto) for t, reading in self._tracks.items() if reading.upto]
        return Covers(tuple(sorted(tracks[-MAX_TRACKS:])))

    def remember(self) -> bytes:
        """All that has to be known to go on reading here after a restart."""
        tracks = list(self._tracks.items())[-MAX_TRACKS:]
        known = [[t, r.upto, r.expected, sorted(r.beyond)] for t, r in tracks]
        return pack([_FORMAT, self.incarnation, self.position, self.head, known])

    def _recall(self, remembered: bytes) -> None:
        try:
            fields = unpack(remembered, _MAX_FACT, 5)
            known = [_track(item) for item in items(fields[4], MAX_TRACKS)]
        except MalformedPaper:
            return  # of another version: read everything once more
        if fields[0] != _FORMAT:
            return
        self.incarnation = Incarnation(exactly(fields[1], 0, 8))
        self.position, self.head = number(fields[2]), number(fields[3])
        self._tracks = dict(known)

    # Private methods.

    def _is_put_back(self, incarnation: Incarnation, head: int) -> bool:
        if not self.position:
            return False
        return incarnation != self.incarnation or head < self.position

    def _reading(self, track: Track) -> _Reading:
        reading = self._tracks.pop(track, None) or _Reading()
        self._tracks[track] = reading
        return reading

    def _open(self, sealed: bytes, position: int) -> list[Outcome]:
        try:
            envelope = Envelope.open(self.keys, self._workspace, sealed)
        except BadEnvelope as problem:
            return [Unreadable(position, problem.problem)]
        for track, upto in envelope.postmark.seen:
            self.expect(track, upto)
        if self._reading(envelope.track).has(envelope.seq):
            return []
        whole = self._assemble(envelope)
        if whole is None:
            return []
        first = envelope.seq - envelope.index
        self._reading(envelope.track).add(range(first, first + envelope.count))
        try:
            return [_letter(envelope, whole)]
        except MalformedFrame as problem:
            return [Unreadable(position, problem.problem)]

    def _assemble(self, envelope: Envelope) -> bytes | None:
        if envelope.count == 1:
            return envelope.piece
        key = (envelope.track, envelope.seq - envelope.index)
        pieces = self._pieces.setdefault(key, {})
        if envelope.index not in pieces:
            self._waiting += len(envelope.piece)
            pieces[envelope.index] = envelope.piece
        whole = None
        if len(pieces) == envelope.count:
            whole = b"".join(pieces[index] for index in range(envelope.count))
        if whole is not None or self._waiting > MAX_WAITING:
            done = key if whole is not None else next(iter(self._pieces))
            self._waiting -= sum(map(len, self._pieces.pop(done).values()))
        return whole


def open_letter(keys: MailKeys, workspace: WorkspaceId, blobs: Sequence[bytes]) -> Letter:
    """
    The one letter that all of some envelopes carry, in whatever order they are.

    Raises:
        BadEnvelope: They are none of this workspace, not all, or not of one letter.
        MalformedFrame: They carry no letter.
    """
    found = open_letters(keys, workspace, blobs)
    if len(found) > 1:
        raise BadEnvelope("a letter put together from several")
    return found[0]


def open_letters(
    keys: MailKeys, workspace: WorkspaceId, blobs: Sequence[bytes]
) -> tuple[Letter, ...]:
    """
    All letters of a session, in their order, from its envelopes in whatever order they are.

    Raises:
        BadEnvelope: They are none of this workspace, not all, or not of one session.
        MalformedFrame: They carry no letters.
    """
    envelopes = [Envelope.open(keys, workspace, blob) for blob in blobs]
    envelopes.sort(key=lambda envelope: envelope.seq)
    if len({envelope.track for envelope in envelopes}) > 1:
        raise BadEnvelope("a letter put together from several")
    found: list[Letter] = []
    pieces: list[bytes] = []
    for envelope, after in zip(envelopes, (None, *envelopes), strict=False):
        if envelope.index != len(pieces) or (after is not None and after.seq + 1 != envelope.seq):
            raise BadEnvelope("a letter that is not whole")
        pieces.append(envelope.piece)
        if len(pieces) == envelope.count:
            found.append(_letter(envelope, b"".join(pieces)))
            pieces.clear()
    if pieces or not found:
        raise BadEnvelope("a letter that is not whole")
    return tuple(found)


def _letter(envelope: Envelope, whole: bytes) -> Letter:
    messages = letters.read(whole, envelope.device)
    return Letter(envelope.device, envelope.public, envelope.track, envelope.postmark, messages)


def _track(value: object) -> tuple[Track, _Reading]:
    fields: Fields = items(value, 4)
    if len(fields) != 4:
        raise MalformedPaper("something else than a track")
    beyond = {number(seq) for seq in items(fields[3], MAX_BEYOND)}
    return exactly(fields[0], 8), _Reading(number(fields[1]), beyond, number(fields[2]))
