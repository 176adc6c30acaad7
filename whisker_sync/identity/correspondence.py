"""
Both sides of a pairing by letters, for those who are never online together.

Rule 1: who is let in is decided as for those who knock: by
:mod:`whisker_sync.identity.offers`, and no letter changes that. Whoever asks twice with one
card has one seat.

Rule 2: the joiner says who it is only after it has read a greeting that the device which the
link names has signed; and it says so to that device alone (HPKE, RFC 9180).

Rule 3: what nobody could have written who has the link is nothing: it is passed over, and
counts as no try. A relay could write as much of it as it likes.

Theory of operation
===================

::

    Inviter                        rendezvous                          Joiner
    ------ Greeting (card, title, role, until) -------------------------->
    <------------------------------------ Petition (sealed card) ---------
    (a human may look at the card, whenever the inviter's device next runs)
    ------ Decision (sealed payload, or a reason) ----------------------->
    ------ Closing (when the invitation is over) ------------------------>

Letters may come in any order, twice, late or never. All that either side does follows from
what lies in the rendezvous; who begins anew reads it from its beginning.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from whisker_sync.errors import MalformedFrame, MalformedPaper, NotTheInviter, TurnedAway
from whisker_sync.identity import pairing_proofs as proofs
from whisker_sync.identity.canonical import SIGNATURE_BYTES, blob, domain, exactly, pack, unpack
from whisker_sync.identity.card import MAX_CARD, Card
from whisker_sync.identity.keys import DeviceKey, verify
from whisker_sync.identity.link import InvitationLink
from whisker_sync.identity.offers import Guest, Offer, Verdict
from whisker_sync.identity.pairing import MAX_PAYLOAD, Host
from whisker_sync.identity.pairing_messages import Reason
from whisker_sync.identity.pairing_proofs import PURPOSE
from whisker_sync.identity.rendezvous import (
    MAX_SEALED_CARD,
    Closing,
    Decision,
    Greeting,
    Petition,
    Rendezvous,
    asks,
    closes,
    decides,
    greets,
)
from whisker_sync.identity.seals import Sealer, hpke
from whisker_sync.ids import DeviceId

BY_LETTER = "a relay"
"""Where somebody is who asks by letter, as users are shown it."""

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


class Hosting:
    """
    The inviter's side of one rendezvous; ``key`` and ``card`` are its device's.

    What it has said before, in this process or another, it reads like everybody else.
    """

    def __init__(self, rendezvous: Rendezvous, key: DeviceKey, card: Card, offer: Offer) -> None:
        self.rendezvous = rendezvous
        self.greeted = False
        """Our greeting lies there."""

        self.closed = False
        """We have said that it is over."""

        self.answered: set[bytes] = set()
        """The petitions that have a decision of ours, by id."""

        self.card = card
        """Who the joiner sees."""

        self._key = key
        self._offer = offer

    def greeting(self, until: int) -> Greeting:
        """What to leave first; ``until`` is when it ends, in seconds since 1970."""
        terms = self._offer.terms
        unsigned = Greeting(self.card.encode(), terms.title, terms.role, int(terms.mine), until)
        said = greets(self.rendezvous.mailbox, unsigned)
        return replace(unsigned, signature=self._key.sign(PURPOSE, said))

    def closing(self, reason: Reason) -> Closing:
        """What to leave last."""
        said = closes(self.rendezvous.mailbox, reason)
        return Closing(reason, self._key.sign(PURPOSE, said))

    def read(self, closed: bytes) -> Correspondent | None:
        """
        Read what lies there; somebody who asks and has no answer yet, if that is what it says.

        Raises:
            MalformedFrame: It says nothing (rule 3).
        """
        mailbox = self.rendezvous.mailbox
        match self.rendezvous.open(closed):
            case _, Greeting() as greeting:
                self.greeted |= self._is_ours(greets(mailbox, greeting), greeting.signature)
            case _, Closing(reason, signature):
                self.closed |= self._is_ours(closes(mailbox, reason), signature)
            case _, Decision() as decision:
                if self._is_ours(decides(mailbox, decision), decision.signature):
                    self.answered.add(decision.petition)
            case id_, Petition(sealed) if id_ not in self.answered:
                card = self._read_card(id_, sealed)
                return Correspondent(self, id_, Guest(card, BY_LETTER, self._offer))
            case _:
                pass
        return None

    def decision(self, id_: bytes, reason: Reason | None, sealed: bytes) -> Decision:
        """Answer a petition."""
        self.answered.add(id_)
        unsigned = Decision(id_, reason, sealed)
        said = decides(self.rendezvous.mailbox, unsigned)
        return replace(unsigned, signature=self._key.sign(PURPOSE, said))

    @property
    def device(self) -> DeviceId:
        """Who invites."""
        return self.card.device

    def _is_ours(self, said: bytes, signature: bytes) -> bool:
        return verify(self._key.public, PURPOSE, said, signature)

    def _read_card(self, id_: bytes, sealed: bytes) -> Card:
        mailbox = self.rendezvous.mailbox
        try:
            info = _petition_info(self.rendezvous, id_, self.device)
            content = _SUITE.decrypt(sealed, self._key.private_box, info=info)
            encoded, signature = unpack(content, MAX_SEALED_CARD, 2)
            card = Card.decode(blob(encoded, MAX_CARD))
            exactly(signature, SIGNATURE_BYTES)
        except (InvalidTag, ValueError, MalformedPaper):
            raise MalformedFrame("a petition of nobody") from None
        is_theirs = verify(card.key, PURPOSE, asks(mailbox, id_, encoded), signature)
        if card.device == self.device or not is_theirs:
            raise MalformedFrame("a petition of somebody else than it says")
        return card


class Correspondent:
    """
    Somebody who asks by letter, as the inviter's side: what ``Inviter`` is for a connection.

    Whoever drives it looks at :meth:`verdict` after each event, and leaves :meth:`admit` or
    :meth:`refuse`; then it is over.
    """

    proven = True
    """They have shown that they know the invitation."""

    def __init__(self, side: Hosting, id_: bytes, guest: Guest) -> None:
        self.id = id_
        """The id of their petition."""

        self.mailbox = side.rendezvous.mailbox
        """The rendezvous where it lies."""

        self.guest = guest
        self._side = side

    def ask(self, now: float) -> None:
        """Begin to wait for a decision."""
        self.guest.offer.ask(self, self.guest, now)

    def verdict(self, now: float) -> Verdict | Reason:
        """What becomes of them, as things are now."""
        return self.guest.offer.verdict(self, self.guest, now)

    def admit(self, payload: bytes, now: float, sealer: Sealer = hpke) -> Decision:
        """The letter that lets them in: ``payload``, sealed to the device that was confirmed."""
        assert self.verdict(now) is Verdict.ADMIT
        assert len(payload) <= MAX_PAYLOAD
        self.close()
        card = self.guest.card
        about = _transcript(self._side.rendezvous, self.id)
        info = proofs.admission_info(about, self._side.device, self.guest.encoded)
        return self._side.decision(self.id, None, sealer(card.box, info, payload))

    def refuse(self, reason: Reason) -> Decision:
        """The letter that turns them away."""
        self.close()
        return self._side.decision(self.id, reason, b"")

    def close(self) -> None:
        """It is over."""
        self.guest.offer.leave(self)


class Asking:
    """
    The joiner's side of one rendezvous.

    Whoever drives it gives :meth:`read` what lies there; once there is a :attr:`host`, shows it,
    and leaves :meth:`petition`; and is done when there is a :attr:`payload`.
    """

    def __init__(self, link: InvitationLink, key: DeviceKey) -> None:
        self.rendezvous = Rendezvous(link.secret)
        self.host: Host | None = None
        """Who invites; shown to the user: their name, their fingerprint, the title."""

        self.until = 0
        """When the invitation ends, in seconds since 1970, as the inviter said."""

        self.payload: bytes | None = None
        """What lets us in, once we are."""

        self._link = link
        self._key = key
        self._card = b""
        self._id = b""
        self._over: Reason | None = None  # the inviter said so

    def petition(self, id_: bytes, card: Card, sealer: Sealer = hpke) -> Petition:
        """Ask to be let in; ``card`` is our device's, ``id_`` the id of the letter."""
        assert self.host is not None
        assert card.key == self._key.public
        self.asked(id_, card)
        said = asks(self.rendezvous.mailbox, id_, self._card)
        content = pack([self._card, self._key.sign(PURPOSE, said)])
        info = _petition_info(self.rendezvous, id_, self._link.inviter)
        return Petition(sealer(self.host.card.box, info, content))

    def asked(self, id_: bytes, card: Card) -> None:
        """Say what we asked before: in another process, say."""
        self._id, self._card = id_, card.encode()

    def read(self, closed: bytes) -> None:
        """
        Read what lies there.

        Raises:
            TurnedAway: We are not let in.
            NotTheInviter: What lets us in cannot be opened; nobody else is to blame.
            MalformedFrame: It says nothing (rule 3).
        """
        mailbox = self.rendezvous.mailbox
        _, letter = self.rendezvous.open(closed)
        if isinstance(letter, Greeting) and self.host is None:
            self.host = self._believe(letter)
            self.until = letter.until
        if self.host is None:
            return
        match letter:
            case Decision(id_, reason, sealed, signature) if id_ == self._id:
                self._must_be_theirs(decides(mailbox, letter), signature)
                if reason is not None:
                    raise TurnedAway(reason.sentence)
                self.payload = self._open(sealed)
            case Closing(reason, signature):
                self._must_be_theirs(closes(mailbox, reason), signature)
                self._over = reason
            case _:
                pass

    def at_the_end(self) -> None:
        """
        Say that all that lies there was read: letters may lie there in any order.

        Raises:
            TurnedAway: The invitation is over, and we have no answer.
        """
        if self._over is not None and self.payload is None:
            raise TurnedAway(self._over.sentence)

    def _believe(self, greeting: Greeting) -> Host:
        try:
            card = Card.decode(greeting.card)
        except MalformedPaper as problem:
            raise MalformedFrame(problem.problem) from None
        said = greets(self.rendezvous.mailbox, greeting)
        signed = verify(card.key, PURPOSE, said, greeting.signature)
        if card.device != self._link.inviter or card.device == self._key.device or not signed:
            raise MalformedFrame("a greeting of somebody else")
        return Host(card, greeting.title, greeting.role, bool(greeting.mine))

    def _must_be_theirs(self, said: bytes, signature: bytes) -> None:
        assert self.host is not None
        if not verify(self.host.card.key, PURPOSE, said, signature):
            raise MalformedFrame("a letter of somebody else than the inviter")

    def _open(self, sealed: bytes) -> bytes:
        about = _transcript(self.rendezvous, self._id)
        info = proofs.admission_info(about, self._link.inviter, self._card)
        try:
            return _SUITE.decrypt(sealed, self._key.private_box, info=info)
        except (InvalidTag, ValueError):
            raise NotTheInviter from None


def _petition_info(rendezvous: Rendezvous, id_: bytes, inviter: DeviceId) -> bytes:
    return domain("pairing petition") + pack([rendezvous.mailbox, id_, inviter])


def _transcript(rendezvous: Rendezvous, id_: bytes) -> bytes:
    said = domain("rendezvous transcript") + pack([rendezvous.mailbox, id_])
    return hashlib.sha256(said).digest()
