"""Tests of :mod:`whisker_sync.text.align`."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.text import align
from whisker_sync.text.align import align as aligned

sequences = st.lists(st.sampled_from("abcdef"), max_size=40)


@given(sequences, sequences, st.sampled_from((0, 10, align.THOROUGH)))
def test_blocks_are_equal_ascending_and_as_long_as_can_be(
    old: list[str], new: list[str], thorough: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(align, "THOROUGH", thorough)
        blocks = aligned(old, new)

    for i, j, size in blocks:
        assert size > 0
        assert old[i : i + size] == new[j : j + size]
    for (i, j, size), (k, m, _) in pairwise(blocks):
        assert i + size <= k
        assert j + size <= m
        assert (i + size, j + size) != (k, m)


@given(sequences)
def test_a_sequence_is_itself(items: list[str]) -> None:
    assert aligned(items, items) == ([(0, 0, len(items))] if items else [])


def test_what_is_unique_ties_long_sequences_together() -> None:
    dice = Random(3)
    kept = [f"unique{n}" for n in range(50)]
    old = [each for item in kept for each in (item, *dice.choices("ab", k=30))]
    new = [each for item in kept for each in (item, *dice.choices("ab", k=30))]

    matched = {old[i + k] for i, _, size in aligned(old, new) for k in range(size)}

    assert matched >= set(kept)


def test_a_stretch_is_compared_thoroughly_up_to_the_limit() -> None:
    """What is not unique in a stretch over the limit is found by pairs, or not at all."""
    size = int(align.THOROUGH**0.5)
    within = aligned(["x", *"ab" * (size // 2 - 1), "y"], ["p", *"bc" * (size // 2 - 1), "q"])
    beyond = aligned(["x", *"ab" * size, "y"], ["p", *"bc" * size, "q"])

    assert within
    assert not beyond


def test_pairs_tie_together_what_has_no_unique_item() -> None:
    old = [*"ab" * 60, "c", "d", *"ab" * 60, "d", "c"]
    new = [*"ba" * 70, "c", "d", *"ba" * 50, "d", "c"]

    assert any(old[i : i + size] == ["c", "d"] or size > 2 for i, _, size in aligned(old, new))
