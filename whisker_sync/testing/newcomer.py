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
from whisker_sync.ids import Address, LinkId
from whisker_sync.peer.inputs import FrameArrived, Input
from whisker_sync.sync.handshake import NONCE_BYTES
from whisker_sync.testing.network import Connection, End
from whisker_sync.wire.codec import decode_greeting
from whisker_sync.wire.messages import Challenge

if TYPE_CHECKING:
    from whisker_sync.testing.machine import Machine
    from whisker_sync.testing.world import World

ADDRESS = Address("192.0.2.251", 50_000)


class Newcomer:
    """Asks ``host`` to be let in; :attr:`papers` is what it was given, once it was."""

    def __init__(
        self, world: World, host: Machine, key: DeviceKey, card: Card, invited: PairingKey
    ) -> None:
        self.name = "newcomer"
        self.life = 1
        self.papers: Papers | None = None
        self._key = key
        self._card = card
        self._invited = invited
        self._nonce = world.dice.randbytes(NONCE_BYTES)
        self._joiner: Joiner | None = None
        self._end = End(self, LinkId(1))
        theirs = host.new_end()
        self._connection = Connection(world, self._end, theirs, latency=0.001)
        host.take(self._connection, theirs, None, ADDRESS)

    @property
    def is_asleep(self) -> bool:
        """It never sleeps."""
        return False

    @property
    def clock(self) -> int:
        """It has none."""
        return 0

    def forget(self, link: LinkId) -> None:
        """Stop: the host hung up."""

    def tell(self, input_: Input) -> None:
        """Hear what the host says."""
        match input_:
            case FrameArrived(_, frame) if self._joiner is None:
                challenge = decode_greeting(frame)
                assert isinstance(challenge, Challenge)
                self._joiner = Joiner(
                    self._invited,
                    self._key,
                    self._connection.binding,
                    challenge.nonce,
                    self._nonce,
                )
                self._connection.send(self._end, self._joiner.begin())
            case FrameArrived(_, frame):
                assert self._joiner is not None
                self._hear(self._joiner, frame)
            case _:
                pass

    def _hear(self, joiner: Joiner, frame: bytes) -> None:
        try:
            joiner.receive(frame)
        except TurnedAway:
            return
        if joiner.state is Joining.DECIDING:
            self._connection.send(self._end, joiner.request(self._card))
        elif joiner.payload is not None:
            self.papers = Papers.trust(Evidence.decode(joiner.payload))
