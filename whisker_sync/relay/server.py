"""
The relay as an ASGI application: ``docs/reference/relay-api.md``, line by line.

Each handler below is one request: it asks the :class:`~whisker_sync.relay.guard.Guard`,
then the store, and says what came of it. What is refused anywhere on the way ends in one
place, :meth:`Relay._answered`.

A relay is opened before the first request and closed after the last: by the server's
lifespan, or by ``async with relay`` where it is mounted in another application::

    relay = Relay(open_store("sqlite:mail.db"))

    @asynccontextmanager
    async def lifespan(app):
        async with relay:
            yield

    app = Starlette(routes=[Mount("/mail", relay)], lifespan=lifespan)
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager, suppress
from types import TracebackType
from typing import Any, Self

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from whisker_sync.errors import MailboxError, StoreUnavailable, UnknownMailbox
from whisker_sync.identity.mailbox import Stamp
from whisker_sync.ids import MailboxId
from whisker_sync.relay.guard import Guard
from whisker_sync.relay.limits import CHUNK, FORGET_SECONDS, TOTALS_SECONDS, Limits
from whisker_sync.relay.openapi import description
from whisker_sync.relay.refusals import Refusal, refusal_of
from whisker_sync.relay.store import RelayStore
from whisker_sync.relay.watch import LOG, WHAT, Watch
from whisker_sync.wire.relay import (
    ID_BYTES,
    MAX_PAGE_BYTES,
    MAX_POSITION,
    MAX_SNAPSHOT_BLOBS,
    MAX_SNAPSHOT_BODY,
    Code,
    Entry,
    position,
    some_id,
)

Handler = Callable[[Request, MailboxId], Awaitable[Response]]
"""Answers one request for a mailbox."""

DAY = 24 * 3600.0

_BOX = "/v1/mailboxes/{mailbox}"

_NOBODY = MailboxId(bytes(32))
"""A mailbox that nobody has a key of."""


class Relay:
    """
    Serves mailboxes of ``store``.

    ``metrics`` says whether anybody may ask for numbers, ``addresses`` whether the log has
    those of who asked, ``clock`` tells the seconds since 1970.
    """

    def __init__(
        self,
        store: RelayStore,
        limits: Limits | None = None,
        *,
        metrics: bool = False,
        addresses: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._limits = limits or Limits()
        self._clock = clock
        self._guard = Guard(store, self._limits, clock)
        self._watch = Watch(addresses=addresses)
        self._listening: dict[MailboxId, int] = {}
        self._open = AsyncExitStack()
        self._app = self._watch.around(self._routes(metrics=metrics))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; see ASGI 3."""
        await self._app(scope, receive, send)

    async def __aenter__(self) -> Self:
        """Open the store, and begin to look after it."""
        await self._open.enter_async_context(self._store)
        for often, work in ((TOTALS_SECONDS, self._count), (FORGET_SECONDS, self._forget)):
            task = asyncio.create_task(self._again_and_again(often, work))
            self._open.push_async_callback(_end, task)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Finish what was asked for, and close the store."""
        await self._open.aclose()

    def _routes(self, *, metrics: bool) -> Starlette:
        entry, blob = f"{_BOX}/entries/{{name}}", f"{_BOX}/blobs/{{name}}"
        routes = [
            Route("/v1/limits", _plain("limits", self._say_limits)),
            Route(_BOX, self._resource({"GET": ("state", self._state)})),
            Route(
                f"{_BOX}/entries",
                self._resource({"GET": ("read", self._read), "DELETE": ("trim", self._trim)}),
            ),
            Route(entry, self._resource({"PUT": ("append", self._append)})),
            Route(
                blob,
                self._resource(
                    {"GET": ("read_blob", self._read_blob), "PUT": ("put_blob", self._put_blob)}
                ),
            ),
            Route(
                f"{_BOX}/snapshot",
                self._resource(
                    {
                        "GET": ("read_snapshot", self._read_snapshot),
                        "PUT": ("put_snapshot", self._put_snapshot),
                    }
                ),
            ),
            WebSocketRoute(f"{_BOX}/wake", self._wake),
            Route(f"{_BOX}/wake", self._resource({"GET": ("wake", _no_socket)})),
            Route("/healthz", _plain("health", self._health)),
            Route("/openapi.json", _plain("openapi", self._describe)),
        ]
        if metrics:
            routes.append(Route("/metrics", _plain("metrics", self._numbers)))

        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            async with self:
                yield

        app = Starlette(
            routes=routes,
            lifespan=lifespan,
            exception_handlers={HTTPException: _no_such_thing, Exception: _failed},
        )
        app.router.redirect_slashes = False
        return app

    # Entries.

    async def _append(self, request: Request, mailbox: MailboxId) -> Response:
        name = _name(request)
        stamp = await self._guard.admit(request, mailbox, request.method)
        self._check_total()
        async with self._guard.body(request, stamp, self._limits.envelope) as body:
            placed = await self._store.append(
                mailbox, Entry(name, body), self._clock(), self._limits.quota
            )
        content = {"v": 1, "incarnation": placed.incarnation.hex(), "position": placed.position}
        return JSONResponse(content, 201 if placed.is_new else 200)

    async def _read(self, request: Request, mailbox: MailboxId) -> Response:
        after = _number(request, "after")
        await self._admit_empty(request, mailbox)
        with ExitStack() as stack:
            place = stack.enter_context(self._guard.reserve(MAX_PAGE_BYTES))
            page = await self._store.read(mailbox, after, self._clock())
            if page is None:
                raise UnknownMailbox
            content = page.encode()
            place.shrink(len(content))
            return Bytes(content, stack.pop_all())

    async def _trim(self, request: Request, mailbox: MailboxId) -> Response:
        upto = _number(request, "upto")
        await self._admit_empty(request, mailbox)
        trimmed, first = await self._store.trim(mailbox, upto, self._clock())
        return JSONResponse({"v": 1, "trimmed": trimmed, "first": first})

    async def _state(self, request: Request, mailbox: MailboxId) -> Response:
        await self._admit_empty(request, mailbox)
        state = await self._store.state(mailbox, self._clock())
        if state is None:
            raise UnknownMailbox
        return JSONResponse(
            {
                "v": 1,
                "incarnation": state.incarnation.hex(),
                "first": state.first,
                "head": state.head,
                "bytes": state.bytes,
                "quota": self._limits.quota,
                "snapshot": state.snapshot,
            }
        )

    # Blobs and the snapshot.

    async def _put_blob(self, request: Request, mailbox: MailboxId) -> Response:
        name = _name(request)
        stamp = await self._guard.admit(request, mailbox, request.method)
        self._check_total()
        async with self._guard.body(request, stamp, self._limits.envelope) as body:
            blob, quota = Entry(name, body), self._limits.quota
            is_new = await self._store.put_blob(mailbox, blob, self._clock(), quota)
        return JSONResponse({"v": 1, "bytes": len(body)}, 201 if is_new else 200)

    async def _read_blob(self, request: Request, mailbox: MailboxId) -> Response:
        name = _name(request)
        await self._admit_empty(request, mailbox)
        with ExitStack() as stack:
            place = stack.enter_context(self._guard.reserve(self._limits.envelope))
            body = await self._store.blob(mailbox, name, self._clock())
            if body is None:
                raise Refusal(Code.UNKNOWN_BLOB, "there is no such blob here (any more)")
            place.shrink(len(body))
            return Bytes(body, stack.pop_all())

    async def _put_snapshot(self, request: Request, mailbox: MailboxId) -> Response:
        stamp = await self._guard.admit(request, mailbox, request.method)
        async with self._guard.body(request, stamp, MAX_SNAPSHOT_BODY) as body:
            covers, blobs, replaces = snapshot_of(body)
            number = await self._store.put_snapshot(mailbox, covers, blobs, replaces, self._clock())
        return JSONResponse({"v": 1, "number": number, "covers": covers}, 201)

    async def _read_snapshot(self, request: Request, mailbox: MailboxId) -> Response:
        await self._admit_empty(request, mailbox)
        found = await self._store.snapshot(mailbox, self._clock())
        if found is None:
            raise Refusal(Code.NO_SNAPSHOT, "this mailbox has no snapshot")
        return JSONResponse(
            {
                "v": 1,
                "incarnation": found.incarnation.hex(),
                "number": found.number,
                "covers": found.covers,
                "blobs": [blob.hex() for blob in found.blobs],
            }
        )

    # Waking up.

    async def _wake(self, socket: WebSocket) -> None:
        socket.scope[WHAT] = "wake"
        try:
            mailbox = _mailbox(socket.path_params["mailbox"])
            self._guard.no_body(await self._guard.admit(socket, mailbox, "GET"))
            with self._listener(mailbox):
                await socket.accept()
                with suppress(WebSocketDisconnect, TimeoutError):
                    await self._say_when(socket, mailbox)
        except Refusal as refusal:
            await socket.send_denial_response(refusal.response())
        except StoreUnavailable as problem:
            await socket.send_denial_response(refusal_of(problem, self._limits).response())

    @contextmanager
    def _listener(self, mailbox: MailboxId) -> Iterator[None]:
        count = self._listening.get(mailbox, 0)
        if count >= self._limits.listeners:
            raise Refusal(
                Code.UNAVAILABLE, "too many wait for this mailbox", retry=self._limits.full_seconds
            )
        self._listening[mailbox] = count + 1
        self._watch.listeners += 1
        try:
            yield
        finally:
            self._watch.listeners -= 1
            self._listening[mailbox] -= 1
            if not self._listening[mailbox]:
                del self._listening[mailbox]

    async def _say_when(self, socket: WebSocket, mailbox: MailboxId) -> None:
        """Tell a listener each time that there is more, until it goes."""
        async with self._store.wakeups(mailbox) as woken:
            gone = asyncio.create_task(socket.receive())
            try:
                said = -1
                while not gone.done():
                    woken.clear()
                    head = await self._head(mailbox)
                    if head is None:
                        await socket.close(1013)
                        return
                    if head != said:
                        said = head
                        self._watch.wakeups += 1
                        async with asyncio.timeout(self._limits.send_seconds):
                            await socket.send_text(json.dumps({"v": 1, "head": head}))
                    waiting = asyncio.create_task(woken.wait())
                    await asyncio.wait({gone, waiting}, return_when=asyncio.FIRST_COMPLETED)
                    await _end(waiting)
                if gone.result()["type"] == "websocket.receive":
                    await socket.close(1008)
            finally:
                await _end(gone)

    async def _head(self, mailbox: MailboxId) -> int | None:
        """The position of the newest entry; nothing if the store does not say."""
        try:
            state = await self._store.state(mailbox, self._clock())
        except StoreUnavailable:
            return None
        return state.head if state else 0

    # What everybody may ask.

    async def _say_limits(self, _: Request) -> Response:
        limits = self._limits
        return JSONResponse(
            {
                "v": 1,
                "time": int(self._clock()),
                "envelope": limits.envelope,
                "quota": limits.quota,
                "days": limits.days,
            }
        )

    async def _health(self, _: Request) -> Response:
        try:
            await self._store.state(_NOBODY, self._clock())
        except StoreUnavailable as problem:
            return refusal_of(problem, self._limits).response()
        return JSONResponse({"v": 1, "ok": True})

    async def _describe(self, _: Request) -> Response:
        return JSONResponse(description(self._limits))

    async def _numbers(self, _: Request) -> Response:
        return PlainTextResponse(self._watch.text(), media_type="text/plain; version=0.0.4")

    # How a request for a mailbox is answered.

    def _resource(self, handlers: dict[str, tuple[str, Handler]]) -> Endpoint:
        """An endpoint that answers each method with a handler of its own."""

        async def endpoint(request: Request) -> Response:
            if request.method not in handlers:
                raise HTTPException(405, headers={"Allow": ", ".join(sorted(handlers))})
            what, handler = handlers[request.method]
            request.scope[WHAT] = what
            return await self._answered(request, handler)

        return Endpoint(endpoint)

    async def _answered(self, request: Request, handler: Handler) -> Response:
        try:
            return await handler(request, _mailbox(request.path_params["mailbox"]))
        except Refusal as refusal:
            return refusal.response()
        except MailboxError as problem:
            if isinstance(problem, StoreUnavailable):
                LOG.warning("%s", problem)
            return refusal_of(problem, self._limits).response()
        except ClientDisconnect:
            return Response(status_code=499)  # said to nobody

    async def _admit_empty(self, request: Request, mailbox: MailboxId) -> Stamp:
        stamp = await self._guard.admit(request, mailbox, request.method)
        self._guard.no_body(stamp)
        return stamp

    def _check_total(self) -> None:
        totals = self._watch.totals
        if totals is not None and totals.bytes >= self._limits.total:
            raise Refusal(
                Code.RELAY_FULL,
                "this relay is full; its operator has to give it more room",
                retry=self._limits.full_seconds,
            )

    # What is done now and then.

    async def _again_and_again(self, often: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except StoreUnavailable as problem:
                LOG.warning("%s", problem)
            except Exception:  # a mistake of ours now is no reason to stop for ever
                LOG.exception("what is done now and then failed")
            await asyncio.sleep(often)

    async def _count(self) -> None:
        self._watch.totals = await self._store.totals()

    async def _forget(self) -> None:
        if count := await self._store.forget(self._clock() - self._limits.days * DAY):
            LOG.info("forgot %d things that nobody fetched for %d days", count, self._limits.days)


class Endpoint:
    """
    An ASGI application that answers requests by a function.

    A plain function would do, but for those the framework answers HEAD by itself.
    """

    def __init__(self, answer: Callable[[Request], Awaitable[Response]]) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; see ASGI 3."""
        response = await self._answer(Request(scope, receive, send))
        await response(scope, receive, send)


class Bytes(Response):
    """
    An answer that is sent bit by bit, so that one can see whether it is taken.

    Its place in memory is held until then.
    """

    media_type = "application/octet-stream"

    def __init__(self, content: bytes, held: ExitStack) -> None:
        super().__init__(content)
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        with self._held:
            start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
            await send(start)
            for cut in range(0, max(len(self.body), 1), CHUNK):
                more = cut + CHUNK < len(self.body)
                chunk = bytes(self.body[cut : cut + CHUNK])
                await send({"type": "http.response.body", "body": chunk, "more_body": more})


def _plain(what: str, answer: Callable[[Request], Awaitable[Response]]) -> Endpoint:
    """An endpoint that everybody may ask."""

    async def endpoint(request: Request) -> Response:
        if request.method != "GET":
            raise HTTPException(405, headers={"Allow": "GET"})
        request.scope[WHAT] = what
        return await answer(request)

    return Endpoint(endpoint)


async def _no_socket(_: Request, __: MailboxId) -> Response:
    raise Refusal(Code.BAD_REQUEST, "this is for WebSockets only")


async def _no_such_thing(_: Request, problem: Exception) -> Response:
    """What the router found nothing for."""
    assert isinstance(problem, HTTPException)
    if problem.status_code == 405:
        refusal = Refusal(Code.WRONG_METHOD, "this cannot be done with what is at this path")
    else:
        refusal = Refusal(Code.NO_SUCH_PATH, "there is nothing at this path")
    response = refusal.response()
    response.headers.update(problem.headers or {})
    return response


async def _failed(_: Request, __: Exception) -> Response:
    """A mistake of ours; the server logs what it was."""
    return Refusal(Code.FAILED, "something went wrong within the relay").response()


async def _end(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


# Reading what was asked.


def _mailbox(text: str) -> MailboxId:
    if (found := some_id(text, 32)) is None:
        raise Refusal(Code.BAD_REQUEST, "a mailbox has 64 lower-case hexadecimal letters")
    return MailboxId(found)


def _name(request: Request) -> bytes:
    if (found := some_id(request.path_params["name"], ID_BYTES)) is None:
        raise Refusal(Code.BAD_REQUEST, "an id has 32 lower-case hexadecimal letters")
    return found


def _number(request: Request, name: str) -> int:
    # As it is spelt: what is signed has one spelling.
    text: str = request.scope["query_string"].decode("latin-1")
    found = position(text.removeprefix(f"{name}=")) if text.startswith(f"{name}=") else None
    if found is None:
        raise Refusal(Code.BAD_REQUEST, f"the query must be {name}= and a position")
    return found


def snapshot_of(body: bytes) -> tuple[int, list[bytes], int]:
    """
    What a snapshot is to be: what it covers, its blobs, the number that it replaces.

    Raises:
        Refusal: The body does not say that.
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict) and _whole(value.get("v")) == 1:
        covers, replaces = _whole(value.get("covers")), _whole(value.get("replaces"))
        blobs = _blobs(value.get("blobs"))
        if covers is not None and replaces is not None and blobs is not None:
            return covers, blobs, replaces
    raise Refusal(Code.BAD_REQUEST, "this does not say what a snapshot is to be")


def _blobs(names: object) -> list[bytes] | None:
    """Ids, none of them twice; nothing if that is something else."""
    if not isinstance(names, list) or len(names) > MAX_SNAPSHOT_BLOBS:
        return None
    found = [some_id(name, ID_BYTES) for name in names if isinstance(name, str)]
    blobs = [blob for blob in found if blob is not None]
    return blobs if len(set(blobs)) == len(names) else None


def _whole(value: object) -> int | None:
    """A number in JSON from 0 on, which may be spelt 7.0; nothing if it is none."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    # By exact type: a flag is a number to isinstance.
    return value if type(value) is int and 0 <= value <= MAX_POSITION else None
