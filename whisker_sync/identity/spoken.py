"""
An invitation to say aloud: ``7-otter-velvet-amber-kite``.

Rule 1: what is short is made slow. Four words hide 41 bits, too few for a key. Whoever
tries codes here has three tries (:mod:`whisker_sync.identity.offers`); whoever sits in
between and catches a proof has ten minutes for half of 2^41 runs of scrypt (RFC 7914),
at 128 MiB and a good third of a second each: seventeen thousand years of one processor.

Rule 2: the number in front is no secret. The tag that the inviter announces follows from
it, so that of several inviters in a room the right one is asked. It never follows from
the words: that would let everybody in the room try codes at home.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from whisker_sync.errors import InvitationError
from whisker_sync.identity.link import InvitationLink, PairingKey
from whisker_sync.identity.words import WORDS, to_number, to_words, typed
from whisker_sync.identity.workspace import TAG_BYTES, derive

WORD_COUNT = 4
"""Words of a code."""

MAX_NAMEPLATE = 99
"""The largest number in front of a code; the smallest is 1."""

MAX_CODE = 200
"""Characters of what is typed as a code; a code has 38 at most."""

ENTROPY_BYTES = 32
"""Random bytes that a code is drawn from."""

SCRYPT = (1 << 17, 8, 1)
"""Cost, block size and lanes of scrypt: 128 MiB, and about 0.4 s on a machine of today."""


@dataclass(frozen=True, slots=True)
class SpokenCode:
    """What somebody was told over the telephone."""

    nameplate: int
    """1 to 99: tells inviters in one room apart."""

    words: tuple[str, ...] = field(repr=False)
    """Four words of the list; the secret."""

    @classmethod
    def draw(cls, entropy: bytes) -> SpokenCode:
        """Make a code from 32 bytes of the best randomness there is."""
        assert len(entropy) == ENTROPY_BYTES
        number, nameplate = divmod(int.from_bytes(entropy, "big"), MAX_NAMEPLATE)
        return cls(nameplate + 1, to_words(number % len(WORDS) ** WORD_COUNT, WORD_COUNT))

    @classmethod
    def parse(cls, text: str) -> SpokenCode:
        """
        Read a code; case, spaces, commas and hyphens do not matter.

        Raises:
            InvitationError: It is not a number and four words.
            UnknownWord: One of the words is not in the list.
        """
        first, *words = typed(text[: MAX_CODE + 1]) or ("",)
        if len(text) > MAX_CODE or len(words) != WORD_COUNT:
            raise InvitationError("it is not a number and four words, as 7-otter-velvet-amber-kite")
        if not (first.isascii() and first.isdecimal() and 1 <= int(first) <= MAX_NAMEPLATE):
            raise InvitationError(f"it does not begin with a number from 1 to {MAX_NAMEPLATE}")
        to_number(words)
        return cls(int(first), tuple(words))

    def __str__(self) -> str:
        return "-".join((str(self.nameplate), *self.words))

    def stretch(self) -> PairingKey:
        """
        What to prove, and whom to look for.

        This takes about 0.4 s and 128 MiB, by design: call it once, not in an event loop.
        """
        cost, block, lanes = SCRYPT
        salt = b"whisker-sync/1 invitation words " + str(self.nameplate).encode()
        scrypt = Scrypt(salt=salt, length=32, n=cost, r=block, p=lanes)
        tag = derive(str(self.nameplate).encode(), "invitation nameplate")[:TAG_BYTES]
        return PairingKey(scrypt.derive("-".join(self.words).encode()), tag)


def read_invitation(text: str) -> InvitationLink | SpokenCode:
    """
    What somebody who wants to join gave us: a link or a code.

    Raises:
        InvitationError: It is neither.
        UnknownWord: It is a code with a word that is not in the list.
    """
    if ":" in text:
        return InvitationLink.parse(text)
    return SpokenCode.parse(text)
