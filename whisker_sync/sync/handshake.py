"""
Both sides of a new connection prove who they are, and that nobody sits in between.

Rule 1: nothing that tells who or what we are leaves this device before the
other side has proven that it knows a key of our workspace. A stranger learns
that somebody speaks this protocol, and no more.

Rule 2: any mistake ends it, without a word of explanation on the wire.

Rule 3: whoever knows a key of the workspace may go on, but only as themself. Whether that
device belongs, and what it may do, is for others to judge, by ``other`` and the key behind
it: somebody who was removed still knows an old key.

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
* the dialling side sends a MAC for each of its newest keys, the dialled side looks for one
  that it knows as well, and answers with the same: a side that was away while the key was
  changed can dial and be dialled. There are always as many, some of them noise;
* the signatures (Ed25519, RFC 8032) of both devices' keys, over the transcript and the
  workspace's id, show which devices these are, even to others who know that key. What
  the dialling side signs names the dialled device, too.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
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
from whisker_sync.wire.limits import MACS
from whisker_sync.wire.messages import (
    PROTOCOL,
    Challenge,
    Greeting,
    Introduction,
    Proof,
    Standing,
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

    ``device`` is who we are, ``keys`` those of the workspace, the one in use first (at least
    one), ``standing`` what we know about who belongs, ``binding`` what both ends of this
    connection have and no other connection has. ``speaks`` is the oldest and the newest
    version of the protocol that we speak.
    """

    def __init__(
        self,
        device: DeviceKey,
        workspace: WorkspaceId,
        keys: Sequence[bytes],
        standing: Standing,
        binding: bytes,
        nonce: bytes,
        *,
        dialling: bool,
        speaks: tuple[int, int] = PROTOCOL,
    ) -> None:
        self.other: DeviceId | None = None
        self.public = b""
        """The public key of the other side's device, once it is proven."""

        self.ours = standing
        """What we know about who belongs, as we say it to the other side."""

        self.theirs: Standing | None = None
        """What the other side knows about who belongs, once it is proven."""

        self.state = State.AWAITING_CHALLENGE if dialling else State.AWAITING_PROOF
        self._device = device
        self._workspace = workspace
        self._keys = tuple(derive(key, PURPOSE) for key in keys)
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
            DifferentWorkspace: It knows none of our keys, or somebody sits in between.
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
            case State.AWAITING_INTRODUCTION, Introduction(public, signature, standing):
                self._believe(public, signature, b"C", self._device.public)
                self.theirs = standing
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
        macs = [self._mac(key, b"C") for key in self._keys[:MACS]]
        noise = [self._mac(self._keys[0], bytes((i,))) for i in range(MACS - len(macs))]
        return (Proof(version, self._nonce, (*macs, *noise)),)

    def _welcome(self, proof: Proof) -> tuple[Greeting, ...]:
        if not self._speaks[0] <= proof.version <= self._speaks[1]:
            raise DifferentVersion(self._speaks, (proof.version, proof.version))
        self._transcribe((*self._speaks, proof.version), self._nonce, proof.nonce)
        key = self._key_of(proof.macs, b"C")
        self.state = State.AWAITING_INTRODUCTION
        mac, signature = self._mac(key, b"S"), self._sign(b"S")
        return (Welcome(mac, self._device.public, signature, self.ours),)

    def _introduce(self, welcome: Welcome) -> tuple[Greeting, ...]:
        self._key_of((welcome.mac,), b"S")
        self._believe(welcome.public, welcome.signature, b"S")
        self.theirs = welcome.standing
        signature = self._sign(b"C", welcome.public)
        return (Introduction(self._device.public, signature, self.ours),)

    def _transcribe(self, offer: tuple[int, int, int], dialled: bytes, dialling: bytes) -> None:
        said = canonical([_NAME, self._binding, *offer, dialled, dialling])
        self._transcript = hashlib.sha256(said).digest()

    def _mac(self, key: bytes, part: bytes) -> bytes:
        return hmac.digest(key, part + self._transcript, "sha256")

    def _key_of(self, macs: Sequence[bytes], part: bytes) -> bytes:
        """The newest of our keys that the other side knows as well."""
        for key in self._keys:
            ours = self._mac(key, part)
            if any(hmac.compare_digest(mac, ours) for mac in macs):
                return key
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
