"""
What is signed about who belongs to a workspace.

* A **ticket** lets one more device in; any writer or owner signs it, and it holds at once.
* A **roster** says everybody who belongs, everybody who was removed, and which key is in
  use. An owner signs it; it is a snapshot, never a list of changes.
* A **departure** says that a device has left; it signs that itself.
* A **notice** tells a removed device that it was removed, and nothing else.

Rule 1: a value that a decoder here gave out was signed by the key it names. Whether that
key was *entitled* to sign is for :mod:`~whisker_sync.identity.membership` to say.

Rule 2: a roster lists its members by the hashes of their entries. An entry that two
rosters have in common is kept and carried once, so a long past of a large class is small.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cached_property

from whisker_sync.errors import MalformedPaper
from whisker_sync.identity.canonical import (
    Fields,
    domain,
    exactly,
    items,
    number,
    pack,
    rising,
    sign_off,
    signed,
    some,
    unpack,
)
from whisker_sync.identity.card import MAX_CARD, Card
from whisker_sync.identity.keys import PUBLIC_BYTES, DeviceKey, SigningKey, device_of, verify
from whisker_sync.ids import DeviceId, WorkspaceId

ROSTER_FORMAT = 1

MAX_MEMBERS = 1024
"""Devices in a workspace; a class of 500 may bring two each."""

MAX_REMOVED = 4096
"""Devices that a workspace remembers to have removed."""

MAX_PREVIOUS = 16
"""Rosters that one roster may follow: as many branches may be open at once."""

MAX_FOLDED = 512
"""Departures that one roster puts into effect."""

MAX_TICKET = MAX_CARD + 256
"""Bytes of a ticket."""

MAX_ENTRY = MAX_TICKET + 128
"""Bytes of a member's entry."""

MAX_DEPARTURE = 256
"""Bytes of a departure; a genuine one has about 130."""

MAX_NOTICE = 384
"""Bytes of a notice; a genuine one has about 200."""

MAX_ROSTER = 512 * 1024
"""Bytes of a roster without its entries: all its lists at their limits."""

WORKSPACE_BYTES = 16
HASH_BYTES = 32


class Role(IntEnum):
    """What a member may do; whoever may more may also do what those below may."""

    READER = 1
    """Read."""

    WRITER = 2
    """Write, and invite others as readers and writers."""

    OWNER = 3
    """Sign rosters: remove, give roles, fold tickets in."""


@dataclass(frozen=True)
class Ticket:
    """Somebody's word that a device belongs here."""

    workspace: WorkspaceId
    """Where to."""

    after: int
    """Version of the newest roster that its signer knew: older departures do not undo it."""

    place: int
    """The place in the order of arrival that its signer saw free."""

    by: bytes
    """Public key of who signed."""

    role: Role
    """What the device may do."""

    card: Card
    """The device."""

    signature: bytes = b""

    @classmethod
    def issue(
        cls,
        key: SigningKey,
        workspace: WorkspaceId,
        after: int,
        place: int,
        role: Role,
        card: Card,
    ) -> Ticket:
        """A ticket of our own; whether it is worth anything depends on our role."""
        ticket = cls(workspace, after, place, key.public, role, card)
        return replace(ticket, signature=key.sign("ticket", ticket.body()))

    @property
    def device(self) -> DeviceId:
        """Who is let in."""
        return self.card.device

    @property
    def signer(self) -> DeviceId:
        """Who lets in."""
        return device_of(self.by)

    def body(self) -> bytes:
        """What is signed."""
        when = [self.after, self.place]
        what = [self.by, int(self.role), self.card.encode()]
        return pack([ROSTER_FORMAT, self.workspace, *when, *what])

    @cached_property
    def hash(self) -> bytes:
        """Identifies what the ticket says."""
        return _hash("ticket", self.body())

    @cached_property
    def encoded(self) -> bytes:
        """The ticket as bytes."""
        return sign_off(self.body(), self.signature)

    @classmethod
    def decode(cls, data: bytes) -> Ticket:
        """Read a ticket and check who signed it, or raise :exc:`MalformedPaper`."""
        body, signature = signed(data, MAX_TICKET)
        fields = _fields(body, MAX_TICKET, 7)
        ticket = cls(
            WorkspaceId(exactly(fields[1], WORKSPACE_BYTES)),
            number(fields[2]),
            number(fields[3]),
            exactly(fields[4], PUBLIC_BYTES),
            _role(fields[5]),
            Card.decode(some(fields[6])),
            signature,
        )
        _check(ticket.by, "ticket", body, signature)
        return ticket


@dataclass(frozen=True)
class Departure:
    """A device's word that it has left."""

    workspace: WorkspaceId
    """What it left."""

    after: int
    """Version of the newest roster it knew: it may be invited again later."""

    by: bytes
    """Public key of who left."""

    signature: bytes = b""

    @classmethod
    def issue(cls, key: DeviceKey, workspace: WorkspaceId, after: int) -> Departure:
        """Our own departure."""
        departure = cls(workspace, after, key.public)
        return replace(departure, signature=key.sign("departure", departure.body()))

    @property
    def device(self) -> DeviceId:
        """Who left."""
        return device_of(self.by)

    def body(self) -> bytes:
        """What is signed."""
        return pack([ROSTER_FORMAT, self.workspace, self.after, self.by])

    @cached_property
    def hash(self) -> bytes:
        """Identifies what the departure says."""
        return _hash("departure", self.body())

    @cached_property
    def encoded(self) -> bytes:
        """The departure as bytes."""
        return sign_off(self.body(), self.signature)

    @classmethod
    def decode(cls, data: bytes) -> Departure:
        """Read a departure and check who signed it, or raise :exc:`MalformedPaper`."""
        body, signature = signed(data, MAX_DEPARTURE)
        fields = _fields(body, MAX_DEPARTURE, 4)
        departure = cls(
            WorkspaceId(exactly(fields[1], WORKSPACE_BYTES)),
            number(fields[2]),
            exactly(fields[3], PUBLIC_BYTES),
            signature,
        )
        _check(departure.by, "departure", body, signature)
        return departure


@dataclass(frozen=True)
class Notice:
    """An owner's word to a device that it was removed; says nothing of who else belongs."""

    workspace: WorkspaceId
    """Where from."""

    version: int
    """Version of the roster that removed it."""

    device: DeviceId
    """Who was removed."""

    by: bytes
    """Public key of who removed."""

    signature: bytes = b""

    @classmethod
    def issue(
        cls, key: SigningKey, workspace: WorkspaceId, version: int, device: DeviceId
    ) -> Notice:
        """A notice of our own."""
        notice = cls(workspace, version, device, key.public)
        return replace(notice, signature=key.sign("notice", notice.body()))

    def body(self) -> bytes:
        """What is signed."""
        return pack([ROSTER_FORMAT, self.workspace, self.version, self.device, self.by])

    @cached_property
    def hash(self) -> bytes:
        """Identifies what the notice says."""
        return _hash("notice", self.body())

    @cached_property
    def encoded(self) -> bytes:
        """The notice as bytes."""
        return sign_off(self.body(), self.signature)

    @classmethod
    def decode(cls, data: bytes) -> Notice:
        """Read a notice and check who signed it, or raise :exc:`MalformedPaper`."""
        body, signature = signed(data, MAX_NOTICE)
        fields = _fields(body, MAX_NOTICE, 5)
        notice = cls(
            WorkspaceId(exactly(fields[1], WORKSPACE_BYTES)),
            number(fields[2]),
            DeviceId(exactly(fields[3], 32)),
            exactly(fields[4], PUBLIC_BYTES),
            signature,
        )
        _check(notice.by, "notice", body, signature)
        return notice


@dataclass(frozen=True)
class Entry:
    """A member, as a roster has it."""

    ticket: Ticket
    """What let the device in; the first owner's is its own."""

    order: int
    """Who came earlier has the smaller number; two at once may share one."""

    role: Role
    """What the device may do."""

    role_at: int
    """Version of the roster that gave the role; of the ticket, if that did."""

    role_by: bytes
    """Public key of who gave the role."""

    @property
    def device(self) -> DeviceId:
        """Who."""
        return self.ticket.card.device

    @property
    def rank(self) -> tuple[int, DeviceId]:
        """Smaller for who came earlier."""
        return self.order, self.device

    @cached_property
    def encoded(self) -> bytes:
        """The entry as bytes."""
        role = [int(self.role), self.role_at, self.role_by]
        return pack([self.ticket.encoded, self.order, *role])

    @cached_property
    def hash(self) -> bytes:
        """What a roster lists the entry by."""
        return _hash("entry", self.encoded)

    @classmethod
    def admitted(cls, ticket: Ticket, order: int) -> Entry:
        """The entry of who just came in with a ticket."""
        return cls(ticket, order, ticket.role, ticket.after, ticket.by)

    @classmethod
    def decode(cls, data: bytes) -> Entry:
        """Read an entry, or raise :exc:`MalformedPaper`; the roster that lists it signs it."""
        fields = unpack(data, MAX_ENTRY, 5)
        return cls(
            Ticket.decode(some(fields[0])),
            number(fields[1]),
            _role(fields[2]),
            number(fields[3]),
            exactly(fields[4], PUBLIC_BYTES),
        )


@dataclass(frozen=True, slots=True)
class Epoch:
    """While one key of the workspace is in use."""

    number: int
    """From 1; who rotates the key takes the next."""

    commitment: bytes
    """SHA-256 of the key."""

    since: int
    """Version of the roster that began it."""

    by: bytes
    """Public key of who made the key."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """The key on paper that may sign like an owner."""

    key: bytes
    """Its public half; empty: there is none."""

    since: int
    """Version of the roster that set it."""

    by: bytes
    """Public key of who set it."""


@dataclass(frozen=True)
class Roster:
    """Everybody who belongs, as one owner saw it."""

    workspace: WorkspaceId
    """Where."""

    version: int
    """One more than the newest that it follows; the first is 1."""

    previous: tuple[bytes, ...]
    """Hashes of what it follows, rising; more than one where branches are joined."""

    by: bytes
    """Public key of who signed: an owner's, or the recovery key."""

    members: tuple[Entry, ...]
    """In the order of their devices."""

    removed: tuple[tuple[DeviceId, int], ...]
    """Who was removed, with the version of the roster that did it; in the order of devices."""

    departures: tuple[Departure, ...]
    """Those that this roster puts into effect; they are among the removed from now on."""

    epoch: Epoch
    """The key in use."""

    recovery: Recovery
    """The key on paper."""

    signature: bytes = b""
    """By the holder of ``by``."""

    def signed_by(self, key: SigningKey) -> Roster:
        """The roster with its signature."""
        assert key.public == self.by
        return replace(self, signature=key.sign("roster", self.body))

    @cached_property
    def body(self) -> bytes:
        """What is signed."""
        epoch, recovery = self.epoch, self.recovery
        return pack(
            [
                ROSTER_FORMAT,
                self.workspace,
                self.version,
                list(self.previous),
                self.by,
                [entry.hash for entry in self.members],
                [list(pair) for pair in self.removed],
                [departure.encoded for departure in self.departures],
                [epoch.number, epoch.commitment, epoch.since, epoch.by],
                [recovery.key, recovery.since, recovery.by],
            ]
        )

    @cached_property
    def hash(self) -> bytes:
        """Identifies the roster; a second signature over the same makes no second roster."""
        return _hash("roster", self.body)

    @cached_property
    def encoded(self) -> bytes:
        """The roster as bytes, without its entries."""
        return sign_off(self.body, self.signature)

    @cached_property
    def entries(self) -> Mapping[DeviceId, Entry]:
        """The members by device."""
        return {entry.device: entry for entry in self.members}

    @cached_property
    def gone(self) -> Mapping[DeviceId, int]:
        """The removed by device."""
        return dict(self.removed)

    @classmethod
    def decode(cls, data: bytes, entries: Mapping[bytes, Entry]) -> Roster:
        """
        Read a roster and check who signed it.

        ``entries`` are those that came with it, by hash.

        Raises:
            MalformedPaper: It is none, an entry is missing, or the signature is wrong.
        """
        body, signature = signed(data, MAX_ROSTER)
        fields = _fields(body, MAX_ROSTER, 10)
        by = exactly(fields[4], PUBLIC_BYTES)
        _check(by, "roster", body, signature)
        roster = cls(
            WorkspaceId(exactly(fields[1], WORKSPACE_BYTES)),
            number(fields[2]),
            tuple(exactly(item, HASH_BYTES) for item in items(fields[3], MAX_PREVIOUS)),
            by,
            tuple(_listed(item, entries) for item in items(fields[5], MAX_MEMBERS)),
            tuple(_removal(item) for item in items(fields[6], MAX_REMOVED)),
            tuple(Departure.decode(some(item)) for item in items(fields[7], MAX_FOLDED)),
            _epoch(fields[8]),
            _recovery(fields[9]),
            signature,
        )
        roster._check_itself()
        return roster

    def _check_itself(self) -> None:
        rising(self.previous)
        rising(entry.device for entry in self.members)
        rising(device for device, _ in self.removed)
        rising(departure.device for departure in self.departures)
        if not self.members:
            raise MalformedPaper("a roster of nobody")
        if (self.version == 1) != (not self.previous):
            raise MalformedPaper("a roster that follows nothing")
        if self.entries.keys() & self.gone.keys():
            raise MalformedPaper("a roster with somebody who was removed")
        if any(self.gone.get(departure.device) != self.version for departure in self.departures):
            raise MalformedPaper("a departure that was not put into effect")
        named = {entry.ticket.workspace for entry in self.members}
        named |= {departure.workspace for departure in self.departures}
        if named != {self.workspace}:
            raise MalformedPaper("something of another workspace")


def _hash(purpose: str, body: bytes) -> bytes:
    return hashlib.sha256(domain(purpose) + body).digest()


def _check(public: bytes, purpose: str, body: bytes, signature: bytes) -> None:
    if not verify(public, purpose, body, signature):
        raise MalformedPaper(f"a {purpose} that was not signed by who it says")


def _fields(body: bytes, most: int, count: int) -> Fields:
    fields = unpack(body, most, count)
    if fields[0] != ROSTER_FORMAT:
        raise MalformedPaper("a format of a newer version; upgrade whisker-sync")
    return fields


def _role(value: object) -> Role:
    if type(value) is not int or not Role.READER <= value <= Role.OWNER:
        raise MalformedPaper("a role that there is not")
    return Role(value)


def _listed(value: object, entries: Mapping[bytes, Entry]) -> Entry:
    entry = entries.get(exactly(value, HASH_BYTES))
    if entry is None:
        raise MalformedPaper("a roster without one of its entries")
    return entry


def _removal(value: object) -> tuple[DeviceId, int]:
    device, version = _pair(value)
    return DeviceId(exactly(device, 32)), number(version)


def _pair(value: object) -> Fields:
    pair = items(value, 2)
    if len(pair) != 2:
        raise MalformedPaper("a removal of the wrong shape")
    return pair


def _epoch(value: object) -> Epoch:
    fields = items(value, 4)
    if len(fields) != 4 or fields[0] == 0:
        raise MalformedPaper("an epoch of the wrong shape")
    return Epoch(
        number(fields[0]), exactly(fields[1], 32), number(fields[2]), exactly(fields[3], 32)
    )


def _recovery(value: object) -> Recovery:
    fields = items(value, 3)
    if len(fields) != 3:
        raise MalformedPaper("a recovery key of the wrong shape")
    return Recovery(exactly(fields[0], 0, 32), number(fields[1]), exactly(fields[2], 32))
