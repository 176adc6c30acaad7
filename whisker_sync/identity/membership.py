"""
Who belongs: what follows from rosters, tickets and departures.

Rule 1: the outcome depends on *which* papers there are, never on the order in which they
came or how often. Two devices with the same papers agree, without asking anybody.

Rule 2: a fork only takes away. Where owners signed without knowing of each other, a device
that one of them removed is out, whoever did it and however long the other branch is;
and a power that was given by somebody who is out by now does not count. So somebody who was
removed gains nothing by signing on.

Rule 3: nothing that depends on a clock, and nothing that depends on how long a branch is:
whoever wants to can sign a long one.

Theory of operation
===================

Rosters follow each other like commits. Those that none follows are the *tips*; normally
there is one. Several are joined (:func:`outcome`)::

    members    in all tips; or in some, if who signed their ticket is a member
    removed    in any tip
    role       the one given last, of those given by somebody who is not removed
    epoch      the newest made by somebody who is not removed; of two, the smaller hash
    recovery   the one set last by somebody who is not removed; else that of the common past
    departed   who says so, if the ticket is not newer than that
    no owner   who came earliest of the remaining writers becomes one

The next roster follows all tips, and is checked against what they say together
(:func:`objection`): signed by an owner of *that*, and each entry either as it was or changed
by its signer in its own name. Then tickets that no roster has yet let in the others
(:func:`membership`): signed by a writer or owner, for a role not above the signer's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from whisker_sync.identity.card import Card, PersonId
from whisker_sync.identity.keys import device_of
from whisker_sync.identity.roster import (
    Departure,
    Entry,
    Epoch,
    Recovery,
    Role,
    Roster,
    Ticket,
)
from whisker_sync.ids import DeviceId, WorkspaceId

Common = Callable[[], Roster]
"""Looks for the newest roster that all tips have behind them."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the tips say together, before tickets."""

    version: int
    """Version of the newest tip."""

    members: Mapping[DeviceId, Entry]
    """Who belongs."""

    removed: Mapping[DeviceId, int]
    """Who was removed, with the version of the newest roster that did it."""

    departed: frozenset[DeviceId]
    """Who has left; neither among the members nor, yet, among the removed."""

    epoch: Epoch
    """The key to send with."""

    last_epoch: int
    """The highest number of an epoch; whoever rotates takes the next."""

    recovery: Recovery
    """The key on paper."""

    must_rotate: bool
    """Somebody who does not belong any more may know the key to send with."""

    @property
    def owners(self) -> frozenset[bytes]:
        """Public keys of the owners."""
        entries = self.members.values()
        return frozenset(e.ticket.card.key for e in entries if e.role is Role.OWNER)

    @property
    def next_order(self) -> int:
        """The place of the next who comes."""
        return 1 + max((entry.order for entry in self.members.values()), default=0)


# What several rosters say together.


def outcome(
    tips: Sequence[Roster], common: Common, departures: Iterable[Departure] = ()
) -> Outcome:
    """What ``tips``, of which none follows another, say together; at least one."""
    joined = _alone(tips[0]) if len(tips) == 1 else _joined(tips, common)
    departed = frozenset(
        departure.device
        for departure in departures
        if _undoes(departure, joined.members.get(departure.device))
    )
    staying = {device: entry for device, entry in joined.members.items() if device not in departed}
    return replace(
        joined,
        members=_with_owner(staying, joined.version),
        departed=departed,
        must_rotate=joined.must_rotate or bool(departed),
    )


def _alone(tip: Roster) -> Outcome:
    stale = _is_stale(tip.epoch, tip.gone)
    return Outcome(
        version=tip.version,
        members=tip.entries,
        removed=tip.gone,
        departed=frozenset(),
        epoch=tip.epoch,
        last_epoch=tip.epoch.number,
        recovery=tip.recovery,
        must_rotate=stale,
    )


def _joined(tips: Sequence[Roster], common: Common) -> Outcome:
    removed: dict[DeviceId, int] = {}
    for tip in tips:
        for device, version in tip.removed:
            removed[device] = max(version, removed.get(device, 0))
    recovery = _joined_recovery(tips, removed, common)
    epochs = {tip.epoch for tip in tips}
    trusted = {epoch for epoch in epochs if device_of(epoch.by) not in removed}
    epoch = min(trusted or epochs, key=lambda e: (-e.number, e.commitment, e.since, e.by))
    uneven = any(tip.gone.keys() != removed.keys() for tip in tips)
    return Outcome(
        version=max(tip.version for tip in tips),
        members=_joined_members(tips, removed, recovery.key),
        removed=removed,
        departed=frozenset(),
        epoch=epoch,
        last_epoch=max(epoch.number for epoch in epochs),
        recovery=recovery,
        must_rotate=uneven or _is_stale(epoch, removed),
    )


def _is_stale(epoch: Epoch, removed: Mapping[DeviceId, int]) -> bool:
    made_by_gone = device_of(epoch.by) in removed
    return made_by_gone or any(version > epoch.since for version in removed.values())


def _joined_recovery(
    tips: Sequence[Roster], removed: Collection[DeviceId], common: Common
) -> Recovery:
    keys = {tip.recovery for tip in tips}
    if len(keys) == 1:
        return keys.pop()
    trusted = [key for key in keys if device_of(key.by) not in removed]
    if not trusted:
        return common().recovery
    return min(trusted, key=lambda r: (-r.since, r.key, r.by))


def _joined_members(
    tips: Sequence[Roster], removed: Collection[DeviceId], recovery: bytes
) -> dict[DeviceId, Entry]:
    claims: dict[DeviceId, list[Entry]] = {}
    for tip in tips:
        for entry in tip.members:
            if entry.device not in removed:
                claims.setdefault(entry.device, []).append(entry)
    members = {d: _latest(c, removed) for d, c in claims.items() if len(c) == len(tips)}
    waiting = {d: c for d, c in claims.items() if len(c) < len(tips)}
    while True:
        vouched = {
            device: [entry for entry in claim if _vouches(entry.ticket, members, recovery)]
            for device, claim in waiting.items()
        }
        came = {d: _latest(map(_own(removed), c), removed) for d, c in vouched.items() if c}
        if not came:
            return members
        members |= came
        waiting = {d: c for d, c in waiting.items() if d not in came}


def _own(removed: Collection[DeviceId]) -> Callable[[Entry], Entry]:
    """For who is in by the ticket alone: a role given by somebody who is out is not kept."""

    def own(entry: Entry) -> Entry:
        gone = device_of(entry.role_by) in removed
        return Entry.admitted(entry.ticket, entry.order) if gone else entry

    return own


def _latest(claim: Iterable[Entry], removed: Collection[DeviceId]) -> Entry:
    entries = set(claim)
    if len(entries) == 1:
        return entries.pop()
    trusted = [entry for entry in entries if device_of(entry.role_by) not in removed]
    if trusted:
        return min(trusted, key=lambda e: (-e.role_at, e.role, e.hash))
    return min(entries, key=lambda e: (e.role, e.hash))


def _vouches(ticket: Ticket, members: Mapping[DeviceId, Entry], recovery: bytes) -> bool:
    if recovery and ticket.by == recovery:
        return True
    signer = members.get(ticket.signer)
    return signer is not None and _may_sign(ticket, signer.role, signer.ticket.after)


def _may_sign(ticket: Ticket, role: Role, since: int) -> bool:
    return Role.WRITER <= role >= ticket.role and ticket.after >= since


def _undoes(departure: Departure, entry: Entry | None) -> bool:
    return entry is not None and departure.after >= entry.ticket.after


def _with_owner(members: Mapping[DeviceId, Entry], version: int) -> Mapping[DeviceId, Entry]:
    if any(entry.role is Role.OWNER for entry in members.values()):
        return members
    writers = [entry for entry in members.values() if entry.role is Role.WRITER]
    if not writers:
        return members
    heir = min(writers, key=lambda entry: entry.rank)
    owner = replace(heir, role=Role.OWNER, role_at=version, role_by=heir.ticket.card.key)
    return {**members, heir.device: owner}


# Whether a roster may follow others.


def objection(roster: Roster, before: Outcome) -> str:
    """
    Why ``roster`` may not follow what led to ``before``; empty: it may.

    ``before`` is the outcome of the rosters it follows and of the departures it folds in.
    """
    if roster.version != before.version + 1:
        return "its version is not the next"
    if roster.by not in before.owners and roster.by != before.recovery.key:
        return "who signed it was no owner"
    if before.departed != {departure.device for departure in roster.departures}:
        return "it folds in a departure of nobody"
    return (
        _objection_to_removals(roster, before)
        or _objection_to_members(roster, before)
        or _objection_to_keys(roster, before)
    )


def _objection_to_removals(roster: Roster, before: Outcome) -> str:
    here = roster.entries.keys() | roster.gone.keys()
    if not here >= before.members.keys() | before.removed.keys():
        return "it forgets somebody"
    for device, version in roster.removed:
        if version != before.removed.get(device, roster.version):
            return "it says of a removal that it was at another time"
    return ""


def _objection_to_members(roster: Roster, before: Outcome) -> str:
    for entry in roster.members:
        known = before.members.get(entry.device)
        given_here = entry.role_at == roster.version and entry.role_by == roster.by
        if known is None:
            fresh = Entry.admitted(entry.ticket, entry.order)
            if entry.order < before.next_order:
                return "somebody new comes before those who were here"
            if entry.device in before.removed and not _comes_back(entry, roster):
                return "somebody comes back whom its signer did not admit again"
            if entry != fresh and not given_here:
                return "a role was given in the name of somebody else"
        elif entry != known:
            if (entry.ticket, entry.order) != (known.ticket, known.order):
                return "it changes how somebody was admitted"
            if not given_here:
                return "a role was given in the name of somebody else"
    return ""


def _comes_back(entry: Entry, roster: Roster) -> bool:
    return entry.ticket.by == roster.by and entry.ticket.after == roster.version


def _objection_to_keys(roster: Roster, before: Outcome) -> str:
    recovery = roster.recovery
    if recovery != before.recovery and (recovery.since, recovery.by) != (
        roster.version,
        roster.by,
    ):
        return "a recovery key was set in the name of somebody else"
    removes = any(device not in before.removed for device in roster.gone)
    if roster.epoch == before.epoch:
        return "it removes somebody who keeps the key" if removes or before.must_rotate else ""
    begun = roster.epoch.number, roster.epoch.since, roster.epoch.by
    if begun != (before.last_epoch + 1, roster.version, roster.by):
        return "its epoch is not the next"
    if roster.epoch.commitment == before.epoch.commitment:
        return "its new key is the old one"
    return ""


def objection_to_first(roster: Roster) -> str:
    """Why a roster of version 1 does not found a workspace; empty: it does."""
    founder = roster.members[0]
    alone = len(roster.members) == 1 and not roster.removed and founder.ticket.by == roster.by
    if not alone or founder.device != device_of(roster.by) or founder.role is not Role.OWNER:
        return "a workspace begins with one owner, who signs for itself"
    begun = roster.epoch.number, roster.epoch.since, roster.epoch.by
    if begun != (1, 1, roster.by):
        return "its epoch is not the first"
    return ""


# Who belongs.


@dataclass(frozen=True, slots=True)
class Member:
    """A device that belongs, now."""

    device: DeviceId
    """Who."""

    card: Card
    """Its keys and names."""

    role: Role
    """What it may do."""

    order: int
    """Smaller for who came earlier."""

    ticket: Ticket
    """What let it in."""

    pending: bool
    """No roster has it yet; an owner-to-be is a writer until one does."""


@dataclass(frozen=True, slots=True)
class Person:
    """A human, with the devices that carry the same number."""

    id: PersonId
    """Drawn once for each person."""

    name: str
    """What the device that came first says."""

    role: Role
    """The highest that one of the devices has."""

    devices: tuple[Member, ...]
    """Who came earlier first."""


@dataclass(frozen=True)
class Membership:
    """Who belongs to a workspace, and what they may do."""

    workspace: WorkspaceId
    """Which one."""

    version: int
    """Version of the newest roster."""

    forked: bool
    """Owners signed without knowing of each other, and none has joined it yet."""

    members: tuple[Member, ...]
    """Who came earlier first."""

    removed: Mapping[DeviceId, int]
    """Who was removed, with the version of the roster that did it."""

    departed: frozenset[DeviceId]
    """Who has left, and no roster says so yet."""

    epoch: Epoch
    """The key to send with."""

    readable: tuple[Epoch, ...]
    """Keys that something may have been sent with, the one to send with among them."""

    recovery: bytes
    """Public half of the key on paper; empty: there is none."""

    must_rotate: bool
    """Somebody who does not belong any more may know the key to send with."""

    @cached_property
    def by_device(self) -> Mapping[DeviceId, Member]:
        """The members by device."""
        return {member.device: member for member in self.members}

    def member(self, device: DeviceId) -> Member | None:
        """The member with this id; nothing if it does not belong."""
        return self.by_device.get(device)

    def role(self, device: DeviceId) -> Role | None:
        """What a device may do; nothing if it does not belong."""
        member = self.member(device)
        return member.role if member else None

    def may_read(self, device: DeviceId) -> bool:
        """Whether a device belongs at all; only then it gets a byte."""
        return self.member(device) is not None

    def may_write(self, device: DeviceId) -> bool:
        """Whether what a device wrote is to be taken in."""
        return (self.role(device) or 0) >= Role.WRITER

    def may_admit(self, device: DeviceId, role: Role) -> bool:
        """Whether a device may let in somebody as ``role``."""
        return self.may_write(device) and (self.role(device) or 0) >= role

    def may_remove(self, device: DeviceId) -> bool:
        """Whether a device may sign rosters: remove others, give roles, fold tickets in."""
        return self.role(device) is Role.OWNER

    def was_removed(self, device: DeviceId) -> bool:
        """Whether a device belonged, and does not any more."""
        return device in self.removed or device in self.departed

    @property
    def owners(self) -> tuple[Member, ...]:
        """Who may sign rosters, who came earlier first."""
        return tuple(member for member in self.members if member.role is Role.OWNER)

    @property
    def unfinished(self) -> bool:
        """Whether an owner had better sign the next roster."""
        pending = any(member.pending for member in self.members)
        return self.forked or self.must_rotate or pending or bool(self.departed)

    @property
    def persons(self) -> tuple[Person, ...]:
        """Everybody, with their devices; who came earlier first."""
        devices: dict[PersonId, list[Member]] = {}
        for member in self.members:
            devices.setdefault(member.card.person, []).append(member)
        return tuple(
            Person(person, owned[0].card.person_name, max(m.role for m in owned), tuple(owned))
            for person, owned in devices.items()
        )

    def person(self, device: DeviceId) -> Person | None:
        """Whose a device is; nothing if it does not belong."""
        return next((p for p in self.persons if any(m.device == device for m in p.devices)), None)

    def namesakes(self, name: str) -> tuple[Person, ...]:
        """Everybody called so, whatever the case of the letters."""
        asked = name.casefold()
        return tuple(person for person in self.persons if person.name.casefold() == asked)

    def may_be_person(self, signer: DeviceId, card: Card) -> bool:
        """
        Whether ``signer`` may let in a card that says it is ``card.person``.

        Everybody may let in somebody new. One more device of somebody who is here already
        only that person may let in, from another device, or an owner.
        """
        others = [member for member in self.members if member.card.person == card.person]
        known = self.member(signer)
        if not others or (known is not None and known.role is Role.OWNER):
            return True
        return known is not None and known.card.person == card.person


def membership(
    workspace: WorkspaceId,
    ground: Outcome,
    tips: int,
    tickets: Iterable[Ticket],
    departures: Iterable[Departure],
    epochs: Iterable[Epoch],
) -> Membership:
    """
    Who belongs, by what ``tips`` rosters say together and by tickets that none has yet.

    ``epochs`` are all that rosters ever named.
    """
    members = {
        device: Member(device, e.ticket.card, e.role, e.order, e.ticket, pending=False)
        for device, e in ground.members.items()
    }
    left: dict[DeviceId, int] = {}
    for departure in departures:
        left[departure.device] = max(departure.after, left.get(departure.device, 0))
    tickets = sorted(tickets, key=lambda ticket: (-ticket.role, ticket.hash))
    waiting = [ticket for ticket in tickets if left.get(ticket.device, -1) < ticket.after]
    out = ground.removed.keys() | ground.departed
    pending = _let_in(waiting, members, out, ground.recovery.key)
    turned = {ticket.device for ticket in tickets} & left.keys()
    places = sorted(pending, key=lambda device: (pending[device].ticket.place, device))
    for place, device in enumerate(places, ground.next_order):
        members[device] = replace(pending[device], order=place)
    readable = sorted({*epochs, ground.epoch}, key=lambda e: (e.number, e.commitment, e.since))
    return Membership(
        workspace=workspace,
        version=ground.version,
        forked=tips > 1,
        members=tuple(sorted(members.values(), key=lambda m: (m.order, m.device))),
        removed=ground.removed,
        departed=ground.departed | (turned - members.keys() - ground.removed.keys()),
        epoch=ground.epoch,
        readable=tuple(readable),
        recovery=ground.recovery.key,
        must_rotate=ground.must_rotate,
    )


def _let_in(
    waiting: Sequence[Ticket],
    members: Mapping[DeviceId, Member],
    out: Collection[DeviceId],
    recovery: bytes,
) -> dict[DeviceId, Member]:
    # Round after round, because who comes in may have let in others; always in the same order,
    # because two tickets may claim to be the same person.
    known = dict(members)
    persons = {member.card.person for member in members.values()}
    pending: dict[DeviceId, Member] = {}
    came = True
    while came:
        came = False
        for ticket in waiting:
            if ticket.device in known or ticket.device in out:
                continue
            by_recovery = bool(recovery) and ticket.by == recovery
            signer = known.get(ticket.signer)
            if not by_recovery and (signer is None or not _admits(signer, ticket, persons)):
                continue
            role = min(ticket.role, Role.WRITER)
            member = Member(ticket.device, ticket.card, role, 0, ticket, pending=True)
            known[ticket.device] = pending[ticket.device] = member
            persons.add(ticket.card.person)
            came = True
    return pending


def _admits(signer: Member, ticket: Ticket, persons: Collection[PersonId]) -> bool:
    if not _may_sign(ticket, signer.role, signer.ticket.after):
        return False
    same = ticket.card.person == signer.card.person
    return same or signer.role is Role.OWNER or ticket.card.person not in persons
