"""
Carries out what a peer asks of a relay, and tells it what came of it.

It decides nothing. The relay's client tries again until there is an answer, so each request
is one task that ends with one input, and a node that ends takes them all with it.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from functools import partial
from random import SystemRandom
from typing import Any, TypeVar

from whisker_sync.errors import RelayRefused
from whisker_sync.identity.mailbox import MailboxKey
from whisker_sync.ids import MailboxId
from whisker_sync.node.running import now_ms
from whisker_sync.peer.effects import (
    PostMail,
    PutBlobs,
    PutSnapshot,
    ReadBlobs,
    ReadMail,
    ReadSnapshot,
    UnwatchMail,
    WatchMail,
)
from whisker_sync.peer.inputs import (
    BlobsPut,
    BlobsRead,
    Input,
    MailPosted,
    MailRead,
    MailRefused,
    MailWaits,
    RelayNamed,
    RelayReached,
    SnapshotPut,
    SnapshotRead,
)
from whisker_sync.transport.relay import Relay

INSIST_SECONDS = 60.0
"""How long after a relay refused to be read it is asked again."""

Spawn = Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]
T = TypeVar("T")


def open_relay(url: str, reached: Callable[[str | None], None]) -> Relay:
    """The client of the relay at a URL; ``reached`` is told why it does not answer, or None."""
    dice = SystemRandom()
    return Relay(url, clock=time.time, draw=secrets.token_bytes, dice=dice, reached=reached)


class Postman:
    """
    See the module.

    ``feed`` is the peer's, ``spawn`` starts a task that ends with the node, ``make`` makes the
    client of the relay at a URL, and is told whom to tell whether that answers.
    """

    def __init__(
        self,
        feed: Callable[[Input], None],
        spawn: Spawn,
        make: Callable[[str, Callable[[str | None], None]], Relay] = open_relay,
    ) -> None:
        self._make = make
        self._feed = feed
        self._spawn = spawn
        self._relay: Relay | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._watches: dict[MailboxId, asyncio.Task[None]] = {}
        self._told: tuple[str | None] | None = None

    @property
    def url(self) -> str:
        """Where the relay is; empty: there is none."""
        return self._relay.url if self._relay is not None else ""

    async def use(self, url: str) -> None:
        """Use the relay at a URL from now on; empty: none."""
        await self.close()
        self._told = None
        self._relay = self._make(url, self._reached) if url else None
        self._feed(RelayNamed(url, now_ms()))

    async def close(self) -> None:
        """Let go of the relay; what is under way is given up."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._watches.clear()
        if self._relay is not None:
            await self._relay.close()
            self._relay = None

    def carry_out(
        self,
        effect: WatchMail
        | UnwatchMail
        | ReadMail
        | ReadSnapshot
        | PostMail
        | PutSnapshot
        | ReadBlobs
        | PutBlobs,
    ) -> None:
        """Begin what the peer asks for."""
        relay = self._relay
        if relay is None:
            return
        match effect:
            case WatchMail(box):
                self._unwatch(box.mailbox)
                self._watches[box.mailbox] = self._begin(self._wait(relay, box), "mail watch")
            case UnwatchMail(mailbox):
                self._unwatch(mailbox)
            case ReadMail(box, after):
                self._begin(self._read(relay, box, after), "mail read")
            case ReadSnapshot(box, most):
                self._begin(self._read_snapshot(relay, box, most), "mail snapshot")
            case ReadBlobs():
                self._begin(self._read_blobs(relay, effect), "mail blobs read")
            case PutBlobs():
                self._begin(self._put_blobs(relay, effect), "mail blobs put")
            case PostMail():
                self._begin(self._post(relay, effect), "mail post")
            case PutSnapshot():
                self._begin(self._put(relay, effect), "mail compact")

    # Private methods.

    def _unwatch(self, mailbox: MailboxId) -> None:
        if (watch := self._watches.pop(mailbox, None)) is not None:
            watch.cancel()

    def _begin(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = self._spawn(work, name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _reached(self, problem: str | None) -> None:
        if self._told != (problem,):
            self._told = (problem,)
            self._feed(RelayReached(problem))

    async def _wait(self, relay: Relay, box: MailboxKey) -> None:
        async with aclosing(relay.waits(box)) as waits:
            async for _ in waits:
                self._feed(MailWaits(box.mailbox))

    async def _read(self, relay: Relay, box: MailboxKey, after: int) -> None:
        page = await self._insist(lambda: relay.read(box, after))
        self._feed(MailRead(box.mailbox, page))

    async def _read_snapshot(self, relay: Relay, box: MailboxKey, most: int) -> None:
        snapshot = await self._insist(lambda: relay.snapshot(box, most))
        self._feed(SnapshotRead(box.mailbox, snapshot))

    async def _read_blobs(self, relay: Relay, read: ReadBlobs) -> None:
        blobs = [await self._insist(partial(relay.blob, read.box, id_)) for id_ in read.ids]
        self._feed(BlobsRead(read.box.mailbox, read.content, tuple(blobs)))

    async def _put_blobs(self, relay: Relay, put: PutBlobs) -> None:
        problem: str | None = None
        try:
            for blob in put.blobs:
                await relay.put_blob(put.box, blob)
        except RelayRefused as refused:
            problem = str(refused)
        self._feed(BlobsPut(put.box.mailbox, put.content, problem))

    async def _insist(self, ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Ask until the relay does not refuse: nothing can go on before it was read."""
        while True:
            try:
                return await ask()
            except RelayRefused as refused:
                self._reached(refused.sentence)
                await asyncio.sleep(INSIST_SECONDS)

    async def _post(self, relay: Relay, post: PostMail) -> None:
        mailbox = post.box.mailbox
        try:
            await relay.post(post.box, post.id, post.envelope)
        except RelayRefused as refused:
            self._feed(MailRefused(mailbox, post.id, str(refused)))
        else:
            self._feed(MailPosted(mailbox, post.id))

    async def _put(self, relay: Relay, put: PutSnapshot) -> None:
        mailbox = put.box.mailbox
        try:
            covers = await relay.put_snapshot(put.box, put.envelopes, put.covers, put.kept)
        except RelayRefused as refused:
            self._feed(MailRefused(mailbox, b"", str(refused)))
        else:
            self._feed(SnapshotPut(mailbox, covers))
