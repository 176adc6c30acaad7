"""A short run of what ``benchmarks/editors.py`` does at length: see there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.editors import run

pytestmark = [
    pytest.mark.alone,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform == "win32", reason="renames files that are open"),
]


def test_every_word_is_still_somewhere_whatever_editors_do(tmp_path: Path) -> None:
    said: list[str] = []
    figures = run(tmp_path, rounds=80, phases=2, seed=3, say=said.append)
    assert not figures.problems, said
    assert not figures.lost, said
    assert figures.typed > 50
