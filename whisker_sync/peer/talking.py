"""
Talking with members: what they say becomes news, answers and notes; and whose turn it is.

What is said when is for :class:`~whisker_sync.sync.session.Session` to say; what it wants done is
passed on here to whoever knows how. So this is the one place where a message is sorted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple

from whisker_sync.errors import UnexpectedMessage
from whisker_sync.identity.keys import fingerprint
from whisker_sync.ids import Address, LinkId
from whisker_sync.peer import events
from whisker_sync.peer.acquaintances import Acquaintances
from whisker_sync.peer.circle import KNOWN, Circle
from whisker_sync.peer.conversation import Conversation, Exchanged
from whisker_sync.peer.dialing import Dialing
from whisker_sync.peer.doubles import Doubles
from whisker_sync.peer.effects import Effect, Hangup, ReadLog, Tell
from whisker_sync.peer.library import Library
from whisker_sync.peer.lines import Lines
from whisker_sync.peer.merging import Merging
from whisker_sync.peer.presence import Presence
from whisker_sync.peer.put_back import PutBack
from whisker_sync.peer.showing import Showing
from whisker_sync.peer.splits import Splits
from whisker_sync.peer.telling import Telling
from whisker_sync.record import Entry, Record
from whisker_sync.sync.session import (
    Asked,
    Came,
    Declined,
    Disagreed,
    Ended,
    Matched,
    News,
    Outcome,
    ReadOn,
    Session,
    State,
)
from whisker_sync.wire.codec import decode
from whisker_sync.wire.messages import Ack, Bye, Hello, HistoryMessage, Members, Part, Present, Push

READ_BYTES = 1 << 20
"""Bytes of entries that are read from the journal at a time, for somebody who is behind."""


class Talking:
    """See the module."""

    def __init__(
        self,
        library: Library,
        lines: Lines,
        circle: Circle,
        acquaintances: Acquaintances,
        dialing: Dialing,
        doubles: Doubles,
        splits: Splits,
        put_back: PutBack,
        telling: Telling,
        showing: Showing,
        merging: Merging,
        presence: Presence,
    ) -> None:
        self._library = library
        self._lines = lines
        self._circle = circle
        self._acquaintances = acquaintances
        self._dialing = dialing
        self._doubles = doubles
        self._splits = splits
        self._put_back = put_back
        self._telling = telling
        self._showing = showing
        self._merging = merging
        self._presence = presence
        self._told_what_stays = False

    # What is heard.

    def hear(
        self, conversation: Conversation, session: Session, frame: bytes, now: float
    ) -> Iterator[Effect]:
        """
        Hear a member.

        Raises:
            ProtocolError, Refused, DocumentError, MembershipError: It is not to be understood,
                or nothing that may be said now.
            EngineFailure: The engine broke over it; the process has to start again.
        """
        statistics = self._lines.statistics
        statistics.of(session.device).received_bytes += len(frame)
        message = decode(frame, session.device)
        if isinstance(message, Part):
            whole = conversation.assembly.add(message, session.device)
            if whole is None:
                return
            message = whole
        if isinstance(message, HistoryMessage):
            if session.state is not State.LIVE:
                raise UnexpectedMessage(type(message).__name__, session.state.value)
            yield from self._telling.hear(conversation, session, message)
            return
        if isinstance(message, Present):
            if session.state is not State.LIVE:
                raise UnexpectedMessage(type(message).__name__, session.state.value)
            yield from self._presence.hear(session.device, message, now)
            return
        if isinstance(message, Members):
            yield from self._circle.take(conversation, message, now)
            return
        acked = session.acked
        said = session.receive(message, self._library, now)
        if session.acked > acked:
            yield Tell(events.Delivered(session.device, session.acked))
        if isinstance(message, Ack):
            statistics.acked(conversation.link, session.device, message.pushes, now)
        if isinstance(message, Bye) and message.reason == KNOWN:
            self._circle.heard_goodbye(session.device)
        if isinstance(message, Hello):
            yield from self._greeted(conversation, session, message, now)
        yield from self._carry_out(conversation, session, said, now)

    def read_on(self, link: LinkId, entries: Sequence[Entry], now: float) -> Iterator[Effect]:
        """Go on with entries that were read from the journal for somebody who is behind."""
        conversation = self._lines.get(link)
        if conversation is not None and (session := conversation.session) is not None:
            said = session.resume(entries, self._library, now)
            yield from self._carry_out(conversation, session, said, now)

    # What is said.

    def follow(self, now: float) -> Iterator[Effect]:
        """Say to everybody what they are to hear now."""
        library = self._library
        waits, at_rest = library.waits, self._showing.at_rest
        for conversation, session in self._lines.live():
            if not waits:
                session.unblock(library.due)
            said = session.acknowledge(library.committed)
            if not conversation.superseded:
                said += session.pump(library, now)
            if at_rest:
                said += session.rest(library, now)
            if said:
                yield from self._carry_out(conversation, session, said, now)
            yield from self._showing.assets.serve(conversation, session)
        yield from self._ask_in_turn(now)

    def _ask_in_turn(self, now: float) -> Iterator[Effect]:
        """Ask one device after the other: what the first sends, the others need not."""
        live = self._lines.live()
        if not live or now < self._lines.answers_due():
            return
        for conversation, session in live:
            said = session.ask(self._library, now)
            if said:
                yield from self._carry_out(conversation, session, said, now)
                return

    # Private methods.

    def _greeted(
        self, conversation: Conversation, session: Session, hello: Hello, now: float
    ) -> Iterator[Effect]:
        conversation.greeted = now
        if hello.port:
            self._dialing.listens(session.device, Address(conversation.address.host, hello.port))
        self._telling.came(conversation.link, session.device)
        yield from self._doubles.greeted(conversation)
        yield from self._put_back.greeted(session)
        if self._put_back.withdrawing:
            self._showing.forget_writes()
        self._acquaintances.meet(conversation, 0)
        yield Tell(events.PeerConnected(session.device, hello.name, str(conversation.address)))
        yield from self._start(conversation, session)

    def _start(self, conversation: Conversation, session: Session) -> Iterator[Effect]:
        """Say that an exchange begins, if it does."""
        if conversation.exchanged is None and session.theirs is not None:
            conversation.exchanged = Exchanged()
            yield Tell(events.SyncStarted(session.device, session.theirs.name))

    def _progress(
        self, conversation: Conversation, session: Session, more: Exchanged
    ) -> Iterator[Effect]:
        """Say how far the exchange has come, if anything was said."""
        if more == Exchanged():
            return
        yield from self._start(conversation, session)
        so_far = conversation.exchanged = (conversation.exchanged or Exchanged()) + more
        yield Tell(events.SyncProgress(session.device, *astuple(so_far)))

    def _carry_out(
        self, conversation: Conversation, session: Session, said: Sequence[Outcome], now: float
    ) -> Iterator[Effect]:
        link = conversation.link
        for item in said:
            match item:
                case News():
                    came = Exchanged(received=len(item.records), received_bytes=_size(item.records))
                    yield from self._progress(conversation, session, came)
                    yield from self._merging.from_link(conversation, session, item, now)
                case ReadOn(after):
                    yield ReadLog(link, after, READ_BYTES)
                case Asked(asset):
                    self._showing.assets.asked(conversation, asset)
                case Came():
                    yield from self._showing.asset_came(link, item, now)
                case Matched():
                    yield from self._matched(conversation, session, now)
                case Disagreed():
                    yield from self._disagreed(conversation, session)
                case Declined():
                    yield from self._splits.declined(session, item)
                case Ended(reason):
                    yield Hangup(link, reason)
                case message:
                    if isinstance(message, Push):
                        count = len(message.records)
                        self._lines.statistics.pushed(link, session.device, count, now)
                        went = Exchanged(sent=count, sent_bytes=_size(message.records))
                        yield from self._progress(conversation, session, went)
                    yield from self._lines.send(conversation, message)

    def _matched(
        self, conversation: Conversation, session: Session, now: float
    ) -> Iterator[Effect]:
        conversation.synced = True
        self._lines.statistics.matched(session.device, now)
        self._splits.are_one_again(session.device)
        self._acquaintances.note_progress(session, soon=True)
        if conversation.exchanged is not None:
            yield Tell(events.SyncCompleted(session.device, *astuple(conversation.exchanged)))
            conversation.exchanged = None

    def _disagreed(self, conversation: Conversation, session: Session) -> Iterator[Effect]:
        name = session.theirs.name if session.theirs is not None else ""
        if conversation.exchanged is not None:
            conversation.exchanged = None
            yield Tell(events.SyncFailed(session.device, name, "both still hold different texts"))
        if self._splits.is_known(session.device):
            return  # why was said, and it ends when whoever gave it to one of us lets go of it
        if not session.mute:
            yield Tell(
                events.Trouble(
                    f"{name or fingerprint(session.device)} and this device have exchanged "
                    "everything and still hold different texts; nothing is lost, please report "
                    "this"
                )
            )
        elif not self._told_what_stays:
            self._told_what_stays = True
            yield Tell(
                events.Trouble(
                    "you may only read this story by now; what you wrote before, and nobody had "
                    "got, stays on this device"
                )
            )


def _size(records: Iterable[Record]) -> int:
    return sum(len(record.update) for record in records)
