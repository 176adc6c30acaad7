"""
Who belongs, as this device knows it, and what it tells others about that.

Rule 1: whoever does not belong gets nothing of the workspace. Before we know that the other
side does, all it hears are our *credentials*: who let us in. A device that was removed
gets its notice.

Rule 2: what we sign is durable before anybody hears of it. What others signed is not ours to
lose, and counts at once.

Rule 3: an owner answers what is open (tickets, departures, forks) by itself, but not at
once: owners who came earlier go first, so that two of them do not answer each other for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from whisker_sync.errors import MalformedPaper, NotEntitled
from whisker_sync.identity import acts
from whisker_sync.identity.card import Card
from whisker_sync.identity.evidence import Evidence
from whisker_sync.identity.keyring import KeyRing, key_ring
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.identity.membership import Membership
from whisker_sync.identity.pairing import MAX_PAYLOAD
from whisker_sync.identity.papers import Papers
from whisker_sync.identity.recovery import RecoveryKey
from whisker_sync.identity.roster import Notice, Role, Ticket
from whisker_sync.identity.seals import Sealer
from whisker_sync.ids import DeviceId
from whisker_sync.wire.messages import Members, Standing

PAPERS = "papers"
"""Name of the fact that keeps them."""

NOTICE = "notice"
"""Name of the fact that we were removed, if we know it from a notice only."""

FOLD_SECONDS = 1.0
"""How long the first owner waits before it answers what is open."""

FOLD_EACH = 10.0
"""How much longer each next owner waits: a roster is everywhere by then."""

MAX_FOLD_SECONDS = 60.0
"""How long any owner waits at most."""

MAX_CHAIN = 32
"""Tickets in our credentials: of who let us in, who let them in, and so on."""


class Belonging:
    """
    See the module; ``papers`` is what we begin with.

    ``fresh`` draws 32 random bytes for a new key of the workspace, ``sealer`` closes envelopes.
    """

    def __init__(
        self,
        device: DeviceKey,
        papers: Papers,
        fresh: Callable[[], bytes],
        sealer: Sealer,
        now: float,
    ) -> None:
        self.papers = papers
        self.notice: Notice | None = None
        """An owner's word that we were removed, if our papers do not say it themselves."""

        self.left = False
        """We said that we leave."""

        self._device = device
        self._fresh = fresh
        self._sealer = sealer
        self._ring: KeyRing | None = None
        self._open_since = now

    # What is known.

    @property
    def membership(self) -> Membership:
        """Who belongs."""
        return self.papers.membership

    @property
    def ring(self) -> KeyRing:
        """The keys of the workspace."""
        if self._ring is None:
            self._ring = key_ring(self.papers, self._device)
        return self._ring

    @property
    def standing(self) -> Standing:
        """What we know, without saying it."""
        return Standing(self.papers.digest, tuple(sorted(self.papers.tips)))

    @property
    def outside(self) -> str | None:
        """Why we are not in touch with anybody; None: we belong."""
        if self.left and not self.includes(self._device.device):
            return (
                "this device has left the story. Your files stay as they are; to come back, have "
                "yourself invited, and join with this folder: whisker join LINK"
            )
        if self.notice is not None or self.membership.was_removed(self._device.device):
            return (
                "this device does not belong to the story any more; an owner removed it. "
                "Your files stay as they are"
            )
        if not self.includes(self._device.device) or not self.ring.held:
            return (
                "this device is no member of the story (was its folder copied?); "
                "have yourself invited, and join with this folder: whisker join LINK"
            )
        return None

    @property
    def role(self) -> Role | None:
        """What we may do; None: we do not belong."""
        return None if self.outside else self.membership.role(self._device.device)

    @property
    def hangs_on_one(self) -> bool:
        """Whether others belong, and the loss of one device would leave nobody in charge."""
        now = self.membership
        return len(now.members) > 1 and len(now.owners) == 1 and not now.recovery

    def includes(self, device: DeviceId) -> bool:
        """Whether a device belongs."""
        return self.membership.may_read(device)

    # What is told.

    def news(self, tips: Collection[bytes]) -> Members:
        """All that a member may lack whose rosters end with ``tips``."""
        return Members(self.papers.digest, self.papers.news(tips).encode())

    def credentials(self) -> Members:
        """Who let us in, for somebody of whom we do not know whether they belong."""
        chain: list[Ticket] = []
        member = self.membership.member(self._device.device)
        while member is not None and member.ticket not in chain and len(chain) < MAX_CHAIN:
            chain.append(member.ticket)
            member = self.membership.member(member.ticket.signer)
        evidence = Evidence(self.papers.workspace, tickets=tuple(chain))
        return Members(self.papers.digest, evidence.encode())

    def departure(self) -> Members:
        """
        Our word that we leave.

        Raises:
            NotEntitled: Nobody would be in charge then, or we do not belong.
        """
        us = self._device.device
        if [owner.device for owner in self.membership.owners] == [us]:
            if len(self.membership.members) == 1:
                raise NotEntitled(
                    "nobody else belongs to this story, so there is nobody to leave; "
                    "to end syncing: whisker sync stop"
                )
            raise NotEntitled(
                "nobody would be in charge of the story without you; make somebody else an owner "
                "first: whisker members role PERSON owner"
            )
        gone = acts.leave(self.papers, self._device)
        ours = [each for each in gone.departures.values() if each.device == us]
        last = max(ours, key=lambda each: each.after)
        return Members(bytes(32), Evidence(gone.workspace, departures=(last,)).encode())

    def farewell(self, device: DeviceId) -> Members | None:
        """The notice for a device that was removed; None: there is none."""
        notice = self.papers.notice_for(device)
        if notice is None or self.includes(device):
            return None
        evidence = Evidence(self.papers.workspace, notices=(notice,))
        return Members(bytes(32), evidence.encode())

    # What changes it.

    def take(self, told: Members, now: float, teller: DeviceId | None = None) -> bool:
        """
        Take what somebody told us; whether we know more now.

        ``teller`` is the device that said it on a link. If it is no member even by that, only
        rosters count, and a member's own word that it leaves: a fork counts whoever tells of it,
        but nobody outside fills our papers with tickets and envelopes that are of no use.

        Raises:
            MalformedPaper: It is not whole, or of another workspace.
        """
        evidence = Evidence.decode(told.evidence)
        if self.papers.lacks_past_of(evidence):
            raise MalformedPaper(
                "the others have changed too much meanwhile; have this device invited again"
            )
        grown = self.papers.take(evidence)
        if teller is not None and not grown.membership.may_read(teller):
            own = [each for each in evidence.departures if each.device == teller]
            leaves = tuple(own) if self.includes(teller) else ()
            evidence = Evidence(evidence.workspace, evidence.rosters, departures=leaves)
            grown = self.papers.take(evidence)
        changed = self.become(grown, now)
        for notice in evidence.notices:
            if self.notice is None and self.papers.heeds(notice, self._device.device):
                self.notice, changed = notice, True
        return changed

    def become(self, papers: Papers, now: float) -> bool:
        """Go on with these papers, which follow ours; whether they say anything new."""
        if papers == self.papers:
            return False
        self.papers, self._ring, self._open_since = papers, None, now
        key = self.ring.key
        if key is not None:  # some may have come in without an envelope
            self.papers = acts.reseal(self.papers, key, sealer=self._sealer)
        return True

    # Acts of our own. Each says whether it made news, and raises what acts.py raises.

    def admit(self, card: Card, role: Role, replacing: Collection[DeviceId], now: float) -> bool:
        """Let a device in; whoever is a member already only gets the papers once more."""
        papers = self.papers
        if self.membership.was_removed(card.device):
            papers = acts.readmit(
                papers, self._device, card, role, self._fresh(), sealer=self._sealer
            )
        elif not self.includes(card.device):
            papers = acts.admit(papers, self._device, card, role)
        gone = [device for device in replacing if papers.membership.may_read(device)]
        if gone:
            papers = acts.remove(papers, self._device, gone, self._fresh(), sealer=self._sealer)
        return self.become(papers, now)

    def remove(self, devices: Collection[DeviceId], now: float) -> bool:
        """Remove devices, and change the key."""
        fresh = self._fresh()
        return self.become(
            acts.remove(self.papers, self._device, devices, fresh, sealer=self._sealer), now
        )

    def change_role(self, devices: Collection[DeviceId], role: Role, now: float) -> bool:
        """Give devices another role."""
        fresh = self._fresh()
        return self.become(
            acts.change_role(self.papers, self._device, devices, role, fresh, sealer=self._sealer),
            now,
        )

    def set_recovery(self, public: bytes, now: float) -> bool:
        """Set the key on paper."""
        fresh = self._fresh()
        return self.become(
            acts.set_recovery(self.papers, self._device, public, fresh, sealer=self._sealer), now
        )

    def restore(self, key: RecoveryKey, now: float) -> bool:
        """Become an owner by the key on paper."""
        member = self.membership.member(self._device.device)
        if member is None:
            raise NotEntitled("this device is no member; have it invited first")
        fresh = self._fresh()
        return self.become(
            acts.restore(self.papers, key, member.card, fresh, sealer=self._sealer), now
        )

    def welcome(self, device: DeviceId) -> bytes:
        """What lets a device in: who belongs, and the keys that are sealed for it."""
        everything = self.papers.evidence()
        seals = tuple(seal for seal in everything.seals if seal.device == device)
        rosters = sorted(everything.rosters, key=lambda roster: roster.version, reverse=True)
        while True:
            evidence = replace(everything, rosters=tuple(rosters), seals=seals, notices=())
            encoded = evidence.encode()
            if len(encoded) <= MAX_PAYLOAD or len(rosters) <= len(self.papers.tips):
                return encoded
            # The past is there to understand who was away; a newcomer was not.
            del rosters[max(len(rosters) // 2, len(self.papers.tips)) :]

    # Answering what is open.

    def fold_due(self) -> float | None:
        """When we are to answer what is open; None: nothing is, or it is not for us to do."""
        owners = [owner.device for owner in self.membership.owners]
        if not self.membership.unfinished or self._device.device not in owners:
            return None
        rank = owners.index(self._device.device)
        return self._open_since + min(FOLD_SECONDS + FOLD_EACH * rank, MAX_FOLD_SECONDS)

    def fold(self, now: float) -> bool:
        """
        Answer all that is open; whether that made news.

        Raises:
            WorkspaceFull: There are too many; it is not tried again before something changes.
        """
        self._open_since = float("inf")
        return self.become(
            acts.fold(self.papers, self._device, self._fresh(), sealer=self._sealer), now
        )


def recalled_papers(papers: Papers, kept: bytes | None) -> Papers:
    """The papers that we began with, and what the journal knows besides."""
    if kept is None:
        return papers
    try:
        known = Papers.trust(Evidence.decode(kept))
        older, newer = sorted((papers, known), key=lambda p: p.membership.version)
        return newer.take(older.evidence())
    except MalformedPaper:
        return papers
