"""
What a relay carries, on this machine.

    python -m benchmarks.relay [--seconds S] [--writers N] [--size BYTES]
                               [--store URL] [--workers N]

Starts ``whisker relay`` as a process, on SQLite and (where it is installed) on a
PostgreSQL of its own, or only on the store that is named, which must be empty. The
generator signs each request as a device does, over connections that stay open, and takes
part of the same processor.

* **floor**: the same requests to a server of five lines that reads them and keeps nothing:
  what HTTP costs in this run.
* **appends/s**: entries acknowledged as durable, by one writer and by many, each writer
  into a mailbox of its own; directly into the store (no HTTP, no signatures), and over HTTP.
* **rows/s**: entries that somebody who comes back reads, page by page.
* **wake-up**: from the moment when an entry is sent until a listener of that mailbox hears
  of it, while nothing else happens; 50th and 99th of a hundred.
* **cost**: bytes on disk of an entry beyond its own, and of a mailbox with one entry;
  memory of a worker for one listener.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import quantiles
from typing import Any

from websockets.asyncio.client import connect

from tests.relay.cluster import Cluster, binaries, new_cluster
from whisker_sync.identity.mailbox import MailboxKey, Stamp
from whisker_sync.ids import MailboxId
from whisker_sync.relay.store import RelayStore
from whisker_sync.relay.stores import open_store
from whisker_sync.wire import relay as wire
from whisker_sync.wire.relay import Entry, Page

PLENTY = 1 << 50
LISTENERS = 200
"""Listeners whose memory is measured."""

PATIENCE = 30.0
"""Seconds after which a wake-up that has not come is lost."""

MAILBOXES = 500
"""Mailboxes whose cost on disk is measured."""


@dataclass(frozen=True, slots=True)
class Load:
    """How hard it is tried."""

    seconds: float
    writers: int
    size: int
    workers: int


class Connection:
    """A device: one connection that stays open, and the key of a mailbox."""

    def __init__(self, port: int) -> None:
        self.key = MailboxKey(os.urandom(32))  # a mailbox that nobody used before
        self.mailbox = self.key.mailbox
        self._port = port
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def open(self) -> Connection:
        """Connect."""
        # The buffer is as large as a page, which comes in one go.
        self._reader, self._writer = await asyncio.open_connection(
            "127.0.0.1", self._port, limit=8 << 20
        )
        return self

    def close(self) -> None:
        """Hang up."""
        self._writer.close()

    def stamp(self, method: str, target: str, body: bytes = b"") -> str:
        """A stamp for a request."""
        now, nonce = int(time.time()), os.urandom(16)
        return Stamp.sign(self.key, method, target, body, now, nonce).encode()

    async def ask(self, method: str, target: str, body: bytes = b"") -> bytes:
        """Make a request; return the body of the answer, which must be a good one."""
        self._writer.write(
            f"{method} {target} HTTP/1.1\r\nHost: relay\r\nContent-Length: {len(body)}\r\n"
            f"Authorization: {self.stamp(method, target, body)}\r\n\r\n".encode()
            + body
        )
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        answer = await self._reader.readexactly(int(head.split("content-length: ")[1].split()[0]))
        assert head[9:12] in {"200", "201"}, head + answer.decode(errors="replace")
        return answer

    async def append(self, number: int, size: int) -> None:
        """Append an entry; returns when it is durable."""
        target = wire.entry_target(self.mailbox, number.to_bytes(16, "big"))
        await self.ask("PUT", target, bytes(size))


async def rate(seconds: float, calls: list[Callable[[int], Awaitable[Any]]]) -> float:
    """How often all of these can be done each second, each by itself one after the other."""
    began, numbers, done = time.perf_counter(), count(), 0

    async def again(call: Callable[[int], Awaitable[Any]]) -> None:
        nonlocal done
        while time.perf_counter() - began < seconds:
            await call(next(numbers))
            done += 1

    await asyncio.gather(*(again(call) for call in calls))
    return done / (time.perf_counter() - began)


# Directly into a store.


async def directly(url: str, load: Load) -> dict[str, str]:
    """The figures of a store without a server around it."""
    async with open_store(url) as store:
        boxes = [Connection(0).mailbox for _ in range(load.writers)]

        def writer(index: int) -> Callable[[int], Awaitable[Any]]:
            def append(number: int) -> Awaitable[Any]:
                entry = Entry(number.to_bytes(16, "big"), bytes(load.size))
                return store.append(boxes[index], entry, time.time(), PLENTY)

            return append

        one = await rate(load.seconds, [writer(0)])
        many = await rate(load.seconds, [writer(index) for index in range(load.writers)])
        rows = await catch_up(store, boxes[0], load.seconds)
    return {
        "appends/s, 1": f"{one:,.0f}",
        f"appends/s, {load.writers}": f"{many:,.0f}",
        "rows/s": f"{rows:,.0f}",
    }


async def catch_up(store: RelayStore, mailbox: MailboxId, seconds: float) -> float:
    """How many entries each second come out of a mailbox."""
    began, rows, after = time.perf_counter(), 0, 0
    while time.perf_counter() - began < seconds:
        page = await store.read(mailbox, after, time.time())
        assert page is not None
        rows += len(page.entries)
        after = page.last if page.last < page.head else 0
    return rows / (time.perf_counter() - began)


# Over HTTP.


@asynccontextmanager
async def served(*command: str) -> AsyncIterator[tuple[Process, int]]:
    """A server as a process, and its port, which it prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdout=PIPE, stderr=DEVNULL
    )
    assert process.stdout is not None
    try:
        line = json.loads(await process.stdout.readline())
        yield process, int(line["url"].rpartition(":")[2])
    finally:
        process.terminate()
        await process.wait()


def command(url: str, load: Load) -> list[str]:
    """How a relay is started."""
    options = ["--port", "0", "--store", url, "--workers", str(load.workers), "--json", "--no-log"]
    options += ["--rate", "1000000", "--quota", "100000"]
    return ["-m", "whisker_sync", "relay", *options]


def writer(device: Connection, load: Load) -> Callable[[int], Awaitable[Any]]:
    """What a device does again and again."""
    return lambda number: device.append(number, load.size)


async def over_http(url: str, load: Load) -> dict[str, str]:
    """The figures of a relay."""
    async with served(*command(url, load)) as (process, port), AsyncExitStack() as later:
        devices = [await Connection(port).open() for _ in range(load.writers)]
        for device in devices:
            later.callback(device.close)
        one = await rate(load.seconds, [writer(devices[0], load)])
        many = await rate(load.seconds, [writer(device, load) for device in devices])
        rows = await read_all(devices[0], load.seconds)
        waits = await wakes(await Connection(port).open(), port, 100)
        memory = await listeners(process, port) if load.workers == 1 else None
    cuts = quantiles(waits, n=100)
    figures = {
        "appends/s, 1": f"{one:,.0f}",
        f"appends/s, {load.writers}": f"{many:,.0f}",
        "rows/s": f"{rows:,.0f}",
        "wake-up p50": f"{1000 * cuts[49]:.1f} ms",
        "p99": f"{1000 * cuts[98]:.1f} ms",
    }
    return figures | ({"listener": f"{memory:,.0f} B"} if memory is not None else {})


async def read_all(device: Connection, seconds: float) -> float:
    """How many entries each second somebody reads who was away."""
    began, rows, after = time.perf_counter(), 0, 0
    while time.perf_counter() - began < seconds:
        page = Page.decode(await device.ask("GET", wire.read_target(device.mailbox, after)))
        rows += len(page.entries)
        after = page.last if page.last < page.head else 0
    return rows / (time.perf_counter() - began)


async def wakes(device: Connection, port: int, times: int) -> list[float]:
    """Seconds from sending an entry until a listener hears of it."""
    found = []
    async with listener(device, port) as socket:
        await socket.recv()
        for number in range(times):
            began = time.perf_counter()
            sending = asyncio.create_task(device.append(number, 1024))
            await asyncio.wait_for(socket.recv(), PATIENCE)
            found.append(time.perf_counter() - began)
            await sending
    device.close()
    return found


def listener(device: Connection, port: int) -> Any:
    """A WebSocket that hears of a mailbox."""
    target = wire.wake_target(device.mailbox)
    headers = {"Authorization": device.stamp("GET", target)}
    return connect(
        f"ws://127.0.0.1:{port}{target}", additional_headers=headers, compression=None, proxy=None
    )


async def listeners(process: Process, port: int) -> float | None:
    """Bytes of memory that a worker needs for one who listens."""
    before = memory_of(process.pid)
    async with AsyncExitStack() as later:
        for _ in range(LISTENERS):
            socket = await later.enter_async_context(listener(Connection(port), port))
            await socket.recv()
        after = memory_of(process.pid)
    return None if before is None or after is None else (after - before) / LISTENERS


def memory_of(pid: int) -> int | None:
    """Bytes of memory of a process, where the system says so."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return None
    found = re.search(r"VmRSS:\s+(\d+) kB", status.read_text())
    return int(found[1]) * 1024 if found else None


FLOOR = """
import json, socket, uvicorn
async def app(scope, receive, send):
    while (await receive()).get("more_body"):
        pass
    body = b'{"v":1,"incarnation":"0000000000000000","position":1}'
    headers = [(b"content-length", b"%d" % len(body)), (b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
listener = socket.socket(proto=socket.IPPROTO_TCP, fileno=listener.detach())
print(json.dumps({"url": f":{listener.getsockname()[1]}"}), flush=True)
config = uvicorn.Config(app, http="h11", lifespan="off", access_log=False, log_config=None)
uvicorn.Server(config).run([listener])
"""


async def floor(load: Load) -> dict[str, str]:
    """How many requests each second a server answers that does nothing with them."""
    async with served("-c", FLOOR) as (_, port), AsyncExitStack() as later:
        devices = [await Connection(port).open() for _ in range(load.writers)]
        for device in devices:
            later.callback(device.close)
        one = await rate(load.seconds, [writer(devices[0], load)])
        many = await rate(load.seconds, [writer(device, load) for device in devices])
    return {"requests/s, 1": f"{one:,.0f}", f"requests/s, {load.writers}": f"{many:,.0f}"}


# On disk.


async def on_disk(url: str, size_of: Callable[[], int], load: Load) -> dict[str, str]:
    """What mailboxes cost beyond what was put into them."""
    boxes = [Connection(0).mailbox for _ in range(MAILBOXES)]
    async with open_store(url):
        pass
    empty = size_of()
    async with open_store(url) as store:
        await fill(store, boxes, range(1), load.size)
    few = size_of()
    async with open_store(url) as store:
        await fill(store, boxes, range(1, 21), load.size)
    many = size_of()
    entry = (many - few) / (MAILBOXES * 20) - load.size
    mailbox = (few - empty) / MAILBOXES - load.size
    return {"entry": f"{entry:,.0f} B", "mailbox": f"{mailbox:,.0f} B"}


async def fill(store: RelayStore, boxes: list[MailboxId], numbers: range, size: int) -> None:
    """Append entries to each mailbox one after the other, to many mailboxes at once."""

    async def one(box: MailboxId) -> None:
        for number in numbers:
            entry = Entry(number.to_bytes(16, "big"), os.urandom(size))
            await store.append(box, entry, time.time(), PLENTY)

    await asyncio.gather(*(one(box) for box in boxes))


# Which stores there are.


async def of_sqlite(load: Load) -> None:
    """Measure SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mail.db"
        show("SQLite, store", await directly(f"sqlite:{path}", load))
        show("SQLite, HTTP", await over_http(f"sqlite:{Path(folder) / 'http.db'}", load))
        apart = Path(folder) / "cost.db"

        def size() -> int:
            return apart.stat().st_size if apart.exists() else 0

        show("SQLite, cost on disk", await on_disk(f"sqlite:{apart}", size, load))


async def of_postgres(load: Load, cluster: Cluster) -> None:
    """Measure PostgreSQL."""
    name = "PostgreSQL"
    show(f"{name}, store", await directly(cluster.url, load))
    for workers in (1, 2):
        each = Load(load.seconds, load.writers, load.size, workers)
        show(f"{name}, HTTP, {workers} worker(s)", await over_http(cluster.url, each))
    cluster.sql("DROP SCHEMA whisker_relay CASCADE")

    def size() -> int:
        cluster.sql("VACUUM")
        found = cluster.sql(
            "SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = to_regnamespace('whisker_relay')"
        )
        return int(found.strip())

    show(f"{name}, cost on disk", await on_disk(cluster.url, size, load))


def show(title: str, figures: dict[str, str]) -> None:
    """Print one line of the table."""
    cells = "   ".join(f"{name} {value:>9}" for name, value in figures.items())
    print(f"{title:<30} {cells}", flush=True)


async def main(load: Load, url: str | None) -> None:
    """Measure what there is."""
    print(f"{load.size} bytes each, {load.writers} writers, {load.seconds:g} s each")
    show("floor, HTTP", await floor(load))
    if url:
        show("store", await directly(url, load))
        show(f"HTTP, {load.workers} worker(s)", await over_http(url, load))
        return
    await of_sqlite(load)
    if binaries() is None:
        print("PostgreSQL is not installed here")
        return
    cluster = new_cluster()
    try:
        await of_postgres(load, cluster)
    finally:
        cluster.end()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What a relay carries.")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--writers", type=int, default=64)
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--store")
    asked = parser.parse_args()
    asyncio.run(main(Load(asked.seconds, asked.writers, asked.size, asked.workers), asked.store))
