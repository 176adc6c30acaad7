"""
Somebody with an invitation link, far from the inviter: the letters that let in.

Looks at the relay when told to, and leaves there what is to be left; between two looks as much
time may pass, and as much go wrong, as a history likes.
"""

from __future__ import annotations

from random import Random

from whisker_sync.errors import MalformedFrame, TurnedAway
from whisker_sync.identity.card import Card
from whisker_sync.identity.correspondence import Asking
from whisker_sync.identity.evidence import Evidence
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.identity.link import InvitationLink
from whisker_sync.identity.papers import Papers
from whisker_sync.identity.rendezvous import ID_BYTES
from whisker_sync.testing.people import sealer
from whisker_sync.testing.relay import ImaginedRelay


class Stranger:
    """Asks by letter; :attr:`papers` is what they were given, once they were let in."""

    def __init__(
        self, relay: ImaginedRelay, link: InvitationLink, key: DeviceKey, card: Card, dice: Random
    ) -> None:
        self.papers: Papers | None = None
        self.turned_away: str | None = None
        """Why they are not let in, if somebody said so."""

        self.key = key
        """Their device's."""

        self._relay = relay
        self._link = link
        self._card = card
        self._id = dice.randbytes(ID_BYTES)
        self._letter: bytes | None = None

    @property
    def asked(self) -> bool:
        """Whether they have left their petition."""
        return self._letter is not None

    def look(self) -> None:
        """Read everything, as a process does that has just begun; and ask, if that can be."""
        asking = Asking(self._link, self.key)
        letters = self._relay.lying(asking.rendezvous.mailbox)
        if self._letter is not None:
            asking.asked(self._id, self._card)
        try:
            for letter in (*letters, *letters):  # in whatever order they lie there
                self._read(asking, letter)
            asking.at_the_end()
        except TurnedAway as away:
            self.turned_away = away.reason
            return
        if asking.payload is not None:
            self.papers = Papers.trust(Evidence.decode(asking.payload))
        elif asking.host is not None and self._letter is None:
            petition = asking.petition(self._id, self._card, sealer)
            self._letter = asking.rendezvous.close(self._id, petition)
        if self._letter is not None and self._letter not in letters:
            self._relay.leave(asking.rendezvous.box, self._letter)

    def _read(self, asking: Asking, letter: bytes) -> None:
        try:
            asking.read(letter)
        except MalformedFrame:
            return
