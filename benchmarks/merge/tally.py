"""What the merge tests have seen, counted over all of their processes."""

from __future__ import annotations

from collections import Counter

TALLY: Counter[str] = Counter()
"""Counts of this process: histories, operations, words, frames, seconds of simulated time."""
