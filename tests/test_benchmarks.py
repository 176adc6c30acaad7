"""What benchmarks/README.md says can be run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "benchmarks" / "README.md").read_text("utf-8")
MODULES = sorted(set(re.findall(r"python -m (benchmarks[\w.]*)", README)))


def test_some_are_named() -> None:
    assert "benchmarks.merge.swarm" in MODULES


@pytest.mark.parametrize("module", MODULES)
def test_each_says_what_can_be_asked_of_it(module: str) -> None:
    command = [sys.executable, "-m", module, "--help"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith("usage: ")
