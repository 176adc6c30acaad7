"""
What is known of other devices, whether they are here or not: facts of the journal.

=================  =========================================================================
fact               holds
=================  =========================================================================
``peer/ID``        name, person, when it was seen last, where it can be called; as JSON
``cursor/ID``      how far we durably hold its journal: its incarnation, a position
``ack/ID``         how far it holds ours: our incarnation, a position
``held/ID``        contents that it had when it made a bundle: 8 bytes of each SHA-256
``shelves/ID``     the days of its history then: the day and the sum of each, 8 bytes each
=================  =========================================================================

What they get wrong, the next rest finds and mends; see :mod:`~whisker_sync.sync.session`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from whisker_sync.ids import Address, DeviceId, Incarnation
from whisker_sync.peer import events
from whisker_sync.peer.circle import Circle
from whisker_sync.peer.conversation import Conversation
from whisker_sync.peer.effects import Effect, Tell
from whisker_sync.peer.library import Library
from whisker_sync.peer.lines import Lines
from whisker_sync.peer.status import PeerStatus
from whisker_sync.sync.session import Session
from whisker_sync.wire.limits import MAX_CURSORS
from whisker_sync.wire.messages import Carried, Shelves

_PEER = "peer/"
_HELD = "held/"
_SHELVES = "shelves/"


class Acquaintances:
    """See the module."""

    def __init__(self, library: Library, lines: Lines, circle: Circle) -> None:
        self._library = library
        self._lines = lines
        self._circle = circle

    # What is known.

    def cursor(self, device: DeviceId) -> tuple[Incarnation, int]:
        """Up to where we durably hold its journal."""
        # What others may rely on: after a crash we hold no more than that.
        return _position(self._library.saved_facts.get(f"cursor/{device.hex()}"))

    def acked(self, device: DeviceId) -> int:
        """Up to where it holds our journal, as far as we know."""
        live = [session.acked for _, session in self._lines.live() if session.device == device]
        incarnation, position = _position(self._library.facts.get(f"ack/{device.hex()}"))
        if incarnation == self._library.incarnation:
            live.append(position)
        return max(live, default=0)

    def best_ack(self) -> int:
        """Up to where anybody holds our journal."""
        return max((self.acked(device) for device in self._known()), default=0)

    def addresses(self) -> Iterator[tuple[str, Address]]:
        """Where devices were that can be called: a name for each candidate, and its address."""
        for device in self._known():
            match self._fact(device).get("address"):
                case [str(host), int(port)]:
                    yield f"device {device.hex()[:8]}", Address(host, port)
                case _:
                    pass  # it dialled us and listens nowhere

    def status(self) -> tuple[PeerStatus, ...]:
        """One look at each of them."""
        live = {session.device: (c, session) for c, session in self._lines.live()}
        statuses = []
        for device in sorted(self._known()):
            fact = self._fact(device)
            conversation, session = live.get(device, (None, None))
            seen = fact.get("seen")
            statuses.append(
                PeerStatus(
                    device=device,
                    person=str(fact.get("person") or ""),
                    name=str(fact.get("name") or ""),
                    connected=session is not None,
                    in_sync=session is not None and session.in_sync,
                    last_seen=seen if isinstance(seen, int) else None,
                    unacked=self._library.unacked(self.acked(device)),
                    via=str(conversation.address) if conversation is not None else None,
                )
            )
        return tuple(statuses)

    def cursors(self) -> tuple[tuple[DeviceId, Incarnation, int], ...]:
        """Up to where we durably hold the journals of others."""
        known = [(device, *self.cursor(device)) for device in sorted(self._known())]
        return tuple(each for each in known if each[2])[:MAX_CURSORS]

    def held(self, device: DeviceId) -> frozenset[bytes]:
        """The first 8 bytes of each content that a device said to have."""
        fact = self._library.facts.get(_HELD + device.hex(), b"")
        return frozenset(fact[at : at + 8] for at in range(0, len(fact), 8))

    def shelves(self, device: DeviceId) -> Mapping[int, bytes]:
        """The days of a device's history and their sums, as it said them."""
        fact = self._library.facts.get(_SHELVES + device.hex(), b"")
        cuts = range(0, len(fact), 16)
        return {int.from_bytes(fact[at : at + 8], "big"): fact[at + 8 : at + 16] for at in cuts}

    # What is learned.

    def note_progress(self, session: Session, *, soon: bool = False) -> None:
        """Keep how far both sides are; ``soon=False``: when something else is written anyway."""
        if session.theirs is None:
            return
        device, library = session.device.hex(), self._library
        known_of, position = _position(library.facts.get(f"cursor/{device}"))
        # A journal that is behind what we hold of it was put back. It may crash before it has
        # taken note of that, so it hears the same again, until it begins a new life.
        if known_of != session.theirs.incarnation or position <= session.theirs.head:
            position = 0
        position = max(position, session.cursor)
        cursor = session.theirs.incarnation + position.to_bytes(8, "big")
        acked = library.incarnation + session.acked.to_bytes(8, "big")
        library.remember(f"cursor/{device}", cursor, soon=soon)
        library.remember(f"ack/{device}", acked, soon=soon)

    def meet(self, conversation: Conversation, at: int) -> None:
        """Keep who somebody is and where, at the begin (``at`` 0) and at the end of a session."""
        session = conversation.session
        assert session is not None
        assert session.theirs is not None
        self.note_progress(session)
        known = self._fact(session.device)
        address = known.get("address")
        if conversation.candidate is not None:
            address = [conversation.address.host, conversation.address.port]
        elif session.theirs.port:
            address = [conversation.address.host, session.theirs.port]
        fact = {
            "name": session.theirs.name,
            "person": session.theirs.person,
            "seen": at or known.get("seen"),
            "address": address,
        }
        self._remember(session.device, fact)

    def hear_of(self, device: DeviceId) -> None:
        """Somebody wrote us a letter whom we may never have met."""
        member = self._circle.belonging.membership.member(device)
        if member is not None and _PEER + device.hex() not in self._library.facts:
            card = member.card
            self._remember(device, {"name": card.device_name, "person": card.person_name})

    def note_read(self, device: DeviceId, through: int) -> Iterator[Effect]:
        """A device says in a letter up to where it holds our journal."""
        if through > self.acked(device):
            acked = self._library.incarnation + through.to_bytes(8, "big")
            self._library.remember(f"ack/{device.hex()}", acked)
            yield Tell(events.Delivered(device, through))

    def note_carried(self, device: DeviceId, carried: Carried) -> Iterator[Effect]:
        """A bundle says what of its maker's journal we hold with it, and what the maker holds."""
        known_of, known = self.cursor(device)
        have = known if known_of == carried.incarnation else 0
        if not self._library.held and carried.base <= have < carried.through:
            cursor = carried.incarnation + carried.through.to_bytes(8, "big")
            self._library.remember(f"cursor/{device.hex()}", cursor)
        self._library.remember(_HELD + device.hex(), b"".join(carried.assets))
        for whose, incarnation, position in carried.cursors:
            if whose == self._library.device and incarnation == self._library.incarnation:
                yield from self.note_read(device, min(position, self._library.head))

    def note_shelves(self, device: DeviceId, shelves: Shelves) -> None:
        """A bundle says what history its maker has."""
        packed = b"".join(day.to_bytes(8, "big") + sum_ for day, sum_ in shelves.sums)
        self._library.remember(_SHELVES + device.hex(), packed)

    # Private methods.

    def _known(self) -> list[DeviceId]:
        names = self._library.facts_below(_PEER)
        met = [DeviceId(bytes.fromhex(name.removeprefix(_PEER))) for name in names]
        return [device for device in met if self._circle.includes(device)]

    def _fact(self, device: DeviceId) -> dict[str, object]:
        fact = self._library.facts.get(_PEER + device.hex())
        value = json.loads(fact) if fact else {}
        return value if isinstance(value, dict) else {}

    def _remember(self, device: DeviceId, fact: dict[str, object]) -> None:
        value = json.dumps(fact, sort_keys=True).encode()
        self._library.remember(_PEER + device.hex(), value)


def _position(fact: bytes | None) -> tuple[Incarnation, int]:
    if fact is None or len(fact) != 16:
        return Incarnation(b""), 0
    return Incarnation(fact[:8]), int.from_bytes(fact[8:], "big")
