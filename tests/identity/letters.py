"""Two people who pair by letters, for tests: Ada invites, Bob joins, a relay lies between."""

from __future__ import annotations

import hashlib

from tests.identity.pairs import ADA, ADAS_CARD, BOB, BOBS_CARD, LINK, NOW, TERMS
from whisker_sync.errors import MalformedFrame
from whisker_sync.identity.card import Card
from whisker_sync.identity.correspondence import Asking, Correspondent, Hosting
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.identity.link import InvitationLink
from whisker_sync.identity.offers import Offer, Offers, Terms
from whisker_sync.identity.pairing_messages import Reason
from whisker_sync.identity.rendezvous import Letter, Rendezvous

UNTIL = 1_800_000_000
PAYLOAD = b"a roster and a key"


class Relay:
    """What lies in Ada's rendezvous, for a relay to play with."""

    def __init__(self, link: InvitationLink = LINK) -> None:
        self.rendezvous = Rendezvous(link.secret)
        self.letters: list[bytes] = []

    def fresh(self) -> bytes:
        """An id that was never used here."""
        return hashlib.sha256(b"%d" % len(self.letters)).digest()[:16]

    def leave(self, letter: Letter, id_: bytes | None = None) -> bytes:
        """Leave a letter; its id."""
        id_ = id_ or self.fresh()
        self.letters.append(self.rendezvous.close(id_, letter))
        return id_


class Ada:
    """The inviter's device; ``offer`` outlives its processes."""

    def __init__(self, relay: Relay, terms: Terms = TERMS, offer: Offer | None = None) -> None:
        self.relay = relay
        self.offers = Offers(ADA, ADAS_CARD)
        keys = (LINK.pairing_key(),)
        self.offer = self.offers.open(keys, terms, NOW) if offer is None else offer
        self.begin_anew()

    def begin_anew(self) -> None:
        """Be another process."""
        self.side = Hosting(self.relay.rendezvous, ADA, ADAS_CARD, self.offer)
        self.asking: dict[bytes, Correspondent] = {}

    def greet(self) -> None:
        self.relay.leave(self.side.greeting(UNTIL))

    def read(self, now: float = NOW) -> None:
        """Read everything from the beginning, as a device does that does not trust the relay."""
        for closed in self.relay.letters:
            try:
                found = self.side.read(closed)
            except MalformedFrame:
                continue
            if found is not None and found.id not in self.asking:
                self.asking[found.id] = found
        for id_ in list(self.asking):
            if id_ in self.side.answered:
                del self.asking[id_]
            else:
                self.asking[id_].ask(now)

    def answer(self, payload: bytes = PAYLOAD, now: float = NOW) -> None:
        """What whoever drives it does after each event."""
        for id_, asking in list(self.asking.items()):
            verdict = asking.verdict(now)
            if isinstance(verdict, Reason):
                self.relay.leave(asking.refuse(verdict))
            elif verdict.name == "ADMIT":
                self.relay.leave(asking.admit(payload, now))
            else:
                continue
            del self.asking[id_]


class Joiner:
    """Somebody who has a link."""

    def __init__(
        self,
        relay: Relay,
        key: DeviceKey = BOB,
        card: Card = BOBS_CARD,
        link: InvitationLink = LINK,
    ) -> None:
        self.relay, self.key, self.card, self.link = relay, key, card, link
        self.side = Asking(link, key)
        self.id = b""

    def ask(self) -> None:
        self.read()
        self.id = self.relay.fresh()
        self.relay.leave(self.side.petition(self.id, self.card), self.id)

    def begin_anew(self) -> None:
        """Be another process, that knows what was asked."""
        self.side = Asking(self.link, self.key)
        self.side.asked(self.id, self.card)

    def read(self) -> bytes | None:
        """Read everything from the beginning; what lets in, if it is there."""
        for closed in self.relay.letters:
            try:
                self.side.read(closed)
            except MalformedFrame:
                continue
        self.side.at_the_end()
        return self.side.payload
