"""
Who belongs, and what follows from it on each line.

Rule 1: what is new about who belongs is kept at once, and told when it is durable. Whoever does
not belong by it hears not one byte more, but for the notice of a removal.

Rule 2: who leaves stays on the line until somebody else has that on disk, for some seconds at
most. Whoever hears of it says so in a last word when it is durable; until then, and after,
the one who leaves hears nothing more.

Rule 3: who belongs and what they may do is for :class:`~whisker_sync.peer.belonging.Belonging`
to say; here it is only heard, kept, told and acted upon.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from random import Random

from whisker_sync.errors import LimitExceeded, UnexpectedMessage, WorkspaceFull
from whisker_sync.identity.envelope import MailKeys
from whisker_sync.identity.roster import Notice, Role
from whisker_sync.identity.seals import Sealer
from whisker_sync.ids import DeviceId, LinkId
from whisker_sync.peer import events
from whisker_sync.peer.belonging import NOTICE, PAPERS, Belonging, recalled_papers
from whisker_sync.peer.conversation import Conversation
from whisker_sync.peer.effects import Drop, Effect, Hangup, Tell
from whisker_sync.peer.library import Library
from whisker_sync.peer.lines import WITHOUT_A_WORD, Lines
from whisker_sync.peer.status import Ourselves
from whisker_sync.wire.codec import decode
from whisker_sync.wire.limits import MAX_EVIDENCE
from whisker_sync.wire.messages import Bye, Members, Part

_NEVER = float("inf")

LEAVING = "leaving"
"""Name of the fact that is our word that we leave."""

GOODBYE_SECONDS = 5.0
"""How long who leaves waits for somebody to have that on disk."""

KNOWN = "it is known that you left"
"""The reason of the last word to somebody who left."""


class Circle:
    """See the module."""

    def __init__(
        self,
        ourselves: Ourselves,
        library: Library,
        lines: Lines,
        dice: Random,
        sealer: Sealer,
        now: float,
    ) -> None:
        self.belonging = Belonging(
            ourselves.device_key,
            recalled_papers(ourselves.papers, library.facts.get(PAPERS)),
            lambda: dice.randbytes(32),
            sealer,
            now,
        )
        """Who belongs, and what we sign about it."""

        self.ticket = 0
        """With this ticket what we know about who belongs is durable."""

        self.witnesses: tuple[DeviceId, ...] = ()
        """The devices that said to have it on disk that we left."""

        self._device = ourselves.device
        self._library = library
        self._lines = lines
        self._goodbye: Members | None = None
        self._goodbye_ticket = 0  # with it our word that we leave is durable
        self._goodbye_until = _NEVER
        self._told: set[LinkId] = set()  # whom we told that we leave
        self._gone: list[Conversation] = []  # with those who left, until that is durable
        self._recall(now)

    # What is known.

    @property
    def outside(self) -> str | None:
        """Why we are not in touch with anybody; None: we belong."""
        return self.belonging.outside

    def includes(self, device: DeviceId) -> bool:
        """Whether a device belongs."""
        return self.belonging.includes(device)

    def reads(self, device: DeviceId) -> bool:
        """Whether a device may read the story, and not write in it."""
        return self.belonging.membership.role(device) is Role.READER

    @property
    def we_read(self) -> bool:
        """Whether we may read the story, and not write in it."""
        return self.reads(self._device)

    @property
    def is_durable(self) -> bool:
        """Whether all that we know about who belongs is on disk."""
        return self._library.committed >= self.ticket

    def mail_keys(self) -> list[MailKeys]:
        """The keys of mailboxes and bundles, the one in use first."""
        return [MailKeys(epoch.number, key) for epoch, key in self.belonging.ring.held]

    # What is heard.

    def hear(
        self, conversation: Conversation, frame: bytes, now: float
    ) -> Generator[Effect, None, bool]:
        """
        Hear of who belongs from somebody of whom we do not know whether they do.

        Whether that was all they say of it.

        Raises:
            UnexpectedMessage, LimitExceeded: They speak of something else, or too much.
            MalformedPaper: It is not whole, or of another workspace.
        """
        other = conversation.handshake.other
        assert other is not None
        message = decode(frame, other)
        if isinstance(message, Part):
            if message.size > 2 * MAX_EVIDENCE:
                raise LimitExceeded("bytes about who belongs", message.size, MAX_EVIDENCE)
            whole = conversation.assembly.add(message, other)
            if whole is None:
                return False
            message = whole
        if not isinstance(message, Members):
            raise UnexpectedMessage(type(message).__name__, "saying who belongs")
        yield from self.take(conversation, message, now)
        return True

    def take(self, conversation: Conversation, told: Members, now: float) -> Iterator[Effect]:
        """
        Take what somebody says about who belongs.

        Raises:
            MalformedPaper: It is not whole, or of another workspace.
        """
        if self.belonging.take(told, now, conversation.handshake.other):
            yield from self.changed()
        if told.digest == self.belonging.papers.digest:
            conversation.papers = told.digest
            conversation.tips = self.belonging.standing.tips

    def changed(self) -> Iterator[Effect]:
        """Keep what is new about who belongs, and end what must not go on."""
        self._keep()
        outside = self.belonging.outside
        for conversation in self._lines:
            if conversation.over:
                continue
            if outside is not None:
                conversation.over = True
                yield Hangup(conversation.link, WITHOUT_A_WORD)
            elif conversation.session is None:
                continue  # is judged when its papers have come
            elif not self.belonging.includes(conversation.session.device):
                yield from self.see_out(conversation)
        yield Tell(events.MembersChanged())
        if outside is not None:
            yield Tell(events.Trouble(outside))

    def see_out(self, conversation: Conversation) -> Iterator[Effect]:
        """Not one byte more for somebody who does not belong, but for the notice of a removal."""
        other = conversation.handshake.other
        assert other is not None
        yield Drop(conversation.link)
        if other in self.belonging.membership.departed:
            self._gone.append(conversation)
            conversation.over = True
            return
        # A removal of our own that is not durable yet, they hear of when they come again.
        farewell = self.belonging.farewell(other) if self.is_durable else None
        if farewell is not None:
            yield from self._lines.send(conversation, farewell)
        conversation.over = True
        reason = WITHOUT_A_WORD if farewell is None else "no member any more"
        yield Hangup(conversation.link, reason)

    # What is told.

    def introduce(self, conversation: Conversation) -> Iterator[Effect]:
        """Tell what we know, or at least who let us in, to somebody who knows something else."""
        other = conversation.handshake.other
        assert other is not None
        if self.belonging.includes(other):
            yield from self._tell(conversation)
        else:
            yield from self._lines.send(conversation, self.belonging.credentials())

    def tell_news(self) -> Iterator[Effect]:
        """Tell everybody what is new about who belongs, once it is durable."""
        if not self.is_durable:
            return
        for conversation in self._gone:
            yield from self._lines.last_word(conversation, Bye(KNOWN))
        self._gone.clear()
        digest = self.belonging.papers.digest
        we_read = self.we_read
        for conversation in self._lines:
            session = conversation.session
            if session is None or conversation.over:
                continue
            if conversation.papers != digest:
                yield from self._tell(conversation)
            # What was said as somebody is void who may write now and could not, or the reverse.
            if (session.mute, session.deaf) != (we_read, self.reads(session.device)):
                conversation.over = True
                yield Hangup(conversation.link, "a role was changed")

    # Leaving.

    @property
    def leaves(self) -> bool:
        """Whether we are about to leave."""
        return self._goodbye is not None

    @property
    def goodbye_due(self) -> float:
        """Until when we wait for somebody to have it on disk that we leave."""
        return self._goodbye_until

    def leave(self, now: float) -> None:
        """
        Leave, as soon as somebody else knows it.

        Raises:
            NotEntitled: Nobody would be in charge then.
        """
        self._goodbye = self.belonging.departure()
        self._goodbye_until = now + GOODBYE_SECONDS
        self._library.remember(LEAVING, self._goodbye.evidence)
        self._goodbye_ticket = self._library.due

    def heard_goodbye(self, device: DeviceId) -> None:
        """A device has it on disk that we leave."""
        self.witnesses = (*self.witnesses, device)

    def say_goodbye(self, now: float) -> Iterator[Effect]:
        """Tell that we leave, once that is durable; and go, when it is known or nobody is there."""
        if self._goodbye is None or self._library.committed < self._goodbye_ticket:
            return
        live = self._lines.live()
        for conversation, _ in live:
            if conversation.link not in self._told:
                self._told.add(conversation.link)
                yield from self._lines.send(conversation, self._goodbye)
        belongs = self.includes(self._device)
        if not belongs or self.witnesses or not live or now >= self._goodbye_until:
            goodbye, self._goodbye, self._goodbye_until = self._goodbye, None, _NEVER
            self.belonging.left = True
            self.belonging.take(goodbye, now)
            yield from self.changed()

    # What owners do by themselves.

    def fold_due(self) -> float | None:
        """When we are to answer what is open; None: never, as it looks."""
        return self.belonging.fold_due() if self.belonging.outside is None else None

    def fold(self, now: float) -> Iterator[Effect]:
        """Answer what is open, if it is time to."""
        due = self.fold_due()
        if due is None or due > now:
            return
        try:
            if self.belonging.fold(now):
                yield from self.changed()
        except WorkspaceFull as problem:
            yield Tell(events.Trouble(str(problem)))

    # Private methods.

    def _recall(self, now: float) -> None:
        leaving = self._library.facts.get(LEAVING)
        if leaving is not None:
            self.belonging.left = True
            self.belonging.take(Members(bytes(32), leaving), now)
        kept = self._library.facts.get(NOTICE)
        if kept is not None:
            notice = Notice.decode(kept)
            if self.belonging.papers.heeds(notice, self._device):
                self.belonging.notice = notice
        self._keep()

    def _keep(self) -> None:
        belonging, library = self.belonging, self._library
        library.remember(PAPERS, belonging.papers.evidence().encode())
        notice = belonging.notice
        library.remember(NOTICE, None if notice is None else notice.encoded)
        self.ticket = library.due

    def _tell(self, conversation: Conversation) -> Iterator[Effect]:
        news = self.belonging.news(conversation.tips)
        conversation.papers, conversation.tips = news.digest, self.belonging.standing.tips
        yield from self._lines.send(conversation, news)
