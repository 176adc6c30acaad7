"""What speaks against a version: whisker_sync.manuscript.weighing."""

from __future__ import annotations

from whisker_sync.manuscript.traits import Element
from whisker_sync.manuscript.weighing import cheapest, weigh


def words(text: str) -> set[Element]:
    return {("words", word) for word in text.split()}


OLD, NEW = words("it is dark"), words("it is dark and cold")


def test_news_that_are_shown_speak_louder_against_old_text_than_missing_ones_against_new() -> None:
    shown, _ = weigh(words("it is dark and"), [OLD, NEW])
    _, missing = weigh(words("it is dark"), [OLD, NEW])
    assert shown > missing > 0


def test_nothing_speaks_against_the_version_that_a_save_is() -> None:
    assert weigh(OLD, [OLD, NEW])[0] == weigh(NEW, [OLD, NEW])[1] == 0


def test_of_much_that_is_missing_most_counts_little() -> None:
    some, much = (
        weigh(OLD, [OLD, OLD | words(" ".join("abcdefghijklmn"[:n] * 9))]) for n in (4, 8)
    )
    assert much[1] == 2 * some[1]
    many = words(" ".join(map(str, range(1000))))
    assert weigh(OLD, [OLD, OLD | many])[1] < len(many) / 5


def test_what_is_missing_with_an_old_word_beside_it_does_not_count() -> None:
    new = NEW | {("words", "dark", "and")}
    assert weigh(words("it is and cold"), [OLD, new])[1] == 0
    assert weigh(words("it is dark and cold"), [OLD, new])[1] > 0


def test_whoever_shows_a_name_that_went_has_not_seen_it_go() -> None:
    name: Element = ("name", "Cave")
    versions = [OLD | {name}, OLD]
    stays, went = weigh(OLD | {name}, versions, {name: 2.0})
    assert stays < went


def test_the_cheapest_are_those_within_a_doubt() -> None:
    assert cheapest([3.0, 1.0, 1.0, 4.0], range(4)) == [1, 2]
    assert cheapest([3.0, 1.0, 1.0, 4.0], [0, 3]) == [0]
    assert cheapest([3.0, 1.0, 1.0, 4.0], range(4), doubt=2.0) == [0, 1, 2]
