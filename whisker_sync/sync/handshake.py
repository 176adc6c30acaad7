"""
Both sides of a new connection prove who they are, and that nobody sits in between.

Rule 1: nothing that tells who or what we are leaves this device before the
other side has proven that it knows the key of our workspace. A stranger learns
that somebody speaks this protocol, and no more.

Rule 2: any mistake ends it, without a word of explanation on the wire.

Rule 3: whoever knows the workspace's key may talk with us, but only as themself. Which
device may do what is for others to judge, by ``other`` and the key behind it.

Theory of operation
===================

The side that was dialled challenges, because it cannot know who comes::

    dialled                              dialling
    AWAITING_PROOF ---- Challenge ----> AWAITING_CHALLENGE
                   <---- Proof -------- AWAITING_WELCOME
    AWAITING_INTRODUCTION - Welcome --> PROVEN
    PROVEN         <-- Introduction ---

The *transcript* is a hash of the link's binding (of the certificate that the dialled
side showed), the versions on offer, the version chosen, and both nonces. Nobody who
changed one of them, or who decrypts in the middle, has the same at both ends. So:

* a proof that was heard elsewhere or before is none here;
* nobody can talk us down to an older version;
* the MACs (HMAC-SHA-256, RFC 2104, under a key derived from the workspace's) show that
  both sides know the workspace's key, each with a letter for its part, so that our own
  words sent back prove nothing;
* the signatures (Ed25519, RFC 8032) of both devices' keys, over the transcript and the
  workspace's id, show which devices these are, even to others who know that key. What
  the dialling side signs names the dialled device, too.
"""

from __future__ import annotations

import hashlib
import hmac
from enum import Enum

from whisker_sync.errors import (
    DifferentVersion,
    DifferentWorkspace,
    ForgedDevice,
    UnexpectedMessage,
)
from whisker_sync.identity.keys import DeviceKey, device_of, verify
from whisker_sync.identity.workspace import derive
from whisker_sync.ids import DeviceId, WorkspaceId
from whisker_sync.wire.codec import canonical
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

PURPOSE = "handshake"
"""What the workspace's key is derived for here, and what signatures are made for."""

_NAME = "whisker-sync/1"


class State(Enum):
    """Where a handshake stands."""

    AWAITING_CHALLENGE = "waiting for a challenge"
    AWAITING_PROOF = "waiting for a proof"
    AWAITING_WELCOME = "waiting for a welcome"
    AWAITING_INTRODUCTION = "waiting for an introduction"
    PROVEN = "proven"
    OVER = "nothing any more"


class Handshake:
    """
    One side of a handshake; ``other`` is the other side's device once it is proven.

    ``device`` is who we are, ``key`` the key of the workspace, ``binding`` what both ends
    of this connection have and no other connection has. ``speaks`` is the oldest and the
    newest version of the protocol that we speak.
    """

    def __init__(
        self,
        device: DeviceKey,
        workspace: WorkspaceId,
        key: bytes,
        binding: bytes,
        nonce: bytes,
        *,
        dialling: bool,
        speaks: tuple[int, int] = PROTOCOL,
    ) -> None:
        self.other: DeviceId | None = None
        self.public = b""
        """The public key of the other side's device, once it is proven."""

        self.state = State.AWAITING_CHALLENGE if dialling else State.AWAITING_PROOF
        self._device = device
        self._workspace = workspace
        self._key = derive(key, PURPOSE)
        self._binding = binding
        self._nonce = nonce
        self._speaks = speaks
        self._transcript = b""

    @property
    def transcript(self) -> bytes:
        """All that makes this connection what it is, hashed; equal at both ends, nowhere else."""
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
            DifferentWorkspace: It does not know our key, or somebody sits in between.
            ForgedDevice: It says that it is a device which it is not.
            DifferentVersion: It speaks no version that we speak.
            UnexpectedMessage: It is not its turn to say that; nor ever again after a mistake.
        """
        before, self.state = self.state, State.OVER  # unless all is as it should be
        match before, greeting:
            case State.AWAITING_CHALLENGE, Challenge():
                return self._prove(greeting)
            case State.AWAITING_PROOF, Proof():
                return self._welcome(greeting)
            case State.AWAITING_WELCOME, Welcome():
                return self._introduce(greeting)
            case State.AWAITING_INTRODUCTION, Introduction(public, signature):
                self._believe(public, signature, b"C", self._device.public)
                return ()
            case _:
                raise UnexpectedMessage(type(greeting).__name__, before.value)

    def _prove(self, challenge: Challenge) -> tuple[Greeting, ...]:
        version = min(challenge.newest, self._speaks[1])
        if version < max(challenge.oldest, self._speaks[0]):
            raise DifferentVersion(self._speaks, (challenge.oldest, challenge.newest))
        offer = (challenge.oldest, challenge.newest, version)
        self._transcribe(offer, challenge.nonce, self._nonce)
        self.state = State.AWAITING_WELCOME
        return (Proof(version, self._nonce, self._mac(b"C")),)

    def _welcome(self, proof: Proof) -> tuple[Greeting, ...]:
        if not self._speaks[0] <= proof.version <= self._speaks[1]:
            raise DifferentVersion(self._speaks, (proof.version, proof.version))
        self._transcribe((*self._speaks, proof.version), self._nonce, proof.nonce)
        self._check(proof.mac, b"C")
        self.state = State.AWAITING_INTRODUCTION
        return (Welcome(self._mac(b"S"), self._device.public, self._sign(b"S")),)

    def _introduce(self, welcome: Welcome) -> tuple[Greeting, ...]:
        self._check(welcome.mac, b"S")
        self._believe(welcome.public, welcome.signature, b"S")
        return (Introduction(self._device.public, self._sign(b"C", welcome.public)),)

    def _transcribe(self, offer: tuple[int, int, int], dialled: bytes, dialling: bytes) -> None:
        said = canonical([_NAME, self._binding, *offer, dialled, dialling])
        self._transcript = hashlib.sha256(said).digest()

    def _mac(self, part: bytes) -> bytes:
        return hmac.digest(self._key, part + self._transcript, "sha256")

    def _check(self, mac: bytes, part: bytes) -> None:
        if not hmac.compare_digest(mac, self._mac(part)):
            raise DifferentWorkspace

    def _claim(self, part: bytes, dialled: bytes = b"") -> bytes:
        """What a device signs; ``dialled`` is the public key of the device that it dialled."""
        return part + hashlib.sha256(self._transcript + self._workspace + dialled).digest()

    def _sign(self, part: bytes, dialled: bytes = b"") -> bytes:
        return self._device.sign(PURPOSE, self._claim(part, dialled))

    def _believe(self, public: bytes, signature: bytes, part: bytes, dialled: bytes = b"") -> None:
        if not verify(public, PURPOSE, self._claim(part, dialled), signature):
            raise ForgedDevice
        self.state, self.other, self.public = State.PROVEN, device_of(public), public
