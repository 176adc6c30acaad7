"""
A real project, opened and shared: does it arrive whole, and how soon?

    python -m benchmarks.open_project DIR [DIR ...] [--files N]

Each directory is copied, made a story, and joined by a second daemon on loopback, as
``whisker sync start`` starts it. Prints how many files and bytes are synced, how long the
first daemon takes to open the folder, and how long from the start of the second one to the
first complete sync: both folders equal, durable on both sides; and, where the system tells,
the CPU seconds that each of the two took for it, which other programs on the machine change
less than the clock. ``--files`` adds copies of the directory in folders of their own until
there are so many files. The daemons find bytecode of the program, as an installed one has it.

Exit code 1: a file is not there, or not byte for byte as it was, or the first folder
was changed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.admission import let_in
from whisker_sync.daemon.control import ask
from whisker_sync.daemon.process import start, stop
from whisker_sync.document import MAX_DOCUMENT
from whisker_sync.folder.files import Folder
from whisker_sync.node.settings import load_user, make_workspace
from whisker_sync.store.layout import Layout, holder

HERE = "127.0.0.1"
SECONDS = 120.0
MAX_TOLD = 5


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured of one directory."""

    files: int
    size: int
    open_seconds: float
    sync_seconds: float
    cpu_seconds: tuple[float, ...]
    """Of the first daemon and the second; empty: the system does not tell."""

    wrong: tuple[str, ...]
    """Files that did not arrive as they were."""


def measure(source: Path, place: Path, files: int = 0) -> Figures:
    """Open and share a copy of a directory."""
    root = place / "one"
    fill(source, root, files)
    before = {path: (root / path).read_bytes() for path in synced(root)}
    homes = [place / f"home-{name}" for name in ("one", "other")]
    installed = with_bytecode(place / "bytecode")
    ada, bob = (load_user(home, person=home.name) for home in homes)
    one = make_workspace(root, source.name, ada)
    other = let_in(ada, one, bob, place / "other")
    try:
        began = time.perf_counter()
        start(one, ["--interface", HERE], {**installed, "WHISKER_HOME": str(homes[0])})
        opened = time.perf_counter()
        start(other, ["--interface", HERE], {**installed, "WHISKER_HOME": str(homes[1])})
        asyncio.run(ask(other, {"do": "meet", "seconds": SECONDS}))
        while not same(before, other.root) and time.perf_counter() < opened + SECONDS:
            time.sleep(0.01)
        done = time.perf_counter()
        cpu = tuple(cpu_seconds(holder(layout.lock)) for layout in (one, other))
    finally:
        for layout in (one, other):
            stop(layout)
    wrong = [
        path
        for path, content in before.items()
        if any(read(layout.root / path) != content for layout in (one, other))
    ]
    size = sum(len(content) for content in before.values())
    told = tuple(each for each in cpu if each is not None)
    return Figures(len(before), size, opened - began, done - opened, told, tuple(wrong))


def with_bytecode(place: Path) -> dict[str, str]:
    """Compile the program; return the variables with which a process uses that."""
    variables = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(place)}
    program = "import whisker_sync.cli.sync, whisker_sync.daemon.main, whisker_sync.daemon.keeper"
    subprocess.run([sys.executable, "-c", program], env={**os.environ, **variables}, check=True)
    return variables


def cpu_seconds(process: int | None) -> float | None:
    """CPU seconds that a process has taken so far; None: the system does not tell."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def fill(source: Path, root: Path, files: int) -> None:
    """Copy a directory, as often as it takes to have so many files."""
    shutil.copytree(source, root, symlinks=True, ignore=shutil.ignore_patterns(".whisker"))
    copies = 0
    while files and (missing := files - len(synced(root))) > 0:
        copies += 1
        for path in synced(source)[:missing]:
            target = root / f"copy-{copies}" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / path, target)


def synced(root: Path) -> list[str]:
    """The files of a directory that are synced."""
    layout = Layout(root)
    return sorted(Folder(root, layout.stage, layout.trash).scan()[0])


def same(before: dict[str, bytes], root: Path) -> bool:
    """Whether all files are there, as they were."""
    return all(
        (root / path).is_file() and (root / path).stat().st_size == len(content)
        for path, content in before.items()
    )


def read(path: Path) -> bytes | None:
    """What a file holds; None: it is not there."""
    return path.read_bytes() if path.is_file() else None


def main() -> int:
    """Take the figures and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directories", type=Path, nargs="+", metavar="DIR")
    parser.add_argument("--files", type=int, default=0)
    arguments = parser.parse_args()
    failed = False
    for source in arguments.directories:
        with tempfile.TemporaryDirectory() as directory:
            figures = measure(source.resolve(), Path(directory), arguments.files)
        print(
            f"{source.name:24} {figures.files:5} files {figures.size / 1e6:7.2f} MB   "
            f"opened {figures.open_seconds:5.2f} s   first full sync {figures.sync_seconds:5.2f} s"
            + "".join(f"   CPU {each:5.2f} s" for each in figures.cpu_seconds)
        )
        for path in figures.wrong[:MAX_TOLD]:
            print(f"VIOLATED: {path} is not as it was")
        if len(figures.wrong) > MAX_TOLD:
            print(f"VIOLATED: nor are {len(figures.wrong) - MAX_TOLD} others")
        if figures.wrong and figures.size > MAX_DOCUMENT:
            print(f"a story holds {MAX_DOCUMENT >> 20} MiB at most, with all that was deleted")
        failed |= bool(figures.wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
