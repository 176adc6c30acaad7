"""
Finding each other on the local network by mDNS.

What is announced says nothing: a random name that is new at each start, a port, a
version, and a tag that only members can tell from noise. What is heard proves
nothing: anybody can announce anything. Both are for others to judge.

mDNS keeps silent about most of what goes wrong (measured): a cable pulled, a peer
killed, an address changed make no event anywhere. So we ask again every so often, and
whenever the machine's addresses change; then we also announce our new ones. The
order of the steps in :meth:`Lan.refresh` is what was found to work.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import ifaddr
from zeroconf import IPVersion, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from whisker_sync.ids import Address

SERVICE = "_whisker-sync._tcp.local."
VERSION = b"1"

MAX_INSTANCES = 256
"""Announcements we remember; a flood of more is ignored."""

MAX_ADDRESSES = 16
"""Addresses of one announcement that are tried."""

ASK_SECONDS = 30.0
"""How often we ask again who is there."""

RESOLVE_MS = 3000
"""How long we wait to learn where an announcement leads."""

# It reports each address it cannot use, with a traceback; we look for ourselves.
logging.getLogger("zeroconf").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Sighting:
    """Somebody announces something that may be of interest."""

    instance: str
    addresses: tuple[Address, ...]
    tag: bytes


@dataclass(frozen=True, slots=True)
class Gone:
    """An announcement was taken back."""

    instance: str


class Lan:
    """Our announcement, and what others announce."""

    def __init__(
        self, zeroconf: AsyncZeroconf, info: AsyncServiceInfo, interface: str | None
    ) -> None:
        self._zeroconf = zeroconf
        self._info = info
        self._interface = interface
        self._heard: asyncio.Queue[Sighting | Gone] = asyncio.Queue()
        self._known: set[str] = set()
        self._resolving: set[asyncio.Task[None]] = set()
        self._browser = self._browse()

    @classmethod
    async def open(cls, port: int, tag: bytes, name: str, interface: str | None = None) -> Lan:
        """
        Announce a port and a tag, and listen for others.

        ``name`` is random, for this run only. ``interface`` is one of this machine's
        addresses; None: all.

        Raises:
            OSError: There is no network that multicast works on, for now.
        """
        if interface is None:
            zeroconf = AsyncZeroconf(ip_version=IPVersion.All)
        else:
            zeroconf = AsyncZeroconf(interfaces=[interface])
        info = _info(port, tag, name, addresses(interface))
        lan = cls(zeroconf, info, interface)
        # Without probing first: the name is random, nobody else can have it.
        await zeroconf.async_register_service(info, cooperating_responders=True)
        return lan

    async def sightings(self) -> AsyncIterator[Sighting | Gone]:
        """What is heard of others, as it comes."""
        while True:
            yield await self._heard.get()

    async def retag(self, tag: bytes) -> None:
        """Announce another tag."""
        await self._announce(tag)

    async def refresh(self) -> None:
        """The network changed: announce our addresses of now, and ask again who is there."""
        self._info = self._fresh(self._info.properties.get(b"t") or b"")
        # The registry first, otherwise the old addresses are announced once more.
        self._zeroconf.zeroconf.registry.async_update(self._info)
        update = asyncio.ensure_future(self._zeroconf.async_update_interfaces())
        await asyncio.sleep(0)
        await self._zeroconf.async_update_service(self._info)
        await update
        await self.ask()

    async def ask(self) -> None:
        """Ask again who is there; everybody known is heard of once more."""
        await self._browser.async_cancel()
        self._browser = self._browse()

    async def close(self) -> None:
        """Take the announcement back and stop listening."""
        for task in self._resolving:
            task.cancel()
        await self._browser.async_cancel()
        await self._zeroconf.async_close()

    def _browse(self) -> AsyncServiceBrowser:
        return AsyncServiceBrowser(self._zeroconf.zeroconf, [SERVICE], handlers=[self._changed])

    async def _announce(self, tag: bytes) -> None:
        self._info = self._fresh(tag.hex().encode())
        await self._zeroconf.async_update_service(self._info)

    def _fresh(self, tag: bytes) -> AsyncServiceInfo:
        name = self._info.name.removesuffix(f".{SERVICE}")
        assert self._info.port is not None
        return _info(self._info.port, bytes.fromhex(tag.decode()), name, addresses(self._interface))

    def _changed(
        self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        if name == self._info.name or service_type != SERVICE:
            return
        if state_change is ServiceStateChange.Removed:
            self._known.discard(name)
            self._heard.put_nowait(Gone(name))
            return
        if name not in self._known and len(self._known) >= MAX_INSTANCES:
            return
        self._known.add(name)
        task = asyncio.ensure_future(self._resolve(zeroconf, name))
        self._resolving.add(task)
        task.add_done_callback(self._resolving.discard)

    async def _resolve(self, zeroconf: Zeroconf, name: str) -> None:
        info = AsyncServiceInfo(SERVICE, name)
        if not await info.async_request(zeroconf, RESOLVE_MS):
            return
        tag = _tag(info)
        if tag is None or not info.port:
            return
        found = [
            Address(host, info.port) for host in info.parsed_scoped_addresses() if _is_local(host)
        ]
        if found:
            self._heard.put_nowait(Sighting(name, tuple(found[:MAX_ADDRESSES]), tag))


def addresses(interface: str | None = None) -> list[str]:
    """The addresses of this machine that others on its networks may reach it at."""
    if interface is not None:
        return [interface]
    found = []
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            host = ip.ip if isinstance(ip.ip, str) else ip.ip[0]
            if _is_local(host) and not ipaddress.ip_address(host).is_loopback:
                found.append(host)
    return sorted(set(found)) or ["127.0.0.1"]


def _info(port: int, tag: bytes, name: str, hosts: Sequence[str]) -> AsyncServiceInfo:
    packed = []
    for host in hosts:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        packed.append(socket.inet_pton(family, host.partition("%")[0]))
    return AsyncServiceInfo(
        SERVICE,
        f"{name}.{SERVICE}",
        addresses=packed,
        port=port,
        properties={b"v": VERSION, b"t": tag.hex().encode()},
        server=f"{name}.local.",
    )


def _tag(info: AsyncServiceInfo) -> bytes | None:
    if info.properties.get(b"v") != VERSION:
        return None
    try:
        tag = bytes.fromhex((info.properties.get(b"t") or b"").decode("ascii"))
    except ValueError:
        return None
    return tag if len(tag) == 8 else None


def _is_local(host: str) -> bool:
    """Whether an address belongs to a local network: what is announced is never dialled beyond."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_private or address.is_link_local or address.is_loopback
