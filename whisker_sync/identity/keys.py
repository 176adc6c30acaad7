"""
The key pair of a device.

A device *is* its Ed25519 key (RFC 8032): its id is the hash of the public half.
The key belongs to a user's account on a machine, never to a project, so that
copying a folder does not copy an identity. This module keeps nothing: where the
bytes lie is for the shell to say, and it keeps them to itself.

What a key signs says what it is for: a signature for one purpose is none for another.
"""

from __future__ import annotations

import base64
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from whisker_sync.errors import BadSettings
from whisker_sync.ids import DeviceId

SEED_BYTES = 32
"""Bytes of an Ed25519 private key."""

PUBLIC_BYTES = 32
"""Bytes of an Ed25519 public key."""

SIGNATURE_BYTES = 64
"""Bytes of an Ed25519 signature."""


class DeviceKey:
    """The private key of this device; does not show itself."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._private.public_key().public_bytes_raw()
        """The half that others may know."""

        self.device = device_of(self.public)

    @classmethod
    def generate(cls, entropy: bytes) -> DeviceKey:
        """Make a key from 32 bytes of the best randomness there is."""
        assert len(entropy) == SEED_BYTES
        return cls(entropy)

    @classmethod
    def load(cls, encoded: bytes) -> DeviceKey:
        """
        Read a key that :meth:`encode` wrote.

        Raises:
            BadSettings: It is none.
        """
        if len(encoded) != SEED_BYTES:
            raise BadSettings("the device key", f"it has {len(encoded)} bytes instead of 32")
        return cls(encoded)

    def encode(self) -> bytes:
        """The secret bytes to keep; 32 of them."""
        return self._seed

    def sign(self, purpose: str, message: bytes) -> bytes:
        """A signature that says: this device stands by the message, for this purpose only."""
        return self._private.sign(_signed(purpose, message))

    @property
    def fingerprint(self) -> str:
        """The device's id as humans compare it."""
        return fingerprint(self.device)

    def __repr__(self) -> str:
        return f"DeviceKey({self.fingerprint}, private half hidden)"


def device_of(public: bytes) -> DeviceId:
    """The device that has a public key."""
    return DeviceId(hashlib.sha256(public).digest())


def verify(public: bytes, purpose: str, message: bytes, signature: bytes) -> bool:
    """Whether the device with this public key signed the message for this purpose."""
    try:
        key = Ed25519PublicKey.from_public_bytes(public)
        key.verify(signature, _signed(purpose, message))
    except (InvalidSignature, ValueError):
        return False
    return True


def _signed(purpose: str, message: bytes) -> bytes:
    return b"whisker-sync/1 " + purpose.encode() + b"\0" + message


def fingerprint(device: DeviceId) -> str:
    """
    A device's id as humans compare it: 100 bits in five groups of four letters and digits.

    Base32 (RFC 4648): no 0, 1 or 8, which look like O, I and B.
    """
    letters = base64.b32encode(device).decode()[:20]
    return "-".join(letters[cut : cut + 4] for cut in range(0, 20, 4))
