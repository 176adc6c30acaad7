"""Tests of :mod:`whisker_sync.story.rename`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.errors import AmbiguousPassage, ImpossibleName, NameTaken, NoSuchPassage
from whisker_sync.story.files import StoryFile, parse_bytes, read
from whisker_sync.story.rename import Place, format_of, rename

DATA = ':: StoryData\n{"format": "SugarCube", "start": "Cave"}\n'
CAVE = b'\xef\xbb\xbf:: Cave [dark] {"position":"1,2"}\r\n[[again->Cave]]\r\n\r\n\r\n'
SEA = ":: Sea\n<<goto Cave>> <<mine 'Cave'>>\n\n  [[Cave]]  \n:: Tide [script]\nEngine.play('Cave')"


def story(*texts: str | bytes) -> list[StoryFile]:
    return [
        read(f"{number}.twee", text.encode() if isinstance(text, str) else text)
        for number, text in enumerate(texts)
    ]


def test_a_rename_changes_the_name_wherever_it_stands_and_no_other_byte() -> None:
    done = rename(story(DATA, CAVE, SEA, ":: Other\nCave\n"), "Cave", "Lit Cave")

    assert {each.path: each.tree.render() for each in done.changed} == {
        "0.twee": DATA.replace("Cave", "Lit Cave").encode(),
        "1.twee": CAVE.replace(b"Cave", b"Lit Cave"),
        "2.twee": SEA.replace("goto Cave", 'goto "Lit Cave"')
        .replace("[[Cave]]", "[[Lit Cave]]")
        .replace("play('Cave')", "play('Lit Cave')")
        .encode(),
    }
    assert [(each.header, each.references) for each in done.changed] == [
        (False, 1), (True, 1), (False, 3),
    ]  # fmt: skip
    assert done.left == ()
    assert done.mentions == (Place("2.twee", 2, 29),)


def test_a_rename_and_back_is_nothing() -> None:
    there = rename(story(CAVE), "Cave", "Lit")
    back = rename(story(there.changed[0].tree.render()), "Lit", "Cave")

    assert back.changed[0].tree.render() == CAVE


def test_a_name_is_escaped_in_its_header() -> None:
    (changed,) = rename(story(":: Cave [dark]\n"), "Cave", "a [b]").changed

    assert changed.tree.render() == b":: a \\[b\\] [dark]\n"


def test_what_cannot_be_repaired_is_said() -> None:
    done = rename(story(DATA, CAVE), "Cave", "a]]b")

    assert done.left == (Place("1.twee", 2, 10),)


def test_the_first_passage_stays_the_first() -> None:
    said = rename(story(':: StoryData\n{"ifid": "A"}\n:: Start\n'), "Start", "Sea")
    broken = rename(story(":: StoryData\n{'a'}\n:: Start\n"), "Start", "Sea")
    nothing = rename(story(":: Start\n"), "Start", "Sea")

    assert b'{"start": "Sea", "ifid": "A"}' in said.changed[0].tree.render()
    assert (said.start_unsaid, broken.start_unsaid, nothing.start_unsaid) == (False, True, True)


def test_links_are_read_as_story_data_says_or_as_one_is_told() -> None:
    text = ":: Cave\n(goto: 'Cave') {embed passage: 'Cave'}"

    (changed,) = rename(story(text), "Cave", "Sea", "harlowe").changed
    assert changed.references == 1
    assert format_of(story(":: A", DATA)) == "SugarCube"
    assert format_of(story(':: StoryData\n{"format":"A","format-version":"1.2"}')) == "A 1.2"
    assert format_of(story(":: A")) is None


@pytest.mark.parametrize(
    ("old", "new", "error", "sentence"),
    [
        ("Cav", "x", NoSuchPassage, "there is no passage “Cav”; did you mean “Cave”?"),
        ("zzz", "x", NoSuchPassage, "there is no passage “zzz”; names care about case"),
        ("Cave", "Sea", NameTaken, "“Sea” already, in 2.twee:1"),
        ("Cave", "Cave", NameTaken, "already"),
        ("Cave", " x", ImpossibleName, "a blank at one end"),
        ("Cave", "", ImpossibleName, "it is empty"),
        ("Cave", "a\nb", ImpossibleName, "a name is one line"),
    ],
)
def test_a_rename_that_cannot_be_is_refused(
    old: str, new: str, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence.replace("?", r"\?")):
        rename(story(DATA, CAVE, SEA), old, new)


def test_of_two_passages_with_one_name_none_is_renamed() -> None:
    with pytest.raises(AmbiguousPassage, match=r"0\.twee:1, 0\.twee:3"):
        rename(story(":: A\n\n:: A\n"), "A", "B")


@given(
    st.lists(
        st.sampled_from(
            ["[[Cave]]", "\n", ":: Cave", ":: B", "\r\n", " x", "<<goto 'Cave'>>", "\\"]
        )
    ).map("".join),
    st.sampled_from(["New", "a b", "]]", "é", 'q"', "[x]"]),
)
def test_after_a_rename_the_story_is_the_same_but_for_the_name(text: str, new: str) -> None:
    before = read("a.twee", text.encode())
    if [each.name for each in before.passages].count("Cave") != 1:
        return
    (changed,) = rename([before], "Cave", new, "SugarCube").changed

    after = read("a.twee", changed.tree.render())
    assert parse_bytes(changed.tree.render()) == after.tree
    assert [each.name for each in after.passages] == [
        new if each.name == "Cave" else each.name for each in before.passages
    ]
