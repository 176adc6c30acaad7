"""
Asking to be let in by letters that a relay keeps, for who does not reach the inviter.

The inviter's device may run again in hours, so what was asked is kept in a file that only its
owner can read: whoever begins anew asks for the same thing, with the same letter, and finds
the answer. What is said is for :mod:`whisker_sync.identity.correspondence`; here it is
carried, and a rendezvous is read from its beginning each time.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from whisker_sync.errors import (
    BadSettings,
    InvitationError,
    MalformedFrame,
    MalformedPaper,
    NotTheInviter,
)
from whisker_sync.identity.card import Card
from whisker_sync.identity.correspondence import Asking
from whisker_sync.identity.evidence import Evidence
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.identity.link import InvitationLink
from whisker_sync.identity.pairing import Host
from whisker_sync.identity.papers import Papers
from whisker_sync.identity.rendezvous import ID_BYTES, MAX_LETTERS
from whisker_sync.identity.roster import Role
from whisker_sync.node.settings import User
from whisker_sync.store.layout import Layout, write_private
from whisker_sync.transport.relay import Relay

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of whom: all that has to be known to go on waiting."""

    link: InvitationLink
    host: Host
    """Who decides, as their greeting says."""

    until: int
    """When the invitation ends, in seconds since 1970 by the inviter's clock."""

    card: Card
    """Ours, as it was shown."""

    letter: bytes
    """The petition, as the relay keeps it."""

    refused: str = ""
    """Why we are not let in, for whoever asks later; empty: there is no answer yet."""


async def greeting(link: InvitationLink, key: DeviceKey, relay: Relay) -> Asking:
    """
    Wait until there is a greeting of the inviter at a relay.

    Raises:
        TurnedAway: The invitation is over.
        RelayRefused: The relay does not let itself be read.
    """
    asking = Asking(link, key)
    async with aclosing(_readings(asking, relay)) as readings:
        async for letters in readings:
            _read(asking, letters)
            if asking.host is not None:
                return asking
    raise AssertionError("a relay is read for ever")


def ask(asking: Asking, link: InvitationLink, user: User) -> Asked:
    """Write the petition of a user to the host that greeted; :func:`decision` leaves it."""
    assert asking.host is not None
    card, id_ = user.card(), secrets.token_bytes(ID_BYTES)
    letter = asking.rendezvous.close(id_, asking.petition(id_, card))
    return Asked(link, asking.host, asking.until, card, letter)


async def decision(asked: Asked, key: DeviceKey, relay: Relay) -> Papers:
    """
    Leave the petition, if it does not lie there already, and wait until we are let in.

    Raises:
        TurnedAway: We are not.
        NotTheInviter: What lets us in is nothing that can be read.
        RelayRefused: The relay does not take it.
    """
    asking = Asking(asked.link, key)
    asking.asked(asked.letter[:ID_BYTES], asked.card)
    await relay.post(asking.rendezvous.box, asked.letter[:ID_BYTES], asked.letter)
    async with aclosing(_readings(asking, relay)) as readings:
        async for letters in readings:
            _read(asking, letters)
            if asking.payload is not None:
                return _papers(asking.payload)
            if asked.letter not in letters:  # the relay has lost it
                await relay.post(asking.rendezvous.box, asked.letter[:ID_BYTES], asked.letter)
    raise AssertionError("a relay is read for ever")


def _papers(payload: bytes) -> Papers:
    try:
        return Papers.trust(Evidence.decode(payload))
    except MalformedPaper:
        raise NotTheInviter from None


def _read(asking: Asking, letters: list[bytes]) -> None:
    for _ in range(2):  # the greeting may lie behind what it makes readable
        for letter in letters:
            try:
                asking.read(letter)
            except MalformedFrame:
                continue  # somebody else's
    asking.at_the_end()


async def _readings(asking: Asking, relay: Relay) -> AsyncGenerator[list[bytes], None]:
    """All that lies there, now and each time that there may be more."""
    box = asking.rendezvous.box
    async with aclosing(relay.waits(box)) as waits:
        async for _ in waits:
            letters: list[bytes] = []
            page = await relay.read(box, 0)
            while page.entries and len(letters) < MAX_LETTERS:
                letters += [entry.body for entry in page.entries]
                page = await relay.read(box, page.last)
            yield letters


# What is kept.


def keep(layout: Layout, asked: Asked) -> None:
    """Remember what was asked, until :func:`forget`."""
    kept = {
        "format": _FORMAT,
        "link": asked.link.link(),
        "host": asked.host.card.encode().hex(),
        "title": asked.host.title,
        "role": int(asked.host.role),
        "mine": asked.host.mine,
        "until": asked.until,
        "card": asked.card.encode().hex(),
        "letter": base64.b64encode(asked.letter).decode(),
        "refused": asked.refused,
    }
    write_private(layout.asked, json.dumps(kept).encode())


def kept(layout: Layout) -> Asked:
    """
    What was asked in this folder.

    Raises:
        BadSettings: Nothing was, or it cannot be understood.
    """
    try:
        return _read_kept(json.loads(layout.asked.read_bytes()))
    except OSError as problem:
        raise BadSettings(str(layout.asked), problem.strerror or str(problem)) from None
    except (ValueError, KeyError, TypeError, MalformedPaper, InvitationError) as problem:
        raise BadSettings(str(layout.asked), str(problem)) from None


def _read_kept(said: Any) -> Asked:
    if said["format"] != _FORMAT:
        raise ValueError("it is of another version")
    inviter = Card.decode(bytes.fromhex(said["host"]))
    host = Host(inviter, str(said["title"]), Role(said["role"]), said["mine"] is True)
    return Asked(
        InvitationLink.parse(said["link"]),
        host,
        int(said["until"]),
        Card.decode(bytes.fromhex(said["card"])),
        base64.b64decode(said["letter"]),
        str(said["refused"]),
    )


def give_up(layout: Layout, asked: Asked, why: str) -> None:
    """Remember that we are not let in; the secret of the link is of no use any more."""
    spent = replace(asked.link, secret=bytes(len(asked.link.secret)))
    keep(layout, replace(asked, link=spent, letter=b"", refused=why))


def forget(layout: Layout) -> None:
    """Remember nothing of what was asked: we are in."""
    layout.asked.unlink(missing_ok=True)
