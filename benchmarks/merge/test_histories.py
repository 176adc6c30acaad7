"""
Whole peers in simulated worlds: nobody loses a word, whatever happens.

Each history is what 2 to 6 authors, their machines and the network between them do, drawn
by Hypothesis or from a seed. Then everything is healed, and when all is quiet: digests are
equal, folders are equal byte for byte, what is on disk is what was in memory, and each
word that was ever written and that nobody who saw it erased is there exactly once.
"""

from __future__ import annotations

from random import SystemRandom

import pytest
from hypothesis import given, settings

from benchmarks.merge.tally import TALLY
from whisker_sync.testing import History, random_history, shorten
from whisker_sync.testing.strategies import histories

OPERATIONS = 24
"""Operations of a history at least."""

CHUNKS = 8
"""Tests that the seeds are spread over, so that they share the cores."""


def profile() -> settings:
    """The settings that were chosen with ``--hypothesis-profile``."""
    assert settings.default is not None
    return settings.default


def is_fine(history: History) -> bool:
    """Let it happen, and count it."""
    judgement = history.judge()
    TALLY.update(
        histories=1,
        operations=len(history.operations),
        words=judgement.words,
        frames=judgement.frames,
        seconds=int(judgement.seconds),
    )
    return not judgement.wrong


@pytest.mark.timeout(0)
@pytest.mark.parametrize("replicas", [2, 3, 4, 5, 6])
def test_drawn_histories_end_well(replicas: int) -> None:
    share = {2: 2, 3: 2, 4: 1, 5: 1, 6: 1}[replicas]

    @settings(max_examples=profile().max_examples * share)
    @given(
        histories(
            min_replicas=replicas,
            max_replicas=replicas,
            min_size=OPERATIONS,
            max_size=OPERATIONS + 8,
        )
    )
    def end_well(history: History) -> None:
        if not is_fine(history):
            raise AssertionError("\n".join([str(history), *history.judge().wrong]))

    end_well()


@pytest.mark.timeout(0)
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_histories_from_seeds_end_well(chunk: int) -> None:
    per_chunk = profile().max_examples // 2
    first = chunk * per_chunk
    if not profile().derandomize:
        first += SystemRandom().getrandbits(40)
    for seed in range(first, first + per_chunk):
        history = random_history(seed, replicas=(2, 2, 3, 3, 4, 5, 6), operations=OPERATIONS)
        if not is_fine(history):
            shortest = shorten(history, lambda each: bool(each.judge().wrong))
            wrong = "\n".join(shortest.judge().wrong)
            raise AssertionError(f"seed {seed}, shortened:\n{shortest}\n{wrong}")
