"""Tests for :mod:`whisker_sync.story.former`."""

from __future__ import annotations

from whisker_sync.story.files import StoryFile, read
from whisker_sync.story.finding import Rule, Severity
from whisker_sync.story.former import Stray, resolved, strays

DATA = ':: StoryData\n{"ifid": "X", "format": "SugarCube", "start": "Cave"}\n\n'
STORY = DATA + ":: Start\nGo [[on->Cave]] or [[Cave]].\n\n:: Grotto\nDark. [[Start]]\n"
FORMER = {"Cave": "Grotto", "Start": "Grotto", "Sea": "Gone"}


def story(text: str = STORY) -> list[StoryFile]:
    return [read("a.twee", text.encode())]


def test_links_to_former_names_are_found() -> None:
    assert strays(story(), FORMER) == [
        Stray("a.twee", "StoryData", 1, "Cave", "Grotto"),
        Stray("a.twee", "Start", 4, "Cave", "Grotto"),
    ]


def test_a_name_that_a_passage_has_or_whose_passage_is_gone_is_no_former_one() -> None:
    assert strays(story(STORY.replace("Cave", "Sea")), FORMER) == []
    assert strays(story(STORY.replace("Cave", "Start")), FORMER) == []
    assert strays(story(), {}) == []


def test_they_lead_on_and_the_sources_stay() -> None:
    files = story()
    (file,), findings = resolved(files, FORMER)
    texts = {passage.name: passage.text for passage in file.passages}
    assert texts["Start"] == "Go [[on->Grotto]] or [[Grotto]]."
    assert '"start": "Grotto"' in texts["StoryData"]
    assert [(each.rule, each.path, each.line, each.passage) for each in findings] == [
        (Rule.FORMER_NAME, "a.twee", 1, "StoryData"),
        (Rule.FORMER_NAME, "a.twee", 4, "Start"),
    ]
    assert findings[0].rule.severity is Severity.WARNING
    assert "“Cave” is called “Grotto” now" in findings[1].sentence
    assert files == story()


def test_two_former_names_in_one_passage_both_lead_on() -> None:
    text = ":: Start\n[[A]] [[B]]\n\n:: One\n\n:: Two\n"
    (file,), findings = resolved(story(text), {"A": "One", "B": "Two"})
    assert file.passages[0].text == "[[One]] [[Two]]"
    assert len(findings) == 2
