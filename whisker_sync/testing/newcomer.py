"""
Somebody in front of another's machine, with an invitation: the conversation that lets in.

A machine has nothing of a workspace before it is let in, and so no peer that could speak for
it. This speaks for it, once; then the machine boots with what it was given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whisker_sync.errors import TurnedAway
from whisker_sync.identity.card import Card
from whisker_sync.identity.evidence import Evidence
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.identity.link import PairingKey
from whisker_sync.identity.pairing import Joiner, Joining
from whisker_sync.identity.papers import Papers
from whisker_sync.ids import Address
from whisker_sync.sync.handshake import NONCE_BYTES
from whisker_sync.testing.visitor import Visitor
from whisker_sync.wire.codec import decode_greeting
from whisker_sync.wire.messages import Challenge

if TYPE_CHECKING:
    from whisker_sync.testing.machine import Machine
    from whisker_sync.testing.world import World

ADDRESS = Address("192.0.2.251", 50_000)


class Newcomer(Visitor):
    """Asks ``host`` to be let in; :attr:`papers` is what it was given, once it was."""

    def __init__(
        self, world: World, host: Machine, key: DeviceKey, card: Card, invited: PairingKey
    ) -> None:
        super().__init__(world, host, "newcomer")
        self.papers: Papers | None = None
        self._key = key
        self._card = card
        self._invited = invited
        self._nonce = world.dice.randbytes(NONCE_BYTES)
        self._joiner: Joiner | None = None
        self.knock(ADDRESS)

    def hear(self, frame: bytes) -> None:
        """Ask to be let in, or go on with that."""
        if self._joiner is not None:
            self._go_on(self._joiner, frame)
            return
        challenge = decode_greeting(frame)
        assert isinstance(challenge, Challenge)
        binding, nonce = self._connection.binding, challenge.nonce
        self._joiner = Joiner(self._invited, self._key, binding, nonce, self._nonce)
        self.send(self._joiner.begin())

    def _go_on(self, joiner: Joiner, frame: bytes) -> None:
        try:
            joiner.receive(frame)
        except TurnedAway:
            return
        if joiner.state is Joining.DECIDING:
            self.send(joiner.request(self._card))
        elif joiner.payload is not None:
            self.papers = Papers.trust(Evidence.decode(joiner.payload))
