"""
Who is near: we announce ourselves, and hear of others.

What is announced is a tag that only members can tell from noise; see
:mod:`whisker_sync.discovery.discovery`. Without a network we try again until there is one, and
whenever the machine's network changes we announce where we are now.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from contextlib import suppress

from whisker_sync.discovery.changes import changes, own_addresses
from whisker_sync.discovery.discovery import Discovery, Gone, Sighting, Voice
from whisker_sync.identity.workspace import discovery_tag, is_tag_of
from whisker_sync.node.network import Network
from whisker_sync.node.running import Running
from whisker_sync.peer.inputs import Lost, NetworkChanged, Sighted

log = logging.getLogger("whisker_sync")

ASK_SECONDS = 30.0
"""How often we ask again who is there, as long as nobody is linked."""

RETRY_SECONDS = 5.0
"""How long to wait before discovery is tried again on a machine without a network."""

INVITED_SECONDS = 1.0
"""How often to look whether an invitation that is announced has ended."""


class Neighbours:
    """What one node announces and hears; ``network`` is where it listens."""

    def __init__(self, running: Running, network: Network, discovery: Discovery) -> None:
        self._running = running
        self._network = network
        self._discovery = discovery
        self._voice: Voice | None = None
        self._announced: set[bytes] = set()  # tags of invitations
        self._voices: list[Voice] = []  # what announces them

    def begin(self) -> None:
        """Announce us, and listen, from now on."""
        self._running.spawn(self._discover(), "discover")
        self._running.spawn(self._watch_network(), "network")

    @property
    def is_heard(self) -> bool:
        """Whether we are announced by now."""
        return self._voice is not None

    def announce_invitations(self) -> None:
        """Announce the invitations that are open and not announced yet, until they end."""
        if self._voice is not None:
            self._running.spawn(self._announce_invitations(), "invitation")

    async def close(self) -> None:
        """Take back what we announced."""
        if self._voice is not None:
            with suppress(OSError):
                await self._voice.close()

    async def _discover(self) -> None:
        while self._voice is None:
            try:
                self._voice = await self._discovery.announce(self._network.port, self._tag())
            except OSError as problem:
                log.info("no discovery on this network for now: %s", problem)
                await asyncio.sleep(RETRY_SECONDS)
        self._running.spawn(self._repeat(self._voice), "ask")
        self.announce_invitations()  # those that outlived the last process
        async for heard in self._voice.sightings():
            match heard:
                case Sighting(instance, addresses, tag, lasting):
                    likely = self._is_ours(tag)
                    self._running.feed(Sighted(instance, addresses, lasting, likely))
                case Gone(instance):
                    self._running.feed(Lost(instance))

    async def _announce_invitations(self) -> None:
        """Announce the tags of invitations, each under a name of its own, until they end."""
        tags = self._open_tags() - self._announced
        self._announced |= tags
        voices = []
        try:
            for tag in tags:
                with suppress(OSError):
                    voices.append(await self._discovery.announce(self._network.port, tag))
            self._voices += voices
            while True:
                await asyncio.sleep(INVITED_SECONDS)
                if not tags & self._open_tags():
                    break
        finally:
            self._announced -= tags
            for voice in voices:
                if voice in self._voices:
                    self._voices.remove(voice)
                with suppress(OSError):
                    await voice.close()

    async def _repeat(self, voice: Voice) -> None:
        tag = self._tag()
        while True:
            await asyncio.sleep(ASK_SECONDS)
            if tag != self._tag():
                tag = self._tag()
                await voice.retag(tag)
            if not self._network.is_linked:
                await voice.ask()

    async def _watch_network(self) -> None:
        async for _ in changes():
            self._network.end_orphans(own_addresses())
            self._running.feed(NetworkChanged())
            for voice in (*([self._voice] if self._voice is not None else ()), *self._voices):
                with suppress(OSError):
                    await voice.refresh()

    def _tag(self) -> bytes:
        """What we announce; without a key, what nobody knows."""
        return discovery_tag(self._running.peer.ring.key or secrets.token_bytes(32), hour())

    def _is_ours(self, tag: bytes) -> bool:
        return any(is_tag_of(key, tag, hour()) for key in self._running.peer.ring.keys)

    def _open_tags(self) -> set[bytes]:
        """The tags of the invitations that are open."""
        return set(self._running.peer.invitation_tags(self._running.clock()))


def hour() -> int:
    """The hour by the wall clock, counted from 1970; tags change with it."""
    return int(time.time() // 3600)
