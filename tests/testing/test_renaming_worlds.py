"""Authors rename files all the time, and processes die or stand still: no word is there twice."""

from __future__ import annotations

import pytest

from whisker_sync.testing import random_history
from whisker_sync.testing.histories import (
    Boot,
    Crash,
    Cut,
    Grow,
    Heal,
    Make,
    Remove,
    Rename,
    Retitle,
    Shrink,
    Shuffle,
    Sleep,
    Wait,
    Write,
)

OFTEN = {
    Write: 40.0, Grow: 4.0, Shrink: 2.0, Retitle: 4.0, Shuffle: 4.0, Make: 3.0, Remove: 3.0,
    Rename: 14.0, Crash: 12.0, Boot: 25.0, Sleep: 10.0, Wait: 6.0, Heal: 2.0, Cut: 2.0,
}  # fmt: skip


@pytest.mark.parametrize("first", range(0, 120, 20))
def test_what_is_renamed_by_several_at_once_is_there_once(first: int) -> None:
    """Six of the first 120 seeds once ended with words there twice."""
    for seed in range(first, first + 20):
        history = random_history(seed, replicas=(2, 3, 3), operations=40, often=OFTEN)
        assert history.judge().wrong == (), seed
