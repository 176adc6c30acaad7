"""The kept corpus: what was hard once is still said rightly."""

from __future__ import annotations

import pytest

from benchmarks.fuzz.corpus import KEPT, kept
from benchmarks.fuzz.runner import judge
from benchmarks.fuzz.target import Verdict
from benchmarks.fuzz.targets import TARGETS

MAX_BYTES = 32 << 10
"""Bytes of the corpus; it is read by whoever looks into it, and cloned by all."""


@pytest.mark.parametrize("decoder", TARGETS)
def test_what_was_hard_once_is_handled(decoder: str) -> None:
    target = TARGETS[decoder]()
    inputs = kept(decoder)
    assert inputs
    try:
        for case, (name, data) in enumerate(inputs.items()):
            wanted = Verdict(name.partition("-")[0])
            assert judge(target, case, data) is wanted, name
        assert not list(target.follow_up(last=True))
    finally:
        target.close()


def test_each_directory_belongs_to_a_decoder() -> None:
    assert {path.name for path in KEPT.iterdir() if path.is_dir()} == set(TARGETS)


def test_the_corpus_is_small() -> None:
    assert sum(len(data) for decoder in TARGETS for data in kept(decoder).values()) < MAX_BYTES
