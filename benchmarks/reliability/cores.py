"""One task over and over, with another number each time, on all cores."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from threading import Thread
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
    with workers(cores) as pool:
        running = [pool.submit(task, first + step * number) for number in range(2 * cores)]
        started = len(running)
        while running:
            done = running.pop(0).result()
            yield done
            if time.monotonic() < until or not is_enough(done):
                running.append(pool.submit(task, first + step * started))
                started += 1


def workers(count: int | None = None, niceness: int = 0) -> ProcessPoolExecutor:
    """So many processes (None: one for each core), which end with us, however we end."""
    return ProcessPoolExecutor(count, get_context("spawn"), _begin, (niceness,))


def _begin(niceness: int) -> None:
    if sys.platform != "win32":
        os.nice(niceness)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # Nobody is there to whom a result could go.
