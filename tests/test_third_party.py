"""Our types as somebody sees them who has installed the package, with settings of their own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"

MISTAKES = """
from whisker_sync import Merged, Schema, Workspace

async def main() -> None:
    async with Workspace.open(5) as workspace:
        workspace.status.pending = 3
        workspace.document("notes").text(1)
        async for event in workspace.events():
            if isinstance(event, Merged):
                event.nothing
"""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A project of somebody else: no settings, and nothing of ours beside it."""
    (tmp_path / "mypy.ini").write_text("[mypy]\n")
    return tmp_path


def mypy(place: Path, *paths: str) -> subprocess.CompletedProcess[str]:
    """Check as strictly as mypy can."""
    cache = ["--cache-dir", str(place / "cache")]
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", "mypy.ini", *cache, *paths],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_examples_are_right_in_the_strictest_eyes(elsewhere: Path) -> None:
    shutil.copytree(EXAMPLES, elsewhere / "examples")
    paths = [str(path.relative_to(elsewhere)) for path in elsewhere.glob("examples/**/*.py")]
    assert len(paths) > 5
    done = mypy(elsewhere, *paths)
    assert done.returncode == 0, done.stdout + done.stderr


def test_mistakes_are_seen_where_they_are_made(elsewhere: Path) -> None:
    (elsewhere / "mistakes.py").write_text(MISTAKES)
    done = mypy(elsewhere, "mistakes.py")
    found = [line.split(": error: ")[0] for line in done.stdout.splitlines() if "error:" in line]
    assert found == [f"mistakes.py:{line}" for line in (5, 6, 7, 10)], done.stdout
