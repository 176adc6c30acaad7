"""
All connections of this device: who is there, what is sent to them, and when somebody is due.

Rule 1: whatever is sent goes through :meth:`Lines.send`. There it is counted, and there nobody
hears anything any more whose conversation is over.

Rule 2: a conversation is *live* from the other side's hello to the end. Only those who are live
count as connected.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from whisker_sync.ids import DeviceId, LinkId
from whisker_sync.peer.conversation import Conversation
from whisker_sync.peer.effects import Effect, Hangup, Send
from whisker_sync.peer.library import Library
from whisker_sync.peer.statistics import FACT, Statistics
from whisker_sync.sync.session import Session, State
from whisker_sync.wire.codec import encode
from whisker_sync.wire.limits import MAX_LINKED
from whisker_sync.wire.messages import Links, Message

WITHOUT_A_WORD = ""
"""The reason that strangers are given when they are hung up on."""

_NEVER = float("inf")


class Lines:
    """See the module."""

    def __init__(self, device: DeviceId, library: Library) -> None:
        self.statistics = Statistics(library.facts.get(FACT))
        """Figures about the exchange with each device."""

        self._device = device
        self._library = library
        self._conversations: dict[LinkId, Conversation] = {}
        self._encoded: tuple[tuple[Message], tuple[bytes, ...]] | None = None

    # Who is there.

    def __iter__(self) -> Iterator[Conversation]:
        return iter(self._conversations.values())

    def get(self, link: LinkId) -> Conversation | None:
        """The conversation on a link; None: it has ended."""
        return self._conversations.get(link)

    def session(self, link: LinkId) -> Session | None:
        """The session on a link; None: there is none (any more)."""
        conversation = self._conversations.get(link)
        return None if conversation is None else conversation.session

    def live(self) -> list[tuple[Conversation, Session]]:
        """Those with whom we talk; the oldest connection first."""
        return [
            (conversation, session)
            for conversation in self._conversations.values()
            if (session := conversation.session) is not None
            and session.state is State.LIVE
            and not conversation.over
        ]

    def connected(self) -> frozenset[DeviceId]:
        """The devices with which we talk."""
        return frozenset([session.device for _, session in self.live()])

    @property
    def settled(self) -> bool:
        """Nothing is under way on any line."""
        sessions = [c.session for c in self._conversations.values() if not c.over]
        return all(session is not None and session.settled for session in sessions)

    @property
    def in_flight(self) -> int:
        """Bytes that were given to a link and have not left yet, on the link with the most."""
        sessions = [c.session for c in self._conversations.values()]
        return max((session.in_flight for session in sessions if session is not None), default=0)

    # What happens.

    def add(self, conversation: Conversation) -> None:
        """A connection was opened."""
        self._conversations[conversation.link] = conversation

    def end(self, link: LinkId) -> Conversation | None:
        """A connection ended; what it was, unless it was none of ours."""
        conversation = self._conversations.pop(link, None)
        if conversation is not None:
            self.statistics.left(link)
            self.keep_statistics()
        return conversation

    def keep_statistics(self) -> None:
        """Have the figures kept when something else is written anyway."""
        self._library.remember(FACT, self.statistics.fact(), soon=False)

    def drained(self, link: LinkId) -> bool:
        """All that was given to a link has left; whether anything may have waited for that."""
        session = self.session(link)
        if session is None:
            return False
        was_full, session.in_flight = session.is_full, 0
        return was_full

    def stir(self, now: float) -> None:
        """Something changed here: nobody may hold the same any more."""
        live = self.live()
        self.statistics.stirred(frozenset([session.device for _, session in live]), now)
        for _, session in live:
            session.stir(now)

    # What is said.

    def send(self, conversation: Conversation, message: Message) -> Iterator[Effect]:
        """Say something, unless the conversation is over."""
        if conversation.over:
            return
        session = conversation.session
        for frame in self._encode(message):
            if session is not None:
                session.in_flight += len(frame)
                self.statistics.of(session.device).sent_bytes += len(frame)
            yield Send(conversation.link, frame)

    def last_word(self, conversation: Conversation, message: Message) -> Iterator[Effect]:
        """Say one thing more to somebody to whom nothing else is said, and hang up."""
        assert conversation.over
        if self._conversations.get(conversation.link) is conversation:
            for frame in self._encode(message):
                yield Send(conversation.link, frame)
            yield Hangup(conversation.link, WITHOUT_A_WORD)

    def tell_links(self) -> Iterator[Effect]:
        """Tell everybody to whom else we are linked, if that is another now."""
        live = self.live()
        linked = frozenset(sorted({session.device for _, session in live})[:MAX_LINKED])
        for conversation, session in live:
            told = linked - {session.device}
            if told != conversation.told_links:
                conversation.told_links = told
                yield from self.send(conversation, Links(tuple(sorted(told))))

    def hang_up_silent(self, now: float, but: Collection[LinkId]) -> Iterator[Effect]:
        """Hang up on who has not said in time who they are, or hello; ``but`` those may wait."""
        for conversation in self._conversations.values():
            late = conversation.is_silent and conversation.until <= now
            if late and conversation.link not in but:
                conversation.until = _NEVER
                conversation.stranger = True
                yield Hangup(conversation.link, WITHOUT_A_WORD)

    def answers_due(self) -> float:
        """Until when somebody may take to answer what we asked; somebody is live."""
        return max(session.answer_due for _, session in self.live())

    def deadline(self, *, at_rest: bool) -> float:
        """When somebody is due; ``at_rest``: all is durable, complete and in the files."""
        times = [c.until for c in self._conversations.values() if c.is_silent]
        times += [self._due(session, at_rest=at_rest) for _, session in self.live()]
        return min(times, default=_NEVER)

    # Private methods.

    def _due(self, session: Session, *, at_rest: bool) -> float:
        deadline = session.deadline(self._library)
        if deadline is None:
            return _NEVER
        if session.lacks(self._library):  # its turn to ask comes when the others have been answered
            return max(deadline, self.answers_due())
        return deadline if at_rest else _NEVER

    def _encode(self, message: Message) -> tuple[bytes, ...]:
        # The same push often goes to many links: it is encoded once.
        if self._encoded is not None and self._encoded[0] == (message,):
            return self._encoded[1]
        frames = encode(message, self._device)
        self._encoded = ((message,), frames)
        return frames
