"""
A relay, as its clients see it: the HTTP of ``docs/reference/relay-api.md``.

Rule 1: nothing is lost by asking again. Each request can be repeated, so whatever went
wrong on the way (no network, a relay that is being started, a proxy's page in its place) is
tried again, ever more rarely and never all at once, until there is an answer. Only what
the relay itself refuses is told to whoever asked.

Rule 2: an answer is a stranger's. It is read up to a limit, and whatever it says is either
what the page says it may be, or no answer.

Rule 3: redirects are not followed: a request is signed for one relay.

Waking up is a hint. Where a proxy lets no WebSocket through, or it stays silent, the mailbox
is looked at now and then all the same.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

from whisker_sync.errors import MalformedFrame, RelayRefused
from whisker_sync.identity.mailbox import NONCE_BYTES, MailboxKey, Stamp
from whisker_sync.ids import Incarnation
from whisker_sync.sync.mailbox import Snapshot
from whisker_sync.wire import relay as wire
from whisker_sync.wire.relay import Code, Page

if TYPE_CHECKING:
    import httpx2

CONNECT_SECONDS = 10.0
"""How long a relay may take to accept a connection."""

ANSWER_SECONDS = 60.0
"""How long one request may take, with all that is sent and comes."""

BACKOFF = (0.5, 60.0)
"""Seconds before the first and before each late repetition; they double in between, and half
of them are left to chance."""

POLL_SECONDS = 30.0
"""How long a mailbox is not looked at where nothing wakes us, about; less at first."""

POLL_AWAKE_SECONDS = 180.0
"""The same where something does."""

MAX_ANSWER = wire.MAX_PAGE_BYTES + (1 << 20)
"""Bytes of an answer."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a relay answered, if it did what it was asked or found nothing."""

    status: int
    body: bytes

    def fields(self) -> dict[str, Any]:
        """The answer as JSON; raises :exc:`NoAnswer` if it is none."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise NoAnswer("it does not answer as a relay does")
        return value


class NoAnswer(Exception):
    """Something came, or nothing, that is no answer; stays in this room."""

    def __init__(self, problem: str, wait: float = 0.0) -> None:
        self.problem = problem
        self.wait = wait


class Relay:
    """
    One relay, by its URL.

    ``clock`` says the seconds since 1970, ``draw`` draws so many random bytes, ``reached`` is
    told whether the relay answers: why not, as a part of a sentence, or None.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Callable[[], float],
        draw: Callable[[int], bytes],
        dice: Random,
        reached: Callable[[str | None], None],
    ) -> None:
        import httpx2

        self.url = url.rstrip("/")
        self._clock = clock
        self._draw = draw
        self._dice = dice
        self._reached = reached
        self._skew = 0.0  # what to add to our clock to have the relay's
        self._client = httpx2.AsyncClient(
            timeout=httpx2.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
            headers={"User-Agent": "whisker-sync"},
        )

    async def close(self) -> None:
        """Let go of all connections."""
        await self._client.aclose()

    # What can be asked. Each tries again until there is an answer.

    async def read(self, box: MailboxKey, after: int) -> Page:
        """
        A page of the entries after a position; an empty one of a mailbox that does not exist.

        Raises:
            RelayRefused: The relay will not.
        """

        def page(answer: Answer) -> Page:
            if answer.status == 404:
                return Page(Incarnation(b""), 1, 0, 1, ())
            try:
                return Page.decode(answer.body)
            except MalformedFrame as problem:
                raise NoAnswer(f"it answers with {problem.problem}") from None

        return await self._ask(box, "GET", wire.read_target(box.mailbox, after), b"", page)

    async def post(self, box: MailboxKey, id_: bytes, envelope: bytes) -> None:
        """
        Leave an envelope; returns when it is durable there.

        Raises:
            RelayRefused: The relay will not.
        """
        await self._ask(box, "PUT", wire.entry_target(box.mailbox, id_), envelope, Answer.fields)

    async def snapshot(self, box: MailboxKey, most: int) -> Snapshot | None:
        """
        The snapshot of a mailbox, with ``most`` of its first blobs; None: there is none.

        Raises:
            RelayRefused: The relay will not.
        """
        while True:
            found = await self._ask(box, "GET", wire.snapshot_target(box.mailbox), b"", _listed)
            if found is None:
                return None
            incarnation, covers, ids = found
            blobs = [await self.blob(box, id_) for id_ in ids[:most]]
            if None not in blobs:
                return Snapshot(incarnation, covers, tuple(blob for blob in blobs if blob))
            await asyncio.sleep(self._dice.uniform(*BACKOFF) / 10)  # replaced while we read it

    async def blob(self, box: MailboxKey, id_: bytes) -> bytes | None:
        """
        A blob of a mailbox; None: it is not there.

        Raises:
            RelayRefused: The relay will not.
        """

        def content(answer: Answer) -> bytes | None:
            return answer.body if answer.status == 200 else None

        return await self._ask(box, "GET", wire.blob_target(box.mailbox, id_), b"", content)

    async def put_blob(self, box: MailboxKey, blob: bytes) -> None:
        """
        Leave a blob, which begins with its id; returns when it is durable there.

        Raises:
            RelayRefused: The relay will not.
        """
        target = wire.blob_target(box.mailbox, blob[: wire.ID_BYTES])
        await self._ask(box, "PUT", target, blob, Answer.fields)

    async def put_snapshot(
        self,
        box: MailboxKey,
        envelopes: tuple[bytes, ...],
        covers: int,
        kept: tuple[bytes, ...] = (),
    ) -> int:
        """
        Put a snapshot in the place of the entries up to a position, and trim them.

        It also names the blobs ``kept``, so that they live as long. Returns ``covers``; 0 if
        another one came meanwhile, or covers more, or a blob is not there any more.

        Raises:
            RelayRefused: The relay will not.
        """
        target = wire.mailbox_target(box.mailbox)
        before = await self._ask(box, "GET", target, b"", _number_of_snapshot)
        ids = [envelope[: wire.ID_BYTES] for envelope in envelopes]
        for envelope in envelopes:
            await self.put_blob(box, envelope)
        named = [id_.hex() for id_ in (*ids, *kept)]
        body = {"v": 1, "covers": covers, "blobs": named, "replaces": before}
        try:
            target = wire.snapshot_target(box.mailbox)
            await self._ask(box, "PUT", target, json.dumps(body).encode(), Answer.fields)
            target = wire.trim_target(box.mailbox, covers)
            await self._ask(box, "DELETE", target, b"", Answer.fields)
        except RelayRefused as refused:
            if refused.code in {Code.SNAPSHOT_CHANGED, Code.NOT_COVERED, Code.MISSING_BLOB}:
                return 0
            raise
        return covers

    async def waits(self, box: MailboxKey) -> AsyncGenerator[None, None]:
        """Say when it is time to read: soon after something was left, and now and then."""
        again = 1.0
        while True:
            yield
            with suppress(OSError, TimeoutError):
                async for _ in self._wakes(box):
                    again = 1.0  # one that is being started anew is back in a moment
                    yield
            again = min(2 * again, POLL_SECONDS)
            await asyncio.sleep(again * (0.5 + self._dice.random()))

    async def _wakes(self, box: MailboxKey) -> AsyncIterator[None]:
        from websockets.asyncio.client import connect
        from websockets.exceptions import ConnectionClosed, WebSocketException

        target = wire.wake_target(box.mailbox)
        url = "ws" + (self.url + target).removeprefix("http")
        headers = {"Authorization": self._stamp(box, "GET", target, b"")}
        try:
            async with connect(
                url,
                additional_headers=headers,
                open_timeout=CONNECT_SECONDS,
                max_size=4096,
                compression=None,
            ) as socket:
                while True:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(POLL_AWAKE_SECONDS):
                            await socket.recv()
                    yield
        except (WebSocketException, ConnectionClosed):
            return

    # How it is asked.

    async def _ask(
        self,
        box: MailboxKey,
        method: str,
        target: str,
        body: bytes,
        read: Callable[[Answer], T],
    ) -> T:
        again, corrected = BACKOFF[0], 0
        while True:
            try:
                answer = await self._try(box, method, target, body)
                found = read(answer)
            except NoAnswer as problem:
                self._reached(problem.problem)
                wait = max(problem.wait, again * (0.5 + self._dice.random() / 2))
                again = min(again * 2, BACKOFF[1])
                await asyncio.sleep(wait)
            except RelayRefused as refused:
                self._reached(None)
                if refused.code not in _WITH_NEW_STAMP or corrected == 2:
                    raise
                corrected += 1
            else:
                self._reached(None)
                return found

    async def _try(self, box: MailboxKey, method: str, target: str, body: bytes) -> Answer:
        """One request; raises :exc:`NoAnswer` or :exc:`RelayRefused`."""
        import httpx2

        headers = {"Authorization": self._stamp(box, method, target, body)}
        try:
            async with (
                asyncio.timeout(ANSWER_SECONDS),
                self._client.stream(
                    method, self.url + target, content=body or None, headers=headers
                ) as response,
            ):
                answer = Answer(response.status_code, await _content(response))
                wait = _seconds(response.headers.get("Retry-After", ""))
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, TimeoutError) as problem:
            raise NoAnswer(_in_words(problem)) from None
        if answer.status in {200, 201}:
            return answer
        if answer.status in {408, 429} or answer.status not in _REFUSALS:
            raise NoAnswer(f"it answers with status {answer.status}", wait)
        error = answer.fields().get("error")
        if not isinstance(error, dict):
            raise NoAnswer(f"it answers with status {answer.status}", wait)
        code = str(error.get("code"))
        if code in _NOTHING_THERE:
            return answer
        if code == Code.CLOCK_SKEW and type(error.get("time")) is int:
            self._skew = error["time"] - self._clock()
        raise RelayRefused(code, str(error.get("sentence"))[:200])

    def _stamp(self, box: MailboxKey, method: str, target: str, body: bytes) -> str:
        now = max(0, int(self._clock() + self._skew))
        return Stamp.sign(box, method, target, body, now, self._draw(NONCE_BYTES)).encode()


_REFUSALS = frozenset({400, 401, 403, 404, 405, 409, 413, 507})
_WITH_NEW_STAMP = frozenset({Code.CLOCK_SKEW, Code.REPLAYED, Code.BAD_SIGNATURE, Code.NOT_SIGNED})
_NOTHING_THERE = frozenset({Code.UNKNOWN_MAILBOX, Code.NO_SNAPSHOT, Code.UNKNOWN_BLOB})


async def _content(response: httpx2.Response) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > MAX_ANSWER:
            raise NoAnswer("it answers with more than a relay does")
    return bytes(content)


def _seconds(text: str) -> float:
    return min(float(text), BACKOFF[1]) if text.isdecimal() and len(text) < 6 else 0.0


def _in_words(problem: Exception) -> str:
    if isinstance(problem, TimeoutError) or "Timeout" in type(problem).__name__:
        return "it does not answer in time"
    return str(problem) or type(problem).__name__


def _number_of_snapshot(answer: Answer) -> int:
    if answer.status == 404:
        return 0
    number = answer.fields().get("snapshot")
    if type(number) is not int:
        raise NoAnswer("it does not say which snapshot it has")
    return number


def _listed(answer: Answer) -> tuple[Incarnation, int, list[bytes]] | None:
    if answer.status == 404:
        return None
    match answer.fields():
        case {"incarnation": str(life), "covers": int(covers), "blobs": list(blobs)}:
            incarnation = wire.some_id(life, 8)
            ids = [wire.some_id(blob, wire.ID_BYTES) for blob in blobs if isinstance(blob, str)]
            whole = [id_ for id_ in ids if id_ is not None]
            if incarnation is not None and len(whole) == len(blobs) <= wire.MAX_SNAPSHOT_BLOBS:
                return Incarnation(incarnation), covers, whole
        case _:
            pass
    raise NoAnswer("it does not say what its snapshot consists of")
