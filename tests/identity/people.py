"""People and their devices for tests about who belongs, and a sealer without chance."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from whisker_sync.identity import acts
from whisker_sync.identity.card import Card, PersonId
from whisker_sync.identity.evidence import Evidence
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.identity.papers import Papers
from whisker_sync.identity.roster import Role
from whisker_sync.ids import DeviceId, WorkspaceId

WORKSPACE = WorkspaceId(b"a workspace's id")


def drawn(what: str) -> bytes:
    """32 bytes that are as good as drawn, and the same each time."""
    return hashlib.sha256(what.encode()).digest()


@dataclass(frozen=True)
class Someone:
    """A device of somebody."""

    key: DeviceKey
    card: Card

    @property
    def device(self) -> DeviceId:
        return self.key.device


def someone(person: str, device: str = "laptop") -> Someone:
    """The device of a person; the same each time."""
    key = DeviceKey(drawn(f"{person}'s {device}"))
    return Someone(key, Card.issue(key, device, PersonId(drawn(person)[:16]), person, 0))


def founded(by: Someone, epoch_key: bytes = drawn("epoch 1")) -> Papers:
    """A workspace of one."""
    return acts.found(by.key, WORKSPACE, by.card, epoch_key, sealer=sealer)


def admitted(papers: Papers, by: Someone, *who: Someone, role: Role = Role.WRITER) -> Papers:
    """The papers when some more have tickets."""
    for one in who:
        papers = acts.admit(papers, by.key, one.card, role)
    return papers


def folded(papers: Papers, by: Someone, fresh: str = "fresh") -> Papers:
    """The papers when an owner answered all that was open."""
    return acts.fold(papers, by.key, drawn(fresh), sealer=sealer)


def removed(papers: Papers, by: Someone, *who: Someone, fresh: str = "") -> Papers:
    """The papers when an owner removed some."""
    key = drawn(fresh or f"without {[one.device for one in who]} by {by.device!r}")
    return acts.remove(papers, by.key, [one.device for one in who], key, sealer=sealer)


def given(papers: Papers, by: Someone, role: Role, *who: Someone) -> Papers:
    """The papers when an owner gave some another role."""
    devices = [one.device for one in who]
    return acts.change_role(papers, by.key, devices, role, drawn("given"), sealer=sealer)


def told(papers: Papers, *others: Papers) -> Papers:
    """The papers when others told all they have, as bytes."""
    for other in others:
        papers = papers.take(Evidence.decode(other.news(papers.tips).encode()))
    return papers


def names(papers: Papers) -> list[str]:
    """Who belongs, by the names of persons."""
    return [member.card.person_name for member in papers.membership.members]


def owners(papers: Papers) -> list[str]:
    """Who may remove, by the names of persons."""
    return [member.card.person_name for member in papers.membership.owners]


# HPKE (RFC 9180), base mode, one message: written out, with an ephemeral key that depends on
# what is sealed alone. Good for nothing but repeating a test to the byte.


def sealer(box: bytes, info: bytes, content: bytes) -> bytes:
    """Seal without chance, in a form that the library opens."""
    ephemeral = X25519PrivateKey.from_private_bytes(drawn((box + info + content).hex()))
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
