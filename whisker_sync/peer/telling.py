"""
The history as effects: what is filed, who is told of it, what is read for others.

Which revisions there are, and what two sides lack of each other's, is for
:class:`~whisker_sync.peer.history.History` to say. Here that becomes entries of the journal and
messages; and nobody is told of a revision before it is durable.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence

from whisker_sync.batch import Recalled
from whisker_sync.ids import DeviceId, LinkId
from whisker_sync.peer.conversation import Conversation
from whisker_sync.peer.effects import Effect, ReadRevisions
from whisker_sync.peer.history import Fetch, Filed, History, Said
from whisker_sync.peer.inputs import RevisionsRead
from whisker_sync.peer.library import Library
from whisker_sync.peer.lines import Lines
from whisker_sync.revision import Revision, decode, split
from whisker_sync.sync.session import Session
from whisker_sync.wire.messages import HistoryMessage, Revisions, Shelves

ANSWER_BYTES = 4 << 20
"""Bytes of revisions in one answer, unless one alone has more."""


class Telling:
    """See the module."""

    def __init__(self, recalled: Recalled, library: Library, lines: Lines) -> None:
        self._history = History(recalled.revisions, recalled.history_from)
        self._library = library
        self._lines = lines
        self._filed: deque[tuple[int, Revision, LinkId | None]] = deque()  # not told yet
        self._own: deque[tuple[int, bytes]] = deque()  # of our own, not left at a relay yet

    def file(self, revision: Revision) -> None:
        """Take a revision of our own into the history, in parts if it is large."""
        for part in split(revision):
            if self._history.file(part):
                self._library.file(part)
                self._filed.append((self._library.due, part, None))
                self._own.append((self._library.due, part.encoded))

    def own(self) -> Iterator[bytes]:
        """Revisions of our own that are durable, each once."""
        while self._own and self._own[0][0] <= self._library.committed:
            yield self._own.popleft()[1]

    def take(self, encoded: Sequence[bytes]) -> None:
        """Take in revisions that a letter brought."""
        for revision in filter(None, map(decode, encoded)):
            if self._history.file(revision):
                self._library.file(revision)
                self._filed.append((self._library.due, revision, None))

    def shelves(self) -> Shelves:
        """What history is here."""
        return self._history.said()

    def days_unlike(self, theirs: Mapping[int, bytes] | None) -> frozenset[int] | None:
        """The days of which another history has not what ours has; None: nothing is known of it."""
        if theirs is None:
            return None
        return frozenset(day for day, sum_ in self.shelves().sums if theirs.get(day) != sum_)

    # The others.

    def came(self, link: LinkId, device: DeviceId) -> None:
        """A conversation began."""
        self._history.came(link, device)

    def left(self, link: LinkId) -> None:
        """A connection ended."""
        self._history.left(link)

    def hear(
        self, conversation: Conversation, session: Session, message: HistoryMessage
    ) -> Iterator[Effect]:
        """
        Take what the other side says of its history.

        Raises:
            ProtocolError: See :meth:`History.hear`.
        """
        heard = self._history.hear(conversation.link, message, deaf=session.deaf)
        yield from self._carry_out(conversation, heard)

    def answer(self, read: RevisionsRead) -> Iterator[Effect]:
        """Send what was asked for, as much as fits; the other side asks for the rest."""
        conversation = self._lines.get(read.link)
        if conversation is None:
            return
        fit: list[bytes] = []
        room = ANSWER_BYTES
        for encoded in read.revisions:
            room -= len(encoded or b"")
            if room < 0 and fit:
                break
            fit.append(encoded or b"")
        yield from self._lines.send(conversation, Revisions(asked=True, revisions=tuple(fit)))

    def spread_news(self) -> Iterator[Effect]:
        """Tell everybody of revisions that are durable here, but who has heard of them."""
        while self._filed and self._filed[0][0] <= self._library.committed:
            _, revision, source = self._filed.popleft()
            origin = self._lines.session(source) if source is not None else None
            heard = frozenset[DeviceId]()
            if origin is not None:
                heard = origin.linked | {origin.device}
            news = Revisions(asked=False, revisions=(revision.encoded,))
            for conversation, session in self._lines.live():
                # Whoever is slow or behind finds out at rest.
                is_free = session.is_up_to_date(self._library) and not session.is_full
                if is_free and not session.mute and session.device not in heard:
                    yield from self._lines.send(conversation, news)

    def compare(self) -> Iterator[Effect]:
        """Find out, at rest, what of two histories the other side lacks."""
        for conversation, session in self._lines.live():
            if session.in_sync and not conversation.superseded:
                yield from self._carry_out(conversation, self._history.rest(conversation.link))

    # Private methods.

    def _carry_out(self, conversation: Conversation, said: Sequence[Said]) -> Iterator[Effect]:
        for item in said:
            match item:
                case Fetch(ids):
                    yield ReadRevisions(conversation.link, ids)
                case Filed(revisions, news):
                    for revision in revisions:
                        self._library.file(revision)
                        if news:
                            self._filed.append((self._library.due, revision, conversation.link))
                case message:
                    yield from self._lines.send(conversation, message)
