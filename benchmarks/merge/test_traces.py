"""
Real concurrent editing sessions, replayed: ``--traces DIR``.

The format is that of josephg/editing-traces (``"kind": "concurrent"``): transactions of
several agents, each with the transactions it was made on top of. Each agent has a replica
that knows exactly those. At the end all know everything, by several ways.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from benchmarks.merge.tally import TALLY
from whisker_sync.document import Applied, Document, Hold, Kind, Nothing, NotReady, Root, Schema

SCHEMA = Schema((Root("text", Kind.TEXT),))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    folder: Path | None = metafunc.config.getoption("--traces", default=None)
    found = sorted(folder.rglob("*.json*")) if folder is not None else []
    traces = [path for path in found if _load(path).get("kind") == "concurrent"]
    metafunc.parametrize("trace", traces, ids=lambda path: path.name)


def _load(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    loaded = json.loads(data)
    return loaded if isinstance(loaded, dict) else {}


class Replay:
    """One trace; a replica for each line of work in it."""

    def __init__(self, trace: dict[str, Any]) -> None:
        self.trace = trace
        self.updates: list[bytes] = []
        self.replicas: list[Document] = []
        self._known: list[int] = []
        """For each replica a set of transactions, one bit for each: there are thousands."""

    def run(self) -> None:
        """Make all transactions, in their order."""
        before: list[int] = []
        for number, step in enumerate(self.trace["txns"]):
            base = 0
            for parent in step["parents"]:
                base |= before[parent] | 1 << parent
            before.append(base)
            replica = self._replica(base)
            with self.replicas[replica].edit("agent") as edit:
                for position, deleted, inserted in step["patches"]:
                    edit.delete("text", position, deleted)
                    edit.insert("text", position, inserted)
            self.updates.append(edit.change.update if edit.change is not None else b"\0\0")
            self._known[replica] |= 1 << number

    def _replica(self, base: int) -> int:
        """Find a replica that knows no more than ``base``, and let it know the rest."""
        fitting = [i for i, known in enumerate(self._known) if not known & ~base]
        best = max(fitting, key=lambda i: self._known[i].bit_count(), default=None)
        if best is None:
            self.replicas.append(Document("text", SCHEMA, len(self.replicas) + 1))
            self._known.append(0)
            best = len(self.replicas) - 1
        rest = base & ~self._known[best]
        while rest:
            number = (rest & -rest).bit_length() - 1
            outcome = self.replicas[best].merge(self.updates[number], "others")
            assert isinstance(outcome, Applied | Nothing), outcome
            rest &= rest - 1
        self._known[best] |= base
        return best


@pytest.mark.timeout(0)
def test_a_real_session_merges_to_what_its_authors_wrote(trace: Path) -> None:
    content = _load(trace)
    replay = Replay(content)
    replay.run()
    shuffled, dice = list(replay.updates), Random(1)
    dice.shuffle(shuffled)
    stranger: Document = Document("text", SCHEMA, 1 << 20)
    hold: Hold[None] = Hold()
    for update in shuffled:
        match stranger.merge(update, "others"):
            case NotReady(missing):
                hold.add(update, None, missing)
            case Applied():
                hold.release(stranger, "others")
            case outcome:
                assert outcome == Nothing()
    first = replay.replicas[0]
    for other in [*replay.replicas[1:], stranger]:
        first.merge(other.encode(first.state()), "others")
    for other in [*replay.replicas[1:], stranger]:
        other.merge(first.encode(other.state()), "others")
        assert other.digest() == first.digest()
    # Engines order what was written at one place at one time differently; the characters
    # are the same.
    assert Counter(first.text("text")) == Counter(content["endContent"])
    TALLY.update(histories=1, operations=len(content["txns"]), words=len(content["endContent"]))
