"""whisker_sync.document.order alone."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.document.order import MAX_KEY, is_key, keys

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
any_key = st.builds(
    lambda start, end: start + end,
    st.text(DIGITS, max_size=8),
    st.sampled_from(DIGITS[1:]),
)


@given(any_key, any_key, st.integers(1, 200), st.integers())
def test_keys_lie_between_their_neighbours_in_order(a: str, b: str, count: int, seed: int) -> None:
    left, right = (None, b) if a == b else sorted([a, b])
    drawn = keys(count, left, right, Random(seed))
    assert [left or "", *drawn, right] == sorted({left or "", *drawn, right})
    assert all(is_key(key) for key in drawn)


@given(any_key, st.integers(1, 200), st.integers())
def test_appended_keys_lie_behind_the_last(left: str, count: int, seed: int) -> None:
    drawn = keys(count, left, None, Random(seed))
    assert [left, *drawn] == sorted({left, *drawn})
    assert all(is_key(key) for key in drawn)


def test_runs_of_two_authors_at_one_spot_do_not_mix() -> None:
    first, last = keys(2, None, None, Random(0))
    ours = keys(50, first, last, Random(1))
    theirs = keys(50, first, last, Random(2))
    assert sorted(ours + theirs) in (ours + theirs, theirs + ours)


def test_appending_counts_up_and_keys_stay_short() -> None:
    dice = Random(7)
    last = None
    for _ in range(3_000):
        (last,) = keys(1, last, None, dice)
    assert last is not None
    assert len(last) == 9


def test_behind_the_largest_count_there_is_still_room() -> None:
    (key,) = keys(1, "zzzzzz", None, Random(0))
    assert key > "zzzzzz"
    assert is_key(key)


def test_a_thousand_inserts_at_one_spot_stay_far_below_the_limit() -> None:
    dice = Random(3)
    left, right = keys(2, None, None, dice)
    for _ in range(1_000):
        (right,) = keys(1, left, right, dice)
    assert len(right) < MAX_KEY // 2


def test_what_leaves_no_room_before_or_behind_is_no_key() -> None:
    assert is_key("A" * MAX_KEY)
    assert not is_key("A" * (MAX_KEY + 1))
    for text in ("", "0", "A0", "a b", "é", "A\n"):
        assert not is_key(text)
