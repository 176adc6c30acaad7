"""Tests of :mod:`whisker_sync.story.compiling`."""

from __future__ import annotations

from whisker_sync.story.compiling import Compiled, compile_story
from whisker_sync.story.files import read
from whisker_sync.story.finding import Rule
from whisker_sync.story.ifid import ifid_of
from whisker_sync.story.story import Code, Passage, Story

IFID = "F2277A49-95C9-4B14-AE66-62526089F861"
ABOUT = f':: StoryTitle\n The Cave \n\n:: StoryData\n{{"ifid": "{IFID}", "format": "Harlowe"}}\n'


def compiled(*texts: str, start: str | None = None, trim: bool = True) -> Compiled:
    files = [read(f"{number}.twee", text.encode()) for number, text in enumerate(texts)]
    return compile_story(files, start=start, trim=trim)


def rules(*texts: str) -> list[Rule]:
    return [finding.rule for finding in compiled(*texts).findings]


def test_files_make_up_a_story() -> None:
    done = compiled(
        ABOUT,
        'not in it\n:: Start [a b a] {"position":"1,2"}\n\n text \n\n'
        ":: Style [stylesheet x]\na {}\n",
        ":: Code [script]\nlet a;\n:: Notes [Twine.private]\nx\n:: End\n\\:: x",
    )

    assert done.findings == ()
    assert done.has_start
    assert done.story == Story(
        "The Cave",
        (Passage("Start", "text", ("a", "b"), "1,2"), Passage("End", ":: x")),
        "Start",
        IFID,
        "Harlowe",
        styles=(Code("Style", "a {}"),),
        scripts=(Code("Code", "let a;"),),
    )


def test_blank_space_around_texts_can_be_kept() -> None:
    done = compiled(ABOUT, ":: Start\n\n text \n\n:: B\n", trim=False)

    assert [each.text for each in done.story.passages] == ["\n text \n\n", "\n"]


def test_of_two_passages_with_one_name_the_last_stands_where_the_first_stood() -> None:
    done = compiled(ABOUT, ":: Start\n1\n:: B\n2", ":: Start\n3")

    assert [(each.name, each.text) for each in done.story.passages] == [("Start", "3"), ("B", "2")]
    assert [finding.rule for finding in done.findings] == [Rule.DUPLICATE_PASSAGE]


def test_a_story_begins_where_it_is_told_or_says_or_with_start() -> None:
    says = ':: StoryData\n{"start": "B"}\n'

    assert compiled(":: B\n:: C", start="C").story.start == "C"
    assert compiled(says, ":: B\n").story.start == "B"
    assert compiled(":: Start").story.start == "Start"
    assert not compiled(says).has_start


def test_what_a_story_lacks_is_found() -> None:
    assert rules(":: Start") == [Rule.NO_STORY_DATA, Rule.NO_TITLE, Rule.BAD_IFID]
    assert rules(ABOUT) == [Rule.NO_START]
    assert rules(ABOUT, ":: Start\n:: A [script stylesheet]\n") == [Rule.SCRIPT_AND_STYLESHEET]


def test_an_ifid_is_made_where_there_is_none_and_said() -> None:
    (finding,) = compiled(":: StoryTitle\nA\n:: StoryData\n{}\n:: Start").findings
    lower = compiled(ABOUT.lower().replace("storydata", "StoryData"), ":: Start").story
    wrong = compiled(ABOUT.replace(IFID, "x"), ":: Start").story

    assert f'"ifid": "{ifid_of(b"A")}"' in finding.sentence
    assert lower.ifid == IFID
    assert wrong.ifid == ifid_of(b"The Cave")
    assert compile_story([], seed=b"workspace").story.ifid == ifid_of(b"workspace")


def test_a_passage_that_is_both_script_and_style_sheet_is_a_passage() -> None:
    done = compiled(ABOUT, ":: Start\n:: A [script stylesheet]\nx").story

    assert [each.name for each in done.passages] == ["Start", "A"]
    assert (done.styles, done.scripts) == ((), ())
