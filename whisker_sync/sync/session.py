"""
One conversation with one other device of the workspace.

Rule 1: a session does no I/O and has no clock. Messages go in through
:meth:`Session.receive`, what to say and what to do comes back as values.

Rule 2: a session is symmetric. Nothing in this file treats the side that
dialled differently.

Rule 3: correctness rests on comparing fingerprints at rest, and on nothing
else. Cursors, acks and the list of links only make it fast: whatever they get
wrong, the next rest sees, and a :class:`Catch` mends.

Rule 4: a device that may only read gives nothing to others (``mute``), and nobody asks it
for anything (``deaf``). What it passes on nobody could tell from what it made up.

Theory of operation
===================

Each device has a journal, a numbered list of all updates it knows, its own and
those of others. To be in sync with somebody means to have read their journal to
its end. So sending is nothing but reading our own journal on behalf of the
other side: ``_sent`` is how far we have read. Live typing, a slow network and
coming back after a week are the same loop (:meth:`Session.pump`); when it is
behind, it merges many records into one.

Each side says ``Hello`` with its cursor, the position in the *other's* journal
up to which it durably holds everything::

    GREETING ---Hello--> LIVE ---Bye--> CLOSED

* Equal fingerprints: nothing to do.
* A usable cursor: reading starts there. One round trip, and only what is missing.
* No usable cursor (first meeting, restored backup, compacted journal): the side
  without one says ``Catch`` with its state vectors, and the answer is computed
  from the documents. Until that answer nothing is announced, because news that
  build on what the other side lacks would be a gap in its history.

When nothing has happened for a moment and all is durable, each side says
``Rest`` with its fingerprint; at once who has just caught up, and who hears
that of the other. Equal: both hold the same, whatever way it came.
Unequal: ``Catch``.

In a mesh, a record goes only to its author's direct peers: we skip what the
other side gets from a device that it is linked to itself. Then we may no longer
promise that it has everything (``_complete`` stays behind ``_sent``) until the
next rest; and if it loses that link, we go back and send what we skipped.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from whisker_sync.errors import LimitExceeded, UnexpectedMessage
from whisker_sync.ids import DeviceId, Incarnation
from whisker_sync.record import Entry, Record
from whisker_sync.wire.limits import MAX_RECORDS
from whisker_sync.wire.messages import (
    Ack,
    Asset,
    Bye,
    Catch,
    Hello,
    Holding,
    Links,
    Message,
    Push,
    Reject,
    Rest,
    WantAsset,
)

WINDOW = 256 * 1024
"""Bytes on their way to the network before a session waits; then news pile up and are merged."""

PUSH_BYTES = 128 * 1024
"""Bytes of updates in one push, about: small enough that other links get their turn."""

REST_SECONDS = 0.2
"""How long nothing must happen before fingerprints are compared."""

CATCH_SECONDS = 1.0
"""The least time between two requests for everything that is missing, on one conversation."""

AGAIN_SECONDS = 30.0
"""After so long we ask once more, if something still waits for what nobody has sent: whoever
answered before may have had to let go of something since."""

ANSWER_SECONDS = 10.0
"""How long others wait their turn while one device answers such a request."""

MAX_ASKED = 120
"""Such requests of the other side in :data:`ASKED_SECONDS`; it has no reason for half as many."""

ASKED_SECONDS = 60.0
"""See :data:`MAX_ASKED`."""

MAX_CATCHES = 3
"""Requests without any effect before we say that two devices disagree."""


class Library(Protocol):
    """What a session has to know about the documents and the journal of its device."""

    @property
    def device(self) -> DeviceId:
        """Ourselves."""

    @property
    def incarnation(self) -> Incarnation:
        """The life of our journal."""

    @property
    def head(self) -> int:
        """The newest position in our journal."""

    @property
    def tellable(self) -> int:
        """The newest position that is safe on disk, and that others may know."""

    @property
    def sendable(self) -> int:
        """The newest position that may be sent: what came from files only when durable."""

    @property
    def at_rest(self) -> bool:
        """All is durable, and nothing waits for what it builds on."""

    @property
    def waits(self) -> bool:
        """Something waits for what it builds on."""

    def entries(self, after: int, room: int) -> Sequence[Entry] | None:
        """Sendable entries after a position, some ``room`` bytes; None: they are on disk only."""

    def fingerprint(self) -> bytes:
        """16 bytes over all documents."""

    def holdings(self) -> tuple[Holding, ...]:
        """What we hold of each document."""

    def missing(self, holdings: Sequence[Holding]) -> tuple[Record, ...]:
        """Records that bring a holder of ``holdings`` up to date."""

    def coalesce(self, records: Sequence[Record]) -> tuple[Record, ...]:
        """The same news in as few records as possible."""


class State(Enum):
    """Where a conversation stands."""

    GREETING = "waiting for a hello"
    LIVE = "in conversation"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class News:
    """A push came in; its records are to be merged, then :meth:`Session.settle` is due."""

    number: int
    """Counts the pushes of this conversation, from 1."""

    through: int
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class ReadOn:
    """Entries after a position are needed from disk; :meth:`Session.resume` takes them."""

    after: int


@dataclass(frozen=True, slots=True)
class Asked:
    """The other side wants the content of a binary file."""

    asset: bytes


@dataclass(frozen=True, slots=True)
class Came:
    """The other side sent the content of a binary file, or lacks it as well."""

    asset: bytes
    content: bytes | None


@dataclass(frozen=True, slots=True)
class Matched:
    """Both sides were seen to hold exactly the same."""


@dataclass(frozen=True, slots=True)
class Disagreed:
    """Both sides have everything of each other, and yet do not hold the same."""


@dataclass(frozen=True, slots=True)
class Declined:
    """The other side will never take in something that we sent."""

    document: str
    reason: str
    spans: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """The other side said goodbye."""

    reason: str


Outcome = Message | News | ReadOn | Asked | Came | Matched | Disagreed | Declined | Ended
"""A message to send, or something to do for whoever runs the session."""


class Session:
    """
    One side of a conversation; ``ours`` is the hello that it says first.

    ``mute``: we may only read, and give nothing; ``deaf``: so may the other side.
    """

    def __init__(
        self, device: DeviceId, ours: Hello, now: float, *, mute: bool = False, deaf: bool = False
    ) -> None:
        self.device = device
        self.mute = mute
        self.deaf = deaf
        self.ours = ours
        self.theirs: Hello | None = None
        self.state = State.GREETING
        self.linked: frozenset[DeviceId] = frozenset()
        self.in_sync = False
        self.acked = 0  # our own records up to here are durable at the other side
        self.cursor = 0  # we durably hold their journal up to here, or will with the next batch
        self.in_flight = 0  # bytes given to the link since it was last empty
        self._sent: int | None = None
        self._complete = 0
        self._gap = False  # something at or before _sent was skipped
        self._reading: int | None = None  # entries after this one were asked from disk
        self._owed: Catch | None = None
        self._asked_us: deque[float] = deque(maxlen=MAX_ASKED)  # when
        self._pushes_sent: deque[tuple[int, int]] = deque()  # number, _sent after it
        self._pushes_acked = 0
        self._last_push = 0
        self._pushes_heard = 0
        self._unsettled: deque[tuple[int, int | None]] = deque()  # number, ticket
        self._active = now  # when something last changed, came or went
        self.behind = False  # we lack something that the other side has; ask() is due
        self._asked = False  # we did ask, and the answer is on its way
        self._asked_at = now - CATCH_SECONDS
        self._caught_up = False  # with what came last we have what they had at their hello
        self._catches = 0
        self._rest_told: Rest | None = None
        self._rest_heard: Rest | None = None
        self._rest_stale = False  # something changed here since we heard their rest
        self._resting = False

    def is_up_to_date(self, library: Library) -> bool:
        """Whether all that may be sent has been given to the link."""
        return self._sent is not None and self._sent >= library.sendable

    @property
    def is_full(self) -> bool:
        """Whether so much is on its way that the rest waits until the link has drained."""
        return self.in_flight >= WINDOW

    # Public methods for what arrives.

    def receive(self, message: Message, library: Library, now: float) -> list[Outcome]:
        """
        Take one message of the other side.

        Raises:
            UnexpectedMessage: It may not say that now.
        """
        match self.state, message:
            case State.GREETING, Hello():
                return self._greet(message, now)
            case State.LIVE, Push(through, records):
                return self._hear_push(through, records, now)
            case State.LIVE, Ack(pushes):
                self._hear_ack(pushes)
            case State.LIVE, Rest():
                self._rest_heard, self._rest_stale, self._resting = message, False, False
                if message.fingerprint == library.fingerprint():
                    self.behind = False  # what we were about to ask for has come another way
            case State.LIVE, Catch():
                self._hear_catch(message, now)
            case State.LIVE, Links(linked):
                self._hear_links(frozenset(linked))
            case State.LIVE, WantAsset(asset):
                return [Asked(asset)]
            case State.LIVE, Reject(document, _, reason, spans):
                return [Declined(document, reason, spans)]
            case State.LIVE, Asset(asset, content):
                return [Came(asset, content)]
            case ((State.GREETING | State.LIVE), Bye(reason)):
                self.state = State.CLOSED
                return [Ended(reason)]
            case State.CLOSED, _:
                pass  # on its way when we closed
            case state, _:
                raise UnexpectedMessage(type(message).__name__, state.value)
        return []

    def settle(self, number: int, ticket: int | None) -> None:
        """Say which ticket makes a push durable; None: part of it waits for what it builds on."""
        self._unsettled.append((number, ticket))

    def unblock(self, ticket: int) -> None:
        """Say that nothing waits any more, and which ticket makes it all durable."""
        self._unsettled = deque((number, due or ticket) for number, due in self._unsettled)

    def resume(self, entries: Sequence[Entry], library: Library, now: float) -> list[Outcome]:
        """Take the entries that :class:`ReadOn` asked for."""
        after, self._reading = self._reading, None
        if after != self._sent:  # meanwhile all was sent, or less was than we thought
            return []
        if not entries:  # compacted meanwhile: a new conversation starts from the documents
            self.state = State.CLOSED
            return [Bye("the journal was compacted"), Ended("the journal was compacted")]
        return self._push(entries, library, now)

    # Public methods for what to say.

    def pump(self, library: Library, now: float) -> list[Outcome]:
        """News for the other side, as much as the window takes."""
        out: list[Outcome] = []
        if self._owed is not None and library.sendable == library.head:
            out += self._answer(self._owed, library, now)
        while self._wants_more(library):
            assert self._sent is not None
            entries = library.entries(self._sent, PUSH_BYTES)
            if entries is None:
                self._reading = self._sent
                out.append(ReadOn(self._sent))
            else:
                out += self._push(entries, library, now)
        return out

    def acknowledge(self, committed: int) -> list[Outcome]:
        """An ack, if tickets up to ``committed`` made more pushes durable."""
        number = 0
        while self._unsettled:
            first, ticket = self._unsettled[0]
            if ticket is None or ticket > committed:
                break
            number = first
            self._unsettled.popleft()
        return [Ack(number)] if number else []

    def rest(self, library: Library, now: float) -> list[Outcome]:
        """Compare fingerprints, if it is time to."""
        if not self._may_rest(library) or now < self._rest_due():
            return []
        self._resting = True
        ours = Rest(library.head, library.fingerprint())
        out: list[Outcome] = []
        if ours != self._rest_told:
            self._rest_told = ours
            out.append(ours)
        if self._rest_heard is not None:
            out += self._compare(ours, self._rest_heard)
        return out

    def ask(self, library: Library, now: float) -> list[Outcome]:
        """Ask for all that we lack, if we are behind. Whoever has several sessions asks in turn."""
        if self.state is not State.LIVE or not self.lacks(library) or now < self._ask_due():
            return []
        self.behind, self._asked, self._asked_at = False, True, now
        return [Catch(library.holdings())]

    def lacks(self, library: Library) -> bool:
        """Whether we know of something that we lack and the other side may have."""
        return self.behind or (library.waits and not self.deaf)

    def _ask_due(self) -> float:
        return self._asked_at + (CATCH_SECONDS if self.behind else AGAIN_SECONDS)

    @property
    def answer_due(self) -> float:
        """Until when the other side may take to answer what we asked; it passed if we did not."""
        return self._asked_at + ANSWER_SECONDS if self._asked else float("-inf")

    def deadline(self, library: Library) -> float | None:
        """When :meth:`rest` or :meth:`ask` is due; None: not before something happens."""
        if self.state is State.LIVE and self.lacks(library):
            return self._ask_due()
        return self._rest_due() if self._may_rest(library) else None

    def stir(self, now: float) -> None:
        """Something changed here: we may not hold the same any more."""
        self._catches = 0
        self._wake(now)

    @property
    def settled(self) -> bool:
        """Nothing is under way in either direction."""
        return self.in_sync and not self._unsettled and not self._pushes_sent

    # Private methods for what arrives.

    def _greet(self, theirs: Hello, now: float) -> list[Outcome]:
        # Both sides decide from the same two hellos, so that they decide alike.
        self.theirs, self.state = theirs, State.LIVE
        self.linked = frozenset(theirs.linked)
        self._active = now
        ours = self.ours
        if ours.fingerprint and ours.fingerprint == theirs.fingerprint:
            self._sent = self._complete = ours.head
            self._rest_told = Rest(ours.head, ours.fingerprint)
            self._rest_heard = Rest(theirs.head, theirs.fingerprint)
            self._resting = True
            return self._match(theirs.head, ours.head)
        if _usable(theirs, ours):
            self._sent = self._complete = self.acked = theirs.cursor
        if _usable(ours, theirs):
            self.cursor = ours.cursor
        else:
            self.behind = not self.deaf
        return []

    def _hear_push(self, through: int, records: tuple[Record, ...], now: float) -> list[Outcome]:
        self._pushes_heard += 1
        assert self.theirs is not None
        self._asked = False
        self._caught_up = self.cursor < self.theirs.head <= through
        self._forget_rest(now)
        return [News(self._pushes_heard, through, records)]

    def _forget_rest(self, now: float) -> None:
        """What either side said at rest is void once there are news."""
        self._rest_told = self._rest_heard = None
        self._wake(now)

    def _wake(self, now: float) -> None:
        self._active = now
        self.in_sync = self._resting = False
        self._rest_stale = True

    def _hear_ack(self, pushes: int) -> None:
        if not self._pushes_acked < pushes <= self._last_push:
            raise UnexpectedMessage(f"an ack of {pushes} pushes", f"{self._last_push} were sent")
        self._pushes_acked = pushes
        while self._pushes_sent and self._pushes_sent[0][0] <= pushes:
            self.acked = max(self.acked, self._pushes_sent.popleft()[1])

    def _hear_catch(self, catch: Catch, now: float) -> None:
        # An answer costs us a look at all documents, and the question costs nothing.
        if len(self._asked_us) == MAX_ASKED and now < self._asked_us[0] + ASKED_SECONDS:
            raise LimitExceeded("requests for everything", MAX_ASKED + 1, MAX_ASKED)
        self._asked_us.append(now)
        self._owed = catch

    def _hear_links(self, linked: frozenset[DeviceId]) -> None:
        if self._gap and not linked >= self.linked:
            self._sent, self._gap = self._complete, False
        self.linked = linked

    # Private methods for what to say.

    def _may_rest(self, library: Library) -> bool:
        return (
            self.state is State.LIVE
            and not self._resting
            and not self.behind
            and self._owed is None
            and (self.mute or self._sent == library.head)
            and library.at_rest
        )

    def _rest_due(self) -> float:
        """When fingerprints are compared: at once by who has caught up, and by who hears theirs."""
        heard = self._rest_heard is not None and not self._rest_stale
        return self._active + (0.0 if heard or self._caught_up else REST_SECONDS)

    def _wants_more(self, library: Library) -> bool:
        return (
            self.state is State.LIVE
            and not self.mute
            and self._sent is not None
            and self._sent < library.sendable
            and not self.is_full
            and self._reading is None
        )

    def _push(self, entries: Sequence[Entry], library: Library, now: float) -> list[Outcome]:
        others = [entry for entry in entries if entry.source != self.device]
        # What was made here comes from us, whatever way they know us besides.
        elsewhere = self.linked - {library.device}
        wanted = [entry for entry in others if entry.source not in elsewhere]
        if len(wanted) < len(others):
            self._gap = True
        self._sent = entries[-1].seq
        if not self._gap:
            self._complete = self._sent
        if not wanted:
            return []
        return [self._say_push(library.coalesce([entry.record for entry in wanted]), library, now)]

    def _answer(self, catch: Catch, library: Library, now: float) -> list[Outcome]:
        self._owed = None
        records = () if self.mute else library.missing(catch.holdings)
        self._sent = self._complete = library.head
        self._gap = False
        cuts = range(0, max(len(records), 1), MAX_RECORDS)
        return [self._say_push(records[cut : cut + MAX_RECORDS], library, now) for cut in cuts]

    def _say_push(self, records: tuple[Record, ...], library: Library, now: float) -> Push:
        assert self._sent is not None
        self._last_push += 1
        self._caught_up = False
        self._pushes_sent.append((self._last_push, self._sent))
        self._forget_rest(now)
        # After a crash our journal may use a position again that was never durable,
        # so nobody may believe to hold it already.
        return Push(min(self._complete, library.tellable), records)

    def _compare(self, ours: Rest, theirs: Rest) -> list[Outcome]:
        if ours.fingerprint == theirs.fingerprint:
            return self._match(theirs.head, ours.head)
        if self._rest_stale:  # they spoke before our latest change, and are about to hear of it
            return []
        if self.deaf:
            return []  # they ask if they lack something; what we lack comes from others
        self._rest_heard = None
        if self._catches == MAX_CATCHES:
            return [Disagreed()]  # what we told stands, or both would say theirs again for ever
        self._rest_told = None
        self._catches += 1
        self.behind = True
        self._resting = False
        return []

    def _match(self, their_head: int, our_head: int) -> list[Outcome]:
        self.cursor = max(self.cursor, their_head)
        self.acked = max(self.acked, our_head)
        self._complete, self._gap = our_head, False
        self._catches = 0
        self.behind = False
        if self.in_sync:
            return []
        self.in_sync = True
        return [Matched()]


def _usable(reader: Hello, writer: Hello) -> bool:
    """Whether the reader's cursor points into what the writer's journal still has."""
    known = reader.cursor_of == writer.incarnation
    return known and writer.first - 1 <= reader.cursor <= writer.head
