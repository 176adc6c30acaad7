"""
Random authors with habits: is a word ever lost, doubled, or stuck to another?

``python -m benchmarks.merge.swarm`` lets them work in many worlds (see world.py) and prints
one line. At the end of every world all folders must be equal byte for byte; only where tools
undo each other's blanks, and are let be, it is the words. ``--why`` says
which actions it takes, in the worlds that end badly; ``--shrink SEED`` tells the shortest
story with such an end. ``--plain`` gives the same stories names that are not Twee, so that
every file is one text: what merging passage by passage is compared with. ``--slow``, ``--off``
and ``--blind`` say how the devices behave: with ``--slow 1`` all folders are written far later
than a disk does it, so that most saves race with a write.
``--real BASE OURS THEIRS`` merges three real directories instead.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.merge import real
from benchmarks.merge.smallest import smallest
from benchmarks.merge.world import ACTIONS, Machines, Verdict, World

MACHINES = {
    "slow": "how often a folder has what came only after its author's next save",
    "off": "how often a device is off from a step of its author on",
    "blind": "how often one that is on has not looked before the next step",
}
"""What can be said of the devices, and what it means."""


@dataclass
class Tally:
    """What became of all words of some worlds."""

    worlds: int = 0
    typed: int = 0
    saves: int = 0
    stale: int = 0
    """Saves from a buffer that was older than the file."""

    lost: Counter[int] = field(default_factory=Counter)
    """Words that nobody deleted and that are not in the folder, by the world's seed."""

    gone: int = 0
    """Those of them that are not even in the trash or in the history."""

    doubled: Counter[int] = field(default_factory=Counter)
    glued: int = 0

    def add(self, world: World, verdict: Verdict) -> None:
        """Count one more world."""
        self.worlds += 1
        self.typed += len(world.typed)
        self.saves += world.saves
        self.stale += world.stale
        self.gone += len(verdict.gone)
        self.glued += verdict.glued
        if verdict.lost:
            self.lost[world.seed] = len(verdict.lost)
        if verdict.doubled:
            self.doubled[world.seed] = len(verdict.doubled)

    def __str__(self) -> str:
        bad = self.lost.total() + self.doubled.total()
        one = f"1 word in {self.typed // bad:,}" if bad else "none"
        return (
            f"{self.worlds:,} worlds, {self.typed:,} words typed, {self.saves:,} saves"
            f" ({self.stale:,} stale): {self.lost.total()} lost in {len(self.lost)} worlds"
            f" ({self.gone} in neither trash nor history), {self.doubled.total()} doubled"
            f" in {len(self.doubled)}, {self.glued} glued; lost or doubled: {one}"
        )


def swarm(
    seeds: Iterable[int],
    *,
    actions: Iterable[str] = ACTIONS,
    plain: bool = False,
    machines: Machines = Machines(),  # noqa: B008 - it is frozen
    seconds: float = float("inf"),
) -> Tally:
    """Run one world after the other, for so long at most."""
    tally = Tally()
    end = time.monotonic() + seconds
    for seed in seeds:
        world = World(seed, actions=actions, plain=plain, machines=machines)
        world.run()
        tally.add(world, world.judge())
        if time.monotonic() > end:
            break
    return tally


def main() -> int:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--worlds", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0, help="of the first world")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after that")
    parser.add_argument("--plain", action="store_true", help="every file is one text")
    for name, meaning in MACHINES.items():
        parser.add_argument(
            f"--{name}",
            type=float,
            default=getattr(Machines(), name),
            metavar="PART",
            help=f"{meaning} (%(default)s)",
        )
    parser.add_argument("--only", metavar="A,B", help="only these actions: " + ", ".join(ACTIONS))
    parser.add_argument("--without", metavar="A,B", default="", help="all actions but these")
    parser.add_argument("--bad", action="store_true", help="name the worlds with a bad word")
    parser.add_argument("--why", action="store_true", help="say which actions each of them takes")
    parser.add_argument("--shrink", type=int, metavar="SEED", help="tell the shortest bad story")
    parser.add_argument(
        "--real",
        nargs=3,
        type=Path,
        metavar=("BASE", "OURS", "THEIRS"),
        help="merge three directories instead; each file as one text is shown beside it",
    )
    options = parser.parse_args()
    if options.real:
        base, ours, theirs = map(real.read, options.real)
        print("passages: ", real.merge(base, ours, theirs))
        print("one text: ", real.merge(base, ours, theirs, plain=True))
        return 0
    actions = set(options.only.split(",")) if options.only else set(ACTIONS)
    actions -= set(options.without.split(","))
    machines = Machines(**{name: getattr(options, name) for name in MACHINES})
    play = partial(swarm, actions=actions, plain=options.plain, machines=machines)
    shrink = partial(smallest, actions=actions, plain=options.plain, machines=machines)
    if options.shrink is not None:
        print(shrink(options.shrink).story())
        return 0
    worlds = range(options.seed, options.seed + options.worlds)
    tally = play(worlds, seconds=options.seconds)
    print(tally)
    if options.bad:
        print("lost:", dict(tally.lost), "doubled:", dict(tally.doubled))
    if options.why:
        for seed in sorted(tally.lost | tally.doubled):
            print(shrink(seed), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
