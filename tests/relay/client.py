"""Who uses a relay in tests: signs requests, well or badly, and sends them over real sockets."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx2
import uvicorn

from whisker_sync.identity.mailbox import MailboxKey, Stamp
from whisker_sync.relay.limits import Limits
from whisker_sync.relay.patience import Settings
from whisker_sync.relay.serve import listen
from whisker_sync.relay.server import Relay
from whisker_sync.relay.store import RelayStore

KEY = MailboxKey(bytes(range(32)))
BOX = KEY.mailbox
OTHER_KEY = MailboxKey(bytes(32))


def name(number: int) -> bytes:
    """The id of an entry or blob."""
    return number.to_bytes(16, "big")


class Client:
    """Somebody who has the key of a mailbox."""

    def __init__(self, url: str, key: MailboxKey = KEY) -> None:
        self.url = url
        self.key = key
        self.http = httpx2.AsyncClient(base_url=url, trust_env=False, timeout=20)

    def stamp(self, method: str, target: str, body: bytes = b"", **changes: Any) -> str:
        """A stamp for a request; with ``changes`` it is no good one."""
        now = changes.pop("now", int(time.time()))
        nonce = changes.pop("nonce", os.urandom(16))
        made = Stamp.sign(self.key, method, target, body, now, nonce)
        return replace(made, **changes).encode()

    async def ask(
        self, method: str, target: str, body: bytes = b"", **changes: Any
    ) -> httpx2.Response:
        """Make a signed request."""
        headers = {"Authorization": self.stamp(method, target, body, **changes)}
        return await self.http.request(method, target, content=body or None, headers=headers)

    async def until(
        self, status: int, method: str, target: str, body: bytes = b""
    ) -> httpx2.Response:
        """Make a request again and again until it is answered with this status."""
        async with asyncio.timeout(20):
            while True:
                answer = await self.ask(method, target, body)
                if answer.status_code == status:
                    return answer
                await asyncio.sleep(0.02)


def refused(answer: httpx2.Response) -> tuple[int, str]:
    """The status and the code of a refusal, which has the form that all of them have."""
    content = answer.json()
    assert content["v"] == 1
    assert content["error"]["sentence"]
    assert answer.headers["content-type"] == "application/json"
    if answer.status_code == 401:
        assert answer.headers["www-authenticate"] == "Whisker"
    if answer.status_code in {429, 503, 507}:
        assert int(answer.headers["retry-after"]) >= 1
    return answer.status_code, content["error"]["code"]


@asynccontextmanager
async def serving(store: RelayStore, limits: Limits, **options: Any) -> AsyncIterator[str]:
    """A relay on a real port; its URL."""
    listener = listen("127.0.0.1", 0)
    async with Relay(store, limits, **options) as relay:
        server = uvicorn.Server(Settings(relay, limits, lifespan="off", log_config=None))
        task = asyncio.create_task(server.serve([listener]))
        while not server.started:  # noqa: ASYNC110 (it is all that uvicorn says)
            await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


@asynccontextmanager
async def raw(url: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A bare connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def answer_on(reader: asyncio.StreamReader) -> tuple[int, str]:
    """The status and the code that come on a bare connection."""
    async with asyncio.timeout(10):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        content = json.loads(await reader.readexactly(length))
    return int(head.split()[1]), content["error"]["code"]
