"""
All that a device keeps about who belongs to a workspace.

Rule 1: papers only grow, and in whatever order evidence comes, the same evidence makes the
same papers: :meth:`Papers.take` is the join of a semilattice. The exceptions are the
limits below, which nobody reaches who means well.

Rule 2: a roster is taken only if it follows rosters that are here already (else it is left
out and has to be told again, with them), and if
:func:`~whisker_sync.identity.membership.objection` has none. So nobody goes back:
an old roster is behind us, and one that an old owner signs today is a fork, which only
takes away.

Rule 3: the first papers are taken on trust (:meth:`Papers.trust`): they are our own, or
those of the inviter who vouched for them. Nothing else ever is.

The past is cut where all branches have it in common, so that nobody can make an honest
branch look old by signing a long one.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from typing import Protocol, TypeVar

from whisker_sync.errors import MalformedPaper
from whisker_sync.identity.evidence import (
    MAX_DEPARTURES,
    MAX_ENTRIES,
    MAX_NOTICES,
    MAX_ROSTERS,
    MAX_SEALS,
    MAX_TICKETS,
    Evidence,
)
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.identity.membership import (
    Membership,
    Outcome,
    membership,
    objection,
    objection_to_first,
    outcome,
)
from whisker_sync.identity.roster import MAX_PREVIOUS, Departure, Notice, Role, Roster, Ticket
from whisker_sync.identity.seals import Seal
from whisker_sync.ids import DeviceId, WorkspaceId

MAX_PAST = 64
"""Rosters kept of the past that all branches have in common: whoever was away for longer, or
signed apart from the others for longer, has to be invited anew."""

MAX_ASIDE = MAX_ROSTERS - MAX_PAST
"""Rosters in branches that no owner has joined yet; a few, unless an owner means harm."""

MAX_ROSTER_BYTES = 8 * 1024 * 1024
"""Bytes of all rosters without their entries; with all else at its limit a bundle still fits."""

MAX_TIPS = MAX_PREVIOUS
"""Branches at once; only somebody who is or was an owner can make one."""

MAX_TICKETS_EACH = 128
"""Tickets of one signer that no roster has yet: one member cannot push out those of others."""

MAX_SEALS_EACH = 2
"""Envelopes for one device and key: anybody may make one, and a wrong one must not stand
in the way of the right one."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A roster that is not taken."""

    roster: Roster
    """Which one."""

    reason: str
    """Why: "who signed it was no owner"."""


@dataclass(frozen=True)
class Papers:
    """What a device keeps about who belongs; a value, equal where it says the same."""

    workspace: WorkspaceId
    """Which one."""

    rosters: Mapping[bytes, Roster]
    """By hash; each follows others that are here, but for the oldest."""

    tickets: Mapping[bytes, Ticket] = field(default_factory=dict)
    """By hash; those that no roster has answered."""

    departures: Mapping[bytes, Departure] = field(default_factory=dict)
    """By hash; those that no roster has put into effect."""

    seals: frozenset[Seal] = frozenset()
    """Keys of the newest epochs, sealed for members."""

    notices: Mapping[bytes, Notice] = field(default_factory=dict)
    """By hash; for those who were removed."""

    # Making them.

    @classmethod
    def trust(cls, evidence: Evidence) -> Papers:
        """
        The first papers of a device: its own from disk, or what its inviter vouched for.

        Raises:
            MalformedPaper: There is no roster in it, or one may not follow the others.
        """
        here = {roster.hash for roster in evidence.rosters}
        oldest = [r for r in evidence.rosters if not (r.previous and here.issuperset(r.previous))]
        if not oldest:
            raise MalformedPaper("no roster to begin with")
        papers = cls(evidence.workspace, {roster.hash: roster for roster in oldest})
        for roster in oldest:
            if roster.version == 1 and (reason := objection_to_first(roster)):
                raise MalformedPaper(reason)
        if refused := papers.refused(evidence):
            raise MalformedPaper(refused[0].reason)
        return papers.take(evidence)

    def take(self, evidence: Evidence) -> Papers:
        """
        These papers and whatever of ``evidence`` may be believed.

        Taking it again, or in another order, makes no difference. What may not be believed is
        left out; :meth:`refused` says why.

        Raises:
            MalformedPaper: It is of another workspace.
        """
        self._must_be_ours(evidence)
        rosters = self._with(evidence)[0]
        grown = Papers(
            self.workspace,
            rosters,
            _union(self.tickets, evidence.tickets),
            _union(self.departures, evidence.departures),
            self.seals | frozenset(evidence.seals),
            _union(self.notices, evidence.notices),
        )
        trimmed = grown._trimmed()
        return self if trimmed == self else trimmed

    def refused(self, evidence: Evidence) -> tuple[Refusal, ...]:
        """The rosters in ``evidence`` that :meth:`take` leaves out, and why."""
        self._must_be_ours(evidence)
        return tuple(self._with(evidence)[1])

    def lacks_past_of(self, evidence: Evidence) -> bool:
        """
        Whether ``evidence`` has rosters newer than ours that follow some which are not here.

        The other side may know more: ask it for all it has. If this is all it has, we
        were away for too long (:data:`MAX_PAST`).
        """
        self._must_be_ours(evidence)
        return any(refusal.reason == _PAST_IS_MISSING for refusal in self.refused(evidence))

    def _must_be_ours(self, evidence: Evidence) -> None:
        if evidence.workspace != self.workspace:
            raise MalformedPaper("something of another workspace")

    def _with(self, evidence: Evidence) -> tuple[dict[bytes, Roster], list[Refusal]]:
        rosters = dict(self.rosters)
        refused = []
        for roster in sorted(evidence.rosters, key=_age):
            if known := rosters.get(roster.hash):
                # Of two signatures under the same words the same one stays everywhere.
                rosters[roster.hash] = min(known, roster, key=lambda r: r.signature)
            elif reason := _objection(roster, rosters):
                refused.append(Refusal(roster, reason))
            else:
                rosters[roster.hash] = roster
        # Judged at the end: evidence that joins too many branches again is what helps.
        tips = _tips(rosters)
        past = _past(rosters, tips)
        aside = rosters.keys() - {roster.hash for roster in past}
        if len(tips) <= MAX_TIPS and len(aside) <= MAX_ASIDE:
            room = _Room()
            if all(room.takes(rosters[hash_]) for hash_ in aside) and room.takes(past[0]):
                return rosters, refused
        return dict(self.rosters), [
            Refusal(roster, "there are too many branches")
            for roster in evidence.rosters
            if roster.hash not in self.rosters
        ]

    # What they say.

    @cached_property
    def tips(self) -> frozenset[bytes]:
        """Hashes of the rosters that none follows; what to tell another device first."""
        return _tips(self.rosters)

    @cached_property
    def outcome(self) -> Outcome:
        """What the rosters and departures say, before tickets."""
        tips = [self.rosters[tip] for tip in sorted(self.tips)]
        return outcome(tips, lambda: _common(self.rosters, self.tips), self.departures.values())

    @cached_property
    def membership(self) -> Membership:
        """Who belongs."""
        return membership(
            self.workspace,
            self.outcome,
            len(self.tips),
            self.tickets.values(),
            self.departures.values(),
            (roster.epoch for roster in self.rosters.values()),
        )

    def heeds(self, notice: Notice, device: DeviceId) -> bool:
        """
        Whether ``device``, whose papers these are, is to believe that it was removed.

        It need not know the roster that did it: an owner said so whom it knows as one, or
        knew: of two who removed each other, both are to believe it.
        """
        entry = self.outcome.members.get(device)
        return (
            notice.workspace == self.workspace
            and notice.device == device
            and (entry is None or notice.version > entry.ticket.after)
            and (
                notice.by in self.outcome.owners
                or notice.by == self.outcome.recovery.key
                or any(notice.by in _owners(roster) for roster in self.rosters.values())
            )
        )

    def notice_for(self, device: DeviceId) -> Notice | None:
        """What to show a removed device, and nothing else; nothing if no owner wrote it."""
        for_it = [notice for notice in self.notices.values() if notice.device == device]
        return max(for_it, key=lambda notice: (notice.version, notice.hash), default=None)

    def keys(self, key: DeviceKey) -> dict[bytes, bytes]:
        """Keys of the workspace that were sealed for us, by commitment."""
        ours = (seal for seal in sorted(self.seals) if seal.device == key.device)
        opened = ((seal.commitment, seal.open(self.workspace, key)) for seal in ours)
        return {promised: content for promised, content in opened if content is not None}

    # As bytes.

    def evidence(self) -> Evidence:
        """Everything, for whoever joins, and for our own disk."""
        return self.news(())

    def news(self, tips: Collection[bytes]) -> Evidence:
        """What a device may lack that says its rosters end with ``tips``."""
        had = _behind(self.rosters, [tip for tip in tips if tip in self.rosters])
        return Evidence(
            self.workspace,
            tuple(roster for roster in self.rosters.values() if roster.hash not in had),
            tuple(self.tickets.values()),
            tuple(self.departures.values()),
            tuple(self.seals),
            tuple(self.notices.values()),
        )

    @cached_property
    def digest(self) -> bytes:
        """32 bytes, equal on two devices that have nothing to tell each other."""
        said = Evidence(
            self.workspace,
            tuple(self.rosters[tip] for tip in self.tips),
            tuple(self.tickets.values()),
            tuple(self.departures.values()),
            tuple(self.seals),
            tuple(self.notices.values()),
        )
        return hashlib.sha256(said.encode()).digest()

    # What need not be kept.

    def _trimmed(self) -> Papers:
        rosters = self._trimmed_rosters()
        admitted = {device for roster in rosters.values() for device in roster.entries}
        removed: dict[DeviceId, int] = {}
        for roster in rosters.values():
            for device, version in roster.removed:
                removed[device] = max(version, removed.get(device, 0))
        answered = admitted | removed.keys()
        tickets = [ticket for ticket in self.tickets.values() if ticket.device not in answered]
        # A departure that was put into effect stays so: who comes back has a newer ticket.
        departures = [
            departure
            for departure in self.departures.values()
            if removed.get(departure.device, 0) <= departure.after
        ]
        departures.sort(key=lambda d: (d.device not in admitted, d.hash))
        return Papers(
            self.workspace,
            rosters,
            _first_tickets(tickets, admitted),
            _by_hash(departures[:MAX_DEPARTURES]),
            _useful_seals(self.seals, rosters.values(), admitted),
            _true_notices(self.notices.values(), rosters.values()),
        )

    def _trimmed_rosters(self) -> dict[bytes, Roster]:
        past = _past(self.rosters, self.tips)
        behind = {roster.hash for roster in past}
        aside = [roster for roster in self.rosters.values() if roster.hash not in behind]
        room = _Room()
        for roster in aside:
            room.takes(roster)
        newest = takewhile(room.takes, past[:MAX_PAST])
        return _by_hash((*aside, *newest))


class _Room:
    """How much more of rosters fits into a bundle."""

    def __init__(self) -> None:
        self._bytes = MAX_ROSTER_BYTES
        self._entries: set[bytes] = set()

    def takes(self, roster: Roster) -> bool:
        """Put a roster in; whether it fitted."""
        self._bytes -= len(roster.body)
        self._entries.update(entry.hash for entry in roster.members)
        return self._bytes >= 0 and len(self._entries) <= MAX_ENTRIES


class _Hashed(Protocol):
    @property
    def hash(self) -> bytes: ...
    @property
    def encoded(self) -> bytes: ...


_Paper = TypeVar("_Paper", bound=_Hashed)


def _union(known: Mapping[bytes, _Paper], more: Iterable[_Paper]) -> dict[bytes, _Paper]:
    union = dict(known)
    for paper in more:
        other = union.get(paper.hash, paper)
        union[paper.hash] = min(other, paper, key=lambda p: p.encoded)
    return union


def _by_hash(papers: Iterable[_Paper]) -> dict[bytes, _Paper]:
    return {paper.hash: paper for paper in papers}


def _first_tickets(
    tickets: Iterable[Ticket], admitted: Collection[DeviceId]
) -> dict[bytes, Ticket]:
    kept = []
    signed: Counter[bytes] = Counter()
    for ticket in sorted(tickets, key=lambda t: (t.signer not in admitted, t.hash)):
        if signed[ticket.by] < MAX_TICKETS_EACH:
            signed[ticket.by] += 1
            kept.append(ticket)
    return _by_hash(kept[:MAX_TICKETS])


def _true_notices(notices: Iterable[Notice], rosters: Iterable[Roster]) -> dict[bytes, Notice]:
    did = {
        (roster.version, roster.by, device)
        for roster in rosters
        for device, version in roster.removed
        if version == roster.version
    }
    kept = [notice for notice in notices if (notice.version, notice.by, notice.device) in did]
    return _by_hash(sorted(kept, key=lambda n: (-n.version, n.hash))[:MAX_NOTICES])


def _useful_seals(
    seals: Iterable[Seal], rosters: Collection[Roster], admitted: Collection[DeviceId]
) -> frozenset[Seal]:
    # Nobody signs a seal: it is of use only if a roster promised what is in it.
    named = {(roster.epoch.number, roster.epoch.commitment) for roster in rosters}
    kept = []
    each: Counter[tuple[bytes, DeviceId]] = Counter()
    for seal in sorted(seal for seal in seals if (seal.epoch, seal.commitment) in named):
        each[seal.commitment, seal.device] += 1
        if each[seal.commitment, seal.device] <= MAX_SEALS_EACH:
            kept.append(seal)
    kept.sort(key=lambda seal: (seal.device not in admitted, -seal.epoch, seal))
    return frozenset(kept[:MAX_SEALS])


_PAST_IS_MISSING = "it follows rosters that are not here"


def _objection(roster: Roster, rosters: Mapping[bytes, Roster]) -> str:
    """Why ``roster`` may not be added to ``rosters``; empty: it may."""
    if roster.version <= min(known.version for known in rosters.values()):
        return "it is older than all we keep, or founds the workspace a second time"
    if not rosters.keys() >= set(roster.previous):
        return _PAST_IS_MISSING
    if len(roster.previous) > 1:
        pasts = {parent: _behind(rosters, [parent]) for parent in roster.previous}
        if any(a != b and a in pasts[b] for a in pasts for b in pasts):
            return "it follows a roster twice"
    parents = [rosters[parent] for parent in roster.previous]
    before = outcome(parents, lambda: _common(rosters, roster.previous), roster.departures)
    return objection(roster, before)


# The graph of rosters.


def _owners(roster: Roster) -> set[bytes]:
    return {entry.ticket.card.key for entry in roster.members if entry.role is Role.OWNER}


def _tips(rosters: Mapping[bytes, Roster]) -> frozenset[bytes]:
    """The rosters that none follows."""
    followed = {parent for roster in rosters.values() for parent in roster.previous}
    return frozenset(rosters.keys() - followed)


def _behind(rosters: Mapping[bytes, Roster], tips: Iterable[bytes]) -> set[bytes]:
    """The rosters that lead to ``tips``, and these."""
    behind: set[bytes] = set()
    waiting = list(tips)
    while waiting:
        hash_ = waiting.pop()
        if hash_ not in behind and hash_ in rosters:
            behind.add(hash_)
            waiting += rosters[hash_].previous
    return behind


def _shared(rosters: Mapping[bytes, Roster], tips: Iterable[bytes]) -> set[bytes]:
    """The rosters that each of ``tips`` has behind itself, or is."""
    return set.intersection(*(_behind(rosters, [tip]) for tip in tips))


def _past(rosters: Mapping[bytes, Roster], tips: Iterable[bytes]) -> list[Roster]:
    """What ``tips`` have in common, the newest first; never empty."""
    shared = _shared(rosters, tips) or set(tips)
    return sorted((rosters[hash_] for hash_ in shared), key=_age, reverse=True)


def _common(rosters: Mapping[bytes, Roster], tips: Iterable[bytes]) -> Roster:
    """The newest roster of the past that ``tips`` share."""
    return _past(rosters, tips)[0]


def _age(roster: Roster) -> tuple[int, bytes]:
    return roster.version, roster.hash
