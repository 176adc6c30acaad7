"""
Bundles: envelopes in a file, for a USB stick or mail.

A file is ``whisker-sync bundle 1`` and a line feed, the mailbox whose keys open it (32 bytes),
for each envelope its length (4 bytes, big-endian) and the envelope, a length of zero, and
SHA-256 over all that (32 bytes). So a file that was cut or changed on the way is told apart
from one that is for others. The bytes are either exactly one bundle or a
:exc:`~whisker_sync.errors.MalformedFrame`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from whisker_sync.errors import MalformedFrame
from whisker_sync.ids import MailboxId
from whisker_sync.wire.relay import MAX_ENVELOPE

MAGIC = b"whisker-sync bundle 1\n"
"""How each bundle begins."""

MAX_BUNDLE = 256 << 20
"""Bytes of a bundle."""

_LENGTH_BYTES = 4
_DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True)
class Bundle:
    """Envelopes for the members of a workspace."""

    mailbox: MailboxId
    """Says which key opens them; who does not have it learns nothing from that."""

    envelopes: tuple[bytes, ...]

    def encode(self) -> bytes:
        """The bundle as the content of a file."""
        body = MAGIC + self.mailbox + b"".join(_framed((*self.envelopes, b"")))
        return body + hashlib.sha256(body).digest()

    @classmethod
    def decode(cls, data: bytes) -> Bundle:
        """
        Read the content of a file.

        Raises:
            MalformedFrame: It is no bundle, or not as it was made.
        """
        if not data.startswith(MAGIC):
            raise MalformedFrame("it is no bundle, or one of a newer version")
        if len(data) > MAX_BUNDLE:
            raise MalformedFrame(f"it has more than {MAX_BUNDLE >> 20} MiB")
        at = len(MAGIC) + 32
        mailbox = MailboxId(data[len(MAGIC) : at])
        envelopes: list[bytes] = []
        while True:
            size = int.from_bytes(data[at : at + _LENGTH_BYTES], "big")
            end = at + _LENGTH_BYTES + size
            if end + _DIGEST_BYTES > len(data):
                raise MalformedFrame("its end is missing")
            if not size:
                break
            if size > MAX_ENVELOPE:
                raise MalformedFrame(f"part {len(envelopes) + 1} was changed on the way")
            envelopes.append(data[at + _LENGTH_BYTES : end])
            at = end
        if hashlib.sha256(data[:end]).digest() != data[end:]:
            raise MalformedFrame("it was changed on the way")
        return cls(mailbox, tuple(envelopes))


def _framed(envelopes: Iterable[bytes]) -> Iterable[bytes]:
    for envelope in envelopes:
        yield len(envelope).to_bytes(_LENGTH_BYTES, "big")
        yield envelope
