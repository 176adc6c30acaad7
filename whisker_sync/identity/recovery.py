"""
Words that restore ownership: for the drawer, not for the machine.

Whoever loses the only device of an owner loses the right to remove and to promote, not
the story. Sixteen words on paper give it back: they are a key whose public half stands
in the roster, and which may sign like an owner.

Rule 1: the words are the key. Nothing keeps them: they are shown once, and an owner who
wants others sets others, which makes the first void.

Rule 2: a slip is noticed. Of 165 bits 128 are the secret and 37 a check, so that other
words than those that were shown are refused, but for once in 137 billion.
"""

from __future__ import annotations

import hashlib

from whisker_sync.errors import UnknownWord, WrongRecovery
from whisker_sync.identity.canonical import domain
from whisker_sync.identity.keys import SigningKey
from whisker_sync.identity.words import to_number, to_words, typed
from whisker_sync.identity.workspace import derive

WORD_COUNT = 16
"""Words on the paper."""

ENTROPY_BYTES = 16
"""Bytes of chance behind them."""

CHECK_BITS = 37
"""What is left of sixteen words."""


class RecoveryKey(SigningKey):
    """The key on paper; does not show itself but by :meth:`words`."""

    def __init__(self, entropy: bytes) -> None:
        assert len(entropy) == ENTROPY_BYTES
        self._entropy = entropy
        super().__init__(derive(entropy, "recovery"))

    def words(self) -> str:
        """What to write down."""
        number = int.from_bytes(self._entropy, "big") << CHECK_BITS | _check(self._entropy)
        return " ".join(to_words(number, WORD_COUNT))

    @classmethod
    def from_words(cls, text: str) -> RecoveryKey:
        """
        The key that somebody typed from the paper; case, hyphens and line breaks do not matter.

        Raises:
            WrongRecovery: It is none, and what seems to be wrong.
        """
        words = typed(text)
        if len(words) != WORD_COUNT:
            raise WrongRecovery(f"there are {len(words)} of them instead of {WORD_COUNT}")
        try:
            number = to_number(words)
        except UnknownWord as unknown:
            raise WrongRecovery(str(unknown)) from None
        secret, check = divmod(number, 1 << CHECK_BITS)
        if secret >> 8 * ENTROPY_BYTES:
            raise WrongRecovery("they do not belong together; check their order")
        entropy = secret.to_bytes(ENTROPY_BYTES, "big")
        if check != _check(entropy):
            raise WrongRecovery("they do not belong together; check their order")
        return cls(entropy)


def _check(entropy: bytes) -> int:
    digest = hashlib.sha256(domain("recovery check") + entropy).digest()
    return int.from_bytes(digest[:8], "big") >> 64 - CHECK_BITS
