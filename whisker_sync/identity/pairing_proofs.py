"""
What both sides of a pairing prove, as bytes.

Rule 1: every statement has a name of its own and is about one connection: the
*transcript* is a hash of the certificate that the dialled side showed, of both nonces and of
the version. So nothing that was heard on another connection, or from the other side of
this one, proves anything; and whoever ends the encryption in the middle has two transcripts.

Rule 2: what is proven is what is said. Each statement holds the card, the title and the
terms that it stands for, so none of them can be changed on the way.

A MAC (HMAC-SHA-256, RFC 2104, under the invitation's key) over a statement shows that its
sender knows the invitation; a signature (Ed25519) over the same bytes, which device it is.
"""

from __future__ import annotations

import hashlib
import hmac

from whisker_sync.identity.canonical import domain, pack
from whisker_sync.identity.pairing_messages import VERSION
from whisker_sync.ids import DeviceId

PURPOSE = "pairing"
"""What all MACs and signatures of a pairing are made for."""


def transcript(binding: bytes, dialled: bytes, joiner: bytes) -> bytes:
    """Hash of what makes a connection: its certificate's, and the nonces of both sides."""
    said = domain("pairing transcript") + pack([VERSION, binding, dialled, joiner])
    return hashlib.sha256(said).digest()


def joiner_knocks(about: bytes) -> bytes:
    """The joiner knows the invitation; ``about`` is the transcript, here and below."""
    return pack(["join C", about])


def inviter_answers(about: bytes, card: bytes, title: str, role: int, mine: int) -> bytes:
    """The inviter knows it too, is the device of ``card``, and invites to this."""
    return pack(["join S", about, card, title, int(role), mine])


def joiner_requests(about: bytes, card: bytes) -> bytes:
    """The joiner is the device of ``card`` and asks to be let in."""
    return pack(["join J", about, card])


def mac(key: bytes, said: bytes) -> bytes:
    """The MAC over a statement."""
    return hmac.digest(key, domain(PURPOSE) + said, "sha256")


def is_mac(tag: bytes, key: bytes, said: bytes) -> bool:
    """Whether ``tag`` is the MAC over a statement; takes the same time whatever it is."""
    return hmac.compare_digest(tag, mac(key, said))


def admission_info(about: bytes, inviter: DeviceId, card: bytes) -> bytes:
    """What an admission is sealed for: this conversation, who lets in, and who is let in."""
    return domain("pairing admission") + pack([about, inviter, card])
