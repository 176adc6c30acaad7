"""Tests of :mod:`whisker_sync.text.edits`."""

from __future__ import annotations

import time
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisker_sync.text import edits
from whisker_sync.text.edits import Splice, apply, diff

PIECES = [
    "a", "b", "foo", "foo ", "bar ", " ", "  ", "\n", "\n\n", "\t", ".", ", ", '"', "<<if>>",
    "汉", "字", "ไทย", "é", "e\u0301", "👍🏽", "#\ufe0f\u20e3", "\r\n", "\u2028", "---", "don't",
]  # fmt: skip
texts = st.one_of(st.text(max_size=30), st.lists(st.sampled_from(PIECES)).map("".join))


def words_only(old: str, new: str) -> list[str]:
    return [f"{old[each.start : each.end]}>{each.insert}" for each in diff(old, new)]


@given(texts, texts)
@settings(max_examples=400)
def test_the_edits_make_the_new_text_of_the_old_one(old: str, new: str) -> None:
    splices = diff(old, new)

    assert apply(old, splices) == new
    for splice in splices:
        assert 0 <= splice.start <= splice.end <= len(old)
        assert old[splice.start : splice.end] != splice.insert
    for splice, following in pairwise(splices):
        assert splice.end < following.start


@given(texts, texts, texts, texts)
@settings(max_examples=200)
def test_a_change_in_the_middle_makes_new_text_too(a: str, b: str, c: str, d: str) -> None:
    assert apply(a + b + d, diff(a + b + d, a + c + d)) == a + c + d


def test_equal_texts_differ_in_nothing() -> None:
    assert diff("the cat", "the cat") == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("the cat sat", "the dog sat", ["cat >dog "]),
        ("the cat", "the dog", [" cat> dog"]),
        ("the cat, then", "the dog, then", [" cat> dog"]),
        ("a\ncat\nb", "a\ndog\nb", ["cat\n>dog\n"]),
        ("cat", "dog", ["cat>dog"]),
        ("$gold<<", "$silver<<", ["gold>silver"]),
        ("the cat sat", "the fat cat sat", [">fat "]),
        ("the cat", "the cat sat", ["> sat"]),
        ("the cat.", "the cat sat.", ["> sat"]),
        ("the cat sat", "the sat", ["cat >"]),
        ("a b, c d", "a b c d", [",>"]),
        ("stone", "moon", ["stone>moon"]),
        ("don't go", "do not go", ["don't >do not "]),
    ],
)
def test_an_edit_is_of_whole_words_and_has_one_blank_of_what_it_replaces(
    old: str, new: str, expected: list[str]
) -> None:
    assert words_only(old, new) == expected


def test_blank_space_is_compared_and_never_matched() -> None:
    assert words_only("one two three", "four five six") == ["one two three>four five six"]


def test_breaking_lines_anew_touches_no_word() -> None:
    assert words_only("one two three four", "one two\nthree four") == [" >\n"]


def test_punctuation_between_two_changes_is_replaced_with_them() -> None:
    assert words_only("red, green", "blue, white") == ["red, green>blue, white"]
    assert words_only("a red, green b", "a blue, white b") == ["red, green >blue, white "]


def test_a_ruler_between_two_changes_stays() -> None:
    short, long = "-" * edits.STRAY, "-" * (edits.STRAY + 1)

    assert len(diff(f"a\n{short}\nb\n", f"c\n{short}\nd\n")) == 1
    assert len(diff(f"a\n{long}\nb\n", f"c\n{long}\nd\n")) == 2


def test_signs_change_one_by_one_where_no_word_changes() -> None:
    assert words_only('say "yes" now', "say «yes» now") == ['">«', '">»']
    assert words_only("+--+\n|..|\n+--+", "+--+\n|.@|\n+--+") == [".>@"]


def test_characters_written_without_blanks_are_words() -> None:
    assert words_only("我不人在他", "我不你在他") == ["人>你"]


def test_combined_characters_stay_together() -> None:
    assert words_only("un cafe\u0301 noir", "un cafe noir") == ["cafe\u0301 >cafe "]
    assert words_only("か\u3099き", "かき") == ["か\u3099>か"]
    assert words_only("👍🏽", "👍🏿") == ["👍🏽>👍🏿"]
    assert words_only("a #\ufe0f\u20e3", "a #") != ["\ufe0f>"]


def test_an_insertion_is_found_where_an_author_would_say_it_is() -> None:
    assert words_only("He ran. He sat.", "He ran. He hid. He sat.") == [">He hid. "]
    assert words_only("He ran.\n\nHe sat.", "He ran.\n\nHe hid.\n\nHe sat.") == [">He hid.\n\n"]
    assert words_only("a\nb", "a\nfoo\nb") == [">foo\n"]
    assert words_only("{\n}\n\n{\n}\n", "{\n}\n\n{\na\n}\n\n{\n}\n") == [">{\na\n}\n\n"]
    assert words_only("the cat", "the cat sat") == ["> sat"]


def test_a_deletion_is_found_where_an_author_would_say_it_is() -> None:
    assert words_only("He ran. He hid. He sat.", "He ran. He sat.") == ["He hid. >"]
    assert words_only("a\n\nb\n\nc", "a\n\nc") == ["b\n\n>"]


def test_an_edit_is_moved_up_to_the_limit() -> None:
    """A run of one word says it: an insertion stands at its end, or as far as it may go."""
    short, long = "ha " * (edits.SLIDE // 6), "ha " * edits.SLIDE

    assert diff(f"oh\n{short}he", f"oh\n{short}ha he") == [Splice(3, 3, "ha ")]
    assert diff(f"oh\n{long}he", f"oh\n{long}ha he") != [Splice(3, 3, "ha ")]


@pytest.mark.parametrize("elsewhere", ["", "Another\nline. ", "Something else.\n\n"])
def test_who_makes_the_same_change_makes_the_same_edit(elsewhere: str) -> None:
    """Whatever else they changed: otherwise a merge would make it twice."""
    old = "She came.\n\nThe end. The end. The door."
    new = "She came.\n\nThe end. The lamp. The end. The door."

    once = apply(old, diff(old, new))
    others = diff(old, new.replace("She", f"{elsewhere}She"))

    assert once == new
    assert set(diff(old, new)) <= set(others)


def test_who_makes_the_same_change_among_repeated_lines_mostly_makes_the_same_edit() -> None:
    """Of such texts 8 % differ, and 23 % would if edits were left where they are found."""
    different = 0
    for seed in range(500):
        dice = Random(seed)
        old = dice.choices(["}", "<</if>>", "the cat", "it sat on it", "", "a dog and a cat"], k=16)
        both = [*old[:10], *dice.choices(old, k=3), *old[10 + dice.randrange(3) :]]
        ours = ["Unique", *both]
        edits_of_both = diff("\n".join(old), "\n".join(both))
        different += not set(edits_of_both) <= set(diff("\n".join(old), "\n".join(ours)))

    assert different < 500 * 0.12


def test_one_endless_line_is_cut_near_the_change() -> None:
    line = "word " * edits.LONG_LINE
    half = 5 * (edits.LONG_LINE // 2)

    assert diff(line, f"{line[:half]}new {line[half:]}")[0].insert == "new "
    assert diff(line, line[:half] + line[half + 5 :])[0].insert == ""


def test_a_long_line_without_blanks_is_compared_as_a_whole() -> None:
    line = "x" * edits.LONG_LINE

    assert diff(line * 2, f"{line}y{line}") == [Splice(0, 2 * len(line), f"{line}y{line}")]


def a_long_text(size: int) -> str:
    dice = Random(1)
    words = (f"w{min(int(dice.paretovariate(0.7)), 20_000)}" for _ in range(size // 3))
    return "".join(word + ("\n" if dice.random() < 0.08 else " ") for word in words)[:size]


def seconds(old: str, new: str) -> float:
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        splices = diff(old, new)
        best = min(best, time.perf_counter() - start)
        assert apply(old, splices) == new
    return best


# The limits below are many times what is measured: they tell a quadratic algorithm
# from a linear one, on a busy machine too. Measurements are in benchmarks/.


def test_one_word_of_a_long_text_is_found_at_once() -> None:
    text = a_long_text(1_000_000)

    assert seconds(text, f"{text[:500_000]} inserted {text[500_000:]}") < 0.1


def test_a_change_of_every_line_is_found_before_anyone_waits() -> None:
    text = a_long_text(300_000)
    changed = "\n".join(f"{line} end{n}" for n, line in enumerate(text.split("\n")))

    assert seconds(text, changed) < 2
    assert seconds(text, text.replace("\n", " ")) < 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a " * 60_000, "a b " * 40_000),
        ("}\n" * 50_000, "y}\n}\n" * 25_000),
        ("\n" * 100_000, "\n" * 50_000 + "x" + "\n" * 60_000),
        ("{} " * 40_000, "{ } " * 40_000),
        ("的一是了我" * 10_000, "我了是一的" * 10_000),
    ],
)
def test_what_only_repeats_itself_takes_no_longer(old: str, new: str) -> None:
    assert seconds(old, new) < 2
