"""Each decoder, for a moment; by hand and for longer: ``python -m benchmarks.fuzz``."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks.fuzz.corpus import CHECKOUT
from benchmarks.fuzz.runner import DECODERS, dice_of, run
from benchmarks.fuzz.targets import TARGETS

SEED = 1
SLOW = {"gate": 1500, "journal": 150, "config": 150, "local": 150, "parts": 400}


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_decoder_is_right_or_refuses(decoder: str) -> None:
    cases = SLOW.get(decoder, 1000)
    report = run(decoder, cases=cases, seconds=None, seed=SEED)
    assert not report.violations
    assert report.cases == report.accepted + report.refused == cases
    assert report.refused
    if decoder == "gate":
        assert report.accepted > report.followed_up > 50


CASES = """
import hashlib, sys
from benchmarks.fuzz.runner import dice_of
from benchmarks.fuzz.targets import TARGETS
for name, make in TARGETS.items():
    target = make()
    drawn = b"".join(target.draw(dice_of(name, 1, case)) for case in range(40))
    print(name, hashlib.sha256(drawn).hexdigest())
    target.close()
"""


def test_a_seed_gives_the_same_cases_in_every_process() -> None:
    said = {
        subprocess.run(
            [sys.executable, "-c", CASES], cwd=CHECKOUT, capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    }
    assert len(said) == 1
    assert len(said.pop().splitlines()) == len(TARGETS)


def test_other_seeds_give_other_cases() -> None:
    target = TARGETS["state"]()
    drawn = [[target.draw(dice_of("state", seed, n)) for n in range(9)] for seed in (1, 2)]
    assert drawn[0] != drawn[1]
