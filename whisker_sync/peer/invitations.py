"""
What a device asks of a relay for those whom it invited by a link.

Rule 1: who may come in is for :mod:`whisker_sync.peer.reception` to say, as for those who
knock; here is only what lies in each rendezvous, and what is to be left there.

Rule 2: the secret of a link is kept in the journal as long as the invitation is open and
somebody may still have to be answered, and no longer.

Rule 3: a relay is believed nothing. What it forgot is left there again; what it shows for
the second time was answered already.

How it works
============

Each rendezvous is read to its end before anything is left there: only then is it known
whether our greeting and our answers lie there. Whoever asks goes to the reception; the
letters that it answers with are left one after the other. When an invitation has ended and
nobody waits for an answer, a closing is left, and then it is forgotten.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from whisker_sync.batch import CONFIDENTIAL
from whisker_sync.errors import MalformedFrame, MalformedPaper
from whisker_sync.identity.canonical import Fields, exactly, items, number, pack, unpack
from whisker_sync.identity.card import Card
from whisker_sync.identity.correspondence import BY_LETTER, Correspondent, Hosting
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.identity.link import SECRET_BYTES, key_of
from whisker_sync.identity.offers import Ending, Offer
from whisker_sync.identity.pairing_messages import Reason
from whisker_sync.identity.rendezvous import (
    ID_BYTES,
    MAX_LETTERS,
    Decision,
    Letter,
    Rendezvous,
)
from whisker_sync.ids import Incarnation, MailboxId
from whisker_sync.peer.effects import PostMail, ReadMail, UnwatchMail, WatchMail
from whisker_sync.peer.inputs import MailPosted, MailRead, MailRefused, MailWaits
from whisker_sync.peer.library import Library

FACT = CONFIDENTIAL
"""How the names of facts begin that keep invitations; then follows the mailbox."""

AGAIN_SECONDS = 60.0
"""How long after a relay refused a letter it gets it again."""

_FORMAT = 1
_MAX_FACT = 1 << 20
_NEVER = float("inf")
_NONE = Incarnation(b"")

LetterInput = MailWaits | MailRead | MailPosted | MailRefused
LetterEffect = WatchMail | UnwatchMail | ReadMail | PostMail


@dataclass(slots=True)
class _Open:
    """One invitation, and what lies in its rendezvous."""

    relay: str
    secret: bytes = field(repr=False)
    hosting: Hosting = field(repr=False)
    offer: Offer
    opened: int
    """Milliseconds since 1970."""

    until: int
    """When it ends: seconds since 1970."""

    incarnation: Incarnation = _NONE
    position: int = 0
    at_end: bool = False
    more: bool = True
    fetching: bool = False
    watched: bool = False
    asking: dict[bytes, Correspondent] = field(default_factory=dict)
    """Who asked and was not told to the reception yet, by petition."""

    told: set[bytes] = field(default_factory=set)
    """Petitions that the reception knows of and has not answered."""

    out: deque[bytes] = field(default_factory=deque)
    """Letters to be left, the first first."""

    posting: bool = False
    ended: bool = False
    """It lets nobody in any more, and we know."""

    held_up: float = float("-inf")
    """Until then nothing is left, because the relay refused it."""

    @property
    def mailbox(self) -> MailboxId:
        return self.hosting.rendezvous.mailbox

    def fact(self) -> bytes:
        """What has to be known after a restart."""
        head: Fields = [_FORMAT, self.relay, self.secret, self.opened, self.until]
        return pack([*head, self.offer.kept()])


class Invitations:
    """See the module; ``key`` is our device's, ``draw`` draws random bytes."""

    def __init__(self, key: DeviceKey, library: Library, draw: Callable[[int], bytes]) -> None:
        self._key = key
        self._library = library
        self._draw = draw
        self._open: dict[MailboxId, _Open] = {}
        self._left: deque[MailboxId] = deque()  # not to be watched any more

    # Invitations.

    def begin(self, relay: str, secret: bytes, card: Card, offer: Offer, at: int) -> None:
        """
        Meet whoever was invited at a relay, too.

        ``card`` is our device's, ``at`` milliseconds since 1970.
        """
        self._add(relay, secret, card, offer, at, at // 1000 + 60 * offer.terms.minutes)

    def elsewhere(self, relay: str) -> frozenset[bytes]:
        """The petitions that nobody can answer once this is the relay."""
        others = [invitation for invitation in self._open.values() if invitation.relay != relay]
        return frozenset(id_ for invitation in others for id_ in invitation.told)

    def use(self, relay: str, card: Card, at: int, now: float) -> Iterator[Offer]:
        """
        Go on at this relay; the invitations of an earlier process that are open there.

        Those at another relay are forgotten; who has their link finds us on the network at
        best. ``card`` is our device's, ``at`` milliseconds since 1970.
        """
        for invitation in list(self._open.values()):
            if invitation.relay == relay:
                self._begin_anew(invitation)
                invitation.watched = invitation.fetching = invitation.posting = False
            else:
                self._drop(invitation)
        for name, value in list(self._library.facts.items()):
            if not name.startswith(FACT) or bytes.fromhex(name[len(FACT) :]) in self._open:
                continue
            try:
                kept = _Kept.of(value, at, now)
            except MalformedPaper:
                kept = None
            if kept is None or kept.relay != relay:
                self._library.remember(name, None)
                continue
            self._add(relay, kept.secret, card, kept.offer, kept.opened, kept.until)
            yield kept.offer

    def forget(self) -> None:
        """Let nobody in any more: we do not belong."""
        for invitation in list(self._open.values()):
            self._drop(invitation)

    @property
    def waiting(self) -> frozenset[bytes]:
        """The petitions that have no answer yet."""
        return frozenset(id_ for invitation in self._open.values() for id_ in invitation.told)

    def knows(self, mailbox: MailboxId) -> bool:
        """Whether a mailbox is the rendezvous of one of our invitations."""
        return mailbox in self._open

    def deadline(self) -> float:
        """When :meth:`follow` has something to do, if nothing happens before."""
        times = [_NEVER]
        for invitation in self._open.values():
            if invitation.out and not invitation.posting:
                times.append(invitation.held_up)
            if not invitation.ended:
                times.append(invitation.offer.ends)
        return min(times)

    # What happens.

    def hear(self, said: LetterInput, now: float) -> Iterator[Correspondent]:
        """Take what the relay said; whoever asks is to be told to the reception."""
        invitation = self._open[said.mailbox]
        match said:
            case MailWaits():
                invitation.more = True
            case MailRead():
                yield from self._read(invitation, said)
            case MailPosted(_, id_):
                invitation.posting = False
                if invitation.out and invitation.out[0][:ID_BYTES] == id_:
                    invitation.out.popleft()
            case MailRefused():
                invitation.posting = False
                invitation.held_up = now + AGAIN_SECONDS

    def answer(self, mailbox: MailboxId, letter: Letter) -> None:
        """Leave a letter; of an invitation that was forgotten, nothing."""
        if (invitation := self._open.get(mailbox)) is not None:
            if isinstance(letter, Decision):
                invitation.told.discard(letter.petition)
                invitation.hosting.answered.add(letter.petition)
            id_ = self._draw(ID_BYTES)
            invitation.out.append(invitation.hosting.rendezvous.close(id_, letter))

    # What follows.

    def keep(self) -> None:
        """Have the journal know what was decided."""
        for invitation in self._open.values():
            self._library.remember(_name(invitation), invitation.fact())

    def follow(self, now: float) -> Iterator[LetterEffect]:
        """What to ask of the relay."""
        while self._left:
            yield UnwatchMail(self._left.popleft())
        for invitation in list(self._open.values()):
            key = invitation.hosting.rendezvous.box
            invitation.ended |= invitation.offer.ending(now) is not None
            if not invitation.watched:
                invitation.watched = True
                yield WatchMail(key)
            if invitation.more and not invitation.fetching:
                invitation.more, invitation.fetching = False, True
                yield ReadMail(key, invitation.position)
            if invitation.at_end and not invitation.fetching:
                self._say_what_is_missing(invitation, now)
                if self._is_over(invitation):
                    self._drop(invitation)
                    yield UnwatchMail(self._left.pop())
                    continue
            if invitation.out and not invitation.posting and now >= invitation.held_up:
                invitation.posting = True
                yield PostMail(key, invitation.out[0][:ID_BYTES], invitation.out[0])

    # Private methods.

    def _add(
        self, relay: str, secret: bytes, card: Card, offer: Offer, opened: int, until: int
    ) -> None:
        hosting = Hosting(Rendezvous(secret), self._key, card, offer)
        invitation = _Open(relay, secret, hosting, offer, opened, until)
        self._open[invitation.mailbox] = invitation
        self._library.remember(_name(invitation), invitation.fact())

    def _drop(self, invitation: _Open) -> None:
        del self._open[invitation.mailbox]
        self._library.remember(_name(invitation), None)
        self._left.append(invitation.mailbox)

    def _begin_anew(self, invitation: _Open) -> None:
        """Read everything once more: what we left may be gone."""
        before = invitation.hosting
        invitation.hosting = Hosting(before.rendezvous, self._key, before.card, invitation.offer)
        invitation.position, invitation.at_end, invitation.more = 0, False, True
        invitation.asking.clear()

    def _read(self, invitation: _Open, read: MailRead) -> Iterator[Correspondent]:
        page = read.page
        invitation.fetching = False
        if invitation.position and (
            page.incarnation != invitation.incarnation or page.head < invitation.position
        ):  # it was put back, or lost everything
            self._begin_anew(invitation)
            return
        invitation.incarnation = page.incarnation
        for position, entry in enumerate(page.entries, page.start):
            if invitation.position < position <= MAX_LETTERS:
                invitation.position = position
                self._take(invitation, entry.body)
        invitation.position = max(invitation.position, page.first - 1)
        invitation.at_end = invitation.position >= min(page.head, MAX_LETTERS)
        invitation.more |= not invitation.at_end
        if invitation.at_end:
            asking, invitation.asking = invitation.asking, {}
            for id_, correspondent in asking.items():
                if id_ not in invitation.hosting.answered and id_ not in invitation.told:
                    invitation.told.add(id_)
                    yield correspondent

    def _take(self, invitation: _Open, closed: bytes) -> None:
        try:
            asks = invitation.hosting.read(closed)
        except MalformedFrame:
            return
        if asks is not None:
            invitation.asking.setdefault(asks.id, asks)

    def _say_what_is_missing(self, invitation: _Open, now: float) -> None:
        hosting, ending = invitation.hosting, invitation.offer.ending(now)
        if ending is None and not hosting.greeted:
            hosting.greeted = True
            self.answer(invitation.mailbox, hosting.greeting(invitation.until))
        if ending is not None and not hosting.closed and not invitation.told:
            hosting.closed = True
            self.answer(invitation.mailbox, hosting.closing(_why(ending)))

    def _is_over(self, invitation: _Open) -> bool:
        return invitation.hosting.closed and not invitation.out


@dataclass(frozen=True, slots=True)
class _Kept:
    """The fact that keeps an invitation."""

    relay: str
    secret: bytes = field(repr=False)
    opened: int
    until: int
    offer: Offer

    @classmethod
    def of(cls, fact: bytes, at: int, now: float) -> _Kept:
        """Read the fact at a time of the day, or raise :exc:`MalformedPaper`."""
        fields = unpack(fact, _MAX_FACT, 6)
        if fields[0] != _FORMAT or type(fields[1]) is not str:
            raise MalformedPaper("an invitation of another version")
        secret = exactly(fields[2], SECRET_BYTES)
        opened, until = number(fields[3]), number(fields[4])
        # Whoever puts the clock back does not make an invitation last longer.
        left = until - at / 1000 if at >= opened else 0.0
        kept = items(fields[5], 8)
        offer = Offer.recalled((key_of(secret),), kept, BY_LETTER, now + left)
        return cls(fields[1], secret, opened, until, offer)


def _name(invitation: _Open) -> str:
    return FACT + invitation.mailbox.hex()


def _why(ending: Ending) -> Reason:
    return Reason.FULL if ending is Ending.FULL else Reason.OVER
