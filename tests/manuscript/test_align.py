"""whisker_sync.manuscript.align alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.manuscript.align import align, moved, staying
from whisker_sync.manuscript.pieces import Segment, distribute, headed

LONG = "the old well stands behind the house and nobody draws from it now"


def segments(*texts: str) -> list[Segment]:
    return [headed(f":: {text}") for text in texts]


def test_a_name_finds_its_passage_wherever_it_stands() -> None:
    base = segments("A\none\n", "B\ntwo\n", "C\nthree\n")
    fresh = segments("C\nthree!\n", "A\n1\n", "B\ntwo\n")
    assert align(base, fresh) == [2, 0, 1]


def test_a_renamed_passage_is_known_by_its_body() -> None:
    base = segments("A\none\n", f"Well\n{LONG}\n", "C\nthree\n")
    fresh = segments("A\none\n", f"Fountain\n{LONG} again\n", "New\nsomething else\n", "C\nthree\n")
    assert align(base, fresh) == [0, 1, None, 2]


def test_a_body_wins_when_another_passage_takes_its_name() -> None:
    base = segments(f"Cave\n{LONG}\n")
    fresh = segments(
        "Cave\na new cave, quite unlike the other one, bright and warm\n", f"Old\n{LONG}\n"
    )
    assert align(base, fresh) == [None, 0]


def test_namesakes_are_told_apart_by_body_then_by_order() -> None:
    base = segments(f"N\n{LONG}\n", "N\nfour words are here\n", "N\n\n")
    fresh = segments("N\nfour words are there\n", f"N\n{LONG}!\n", "N\nnew\n")
    assert align(base, fresh) == [1, 0, 2]


def test_of_two_namesakes_that_were_joined_the_first_has_kept_its_header() -> None:
    base = segments(f"N\n{LONG}\n", f"N\n{LONG} and so on and on\n")
    fresh = segments(f"N\n{LONG}\n{LONG} and so on and on\n")
    assert align(base, fresh) == [0]
    assert align(base, segments(f"N\n{LONG} and so on and on\n")) == [1]


def test_an_empty_passage_is_renamed_only_between_the_same_neighbours() -> None:
    base = segments("A\none\n", "Empty\n\n", "C\nthree\n")
    assert align(base, segments("A\none\n", "Void\n\n", "C\nthree\n")) == [0, 1, 2]
    assert align(base, segments("Void\n\n", "A\none\n", "C\nthree\n")) == [None, 0, 2]


def test_on_first_contact_only_a_name_counts() -> None:
    base, fresh = segments(f"Well\n{LONG}\n"), segments(f"Fountain\n{LONG}\n")
    assert align(base, fresh, renames=False) == [None]


def test_a_passage_moves_between_files_by_name_or_by_much_of_its_body() -> None:
    gone = [("a", each) for each in segments(f"Well\n{LONG}\n", "X\nshort\n")]
    come = [("b", each) for each in segments("Y\nshort\n", f"Fountain\n{LONG}\n")]
    assert moved(gone, come) == [(0, 1)]
    assert moved(gone, [("a", come[1][1])]) == []


@given(
    st.lists(st.sampled_from(["A\none\n", "B\n\n", "B\ntwo words\n", f"C\n{LONG}\n", "D\n1 2 3\n"]))
)
def test_every_passage_of_an_unchanged_file_is_itself(texts: list[str]) -> None:
    assert align(segments(*texts), segments(*texts)) == list(range(len(texts)))


@given(st.permutations(range(9)))
def test_what_stays_is_an_ascending_run(places: list[int]) -> None:
    run = [places[i] for i in sorted(staying(places))]
    assert run == sorted(run)
    assert run


@given(st.lists(st.text("ab \n", max_size=8), min_size=1, max_size=4), st.text("abc \n"))
def test_texts_that_are_one_in_a_file_share_what_it_became(old: list[str], new: str) -> None:
    assert "".join(distribute(old, new)) == new
    assert distribute(old, "".join(old)) == old


def test_what_was_inserted_where_two_meet_goes_to_the_line_that_it_stands_in() -> None:
    old = ["one\n", "two three\n"]
    assert distribute(old, "one\nand two three\n") == ["one\n", "and two three\n"]
    assert distribute(old, "one\nand\ntwo three\n") == ["one\nand\n", "two three\n"]
    assert distribute(["one ", "two\n"], "one and two\n") == ["one and ", "two\n"]
