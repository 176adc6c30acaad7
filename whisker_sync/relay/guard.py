"""
Who may use a mailbox, how often, and how much of a request is read.

Rule 1: what costs more comes later. The form of a stamp, its key and its time are looked
at before its signature, the signature before how often the mailbox is used, that before
the store is asked for the nonce, and the body is read last, as it comes, up to its limit.

Rule 2: what is read and what is sent has its place in memory reserved before. So many
large requests at once are refused, not swapped.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from starlette.requests import HTTPConnection, Request
from starlette.types import Scope

from whisker_sync.identity.mailbox import SKEW_SECONDS, Stamp
from whisker_sync.ids import MailboxId
from whisker_sync.relay.limits import MAX_RATES, Limits
from whisker_sync.relay.refusals import Refusal
from whisker_sync.relay.store import RelayStore
from whisker_sync.wire.relay import Code

_NOTHING = hashlib.sha256(b"").digest()


class Guard:
    """Judges requests; see the rules above."""

    def __init__(self, store: RelayStore, limits: Limits, clock: Callable[[], float]) -> None:
        self._store = store
        self._limits = limits
        self._clock = clock
        self._rates = Rates(limits.requests, limits.burst)
        self._reserved = 0

    async def admit(self, connection: HTTPConnection, mailbox: MailboxId, method: str) -> Stamp:
        """
        The stamp of a request for this mailbox, once it is known to be good.

        Raises:
            Refusal: It is not.
            StoreUnavailable: The store does not say whether its nonce is new.
        """
        stamp = Stamp.decode(connection.headers.get("authorization", ""))
        if stamp is None:
            raise Refusal(Code.NOT_SIGNED, "this request is not signed as it must be")
        if stamp.mailbox != mailbox:
            raise Refusal(
                Code.WRONG_MAILBOX,
                "the key of this request does not open this mailbox; it may be that of "
                "another epoch",
            )
        now = self._clock()
        if abs(now - stamp.time) > SKEW_SECONDS:
            raise Refusal(
                Code.CLOCK_SKEW,
                f"the clock of this request is {abs(now - stamp.time):.0f} seconds off; "
                "set the clock of the device",
                time=int(now),
            )
        if not stamp.proves(method, target(connection.scope)):
            raise Refusal(Code.BAD_SIGNATURE, "the signature is not one for this request")
        if wait := self._rates.take(mailbox, now):
            raise Refusal(Code.TOO_FAST, "this mailbox is used too often", retry=wait)
        if not await self._store.claim(stamp.nonce + mailbox[:8], now):
            raise Refusal(
                Code.REPLAYED, "this request was made already; a new one needs a new stamp"
            )
        return stamp

    @asynccontextmanager
    async def body(self, request: Request, stamp: Stamp, most: int) -> AsyncIterator[bytes]:
        """
        The body of a request, of ``most`` bytes; its place is reserved until it was used.

        Raises:
            Refusal: It is too large, comes too slowly, or was not signed.
        """
        length = request.headers.get("content-length", "")
        expected = int(length) if length.isdecimal() and len(length) < 20 else most
        if expected > most:
            raise _too_large(most)
        with self.reserve(expected):
            try:
                async with asyncio.timeout(self._limits.body_seconds):
                    body = await self._read(request, most)
            except TimeoutError:
                raise Refusal(Code.TOO_SLOW, "this request came too slowly") from None
            if hashlib.sha256(body).digest() != stamp.body:
                raise Refusal(Code.BAD_SIGNATURE, "the body is not the one that was signed")
            yield body

    def no_body(self, stamp: Stamp) -> None:
        """Refuse a request that was signed with a body where there is none to be."""
        if stamp.body != _NOTHING:
            raise Refusal(Code.BAD_SIGNATURE, "this request has no body, but was signed with one")

    @contextmanager
    def reserve(self, size: int) -> Iterator[Place]:
        """
        A place in memory for so many bytes, while they are under way.

        Raises:
            Refusal: There is none.
        """
        if self._reserved + size > self._limits.memory:
            raise Refusal(
                Code.UNAVAILABLE,
                "the relay has too much to do at the moment; try again soon",
                retry=self._limits.retry_seconds,
            )
        place = Place(self, size)
        self._reserved += size
        try:
            yield place
        finally:
            place.shrink(0)

    async def _read(self, request: Request, most: int) -> bytes:
        body = bytearray()
        chunks = request.stream()
        while chunk := await asyncio.wait_for(anext(chunks, b""), self._limits.pause_seconds):
            body += chunk
            if len(body) > most:
                raise _too_large(most)
        return bytes(body)

    def _give_back(self, size: int) -> None:
        self._reserved -= size


class Place:
    """Bytes that were reserved."""

    def __init__(self, guard: Guard, size: int) -> None:
        self._guard = guard
        self._size = size

    def shrink(self, size: int) -> None:
        """Give back all but so many."""
        self._guard._give_back(self._size - size)  # noqa: SLF001
        self._size = size


@dataclass(slots=True)
class _Bucket:
    """How often one mailbox may still be used, and since when that is known."""

    left: float
    since: float


class Rates:
    """Counts how often mailboxes are used: ``rate`` each second, ``burst`` at once."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = burst
        self._buckets: dict[MailboxId, _Bucket] = {}

    def take(self, mailbox: MailboxId, now: float) -> float:
        """Count one use; return 0, or after how many seconds it would be allowed."""
        bucket = self._buckets.get(mailbox)
        if bucket is None:
            if len(self._buckets) >= MAX_RATES:
                self._tidy(now)
            bucket = self._buckets[mailbox] = _Bucket(self._burst, now)
        bucket.left = self._left(bucket, now)
        bucket.since = now
        if bucket.left < 1:
            return (1 - bucket.left) / self._rate
        bucket.left -= 1
        return 0.0

    def _left(self, bucket: _Bucket, now: float) -> float:
        passed = max(0.0, now - bucket.since)
        return min(float(self._burst), bucket.left + passed * self._rate)

    def _tidy(self, now: float) -> None:
        """Forget who may do everything again anyway; if that does not help, who is first."""
        kept = {
            mailbox: bucket
            for mailbox, bucket in self._buckets.items()
            if self._left(bucket, now) < self._burst
        }
        for mailbox in list(kept)[: max(0, len(kept) - MAX_RATES // 2)]:
            del kept[mailbox]
        self._buckets = kept


def target(scope: Scope) -> str:
    """What stands in the first line of a request from ``/v1/`` on, as it was sent."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    path = b"/v1/" + raw.partition(b"?")[0].rpartition(b"/v1/")[2]
    return (path + b"?" + query if query else path).decode("latin-1")


def _too_large(most: int) -> Refusal:
    return Refusal(Code.TOO_LARGE, f"no more than {most} bytes are taken at once", limit=most)
