"""Two people who pair, for tests: Ada invites, Bob joins."""

from __future__ import annotations

import hashlib

from whisker_sync.identity.card import Card, PersonId
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.identity.link import InvitationLink, PairingKey
from whisker_sync.identity.offers import Offer, Offers, Terms
from whisker_sync.identity.pairing import Inviter, Inviting, Joiner
from whisker_sync.identity.pairing_messages import Reason

NOW = 1000.0
BINDING = hashlib.sha256(b"the inviter's certificate").digest()
THEIRS, OURS = bytes([7]) * 32, bytes([9]) * 32


def device(name: str) -> tuple[DeviceKey, Card]:
    """The key of somebody's laptop, and its card."""
    seed = hashlib.sha256(name.encode()).digest()
    key = DeviceKey.generate(seed)
    return key, Card.issue(key, "laptop", PersonId(seed[:16]), name, 0)


ADA, ADAS_CARD = device("Ada")
BOB, BOBS_CARD = device("Bob")
EVE, EVES_CARD = device("Eve")

LINK = InvitationLink(bytes(range(16)), ADA.device, "The Cave")
INVITED = LINK.pairing_key()
SPOKEN = PairingKey(hashlib.sha256(b"stretched").digest(), b"nameplat")
"""As of a code, without the half second."""

WRONG = PairingKey(bytes(32), b"whatever")
TERMS = Terms("The Cave")


class Invitation:
    """Ada's open invitation, and the connections to it."""

    def __init__(self, terms: Terms = TERMS, *keys: PairingKey) -> None:
        self.offers = Offers(ADA, ADAS_CARD)
        self.offer: Offer = self.offers.open(keys or (INVITED,), terms, NOW)
        self._nonces = 0

    def dial(
        self,
        invited: PairingKey = INVITED,
        key: DeviceKey = BOB,
        address: str = "192.0.2.7",
        seen: bytes = BINDING,
    ) -> Pair:
        """A new connection; ``seen`` is the binding that the joiner sees."""
        self._nonces += 1
        nonces = [hashlib.sha256(b"%d %d" % (side, self._nonces)).digest() for side in (1, 2)]
        inviter = Inviter(self.offers, BINDING, nonces[0], address)
        return Pair(inviter, Joiner(invited, key, seen, *nonces))

    def ask(
        self,
        invited: PairingKey = INVITED,
        person: tuple[DeviceKey, Card] = (BOB, BOBS_CARD),
        address: str = "192.0.2.7",
        now: float = NOW,
    ) -> Pair:
        """A new connection, up to where a human has to decide."""
        pair = self.dial(invited, person[0], address)
        pair.ask(person[1], now)
        return pair


class Pair:
    """Both ends of one connection."""

    def __init__(self, inviter: Inviter, joiner: Joiner) -> None:
        self.inviter = inviter
        self.joiner = joiner

    def knock(self, now: float = NOW) -> None:
        for frame in self.inviter.receive(self.joiner.begin(), now):
            self.joiner.receive(frame)

    def ask(self, card: Card = BOBS_CARD, now: float = NOW) -> None:
        self.knock(now)
        assert self.inviter.receive(self.joiner.request(card), now) == ()

    def answer(self, payload: bytes, now: float = NOW) -> None:
        """What whoever drives the inviter does after each event."""
        verdict = self.inviter.verdict(now)
        if isinstance(verdict, Reason):
            self.joiner.receive(self.inviter.refuse(verdict))
        elif verdict.name == "ADMIT" and self.inviter.state is Inviting.ASKING:
            self.joiner.receive(self.inviter.admit(payload, now))
