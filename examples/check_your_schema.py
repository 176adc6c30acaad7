"""
Does a schema of your own bear what machines and networks do? Ask a few hundred worlds.

    python check_your_schema.py [WORLDS]

In each world, some machines edit a board at random while they crash, sleep, are cut off
and come back. In the end all must hold the same, and no word that nobody erased may be
lost. The first world in which that is not so is made as short as can be and printed.
"""

import sys
from functools import partial

from whisker_sync import Kind, Root, Schema
from whisker_sync.testing import World, random_history, shorten

BOARD = Schema((Root("cards", Kind.RECORDS), Root("text:*", Kind.TEXT), Root("view", Kind.MAP)))


def main(worlds: int) -> int:
    """Judge so many histories; return 1 if one ends badly."""
    make = partial(World, schemas={"board": BOARD}, files=False)
    for seed in range(worlds):
        history = random_history(seed)
        if history.judge(make=make).wrong:
            history = shorten(history, lambda each: bool(each.judge(make=make).wrong))
            print(history, *history.judge(make=make).wrong, sep="\n")
            return 1
    print(f"{worlds} worlds, and nothing was lost")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 300))
