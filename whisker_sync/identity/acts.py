"""
What members do about who belongs: each act makes papers of papers.

Rule 1: an act draws nothing and keeps nothing. Whoever acts passes a fresh key of the
workspace (32 random bytes); it comes into use only if somebody is out who knew the old
one, and then it is in the seals (:meth:`Papers.keys <whisker_sync.identity.papers.Papers.keys>`).

Rule 2: an act is checked like anybody else's: what we may not do raises
:exc:`~whisker_sync.errors.NotEntitled`, and nothing was signed.

Whatever an owner signs, the new roster answers all that is open: it joins branches, folds
in tickets and departures, and rotates the key where that is due.

To send what was done: ``after.news(before.tips)``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from whisker_sync.errors import NotEntitled, WorkspaceFull
from whisker_sync.identity.card import Card
from whisker_sync.identity.evidence import MAX_TICKETS, Evidence
from whisker_sync.identity.keys import DeviceKey, SigningKey
from whisker_sync.identity.membership import Member
from whisker_sync.identity.papers import MAX_TICKETS_EACH, Papers
from whisker_sync.identity.roster import (
    MAX_FOLDED,
    MAX_MEMBERS,
    MAX_REMOVED,
    Departure,
    Entry,
    Epoch,
    Notice,
    Recovery,
    Role,
    Roster,
    Ticket,
)
from whisker_sync.identity.seals import Seal, Sealer, commitment, hpke
from whisker_sync.ids import DeviceId, WorkspaceId


def found(
    key: DeviceKey,
    workspace: WorkspaceId,
    card: Card,
    epoch_key: bytes,
    *,
    recovery: bytes = b"",
    sealer: Sealer = hpke,
) -> Papers:
    """The papers of a new workspace, whose only member and owner is this device."""
    assert card.key == key.public
    ticket = Ticket.issue(key, workspace, 0, 1, Role.OWNER, card)
    roster = Roster(
        workspace=workspace,
        version=1,
        previous=(),
        by=key.public,
        members=(Entry.admitted(ticket, 1),),
        removed=(),
        departures=(),
        epoch=Epoch(1, commitment(epoch_key), 1, key.public),
        recovery=Recovery(recovery, 1, key.public),
    ).signed_by(key)
    papers = Papers.trust(Evidence(workspace, (roster,)))
    return reseal(papers, epoch_key, sealer=sealer)


def admit(papers: Papers, key: DeviceKey, card: Card, role: Role) -> Papers:
    """
    Let a device in, at once; any writer may, for a role not above its own.

    An owner makes it lasting with :func:`fold`; somebody let in as an owner is a writer
    until then. The newcomer gets the key of the workspace by :func:`reseal`.

    Raises:
        NotEntitled: We may not, or the device is here already, was removed, or says that it
            belongs to a person who did not let it in.
    """
    now = papers.membership
    if not now.may_admit(key.device, role):
        raise NotEntitled(f"your role does not let you invite somebody as {role.name.lower()}")
    if now.may_read(card.device):
        raise NotEntitled(f"{card.person_name} is a member with this device already")
    if now.was_removed(card.device):
        raise NotEntitled(f"{card.person_name} was removed; an owner can let them in again")
    if not now.may_be_person(key.device, card):
        raise NotEntitled(f"only {card.person_name} or an owner can add a device of theirs")
    if len(now.members) >= MAX_MEMBERS:
        raise WorkspaceFull("devices", MAX_MEMBERS)
    signed = sum(ticket.by == key.public for ticket in papers.tickets.values())
    if signed >= MAX_TICKETS_EACH or len(papers.tickets) >= MAX_TICKETS:
        raise WorkspaceFull("invited devices that no owner has confirmed", MAX_TICKETS_EACH)
    place = 1 + max(member.order for member in now.members)
    ticket = Ticket.issue(key, papers.workspace, now.version, place, role, card)
    return papers.take(Evidence(papers.workspace, tickets=(ticket,)))


def leave(papers: Papers, key: DeviceKey) -> Papers:
    """
    Leave; any member may. An owner's next roster makes it lasting and rotates the key.

    If no owner is left, the writer who came first becomes one.

    Raises:
        NotEntitled: We do not belong.
    """
    if not papers.membership.may_read(key.device):
        raise NotEntitled("this device is no member")
    departure = Departure.issue(key, papers.workspace, papers.membership.version)
    return papers.take(Evidence(papers.workspace, departures=(departure,)))


def fold(papers: Papers, key: DeviceKey, fresh: bytes, *, sealer: Sealer = hpke) -> Papers:
    """
    Answer all that is open with a new roster; the same papers if nothing is.

    Worth doing whenever ``membership.unfinished``; owners only, else :exc:`NotEntitled`.
    """
    _must_own(papers, key)
    if not papers.membership.unfinished:
        return papers
    return _sign(papers, key, fresh, sealer, _Change())


def remove(
    papers: Papers,
    key: DeviceKey,
    devices: Collection[DeviceId],
    fresh: bytes,
    *,
    sealer: Sealer = hpke,
) -> Papers:
    """
    Remove devices; owners only. The key rotates, and whoever stays gets it sealed.

    Raises:
        NotEntitled: We are no owner, one of them is no member, or is ourselves (who wants to
            go, leaves: a key made by somebody who goes would be of no use).
    """
    _must_own(papers, key)
    if key.device in devices:
        raise NotEntitled("nobody removes themselves; leave the workspace instead")
    _must_belong(papers, devices)
    return _sign(papers, key, fresh, sealer, _Change(removed=frozenset(devices)))


def readmit(
    papers: Papers,
    key: DeviceKey,
    card: Card,
    role: Role,
    fresh: bytes,
    *,
    sealer: Sealer = hpke,
) -> Papers:
    """
    Let a device in again that was removed or has left; owners only.

    Raises:
        NotEntitled: We are no owner, or the device was not removed.
    """
    _must_own(papers, key)
    if not papers.membership.was_removed(card.device):
        raise NotEntitled(f"{card.person_name} was not removed; invite them")
    if card.device in papers.membership.departed:
        # First the roster that it left, then the one in which it is again.
        papers = _sign(papers, key, fresh, sealer, _Change())
    return _sign(papers, key, fresh, sealer, _Change(back=(card, role)))


def change_role(
    papers: Papers,
    key: DeviceKey,
    devices: Collection[DeviceId],
    role: Role,
    fresh: bytes,
    *,
    sealer: Sealer = hpke,
) -> Papers:
    """
    Give devices (those of one person, mostly) another role; owners only.

    Raises:
        NotEntitled: We are no owner, one of them is no member, or no owner would be left.
    """
    _must_own(papers, key)
    _must_belong(papers, devices)
    staying = {owner.device for owner in papers.membership.owners} - set(devices)
    if role is not Role.OWNER and not staying:
        raise NotEntitled("a workspace needs an owner; make somebody else one first")
    return _sign(papers, key, fresh, sealer, _Change(roles=dict.fromkeys(devices, role)))


def set_recovery(
    papers: Papers, key: DeviceKey, public: bytes, fresh: bytes, *, sealer: Sealer = hpke
) -> Papers:
    """Make ``public`` the key on paper, and any earlier one void; owners only."""
    _must_own(papers, key)
    return _sign(papers, key, fresh, sealer, _Change(recovery=public))


def restore(
    papers: Papers, recovery: SigningKey, card: Card, fresh: bytes, *, sealer: Sealer = hpke
) -> Papers:
    """
    Make a device an owner with the key on paper, whether it is a member or not.

    Raises:
        NotEntitled: This is not the key on paper of this workspace.
    """
    if recovery.public != papers.membership.recovery:
        raise NotEntitled("these recovery words are not those of this workspace")
    if papers.membership.may_read(card.device):
        change = _Change(roles={card.device: Role.OWNER})
    else:
        if card.device in papers.membership.departed:
            papers = _sign(papers, recovery, fresh, sealer, _Change())
        change = _Change(back=(card, Role.OWNER))
    return _sign(papers, recovery, fresh, sealer, change)


def reseal(papers: Papers, epoch_key: bytes, *, sealer: Sealer = hpke) -> Papers:
    """
    Seal the key in use for members that have no envelope of it yet; any member may.

    ``epoch_key`` is ours of that epoch; the same papers if everybody has it.
    """
    epoch = papers.membership.epoch
    assert commitment(epoch_key) == epoch.commitment
    have = {seal.device for seal in papers.seals if seal.commitment == epoch.commitment}
    lacking = [member for member in papers.membership.members if member.device not in have]
    return papers.take(
        Evidence(papers.workspace, seals=_seals(papers, lacking, epoch, epoch_key, sealer))
    )


# How a roster comes about.


@dataclass(frozen=True, slots=True)
class _Change:
    """What an owner wants to be different."""

    removed: frozenset[DeviceId] = frozenset()
    roles: Mapping[DeviceId, Role] = field(default_factory=dict)
    back: tuple[Card, Role] | None = None
    recovery: bytes | None = None


def _must_own(papers: Papers, key: DeviceKey) -> None:
    if not papers.membership.may_remove(key.device):
        raise NotEntitled("only an owner of this workspace can do that")


def _must_belong(papers: Papers, devices: Collection[DeviceId]) -> None:
    if not devices or not all(papers.membership.may_read(device) for device in devices):
        raise NotEntitled("there is no such member")


def _sign(papers: Papers, key: SigningKey, fresh: bytes, sealer: Sealer, change: _Change) -> Papers:
    before = papers.outcome
    version = before.version + 1
    members = _members(papers, key, version, change)
    gone = dict(before.removed)
    gone |= dict.fromkeys((*change.removed, *papers.membership.departed), version)
    for device in members:
        gone.pop(device, None)
    _must_fit(len(members), len(gone), len(before.departed))
    epoch = before.epoch
    if before.must_rotate or gone.keys() - before.removed.keys():
        epoch = Epoch(before.last_epoch + 1, commitment(fresh), version, key.public)
    recovery = before.recovery
    if change.recovery is not None:
        recovery = Recovery(change.recovery, version, key.public)
    roster = Roster(
        workspace=papers.workspace,
        version=version,
        previous=tuple(sorted(papers.tips)),
        by=key.public,
        members=tuple(members[device] for device in sorted(members)),
        removed=tuple(sorted(gone.items())),
        departures=_departures(papers, before.departed),
        epoch=epoch,
        recovery=recovery,
    ).signed_by(key)
    told = [device for device in change.removed if device in gone]
    signed = Evidence(
        papers.workspace,
        (roster,),
        notices=tuple(Notice.issue(key, papers.workspace, version, d) for d in sorted(told)),
    )
    assert not papers.refused(signed), papers.refused(signed)
    after = papers.take(signed)
    return reseal(after, fresh, sealer=sealer) if epoch != before.epoch else after


def _members(
    papers: Papers, key: SigningKey, version: int, change: _Change
) -> dict[DeviceId, Entry]:
    entries = dict(papers.outcome.members)
    for member in papers.membership.members:
        if member.pending:
            entries[member.device] = Entry.admitted(member.ticket, member.order)
    if change.back is not None:
        card, role = change.back
        place = 1 + max((entry.order for entry in entries.values()), default=0)
        ticket = Ticket.issue(key, papers.workspace, version, place, role, card)
        entries[card.device] = Entry.admitted(ticket, place)
    for device, role in change.roles.items():
        if entries[device].role is not role:
            entries[device] = replace(
                entries[device], role=role, role_at=version, role_by=key.public
            )
    return {device: entry for device, entry in entries.items() if device not in change.removed}


def _departures(papers: Papers, departed: Collection[DeviceId]) -> tuple[Departure, ...]:
    # Somebody may have said more than once that they leave; the last time is the one to keep.
    last: dict[DeviceId, Departure] = {}
    for departure in sorted(papers.departures.values(), key=lambda d: (d.after, d.hash)):
        if departure.device in departed:
            last[departure.device] = departure
    return tuple(last[device] for device in sorted(last))


def _must_fit(members: int, removed: int, departed: int) -> None:
    if members > MAX_MEMBERS:
        raise WorkspaceFull("devices", MAX_MEMBERS)
    if removed > MAX_REMOVED:
        raise WorkspaceFull("devices that were removed", MAX_REMOVED)
    assert departed <= MAX_FOLDED


def _seals(
    papers: Papers,
    members: Collection[Member],
    epoch: Epoch,
    key: bytes,
    sealer: Sealer,
) -> tuple[Seal, ...]:
    return tuple(
        Seal.close(papers.workspace, epoch.number, key, member.device, member.card.box, sealer)
        for member in members
    )
