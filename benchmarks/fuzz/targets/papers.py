"""
Signed papers, the messages of a pairing, and what somebody who was invited pastes.

A paper that is changed is refused for its signature, and nothing behind that check would
ever be tried. So bodies are changed and signed again, by a device of our own.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from random import Random

import cbor2

from benchmarks.fuzz.corpus import kept
from benchmarks.fuzz.mutate import mutate
from benchmarks.fuzz.target import Broken, Target, Verdict
from benchmarks.fuzz.targets.frames import WORDS
from whisker_sync.errors import InvitationError, MalformedFrame, MalformedPaper, UnknownWord
from whisker_sync.identity import acts, pairing_messages, rendezvous
from whisker_sync.identity.canonical import sign_off
from whisker_sync.identity.card import Card, PersonId
from whisker_sync.identity.evidence import Evidence
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.identity.link import SCHEME, InvitationLink
from whisker_sync.identity.pairing_messages import (
    Admission,
    Answer,
    Knock,
    Reason,
    Refusal,
    Request,
)
from whisker_sync.identity.roster import Departure, Entry, Notice, Role, Ticket
from whisker_sync.identity.seals import ENVELOPE_BYTES, Seal
from whisker_sync.identity.spoken import SpokenCode, read_invitation
from whisker_sync.ids import Address, WorkspaceId

_WORKSPACE = WorkspaceId(b"a workspace's id")
_ADA, _BOB = DeviceKey(b"a" * 32), DeviceKey(b"b" * 32)
_CARDS = (
    Card.issue(_ADA, "laptop", PersonId(b"ada" * 5 + b"!"), "Ada", 7),
    Card.issue(_BOB, "Höhle", PersonId(b"bob" * 5 + b"!"), "Bob", 0),
)


def _sealer(box: bytes, info: bytes, content: bytes) -> bytes:
    """Seal nothing; a seal is read without being opened."""
    return (box + info + content)[:ENVELOPE_BYTES].ljust(ENVELOPE_BYTES, b"\0")


def _evidence() -> Evidence:
    """What two who met have: one let the other in, made it lasting, and somebody left."""
    papers = acts.found(_ADA, _WORKSPACE, _CARDS[0], b"k" * 32, sealer=_sealer)
    papers = acts.admit(papers, _ADA, _CARDS[1], Role.WRITER)
    folded = acts.fold(papers, _ADA, b"f" * 32, sealer=_sealer)
    return acts.leave(folded, _BOB).news(())


READERS: Mapping[str, Callable[[bytes], bytes]] = {
    "card": lambda data: Card.decode(data).encode(),
    "ticket": lambda data: Ticket.decode(data).encoded,
    "departure": lambda data: Departure.decode(data).encoded,
    "notice": lambda data: Notice.decode(data).encoded,
    "entry": lambda data: Entry.decode(data).encoded,
    "seal": lambda data: Seal.decode(data).encode(),
    "evidence": lambda data: Evidence.decode(data).encode(),
}
"""Reads each kind of paper and writes it again."""

SIGNED = ("card", "ticket", "departure", "notice")
"""What has a signature of its own, and a body that can be signed again."""


class Paper(Target):
    """Whatever is signed; the first byte of a case says what it is taken for."""

    def __init__(self) -> None:
        evidence = _evidence()
        ticket = Ticket.issue(_ADA, _WORKSPACE, 0, 2, Role.READER, _CARDS[1])
        notice = Notice.issue(_ADA, _WORKSPACE, 3, _BOB.device)
        made = {
            "card": [card.encode() for card in _CARDS],
            "ticket": [ticket.encoded],
            "departure": [Departure.issue(_BOB, _WORKSPACE, 1).encoded],
            "notice": [notice.encoded],
            "entry": [entry.encoded for roster in evidence.rosters for entry in roster.members],
            "seal": [seal.encode() for seal in evidence.seals],
            "evidence": [evidence.encode()],
        }
        self._kinds = list(READERS)
        samples = [bytes([self._kinds.index(kind)]) + data for kind in made for data in made[kind]]
        self._bodies = {kind: [cbor2.loads(data)[0] for data in made[kind]] for kind in SIGNED}
        super().__init__([*samples, *kept("paper").values()], WORDS)

    def draw(self, dice: Random) -> bytes:
        """Changed as it is sent, or before it was signed."""
        if dice.randrange(2):
            sample = dice.choice(self.samples)
            return sample[:1] + mutate(dice, sample[1:], self.samples, WORDS)
        kind = dice.choice(SIGNED)
        body = mutate(dice, dice.choice(self._bodies[kind]), self._bodies[kind], WORDS)
        signature = dice.choice((_ADA, _BOB)).sign(kind, body)
        return bytes([self._kinds.index(kind)]) + sign_off(body, signature)

    def judge(self, case: int, data: bytes) -> Verdict:
        """It is one paper in its only spelling, or malformed."""
        kind = self._kinds[data[0] % len(self._kinds)] if data else "card"
        try:
            again = READERS[kind](data[1:])
        except MalformedPaper as problem:
            str(problem)
            return Verdict.REFUSED
        if again != data[1:]:
            raise Broken(f"this {kind} has another spelling")
        return Verdict.ACCEPTED


class Pairing(Target):
    """:mod:`whisker_sync.identity.pairing_messages`."""

    def __init__(self) -> None:
        card = _CARDS[0].encode()
        messages = (
            Knock(1, b"n" * 32, b"m" * 32),
            Answer(card, "The Cave", Role.WRITER, 0, b"m" * 32, b"s" * 64),
            Request(card, b"m" * 32, b"s" * 64),
            Admission(b"sealed" * 20),
            Refusal(next(iter(Reason))),
        )
        frames = [pairing_messages.encode(message) for message in messages]
        super().__init__([*frames, *kept("pairing").values()], WORDS)

    def judge(self, case: int, data: bytes) -> Verdict:
        """It is one message in its only spelling, or malformed."""
        try:
            message = pairing_messages.decode(data)
        except MalformedFrame:
            return Verdict.REFUSED
        if pairing_messages.encode(message) != data or not pairing_messages.is_pairing(data):
            raise Broken(f"{type(message).__name__} has another spelling")
        return Verdict.ACCEPTED


class Letters(Target):
    """:mod:`whisker_sync.identity.rendezvous`: what letters say, once they are opened."""

    def __init__(self) -> None:
        letters = (
            rendezvous.Greeting(_CARDS[0].encode(), "The Cave", Role.READER, 1, 7, b"s" * 64),
            rendezvous.Petition(b"sealed" * 20),
            rendezvous.Decision(b"p" * 16, None, b"sealed" * 20, b"s" * 64),
            rendezvous.Decision(b"p" * 16, Reason.FULL, b"", b"s" * 64),
            rendezvous.Closing(Reason.OVER, b"s" * 64),
        )
        super().__init__([rendezvous.encode(letter) for letter in letters], WORDS)

    def judge(self, case: int, data: bytes) -> Verdict:
        """It is one letter in its only spelling, or malformed."""
        try:
            letter = rendezvous.decode(data)
        except MalformedFrame:
            return Verdict.REFUSED
        if rendezvous.encode(letter) != data:
            raise Broken(f"{type(letter).__name__} has another spelling")
        return Verdict.ACCEPTED


class Invited(Target):
    """:func:`whisker_sync.identity.spoken.read_invitation`: a link, or a spoken code."""

    def __init__(self) -> None:
        hints = (Address("192.0.2.7", 4711), Address("fe80::1%eth0", 1))
        links = [
            InvitationLink(b"s" * 16, _ADA.device, "The Cave", hints, "https://relay.example/x"),
            InvitationLink(bytes(16), _BOB.device, "Höhle \U0001f600"),
        ]
        codes = [str(SpokenCode.draw(bytes([n]) * 32)).encode() for n in range(3)]
        spelled = [link.link().encode() for link in links]
        self._packed = [base64.urlsafe_b64decode(link[len(SCHEME) :] + b"==") for link in spelled]
        words = (b"=", b"-", b"_", b" ", b"\n", b"whisker:join#", b":", b",", b"0", b"99", *codes)
        super().__init__([*spelled, *codes, *kept("invited").values()], words)

    def draw(self, dice: Random) -> bytes:
        """Changed as it is pasted, or below its armour."""
        if dice.randrange(2):
            return super().draw(dice)
        packed = mutate(dice, dice.choice(self._packed), self._packed, WORDS)
        return SCHEME.encode() + base64.urlsafe_b64encode(packed).rstrip(b"=")

    def judge(self, case: int, data: bytes) -> Verdict:
        """An invitation has one link, and a code says itself."""
        text = data.decode("utf-8", "replace")
        try:
            invitation = read_invitation(text)
        except (InvitationError, UnknownWord) as problem:
            str(problem)
            return Verdict.REFUSED
        if isinstance(invitation, SpokenCode):
            if SpokenCode.parse(str(invitation)) != invitation:
                raise Broken("a code says something else when it is told on")
        elif invitation.link() != "".join(text.split()):
            raise Broken("one invitation has two links")
        return Verdict.ACCEPTED
