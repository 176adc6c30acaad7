"""
Where those arrive who were invited: invitations that are open, and who asks to come in.

Rule 1: nothing here is kept. An invitation ends with the process, unless a relay carries it
(:mod:`whisker_sync.peer.invitations`); whoever was let in is a member by the papers, whose
change is durable before they hear of it.

Rule 2: what a guest is told is for :mod:`whisker_sync.identity.pairing` to say, and for
:mod:`whisker_sync.identity.correspondence` if they wrote; here only the visits are kept, and
asked what is to be said now.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from whisker_sync.identity.card import Card
from whisker_sync.identity.correspondence import Correspondent
from whisker_sync.identity.keys import DeviceKey, fingerprint
from whisker_sync.identity.offers import Ending, Guest, Offer, Offers, Verdict
from whisker_sync.identity.pairing import Inviter
from whisker_sync.identity.pairing_messages import Reason
from whisker_sync.identity.rendezvous import Decision
from whisker_sync.identity.seals import Sealer, hpke
from whisker_sync.ids import DeviceId, LinkId, MailboxId
from whisker_sync.peer.acts import Invite

VisitId = LinkId | bytes
"""A connection, or the id of a petition."""

Reply = bytes | tuple[MailboxId, Decision]
"""What a guest is told: a frame for their connection, or a letter for a rendezvous."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who asks to be let in, or was let in."""

    device: DeviceId
    name: str
    """What they call themself."""

    device_name: str
    """What they call their device."""

    fingerprint: str
    """To be compared with what their own screen shows."""

    address: str
    """The host they are at, or that they wrote."""


@dataclass(frozen=True, slots=True)
class OfferStatus:
    """One invitation."""

    number: int
    """As it was opened."""

    waiting: tuple[Visitor, ...]
    """Who waits for a decision."""

    seated: tuple[Visitor, ...]
    """Who was let in."""

    ending: Ending | None
    """Why it lets nobody in any more; None: it is open."""


@dataclass(slots=True)
class _Visit:
    """One connection, or petition, of somebody who was invited."""

    inviter: Inviter | Correspondent
    ticket: int | None = None
    """With this ticket it is durable that they belong; None: not decided."""


class Reception:
    """See the module; ``key`` and ``card`` are our device's, ``sealer`` closes what lets in."""

    def __init__(self, key: DeviceKey, card: Card, sealer: Sealer = hpke) -> None:
        self.card = card
        """Who the guests see."""

        self._sealer = sealer
        self._offers = Offers(key, card)
        self._opened: dict[int, Offer] = {}
        self._visits: dict[VisitId, _Visit] = {}

    # Invitations.

    def open(self, number: int, invite: Invite, now: float) -> Offer:
        """
        Open an invitation.

        Raises:
            WorkspaceFull: Too many are open.
        """
        offer = self._opened[number] = self._offers.open(invite.keys, invite.terms, now)
        return offer

    def reopen(self, offer: Offer) -> None:
        """Go on with an invitation of an earlier process, under a number below all of this one."""
        self._opened[min((0, *self._opened)) - 1] = self._offers.add(offer)

    def withdraw(self, number: int) -> None:
        """Close an invitation."""
        if number in self._opened:
            self._opened[number].withdraw()

    def find(self, who: str, now: float) -> Guest:
        """
        Who of those that wait is meant.

        Raises:
            InvitationError: Nobody is, or several are.
        """
        return self._offers.find(who, now)

    def tags(self, now: float) -> tuple[bytes, ...]:
        """What to announce, so that those who were invited find us."""
        return self._offers.tags(now)

    def status(self, now: float) -> tuple[OfferStatus, ...]:
        """All invitations since the process began."""
        return tuple(
            OfferStatus(
                number,
                tuple(map(_visitor, offer.waiting(now))),
                tuple(map(_visitor, offer.seated)),
                offer.ending(now),
            )
            for number, offer in self._opened.items()
        )

    # Connections.

    def admits(self, link: LinkId) -> bool:
        """Whether a connection is one of somebody who was invited."""
        return link in self._visits

    def begin(self, link: LinkId, binding: bytes, nonce: bytes, address: str) -> None:
        """Begin to listen to somebody who says to be invited."""
        self._visits[link] = _Visit(Inviter(self._offers, binding, nonce, address))

    def hear(self, link: LinkId, frame: bytes, now: float) -> tuple[bytes, ...]:
        """
        What to answer.

        Raises:
            NotInvited, ProtocolError: See :meth:`Inviter.receive`.
        """
        return self._inviter(link).receive(frame, now)

    def until(self, link: LinkId) -> float:
        """How long somebody who proved to be invited may take."""
        return self._inviter(link).ends

    def read(self, correspondent: Correspondent, now: float) -> None:
        """Somebody asks by letter."""
        self._visits[correspondent.id] = _Visit(correspondent)
        correspondent.ask(now)

    def leave(self, link: VisitId) -> None:
        """A connection ended, or nobody can answer a letter."""
        visit = self._visits.pop(link, None)
        if visit is not None:
            visit.inviter.close()

    def _inviter(self, link: LinkId) -> Inviter:
        inviter = self._visits[link].inviter
        assert isinstance(inviter, Inviter)
        return inviter

    def proven(self) -> frozenset[LinkId]:
        """The connections of those who have proven to be invited."""
        return frozenset(
            link
            for link, visit in self._visits.items()
            if not isinstance(link, bytes) and visit.inviter.proven
        )

    def guest(self, link: LinkId) -> Guest | None:
        """Who somebody is, once they said it."""
        return self._visits[link].inviter.guest

    def decided(self, now: float) -> Iterator[tuple[VisitId, Guest]]:
        """Who is to be let in, and is not a member yet by what we did here."""
        for link, visit in list(self._visits.items()):
            if visit.ticket is None and visit.inviter.verdict(now) is Verdict.ADMIT:
                assert visit.inviter.guest is not None
                yield link, visit.inviter.guest

    def let_in(self, link: VisitId, ticket: int) -> None:
        """Note with which ticket it is durable that somebody belongs."""
        self._visits[link].ticket = ticket

    def welcome(self, committed: int, now: float) -> Iterator[tuple[VisitId, Guest]]:
        """Who belongs durably, and is to be told; answer each with :meth:`admission`."""
        for link, visit in list(self._visits.items()):
            durable = visit.ticket is not None and visit.ticket <= committed
            if durable and visit.inviter.verdict(now) is Verdict.ADMIT:
                assert visit.inviter.guest is not None
                yield link, visit.inviter.guest

    def admission(self, link: VisitId, payload: bytes, now: float) -> Reply:
        """What lets somebody in."""
        match self._visits.pop(link).inviter:
            case Inviter() as inviter:
                return inviter.admit(payload, now, self._sealer)
            case correspondent:
                return correspondent.mailbox, correspondent.admit(payload, now, self._sealer)

    def refusals(self, now: float) -> Iterator[tuple[VisitId, Reply]]:
        """Who is turned away now, and what says so."""
        for link, visit in list(self._visits.items()):
            verdict = visit.inviter.verdict(now)
            if isinstance(verdict, Reason):
                yield link, self.refuse(link, verdict)

    def refuse(self, link: VisitId, reason: Reason) -> Reply:
        """What turns somebody away."""
        match self._visits.pop(link).inviter:
            case Inviter() as inviter:
                return inviter.refuse(reason)
            case correspondent:
                return correspondent.mailbox, correspondent.refuse(reason)


def _visitor(guest: Guest) -> Visitor:
    card = guest.card
    shown = fingerprint(card.device)
    return Visitor(card.device, card.person_name, card.device_name, shown, guest.address)
