"""
A member that brings updates in the worst possible way.

It knows the key, so everybody listens; and it hands out what it found in the journals of
others shuffled, some of it twice, some of it never, in pushes of any size. Nothing it says
is a lie about content: real networks of several ways do the same, more rarely. Whoever
hears it must apply what is ready, hold what is not, and get the rest from others.
"""

from __future__ import annotations

import hashlib
from collections import deque
from typing import TYPE_CHECKING

from whisker_sync.identity.keyring import key_ring
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.ids import Address, DeviceId, Incarnation
from whisker_sync.record import Record
from whisker_sync.sync.handshake import NONCE_BYTES, Handshake
from whisker_sync.testing.visitor import Visitor
from whisker_sync.wire.codec import Assembly, decode, decode_greeting, encode
from whisker_sync.wire.messages import (
    Asset,
    Catch,
    Hello,
    Members,
    Message,
    Part,
    Push,
    Standing,
    WantAsset,
)

if TYPE_CHECKING:
    from whisker_sync.testing.machine import Machine
    from whisker_sync.testing.world import World

VISIT_SECONDS = 2.0
"""How long a visit takes; then the courier hangs up."""

ADDRESS = Address("192.0.2.250", 50_000)


class Courier(Visitor):
    """Visits one machine; see :meth:`World.deliver`."""

    def __init__(self, world: World, machine: Machine, records: list[Record]) -> None:
        super().__init__(world, machine, "courier")
        self._world = world
        key = DeviceKey(hashlib.sha256(b"courier").digest())
        nonce = world.dice.randbytes(NONCE_BYTES)
        self._device = key.device
        self._assembly = Assembly()
        self._other: DeviceId | None = None
        self._said_hello = False
        self._pushes = self._disorder(records)
        papers = world.people.enrol(key, self.name)
        standing = Standing(papers.digest, tuple(sorted(papers.tips)))
        self._papers = Members(papers.digest, papers.evidence().encode())
        self._handshake = Handshake(
            key,
            papers.workspace,
            key_ring(papers, key).keys,
            standing,
            self._connection.binding,
            nonce,
            dialling=True,
            speaks=machine.speaks,
        )
        self.knock(ADDRESS)
        world.at(world.now + VISIT_SECONDS, lambda: self.leave("all delivered"))

    def hear(self, frame: bytes) -> None:
        """Prove to belong here, and then deliver."""
        if self._other is None:
            self._greet(frame)
            return
        message = decode(frame, self._other)
        whole = self._assembly.add(message, self._other) if isinstance(message, Part) else message
        if whole is not None:
            self._answer(whole)

    def _greet(self, frame: bytes) -> None:
        for greeting in self._handshake.receive(decode_greeting(frame)):
            self._say(greeting)
        if self._handshake.other is not None:
            self._other = self._handshake.other
            assert self._handshake.theirs is not None
            is_known = self._handshake.theirs.digest == self._papers.digest
            self._say(self._hello() if is_known else self._papers)

    def _answer(self, message: Message) -> None:
        match message:
            case Members() if not self._said_hello:
                self._say(self._hello())
            case Hello():
                while self._pushes:
                    self._say(self._pushes.popleft())
            case Catch():
                self._say(Push(0, ()))
            case WantAsset(asset):
                self._say(Asset(asset, None))
            case _:
                pass

    def _hello(self) -> Hello:
        self._said_hello = True
        return Hello(
            boot=self._world.dice.randbytes(8),
            incarnation=Incarnation(b"\0" * 8),
            first=1,
            head=0,
            cursor_of=Incarnation(b""),
            cursor=0,
            fingerprint=b"",
            linked=(),
            name=self.name,
            person=self.name,
            port=0,
        )

    def _disorder(self, records: list[Record]) -> deque[Push]:
        dice = self._world.dice
        kept = [record for record in records if dice.random() < 0.8]
        kept += [record for record in kept if dice.random() < 0.3]
        dice.shuffle(kept)
        pushes: deque[Push] = deque()
        while kept:
            size = dice.randint(1, 5)
            pushes.append(Push(0, tuple(kept[:size])))
            del kept[:size]
        return pushes

    def _say(self, message: Message) -> None:
        for frame in encode(message, self._device):
            self.send(frame)
