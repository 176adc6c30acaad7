"""
Everybody who belongs to an imagined workspace, and a way to seal without chance.

Who comes first founds the workspace and owns it; everybody else was let in by them, as if
they had met. All of it follows from names, so that a history repeats to the byte.
"""

from __future__ import annotations

import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from whisker_sync.identity import acts
from whisker_sync.identity.card import Card, PersonId
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.identity.papers import Papers
from whisker_sync.identity.roster import Role
from whisker_sync.ids import DeviceId, WorkspaceId


class People:
    """Who belongs to ``workspace``; ``key`` is the first key of it, 32 bytes."""

    def __init__(self, workspace: WorkspaceId, key: bytes) -> None:
        self._workspace = workspace
        self._key = key
        self._founder: DeviceKey | None = None
        self._papers: Papers
        self._given: dict[DeviceId, Papers] = {}

    def enrol(self, key: DeviceKey, name: str, role: Role = Role.WRITER) -> Papers:
        """The papers that a device begins with; the same each time for one device."""
        if key.device not in self._given:
            self._given[key.device] = self._let_in(key, name, role)
        return self._given[key.device]

    def give(self, device: DeviceId, papers: Papers) -> None:
        """Have a device begin with these papers from now on."""
        self._given[device] = papers

    def card_of(self, key: DeviceKey, name: str) -> Card:
        """What a device says of itself."""
        person = PersonId(hashlib.sha256(name.encode()).digest()[:16])
        return Card.issue(key, name, person, name, 0)

    def _let_in(self, key: DeviceKey, name: str, role: Role) -> Papers:
        card = self.card_of(key, name)
        if self._founder is None:
            self._founder = key
            self._papers = acts.found(key, self._workspace, card, self._key, sealer=sealer)
        else:
            self._papers = acts.admit(self._papers, self._founder, card, role)
            self._papers = acts.reseal(self._papers, self._key, sealer=sealer)
        return self._papers


# HPKE (RFC 9180), base mode, one message: written out, with an ephemeral key that depends on
# what is sealed alone. Good for nothing but repeating a history to the byte.


def sealer(box: bytes, info: bytes, content: bytes) -> bytes:
    """Seal without chance, in a form that the library opens."""
    ephemeral = X25519PrivateKey.from_private_bytes(
        hashlib.sha256((box + info + content).hex().encode()).digest()
    )
    sent = ephemeral.public_key().public_bytes_raw()
    agreed = ephemeral.exchange(X25519PublicKey.from_public_bytes(box))
    kem = b"KEM" + (0x20).to_bytes(2, "big")
    prk = _extract(kem, b"", b"eae_prk", agreed)
    secret = _expand(kem, prk, b"shared_secret", sent + box, 32)
    suite = b"HPKE" + b"".join(n.to_bytes(2, "big") for n in (0x20, 1, 3))
    context = (
        b"\0" + _extract(suite, b"", b"psk_id_hash", b"") + _extract(suite, b"", b"info_hash", info)
    )
    prk = _extract(suite, secret, b"secret", b"")
    key = _expand(suite, prk, b"key", context, 32)
    nonce = _expand(suite, prk, b"base_nonce", context, 12)
    return sent + ChaCha20Poly1305(key).encrypt(nonce, content, b"")


def _extract(suite: bytes, salt: bytes, label: bytes, material: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + material, "sha256")


def _expand(suite: bytes, prk: bytes, label: bytes, info: bytes, length: int) -> bytes:
    block = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info + b"\1"
    return hmac.digest(prk, block, "sha256")[:length]
