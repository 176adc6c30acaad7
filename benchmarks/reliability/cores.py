"""One task over and over, with another number each time, on all cores."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def spread(
    task: Callable[[int], T], seconds: float, first: int, step: int, is_enough: Callable[[T], bool]
) -> Iterator[T]:
    """
    What came of ``task(first)``, ``task(first + step)`` and so on, in this order.

    Ends when the seconds are over and ``is_enough`` was true of the last result.
    """
    cores = os.cpu_count() or 1
    until = time.monotonic() + seconds
    with ProcessPoolExecutor(cores) as pool:
        running = [pool.submit(task, first + step * number) for number in range(2 * cores)]
        started = len(running)
        while running:
            done = running.pop(0).result()
            yield done
            if time.monotonic() < until or not is_enough(done):
                running.append(pool.submit(task, first + step * started))
                started += 1
