"""
One connection, from the first byte to the last: a handshake, papers, then a session.

A value that grows: what is known of the other side, and what it waits for. What is done with
it stands in :mod:`~whisker_sync.peer.greeting` as long as it is not clear who they are, and
then in :mod:`~whisker_sync.peer.peer`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from whisker_sync.ids import Address, DeviceId, LinkId
from whisker_sync.sync.handshake import Handshake
from whisker_sync.sync.session import Session, State
from whisker_sync.wire.codec import Assembly


@dataclass(frozen=True, slots=True)
class Exchanged:
    """How far an exchange has come: updates that went each way, and their bytes."""

    sent: int = 0
    received: int = 0
    sent_bytes: int = 0
    received_bytes: int = 0

    def __add__(self, more: Exchanged) -> Exchanged:
        return Exchanged(
            self.sent + more.sent,
            self.received + more.received,
            self.sent_bytes + more.sent_bytes,
            self.received_bytes + more.received_bytes,
        )


@dataclass(slots=True)
class Conversation:
    """One connection: a handshake, papers, then a session; or somebody who was invited."""

    link: LinkId
    candidate: str | None
    """Whom we dialled; None: they dialled us."""

    address: Address
    binding: bytes
    """32 bytes that both ends of this connection have, and no other connection has."""

    nonce: bytes
    """Ours, in the handshake."""

    handshake: Handshake
    opened: float
    until: float
    """When the next thing must be clear: who the other side is, whether they belong, hello."""

    assembly: Assembly = field(default_factory=Assembly)
    asked: deque[bytes] = field(default_factory=deque)
    """Contents that the other side asked for; one at a time, so that typing never waits long."""

    reading: bool = False
    """One of them is being read."""

    papers: bytes = b""
    """What the other side was told about who belongs, or told us itself: a digest."""

    tips: tuple[bytes, ...] = ()
    """The rosters that it has, and all behind them."""

    session: Session | None = None
    told_links: frozenset[DeviceId] = frozenset()
    greeted: float = 0.0
    """When the other side said hello."""

    superseded: bool = False
    """A newer connection to the same device replaced this one; the other side will end it."""

    exchanged: Exchanged | None = None
    """How far the exchange has come that is going on; None: none is."""

    synced: bool = False
    """Both sides held the same at least once."""

    stranger: bool = False
    """The other side could not prove to belong to us, or will not talk with us."""

    over: bool = False
    """Nothing more is said or heard: the other side does not belong, or is another one now."""

    @property
    def is_silent(self) -> bool:
        """Whether the other side has yet to say who it is, or hello."""
        greeting = self.session is None or self.session.state is State.GREETING
        return greeting and not self.over
