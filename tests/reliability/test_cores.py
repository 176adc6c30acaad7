"""Work on all cores: benchmarks.reliability.cores."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from itertools import count, islice

import pytest

from benchmarks.reliability.cores import spread

PARENT = """
import os
from benchmarks.reliability.cores import workers

with workers(1) as pool:
    print(pool.submit(os.getpid).result(), flush=True)
    input()
"""

PATIENCE = 30.0
"""Seconds after which a process that should end is taken for one that does not."""


def test_results_come_in_order_until_there_are_enough() -> None:
    results = list(spread(abs, 0.0, 10, 5, lambda number: number >= 30))
    assert results == list(islice(count(10, 5), len(results)))
    assert 30 in results


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells when a stranger ends")
def test_a_worker_ends_with_a_parent_that_is_killed() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    worker = os.pidfd_open(int(parent.stdout.readline()))
    try:
        parent.kill()
        parent.wait()
        ended, _, _ = select.select([worker], [], [], PATIENCE)
        assert ended == [worker]
    finally:
        os.close(worker)
        parent.communicate()
