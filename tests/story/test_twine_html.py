"""Tests of :mod:`whisker_sync.story.twine_html` and :mod:`whisker_sync.story.to_twee`."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from whisker_sync.story.compiling import compile_story
from whisker_sync.story.files import read as read_twee
from whisker_sync.story.ifid import ifid_of, is_ifid
from whisker_sync.story.story import Code, Passage, Story
from whisker_sync.story.to_twee import to_twee
from whisker_sync.story.twine_html import closes_itself, read, write

IFID = "F2277A49-95C9-4B14-AE66-62526089F861"
CAVE = Story(
    title='The "Cave" & <Sea>',
    passages=(
        Passage("Cave's", "It's <<dark>> & cold.\n\n:: no header\n  end", ("a", "b"), "1,2", "3,4"),
        Passage("Sea", "\u2028 [[Cave's]] \u00a0 👍", (), "1157,311.3333333333333", ""),
    ),
    start="Sea",
    ifid=IFID,
    format="SugarCube",
    format_version="2.37.3",
    zoom="0.6",
    options=("debug",),
    tag_colors={"a": "red", "b": "#123456"},
    styles=(Code("Style", "a > b { content: '</b>' }"),),
    scripts=(Code("One */ two", "let a = '<b>' && 1;"), Code("b.js", "// two\n")),
)


def only(html: str) -> Story:
    (story,) = read(html)
    return story


def passage(attributes: str = "", text: str = "") -> Passage:
    html = f"<tw-storydata><tw-passagedata {attributes}>{text}</tw-passagedata></tw-storydata>"
    (found,) = only(html).passages
    return found


# Writing.


def test_what_is_written_is_what_twine_writes() -> None:
    story = Story(
        "A & B", (Passage("One", "x <y> \"z\" 'w'", ("t", "u")),), "One", IFID, "F", "1.0"
    )

    assert write(story, "us", "2") == (
        f"<!-- UUID://{IFID}// -->"
        '<tw-storydata name="A &amp; B" startnode="1" creator="us" creator-version="2" format="F" '
        f'format-version="1.0" ifid="{IFID}" options="" tags="" zoom="1" hidden>'
        '<style role="stylesheet" id="twine-user-stylesheet" type="text/twine-css"></style>'
        '<script role="script" id="twine-user-script" type="text/twine-javascript"></script>'
        '<tw-passagedata pid="1" name="One" tags="t u" position="125,125" size="100,100">'
        "x &lt;y&gt; &quot;z&quot; &#39;w&#39;</tw-passagedata></tw-storydata>"
    )


def test_passages_without_a_position_stand_in_rows() -> None:
    story = Story("A", tuple(Passage(str(number), "") for number in range(12)))
    positions = re.findall(r'position="([^"]*)"', write(story, "", ""))

    assert positions[:2] + positions[9:11] == ["125,125", "250,125", "1250,125", "125,250"]
    assert len(set(positions)) == 12


def test_a_script_cannot_end_itself() -> None:
    code = Code("a", "document.write('<script></SCRIPT><!--');")
    html = write(Story("A", (), scripts=(code,), styles=(Code("b", "/* </style> */"),)), "", "")

    assert "document.write('<script><\\/SCRIPT><\\!--');" in html
    assert "/* <\\/style> */" in html
    assert closes_itself(code, script=True)
    assert not closes_itself(Code("a", "</style>"), script=True)
    assert len(only(html).scripts) == 1


def test_several_scripts_are_one_and_several_again() -> None:
    html = write(CAVE, "", "")

    assert '/* twine-user-script #1: "One *\\/ two" */\nlet a' in html
    assert only(html).scripts == CAVE.scripts


# Reading.


def test_what_is_written_is_read() -> None:
    page = f"<html><body><p>x</p>{write(CAVE, 'x', '1')}<script>a</script></body>"

    assert only(page) == replace(
        CAVE,
        passages=(CAVE.passages[0], replace(CAVE.passages[1], size="100,100")),
        styles=(Code("StoryStylesheet", CAVE.styles[0].text),),
    )


names = st.text(st.characters(codec="utf-8", exclude_characters="\r\0")).map(str.strip).filter(bool)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
tags = st.lists(st.from_regex(r"[^\s\0]{1,5}", fullmatch=True), max_size=3).map(tuple)


@given(st.lists(st.tuples(names, texts, tags), max_size=5, unique_by=lambda each: each[0]), names)
def test_every_story_is_read_as_it_was_written(
    passages: list[tuple[str, str, tuple[str, ...]]], title: str
) -> None:
    story = Story(
        title,
        tuple(Passage(name, text, some, "1,1", "2,2") for name, text, some in passages),
        passages[-1][0] if passages else "",
        IFID,
        zoom="1",
    )

    assert only(write(story, "x", "1")) == story


def test_names_and_quotes_of_html_are_as_html_allows() -> None:
    html = (
        "<!DOCTYPE html><!-- <tw-storydata name='no'></tw-storydata> -->"
        f"<TW-STORYDATA NAME='A&apos;s' StartNode=2 ifid={IFID.lower()} OPTIONS HIDDEN>"
        "<STYLE role=stylesheet>a</STYLE><tw-tag name=x color=red />"
        "<TW-PASSAGEDATA PID=1 NAME=One TAGS='a  b'>1</TW-PASSAGEDATA>"
        "<div><tw-passagedata pid=2 name=Two>2</tw-passagedata></div></TW-STORYDATA>"
    )
    story = only(html)

    assert (story.title, story.start, story.ifid) == ("A's", "Two", IFID)
    assert story.tag_colors == {"x": "red"}
    assert [(each.name, each.text) for each in story.passages] == [("One", "1"), ("Two", "2")]
    assert story.passages[0].tags == ("a", "b")
    assert story.styles == (Code("StoryStylesheet", "a"),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("&lt;&gt;&quot;&#39;&#x27;&amp;amp;", "<>\"''&amp;"),
        ("a &amp b &nbsp;c", "a & b \u00a0c"),
        ("a\r\nb&#13;c&#10;d", "a\nb\rc\nd"),
        ("a <b>bold</b><br>x", "a boldx"),
        ("a <script>if (1 < 2) {}</script> b", "a if (1 < 2) {} b"),
        ("a <!-- gone --> b", "a  b"),
        ("&#0;\0", "\ufffd\ufffd"),
        ("< & <3", "< & <3"),
        ("a<![CDATA[b]]>c<![if x]>d<!x>e<?f>", "acde"),
    ],
)
def test_a_text_is_what_a_browser_shows_of_it(text: str, said: str) -> None:
    assert passage("name=A", text).text == said


def test_what_is_missing_or_doubled_does_not_matter() -> None:
    html = (
        "<tw-storydata><tw-passagedata>1</tw-passagedata>"
        "<tw-passagedata pid=1 name=A name=B>2<tw-passagedata pid=1 name=A>3</tw-storydata>"
    )
    story = only(html)

    assert (story.title, story.start, story.ifid) == ("Untitled Story", "", "")
    assert [(each.name, each.text) for each in story.passages] == [
        ("Untitled Passage 1", "1"), ("A", "2"), ("A", "3"),
    ]  # fmt: skip


def test_an_archive_holds_several_stories() -> None:
    archive = write(CAVE, "", "") + "\n\n" + write(Story("Other", ()), "", "")

    assert [story.title for story in read(archive)] == ['The "Cave" & <Sea>', "Other"]


@pytest.mark.parametrize(
    "html", ["", "<p>no story", "<tw-passagedata name=A>x", "<tw-storydata", "\0"]
)
def test_a_page_without_a_story_has_none(html: str) -> None:
    assert read(html) == []


# As Twee.


def test_a_story_is_written_as_twee() -> None:
    assert to_twee(CAVE) == (
        ':: StoryTitle\nThe "Cave" & <Sea>\n\n'
        ":: StoryData\n{\n"
        f'  "ifid": "{IFID}",\n'
        '  "format": "SugarCube",\n  "format-version": "2.37.3",\n  "start": "Sea",\n'
        '  "tag-colors": {\n    "a": "red",\n    "b": "#123456"\n  },\n'
        '  "options": [\n    "debug"\n  ],\n  "zoom": 0.6\n}\n\n'
        ":: Style [stylesheet]\na > b { content: '</b>' }\n\n"
        ":: One */ two [script]\nlet a = '<b>' && 1;\n\n"
        ":: b.js [script]\n// two\n\n"
        ':: Cave\'s [a b] {"position":"1,2","size":"3,4"}\n'
        "It's <<dark>> & cold.\n\n\\:: no header\n  end\n\n"
        ':: Sea {"position":"1157,311.3333333333333"}\n\u2028 [[Cave\'s]] \u00a0 👍\n'
    )


def test_a_story_comes_back_from_twee() -> None:
    again = compile_story([read_twee("a.twee", to_twee(CAVE).encode())])

    assert again.findings == ()
    assert again.story.passages == CAVE.passages
    assert again.story == replace(CAVE, scripts=(CAVE.scripts[0], Code("b.js", "// two")))


@given(st.lists(st.tuples(names, texts, tags), max_size=4, unique_by=lambda each: each[0]))
@example([("0", "\\\\::", ())])
def test_every_passage_comes_back_from_twee(
    passages: list[tuple[str, str, tuple[str, ...]]],
) -> None:
    given_ = [
        (name, _unescaped(text), tuple(dict.fromkeys(some)))
        for name, text, some in passages
        if "\n" not in name
        and name not in {"StoryData", "StoryTitle"}
        and not {"script", "stylesheet", "Twine.private"} & set(some)
    ]
    story = Story("A", tuple(Passage(*each) for each in given_))
    found = read_twee("a.twee", to_twee(story).encode())

    assert [
        (each.name, _unescaped(each.text), each.header.tags) for each in found.passages[2:]
    ] == [
        (name, _without_returns(text, found.tree.eol).strip(" \t\r\n"), some)
        for name, text, some in given_
    ]


def _unescaped(text: str) -> str:
    """In Twee a line that begins with two colons has one backslash more, whoever wrote it."""
    return re.sub(r"\\+::", "::", text)


def _without_returns(text: str, eol: str) -> str:
    return text.replace("\r\n", "\n") if eol == "\r\n" else text


def test_codes_get_names_that_no_passage_has() -> None:
    story = Story("A", (Passage("Code", ""),), scripts=(Code("Code", "1"), Code("Code", "2")))
    text = to_twee(story)

    assert ":: Code 2 [script]\n1" in text
    assert ":: Code 3 [script]\n2" in text


@pytest.mark.parametrize("zoom", ["", "nan", "inf", "x"])
def test_a_zoom_that_is_no_number_is_left_out(zoom: str) -> None:
    assert "zoom" not in to_twee(Story("A", (), zoom=zoom))


def test_an_ifid_follows_from_what_it_is_made_of() -> None:
    made = ifid_of(b"workspace")

    assert re.fullmatch(
        r"[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}", made
    )
    assert made == ifid_of(b"workspace") != ifid_of(b"other")
    assert is_ifid(made)
    assert not is_ifid(made.lower())
    assert not is_ifid("A" * 7)
    assert is_ifid("A" * 63)
    assert not is_ifid("A" * 64)
