"""
The key of a workspace in an envelope that one device can open.

Rule 1: only HPKE (RFC 9180) as the library has it: base mode, DHKEM(X25519,
HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305, 80 bytes for a key of 32.

Rule 2: an envelope proves nothing about who closed it. What is in it counts only if its
SHA-256 is the commitment that stands in a signed roster; so anybody may carry it,
and anybody may make one.

Closing an envelope needs chance, which the library takes from the operating system. Who
needs the same bytes twice (the imagined world does) passes a :data:`Sealer` of their own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from whisker_sync.errors import MalformedPaper
from whisker_sync.identity.canonical import domain, exactly, number, pack, unpack
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.identity.workspace import KEY_BYTES
from whisker_sync.ids import DeviceId, WorkspaceId

ENVELOPE_BYTES = 80
"""Bytes of a sealed key: 32 to agree on a secret, 32 of content, 16 of a tag."""

MAX_SEAL = 192
"""Bytes of a seal with what it is for; a genuine one has about 160."""

Sealer = Callable[[bytes, bytes, bytes], bytes]
"""Seals: (public X25519 key, what it is bound to, content) to an envelope."""

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


def hpke(box: bytes, info: bytes, content: bytes) -> bytes:
    """Seal ``content`` to a public X25519 key, with chance of the operating system."""
    return _SUITE.encrypt(content, X25519PublicKey.from_public_bytes(box), info=info)


def commitment(key: bytes) -> bytes:
    """What a roster says of a workspace's key without giving it away."""
    return hashlib.sha256(key).digest()


@dataclass(frozen=True, slots=True, order=True)
class Seal:
    """The key of one epoch, for one device."""

    epoch: int
    """Number of the epoch."""

    commitment: bytes
    """SHA-256 of the key."""

    device: DeviceId
    """Who can open it."""

    envelope: bytes
    """The sealed key, 80 bytes."""

    @classmethod
    def close(
        cls,
        workspace: WorkspaceId,
        epoch: int,
        key: bytes,
        device: DeviceId,
        box: bytes,
        sealer: Sealer,
    ) -> Seal:
        """Seal the key of an epoch for the device whose public X25519 key is ``box``."""
        assert len(key) == KEY_BYTES
        info = _info(workspace, epoch, commitment(key), device)
        return cls(epoch, commitment(key), device, sealer(box, info, key))

    def open(self, workspace: WorkspaceId, key: DeviceKey) -> bytes | None:
        """The key of the epoch; nothing if this was not sealed for us, or is not that key."""
        info = _info(workspace, self.epoch, self.commitment, self.device)
        try:
            content = _SUITE.decrypt(self.envelope, key.private_box, info=info)
        except (InvalidTag, ValueError):
            return None
        return content if commitment(content) == self.commitment else None

    def encode(self) -> bytes:
        """The seal as bytes."""
        return pack([self.epoch, self.commitment, self.device, self.envelope])

    @classmethod
    def decode(cls, data: bytes) -> Seal:
        """Read a seal, or raise :exc:`MalformedPaper`; nobody signed it (rule 2)."""
        fields = unpack(data, MAX_SEAL, 4)
        seal = cls(
            number(fields[0]),
            exactly(fields[1], 32),
            DeviceId(exactly(fields[2], 32)),
            exactly(fields[3], ENVELOPE_BYTES),
        )
        if seal.epoch == 0:
            raise MalformedPaper("a seal of no epoch")
        return seal


def _info(workspace: WorkspaceId, epoch: int, key: bytes, device: DeviceId) -> bytes:
    return domain("seal") + pack([workspace, epoch, key, device])
