"""
Both sides of a new connection prove that they belong together.

Rule 1: nothing that tells who or what we are leaves this device before the
other side has proven that it knows the key of our workspace. A stranger learns
that somebody speaks this protocol, and no more.

Rule 2: any mistake ends it, without a word of explanation on the wire.

Theory of operation
===================

The side that was dialled challenges, because it cannot know who comes::

    dialled                              dialling
    AWAITING_PROOF ---- Challenge ----> AWAITING_CHALLENGE
                   <---- Proof -------- AWAITING_WELCOME
    AWAITING_INTRODUCTION - Welcome --> PROVEN
    PROVEN         <-- Introduction ---

Each MAC is HMAC-SHA-256 (RFC 2104) under a key derived from the workspace's,
over a letter for the sender's part, the transcript (both nonces and the versions on
offer, so that nobody can talk us down to an older one), and the sender's id.
It proves knowledge of the workspace's key, not possession of the device's:
that, and a channel which nobody else can read, is for TLS and signatures.
"""

from __future__ import annotations

import hashlib
import hmac
from enum import Enum

from whisker_sync.errors import DifferentVersion, DifferentWorkspace, UnexpectedMessage
from whisker_sync.identity.workspace import derive
from whisker_sync.ids import DeviceId
from whisker_sync.wire.messages import (
    PROTOCOL,
    Challenge,
    Greeting,
    Introduction,
    Proof,
    Welcome,
)

HANDSHAKE_SECONDS = 5.0
"""How long a connection may take to prove itself; loopback and LAN need milliseconds."""

NONCE_BYTES = 32

_DOMAIN = b"whisker-sync/1 handshake\0"


class State(Enum):
    """Where a handshake stands."""

    AWAITING_CHALLENGE = "waiting for a challenge"
    AWAITING_PROOF = "waiting for a proof"
    AWAITING_WELCOME = "waiting for a welcome"
    AWAITING_INTRODUCTION = "waiting for an introduction"
    PROVEN = "proven"


class Handshake:
    """
    One side of a handshake; ``other`` is the other side's device once it is proven.

    ``speaks`` is the oldest and the newest version of the protocol that we speak.
    """

    def __init__(
        self,
        device: DeviceId,
        key: bytes,
        nonce: bytes,
        *,
        dialling: bool,
        speaks: tuple[int, int] = PROTOCOL,
    ) -> None:
        self.other: DeviceId | None = None
        self.state = State.AWAITING_CHALLENGE if dialling else State.AWAITING_PROOF
        self._device = device
        self._key = derive(key, "handshake")
        self._nonce = nonce
        self._speaks = speaks
        self._transcript = b""

    @property
    def transcript(self) -> bytes:
        """Versions and both nonces, once they are known; equal at both ends, and nowhere else."""
        return self._transcript

    def begin(self) -> tuple[Greeting, ...]:
        """What to send before anything has arrived."""
        if self.state is State.AWAITING_CHALLENGE:
            return ()
        return (Challenge(*self._speaks, self._nonce),)

    def receive(self, greeting: Greeting) -> tuple[Greeting, ...]:
        """
        Take what the other side said; return what to answer.

        Raises:
            DifferentWorkspace: It does not know our key.
            DifferentVersion: It speaks no version that we speak.
            UnexpectedMessage: It is not its turn to say that.
        """
        match self.state, greeting:
            case State.AWAITING_CHALLENGE, Challenge():
                return self._prove(greeting)
            case State.AWAITING_PROOF, Proof():
                return self._welcome(greeting)
            case State.AWAITING_WELCOME, Welcome(mac, device):
                self._check(mac, b"S", device)
                self.state, self.other = State.PROVEN, device
                return (Introduction(self._mac(b"I", self._device), self._device),)
            case State.AWAITING_INTRODUCTION, Introduction(mac, device):
                self._check(mac, b"I", device)
                self.state, self.other = State.PROVEN, device
                return ()
            case _:
                raise UnexpectedMessage(type(greeting).__name__, self.state.value)

    def _prove(self, challenge: Challenge) -> tuple[Greeting, ...]:
        version = min(challenge.newest, self._speaks[1])
        if version < max(challenge.oldest, self._speaks[0]):
            raise DifferentVersion(self._speaks, (challenge.oldest, challenge.newest))
        offer = (challenge.oldest, challenge.newest, version)
        self._transcript = bytes(offer) + challenge.nonce + self._nonce
        self.state = State.AWAITING_WELCOME
        return (Proof(version, self._nonce, self._mac(b"C")),)

    def _welcome(self, proof: Proof) -> tuple[Greeting, ...]:
        if not self._speaks[0] <= proof.version <= self._speaks[1]:
            raise DifferentVersion(self._speaks, (proof.version, proof.version))
        self._transcript = bytes((*self._speaks, proof.version)) + self._nonce + proof.nonce
        self._check(proof.mac, b"C")
        self.state = State.AWAITING_INTRODUCTION
        return (Welcome(self._mac(b"S", self._device), self._device),)

    def _mac(self, part: bytes, device: bytes = b"") -> bytes:
        digest = hashlib.sha256(_DOMAIN + self._transcript).digest()
        return hmac.digest(self._key, part + digest + device, "sha256")

    def _check(self, mac: bytes, part: bytes, device: bytes = b"") -> None:
        if not hmac.compare_digest(mac, self._mac(part, device)):
            raise DifferentWorkspace
