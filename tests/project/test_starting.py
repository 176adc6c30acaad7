"""Tests of :mod:`whisker_sync.project.starting`, and of the templates."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from whisker_sync.project.starting import TEMPLATES, first_file
from whisker_sync.story.links.find import references
from whisker_sync.story.twee import parse, parse_header

SPECIAL = {"StoryTitle", "StoryData", "StoryInit", "Before Anything"}
"""Passages that nobody comes to by a link."""

IFID = "9F187C0A-AE64-465A-8B13-B30BCE7FE8D3"


def test_each_template_has_a_file_and_each_file_is_a_template() -> None:
    found = files("whisker_sync.project").joinpath("templates").iterdir()

    assert sorted(path.name for path in found) == [f"{name}.twee" for name in TEMPLATES]


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_says_its_title_and_ifid_once(template: str) -> None:
    text = first_file(template, "The Cave", IFID).decode()

    assert text.startswith(":: StoryTitle\nThe Cave\n")
    assert f'"ifid": "{IFID}"' in text
    assert not re.search("TITLE|[^i]IFID", text)


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_link_of_a_template_leads_to_a_passage_and_every_passage_is_reached(
    template: str,
) -> None:
    text = first_file(template, "The Cave", IFID).decode()
    passages = {parse_header(passage.header).name: passage.body for passage in parse(text).passages}
    start = re.findall(r'"start": "(.+)"', text)
    story_format = re.findall(r'"format": "(.+)"', text)[0]
    found = {r.target for body in passages.values() for r in references(body, story_format)}

    assert {*start, *found} == set(passages) - SPECIAL


def test_a_title_that_looks_like_a_header_stays_a_title() -> None:
    text = first_file("snowman", ":: Cave", IFID).decode()

    assert [parse_header(passage.header).name for passage in parse(text).passages][:2] == [
        "StoryTitle",
        "StoryData",
    ]
