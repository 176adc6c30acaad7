"""
A large binary file: how soon is it there, and does anybody notice?

    python -m benchmarks.large_file [--megabytes N]

Two daemons on loopback, as ``whisker sync start`` starts them, share a folder. A file of random
bytes appears in the first one; half way, the second daemon is killed and started again.
Meanwhile an author goes on typing in another file. Prints how long the file takes, how much
memory each daemon had at most, and how long a saved text took meanwhile.

Exit code 1: the file did not arrive byte for byte, or a daemon had more memory than
:data:`MAX_MEGABYTES` beyond what it had before.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.admission import let_in
from whisker_sync.daemon.process import start, stop
from whisker_sync.node.settings import load_user, make_workspace
from whisker_sync.store.layout import Layout

HERE = "127.0.0.1"
SECONDS = 300.0
MAX_MEGABYTES = 100
NAME = "film.mp4"


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured."""

    seconds: float
    """From when the file was whole in one folder until it was whole in the other."""

    memory: tuple[float, float]
    """Megabytes that each daemon had at most, beyond what it had before."""

    typing: tuple[float, ...]
    """Seconds for each text that was saved meanwhile, until it was in the other folder."""

    is_whole: bool


class Pair:
    """Two daemons that share a folder."""

    def __init__(self, place: Path) -> None:
        self.homes = [place / f"home-{name}" for name in ("ada", "bob")]
        ada, bob = (load_user(home, person=home.name) for home in self.homes)
        one = make_workspace(place / "ada", "Film", ada)
        self.layouts = (one, let_in(ada, one, bob, place / "bob"))
        self.text, self.copy = (layout.root / "cave.twee" for layout in self.layouts)

    def start(self, which: int) -> None:
        """Start one of them."""
        home = str(self.homes[which])
        start(self.layouts[which], ["--interface", HERE], {"WHISKER_HOME": home})

    def type(self, number: int) -> float:
        """Save a text; return how long it takes to the other side."""
        said = f":: Cave\nNumber {number}.\n"
        beside = self.text.with_suffix(".tmp")
        beside.write_text(said)
        began = time.perf_counter()
        beside.replace(self.text)
        while read(self.copy) != said.encode() and time.perf_counter() < began + SECONDS:
            time.sleep(0.002)
        return time.perf_counter() - began


def measure(place: Path, megabytes: int) -> Figures:
    """Share a file of so many megabytes."""
    pair = Pair(place)
    one, other = pair.layouts
    for which in (0, 1):
        pair.start(which)
    try:
        pair.type(0)
        before = [peak(layout) for layout in pair.layouts]
        sha256 = make(one.root / NAME, megabytes)
        began = time.perf_counter()
        typing: list[float] = []
        killed = False
        while not (other.root / NAME).exists() and time.perf_counter() < began + SECONDS:
            if not killed and size(other) > megabytes << 19:
                os.kill(int(other.lock.read_text()), signal.SIGKILL)
                killed = True
                time.sleep(1)
                pair.start(1)
            elif killed or len(typing) < 5:
                typing.append(pair.type(len(typing) + 1))
            time.sleep(0.1)
        seconds = time.perf_counter() - began
        memory = tuple(
            peak(layout) - least for layout, least in zip(pair.layouts, before, strict=True)
        )
        is_whole = killed and digest(other.root / NAME) == sha256
        return Figures(seconds, (memory[0], memory[1]), tuple(typing), is_whole)
    finally:
        for layout in pair.layouts:
            stop(layout)


def make(path: Path, megabytes: int) -> str:
    """Make a file of random bytes; return its SHA-256."""
    beside = path.with_suffix(".tmp")
    with beside.open("wb") as file:
        for _ in range(megabytes):
            file.write(os.urandom(1 << 20))
    beside.replace(path)
    return digest(path)


def digest(path: Path) -> str:
    """The SHA-256 of a file; empty: there is none."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def size(layout: Layout) -> int:
    """Bytes of a journal."""
    return sum(path.stat().st_size for path in layout.local.glob("journal.db*"))


def peak(layout: Layout) -> float:
    """Megabytes that a daemon had at most; 0 where the system does not tell."""
    status = Path(f"/proc/{layout.lock.read_text()}/status")
    if not status.exists():
        return 0.0
    lines = [line.split() for line in status.read_text().splitlines()]
    return next(int(line[1]) / 1024 for line in lines if line and line[0] == "VmHWM:")


def read(path: Path) -> bytes | None:
    """What a file holds; None: it is not there."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def main() -> int:
    """Take the figures and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=200)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        figures = measure(Path(directory), arguments.megabytes)
    sender, receiver = figures.memory
    print(
        f"{arguments.megabytes} MB in {figures.seconds:.1f} s, with one process killed half way; "
        f"memory beyond that at rest: sender {sender:.0f} MB, receiver {receiver:.0f} MB; "
        f"typing meanwhile: p50 {median(figures.typing) * 1000:.0f} ms, "
        f"longest {max(figures.typing) * 1000:.0f} ms"
    )
    if not figures.is_whole:
        print("VIOLATED: the file is not there as it was")
    if max(figures.memory) > MAX_MEGABYTES:
        print(f"VIOLATED: more than {MAX_MEGABYTES} MB of memory")
    return 0 if figures.is_whole and max(figures.memory) <= MAX_MEGABYTES else 1


if __name__ == "__main__":
    sys.exit(main())
