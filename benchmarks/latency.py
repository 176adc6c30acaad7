"""
How long an edit takes from one device to another.

    python -m benchmarks.latency [--edits N] [--saves N]

Prints three figures, all of this run and this machine:

* floor: a bare send of 31 bytes over the same WebSocket library and TLS, in one event loop;
* api: an edit through ``Workspace.edit`` until the other workspace's document shows it,
  both in one event loop, everything on (gate, journal with fsync, acks);
* file: a file saved in one folder until it is written in the other, by two daemons as
  ``whisker sync start`` starts them, in processes of their own.

What is compared is the ratio within one run; absolute times differ from machine to
machine and from minute to minute.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from whisker_sync import Kind, Root, Schema, Workspace
from whisker_sync.daemon.process import start, stop
from whisker_sync.store.layout import Layout
from whisker_sync.transport import tls

HERE = "127.0.0.1"
SCHEMA = Schema((Root("body", Kind.TEXT),))
GAP = 0.002


async def floor(count: int) -> list[float]:
    """Seconds for each of ``count`` bare sends."""
    arrived: asyncio.Queue[ServerConnection] = asyncio.Queue()

    async def keep(connection: ServerConnection) -> None:
        arrived.put_nowait(connection)
        await connection.wait_closed()

    times = []
    async with serve(keep, HERE, 0, ssl=tls.server()[0], compression=None) as server:
        port = server.sockets[0].getsockname()[1]
        url, context = f"wss://{tls.NAME}/", tls.client()
        async with connect(
            url, host=HERE, port=port, ssl=context, compression=None, proxy=None
        ) as ours:
            theirs = await arrived.get()
            for _ in range(count):
                began = time.perf_counter()
                await ours.send(b"x" * 31)
                await theirs.recv()
                times.append(time.perf_counter() - began)
                await asyncio.sleep(GAP)
    return times


async def api(place: Path, count: int) -> list[float]:
    """Seconds for each of ``count`` edits of a document."""
    Workspace.create(place / "a", "Latency", home=place / "home-a")
    options: dict[str, Any] = {"schemas": {"doc": SCHEMA}, "lan": False, "interface": HERE}
    async with Workspace.open(place / "a", home=place / "home-a", **options) as ada:
        await Workspace.join(await ada.invite(), place / "b", home=place / "home-b", lan=False)
        async with Workspace.open(place / "b", home=place / "home-b", **options) as bob:
            await ada.sync_now()
            document = bob.document("doc")
            times = []
            for i in range(count):
                began = time.perf_counter()
                with ada.edit("doc") as edit:
                    edit.insert("body", i, "x")
                while len(document.text("body")) <= i:  # noqa: ASYNC110 - an event would take time
                    await asyncio.sleep(0)
                times.append(time.perf_counter() - began)
                await asyncio.sleep(GAP)
            return times


def file_to_file(place: Path, count: int) -> list[float]:
    """Seconds for each of ``count`` saves, from one daemon's folder to the other's."""
    from benchmarks.admission import let_in
    from whisker_sync.node.settings import load_user, make_workspace

    ada, bob = (
        load_user(place / f"home-{i}", person=name) for i, name in enumerate(("Ada", "Bob"))
    )
    one = make_workspace(place / "one", "Latency", ada)
    other = let_in(ada, one, bob, place / "other")
    (place / "one" / "story.twee").write_text(story(0))
    layouts: list[Layout] = [one, other]
    for i, layout in enumerate(layouts):
        start(layout, ["--interface", HERE], {"WHISKER_HOME": str(place / f"home-{i}")})
    try:
        return _saves(place / "one" / "story.twee", place / "other" / "story.twee", count)
    finally:
        for layout in layouts:
            stop(layout)


def story(number: int) -> str:
    """A file of forty passages, one of which changes."""
    rest = "".join(f"\n\n:: Room {i}\nA room with a number on its door: {i}.\n" for i in range(40))
    return f":: Start\nThe clock says {number}.\n[[Room 1]]{rest}"


def _saves(source: Path, target: Path, count: int) -> list[float]:
    times = []
    for i in range(count + 3):
        beside = source.with_suffix(".tmp")
        beside.write_text(story(i))
        began = time.perf_counter()
        beside.replace(source)
        marker = f"The clock says {i}."
        while not (target.exists() and marker in target.read_text()):
            if time.perf_counter() - began > 30:
                raise SystemExit("the other folder did not follow")
            time.sleep(0.0005)
        times.append(time.perf_counter() - began)
        time.sleep(0.1)
    return times[3:]  # the first ones include finding each other


def line(name: str, times: list[float], reference: float | None = None) -> str:
    """One line of the table."""
    half, last = median(times), quantiles(times, n=100)[98]
    ratio = "" if reference is None else f"   {half / reference:5.2f} x floor"
    return f"{name:28} p50 {half * 1000:8.3f} ms   p99 {last * 1000:8.3f} ms{ratio}"


def main() -> None:
    """Take the figures and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edits", type=int, default=1000)
    parser.add_argument("--saves", type=int, default=50)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        bare = asyncio.run(floor(arguments.edits))
        edits = asyncio.run(api(place, arguments.edits))
        print(line("floor: bare send over TLS", bare))
        print(line("api: edit to seen", edits, median(bare)))
        saves = file_to_file(place, arguments.saves)
        print(line("file: saved to written", saves))


if __name__ == "__main__":
    main()
