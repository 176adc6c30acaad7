"""
Noticing that this machine's network changed, or that it slept.

Linux tells by netlink; elsewhere we compare addresses every two seconds. A wall clock
that runs away from the monotonic one means that the machine was asleep: then every
connection is suspect, too.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from collections.abc import AsyncIterator

import ifaddr

SETTLE_SECONDS = 0.1
"""Changes come in bursts; this long none may follow before one is told."""

LOOK_SECONDS = 2.0
"""How often addresses are compared where the system does not tell."""

SLEPT_SECONDS = 30.0
"""So far the clocks must have moved apart to count as sleep."""


async def changes() -> AsyncIterator[None]:
    """One None for each change of the network, from now on."""
    told = _told() if sys.platform == "linux" else None
    seen, drift = own_addresses(), _drift()
    try:
        while True:
            if told is not None:
                changed = await _wait(told, LOOK_SECONDS * 5)
            else:
                await asyncio.sleep(LOOK_SECONDS)
                changed = False
            now, drift_now = own_addresses(), _drift()
            if changed or now != seen or abs(drift_now - drift) > SLEPT_SECONDS:
                seen, drift = now, drift_now
                yield None
    finally:
        if told is not None:
            told.close()


async def _wait(told: socket.socket, seconds: float) -> bool:
    """Wait for the kernel to say something, then until it is quiet; whether it did."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(seconds):
            await loop.sock_recv(told, 65536)
    except TimeoutError:
        return False
    while True:
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                await loop.sock_recv(told, 65536)
        except TimeoutError:
            return True


def _told() -> socket.socket:
    """A socket on which the kernel reports links and addresses (rtnetlink)."""
    listening = socket.socket(
        socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE
    )
    rtmgrp_link, rtmgrp_ipv4_ifaddr, rtmgrp_ipv6_ifaddr = 0x1, 0x10, 0x100
    listening.bind((0, rtmgrp_link | rtmgrp_ipv4_ifaddr | rtmgrp_ipv6_ifaddr))
    return listening


def own_addresses() -> frozenset[str]:
    """The addresses that this machine has now."""
    every = (ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips)
    return frozenset(ip if isinstance(ip, str) else ip[0] for ip in every)


def _drift() -> float:
    return time.time() - time.monotonic()
