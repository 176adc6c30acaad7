"""
Gives updates to child processes and reads what became of each.

Nothing hostile is ever opened by the process that asks.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.fuzz.corpus import CHECKOUT
from benchmarks.fuzz.harm import MAX_SECONDS, NO_BASE, REORDERED
from whisker_sync.document import Kind, Root

CORPUS_ROOTS = (Root("t", Kind.TEXT), Root("m", Kind.MAP), Root("x", Kind.XML))
"""The roots of the corpus of hostile updates; see ``tests/document/test_corpus.py``."""

HARMLESS = frozenset({"Applied", "Nothing", REORDERED})
"""Outcomes of an update that was let in and did no harm."""

REFUSED = frozenset({"Rejected", "NotReady", "Forked"})
"""Outcomes of an update that was kept out."""

STARTING = 60
"""Seconds that a child may need before its first update."""


class NoBase(Exception):
    """The document that updates are to be replayed over cannot be loaded."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of a directory of updates."""

    outcomes: dict[str, str]
    """By the name of the file."""

    @property
    def harmed(self) -> dict[str, str]:
        """Those that were neither refused nor harmless."""
        fine = HARMLESS | REFUSED
        return {name: outcome for name, outcome in self.outcomes.items() if outcome not in fine}

    def line(self) -> str:
        """All in one line."""
        refused = sum(outcome in REFUSED for outcome in self.outcomes.values())
        harmless = sum(outcome in HARMLESS for outcome in self.outcomes.values())
        return (
            f"{len(self.outcomes)} files, refused {refused}, harmless {harmless}, "
            f"harmed {len(self.harmed)}"
        )


def replay(
    directory: Path, base: bytes, roots: Sequence[Root] = CORPUS_ROOTS, *, gated: bool = True
) -> Tally:
    """
    Replay each file of a directory over a base.

    Raises:
        NoBase: The base is none.
    """
    files = sorted(path for path in directory.iterdir() if path.is_file())
    found = outcomes(base, roots, [path.read_bytes() for path in files], gated=gated)
    return Tally({path.name: outcome for path, outcome in zip(files, found, strict=True)})


def outcomes(
    base: bytes, roots: Sequence[Root], updates: Sequence[bytes], *, gated: bool = True
) -> list[str]:
    """
    What became of each update, given to a child; see :mod:`benchmarks.fuzz.harm`.

    Raises:
        NoBase: The base is none.
    """
    with TemporaryDirectory(prefix="whisker-fuzz-") as directory:
        place = Path(directory) / "base.bin"
        place.write_bytes(base)
        options = [] if gated else ["--without-gate"]
        declared = [f"{root.name}:{root.kind.value}" for root in roots]
        command = [sys.executable, "-m", "benchmarks.fuzz.harm", *options, str(place), *declared]
        found: list[str] = []
        while len(found) < len(updates):
            found += _child(command, updates[len(found) :])
        return found


def _child(command: Sequence[str], updates: Sequence[bytes]) -> list[str]:
    """What one child says, until it dies; at least one outcome."""
    child = subprocess.Popen(
        command,
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # panics write there, each in many lines
    )
    sent = b"".join(len(update).to_bytes(4, "big") + update for update in updates)
    try:
        output, _ = child.communicate(sent, timeout=STARTING + MAX_SECONDS * len(updates))
    except subprocess.TimeoutExpired:
        child.kill()
        output, _ = child.communicate()
    found: list[str] = []
    for line in output.decode().splitlines():
        if line == NO_BASE:
            raise NoBase(NO_BASE)
        word, _, outcome = line.partition(" ")
        if word == "begin":
            found.append("harmed: the process died without a word")
        else:
            found[-1] = outcome
    if not found:
        raise NoBase("the child process did not begin")
    return found
