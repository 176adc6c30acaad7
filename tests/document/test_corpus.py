"""
Updates that kill, hang or corrupt an engine without a gate.

The corpus is not part of the project: name its directory in WHISKER_CORPUS. Ours
are in ``test_gate.py``, ``test_ledger.py`` and ``tests/fuzz/corpus``.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.fuzz.replay import HARMLESS, replay

CHECKOUT = Path(__file__).parents[2]
CORPUS = Path(os.environ.get("WHISKER_CORPUS", CHECKOUT.parent / "shared" / "corpus"))

pytestmark = pytest.mark.skipif(
    not (CORPUS / "base.bin").is_file(),
    reason="no corpus of hostile updates here; name its directory in WHISKER_CORPUS",
)


def test_no_update_of_the_corpus_harms_who_lets_it_through_the_gate() -> None:
    tally = replay(CORPUS / "yjs-updates", (CORPUS / "base.bin").read_bytes())
    assert len(tally.outcomes) == len(list((CORPUS / "yjs-updates").iterdir()))
    assert not tally.harmed
    deadly = [name for name in tally.outcomes if name.startswith("crash-") or "-panic-" in name]
    assert deadly
    let_in = {name for name, outcome in tally.outcomes.items() if outcome in HARMLESS}
    assert not let_in & set(deadly)
