"""What a text is known again by: whisker_sync.manuscript.traits."""

from __future__ import annotations

from whisker_sync.manuscript.shadow import Page, Part, Piece
from whisker_sync.manuscript.traits import (
    Bodies,
    elements_of,
    head_of,
    heads_of,
    joints_of,
    moves_between,
    order_of,
    pieces_of,
    rests_of,
)

CAVE = ":: Cave [dark]\nIt is dark here.\n\n"
LAKE = ":: Lake\nThe water is black.\n\n"
ROAD = "The road is long.\n\n"


def test_a_file_is_what_is_before_all_passages_and_then_each_of_them() -> None:
    assert pieces_of(ROAD + CAVE + LAKE) == [ROAD, CAVE, LAKE]
    assert pieces_of(CAVE) == ["", CAVE]
    assert order_of([ROAD, CAVE, LAKE]) == ["Cave", "Lake"]


def test_a_passage_is_known_by_its_name_its_tags_and_up_to_three_words_in_a_row() -> None:
    assert set(elements_of(":: Cave [dark]\nIt is, dark.\n")) == {
        ("name", "Cave"),
        ("tag", "Cave", "dark"),
        *(("words", word) for word in ("It", "is", "dark")),
        ("words", "It", "is"),
        ("words", "is", "dark"),
        ("words", "It", "is", "dark"),
    }


def test_what_stands_before_what_it_stood_behind_was_moved() -> None:
    assert moves_between(["a", "b", "c"], ["c", "a", "b"]) == {("order", "c", "a")}
    assert moves_between(["a", "b", "c"], ["c", "a", "b"], of={"a", "b"}) == set()
    assert moves_between(["a", "b", "b"], ["b", "b", "a"]) == set()


def test_a_part_of_a_passage_is_a_rest_if_its_other_words_are_nowhere() -> None:
    rest = ":: Cave\nIt is\n"
    assert rests_of([rest], [CAVE], [rest]) == {"Cave"}
    assert rests_of([rest], [CAVE], [rest, ":: Hall\ndark here.\n"]) == set()


def test_what_is_joined_stands_in_a_passage_by_that_and_by_its_words() -> None:
    own = Part(Piece.OWN, "0" * 16, "")
    cave, lake = Part(Piece.PASSAGE, "c" * 16, CAVE), Part(Piece.PASSAGE, "d" * 16, LAKE)
    road = Part(Piece.HEADLESS, "e" * 16, ROAD)
    first = Page.of((own, cave, road, lake), "\n", bom=False)
    second = Page.of((own, cave, lake, road), "\n", bom=False)
    assert [joint for joint, _ in joints_of(first)] == [("joint", road.id)]
    assert [list(heads_of(each)) for each in (first, second)] == [
        [(road, "Cave")],
        [(road, "Lake")],
    ]
    assert head_of(ROAD, [CAVE, LAKE + ROAD]) == "Lake"
    assert head_of(ROAD, [CAVE]) is None


def test_what_is_joined_may_be_several_passages_in_another_version() -> None:
    own = Part(Piece.OWN, "0" * 16, "")
    cave, lake = Part(Piece.PASSAGE, "c" * 16, CAVE), Part(Piece.PASSAGE, "d" * 16, LAKE)
    empty, road = Part(Piece.PASSAGE, "e" * 16, ":: Door\n\n"), Part(Piece.HEADLESS, "f" * 16, ROAD)
    bodies = Bodies.of(Page.of((own, cave, lake, road, empty), "\n", bom=False))
    water = Part(Piece.HEADLESS, "d" * 16, LAKE.replace(":: Lake\n", ""))
    assert bodies.has_apart([cave, water, road])
    assert not bodies.has_apart([lake, road])  # as one passage
    assert not bodies.has_apart([cave, water])  # and more in that passage
    assert not bodies.has_apart([cave, road])
    behind = Bodies.of(Page.of((own, empty, cave), "\n", bom=False))
    assert behind.has_apart([empty, Part(Piece.HEADLESS, "c" * 16, "It is dark here.\n")])
