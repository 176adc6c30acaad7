"""
What a save of a large file costs, until the edits are in the document.

A file of a megabyte, once in a thousand passages and once in a single one; one word is
changed in it, a block is moved, every line is touched. Milliseconds of processor time, best
of a few: of the comparison alone, and of all that a manuscript does. ``python -m
benchmarks.saves``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random

from tests.manuscript.world import Author
from whisker_sync.text.edits import diff

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


def main() -> None:
    """Print a table."""
    print(f"{'':24}{'compare':>10}{'whole save':>12}")
    for passages in (1_000, 1):
        text = story(passages)
        for change in (one_word, moved_block, every_line):
            after = change(text)
            compared = best(lambda text=text, after=after: diff(text, after))  # type: ignore[misc]
            name = f"{passages} x {change.__name__.replace('_', ' ')}"
            print(f"{name:24}{compared:7.0f} ms{save(text, after):9.0f} ms")


if __name__ == "__main__":
    main()
