"""
Somebody on the network who announces whatever they like.

Packets are real mDNS, sent on loopback only, from an address of loopback that nobody else
in these tests sends from.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence

from zeroconf import const
from zeroconf._dns import DNSAddress, DNSPointer, DNSRecord, DNSService, DNSText
from zeroconf._protocol.outgoing import DNSOutgoing

from whisker_sync.discovery.lan import SERVICE

GROUP = ("224.0.0.251", 5353)
EVERYBODY = "127.0.0.1"
WHERE = "127.0.0.66"

_ANSWER = const._FLAGS_QR_RESPONSE | const._FLAGS_AA
_TTL = 4500


class Mallory:
    """See the module; ``host`` is where the packets come from."""

    def __init__(self, host: str = WHERE) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        everybody = socket.inet_aton(EVERYBODY)
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, everybody)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "SO_REUSEPORT"):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._socket.bind((host, GROUP[1]))

    def __enter__(self) -> Mallory:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def announce(
        self,
        *names: str,
        port: int = 1,
        hosts: Sequence[str] = (WHERE,),
        version: bytes = b"1",
        tag: bytes | None = b"00" * 8,
        ttl: int = _TTL,
        only_names: bool = False,
    ) -> None:
        """Announce instances in one packet, or with a ``ttl`` of 0 take them back."""
        out = DNSOutgoing(_ANSWER)
        for name in names:
            for record in _records(name, port, hosts, version, tag, ttl, only_names=only_names):
                out.add_answer_at_time(record, 0)
        for packet in out.packets():
            self.send(packet)

    def send(self, packet: bytes) -> None:
        """Send any bytes to everybody."""
        self._socket.sendto(packet, GROUP)


def _records(
    name: str,
    port: int,
    hosts: Sequence[str],
    version: bytes,
    tag: bytes | None,
    ttl: int,
    *,
    only_names: bool,
) -> list[DNSRecord]:
    unique, full, server = (
        const._CLASS_IN | const._CLASS_UNIQUE,
        f"{name}.{SERVICE}",
        f"{name}.local.",
    )
    pointer = DNSPointer(SERVICE, const._TYPE_PTR, const._CLASS_IN, ttl, full)
    if only_names:
        return [pointer]
    entries = [b"v=" + version] + ([b"t=" + tag] if tag is not None else [])
    text = b"".join(bytes([len(entry)]) + entry for entry in entries)
    return [
        pointer,
        DNSService(full, const._TYPE_SRV, unique, ttl, 0, 0, port, server),
        DNSText(full, const._TYPE_TXT, unique, ttl, text),
        *(
            DNSAddress(
                server,
                const._TYPE_AAAA if ":" in host else const._TYPE_A,
                unique,
                ttl,
                socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host),
            )
            for host in hosts
        ),
    ]
