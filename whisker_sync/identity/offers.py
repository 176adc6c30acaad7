"""
What an inviter has open, and who asks to be let in.

Rule 1: knowing an invitation is not enough. A human at the inviter reads the name and the
fingerprint of whoever asks, and confirms that card; only ``yes`` does without, for the
first who asks.

Rule 2: what is let in, is let in once. An invitation has seats, one unless more were
asked for; a seat belongs to the card that was confirmed, whose device may come back for
what it missed when its connection broke. Nobody else ever gets it, and the same device
under another name is somebody else.

Rule 3: guessing is hopeless. After three wrong proofs from one address nobody there is
listened to, after a hundred from anywhere the invitation ends. It also ends with its
time. Here nothing is written down; of an invitation that a relay may carry, the journal has
what :meth:`Offer.kept` says, until it ends.

``now`` is always seconds of a clock that never jumps.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from dataclasses import dataclass
from enum import Enum

from whisker_sync.errors import InvitationError, MalformedPaper, NotInvited, WorkspaceFull
from whisker_sync.identity.canonical import Fields, blob, items, number
from whisker_sync.identity.card import MAX_CARD, Card
from whisker_sync.identity.keys import DeviceKey, fingerprint
from whisker_sync.identity.link import PairingKey, is_title
from whisker_sync.identity.pairing_messages import Reason
from whisker_sync.identity.pairing_proofs import is_mac
from whisker_sync.identity.roster import Role
from whisker_sync.ids import DeviceId

MINUTES = 10
"""How long an invitation is open if nobody says otherwise."""

MAX_MINUTES = 24 * 60
"""How long an invitation can be open; its secret is on a screen or in a mail meanwhile."""

MAX_SEATS = 100
"""Devices that one invitation can let in: a large class."""

MAX_OFFERS = 16
"""Invitations that one device has open at a time."""

TRIES_PER_ADDRESS = 3
"""Wrong proofs from one address until nobody there is listened to."""

MAX_TRIES = 100
"""Wrong proofs from anywhere until an invitation ends; nobody guesses 2^41 codes with them."""

MAX_DECLINED = 100
"""Declined cards that are remembered across a restart; a human has read each."""

SPARE_GUESTS = 4
"""How many more than there are seats may wait at a time for a human's decision."""


class Verdict(Enum):
    """What becomes of somebody who asks to be let in, unless there is a reason not to."""

    WAIT = "a human has to decide"
    ADMIT = "they are let in"


@dataclass(frozen=True, slots=True)
class Terms:
    """What somebody is invited to."""

    title: str
    """What the story is called, as :func:`~whisker_sync.identity.link.title_of` leaves it."""

    role: Role = Role.WRITER
    """What they will be."""

    mine: bool = False
    """Whether the invited device is another one of the inviter's own."""

    seats: int = 1
    """Devices that are let in, from 1 to 100."""

    minutes: int = MINUTES
    """How long, from 1 to 1,440."""

    yes: bool = False
    """Whether the first who asks is let in without a human's word; never the second."""

    def __post_init__(self) -> None:
        assert is_title(self.title)
        if not 1 <= self.seats <= MAX_SEATS:
            raise InvitationError(f"it has {self.seats} seats; from 1 to {MAX_SEATS} are possible")
        if not 1 <= self.minutes <= MAX_MINUTES:
            raise InvitationError(
                f"it lasts {self.minutes} minutes; from 1 to {MAX_MINUTES} are possible"
            )


class Ending(Enum):
    """Why an invitation lets nobody in any more."""

    FULL = "everybody who was invited is in"
    OVER = "its time is over"
    WITHDRAWN = "it was taken back"
    GUESSED = "somebody tried to guess it"


class Offer:
    """One invitation; it may have been told as a link and as a code: one pairing key each."""

    def __init__(self, keys: tuple[PairingKey, ...], terms: Terms, now: float) -> None:
        self.terms = terms
        self.keys = keys
        self.ends = now + 60 * terms.minutes
        self.tries = 0
        """Wrong proofs so far, from anywhere."""

        self.seated: list[Guest] = []
        """Who was confirmed, in order."""

        self._yes = terms.yes
        self._withdrawn = False
        self._wrong: Counter[str] = Counter()
        self._declined: set[bytes] = set()
        self._asking: dict[object, Guest] = {}
        """By conversation."""

    def ending(self, now: float) -> Ending | None:
        """Why it lets nobody in any more; None: it is open."""
        if self._withdrawn:
            return Ending.WITHDRAWN
        if self.tries >= MAX_TRIES:
            return Ending.GUESSED
        if len(self.seated) >= self.terms.seats:
            return Ending.FULL
        return Ending.OVER if now >= self.ends else None

    def withdraw(self) -> None:
        """Let nobody in any more who was not confirmed yet."""
        self._withdrawn = True

    def waiting(self, now: float) -> tuple[Guest, ...]:
        """Who asks to be let in and still can be, each once, the first first."""
        return () if self.ending(now) else self._undecided()

    def confirm(self, guest: Guest, now: float) -> None:
        """
        Let somebody in: a human has read their name and fingerprint.

        Raises:
            InvitationError: The invitation lets nobody in any more.
        """
        if self._is_seated(guest):
            return
        if ending := self.ending(now):
            raise InvitationError(ending.value)
        self.seated.append(guest)

    def decline(self, guest: Guest) -> None:
        """
        Do not let somebody in: not now, and not when they ask again with this invitation.

        Who was confirmed already is in.
        """
        self._declined.add(guest.encoded)

    # Across a restart.

    def kept(self) -> Fields:
        """What is to be known of it after a restart, apart from its keys and its end."""
        terms = self.terms
        seated = [guest.encoded for guest in self.seated]
        declined = sorted(self._declined)[:MAX_DECLINED]
        numbers = int(terms.role), int(terms.mine), terms.seats, terms.minutes, int(self._yes)
        return [terms.title, *numbers, seated, declined]

    @classmethod
    def recalled(cls, keys: tuple[PairingKey, ...], kept: Fields, where: str, ends: float) -> Offer:
        """
        An invitation as :meth:`kept` said, which ends then; ``where`` is where who was seated is.

        Raises:
            MalformedPaper: It said something else.
        """
        if len(kept) != 8 or not is_title(kept[0]) or kept[1] not in tuple(Role):
            raise MalformedPaper("an invitation that is none")
        try:
            terms = Terms(
                kept[0],
                Role(number(kept[1])),
                mine=bool(number(kept[2], 1)),
                seats=number(kept[3]),
                minutes=number(kept[4]),
                yes=bool(number(kept[5], 1)),
            )
        except InvitationError as problem:
            raise MalformedPaper(problem.problem) from None
        offer = cls(keys, terms, 0.0)
        offer.ends = ends
        cards = [Card.decode(blob(card, MAX_CARD)) for card in items(kept[6], MAX_SEATS)]
        offer.seated = [Guest(card, where, offer) for card in cards]
        offer._declined = {blob(card, MAX_CARD) for card in items(kept[7], MAX_DECLINED)}
        return offer

    # For the conversations.

    def hears(self, address: str, now: float) -> bool:
        """Whether a proof from this address is worth looking at."""
        # Who has a seat may come back for what they missed when their connection broke.
        ending = self.ending(now)
        if ending is Ending.FULL and now < self.ends:
            ending = None
        return ending is None and self._wrong[address] < TRIES_PER_ADDRESS

    def count_wrong(self, address: str) -> None:
        """Somebody there proved nothing."""
        self.tries += 1
        self._wrong[address] += 1

    def ask(self, conversation: object, guest: Guest, now: float) -> None:
        """Somebody asks to be let in; beyond those who may wait, they are told that it is full."""
        if not self._is_crowded(guest):
            self._asking[conversation] = guest
        if self._yes and self.verdict(conversation, guest, now) is Verdict.WAIT:
            self._yes = False
            self.confirm(guest, now)

    def leave(self, conversation: object) -> None:
        """A conversation is over."""
        self._asking.pop(conversation, None)

    def verdict(self, conversation: object, guest: Guest, now: float) -> Verdict | Reason:
        """What becomes of somebody who asks, as things are now."""
        if self._is_seated(guest):
            return Verdict.ADMIT
        if guest.encoded in self._declined:
            return Reason.DECLINED
        ending = self.ending(now)
        if ending in {Ending.OVER, Ending.WITHDRAWN, Ending.GUESSED}:
            return Reason.OVER
        if ending is Ending.FULL or conversation not in self._asking:
            return Reason.FULL
        return Verdict.WAIT

    def _is_seated(self, guest: Guest) -> bool:
        return any(seated.encoded == guest.encoded for seated in self.seated)

    def _undecided(self) -> tuple[Guest, ...]:
        asking = {guest.encoded: guest for guest in self._asking.values()}.values()
        return tuple(
            guest
            for guest in asking
            if not self._is_seated(guest) and guest.encoded not in self._declined
        )

    def _is_crowded(self, newcomer: Guest) -> bool:
        waiting = {guest.encoded for guest in self._undecided()} - {newcomer.encoded}
        return len(waiting) >= self.terms.seats - len(self.seated) + SPARE_GUESTS


class Offers:
    """Everything a device has open; ``key`` and ``card`` are the inviting device's own."""

    def __init__(self, key: DeviceKey, card: Card) -> None:
        self.key = key
        self.card = card
        self._offers: list[Offer] = []

    def open(self, keys: tuple[PairingKey, ...], terms: Terms, now: float) -> Offer:
        """
        Open an invitation; forgets those whose time is over.

        Raises:
            WorkspaceFull: Too many are open.
        """
        self._offers = [offer for offer in self._offers if offer.hears("", now)]
        if len(self._offers) >= MAX_OFFERS:
            raise WorkspaceFull("open invitations", MAX_OFFERS)
        return self.add(Offer(keys, terms, now))

    def add(self, offer: Offer) -> Offer:
        """Have one more open."""
        self._offers.append(offer)
        return offer

    def is_open(self, now: float) -> bool:
        """Whether anybody can join."""
        return any(offer.ending(now) is None for offer in self._offers)

    def tags(self, now: float) -> tuple[bytes, ...]:
        """What to announce on the network, so that those who were invited find this device."""
        heard = (offer for offer in self._offers if offer.hears("", now))
        return tuple(key.tag for offer in heard for key in offer.keys)

    def waiting(self, now: float) -> tuple[Guest, ...]:
        """Who waits for a human's decision."""
        return tuple(guest for offer in self._offers for guest in offer.waiting(now))

    def find(self, text: str, now: float) -> Guest:
        """
        Who of those that wait is meant by a name of a person, or by a fingerprint.

        Raises:
            InvitationError: Nobody is, or several are.
        """
        wanted = text.strip().casefold()
        found = [
            guest
            for guest in self.waiting(now)
            if wanted in {guest.name.casefold(), guest.fingerprint.casefold()}
        ]
        match found:
            case [guest]:
                return guest
            case []:
                raise InvitationError(f"nobody called {text.strip()[:40]!r} waits to join")
            case _:
                raise InvitationError(
                    f"{len(found)} who wait are called {text.strip()[:40]!r}; "
                    "name the one you mean by fingerprint"
                )

    def recognise(self, address: str, said: bytes, mac: bytes, now: float) -> tuple[Offer, bytes]:
        """
        The invitation that whoever is at ``address`` knows, and its key.

        Raises:
            NotInvited: They know none, or tried too often.
        """
        heard = [offer for offer in self._offers if offer.hears(address, now)]
        for offer in heard:
            for known in offer.keys:
                if is_mac(mac, known.key, said):
                    return offer, known.key
        for offer in heard:
            offer.count_wrong(address)
        raise NotInvited


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who knows an invitation and asks to be let in."""

    card: Card
    """Who they say they are; their device signed it, and this conversation."""

    address: str
    """Where they are: a host, as :func:`host_of` spells it."""

    offer: Offer
    """The invitation that they know."""

    @property
    def device(self) -> DeviceId:
        """Their device."""
        return self.card.device

    @property
    def encoded(self) -> bytes:
        """Their card as bytes."""
        return self.card.encode()

    @property
    def name(self) -> str:
        """What they are called: what they say."""
        return self.card.person_name

    @property
    def fingerprint(self) -> str:
        """What is compared with what their own screen shows."""
        return fingerprint(self.device)


def host_of(address: str) -> str:
    """One spelling for each address, without the scope, so that tries are counted together."""
    try:
        host = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(getattr(host, "ipv4_mapped", None) or host)
