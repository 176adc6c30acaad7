"""Tests for :mod:`whisker_sync.discovery.bouncer`."""

from __future__ import annotations

import asyncio
from typing import Any

from whisker_sync.discovery import limits
from whisker_sync.discovery.bouncer import Bouncer


class Inner(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.read = 0

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self.read += 1


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_one_address_is_read_so_often_in_a_second_and_no_more() -> None:
    inner, clock = Inner(), Clock()
    bouncer = Bouncer(inner, clock)
    for _ in range(limits.MAX_DATAGRAMS_EACH):
        bouncer.datagram_received(b"", ("10.0.0.1", 5353))
    assert inner.read == limits.MAX_DATAGRAMS_EACH
    bouncer.datagram_received(b"", ("10.0.0.1", 5353))
    assert inner.read == limits.MAX_DATAGRAMS_EACH
    bouncer.datagram_received(b"", ("fe80::1", 5353, 0, 2))
    assert inner.read == limits.MAX_DATAGRAMS_EACH + 1
    clock.now += 1
    bouncer.datagram_received(b"", ("10.0.0.1", 5353))
    assert inner.read == limits.MAX_DATAGRAMS_EACH + 2


def test_all_together_are_read_so_often_in_a_second_and_no_more() -> None:
    inner, clock = Inner(), Clock()
    bouncer = Bouncer(inner, clock)
    for i in range(limits.MAX_DATAGRAMS + 100):
        bouncer.datagram_received(b"", (f"10.0.{i // 256}.{i % 256}", 5353))
    assert inner.read == limits.MAX_DATAGRAMS
    assert len(bouncer._seen) <= limits.MAX_DATAGRAMS + 1
