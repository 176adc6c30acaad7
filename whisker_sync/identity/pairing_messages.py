"""
What somebody who joins and somebody who invites say to each other.

Values, and how they look as bytes: one canonical CBOR array, the number of the message
and then its fields. Any bytes are either exactly one message within its limits or a
:exc:`~whisker_sync.errors.MalformedFrame`. The numbers begin where those of
:mod:`whisker_sync.wire` cannot reach, so that the first frame on a connection tells what
its sender came for. When what may be said is for :mod:`whisker_sync.identity.pairing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from whisker_sync.errors import MalformedFrame, MalformedPaper
from whisker_sync.identity.canonical import (
    SIGNATURE_BYTES,
    Fields,
    blob,
    exactly,
    number,
    pack,
    unpack,
)
from whisker_sync.identity.card import MAX_CARD
from whisker_sync.identity.link import is_title
from whisker_sync.identity.roster import Role

VERSION = 1
"""Of the conversation; part of what both sides prove."""

MAX_PAIRING_FRAME = 4096
"""Bytes of a frame before the inviter has let the joiner in."""

MAX_ADMISSION_FRAME = 1 << 20
"""Bytes of the frame that lets a joiner in."""

NONCE_BYTES = 32
MAC_BYTES = 32


class Reason(IntEnum):
    """Why somebody who was invited is not let in."""

    DECLINED = 1
    FULL = 2
    OVER = 3

    @property
    def sentence(self) -> str:
        """The reason as the author who wants to join reads it."""
        return _SENTENCES[self]


_SENTENCES = {
    Reason.DECLINED: "they were asked, and said no",
    Reason.FULL: "the invitation was used already; ask for a new one",
    Reason.OVER: "the invitation has run out or was taken back; ask for a new one",
}


@dataclass(frozen=True, slots=True)
class Knock:
    """The joiner opens: it proves that it was invited, and does not say who it is yet."""

    version: int
    """0 to 255."""

    nonce: bytes
    """32 random bytes."""

    mac: bytes
    """32 bytes: it knows the invitation's key."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The inviter proves that it made the invitation, and says who it is."""

    card: bytes
    """The card of the inviter's device."""

    title: str
    """What the story is called."""

    role: Role
    """What the joiner will be."""

    mine: int
    """1: the joiner's device will be another one of the inviter's; 0: it is another person's."""

    mac: bytes
    """32 bytes: it knows the invitation's key."""

    signature: bytes
    """64 bytes: it is the device of the card."""


@dataclass(frozen=True, slots=True)
class Request:
    """The joiner says who it is, and asks to be let in."""

    card: bytes
    """The card of the joiner's device."""

    mac: bytes
    """32 bytes: whoever knocked says this."""

    signature: bytes
    """64 bytes: it is the device of the card."""


@dataclass(frozen=True, slots=True)
class Admission:
    """The inviter lets the joiner in."""

    sealed: bytes
    """What only the device of the joiner's card can open."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The inviter does not let the joiner in."""

    reason: Reason


PairingMessage = Knock | Answer | Request | Admission | Refusal


def is_pairing(frame: bytes) -> bool:
    """Whether a frame is of this conversation at all, well-formed or not; costs nothing."""
    # An array of up to 23 items, then an integer from 32 to 36 in its shortest spelling.
    return len(frame) > 2 and frame[0] >> 5 == 4 and frame[1] == 0x18 and 32 <= frame[2] <= 36


def encode(message: PairingMessage) -> bytes:
    """The frame of a message. We trust ourselves: what we build is within the limits."""
    match message:
        case Knock(version, nonce, mac):
            return pack([32, version, nonce, mac])
        case Answer(card, title, role, mine, mac, signature):
            return pack([33, card, title, int(role), mine, mac, signature])
        case Request(card, mac, signature):
            return pack([34, card, mac, signature])
        case Admission(sealed):
            return pack([35, sealed])
        case Refusal(reason):
            return pack([36, int(reason)])


def decode(frame: bytes, most: int = MAX_PAIRING_FRAME) -> PairingMessage:
    """
    The message in a frame of at most ``most`` bytes, from somebody who may be anybody.

    Raises:
        MalformedFrame: The bytes are no message, or beyond a limit.
    """
    try:
        return _read(unpack(frame, most, 2, 4, 7))
    except MalformedPaper as problem:
        raise MalformedFrame(problem.problem) from None


def _read(fields: Fields) -> PairingMessage:
    match fields:
        case [32, version, nonce, mac]:
            return Knock(number(version, 255), exactly(nonce, NONCE_BYTES), exactly(mac, MAC_BYTES))
        case [33, card, title, role, mine, mac, signature] if is_title(title) and role in tuple(
            Role
        ):
            return Answer(
                blob(card, MAX_CARD),
                title,
                Role(role),
                number(mine, 1),
                exactly(mac, MAC_BYTES),
                exactly(signature, SIGNATURE_BYTES),
            )
        case [34, card, mac, signature]:
            return Request(
                blob(card, MAX_CARD),
                exactly(mac, MAC_BYTES),
                exactly(signature, SIGNATURE_BYTES),
            )
        case [35, sealed]:
            return Admission(blob(sealed, MAX_ADMISSION_FRAME))
        case [36, reason] if reason in tuple(Reason):
            return Refusal(Reason(number(reason)))
        case _:
            raise MalformedFrame("not a message of a pairing")


def _role(value: object) -> Role:
    if value not in tuple(Role):
        raise MalformedFrame("a role that is none")
    return Role(number(value))
