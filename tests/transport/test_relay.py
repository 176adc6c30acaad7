"""The client of a relay, against a server that answers what each test says."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from random import Random

import pytest

from whisker_sync.errors import RelayRefused
from whisker_sync.identity.mailbox import MailboxKey, Stamp
from whisker_sync.ids import Incarnation
from whisker_sync.sync.mailbox import Snapshot
from whisker_sync.transport import relay as subject
from whisker_sync.transport.relay import Relay
from whisker_sync.wire.relay import Entry, Page

BOX = MailboxKey(b"b" * 32)
ID, ENVELOPE = b"i" * 16, b"i" * 16 + b"an envelope"
KEPT = b'{"v": 1, "incarnation": "6c6966652d6f6e65", "position": 1}'
PAGE = Page(Incarnation(b"life-one"), 1, 1, 1, (Entry(ID, ENVELOPE),))

Reply = tuple[int, bytes] | tuple[int, bytes, str] | None
"""Status, body and further headers; None: hang up without a word."""


def error(code: str, **more: object) -> bytes:
    said = {"code": code, "sentence": "because the test says so", **more}
    return json.dumps({"v": 1, "error": said}).encode()


class Server:
    """Answers one request after the other with what stands in ``replies``."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.heard: list[tuple[str, str, Stamp | None, bytes]] = []
        self.url = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await self.answer_one(reader, writer)
        writer.close()

    async def answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
        spelled = next(line for line in lines if line.lower().startswith("authorization"))
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        method, target, _ = first.split(" ")
        self.heard.append((method, target, Stamp.decode(spelled.split(": ", 1)[1]), body))
        reply = self.replies.pop(0) if self.replies else (200, b"{}")
        if reply is None:
            raise ConnectionError
        status, content, *more = reply
        head = f"HTTP/1.1 {status} x\r\nContent-Length: {len(content)}\r\n"
        writer.write(head.encode() + "".join(more).encode() + b"\r\n" + content)
        await writer.drain()


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    monkeypatch.setattr(subject, "BACKOFF", (0.001, 0.004))
    scripted = Server()
    listener = await asyncio.start_server(scripted.answer, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    scripted.url = f"http://127.0.0.1:{port}/mounted/here/"
    yield scripted
    listener.close()


@pytest.fixture
async def relay(server: Server) -> AsyncIterator[Relay]:
    client = Relay(
        server.url,
        clock=lambda: 1_000_000.0,
        draw=Random(1).randbytes,
        dice=Random(2),
        reached=STATES.append,
    )
    STATES.clear()
    yield client
    await client.close()


STATES: list[str | None] = []


async def test_each_request_is_signed_for_itself(server: Server, relay: Relay) -> None:
    server.replies = [(201, KEPT), (200, PAGE.encode())]
    await relay.post(BOX, ID, ENVELOPE)
    assert await relay.read(BOX, 7) == PAGE
    nonces = set()
    for method, target, stamp, _ in server.heard:
        assert stamp is not None
        assert stamp.mailbox == BOX.mailbox
        assert stamp.time == 1_000_000
        assert stamp.proves(method, target.removeprefix("/mounted/here"))
        nonces.add(stamp.nonce)
    assert len(nonces) == 2
    assert server.heard[0][3] == ENVELOPE
    assert server.heard[1][1].endswith("/entries?after=7")
    assert STATES == [None, None]


@pytest.mark.parametrize(
    "trouble",
    [
        None,
        (500, error("failed")),
        (502, b"<html>a proxy's page</html>"),
        (503, error("unavailable")),
        (504, b""),
        (408, error("too_slow")),
        (429, error("too_fast")),
        (200, b"a page of somebody else"),
        (302, b"", "Location: http://192.0.2.1/\r\n"),
        (404, b"<html>nothing here</html>"),
        (404, error("no_such_thing")[:-5]),
        (403, b"[]"),
    ],
    ids=str,
)
async def test_whatever_is_no_answer_is_asked_again(
    server: Server, relay: Relay, trouble: Reply
) -> None:
    server.replies = [trouble, trouble, (200, PAGE.encode())]
    assert await relay.read(BOX, 0) == PAGE
    assert len(server.heard) == 3
    assert [state is None for state in STATES] == [False, False, True]


async def test_the_same_envelope_is_left_again_until_there_is_an_answer(
    server: Server, relay: Relay
) -> None:
    server.replies = [None, (201, b'{"v": 1, "inc'), (200, KEPT)]
    await relay.post(BOX, ID, ENVELOPE)
    assert [(method, body) for method, _, _, body in server.heard] == [("PUT", ENVELOPE)] * 3


async def test_a_relay_that_is_not_there_is_asked_until_it_is(server: Server, relay: Relay) -> None:
    url, relay.url = relay.url, "http://127.0.0.1:1"

    def reached(problem: str | None) -> None:
        STATES.append(problem)
        if len(STATES) == 3:
            relay.url = url

    relay._reached = reached
    server.replies = [(200, PAGE.encode())]
    assert await relay.read(BOX, 0) == PAGE
    assert None not in STATES[:3]
    assert STATES[3:] == [None]


async def test_retry_after_is_heeded(
    server: Server, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited = []
    sleep = asyncio.sleep

    async def noting(seconds: float) -> None:
        waited.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", noting)
    monkeypatch.setattr(subject, "BACKOFF", (0.001, 60.0))
    server.replies = [
        (429, error("too_fast"), "Retry-After: 7\r\n"),
        (503, error("unavailable"), "Retry-After: 99999\r\n"),
        (503, error("unavailable"), "Retry-After: tomorrow\r\n"),
        (200, PAGE.encode()),
    ]
    await relay.read(BOX, 0)
    assert waited[:2] == [7.0, 60.0]
    assert waited[2] < 0.01


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "bad_request"),
        (403, "wrong_mailbox"),
        (405, "wrong_method"),
        (409, "different_content"),
        (413, "too_large"),
        (507, "mailbox_full"),
    ],
)
async def test_what_a_relay_refuses_is_told(
    server: Server, relay: Relay, status: int, code: str
) -> None:
    server.replies = [(status, error(code))]
    with pytest.raises(RelayRefused, match="because the test says so") as refused:
        await relay.post(BOX, ID, ENVELOPE)
    assert refused.value.code == code
    assert len(server.heard) == 1


async def test_a_wrong_clock_is_put_right_once(server: Server, relay: Relay) -> None:
    server.replies = [(401, error("clock_skew", time=2_000_000)), (200, PAGE.encode())]
    assert await relay.read(BOX, 0) == PAGE
    times = [stamp.time for _, _, stamp, _ in server.heard if stamp is not None]
    assert times == [1_000_000, 2_000_000]


async def test_a_relay_that_never_takes_a_stamp_is_not_asked_for_ever(
    server: Server, relay: Relay
) -> None:
    server.replies = [(401, error("bad_signature"))] * 9
    with pytest.raises(RelayRefused):
        await relay.read(BOX, 0)
    assert len(server.heard) == 3


async def test_a_mailbox_that_does_not_exist_is_empty(server: Server, relay: Relay) -> None:
    server.replies = [(404, error("unknown_mailbox")), (404, error("no_snapshot"))]
    assert await relay.read(BOX, 0) == Page(Incarnation(b""), 1, 0, 1, ())
    assert await relay.snapshot(BOX, 9) is None


async def test_an_answer_without_end_is_none(
    server: Server, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "MAX_ANSWER", 1000)
    server.replies = [(200, bytes(1001)), (200, PAGE.encode())]
    assert await relay.read(BOX, 0) == PAGE
    assert len(server.heard) == 2


def listed(*ids: bytes, **change: object) -> tuple[int, bytes]:
    fields = {
        "v": 1,
        "incarnation": b"life-one".hex(),
        "number": 3,
        "covers": 42,
        "blobs": [id_.hex() for id_ in ids],
    }
    return 200, json.dumps({**fields, **change}).encode()


async def test_a_snapshot_is_read_with_its_blobs_in_order(server: Server, relay: Relay) -> None:
    server.replies = [listed(b"a" * 16, b"b" * 16), (200, b"first"), (200, b"second")]
    found = await relay.snapshot(BOX, 9)
    assert found == Snapshot(Incarnation(b"life-one"), 42, (b"first", b"second"))
    assert [target[-32:] for _, target, _, _ in server.heard[1:]] == ["61" * 16, "62" * 16]


async def test_a_snapshot_that_is_replaced_while_it_is_read_is_asked_for_again(
    server: Server, relay: Relay
) -> None:
    server.replies = [
        listed(b"a" * 16),
        (404, error("unknown_blob")),
        listed(b"b" * 16),
        (200, b"newer"),
    ]
    found = await relay.snapshot(BOX, 9)
    assert found is not None
    assert found.blobs == (b"newer",)


@pytest.mark.parametrize(
    "change",
    [{"incarnation": "x"}, {"covers": "42"}, {"blobs": ["zz"]}, {"blobs": [7]}, {"blobs": None}],
    ids=str,
)
async def test_a_snapshot_that_says_nothing_usable_is_no_answer(
    server: Server, relay: Relay, change: dict[str, object]
) -> None:
    server.replies = [listed(b"a" * 16, **change), (404, error("no_snapshot"))]
    assert await relay.snapshot(BOX, 9) is None
    assert STATES[0] is not None


async def test_a_snapshot_is_put_after_its_blobs_and_before_the_entries_are_trimmed(
    server: Server, relay: Relay
) -> None:
    server.replies = [(200, b'{"v": 1, "snapshot": 2}')]
    blobs = (b"a" * 16 + b"first", b"b" * 16 + b"second")
    assert await relay.put_snapshot(BOX, blobs, 42) == 42
    said = [(method, target.rsplit("/", 1)[1]) for method, target, _, _ in server.heard]
    assert said == [
        ("GET", BOX.mailbox.hex()),
        ("PUT", "61" * 16),
        ("PUT", "62" * 16),
        ("PUT", "snapshot"),
        ("DELETE", "entries?upto=42"),
    ]
    assert json.loads(server.heard[3][3])["replaces"] == 2


@pytest.mark.parametrize("code", ["snapshot_changed", "not_covered", "missing_blob"])
async def test_a_snapshot_that_came_too_late_is_let_go(
    server: Server, relay: Relay, code: str
) -> None:
    server.replies = [
        (404, error("unknown_mailbox")),
        (200, b"{}"),
        (409, error(code)),
    ]
    assert await relay.put_snapshot(BOX, (b"a" * 16 + b"blob",), 42) == 0
    assert "DELETE" not in [method for method, *_ in server.heard]


async def test_a_mailbox_that_nothing_wakes_is_looked_at_now_and_then(
    server: Server, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "POLL_SECONDS", 0.001)
    server.replies = [(404, b"no such path here")] * 3
    waits = relay.waits(BOX)
    for _ in range(4):
        await anext(waits)
    await waits.aclose()
    assert {target.rsplit("/", 1)[1] for _, target, _, _ in server.heard} == {"wake"}
