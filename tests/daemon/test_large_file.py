"""A short run of ``benchmarks/large_file.py``: a process dies while a large file travels."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.large_file import MAX_MEGABYTES, measure

pytestmark = [
    pytest.mark.alone,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform == "win32", reason="kills processes as Unix does"),
]


def test_a_large_file_arrives_although_a_process_dies_half_way(tmp_path: Path) -> None:
    figures = measure(tmp_path, 60)
    assert figures.is_whole
    assert max(figures.memory) <= MAX_MEGABYTES
