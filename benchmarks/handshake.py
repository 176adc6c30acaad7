"""
What a new connection costs until both sides are proven.

    python -m benchmarks.handshake [--connections N]

Prints milliseconds of processor time, for both sides together, in one process on loopback:

* start: what a device does once when it starts, for its certificate;
* link: TCP, TLS 1.3 and the WebSocket;
* proof: the four messages, with their MACs and signatures;
* whole: link and proof; has to stay below 25 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import time
from statistics import median, quantiles

from whisker_sync.identity.keys import DeviceKey
from whisker_sync.ids import Address, WorkspaceId
from whisker_sync.sync.handshake import NONCE_BYTES, Handshake
from whisker_sync.transport import tls
from whisker_sync.transport.lan import LanLink, Listener, dial
from whisker_sync.wire.codec import decode_greeting, encode
from whisker_sync.wire.messages import Standing

HERE = "127.0.0.1"

MOST = 25.0
"""Milliseconds that a whole connection may cost."""

DIALLING, DIALLED = DeviceKey(b"a" * 32), DeviceKey(b"b" * 32)
WORKSPACE, KEY = WorkspaceId(b"w" * 16), b"k" * 32
STANDING = Standing(b"d" * 32, (b"t" * 32,))


async def lead(link: LanLink, device: DeviceKey, *, dialling: bool) -> None:
    """Be one side, until the other is proven."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    handshake = Handshake(
        device, WORKSPACE, (KEY,), STANDING, link.binding, nonce, dialling=dialling
    )
    for greeting in handshake.begin():
        await link.send(encode(greeting, device.device)[0])
    while handshake.other is None:
        for greeting in handshake.receive(decode_greeting(await link.receive())):
            await link.send(encode(greeting, device.device)[0])
    link.prove()


async def measure(count: int) -> tuple[list[float], list[float], float]:
    """Processor seconds of each link and each proof; and of a whole one on the clock."""
    listener = await Listener.open(interface=HERE)
    links, proofs = [], []
    waited = time.perf_counter()
    for _ in range(count):
        began = time.process_time()
        ours = await dial([Address(HERE, listener.port)])
        theirs = await listener.accept()
        linked = time.process_time()
        await asyncio.gather(
            lead(ours, DIALLING, dialling=True), lead(theirs, DIALLED, dialling=False)
        )
        links.append(linked - began)
        proofs.append(time.process_time() - linked)
        ours.abort()
        theirs.abort()
        await asyncio.sleep(0)  # let go of them, outside of what is measured
        await asyncio.sleep(0)
    waited = time.perf_counter() - waited
    await listener.close()
    return links, proofs, waited / count


def starts(count: int) -> list[float]:
    """Processor seconds of making what a listener needs."""
    times = []
    for _ in range(count):
        began = time.process_time()
        tls.server()
        times.append(time.process_time() - began)
    return times


def line(name: str, seconds: list[float]) -> str:
    """One line of the table."""
    last = quantiles(seconds, n=100)[98]
    return f"{name:8} p50 {median(seconds) * 1000:7.2f} ms   p99 {last * 1000:7.2f} ms"


def main() -> None:
    """Take the figures and print them; fails if a connection costs more than it may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=300)
    arguments = parser.parse_args()
    links, proofs, waited = asyncio.run(measure(arguments.connections))
    whole = [link + proof for link, proof in zip(links, proofs, strict=True)]
    print("processor time, both sides together")
    print(line("start", starts(50)))
    print(line("link", links))
    print(line("proof", proofs))
    print(line("whole", whole))
    print(f"on the clock, one after the other: {waited * 1000:.2f} ms each")
    if median(whole) * 1000 > MOST:
        raise SystemExit(f"a connection costs more than {MOST} ms")


if __name__ == "__main__":
    main()
