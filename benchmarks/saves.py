"""
What a save of a large file costs, until the edits are in the document.

A file of a megabyte, once in a thousand passages and once in a single one; one word is
changed in it, a block is moved, every line is touched. Milliseconds of processor time, best
of a few: of the comparison alone, and of all that a manuscript does. Then the file is saved
in a folder that two nodes share, both in this process, until the other folder has it: how
long that took, and the longest that the event loop waited meanwhile. ``python -m
benchmarks.saves``.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random

from benchmarks.admission import let_in
from tests.manuscript.world import Author
from whisker_sync.ids import Address
from whisker_sync.node.node import Node
from whisker_sync.node.settings import load_user, make_workspace
from whisker_sync.text.edits import diff

HERE = "127.0.0.1"
BEAT = 0.001
LOOK = 0.005
REST = 1.0

LETTERS = 1_000_000
TIMES = 3

WORDS = ["cave", "dark", "light", "stone", "water", "door", "somebody", "breathes", "the", "of"]


def story(passages: int) -> str:
    """Return a story of so many passages, a megabyte in all."""
    dice = Random(1)
    lines = [
        " ".join(dice.choice(WORDS) + str(dice.randrange(500)) for _ in range(12)) + "."
        for _ in range(LETTERS // 95)
    ]
    each = len(lines) // passages
    return "".join(
        f":: Passage {i}\n" + "\n".join(lines[i * each : (i + 1) * each]) + "\n\n"
        for i in range(passages)
    )


def one_word(text: str) -> str:
    """Change a word in the middle."""
    at = text.index(" ", len(text) // 2)
    return f"{text[:at]} really{text[at:]}"


def moved_block(text: str) -> str:
    """Move a tenth of the lines from the middle to the end."""
    lines = text.split("\n")
    start, end = len(lines) // 2, len(lines) // 2 + len(lines) // 10
    while start and not lines[start].startswith("::"):
        start -= 1
    start = start or len(lines) // 2
    return "\n".join([*lines[:start], *lines[end:-1], *lines[start:end], ""])


def every_line(text: str) -> str:
    """Have a formatter touch every line."""
    return text.replace(".\n", " .\n")


def best(work: Callable[[], object]) -> float:
    """Return the milliseconds that something takes at best."""
    times = []
    for _ in range(TIMES):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times) * 1_000


def save(before: str, after: str) -> float:
    """Return the milliseconds that a manuscript needs for a save, without the journal."""
    times = []
    for client in range(TIMES):
        author = Author(client + 1)
        author.save("a.twee", before)
        author.put("a.twee", after)
        start = time.process_time()
        author.notice()
        times.append(time.process_time() - start)
    return min(times) * 1_000


@asynccontextmanager
async def longest_wait() -> AsyncIterator[list[float]]:
    """Keep in a list of one the longest that the event loop waited, in milliseconds."""
    waited = [0.0]

    async def beat() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(BEAT)
            now = time.perf_counter()
            waited[0] = max(waited[0], (now - last - BEAT) * 1_000)
            last = now

    beating = asyncio.create_task(beat())
    try:
        yield waited
    finally:
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating


@asynccontextmanager
async def pair(place: Path) -> AsyncIterator[tuple[Path, Path]]:
    """Open two nodes that share a workspace; yield their folders."""
    ada, bob = (load_user(place / f"home-{name}", person=name) for name in ("Ada", "Bob"))
    one = make_workspace(place / "one", "Saves", ada)
    other = let_in(ada, one, bob, place / "other")
    nodes = []
    try:
        for layout, user in ((one, ada), (other, bob)):
            nodes.append(await Node.open(layout, user, lan=False, interface=HERE))
        nodes[1].connect(Address(HERE, nodes[0].port))
        yield one.root, other.root
    finally:
        for node in nodes:
            await node.close()


async def shared(one: Path, other: Path, content: str) -> tuple[float, float]:
    """Save a file in one folder; return milliseconds until the other has it, and the wait."""
    wanted = content.encode()
    beside, there = one / "a.tmp", other / "a.twee"
    beside.write_bytes(wanted)
    async with longest_wait() as waited:
        began = time.perf_counter()
        beside.replace(one / "a.twee")
        while not (there.exists() and there.read_bytes() == wanted):  # noqa: ASYNC110 - a file
            await asyncio.sleep(LOOK)
        took = (time.perf_counter() - began) * 1_000
        await asyncio.sleep(REST)
    assert there.read_bytes() == wanted
    return took, waited[0]


async def share(text: str, changes: Mapping[str, str]) -> dict[str, tuple[float, float]]:
    """Share a story, and each change of it in turn; return what :func:`shared` does, by name."""
    with tempfile.TemporaryDirectory() as place:
        async with pair(Path(place)) as folders:
            figures = {"new": await shared(*folders, text)}
            gc.collect()
            gc.freeze()  # as a daemon does
            for name, after in changes.items():
                figures[name] = await shared(*folders, after)
                await shared(*folders, text)
            gc.unfreeze()
    return figures


def run(passages: int) -> None:
    """Print the lines of a story of so many passages."""
    text = story(passages)
    changes = {
        change.__name__.replace("_", " "): change(text)
        for change in (one_word, moved_block, every_line)
    }
    for name, (took, waited) in asyncio.run(share(text, changes)).items():
        alone = ""
        if (after := changes.get(name)) is not None:
            compared = best(lambda after=after: diff(text, after))  # type: ignore[misc]
            alone = f"{compared:7.0f} ms{save(text, after):7.0f} ms"
        print(f"{f'{passages} x {name}':24}{alone:20}{took:9.0f} ms{waited:8.0f} ms")


def main() -> None:
    """Print a table."""
    argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0]).parse_args()
    print(f"{'':24}{'compare':>10}{'save':>10}{'shared':>12}{'loop waits':>11}")
    for passages in (1_000, 1):
        run(passages)


if __name__ == "__main__":
    main()
