"""
The links of a node: listened for, dialled, carried, ended.

Who is called, and what is said, is for the peer; here its frames find their link.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import replace

from whisker_sync.errors import CannotConnect, PortInUse
from whisker_sync.ids import Address, LinkId
from whisker_sync.node.carriers import Carrier
from whisker_sync.node.running import Running, now_ms
from whisker_sync.node.settings import load_local, save_local
from whisker_sync.peer.effects import Dial, Drop, Hangup, Proven, Send
from whisker_sync.peer.inputs import (
    DialFailed,
    Drained,
    FrameArrived,
    LinkDown,
    LinkUp,
    Listening,
)
from whisker_sync.store.layout import Layout
from whisker_sync.transport.lan import LanLink, LanLinks
from whisker_sync.transport.link import Link, Links, bound

GOODBYE_SECONDS = 2.0
"""How long what was said last may take to leave."""


class Network:
    """
    The links of one node: ``links``, or our own on the local networks.

    For our own, ``port`` is where to listen (None: as last time), ``interface`` an address of
    this machine (None: all). ``app_id`` is the kind of program that may be linked with.
    """

    def __init__(
        self,
        layout: Layout,
        running: Running,
        *,
        links: Links | None,
        port: int | None,
        interface: str | None,
        app_id: str,
    ) -> None:
        self.port = 0
        """Where others reach us; 0: nowhere yet."""

        self.count = 0
        """How many links there were so far."""

        self._layout = layout
        self._running = running
        self._asked = port
        self._interface = interface
        self._app_id = app_id
        wanted = load_local(layout).port if port is None else port
        self.is_lan = links is None
        """Whether these are our own links."""

        self._links: Links = links or LanLinks(wanted, interface)
        self._carriers: dict[LinkId, Carrier] = {}
        self._carrying: set[asyncio.Task[None]] = set()

    @property
    def is_linked(self) -> bool:
        """Whether there is a link to anybody."""
        return bool(self._carriers)

    async def listen(self) -> None:
        """
        Let others in; without a port on that of last time, or another that is free.

        Raises:
            PortInUse: Somebody else listens on the port that was asked for.
            NetworkError: Others cannot reach us.
        """
        try:
            self.port = await self._links.listen()
        except PortInUse:
            if self._asked or not self.is_lan:  # asked for by name
                raise
            self._links = LanLinks(0, self._interface)
            self.port = await self._links.listen()
        local = load_local(self._layout)
        if self.is_lan and (self._asked or not local.port):
            save_local(self._layout, replace(local, port=self.port))
        self._running.feed(Listening(self.port))
        self._running.spawn(self._accept(), "listen")

    def carry_out(self, effect: Dial | Send | Drop | Proven | Hangup) -> None:
        """Do what the peer asks for; a link that has ended by now needs nothing."""
        if isinstance(effect, Dial):
            self._running.spawn(self._dial(effect.candidate, effect.addresses), "dial")
            return
        carrier = self._carriers.get(effect.link)
        if carrier is None:
            return
        match effect:
            case Send(_, frame):
                carrier.send(frame)
            case Drop():
                carrier.drop()
            case Proven():
                carrier.link.prove()
            case Hangup(_, reason):
                carrier.hang_up(reason)

    def end_orphans(self, addresses: Collection[str]) -> None:
        """
        End the links over addresses that this machine does not have any more.

        Nothing comes through them, and nobody would say so for some seconds.
        """
        for carrier in self._carriers.values():
            here = carrier.link.here if isinstance(carrier.link, LanLink) else ""
            if here and here not in addresses:
                carrier.link.abort()

    def stop(self) -> None:
        """Let nobody in any more; the links that there are go on."""
        self._links.stop()

    async def say_goodbye(self) -> None:
        """Wait until all links have ended that were to end, but not for long."""
        if self._carrying:
            await asyncio.wait(self._carrying, timeout=GOODBYE_SECONDS)

    async def close(self) -> None:
        """End all links that came in here."""
        await self._links.close()

    async def _accept(self) -> None:
        while True:
            self._adopt(await self._links.accept(), None)

    async def _dial(self, candidate: str, addresses: tuple[Address, ...]) -> None:
        try:
            link = await self._links.dial(addresses)
        except CannotConnect as problem:
            self._running.feed(DialFailed(candidate, problem.problem))
        else:
            self._adopt(link, candidate)

    def _adopt(self, link: Link, candidate: str | None) -> None:
        self.count += 1
        number = LinkId(self.count)
        carrier = Carrier(
            link,
            heard=lambda frame: self._running.feed(FrameArrived(number, frame)),
            drained=lambda: self._running.feed(Drained(number)),
        )
        self._carriers[number] = carrier
        binding = bound(link.binding, self._app_id)
        self._running.feed(LinkUp(number, candidate, link.address, binding, now_ms()))
        carrying = self._running.spawn(self._carry(number, carrier), f"link {number}")
        self._carrying.add(carrying)
        carrying.add_done_callback(self._carrying.discard)

    async def _carry(self, number: LinkId, carrier: Carrier) -> None:
        reason = "stopping"
        try:
            reason = await carrier.run()
        finally:
            del self._carriers[number]
            self._running.feed(LinkDown(number, reason, now_ms()))
