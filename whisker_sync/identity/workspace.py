"""
What the key of a workspace opens.

A workspace has one random key of 256 bits. It is never used for anything
itself: each purpose gets a key of its own by HKDF (RFC 5869), so that what one
of them shows tells nothing about another.
"""

from __future__ import annotations

import hmac

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
"""Bytes of a workspace's key."""

TAG_BYTES = 8
"""Bytes of the tag that members recognise each other's announcements by."""


def derive(key: bytes, purpose: str, about: bytes = b"") -> bytes:
    """A key of 32 bytes for one purpose, and there for ``about`` alone."""
    info = b"whisker-sync/1 " + purpose.encode() + about
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(key)


def discovery_tag(key: bytes, hour: int) -> bytes:
    """
    What an announcement on the LAN carries during one hour, counted from 1970.

    Members can compute it; to everybody else it is noise that changes each hour.
    """
    return _tag(derive(key, "discovery"), hour)


def is_tag_of(key: bytes, tag: bytes, hour: int) -> bool:
    """
    Whether somebody who knows the key announced this, by a clock that is an hour off at most.

    False proves nothing: the clock may be wrong by more.
    """
    secret = derive(key, "discovery")
    return any(hmac.compare_digest(tag, _tag(secret, hour + off)) for off in (0, -1, 1))


def _tag(secret: bytes, hour: int) -> bytes:
    # Signed: a machine without a battery may believe that it is 1970, or the year before.
    return hmac.digest(secret, hour.to_bytes(8, "big", signed=True), "sha256")[:TAG_BYTES]
