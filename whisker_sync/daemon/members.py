"""
What can be asked of a daemon about who belongs: invitations, guests, members.

Each question is answered by one function, with values of JSON. Errors are for whoever calls
to put into words.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from whisker_sync.daemon.control import Answer
from whisker_sync.errors import NotEntitled
from whisker_sync.identity.link import title_of
from whisker_sync.identity.offers import MINUTES, Terms
from whisker_sync.identity.recovery import RecoveryKey
from whisker_sync.identity.roster import Role
from whisker_sync.ids import DeviceId
from whisker_sync.node.members import find_devices, find_person, report
from whisker_sync.node.node import Node
from whisker_sync.peer.acts import (
    ChangeRole,
    Confirm,
    Decline,
    Leave,
    Remove,
    Restore,
    SetRecovery,
    Withdraw,
)
from whisker_sync.peer.reception import OfferStatus, Visitor
from whisker_sync.peer.status import Status

GUEST_SECONDS = 20.0
"""How long a question about guests waits at most for something to change."""


MEET_SECONDS = 3.0
"""How long we wait for somebody to whom we could say that we leave."""

LAST_SECONDS = 5.0
"""How long the last edits may take to be somewhere else, before we leave."""


class Members:
    """Answers what concerns who belongs to the workspace of a node."""

    def __init__(self, node: Node, title: str, interface: str | None) -> None:
        self._node = node
        self._title = title_of(title) or "story"
        self._interface = interface
        self.answers: dict[str, Callable[[Answer], Awaitable[Answer]]] = {
            "invite": self._invite,
            "guests": self._guests,
            "withdraw": self._withdraw,
            "confirm": self._confirm,
            "decline": self._decline,
            "members": self._members,
            "remove": self._remove,
            "role": self._role,
            "recovery": self._recovery,
            "restore": self._restore,
            "leave": self._leave,
        }
        """By what is asked."""

    async def _invite(self, question: Answer) -> Answer:
        terms = Terms(
            self._title,
            role_of(question.get("role", "writer")),
            mine=question.get("mine") is True,
            seats=int(question.get("seats", 1)),
            minutes=int(question.get("minutes", MINUTES)),
            yes=question.get("yes") is True,
        )
        words = question.get("words") is True
        invitation = await self._node.invite(terms, words=words, interface=self._interface)
        return {
            "number": invitation.number,
            "link": invitation.link,
            "words": invitation.words,
            "minutes": terms.minutes,
            "port": self._node.port,
            "relay": invitation.relay or None,
        }

    async def _guests(self, question: Answer) -> Answer:
        """Invitations and who came; waits for news if what was ``seen`` is still so."""
        seen = question.get("seen")
        with suppress(TimeoutError):
            async with asyncio.timeout(GUEST_SECONDS):
                while self._offers() == seen:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(1.0):  # invitations end by time, in silence
                            await self._node.until_changed()
        return {"offers": self._offers()}

    def guests(self) -> list[Answer]:
        """Who waits for a decision."""
        return [self._visitor(guest) for offer in self._node.offers for guest in offer.waiting]

    def _offers(self) -> list[Answer]:
        return [self._offer(offer) for offer in self._node.offers]

    def _offer(self, offer: OfferStatus) -> Answer:
        return {
            "number": offer.number,
            "waiting": [self._visitor(visitor) for visitor in offer.waiting],
            "seated": [self._visitor(visitor) for visitor in offer.seated],
            "ending": None if offer.ending is None else offer.ending.value,
        }

    def _visitor(self, visitor: Visitor) -> Answer:
        membership = self._node.papers.membership
        known = membership.namesakes(visitor.name)
        return {
            "name": visitor.name,
            "device": visitor.device_name,
            "fingerprint": visitor.fingerprint,
            "address": visitor.address,
            "member": membership.may_read(visitor.device),
            "namesakes": [
                member.card.device_name
                for person in known
                for member in person.devices
                if member.device != visitor.device
            ],
        }

    async def _withdraw(self, question: Answer) -> Answer:
        await self._node.act(Withdraw(int(question["number"])))
        return {"ok": True}

    async def _confirm(self, question: Answer) -> Answer:
        who = str(question.get("who"))
        replacing: tuple[DeviceId, ...] = ()
        if question.get("replace") is True:
            replacing = self._namesakes_of(who)
        await self._node.act(Confirm(who, replacing))
        return {"ok": True, "who": who}

    def _namesakes_of(self, who: str) -> tuple[DeviceId, ...]:
        asked = who.strip().casefold()
        waiting = [visitor for offer in self._node.offers for visitor in offer.waiting]
        names = {v.name for v in waiting if asked in {v.name.casefold(), v.fingerprint.casefold()}}
        coming = {visitor.device for visitor in waiting}
        known = [p for name in names for p in self._node.papers.membership.namesakes(name)]
        us = self._node.user.key.device
        old = [m.device for person in known for m in person.devices if m.device not in coming]
        if us in old:
            raise NotEntitled("that would replace this device itself")
        return tuple(old)

    async def _decline(self, question: Answer) -> Answer:
        await self._node.act(Decline(str(question.get("who"))))
        return {"ok": True}

    async def _members(self, _: Answer) -> Answer:
        return report(self._node.papers.membership, self._node.user.key.device)

    async def _remove(self, question: Answer) -> Answer:
        membership = self._node.papers.membership
        person = find_person(membership, str(question.get("person")))
        named = question.get("device")
        devices = find_devices(person, None if named is None else str(named))
        await self._node.act(Remove(frozenset(member.device for member in devices)))
        names = [member.card.device_name for member in devices]
        return {"person": person.name, "devices": names, **await self._members({})}

    async def _role(self, question: Answer) -> Answer:
        role = role_of(question.get("role"))
        person = find_person(self._node.papers.membership, str(question.get("person")))
        devices = frozenset(member.device for member in person.devices)
        await self._node.act(ChangeRole(devices, role))
        return {"person": person.name, "role": role.name.lower(), **await self._members({})}

    async def _recovery(self, question: Answer) -> Answer:
        await self._node.act(SetRecovery(bytes.fromhex(str(question.get("public")))))
        return {"ok": True}

    async def _restore(self, question: Answer) -> Answer:
        await self._node.act(Restore(RecoveryKey.from_words(str(question.get("words")))))
        return await self._members({})

    async def _leave(self, _: Answer) -> Answer:
        """Leave, after the last edits are elsewhere; who knows of it, and what nobody else has."""
        await self._node.look()
        for condition, seconds in ((_somebody, MEET_SECONDS), (_all_there, LAST_SECONDS)):
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._node.until(condition)
            if not _somebody(self._node.status):
                break
        before = self._node.status
        await self._node.act(Leave())
        names = {peer.device: (peer.person, peer.name) for peer in before.peers}
        known = [
            {"device": device.hex(), "person": person, "name": name}
            for device in self._node.witnesses
            for person, name in [names.get(device, ("", ""))]
        ]
        return {"left": True, "known_to": known, "pending": before.pending}


def _somebody(status: Status) -> bool:
    return any(peer.connected for peer in status.peers)


def _all_there(status: Status) -> bool:
    return status.settled and all(peer.in_sync for peer in status.peers if peer.connected)


def role_of(name: object) -> Role:
    """
    A role by its name.

    Raises:
        NotEntitled: There is none of that name.
    """
    for role in Role:
        if role.name.lower() == str(name).lower():
            return role
    raise NotEntitled(f"there is no role {str(name)[:20]!r}; there are owner, writer and reader")
