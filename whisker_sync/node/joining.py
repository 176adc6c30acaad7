"""
Finding whoever invited us, and being let in.

Nothing of the workspace is here yet, so there is no peer to run: this is the one
conversation that a device has before it belongs. What is said in it is for
:mod:`whisker_sync.identity.pairing`; here it is carried.

Where the inviter is, is hearsay: hints in the link, announcements on the network, an address
that the user named. All are tried, until one proves to have made the invitation. If the link
names a relay, it is asked at the same time whether the inviter has left a greeting there: who
is not found has to be written to.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from whisker_sync.discovery.discovery import Discovery, Sighting
from whisker_sync.discovery.lan import LanDiscovery
from whisker_sync.errors import (
    CannotConnect,
    LinkClosed,
    MalformedPaper,
    NobodyInvites,
    NotTheInviter,
    ProtocolError,
    RelayRefused,
    TurnedAway,
)
from whisker_sync.identity.correspondence import Asking
from whisker_sync.identity.evidence import Evidence
from whisker_sync.identity.link import InvitationLink, PairingKey
from whisker_sync.identity.pairing import Host, Joiner
from whisker_sync.identity.papers import Papers
from whisker_sync.identity.spoken import SpokenCode
from whisker_sync.ids import Address
from whisker_sync.node.asking import Asked, ask, greeting
from whisker_sync.node.postman import open_relay
from whisker_sync.node.settings import User, check_relay
from whisker_sync.sync.handshake import NONCE_BYTES
from whisker_sync.transport.lan import LanLinks
from whisker_sync.transport.link import Link, Links, bound
from whisker_sync.wire.codec import decode_greeting
from whisker_sync.wire.messages import Challenge, Greeting

NEAR_SECONDS = 3.0
"""How long an inviter who has left a greeting at a relay is looked for on the network."""

GREETING_SECONDS = 10.0
"""How long one who is not on the network may take to have a greeting at the relay."""

FIND_SECONDS = 30.0
"""How long to look for the inviter."""

ANSWER_SECONDS = 5.0
"""How long somebody may take to prove that they made the invitation."""

Agreed = Callable[[Host], Awaitable[bool]]
"""Shows who let us ask, and says whether we are to ask."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What somebody who was let in knows."""

    host: Host
    """Who let us in."""

    papers: Papers
    """Who belongs."""

    address: Address
    """Where the inviter is."""

    relay: str
    """Where the relay is that the inviter uses; empty: none was named."""


async def ask_to_join(
    invitation: InvitationLink | SpokenCode,
    user: User,
    *,
    named: Sequence[Address] = (),
    interface: str | None = None,
    lan: bool = True,
    asked: Agreed,
    seconds: float = FIND_SECONDS,
    links: Links | None = None,
    discovery: Discovery | None = None,
    app_id: str = "",
) -> Admission | Asked | None:
    """
    Find the inviter, and wait until they decide; None: ``asked`` said that we do not want to.

    If they are not here, but can be written to, what is to be asked comes back: it is left by
    :func:`~whisker_sync.node.asking.decision`. ``named`` are addresses that the user knows; the
    rest as for :meth:`Node.open`.

    Raises:
        NobodyInvites: They were not found in time.
        TurnedAway: They said no.
        BadSettings: The relay that it names is none.
    """
    relay = ""
    if isinstance(invitation, InvitationLink):
        key, hints, relay = invitation.pairing_key(), invitation.addresses, invitation.relay
        if relay:
            check_relay(relay, "the invitation's relay")
    else:
        key, hints = await asyncio.to_thread(invitation.stretch), ()
    heard = discovery or (LanDiscovery(interface, app_id) if lan else None)
    search = _Search(key, user, links or LanLinks(), heard, app_id)
    finding = search.find((*named, *hints), seconds)
    if isinstance(invitation, InvitationLink) and relay:
        found = await _find_or_write(finding, invitation, user, seconds)
        if isinstance(found, Asking):
            assert found.host is not None
            agreed = await asked(found.host)
            return ask(found, invitation, _as_invited(user, found.host)) if agreed else None
        link, joiner = found
    else:
        link, joiner = await finding
    host = joiner.host
    assert host is not None
    try:
        if not await asked(host):
            return None
        user = _as_invited(user, host)
        await link.send(joiner.request(user.card()))
        while joiner.payload is None:
            joiner.receive(await link.receive())
    except LinkClosed as closed:
        raise TurnedAway(f"the connection ended ({closed.reason}); try again") from None
    finally:
        link.abort()
    try:
        papers = Papers.trust(Evidence.decode(joiner.payload))
    except MalformedPaper:
        raise NotTheInviter from None
    return Admission(host, papers, link.address, relay)


def _as_invited(user: User, host: Host) -> User:
    """Who we are then: perhaps another device of the inviter's."""
    if host.mine:
        return replace(user, person=host.name, number=host.card.person)
    return user


async def _find_or_write(
    finding: Coroutine[Any, Any, tuple[Link, Joiner]],
    link: InvitationLink,
    user: User,
    seconds: float,
) -> tuple[Link, Joiner] | Asking:
    """Whoever made the invitation, on the network if they are there, or at the relay."""
    problems: list[str | None] = [None]
    relay = open_relay(link.relay, problems.append)
    here = asyncio.ensure_future(finding)
    there = asyncio.ensure_future(greeting(link, user.key, relay))
    try:
        await asyncio.wait({here}, timeout=NEAR_SECONDS)
        await asyncio.wait({here, there}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if not _worked(here) and not there.done():
            await asyncio.wait({there}, timeout=GREETING_SECONDS)
        if there.done() and not _worked(here):
            with suppress(RelayRefused):
                return await there
        return await here
    except NobodyInvites as nobody:
        why = problems[-1]
        there_is = "nothing of theirs lies at the relay" if why is None else f"the relay: {why}"
        raise NobodyInvites(f"{nobody.problem}; {there_is}") from None
    finally:
        here.cancel()
        there.cancel()
        await asyncio.gather(here, there, return_exceptions=True)
        await relay.close()


def _worked(task: asyncio.Future[Any]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


@dataclass(frozen=True, slots=True)
class _Search:
    """The search for whoever made an invitation."""

    key: PairingKey
    user: User
    links: Links
    discovery: Discovery | None
    app_id: str

    async def find(self, known: Sequence[Address], seconds: float) -> tuple[Link, Joiner]:
        """A connection to somebody who has proven to have made the invitation."""
        problem = "nobody announces it"
        try:
            async with asyncio.timeout(seconds):
                async for places in self._places(known):
                    for place in places:
                        try:
                            return await self._knock(place)
                        except CannotConnect as failed:
                            problem = str(failed)
                        except LinkClosed:
                            problem = (
                                f"{place} does not know this invitation: it was mistyped, used "
                                "already, taken back, or its time is over"
                            )
                        except (ProtocolError, NotTheInviter, TimeoutError):
                            problem = f"{place} did not make this invitation"
        except (TimeoutError, OSError):
            pass
        raise NobodyInvites(problem)

    async def _places(self, known: Sequence[Address]) -> AsyncIterator[tuple[Address, ...]]:
        """Where the inviter may be, as it is heard; what is known is tried first, and again."""
        if known:
            yield tuple(dict.fromkeys(known))
        if self.discovery is None:
            return
        heard = await self.discovery.listen()
        try:
            async for sighting in heard.sightings():
                match sighting:
                    case Sighting(_, addresses, tag, lasting) if lasting or tag == self.key.tag:
                        yield addresses
                    case _:
                        pass
        finally:
            with suppress(OSError):
                await heard.close()

    async def _knock(self, place: Address) -> tuple[Link, Joiner]:
        link = await self.links.dial([place])
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                challenge = decode_greeting(await link.receive())
                nonce = secrets.token_bytes(NONCE_BYTES)
                binding = bound(link.binding, self.app_id)
                joiner = Joiner(self.key, self.user.key, binding, _nonce_of(challenge), nonce)
                await link.send(joiner.begin())
                joiner.receive(await link.receive())
        except BaseException:
            link.abort()
            raise
        return link, joiner


def _nonce_of(greeting: Greeting) -> bytes:
    if not isinstance(greeting, Challenge):
        raise NotTheInviter
    return greeting.nonce
