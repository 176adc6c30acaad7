"""
Where those meet at a relay who have an invitation link and are never online together.

The secret of a link is good for a mailbox, too, the **rendezvous**: its key follows from the
secret, and so does what its letters are closed with. Words never lead to one: a relay
could try them all at leisure, but nobody tries 128 bits.

Rule 1: to a relay, a rendezvous is a mailbox like any other. It sees ids, a few sizes and
noise; without the secret nothing can be read, made, or moved to another rendezvous.

Rule 2: the secret proves only that somebody has the link. What the inviter says is signed by
the device that the link names; what the joiner says is sealed to that device and signed by
its own; what lets the joiner in is sealed to the joiner. So somebody else who has the link,
now or later, neither learns who came nor lets anybody in.

Letters are values here, with what is signed in them; ``docs/reference/pairing.md`` has the
bytes, :mod:`whisker_sync.identity.correspondence` says who writes which when.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

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
from whisker_sync.identity.link import SECRET_BYTES, is_title
from whisker_sync.identity.mailbox import MailboxKey
from whisker_sync.identity.pairing_messages import MAX_ADMISSION_FRAME, Reason
from whisker_sync.identity.roster import Role
from whisker_sync.identity.workspace import derive
from whisker_sync.ids import MailboxId

RENDEZVOUS_FORMAT = 1

SIZES = (4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20)
"""The bytes that a letter can have; all but what lets somebody in have the fewest."""

ID_BYTES = 16
"""Random bytes with which a letter begins, and by which a relay knows it."""

MAX_LETTERS = 1024
"""Letters that are looked at in one rendezvous; whoever finds more, somebody fills it up."""

MAX_SEALED_CARD = MAX_CARD + 256
"""Bytes of a sealed request."""

_TAG_BYTES = 16
_LENGTH_BYTES = 4


@dataclass(frozen=True, slots=True)
class Greeting:
    """The inviter says who it is, and what it invites to."""

    card: bytes
    """The card of the inviter's device."""

    title: str
    """What the story is called."""

    role: Role
    """What the joiner will be."""

    mine: int
    """1: the joiner's device will be another one of the inviter's; 0: it is another person's."""

    until: int
    """When the invitation ends, in seconds since 1970, by the inviter's clock."""

    signature: bytes = b""
    """64 bytes: the device of the card says so."""


@dataclass(frozen=True, slots=True)
class Petition:
    """Somebody asks to be let in."""

    sealed: bytes
    """Their card and signature, for the inviter only."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of a petition."""

    petition: bytes
    """The id of the letter that it answers, 16 bytes."""

    reason: Reason | None
    """Why they are not let in; None: they are."""

    sealed: bytes
    """What lets them in, for them only; empty if they are not."""

    signature: bytes = b""
    """64 bytes: the inviter's device says so."""


@dataclass(frozen=True, slots=True)
class Closing:
    """The invitation is over: whoever has no answer by now gets none."""

    reason: Reason
    signature: bytes = b""
    """64 bytes: the inviter's device says so."""


Letter = Greeting | Petition | Decision | Closing


class Rendezvous:
    """The mailbox of one link's secret; shows no key."""

    def __init__(self, secret: bytes) -> None:
        assert len(secret) == SECRET_BYTES
        self.box = MailboxKey(derive(secret, "rendezvous mailbox"))
        """What signs requests to a relay."""

        self.mailbox: MailboxId = self.box.mailbox
        self._secret = secret
        self._context = pack([RENDEZVOUS_FORMAT, self.mailbox])

    def close(self, id_: bytes, letter: Letter) -> bytes:
        """A letter as a relay keeps it; ``id_`` is 16 random bytes that were never used before."""
        assert len(id_) == ID_BYTES
        content = encode(letter)
        around = ID_BYTES + _LENGTH_BYTES + _TAG_BYTES
        size = next(size for size in SIZES if len(content) + around <= size)
        padded = len(content).to_bytes(_LENGTH_BYTES, "big") + content
        padded += bytes(size - ID_BYTES - _TAG_BYTES - len(padded))
        return id_ + self._key(id_).encrypt(bytes(12), padded, self._context)

    def open(self, closed: bytes) -> tuple[bytes, Letter]:
        """
        A letter and its id; who wrote it, and whether it says anything, is not known yet.

        Raises:
            MalformedFrame: It is none of this rendezvous, or was changed.
        """
        if len(closed) not in SIZES:
            raise MalformedFrame("a letter of a size that none has")
        id_ = closed[:ID_BYTES]
        try:
            padded = self._key(id_).decrypt(bytes(12), closed[ID_BYTES:], self._context)
        except InvalidTag:
            raise MalformedFrame("not a letter of this invitation") from None
        end = _LENGTH_BYTES + int.from_bytes(padded[:_LENGTH_BYTES], "big")
        if end > len(padded) or padded[end:].strip(b"\0"):
            raise MalformedFrame("padded with something")
        return id_, decode(padded[_LENGTH_BYTES:end])

    def _key(self, id_: bytes) -> ChaCha20Poly1305:
        # Used once, like the id it is made for; so the nonce may always be the same.
        return ChaCha20Poly1305(derive(self._secret, "rendezvous letter", id_))

    def __repr__(self) -> str:
        return f"Rendezvous(mailbox={self.mailbox.hex()[:8]}, secret=***)"


def encode(letter: Letter) -> bytes:
    """The content of a letter, before it is closed."""
    match letter:
        case Greeting(card, title, role, mine, until, signature):
            return pack([65, card, title, int(role), mine, until, signature])
        case Petition(sealed):
            return pack([66, sealed])
        case Decision(petition, reason, sealed, signature):
            return pack([67, petition, number_of(reason), sealed, signature])
        case Closing(reason, signature):
            return pack([68, int(reason), signature])


def number_of(reason: Reason | None) -> int:
    """A decision as a number; 0: they are let in."""
    return 0 if reason is None else int(reason)


def decode(content: bytes) -> Letter:
    """
    Read the content of a letter, from somebody who has the link.

    Raises:
        MalformedFrame: It is none.
    """
    try:
        return _read(content)
    except MalformedPaper as problem:
        raise MalformedFrame(problem.problem) from None


def _read(content: bytes) -> Letter:
    match unpack(content, MAX_ADMISSION_FRAME, 2, 3, 5, 7):
        case [65, card, title, role, mine, until, signature] if is_title(title):
            return Greeting(
                blob(card, MAX_CARD),
                title,
                _role(role),
                number(mine, 1),
                number(until),
                exactly(signature, SIGNATURE_BYTES),
            )
        case [66, sealed]:
            return Petition(blob(sealed, MAX_SEALED_CARD))
        case [67, petition, reason, sealed, signature]:
            return Decision(
                exactly(petition, ID_BYTES),
                None if reason == 0 and type(reason) is int else _reason(reason),
                blob(sealed, MAX_ADMISSION_FRAME if reason == 0 else 0),
                exactly(signature, SIGNATURE_BYTES),
            )
        case [68, reason, signature]:
            return Closing(_reason(reason), exactly(signature, SIGNATURE_BYTES))
        case _:
            raise MalformedPaper("not a letter of a rendezvous")


def _role(value: object) -> Role:
    if type(value) is not int or value not in tuple(Role):
        raise MalformedPaper("a role that is none")
    return Role(value)


def _reason(value: object) -> Reason:
    if type(value) is not int or value not in tuple(Reason):
        raise MalformedPaper("a reason that is none")
    return Reason(value)


# What is signed and sealed. Each statement has a name of its own, and is about one rendezvous.


def greets(mailbox: MailboxId, greeting: Greeting) -> bytes:
    """The inviter invites to this."""
    fields: Fields = [mailbox, greeting.card, greeting.title, int(greeting.role)]
    return pack(["left S", *fields, greeting.mine, greeting.until])


def asks(mailbox: MailboxId, petition: bytes, card: bytes) -> bytes:
    """The joiner asks with the petition of this id, and is the device of the card."""
    return pack(["left J", mailbox, petition, card])


def decides(mailbox: MailboxId, decision: Decision) -> bytes:
    """The inviter decides so about a petition."""
    return pack(["left A", mailbox, decision.petition, number_of(decision.reason), decision.sealed])


def closes(mailbox: MailboxId, reason: Reason) -> bytes:
    """The inviter closes the invitation."""
    return pack(["left X", mailbox, int(reason)])
