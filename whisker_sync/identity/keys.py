"""
The key pairs of a device.

A device *is* its Ed25519 key (RFC 8032): its id is the hash of the public half.
The key belongs to a user's account on a machine, never to a project, so that
copying a folder does not copy an identity. This module keeps nothing: where the
bytes lie is for the shell to say, and it keeps them to itself.

Rule 1: a key signs nothing without a purpose, so that a signature for one thing is
never one for another.

Rule 2: public keys that anybody could sign for, or that nothing can be sealed to,
are refused where they come in (:func:`is_sound`); else one careless or
hostile card would open a door, or stop an owner who rotates the key.

A second key pair, X25519 (RFC 7748), receives what is sealed for the device. Its
private half is derived from the same 32 bytes, so there is one secret to keep.
"""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from whisker_sync.errors import BadSettings
from whisker_sync.identity.canonical import domain
from whisker_sync.identity.workspace import derive
from whisker_sync.ids import DeviceId

SEED_BYTES = 32
"""Bytes of an Ed25519 private key."""

PUBLIC_BYTES = 32
"""Bytes of a public key of either kind."""

MAX_REMEMBERED = 8192
"""Signatures of small papers that are not verified again; a class of 500 has a thousand."""

MAX_REMEMBERED_BYTES = 1024
"""What is larger is verified each time."""


class SigningKey:
    """An Ed25519 key that signs for a purpose; does not show itself."""

    def __init__(self, seed: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._private.public_key().public_bytes_raw()

    def sign(self, purpose: str, body: bytes) -> bytes:
        """The signature, 64 bytes, over ``body`` as something of this purpose."""
        return self._private.sign(domain(purpose) + body)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({fingerprint(device_of(self.public))}, private half hidden)"


class DeviceKey(SigningKey):
    """The private keys of this device; does not show them."""

    def __init__(self, seed: bytes) -> None:
        super().__init__(seed)
        self._seed = seed
        self.private_box = X25519PrivateKey.from_private_bytes(derive(seed, "device box"))
        self.box = self.private_box.public_key().public_bytes_raw()
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

    @property
    def fingerprint(self) -> str:
        """The device's id as humans compare it."""
        return fingerprint(self.device)


def device_of(public: bytes) -> DeviceId:
    """The id of the device whose public signing key this is."""
    return DeviceId(hashlib.sha256(public).digest())


def verify(public: bytes, purpose: str, body: bytes, signature: bytes) -> bool:
    """Whether the holder of ``public`` signed ``body`` as something of this purpose."""
    message = domain(purpose) + body
    if len(message) <= MAX_REMEMBERED_BYTES:
        return _verify_small(public, message, signature)
    return _verify(public, message, signature)


def _verify(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


# Remembering changes no answer: a class of 500 would cost 50 ms at each roster that comes.
_verify_small = lru_cache(maxsize=MAX_REMEMBERED)(_verify)


def has_one_signer(public: bytes) -> bool:
    """Whether nobody can sign for this public key but who has its private half."""
    y = int.from_bytes(public, "little") & ~(1 << 255)
    return y < _PRIME and y not in _SMALL_ORDER


@lru_cache(maxsize=MAX_REMEMBERED)
def is_sound(public: bytes, box: bytes) -> bool:
    """Whether only one can sign for ``public``, and something can be sealed to ``box``."""
    if not has_one_signer(public):
        return False
    try:
        _PROBE.exchange(X25519PublicKey.from_public_bytes(box))
    except ValueError:
        return False
    return True


_PRIME = 2**255 - 19
_EIGHTH = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL_ORDER = {0, 1, _PRIME - 1, _EIGHTH, _PRIME - _EIGHTH}
"""The y of the eight points that every signature can be made to fit."""

_PROBE = X25519PrivateKey.from_private_bytes(bytes(32))


def fingerprint(device: DeviceId) -> str:
    """
    A device's id as humans compare it: 100 bits in five groups of four letters and digits.

    Base32 (RFC 4648): no 0, 1 or 8, which look like O, I and B.
    """
    letters = base64.b32encode(device).decode()[:20]
    return "-".join(letters[cut : cut + 4] for cut in range(0, 20, 4))
