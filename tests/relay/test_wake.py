from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.relay.client import BOX, KEY, OTHER_KEY, Client, name, serving
from tests.relay.test_server import FlakyStore
from whisker_sync.identity.mailbox import MailboxKey
from whisker_sync.relay.limits import Limits
from whisker_sync.relay.memory import MemoryStore
from whisker_sync.wire import relay as wire


@asynccontextmanager
async def listening(
    url: str, key: MailboxKey = KEY, **changes: Any
) -> AsyncIterator[ClientConnection]:
    target = wire.wake_target(BOX)
    stamp = Client(url, key).stamp("GET", target, **changes)
    async with connect(
        url.replace("http", "ws") + target,
        additional_headers={"Authorization": stamp},
        compression=None,
        proxy=None,
    ) as socket:
        yield socket


async def head(socket: ClientConnection) -> int:
    message = json.loads(await asyncio.wait_for(socket.recv(), 10))
    assert set(message) == {"v", "head"}
    return int(message["head"])


async def closed(socket: ClientConnection) -> int | None:
    with suppress(ConnectionClosed):
        while True:
            await asyncio.wait_for(socket.recv(), 10)
    return socket.close_code


async def test_who_listens_hears_at_once_and_whenever_there_is_more() -> None:
    async with serving(MemoryStore(), Limits()) as url, Client(url).http, listening(url) as socket:
        client = Client(url)
        assert await head(socket) == 0
        for number in (1, 2, 3):
            await client.ask("PUT", wire.entry_target(BOX, name(number)), b"entry")
            assert await head(socket) == number
        # Nothing new, nothing said; another mailbox is another matter.
        await client.ask("PUT", wire.entry_target(BOX, name(3)), b"entry")
        other = Client(url, OTHER_KEY)
        await other.ask("PUT", wire.entry_target(OTHER_KEY.mailbox, name(1)), b"entry")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.recv(), 0.2)
        async with listening(url) as late:
            assert await head(late) == 3
        await client.http.aclose()
        await other.http.aclose()


async def test_one_message_may_stand_for_many_entries() -> None:
    async with serving(MemoryStore(), Limits()) as url, listening(url) as socket:
        client = Client(url)
        async with client.http:
            await asyncio.gather(
                *(client.ask("PUT", wire.entry_target(BOX, name(n)), b"") for n in range(50))
            )
        heads = [await head(socket)]
        while heads[-1] < 50:
            heads.append(await head(socket))
        assert heads == sorted(set(heads))


@pytest.mark.parametrize(
    ("key", "changes", "status", "code"),
    [
        (OTHER_KEY, {}, 403, "wrong_mailbox"),
        (KEY, {"signature": bytes(64)}, 401, "bad_signature"),
        (KEY, {"body": b"body"}, 401, "bad_signature"),
        (KEY, {"now": 1_000_000_000}, 401, "clock_skew"),
    ],
)
async def test_who_may_not_listen_is_refused_as_elsewhere(
    key: MailboxKey, changes: dict[str, Any], status: int, code: str
) -> None:
    async with serving(MemoryStore(), Limits()) as url:
        with pytest.raises(InvalidStatus) as refused:
            async with listening(url, key, **changes):
                pass
    assert refused.value.response.status_code == status
    assert json.loads(refused.value.response.body)["error"]["code"] == code


async def test_who_replays_the_opening_is_refused() -> None:
    async with serving(MemoryStore(), Limits()) as url:
        now = int(time.time())
        async with listening(url, nonce=bytes(16), now=now):
            pass
        with pytest.raises(InvalidStatus) as refused:
            async with listening(url, nonce=bytes(16), now=now):
                pass
    assert json.loads(refused.value.response.body)["error"]["code"] == "replayed"


async def test_who_talks_is_hung_up_on() -> None:
    async with serving(MemoryStore(), Limits()) as url:
        async with listening(url) as socket:
            await socket.send("hello?")
            assert await closed(socket) == 1008
        async with listening(url) as socket:
            await socket.send(bytes(100_000))
            assert await closed(socket) == 1009


async def test_only_so_many_listen_to_one_mailbox() -> None:
    async with serving(MemoryStore(), replace(Limits(), listeners=2)) as url:
        async with listening(url), listening(url):
            with pytest.raises(InvalidStatus) as refused:
                async with listening(url):
                    pass
            assert refused.value.response.status_code == 503
        async with asyncio.timeout(10):
            while True:  # until it knows that they are gone
                with suppress(InvalidStatus):
                    async with listening(url) as socket:
                        assert await head(socket) == 0
                        return


async def test_when_the_relay_stops_who_listens_is_told() -> None:
    async with AsyncExitStack() as later:
        async with serving(MemoryStore(), Limits()) as url:
            socket = await later.enter_async_context(listening(url))
            assert await head(socket) == 0
        assert await closed(socket) == 1012


async def test_when_the_store_goes_away_who_listens_is_sent_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(FlakyStore, "is_away", False)
    store = FlakyStore()
    async with serving(store, Limits()) as url:
        async with listening(url) as socket:
            assert await head(socket) == 0
            FlakyStore.is_away = True
            store._listeners.wake_all()
            assert await closed(socket) == 1013
        with pytest.raises(InvalidStatus) as refused:
            async with listening(url):
                pass
        assert refused.value.response.status_code == 503
        FlakyStore.is_away = False
        async with listening(url) as socket:
            assert await head(socket) == 0
