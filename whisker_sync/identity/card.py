"""
A card: what a device says of itself, signed by itself.

Rule 1: a card proves nothing but that the holder of the key said this. Whether the
device belongs to a workspace is for the roster to say; that a name is true, for people.

A *person* is a number drawn at random, with a name. Devices whose cards have the same
number are one person's; that a new device may carry a number somebody has already is
checked where it is admitted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NewType

from whisker_sync.errors import MalformedPaper
from whisker_sync.identity.canonical import (
    exactly,
    name,
    number,
    pack,
    showable,
    sign_off,
    signed,
    unpack,
)
from whisker_sync.identity.keys import PUBLIC_BYTES, DeviceKey, device_of, is_sound, verify
from whisker_sync.ids import DeviceId

CARD_FORMAT = 1

PERSON_BYTES = 16
"""Bytes of the number of a person."""

MAX_CARD = 768
"""Bytes of a card; two names of 64 emoji need 700."""

PersonId = NewType("PersonId", bytes)
"""16 random bytes, drawn once for each person on their first device."""


@dataclass(frozen=True, slots=True)
class Card:
    """A device, as it introduces itself."""

    key: bytes
    """Its public Ed25519 key."""

    box: bytes
    """Its public X25519 key: what is sealed to it, only the device can open."""

    device_name: str
    """What its owner calls it: "laptop"."""

    person: PersonId
    """Whose it is."""

    person_name: str
    """What that person is called."""

    created: int
    """Milliseconds since 1970 on its own clock: for display, never for decisions."""

    signature: bytes = b""
    """The device's own."""

    @property
    def device(self) -> DeviceId:
        """The device's id."""
        return device_of(self.key)

    @classmethod
    def issue(
        cls, key: DeviceKey, device_name: str, person: PersonId, person_name: str, created: int
    ) -> Card:
        """A card of our own; names are made fit to be shown."""
        names = showable(device_name), showable(person_name)
        card = cls(key.public, key.box, names[0], person, names[1], created)
        return replace(card, signature=key.sign("card", card.body()))

    def body(self) -> bytes:
        """What is signed."""
        names = self.device_name, self.person, self.person_name
        return pack([CARD_FORMAT, self.key, self.box, *names, self.created])

    def encode(self) -> bytes:
        """The card as bytes."""
        return sign_off(self.body(), self.signature)

    @classmethod
    def decode(cls, data: bytes) -> Card:
        """
        Read a card, and check that its device signed it.

        Raises:
            MalformedPaper: It is none, or was changed.
        """
        body, signature = signed(data, MAX_CARD)
        fields = unpack(body, MAX_CARD, 7)
        if fields[0] != CARD_FORMAT:
            raise MalformedPaper(f"a card of format {fields[0]!r:.20}")
        card = cls(
            key=exactly(fields[1], PUBLIC_BYTES),
            box=exactly(fields[2], PUBLIC_BYTES),
            device_name=name(fields[3]),
            person=PersonId(exactly(fields[4], PERSON_BYTES)),
            person_name=name(fields[5]),
            created=number(fields[6]),
            signature=signature,
        )
        if not is_sound(card.key, card.box):
            raise MalformedPaper("a key that is none")
        if not verify(card.key, "card", body, card.signature):
            raise MalformedPaper("a card that its device did not sign")
        return card
