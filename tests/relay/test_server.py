from __future__ import annotations

import asyncio
import json
import logging
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.relay.client import (
    BOX,
    KEY,
    OTHER_KEY,
    Client,
    answer_on,
    name,
    raw,
    refused,
    serving,
)
from whisker_sync.errors import StoreUnavailable
from whisker_sync.identity.mailbox import SKEW_SECONDS
from whisker_sync.ids import MailboxId
from whisker_sync.relay import app as relay_app
from whisker_sync.relay.guard import Rates
from whisker_sync.relay.limits import Limits
from whisker_sync.relay.memory import MemoryStore
from whisker_sync.relay.patience import Seats
from whisker_sync.relay.serve import listen
from whisker_sync.relay.server import DAY, Relay
from whisker_sync.relay.store import Totals
from whisker_sync.wire import relay as wire
from whisker_sync.wire.relay import OVERHEAD, Entry, Page

LIMITS = Limits()


class FlakyStore(MemoryStore):
    """A store that can be away."""

    is_away = False

    def __getattribute__(self, what: str) -> Any:
        asked = {"append", "read", "state", "claim", "totals", "put_blob", "snapshot"}
        if what in asked and FlakyStore.is_away:
            raise StoreUnavailable("connection refused by db.example:5432")
        return super().__getattribute__(what)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@asynccontextmanager
async def one(store: MemoryStore, limits: Limits = LIMITS, **options: Any) -> AsyncIterator[Client]:
    async with serving(store, limits, **options) as url:
        client = Client(url)
        async with client.http:
            yield client


@pytest.fixture
async def client(store: MemoryStore) -> AsyncIterator[Client]:
    async with one(store) as client:
        yield client


# What is asked for as it should be.


async def test_entries_are_appended_once_and_read_in_pages(client: Client) -> None:
    first = await client.ask("PUT", wire.entry_target(BOX, name(1)), b"one")
    again = await client.ask("PUT", wire.entry_target(BOX, name(1)), b"one")
    second = await client.ask("PUT", wire.entry_target(BOX, name(2)), b"")
    assert [each.status_code for each in (first, again, second)] == [201, 200, 201]
    assert first.json() == again.json()
    assert (first.json()["position"], second.json()["position"]) == (1, 2)
    answer = await client.ask("GET", wire.read_target(BOX, 0))
    assert answer.headers["content-type"] == "application/octet-stream"
    page = Page.decode(answer.content)
    assert page.entries == (Entry(name(1), b"one"), Entry(name(2), b""))
    assert page.incarnation.hex() == first.json()["incarnation"]
    answer = await client.ask("GET", wire.read_target(BOX, 1))
    assert Page.decode(answer.content).entries == (Entry(name(2), b""),)


async def test_a_page_of_megabytes_arrives(client: Client) -> None:
    bodies = [bytes([number]) * wire.MAX_ENVELOPE for number in range(3)]
    for number, body in enumerate(bodies):
        await client.ask("PUT", wire.entry_target(BOX, name(number)), body)
    page = Page.decode((await client.ask("GET", wire.read_target(BOX, 0))).content)
    assert [each.body for each in page.entries] == bodies


async def test_a_snapshot_is_put_read_and_replaced_and_entries_are_trimmed(client: Client) -> None:
    for number in (1, 2, 3):
        await client.ask("PUT", wire.entry_target(BOX, name(number)), b"entry")
    nothing = await client.ask("GET", wire.snapshot_target(BOX))
    assert refused(nothing) == (404, "no_snapshot")
    assert (await client.ask("PUT", wire.blob_target(BOX, name(7)), b"blob")).status_code == 201
    assert (await client.ask("PUT", wire.blob_target(BOX, name(7)), b"blob")).status_code == 200
    assert (await client.ask("GET", wire.blob_target(BOX, name(7)))).content == b"blob"

    snapshot = {"v": 1, "covers": 2, "blobs": [name(7).hex()], "replaces": 0}
    put = await client.ask("PUT", wire.snapshot_target(BOX), json.dumps(snapshot).encode())
    assert (put.status_code, put.json()) == (201, {"v": 1, "number": 1, "covers": 2})
    late = await client.ask("PUT", wire.snapshot_target(BOX), json.dumps(snapshot).encode())
    assert refused(late) == (409, "snapshot_changed")
    assert late.json()["error"]["number"] == 1
    found = (await client.ask("GET", wire.snapshot_target(BOX))).json()
    assert (found["number"], found["covers"], found["blobs"]) == (1, 2, [name(7).hex()])

    too_much = await client.ask("DELETE", wire.trim_target(BOX, 3))
    assert refused(too_much) == (409, "not_covered")
    trimmed = await client.ask("DELETE", wire.trim_target(BOX, 2))
    assert trimmed.json() == {"v": 1, "trimmed": 2, "first": 3}
    state = (await client.ask("GET", wire.mailbox_target(BOX))).json()
    assert (state["first"], state["head"], state["snapshot"]) == (3, 3, 1)
    assert state["bytes"] == 5 + 4 + 2 * OVERHEAD
    assert state["quota"] == LIMITS.quota


async def test_what_a_relay_takes_is_said_to_everybody(client: Client) -> None:
    answer = (await client.http.get(wire.LIMITS)).json()
    assert abs(answer.pop("time") - time.time()) < 5
    assert answer == {
        "v": 1,
        "envelope": LIMITS.envelope,
        "quota": LIMITS.quota,
        "days": LIMITS.days,
    }
    assert (await client.http.get("/healthz")).json() == {"v": 1, "ok": True}


async def test_it_can_be_mounted_in_another_application(store: MemoryStore) -> None:
    relay = Relay(store)
    whole = Starlette(routes=[Mount("/club/v1/mail", relay)])
    transport = httpx2.ASGITransport(app=whole)
    target = wire.entry_target(BOX, name(1))
    async with relay, httpx2.AsyncClient(transport=transport, base_url="http://club") as http:
        headers = {"Authorization": Client("http://club").stamp("PUT", target, b"one")}
        answer = await http.put(f"/club/v1/mail{target}", content=b"one", headers=headers)
    assert answer.status_code == 201


async def test_an_answer_does_not_wait_for_more_to_come() -> None:
    """Without TCP_NODELAY each answer to a client that keeps its connection takes 40 ms."""
    arrived: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
    listener = listen("127.0.0.1", 0)
    server = await asyncio.start_server(lambda _, writer: arrived.put_nowait(writer), sock=listener)
    async with server, raw(f"http://127.0.0.1:{listener.getsockname()[1]}"):
        writer = await arrived.get()
        theirs = writer.get_extra_info("socket")
        assert theirs.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        writer.transport.abort()


async def test_its_lifespan_opens_and_closes_the_store(store: MemoryStore) -> None:
    said: list[str] = []
    events = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> dict[str, Any]:
        return {"type": next(events)}

    async def send(message: Any) -> None:
        said.append(message["type"])

    await relay_app(store)({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)
    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


# Who may not.

EVERYTHING = [
    ("GET", wire.mailbox_target(BOX)),
    ("GET", wire.read_target(BOX, 0)),
    ("DELETE", wire.trim_target(BOX, 0)),
    ("PUT", wire.entry_target(BOX, name(1))),
    ("PUT", wire.blob_target(BOX, name(1))),
    ("GET", wire.blob_target(BOX, name(1))),
    ("PUT", wire.snapshot_target(BOX)),
    ("GET", wire.snapshot_target(BOX)),
]


@pytest.mark.parametrize(("method", "target"), EVERYTHING)
async def test_nothing_is_done_that_is_not_signed(
    method: str, target: str, client: Client, store: MemoryStore
) -> None:
    assert refused(await client.http.request(method, target)) == (401, "not_signed")
    for header in ("Whisker abc", "Basic dXNlcjpwYXNz", client.stamp(method, target)[:-2]):
        answer = await client.http.request(method, target, headers={"Authorization": header})
        assert refused(answer) == (401, "not_signed")
    assert await store.totals() == Totals(0, 0, 0)


@pytest.mark.parametrize(("method", "target"), EVERYTHING)
async def test_the_key_of_another_mailbox_or_epoch_opens_nothing(
    method: str, target: str, client: Client, store: MemoryStore
) -> None:
    client.key = OTHER_KEY
    assert refused(await client.ask(method, target, b"{}")) == (403, "wrong_mailbox")
    assert await store.totals() == Totals(0, 0, 0)


@pytest.mark.parametrize(("method", "target"), EVERYTHING)
async def test_a_request_that_was_changed_on_the_way_is_refused(
    method: str, target: str, client: Client, store: MemoryStore
) -> None:
    body = b"body" if method == "PUT" else b""
    for header in (
        client.stamp("POST", target, body),
        client.stamp(method, target + "0", body),
        client.stamp(method, target, body, signature=bytes(64)),
        client.stamp(method, target, body, time=int(time.time()) + 1),
        client.stamp(method, target, body + b"!"),
    ):
        answer = await client.http.request(
            method, target, content=body or None, headers={"Authorization": header}
        )
        assert refused(answer) == (401, "bad_signature")
    assert await store.totals() == Totals(0, 0, 0)


async def test_a_clock_may_be_five_minutes_off_and_no_more(store: MemoryStore) -> None:
    async with one(store, clock=lambda: 1_800_000_000.0) as client:
        for off in (-SKEW_SECONDS, SKEW_SECONDS):
            answer = await client.ask("GET", wire.mailbox_target(BOX), now=1_800_000_000 + off)
            assert refused(answer) == (404, "unknown_mailbox")
        for off in (-SKEW_SECONDS - 1, SKEW_SECONDS + 1, -1_800_000_000, 1 << 62):
            answer = await client.ask("GET", wire.mailbox_target(BOX), now=1_800_000_000 + off)
            assert refused(answer) == (401, "clock_skew")
            assert answer.json()["error"]["time"] == 1_800_000_000


async def test_a_request_is_good_for_once(client: Client) -> None:
    target = wire.entry_target(BOX, name(1))
    headers = {"Authorization": client.stamp("PUT", target, b"one")}
    assert (await client.http.put(target, content=b"one", headers=headers)).status_code == 201
    answer = await client.http.put(target, content=b"one", headers=headers)
    assert refused(answer) == (401, "replayed")


async def test_a_nonce_of_one_mailbox_is_new_in_another(client: Client) -> None:
    first = await client.ask("GET", wire.mailbox_target(BOX), nonce=bytes(16))
    assert refused(first) == (404, "unknown_mailbox")
    client.key = OTHER_KEY
    second = await client.ask("GET", wire.mailbox_target(OTHER_KEY.mailbox), nonce=bytes(16))
    assert refused(second) == (404, "unknown_mailbox")


async def test_a_request_that_proves_nothing_uses_no_nonce(client: Client) -> None:
    target = wire.mailbox_target(BOX)
    forged = await client.ask("GET", target, nonce=bytes(16), signature=bytes(64))
    assert refused(forged) == (401, "bad_signature")
    assert refused(await client.ask("GET", target, nonce=bytes(16))) == (404, "unknown_mailbox")


# What is not there, or not as it must be.


@pytest.mark.parametrize(
    ("method", "target", "code"),
    [
        ("GET", wire.mailbox_target(BOX), "unknown_mailbox"),
        ("GET", wire.read_target(BOX, 0), "unknown_mailbox"),
        ("DELETE", wire.trim_target(BOX, 0), "unknown_mailbox"),
        ("GET", wire.blob_target(BOX, name(1)), "unknown_blob"),
        ("GET", wire.snapshot_target(BOX), "no_snapshot"),
    ],
)
async def test_of_an_unknown_mailbox_nothing_is_there(
    method: str, target: str, code: str, client: Client
) -> None:
    assert refused(await client.ask(method, target)) == (404, code)


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", f"/v1/mailboxes/{BOX.hex()[:-2]}"),
        ("GET", f"/v1/mailboxes/{BOX.hex().upper()}"),
        ("PUT", f"/v1/mailboxes/{BOX.hex()}/entries/{name(1).hex()}00"),
        ("PUT", f"/v1/mailboxes/{BOX.hex()}/blobs/{name(10).hex().upper()}"),
        ("GET", f"/v1/mailboxes/{BOX.hex()}/entries"),
        ("GET", f"/v1/mailboxes/{BOX.hex()}/entries?after=-1"),
        ("GET", f"/v1/mailboxes/{BOX.hex()}/entries?after=01"),
        ("GET", f"/v1/mailboxes/{BOX.hex()}/entries?after=1&after=2"),
        ("GET", f"/v1/mailboxes/{BOX.hex()}/entries?after={1 << 53}"),
        ("GET", f"/v1/mailboxes/{BOX.hex()}/entries?upto=1"),
        ("DELETE", f"/v1/mailboxes/{BOX.hex()}/entries?after=1"),
        ("GET", f"/v1/mailboxes/{BOX.hex()}/wake"),
    ],
)
async def test_what_is_spelt_otherwise_is_no_request(
    method: str, target: str, client: Client
) -> None:
    assert refused(await client.ask(method, target)) == (400, "bad_request")


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"covers": -1},
        {"covers": 1.5},
        {"covers": True},
        {"covers": 1 << 53},
        {"replaces": "0"},
        {"blobs": "00"},
        {"blobs": [name(1).hex(), name(1).hex()]},
        {"blobs": [name(1).hex()[:-1]]},
        {"blobs": [1]},
        {"blobs": [name(number).hex() for number in range(wire.MAX_SNAPSHOT_BLOBS + 1)]},
    ],
    ids=str,
)
async def test_a_snapshot_that_makes_no_sense_is_no_request(
    change: dict[str, Any], client: Client
) -> None:
    await client.ask("PUT", wire.entry_target(BOX, name(1)), b"one")
    await client.ask("PUT", wire.blob_target(BOX, name(1)), b"one")
    body = json.dumps({"v": 1, "covers": 1, "blobs": [], "replaces": 0} | change).encode()
    answer = await client.ask("PUT", wire.snapshot_target(BOX), body)
    assert refused(answer) == (400, "bad_request")


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"[" * 50_000, b'{"v": 1}', b"NaN"])
async def test_bytes_that_are_no_snapshot_are_no_request(body: bytes, client: Client) -> None:
    answer = await client.ask("PUT", wire.snapshot_target(BOX), body)
    assert refused(answer) == (400, "bad_request")


async def test_a_snapshot_of_the_most_blobs_is_one(client: Client, store: MemoryStore) -> None:
    for number in range(wire.MAX_SNAPSHOT_BLOBS):
        await store.put_blob(BOX, Entry(name(number), b""), time.time(), 1 << 40)
    names = [name(number).hex() for number in range(wire.MAX_SNAPSHOT_BLOBS)]
    body = json.dumps({"v": 1, "covers": 0, "blobs": names, "replaces": 0}).encode()
    assert len(body) <= wire.MAX_SNAPSHOT_BODY
    assert (await client.ask("PUT", wire.snapshot_target(BOX), body)).status_code == 201
    body = json.dumps({"v": 1, "covers": 0, "blobs": ["f" * 32], "replaces": 1}).encode()
    answer = await client.ask("PUT", wire.snapshot_target(BOX), body)
    assert refused(answer) == (409, "missing_blob")
    assert answer.json()["error"]["blob"] == "f" * 32


async def test_other_bytes_under_an_id_are_refused(client: Client) -> None:
    for target in (wire.entry_target(BOX, name(1)), wire.blob_target(BOX, name(1))):
        await client.ask("PUT", target, b"one")
        assert refused(await client.ask("PUT", target, b"two")) == (409, "different_content")


async def test_other_paths_and_methods_are_refused(client: Client) -> None:
    for path in ("/", "/v1", "/v2/limits", f"{wire.mailbox_target(BOX)}/", "/v1/mailboxes"):
        assert refused(await client.ask("GET", path)) == (404, "no_such_path")
    for method, path, allowed in (
        ("POST", wire.entry_target(BOX, name(1)), "PUT"),
        ("DELETE", wire.snapshot_target(BOX), "GET, PUT"),
        ("HEAD", wire.mailbox_target(BOX), "GET"),
        ("PUT", wire.LIMITS, "GET"),
    ):
        answer = await client.ask(method, path)
        assert answer.status_code == 405
        assert answer.headers["allow"] == allowed
        assert method == "HEAD" or refused(answer) == (405, "wrong_method")


async def test_bytes_that_are_no_http_are_refused(client: Client) -> None:
    async with raw(client.url) as (reader, writer):
        writer.write(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello, TLS?\r\n\r\n")
        assert (await asyncio.wait_for(reader.readline(), 10)).startswith(b"HTTP/1.1 400 ")


# How much, and how often.


async def test_an_envelope_has_a_limit(client: Client) -> None:
    target = wire.entry_target(BOX, name(1))
    most = await client.ask("PUT", target, bytes(LIMITS.envelope))
    assert most.status_code == 201
    for target in (wire.entry_target(BOX, name(2)), wire.blob_target(BOX, name(2))):
        answer = await client.ask("PUT", target, bytes(LIMITS.envelope + 1))
        assert refused(answer) == (413, "too_large")
    # What is refused is read away, so that the answer gets through, and the next one, too.
    answer = await client.ask("PUT", target, bytes(8 * LIMITS.envelope))
    assert refused(answer) == (413, "too_large")
    assert (await client.ask("GET", wire.mailbox_target(BOX))).status_code == 200


async def test_a_body_of_unknown_length_is_read_up_to_the_limit(store: MemoryStore) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 64 * LIMITS.envelope:
            sent += LIMITS.envelope
            yield bytes(LIMITS.envelope)

    async with one(store, replace(LIMITS, drain_seconds=0.2)) as client:
        target = wire.entry_target(BOX, name(1))
        headers = {"Authorization": client.stamp("PUT", target, b"")}
        try:
            answer = await client.http.put(target, content=endless(), headers=headers)
            assert refused(answer) == (413, "too_large")
        except httpx2.TransportError:
            assert sent < 64 * LIMITS.envelope  # we hung up on it
        assert await store.state(BOX, time.time()) is None


async def test_a_mailbox_and_a_relay_have_a_quota(store: MemoryStore) -> None:
    limits = replace(LIMITS, quota=OVERHEAD + 10, total=OVERHEAD + 10)
    async with one(store, limits) as client:
        target = wire.entry_target(BOX, name(1))
        assert refused(await client.ask("PUT", target, bytes(11))) == (507, "mailbox_full")
        assert (await client.ask("PUT", target, bytes(10))).status_code == 201
        more = await client.ask("PUT", wire.blob_target(BOX, name(1)), b"")
        assert refused(more) == (507, "mailbox_full")
        # Whoever is in already, and only reads, does not care.
        assert (await client.ask("GET", wire.read_target(BOX, 0))).status_code == 200
    async with one(store, replace(LIMITS, total=OVERHEAD + 10)) as client:
        client.key = OTHER_KEY
        target = wire.entry_target(OTHER_KEY.mailbox, name(1))
        assert refused(await client.ask("PUT", target, b"")) == (507, "relay_full")


async def test_a_mailbox_may_be_used_so_often(store: MemoryStore) -> None:
    async with one(store, replace(LIMITS, requests=0.5, burst=3)) as client:
        for _ in range(3):
            answer = await client.ask("GET", wire.mailbox_target(BOX))
            assert refused(answer) == (404, "unknown_mailbox")
        answer = await client.ask("GET", wire.mailbox_target(BOX))
        assert refused(answer) == (429, "too_fast")
        assert answer.headers["retry-after"] == "2"
        client.key = OTHER_KEY
        answer = await client.ask("GET", wire.mailbox_target(OTHER_KEY.mailbox))
        assert refused(answer) == (404, "unknown_mailbox")


def test_rates_are_those_of_the_long_run_and_of_bursts(monkeypatch: pytest.MonkeyPatch) -> None:
    rates = Rates(8.0, 5)
    assert [rates.take(BOX, 100.0) for _ in range(5)] == [0.0] * 5
    assert rates.take(BOX, 100.0) == 0.125
    assert rates.take(BOX, 100.125) == 0.0
    assert rates.take(BOX, 100.125) > 0
    assert rates.take(BOX, 90.0) > 0  # the clock was put back
    assert [rates.take(BOX, 1000.0) for _ in range(6)][:5] == [0.0] * 5
    monkeypatch.setattr("whisker_sync.relay.guard.MAX_RATES", 10)
    for number in range(100):
        rates.take(MailboxId(bytes([number]) * 32), 1000.0)
    assert len(rates._buckets) <= 10
    assert rates.take(MailboxId(bytes([99]) * 32), 1000.0) == 0.0


async def test_what_is_under_way_has_its_place_in_memory(store: MemoryStore) -> None:
    limits = replace(LIMITS, memory=LIMITS.envelope)
    async with one(store, limits) as client, raw(client.url) as (_, writer):
        target = wire.entry_target(BOX, name(1))
        stamp = client.stamp("PUT", target, bytes(LIMITS.envelope))
        writer.write(
            f"PUT {target} HTTP/1.1\r\nHost: relay\r\nAuthorization: {stamp}\r\n"
            f"Content-Length: {LIMITS.envelope}\r\n\r\n".encode()
        )
        other = wire.entry_target(BOX, name(2))
        assert refused(await client.until(503, "PUT", other, b"x")) == (503, "unavailable")
        writer.transport.abort()
        await client.until(200, "PUT", other, b"x")


# Whoever is slow.

HASTY = replace(
    LIMITS,
    header_seconds=0.3,
    pause_seconds=0.3,
    body_seconds=0.8,
    drain_seconds=0.3,
    send_seconds=0.3,
)


@pytest.mark.alone
@pytest.mark.parametrize("said", [b"", b"GET /v1/lim", b"GET /v1/limits HTTP/1.1\r\nHost: x\r\n"])
async def test_a_head_that_comes_too_slowly_is_not_waited_for(
    said: bytes, store: MemoryStore
) -> None:
    async with one(store, HASTY) as client, raw(client.url) as (reader, writer):
        writer.write(said)
        assert await answer_on(reader) == (408, "too_slow")
        assert await reader.read() == b""


@pytest.mark.alone
async def test_a_head_that_comes_drop_by_drop_is_not_waited_for(store: MemoryStore) -> None:
    async with one(store, HASTY) as client, raw(client.url) as (reader, writer):
        answer = asyncio.create_task(answer_on(reader))
        for letter in b"GET /v1/limits HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"x" * 1000:
            if answer.done():
                break
            writer.write(bytes([letter]))
            await asyncio.sleep(0.01)
        assert await answer == (408, "too_slow")


@pytest.mark.alone
async def test_the_head_of_a_second_request_is_not_waited_for_either(store: MemoryStore) -> None:
    async with one(store, HASTY) as client, raw(client.url) as (reader, writer):
        writer.write(b"GET /v1/limits HTTP/1.1\r\nHost: x\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readuntil(b"}")
        assert head.startswith(b"HTTP/1.1 200")
        await asyncio.sleep(0.5)  # a connection may be idle for longer
        writer.write(b"GET /v1/limits HTTP/1.1\r\nHo")
        assert await answer_on(reader) == (408, "too_slow")


@pytest.mark.alone
@pytest.mark.parametrize("pause", [0.05, 5.0])
async def test_a_body_that_comes_too_slowly_is_not_waited_for(
    pause: float, store: MemoryStore
) -> None:
    async with one(store, HASTY) as client, raw(client.url) as (reader, writer):
        target = wire.entry_target(BOX, name(1))
        stamp = client.stamp("PUT", target, bytes(1000))
        writer.write(
            f"PUT {target} HTTP/1.1\r\nHost: relay\r\nAuthorization: {stamp}\r\n"
            f"Content-Length: 1000\r\n\r\n".encode()
        )
        answer = asyncio.create_task(answer_on(reader))
        for _ in range(100):
            writer.write(b"\0")
            await asyncio.wait({answer}, timeout=pause)
            if answer.done():
                break
        assert await answer == (408, "too_slow")
        # And then we do not read on for ever.
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        assert await store.state(BOX, time.time()) is None


@pytest.mark.alone
async def test_a_reader_that_does_not_read_is_hung_up_on(store: MemoryStore) -> None:
    for number in range(4):
        await store.append(BOX, Entry(name(number), bytes(1 << 20)), time.time(), 1 << 40)
    limits = replace(LIMITS, memory=5 << 20, send_seconds=2.0)
    async with one(store, limits) as client, raw(client.url) as (reader, writer):
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        target = wire.read_target(BOX, 0)
        for _ in range(4):  # more than the system takes by itself
            stamp = client.stamp("GET", target)
            writer.write(
                f"GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: {stamp}\r\n\r\n".encode()
            )
        # A page for this reader is in memory, and then its place is free again.
        await client.until(503, "GET", target)
        answer = await client.until(200, "GET", target)
        assert len(Page.decode(answer.content).entries) == 4
        reader._transport.resume_reading()  # type: ignore[attr-defined]
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(17 << 20)


async def test_only_so_many_are_connected_at_a_time(store: MemoryStore) -> None:
    async with one(store, replace(LIMITS, connections=2)) as client:
        async with raw(client.url), raw(client.url), raw(client.url) as (reader, _):
            assert await answer_on(reader) == (503, "unavailable")
        await client.until(404, "GET", wire.mailbox_target(BOX))


def test_an_address_has_only_so_many_connections_but_this_machine() -> None:
    seats = Seats(replace(LIMITS, connections=10, connections_each=2))
    assert [seats.enter("192.0.2.1") for _ in range(3)] == [True, True, False]
    assert seats.enter("192.0.2.2")
    assert all(seats.enter(host) for host in ("127.0.0.1", "127.0.0.1", "::1", "", "127.0.0.1"))
    seats.leave("192.0.2.1")
    assert [seats.enter("192.0.2.1") for _ in range(2)] == [True, False]
    assert [seats.enter("127.0.0.1") for _ in range(3)] == [True, True, False]


# When the store is away.


@pytest.fixture
def flaky(monkeypatch: pytest.MonkeyPatch) -> FlakyStore:
    monkeypatch.setattr(FlakyStore, "is_away", False)
    return FlakyStore()


async def test_while_the_store_is_away_clients_are_told_to_come_back(flaky: FlakyStore) -> None:
    async with one(flaky) as client:
        target = wire.entry_target(BOX, name(1))
        assert (await client.ask("PUT", target, b"one")).status_code == 201
        FlakyStore.is_away = True
        for method, path in EVERYTHING:
            answer = await client.ask(method, path)
            assert refused(answer) == (503, "unavailable")
            assert "db.example" not in answer.text
        assert refused(await client.http.get("/healthz")) == (503, "unavailable")
        assert (await client.http.get(wire.LIMITS)).status_code == 200
        FlakyStore.is_away = False
        assert (await client.http.get("/healthz")).status_code == 200
        assert (await client.ask("PUT", target, b"one")).status_code == 200


class BrokenStore(MemoryStore):
    """A store with a mistake in it."""

    async def state(self, mailbox: MailboxId, now: float) -> None:
        raise ZeroDivisionError


async def test_a_mistake_of_ours_is_said_without_details(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with one(BrokenStore()) as client:
        answer = await client.ask("GET", wire.mailbox_target(BOX))
        assert refused(answer) == (500, "failed")
        assert "ZeroDivision" not in answer.text
    assert "ZeroDivisionError" in caplog.text


# What the operator sees.


async def test_the_log_tells_what_happens_and_no_secrets(
    store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with one(store) as client:
        target = wire.entry_target(BOX, name(0xABCDEF))
        await client.ask("PUT", target, b"marker-of-a-body")
        await client.http.get(target, headers={"Authorization": "Whisker secret"})
    text = "\n".join(each.getMessage() for each in caplog.records if "httpx" not in each.name)
    assert f"append {BOX.hex()[:6]} 201, 16 in" in text
    for secret in (BOX.hex()[:8], "abcdef", "marker", "secret", "127.0.0.1", KEY.public.hex()):
        assert secret not in text


async def test_addresses_are_logged_if_the_operator_wants_them(
    store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with one(store, addresses=True) as client:
        await client.ask("GET", wire.mailbox_target(BOX))
    assert "ms 127.0.0.1" in caplog.text


async def test_numbers_are_there_if_the_operator_wants_them(store: MemoryStore) -> None:
    async with one(store) as client:
        assert refused(await client.http.get("/metrics")) == (404, "no_such_path")
    async with one(store, metrics=True) as client:
        await client.ask("PUT", wire.entry_target(BOX, name(1)), b"one")
        await client.ask("GET", wire.read_target(BOX, 7))
        text = (await client.http.get("/metrics")).text
    assert 'whisker_relay_requests_total{what="append",status="201",' in text
    assert 'whisker_relay_request_seconds_count{what="read",' in text
    assert "whisker_relay_mailboxes 0\n" in text  # as it was counted at the start
    for line in text.splitlines():
        if not line.startswith("#"):
            float(line.rpartition(" ")[2])
    assert BOX.hex()[:6] not in text


async def test_what_is_old_is_forgotten_while_a_relay_runs(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("whisker_sync.relay.server.FORGET_SECONDS", 0.05)
    async with one(store) as client:
        await client.ask("GET", wire.mailbox_target(BOX))  # it has looked for the first time
        for number, days in ((1, 31), (2, 29)):
            then = time.time() - days * DAY
            await store.append(BOX, Entry(name(number), b"entry"), then, 1 << 40)
        async with asyncio.timeout(20):
            page = None
            while page is None or page.first == 1:
                answer = await client.ask("GET", wire.read_target(BOX, 0))
                page = Page.decode(answer.content)
    assert [each.id for each in page.entries] == [name(2)]


class ClumsyStore(MemoryStore):
    """A store that fails when it is asked to forget for the first time."""

    has_failed = False

    async def forget(self, before: float) -> int:
        if not self.has_failed:
            self.has_failed = True
            raise ZeroDivisionError
        return await super().forget(before)


async def test_a_mistake_in_tidying_up_does_not_end_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("whisker_sync.relay.server.FORGET_SECONDS", 0.05)
    store = ClumsyStore()
    await store.append(BOX, Entry(name(1), b"old"), time.time() - 31 * DAY, 1 << 40)
    async with one(store), asyncio.timeout(20):
        while True:  # not by asking: that would be a use
            if (await store.totals()).mailboxes == 0:
                break
            await asyncio.sleep(0.02)
    assert "ZeroDivisionError" in caplog.text
