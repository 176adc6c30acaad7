"""
Updates that kill, hang or corrupt an engine without a gate.

The corpus is not part of the project: name its directory in WHISKER_CORPUS. Ours
are in ``test_gate.py``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
CORPUS = Path(os.environ.get("WHISKER_CORPUS", CHECKOUT.parent / "shared" / "corpus"))
SECONDS = 20
BATCH = 12

pytestmark = pytest.mark.skipif(
    not (CORPUS / "base.bin").is_file(),
    reason="no corpus of hostile updates here; name its directory in WHISKER_CORPUS",
)


def replay(updates: list[Path]) -> dict[str, str]:
    """Give updates to a child; what each came to, "harmed" if the child died or hung at it."""
    command = [sys.executable, "-m", "tests.document.harm", str(CORPUS / "base.bin")]
    child = subprocess.Popen(
        [*command, *map(str, updates)], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
    )
    try:
        output, _ = child.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        output, _ = child.communicate()
    outcomes: dict[str, str] = {}
    for line in output.splitlines():
        match line.split():
            case ["begin", name]:
                outcomes[name] = "harmed"
            case ["end", name, outcome]:
                outcomes[name] = outcome
            case _:
                raise AssertionError(line)
    rest = [update for update in updates if update.name not in outcomes]
    return outcomes | (replay(rest) if rest and outcomes else {})


def test_no_update_of_the_corpus_harms_who_lets_it_through_the_gate() -> None:
    updates = sorted((CORPUS / "yjs-updates").iterdir())
    outcomes: dict[str, str] = {}
    for cut in range(0, len(updates), BATCH):
        outcomes |= replay(updates[cut : cut + BATCH])
    assert len(outcomes) == len(updates)
    harmed = {
        name: outcome for name, outcome in outcomes.items() if outcome[:4] in {"harm", "Diff"}
    }
    assert not harmed
    assert not [name for name, outcome in outcomes.items() if outcome.startswith("Raised")]
    deadly = [name for name in outcomes if name.startswith("crash-") or "-panic-" in name]
    assert deadly
    assert not {name: outcomes[name] for name in deadly if outcomes[name] == "Applied"}
