"""
Tests of :mod:`whisker_sync.story.formats`.

The files here have, in small, what makes the real ones hard to read. Those are tried, too,
where ``WHISKER_FORMATS`` names a folder with them.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.story.formats import (
    StoryFormat,
    bind,
    choose,
    parse_version,
    read_format,
)
from whisker_sync.story.story import Story

SOURCE = "<html>{{STORY_NAME}}\n\t{{STORY_DATA}}</html>"


def made(text: str) -> StoryFormat | None:
    return read_format(text)


def test_json_is_read() -> None:
    values = {"name": "F", "version": "1.2.3", "proofing": True, "license": "MIT", "source": SOURCE}
    text = f"window.storyFormat({json.dumps(values, indent=2)});\n"

    assert made(text) == StoryFormat("F", "1.2.3", SOURCE, proofing=True, license="MIT")


REST = '"name":"F","version":"1.2.3","source":"%s"'


@pytest.mark.parametrize(
    "inside",
    [
        'name:"F",version:"1.2.3",source:"%s",setup:function(){return {a:"}"};}',
        "'name':'F','version':'1.2.3','source':'%s'",
        '/* a } */ "name" : `F`, // "source": "no"\n version: \'1.2.3\',\nsource: "%s", ',
        '"setup":function(){var r=/["\'{]/g;return a/b/c;},' + REST,
        '"setup": x => { if (a) /[/}]/.test("\\"") },' + REST,
        '"hydrate":"a \\"source\\": \\"no\\"",' + REST,
        '"other":{"name":"no","source":"no"},' + REST + ',"broken":function(){ " }',
        '"image":1,"proofing":!1,' + REST + "})}).call(this)({",
        '"name":"F","version":"1.2.3","source":"<ht" + "no","source":"%s"',
    ],
)
def test_what_is_no_json_is_read(inside: str) -> None:
    spelled = SOURCE.replace("\n", "\\n").replace("\t", "\\t")

    text = f"window.storyFormat({{{inside.replace('%s', spelled)}}});"

    assert made(text) == StoryFormat("F", "1.2.3", SOURCE)


def test_escapes_of_javascript_are_read() -> None:
    story_format = made(r"""window.storyFormat({source:"\x3cb\u003e \'\"\/ \u{1F44D}"})""")

    assert story_format == StoryFormat("Untitled Story Format", "", "<b> '\"/ 👍")


@pytest.mark.parametrize(
    "text",
    ["", "storyFormat(", "window.storyFormat({})", 'storyFormat({"name":"F"})', "storyFormat({a",
     'storyFormat({"source": 1})', 'storyFormat({"source": "a" + b})', '{"source": "x"}',
     'window.storyFormat({"a": [[[[', 'storyFormat({"a": /* '],
)  # fmt: skip
def test_what_defines_no_format_is_none(text: str) -> None:
    assert made(text) is None


@given(st.text(st.sampled_from("{}[](),:;\"'`/\\*= abource\n")))
def test_any_text_will_do(text: str) -> None:
    made(f"storyFormat({{{text}")


@pytest.mark.parametrize(
    ("text", "version"),
    [("1.2.3", (1, 2, 3)), ("2", (2, 0, 0)), ("2.1-beta", (2, 1, 0)), ("x", (0, 0, 0)),
     (" 3.10.0 ", (3, 10, 0))],
)  # fmt: skip
def test_versions_are_compared_as_numbers(text: str, version: tuple[int, int, int]) -> None:
    assert parse_version(text) == version


def test_a_story_gets_the_newest_format_that_does_all_that_it_wants() -> None:
    formats = [
        StoryFormat(name, version, "")
        for name, version in [
            ("A", "1.2.0"),
            ("A", "2.9.0"),
            ("A", "2.10.0"),
            ("a", "3.0.0"),
            ("B", "1.0.0"),
        ]
    ]

    def chosen(name: str, version: str) -> str | None:
        found = choose(formats, name, version)
        return found.version if found else None

    assert chosen("A", "2.0.0") == "2.10.0"
    assert chosen("A", "2.10.0") == "2.10.0"
    assert chosen("A", "2.11.0") is None
    assert chosen("A", "1.0.0") == "1.2.0"
    assert chosen("A", "") == "3.0.0"
    assert chosen("b", "1") == "1.0.0"
    assert chosen("C", "1") is None


def test_a_story_is_put_in_literally_and_once() -> None:
    page = StoryFormat("F", "1", r"<t>{{STORY_NAME}}</t>{{STORY_DATA}}{{STORY_NAME}}")
    data = r"<tw-storydata \1 \g<0>>{{STORY_NAME}}"

    assert bind(page, Story("A & {{STORY_DATA}}", ()), data) == (
        r"<t>A &amp; {{STORY_DATA}}</t><tw-storydata \1 \g<0>>{{STORY_NAME}}"
        "A &amp; {{STORY_DATA}}"
    )


REAL = os.environ.get("WHISKER_FORMATS")


@pytest.mark.skipif(REAL is None, reason="WHISKER_FORMATS names no folder with story formats")
def test_every_real_format_is_read() -> None:
    found = sorted(Path(str(REAL)).glob("*/format.js"))
    assert found
    for path in found:
        story_format = made(path.read_text("utf-8"))
        assert story_format is not None, path
        assert story_format.name.lower() == path.parent.name.rpartition("-")[0], path
        assert story_format.version == path.parent.name.rpartition("-")[2], path
        assert "{{STORY_DATA}}" in story_format.source, path
        assert story_format.source.rstrip().endswith(">"), path
