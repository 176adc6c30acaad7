"""
Whole peers in simulated worlds: nobody loses a word, whatever happens.

Each history is what 2 to 6 authors, their machines and the network between them do, drawn
by Hypothesis or from a seed. Then everything is healed, and when all is quiet: digests are
equal, folders are equal byte for byte, what is on disk is what was in memory, and each
word that was ever written and that nobody who saw it erased is there: exactly once, but for
one in 20,000. Which version an editor had opened has to be guessed when a file is saved
(:mod:`whisker_sync.manuscript.bases`), and whoever deletes most of what a co-author wrote a
moment ago looks like an editor that never saw it; then a word may come back, never get lost.
"""

from __future__ import annotations

from random import SystemRandom

import pytest
from hypothesis import given, settings

from benchmarks.merge.tally import TALLY
from whisker_sync.testing import History, random_history, shorten
from whisker_sync.testing.histories import Carry, Judgement, Operation, Rename
from whisker_sync.testing.strategies import histories

OPERATIONS = 24
"""Operations of a history at least."""

WORDS_FOR_ONE = 20_000
"""Words written for each that may be there twice."""

CHUNKS = 8
"""Tests that the seeds are spread over, so that they share the cores."""

WHOLE_FILES_AND_MOVES = (Rename, Carry)
"""
What authors do of which it is not said yet that no word is there twice.

A file that is renamed, or a passage that goes to another file, is found again by what is in
it. If that was rewritten in the same moment, it counts as new, and what others write in the
old one meanwhile keeps that. And a file that is as it once was, because a passage was carried
away, may have been saved by an editor that never saw the passage. All replicas end alike with
them, too, and no word is lost.
"""


def profile() -> settings:
    """The settings that were chosen with ``--hypothesis-profile``."""
    assert settings.default is not None
    return settings.default


def judged(history: History) -> Judgement:
    """Let it happen, count it, and say how it ended."""
    judgement = history.judge(once=False)
    TALLY.update(
        histories=1,
        operations=len(history.operations),
        words=judgement.words,
        frames=judgement.frames,
        seconds=int(judgement.seconds),
    )
    return judgement


class Count:
    """Words that were written, and words that are there twice."""

    def __init__(self) -> None:
        self.words = self.doubled = 0
        self.latest: History | None = None

    def add(self, history: History, judgement: Judgement) -> None:
        """Add what one history came to."""
        self.words += judgement.words
        self.doubled += judgement.doubled
        self.latest = history if judgement.doubled else self.latest

    def check(self) -> None:
        """Make sure that words are there twice as seldom as is said."""
        assert self.doubled <= 1 + self.words // WORDS_FOR_ONE, (
            f"{self.doubled} of {self.words} words are there twice, lastly in {self.latest}"
        )


def check(first: int, count: int, *, once: bool, without: tuple[type[Operation], ...]) -> None:
    """Play histories from seeds; of the first that ends badly show the shortest form."""
    total = Count()
    for seed in range(first, first + count):
        history = random_history(
            seed, replicas=(2, 2, 3, 3, 4, 5, 6), operations=OPERATIONS, without=without
        )
        judgement = judged(history)
        total.add(history, judgement)
        if judgement.wrong:
            shortest = shorten(history, lambda each: bool(each.judge(once=False).wrong))
            wrong = "\n".join(shortest.judge(once=False).wrong)
            raise AssertionError(f"seed {seed}, shortened:\n{shortest}\n{wrong}")
    if once:
        total.check()


@pytest.mark.timeout(0)
@pytest.mark.parametrize("replicas", [2, 3, 4, 5, 6])
def test_drawn_histories_lose_and_double_no_word(replicas: int) -> None:
    # What many devices do takes long: two find most of it.
    share = {2: 1.0, 3: 1.0, 4: 0.5, 5: 0.25, 6: 0.25}[replicas]
    total = Count()

    @settings(max_examples=int(profile().max_examples * share))
    @given(
        histories(
            min_replicas=replicas,
            max_replicas=replicas,
            min_size=OPERATIONS,
            max_size=OPERATIONS + 8,
            without=WHOLE_FILES_AND_MOVES,
        )
    )
    def end_well(history: History) -> None:
        judgement = judged(history)
        total.add(history, judgement)
        assert not judgement.wrong, "\n".join([str(history), *judgement.wrong])

    end_well()
    total.check()


@pytest.mark.timeout(0)
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_histories_from_seeds_lose_and_double_no_word(chunk: int) -> None:
    count = profile().max_examples * 2 // 5
    first = chunk * count if profile().derandomize else SystemRandom().getrandbits(40)
    check(first, count, once=True, without=WHOLE_FILES_AND_MOVES)


@pytest.mark.timeout(0)
@pytest.mark.parametrize("chunk", range(CHUNKS // 4))
def test_histories_with_everything_end_alike_and_lose_no_word(chunk: int) -> None:
    count = profile().max_examples * 2 // 5
    first = chunk * count if profile().derandomize else SystemRandom().getrandbits(40)
    check(first, count, once=False, without=())
