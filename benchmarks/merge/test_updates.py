"""Raw updates in any order give the same document; see :mod:`benchmarks.merge.orders`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.merge.orders import KINDS, Step, run
from benchmarks.merge.tally import TALLY

_number = st.integers(0, 1 << 16)
_steps = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 5), _number, _number),
    min_size=20,
    max_size=40,
)


@pytest.mark.timeout(0)
@pytest.mark.parametrize("count", [2, 3, 6])
def test_any_order_of_updates_gives_the_same_document(count: int) -> None:
    @given(_steps, st.integers(0, 1 << 32))
    def any_order(steps: list[Step], seed: int) -> None:
        words = run(count, steps, seed)
        TALLY.update(histories=1, operations=len(steps), words=words)

    any_order()
