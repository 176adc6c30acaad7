"""What is typed most loads little; how long it takes, ``python -m benchmarks.commands`` tells."""

from __future__ import annotations

import subprocess
import sys

import pytest

HELP = "from whisker_sync.cli.main import run; run(['--help'])"
STATUS = (
    "from whisker_sync.api.places import Layout; from whisker_sync.daemon.control import ask; "
    "from whisker_sync.cli import sync"
)


@pytest.mark.parametrize(
    ("program", "unwanted"),
    [
        (HELP, ["whisker_sync.errors", "asyncio", "json", "pathlib", "shutil", "rich"]),
        (STATUS, ["pycrdt", "cbor2", "cryptography", "rich", "whisker_sync.node.settings"]),
    ],
    ids=["help", "status"],
)
def test_what_it_does_not_need_is_not_loaded(program: str, unwanted: list[str]) -> None:
    told = f"{program}; import sys; sys.exit(' '.join(set({unwanted}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
