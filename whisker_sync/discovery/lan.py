"""
Finding each other on the local network by mDNS.

What is announced says nothing: names that are random and new at each start, a port, a
version, and a tag that only members can tell from noise. What is heard proves
nothing: anybody can announce anything, and as much as they like. Whether it is worth a
call is for others to judge; here it is only kept from growing: how much is listened to
stands in :mod:`whisker_sync.discovery.limits`. Our own announcement is not told.

mDNS keeps silent about most of what goes wrong (measured): a cable pulled, a peer
killed, an address changed make no event anywhere. So we ask again every so often, and
whenever the machine's addresses change; then we also announce our new ones. The
order of the steps in :meth:`Lan.refresh` is what was found to work.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import logging
import secrets
import socket
from collections.abc import AsyncIterator, Sequence
from typing import cast

import ifaddr
from zeroconf import IPVersion, ServiceStateChange, Zeroconf
from zeroconf._dns import DNSPointer
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from whisker_sync.discovery import limits
from whisker_sync.discovery.bouncer import Bouncer
from whisker_sync.discovery.discovery import Gone, Sighting
from whisker_sync.identity.workspace import TAG_BYTES
from whisker_sync.ids import Address

SERVICE = "_whisker-sync._tcp.local."
VERSION = b"1"

NAME_BYTES = 8
"""Randomness in the names under which we announce ourselves."""

RESOLVE_MS = 3000
"""How long we wait to learn where an announcement leads."""

# It reports each address it cannot use, with a traceback; we look for ourselves. Whoever has set
# up logging sees it all the same; without that it is not printed.
logging.getLogger("zeroconf").addHandler(logging.NullHandler())


class Lan:
    """Our announcement, and what others announce."""

    def __init__(
        self,
        zeroconf: AsyncZeroconf,
        info: AsyncServiceInfo,
        interface: str | None,
    ) -> None:
        self._service = info.type
        self._zeroconf = zeroconf
        self._info = info
        self._interface = interface
        self._waiting: dict[str, Sighting | Gone] = {}  # by instance: only the last word counts
        self._heard = asyncio.Event()
        self._count = 0  # announcements since we last asked
        self._asking: asyncio.Task[None] | None = None
        self._resolving: dict[str, asyncio.Task[None]] = {}
        self._browser = self._browse()

    @classmethod
    async def open(
        cls, port: int, tag: bytes, interface: str | None = None, service: str = SERVICE
    ) -> Lan:
        """
        Announce a port and a tag, and listen for others of the same kind of ``service``.

        ``interface`` is one of this machine's addresses; None: all.

        Raises:
            OSError: There is no network that multicast works on, for now.
        """
        zeroconf = await _multicast(interface)
        info = _info(service, port, tag, secrets.token_hex(NAME_BYTES), addresses(interface))
        lan = cls(zeroconf, info, interface)
        lan._put_bouncers()
        # Without probing first: the name is random, nobody else can have it.
        await zeroconf.async_register_service(info, cooperating_responders=True)
        return lan

    @classmethod
    async def listen(cls, interface: str | None = None, service: str = SERVICE) -> Lan:
        """
        Listen for others, and announce nothing.

        Raises:
            OSError: There is no network that multicast works on, for now.
        """
        info = _info(service, 0, b"", secrets.token_hex(NAME_BYTES), ())
        lan = cls(await _multicast(interface), info, interface)
        lan._put_bouncers()
        return lan

    @property
    def name(self) -> str:
        """The instance that we are, until we are closed."""
        return self._info.name

    async def sightings(self) -> AsyncIterator[Sighting | Gone]:
        """What is heard of others, as it comes; who is slow hears the last of each only."""
        while True:
            await self._heard.wait()
            if self._waiting:
                yield self._waiting.pop(next(iter(self._waiting)))
            else:
                self._heard.clear()

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
        self._put_bouncers()
        await self.ask()

    async def ask(self) -> None:
        """Ask again who is there; everybody known is heard of once more."""
        self._count = 0
        await self._browser.async_cancel()
        self._browser = self._browse()

    async def close(self) -> None:
        """Take the announcement back and stop listening."""
        for task in (*self._resolving.values(), *([self._asking] if self._asking else ())):
            task.cancel()
        await self._browser.async_cancel()
        await self._zeroconf.async_close()

    def _browse(self) -> AsyncServiceBrowser:
        zeroconf = self._zeroconf.zeroconf
        return AsyncServiceBrowser(zeroconf, [self._service], handlers=[self._changed])

    async def _announce(self, tag: bytes) -> None:
        self._info = self._fresh(tag.hex().encode())
        await self._zeroconf.async_update_service(self._info)

    def _fresh(self, tag: bytes) -> AsyncServiceInfo:
        name = self._info.name.removesuffix(f".{self._service}")
        assert self._info.port is not None
        hosts = addresses(self._interface)
        return _info(self._service, self._info.port, bytes.fromhex(tag.decode()), name, hosts)

    def _put_bouncers(self) -> None:
        """Put one before each socket that has none yet."""
        clock = asyncio.get_running_loop().time
        for reader in self._zeroconf.zeroconf.engine.readers:
            protocol = reader.transport.get_protocol()
            if not isinstance(protocol, Bouncer):
                # It is one by what it can do, if not by its type.
                inner = cast("asyncio.DatagramProtocol", protocol)
                reader.transport.set_protocol(Bouncer(inner, clock))

    def _changed(
        self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        if name == self._info.name or service_type != self._service:
            return
        if state_change is ServiceStateChange.Removed:
            self._tell(Gone(name))
            return
        self._count += 1
        if self._count == limits.MAX_HEARD:
            self._forget(zeroconf)
        info = AsyncServiceInfo(self._service, name)
        if info.load_from_cache(zeroconf):  # it came whole, as nearly all do
            self._judge(info)
        elif name not in self._resolving and len(self._resolving) < limits.MAX_RESOLVING:
            self._resolving[name] = asyncio.ensure_future(self._resolve(zeroconf, info))

    def _forget(self, zeroconf: Zeroconf) -> None:
        """Forget what the library remembers of everybody, and ask anew who is there."""
        cache = zeroconf.cache
        for pointer in cache.entries_with_name(self._service):
            if isinstance(pointer, DNSPointer):
                cache.async_remove_records(cache.entries_with_name(pointer.alias))
        cache.async_remove_records(cache.entries_with_name(self._service))
        self._asking = asyncio.ensure_future(self.ask())

    async def _resolve(self, zeroconf: Zeroconf, info: AsyncServiceInfo) -> None:
        try:
            if await info.async_request(zeroconf, RESOLVE_MS):
                self._judge(info)
        finally:
            del self._resolving[info.name]

    def _judge(self, info: AsyncServiceInfo) -> None:
        """Tell of an announcement, if it is one of ours and leads to somebody else."""
        tag, port = _tag(info), info.port
        if tag is None or not port:
            return
        found = [Address(host, port) for host in info.parsed_scoped_addresses()]
        others = [address for address in found if address.is_local and not self._is_us(address)]
        if others:
            self._tell(Sighting(info.name, tuple(others[: limits.MAX_ADDRESSES]), tag))

    def _is_us(self, address: Address) -> bool:
        if address.port != self._info.port:
            return False
        host = address.host.partition("%")[0]  # of whichever interface it came by
        return host in addresses(self._interface)

    def _tell(self, heard: Sighting | Gone) -> None:
        if heard.instance in self._waiting or len(self._waiting) < limits.MAX_WAITING:
            self._waiting[heard.instance] = heard
            self._heard.set()


class LanDiscovery:
    """
    Finding each other by mDNS; see :class:`whisker_sync.discovery.discovery.Discovery`.

    ``interface`` is one of this machine's addresses; None: all. Programs with another
    ``app_id`` do not hear of each other.
    """

    def __init__(self, interface: str | None = None, app_id: str = "") -> None:
        self._interface = interface
        self._service = service_of(app_id)

    async def announce(self, port: int, tag: bytes) -> Lan:
        """
        Announce a port and a tag, and listen for others.

        Raises:
            OSError: There is no network that multicast works on, for now.
        """
        return await Lan.open(port, tag, self._interface, self._service)

    async def listen(self) -> Lan:
        """
        Listen for others, and announce nothing.

        Raises:
            OSError: There is no network that multicast works on, for now.
        """
        return await Lan.listen(self._interface, self._service)


def service_of(app_id: str) -> str:
    """
    The kind of service under which programs with an ``app_id`` find each other; empty: ours.

    A name of a service has 15 characters at most (RFC 6763, 7.2), so it is made of a hash.
    """
    if not app_id:
        return SERVICE
    return f"_ws-{hashlib.sha256(app_id.encode()).hexdigest()[:12]}._tcp.local."


async def _multicast(interface: str | None) -> AsyncZeroconf:
    if interface is None:
        zeroconf = AsyncZeroconf(ip_version=IPVersion.All)
    else:
        zeroconf = AsyncZeroconf(interfaces=[interface])
    await zeroconf.zeroconf.async_wait_for_start()
    return zeroconf


def addresses(interface: str | None = None) -> list[str]:
    """The addresses of this machine that others on its networks may reach it at."""
    if interface is not None:
        return [interface]
    found = []
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            host = ip.ip if isinstance(ip.ip, str) else ip.ip[0]
            if Address(host, 0).is_local and not ipaddress.ip_address(host).is_loopback:
                found.append(host)
    return sorted(set(found)) or ["127.0.0.1"]


def _info(service: str, port: int, tag: bytes, name: str, hosts: Sequence[str]) -> AsyncServiceInfo:
    packed = []
    for host in hosts:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        packed.append(socket.inet_pton(family, host.partition("%")[0]))
    return AsyncServiceInfo(
        service,
        f"{name}.{service}",
        addresses=packed,
        port=port,
        properties={b"v": VERSION, b"t": tag.hex().encode()},
        server=f"{name}.local.",
    )


def _tag(info: AsyncServiceInfo) -> bytes | None:
    said = info.properties.get(b"t") or b""
    if info.properties.get(b"v") != VERSION or len(said) != 2 * TAG_BYTES:
        return None
    try:
        return bytes.fromhex(said.decode("ascii"))
    except ValueError:
        return None
