"""
The key of a mailbox, and what proves to a relay that somebody holds it.

A mailbox is where the members of a workspace leave things for each other at a relay. It
has an Ed25519 key (RFC 8032) that all members derive from the key of an epoch, and its
id is the hash of the public half. So a relay needs no accounts: whoever signs with the
key may use the mailbox, and with the next epoch there is another one, which tells nobody
that it follows the first.

Rule 1: a :class:`Stamp` is good for one request only. It is signed over the method, the
target, the mailbox, the hash of the body, the time and a nonce: nothing of the request
can be changed, and a relay that remembers the nonces of the last minutes takes it once.

Rule 2: a stamp can be judged before the body has come, so that strangers cannot make a
relay read what they send. Whoever takes the body in compares its hash.

Nothing here knows a clock or draws anything: the time and the nonce are given.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from whisker_sync.identity.canonical import pack
from whisker_sync.identity.keys import SigningKey, has_one_signer, verify
from whisker_sync.identity.workspace import derive
from whisker_sync.ids import MailboxId

SCHEME = "Whisker"
"""The scheme of the ``Authorization`` header that carries a stamp."""

NONCE_BYTES = 16
"""Random bytes that make each request another one."""

SKEW_SECONDS = 300
"""How far the clocks of a relay and of who asks it may be apart."""

STAMP_BYTES = 32 + 8 + NONCE_BYTES + 32 + 64
"""Bytes of a stamp: public key, time, nonce, hash of the body, signature."""

_PURPOSE = "relay request"


class MailboxKey(SigningKey):
    """The key pair of a mailbox; ``seed`` is 32 secret bytes."""

    @classmethod
    def of_epoch(cls, key: bytes) -> MailboxKey:
        """The key of the mailbox that a workspace uses while ``key`` is its key."""
        return cls(derive(key, "mailbox"))

    @property
    def mailbox(self) -> MailboxId:
        """The id of the mailbox."""
        return mailbox_of(self.public)


def mailbox_of(public: bytes) -> MailboxId:
    """The id of the mailbox whose public key this is."""
    return MailboxId(hashlib.sha256(public).digest())


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a request carries to show that its sender may use a mailbox."""

    public: bytes
    """Public key of the mailbox, 32 bytes."""

    time: int
    """When the request was made, in seconds since 1970."""

    nonce: bytes
    """16 random bytes."""

    body: bytes
    """SHA-256 of the request's body, also of an empty one."""

    signature: bytes
    """64 bytes, over all of this and over the request (rule 1)."""

    @classmethod
    def sign(
        cls, key: MailboxKey, method: str, target: str, body: bytes, time: int, nonce: bytes
    ) -> Stamp:
        """
        Sign a request.

        ``target`` is the path from ``/v1/`` on, with the query if there is one, exactly as
        it is sent; ``method`` is in capitals. A WebSocket is opened with ``GET``.
        """
        assert len(nonce) == NONCE_BYTES
        unsigned = cls(key.public, time, nonce, hashlib.sha256(body).digest(), b"")
        signature = key.sign(_PURPOSE, unsigned._signed(method, target))
        return cls(unsigned.public, time, nonce, unsigned.body, signature)

    def proves(self, method: str, target: str) -> bool:
        """Whether who holds the key signed this request, with a body of this hash."""
        signed = self._signed(method, target)
        return has_one_signer(self.public) and verify(self.public, _PURPOSE, signed, self.signature)

    @property
    def mailbox(self) -> MailboxId:
        """The id of the mailbox that this stamp is for."""
        return mailbox_of(self.public)

    def encode(self) -> str:
        """The stamp as the value of an ``Authorization`` header."""
        time = self.time.to_bytes(8, "big")
        data = self.public + time + self.nonce + self.body + self.signature
        return f"{SCHEME} {base64.urlsafe_b64encode(data).decode().rstrip('=')}"

    @classmethod
    def decode(cls, header: str) -> Stamp | None:
        """Read the value of an ``Authorization`` header; nothing if it is no stamp."""
        scheme, _, encoded = header.partition(" ")
        try:
            data = base64.urlsafe_b64decode(encoded + "=")
        except ValueError:
            return None
        if scheme != SCHEME or len(data) != STAMP_BYTES:
            return None
        stamp = cls(
            data[:32], int.from_bytes(data[32:40], "big"), data[40:56], data[56:88], data[88:]
        )
        return stamp if stamp.encode() == header else None  # one spelling only

    def _signed(self, method: str, target: str) -> bytes:
        return pack([method, target, self.mailbox, self.body, self.time, self.nonce])
