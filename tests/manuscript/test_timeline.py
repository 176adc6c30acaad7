"""whisker_sync.manuscript.timeline: looking back, and bringing back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.manuscript.world import Author
from whisker_sync.ids import DeviceId
from whisker_sync.manuscript.files import Outcome
from whisker_sync.manuscript.timeline import (
    Tally,
    authors,
    file_text,
    is_path,
    named,
    put_back,
    stand,
    tally,
    total,
)
from whisker_sync.revision import Revision, Version

CAVE = ":: Start\nThe wind is cold.\n\n:: Cave\nIt is dark here.\n\n:: End\nThe end.\n"
DEVICE = DeviceId(b"d" * 32)


def version(text: str | None, before: str | None = None, name: str | None = "Cave") -> Version:
    return Version("c", "a.twee", "V", name, text, before)


def revision(time: int, *versions: Version, person: str = "Ada") -> Revision:
    return Revision(person, DEVICE, time, "", versions)


class Chronicler(Author):
    """An author whose saves are kept."""

    def __init__(self) -> None:
        super().__init__(1)
        self.revisions: list[Revision] = []

    def save(self, path: str, content: str | bytes | None) -> Outcome:
        outcome = super().save(path, content)
        self.revisions.append(Revision("Ada", DEVICE, len(self.revisions), "", outcome.versions))
        return outcome


@pytest.mark.parametrize(
    ("before", "text", "words"),
    [
        (None, "It is dark.", Tally(3, 0)),
        ("It is dark.", None, Tally(0, 3)),
        ("It is dark.", "It is very dark.", Tally(1, 0)),
        ("It is dark.", "It was dark.", Tally(1, 1)),
        ("It is dark.", "It is  dark.", Tally(0, 0)),
    ],
)
def test_words_that_come_and_go_are_counted(
    before: str | None, text: str | None, words: Tally
) -> None:
    assert tally(version(text, before)) == words


def test_a_revision_counts_all_of_its_passages() -> None:
    assert total(revision(1, version("one two"), version(None, "three"))) == Tally(2, 1)


def test_a_file_is_put_together_as_it_was_after_each_save() -> None:
    author = Chronicler()
    texts = [
        "Before.\n" + CAVE,
        "Before.\n" + CAVE.replace("dark", "dim"),
        CAVE.replace(":: Cave", ":: Hall\nNew.\n\n:: Cave"),
        CAVE.replace(":: Start\nThe wind is cold.\n\n", ""),
        CAVE,
    ]
    for text in texts:
        author.save("a.twee", text)
    for number, text in enumerate(texts):
        then = stand(author.revisions[: number + 1])
        assert file_text(then.values(), "a.twee") == text


def test_a_file_that_was_not_there_has_no_text() -> None:
    author = Chronicler()
    author.save("a.twee", CAVE)
    author.save("a.twee", None)
    assert file_text(stand(author.revisions).values(), "a.twee") is None
    assert file_text(stand(author.revisions[:1]).values(), "b.twee") is None


def test_a_passage_is_found_by_each_name_it_had() -> None:
    revisions = [revision(1, version("x", name="Grotto")), revision(2, version("x", name="Cave"))]
    assert named(revisions, "Cave") == named(revisions, "Grotto") == ["c"]
    assert named(revisions, "Hall") == []
    assert is_path(revisions, "a.twee")
    assert not is_path(revisions, "b.twee")


def test_text_outside_of_passages_is_found_by_its_file() -> None:
    assert named([revision(1, version("x", name=None))], "a.twee") == ["c"]


def test_a_passage_is_put_back_where_one_of_its_name_stands() -> None:
    old = ":: Cave [old]\nIt was bright here.\n\n"
    assert put_back(CAVE, "Cave", old) == CAVE.replace(":: Cave\nIt is dark here.\n\n", old)


def test_a_passage_that_is_gone_is_put_back_at_the_end() -> None:
    assert (
        put_back(":: Start\nHere.", "Cave", ":: Cave\nDark.") == ":: Start\nHere.\n:: Cave\nDark."
    )
    assert put_back("", "Cave", ":: Cave\nDark.\n") == ":: Cave\nDark.\n"


def test_each_word_belongs_to_whoever_brought_it() -> None:
    revisions = [
        revision(1, version("It is dark.")),
        revision(2, version("It is very dark.", "It is dark."), person="Bob"),
        revision(3, version("It was very dark.", "It is very dark.")),
    ]
    spans = [(span.text, span.revision and span.revision.time) for span in authors(revisions, "c")]
    assert "".join(text for text, _ in spans) == "It was very dark."
    assert [time for text, time in spans if "very" in text] == [2]
    assert [time for text, time in spans if "was" in text] == [3]
    assert [time for text, time in spans if "It" in text] == [1]


def test_words_of_two_who_wrote_apart_stay_whose_they_are() -> None:
    revisions = [
        revision(1, version("It is dark here.")),
        revision(2, version("It is dark here, and warm.", "It is dark here.")),
        revision(3, version("It is dark in here.", "It is dark here."), person="Bob"),
    ]
    spans = authors(revisions, "c", "It is dark in here, and warm.")
    whose = {span.text.strip(): span.revision and span.revision.time for span in spans}
    assert whose[", and warm"] == 2
    assert whose["in"] == 3
    assert None not in whose.values()


def test_words_that_no_save_brought_are_old() -> None:
    spans = authors([revision(1, version("very old words", "old words"))], "c")
    assert [(s.text.strip(), s.revision is not None) for s in spans] == [
        ("very", True),
        ("old words", False),
    ]


def test_words_of_today_that_are_in_no_revision_belong_to_nobody_yet() -> None:
    spans = authors([revision(1, version("It is dark."))], "c", "It is dark. Bats!")
    assert [s.revision is None for s in spans if "Bats" in s.text] == [True]


@given(st.lists(st.text(st.sampled_from("ab c\n"), max_size=20), max_size=6))
def test_the_spans_of_a_text_are_the_text(texts: list[str]) -> None:
    before: str | None = None
    revisions = []
    for time, text in enumerate(texts):
        revisions.append(revision(time, version(text, before)))
        before = text
    assert "".join(span.text for span in authors(revisions, "c")) == (before or "")
