"""
How somebody who was invited becomes a member: both sides of it.

Rule 1: nothing of the workspace leaves before :mod:`whisker_sync.identity.offers` says
that the one who asks is let in. A wrong proof is answered with silence.

Rule 2: the joiner says who it is only after the inviter has proven to have made the
invitation: whoever announces a wrong tag, or sits in between, learns no name.

Rule 3: the secret of an invitation encrypts nothing. What lets the joiner in is sealed to
the device that was confirmed (HPKE, RFC 9180), so a code that somebody finds out
afterwards opens nothing, however they recorded what was said.

Theory of operation
===================

The side that was dialled has sent a nonce, with the challenge that opens every
connection. Whoever wants to join answers with a knock instead of a member's proof::

    Joiner                                              Inviter
    KNOCKING --------- Knock(nonce, mac C) -----------> AWAITING_KNOCK
             <-------- Answer(card, title, mac S, sig)- AWAITING_REQUEST
    DECIDING                                               (a human may look at the card)
    WAITING  --------- Request(card, mac J, sig) -----> ASKING
             <-------- Admission(sealed payload) ------ DONE    (a human has confirmed)
    ADMITTED

What the MACs and signatures are over is in :mod:`whisker_sync.identity.pairing_proofs`.
What the payload is, is for others to say: here it is bytes. Each side ends at the first
thing that is not as it must be, and cannot be begun again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from whisker_sync.errors import (
    MalformedPaper,
    NotInvited,
    NotTheInviter,
    TurnedAway,
    UnexpectedMessage,
)
from whisker_sync.identity import pairing_proofs as proofs
from whisker_sync.identity.card import Card
from whisker_sync.identity.keys import DeviceKey, fingerprint, verify
from whisker_sync.identity.link import PairingKey
from whisker_sync.identity.offers import Guest, Offer, Offers, Verdict, host_of
from whisker_sync.identity.pairing_messages import (
    MAX_ADMISSION_FRAME,
    MAX_PAIRING_FRAME,
    VERSION,
    Admission,
    Answer,
    Knock,
    Reason,
    Refusal,
    Request,
    decode,
    encode,
)
from whisker_sync.identity.roster import Role
from whisker_sync.identity.seals import Sealer, hpke

MAX_PAYLOAD = MAX_ADMISSION_FRAME - 512
"""Bytes of what lets somebody in; sealing, signing and framing add less than 512."""

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


# The inviter's side of one connection.


class Inviting(Enum):
    """Where the inviter's side of a conversation stands."""

    AWAITING_KNOCK = "waiting for a knock"
    AWAITING_REQUEST = "waiting for a request"
    ASKING = "waiting for a human's decision"
    DONE = "done"


class Inviter:
    """
    The inviter's side of one connection.

    ``binding`` is the 32 bytes that tell this connection's certificate, ``nonce`` the 32
    that our side has sent in its challenge, ``address`` where the other side is: the host
    alone, without the port.

    Whoever drives it sends what :meth:`receive` returns, and after each event looks at
    :meth:`verdict`: it sends :meth:`admit` or :meth:`refuse` and is done with it. When a
    method raises, it hangs up without a word; when the link is gone, it says :meth:`close`.
    """

    def __init__(self, offers: Offers, binding: bytes, nonce: bytes, address: str) -> None:
        self.state = Inviting.AWAITING_KNOCK
        self.guest: Guest | None = None
        """Who asks, once they said it."""

        self._offers = offers
        self._binding = binding
        self._nonce = nonce
        self._address = host_of(address)
        self._offer: Offer | None = None
        self._key = b""
        self._transcript = b""

    @property
    def proven(self) -> bool:
        """Whether the other side has proven to be invited: it is no stranger any more."""
        return self._offer is not None

    @property
    def ends(self) -> float:
        """When the invitation that the other side knows ends, once it has proven to know one."""
        assert self._offer is not None
        return self._offer.ends

    def receive(self, frame: bytes, now: float) -> tuple[bytes, ...]:
        """
        Take what the other side said; return what to answer.

        Raises:
            NotInvited: It knows no open invitation, or has guessed too often.
            MalformedFrame: It said nothing that is a message.
            UnexpectedMessage: It is not its turn to say that.
        """
        state = self.state
        self.close()  # whatever goes wrong ends it
        match state, decode(frame):
            case Inviting.AWAITING_KNOCK, Knock() as knock:
                return (self._answer(knock, now),)
            case Inviting.AWAITING_REQUEST, Request() as request:
                self._ask(request, now)
                return ()
            case _, message:
                raise UnexpectedMessage(type(message).__name__, state.value)

    def verdict(self, now: float) -> Verdict | Reason:
        """What becomes of whoever is there, as things are now."""
        match self.state:
            case Inviting.ASKING:
                assert self.guest is not None
                return self.guest.offer.verdict(self, self.guest, now)
            case Inviting.AWAITING_REQUEST:
                assert self._offer is not None
                return Verdict.WAIT if self._offer.hears(self._address, now) else Reason.OVER
            case _:
                return Verdict.WAIT

    def admit(self, payload: bytes, now: float, sealer: Sealer = hpke) -> bytes:
        """The frame that lets them in: ``payload``, sealed to the device that was confirmed."""
        assert self.state is Inviting.ASKING
        assert self.guest is not None
        assert self.verdict(now) is Verdict.ADMIT
        assert len(payload) <= MAX_PAYLOAD
        self.close()
        info = proofs.admission_info(self._transcript, self._offers.card.device, self.guest.encoded)
        return encode(Admission(sealer(self.guest.card.box, info, payload)))

    def refuse(self, reason: Reason) -> bytes:
        """The frame that turns them away; hang up after it."""
        assert self.proven
        self.close()
        return encode(Refusal(reason))

    def close(self) -> None:
        """The conversation is over, or its link is gone."""
        self.state = Inviting.DONE
        if self._offer is not None:
            self._offer.leave(self)

    def _answer(self, knock: Knock, now: float) -> bytes:
        if knock.version != VERSION:
            raise NotInvited
        transcript = proofs.transcript(self._binding, self._nonce, knock.nonce)
        said = proofs.joiner_knocks(transcript)
        self._offer, self._key = self._offers.recognise(self._address, said, knock.mac, now)
        self._transcript = transcript
        terms, card = self._offer.terms, self._offers.card.encode()
        said = proofs.inviter_answers(transcript, card, terms.title, terms.role, int(terms.mine))
        mac, signature = proofs.mac(self._key, said), self._offers.key.sign(proofs.PURPOSE, said)
        self.state = Inviting.AWAITING_REQUEST
        return encode(Answer(card, terms.title, terms.role, int(terms.mine), mac, signature))

    def _ask(self, request: Request, now: float) -> None:
        assert self._offer is not None
        said = proofs.joiner_requests(self._transcript, request.card)
        card = _read_card(request.card)
        if (
            card is None
            or card.device == self._offers.card.device
            or not proofs.is_mac(request.mac, self._key, said)
            or not verify(card.key, proofs.PURPOSE, said, request.signature)
        ):
            self._offer.count_wrong(self._address)
            raise NotInvited
        self.guest = Guest(card, self._address, self._offer)
        self.state = Inviting.ASKING
        self._offer.ask(self, self.guest, now)


# The joiner's side.


@dataclass(frozen=True, slots=True)
class Host:
    """Who made the invitation, as they say themself; they have proven to have made it."""

    card: Card
    """Who they are."""

    title: str
    """What the story is called."""

    role: Role
    """What we will be."""

    mine: bool
    """Whether we will be another device of theirs, rather than another person."""

    @property
    def name(self) -> str:
        """What they are called."""
        return self.card.person_name

    @property
    def fingerprint(self) -> str:
        """What is compared with what their own screen shows."""
        return fingerprint(self.card.device)


class Joining(Enum):
    """Where the joiner's side of a conversation stands."""

    KNOCKING = "waiting for an answer"
    DECIDING = "deciding whether to ask"
    WAITING = "waiting to be let in"
    ADMITTED = "let in"
    ENDED = "turned away"


class Joiner:
    """
    The joiner's side of one connection.

    ``invited`` is what the invitation comes down to, ``key`` our device's, ``binding``
    the 32 bytes that tell the certificate that the other side showed, ``theirs`` the nonce
    of its challenge, ``nonce`` 32 random bytes of our own.

    Whoever drives it sends :meth:`begin`; gives :meth:`receive` what arrives; once there is a
    :attr:`host`, shows it and sends :meth:`request`; and is done when there is a
    :attr:`payload`. When a method raises, it hangs up.
    """

    def __init__(
        self, invited: PairingKey, key: DeviceKey, binding: bytes, theirs: bytes, nonce: bytes
    ) -> None:
        self.state = Joining.KNOCKING
        self.host: Host | None = None
        """Who let us ask; shown to the user: their name, their fingerprint, the title."""

        self.payload: bytes | None = None
        """What lets us in, once we are."""

        self._invited = invited
        self._key = key
        self._nonce = nonce
        self._card = b""
        self._transcript = proofs.transcript(binding, theirs, nonce)

    def begin(self) -> bytes:
        """The frame to send first, instead of a member's proof."""
        mac = proofs.mac(self._invited.key, proofs.joiner_knocks(self._transcript))
        return encode(Knock(VERSION, self._nonce, mac))

    def request(self, card: Card) -> bytes:
        """The frame that says who we are and asks to be let in; ``card`` is our device's."""
        assert self.state is Joining.DECIDING
        assert card.key == self._key.public
        self._card = card.encode()
        said = proofs.joiner_requests(self._transcript, self._card)
        self.state = Joining.WAITING
        mac, signature = proofs.mac(self._invited.key, said), self._key.sign(proofs.PURPOSE, said)
        return encode(Request(self._card, mac, signature))

    def receive(self, frame: bytes) -> None:
        """
        Take what the other side said.

        Raises:
            NotTheInviter: It did not make the invitation, or somebody sits in between.
            TurnedAway: It does not let us in.
            MalformedFrame: It said nothing that is a message.
            UnexpectedMessage: It is not its turn to say that.
        """
        state, self.state = self.state, Joining.ENDED  # whatever goes wrong ends it
        waiting = state is Joining.WAITING
        message = decode(frame, MAX_ADMISSION_FRAME if waiting else MAX_PAIRING_FRAME)
        match state, message:
            case Joining.KNOCKING, Answer():
                self.host = self._believe(message)
                self.state = Joining.DECIDING
            case ((Joining.DECIDING | Joining.WAITING), Refusal(reason)):
                raise TurnedAway(reason.sentence)
            case Joining.WAITING, Admission(sealed):
                self.payload = self._open(sealed)
                self.state = Joining.ADMITTED
            case _:
                raise UnexpectedMessage(type(message).__name__, state.value)

    def _believe(self, answer: Answer) -> Host:
        said = proofs.inviter_answers(
            self._transcript, answer.card, answer.title, answer.role, answer.mine
        )
        card = _read_card(answer.card)
        if (
            card is None
            or card.device == self._key.device
            or self._invited.inviter not in {None, card.device}
            or not proofs.is_mac(answer.mac, self._invited.key, said)
            or not verify(card.key, proofs.PURPOSE, said, answer.signature)
        ):
            raise NotTheInviter
        return Host(card, answer.title, answer.role, bool(answer.mine))

    def _open(self, sealed: bytes) -> bytes:
        assert self.host is not None
        info = proofs.admission_info(self._transcript, self.host.card.device, self._card)
        try:
            return _SUITE.decrypt(sealed, self._key.private_box, info=info)
        except (InvalidTag, ValueError):
            raise NotTheInviter from None


def _read_card(encoded: bytes) -> Card | None:
    try:
        return Card.decode(encoded)
    except MalformedPaper:
        return None
