"""Tests of :mod:`whisker_sync.story.links.find`, and of what each format names passages with."""

from __future__ import annotations

import html
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisker_sync.story.links.find import may_refer, mentions, references, relink
from whisker_sync.story.links.harlowe import MAX_ARGUMENTS
from whisker_sync.story.links.reference import Kind, Spelling, unquote
from whisker_sync.text.edits import apply

FORMATS = ["SugarCube", "Harlowe", "Chapbook", "Snowman", None]


def names(text: str, story_format: str | None, *tags: str) -> list[str]:
    """The live references; those that are commented out in parentheses."""
    return [
        each.target if each.live else f"({each.target})"
        for each in references(text, story_format, tags)
    ]


def renamed(text: str, story_format: str | None, new: str = "New", *tags: str) -> str:
    return apply(text, relink(text, story_format, "Old", new, tags))


# What each format has.


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('<<link "go" "A">>x<</link>>', ["A"]),
        ("<<link [[go->A]]>><</link>>", ["A"]),
        ("<<button [img[a.png][A]]>><</button>>", ["A"]),
        ('<<link "A">>only a text<</link>>', []),
        ("<<goto 'A'>><<goto A>><<goto [[A]]>>", ["A", "A", "A"]),
        ("<<goto $next>><<goto `visited() ? 'A' : 'B'`>>", []),
        ('<<include "A" "div">><<display A>>', ["A", "A"]),
        ('<<back "text" "A">><<return [[A]]>><<back "text">>', ["A", "A"]),
        ('<<choice "A" "text">><<actions "A" [[B]] C>>', ["A", "A", "B", "C"]),
        ('<<textbox "$a" "" "A" autofocus>><<numberbox "$b" 1 autofocus>>', ["A"]),
        ('<<linkreplace "[[A]]">>[[B]]<</linkreplace>>', ["A", "B"]),
        ('<<if visited("A", "B") > 1 and hasVisited("C")>>', ["A", "B", "C"]),
        ('<<if visited("A" + $n)>><<run Engine.play("A")>>', ["A"]),
        ("<<set $a to [[1,2],[3]]>><<set $b to '[[A]]'>>", ["A"]),
        ('<<print "a >> b [[A]]">>[[B]]', ["A", "B"]),
        ('<<script>>$(x).wiki(\'<<include "A">>\'); // "[[B]]"\n<</script>>', ["A"]),
        ('<<mine [[A]] B "C">>', ["A"]),
        ('<a data-passage="A &amp; B">x</a><i data-init-passage=\'C\'></i>', ["A & B", "C"]),
        ("/* [[A]] */ <!-- [[B]] --> /% <<goto C>> %/ [[D]]", ["(A)", "(B)", "(C)", "D"]),
        ('{{{[[A]]}}} """[[B]]""" <nowiki>[[C]]</nowiki> [[D]]', ["D"]),
        ("<style>[[A]]</style><script>Engine.play('B')</script>", ["B"]),
        ("/* never closed [[A]]", ["A"]),
        ('<<goto "A" never closed [[B]]', ["B"]),
        ("[[[A]]", ["A"]),
    ],
)  # fmt: skip
def test_sugarcube(text: str, found: list[str]) -> None:
    assert names(text, "SugarCube") == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('(go-to: "A")(goto:\'A\')(Go_To: "A" )', ["A", "A", "A"]),
        ('(link-goto: "text", "A")(linkgoto:"A")', ["A", "A"]),
        ('(link-goto: (either: "x", "y"), "A")', ["A"]),
        ('(link-reveal-goto: "t, (u", "A")[(set: $a to 1)]', ["A"]),
        ('(click-goto: ?cave, "A")(mouseover-goto: "x", "A")(mouseoutgoto: ?y, "A")', ["A"] * 3),
        ('(display: "A")(passage: "A")(visited: "A")(redirect: "A")', ["A"] * 4),
        ('(goto: "A" + $n)(goto: $a)(goto: (either: "A"))', []),
        ('(set: $a to "A")(print: "[[B]]")', ["B"]),
        ('(link: "text")[(goto: "A")]', ["A"]),
        ("<!-- [[A]] --> `[[B]]` ``a ` [[C]]`` [[D]]", ["(A)", "D"]),
        ("`never closed [[A]]", ["A"]),
        ("(goto: 'it\\'s')", ["it's"]),
        ("(goto: '[[A]]') [[B]]", ["[[A]]", "B"]),
        ("(goto:", []),
        ("(link-goto: 'a", []),
    ],
)
def test_harlowe(text: str, found: list[str]) -> None:
    assert names(text, "Harlowe") == found


def test_harlowe_looks_only_so_far_for_a_second_argument() -> None:
    before = "x" * (MAX_ARGUMENTS - 3)

    assert names(f'(link-goto:"{before}","A")', "Harlowe") == ["A"]
    assert names(f'(link-goto:"{before}x","A")', "Harlowe") == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{embed passage: 'A'}{embed passage named: \"A\"}", ["A", "A"]),
        ("{link to: 'A', label: 'x'}{Link  To:'A'}{link to: 'http://e.com'}", ["A", "A"]),
        ("{reveal link: 'x', passage: 'A'}{reveal link: 'x', text: 'B'}", ["A"]),
        ("{reveal link: 'x', label: 'y', passage: 'A'}", ["A"]),
        ("x: '[[A]]'\n--\n[[B]]", ["B"]),
        ("[JavaScript]\ngo('A');\n\n[continued]\n[[B]] go('C')", ["A", "B"]),
        ("[CSS]\na::b { content: '[[A]]' }\n[cont]\n[[B]]", ["B"]),
        ("[note to myself]\n[[A]]\n\n[if x]\n[[B]]", ["(A)", "B"]),
        ("[if x; todo]\n[[A]]", ["(A)"]),
        ("<!-- {embed passage: 'A'} --> `[[B]]` \\[[C]] [[D]]", ["(A)", "D"]),
        ("{embed passage: name}", []),
    ],
)
def test_chapbook(text: str, found: list[str]) -> None:
    assert names(text, "Chapbook") == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<% story.show('A'); window.story.show(\"A\") %>", ["A", "A"]),
        ("<%= include('A') %><%= story.render('B') %>", ["A", "B"]),
        ("<% renderToSelector('#x', 'A') %><% if (hasVisited('B', 'C')) { %>", ["A", "B", "C"]),
        ('<%= "[[A]]" %><% /* "[[B]]" */ %>', ["A"]),
        ('<a data-passage="A">x</a><script>story.show("B")</script>', ["A", "B"]),
        ("<!-- [[A]] --> `[[B]]` \\[[C]] [[D]]", ["(A)", "D"]),
        ("<% story.show(s.next) %><% history.show('A') %>", []),
        ("<style>[[A]]</style>", []),
    ],
)
def test_snowman(text: str, found: list[str]) -> None:
    assert names(text, "Snowman") == found


def test_an_unknown_format_is_read_as_the_editor_reads_it() -> None:
    for story_format in (None, "", "Paperthin"):
        assert names("[[x->A]] (goto: 'B') <!-- [[C]] -->", story_format) == ["A", "C"]


def test_a_format_is_known_in_any_case() -> None:
    assert names("(goto: 'A')", "harlowe") == names("(goto: 'A')", "HARLOWE") == ["A"]


def test_a_version_counts_where_it_makes_a_difference() -> None:
    text = "[[A<-x]] [[x|y->B]] <%= '[[C<-x]]' %>"

    assert names(text, "Snowman 1.5.0") == ["A", "y->B", "C"]
    assert names(text, "snowman 2.1.1") == names(text, "Snowman") == ["x", "x"]
    assert names("(goto: 'A')", "Harlowe 3.3.9") == ["A"]


def test_scripts_are_code_and_stylesheets_are_nothing() -> None:
    code = "setup.go = () => Engine.play('A'); const x = [[1]];\nstory.show('B'); go('C');"

    assert names(code, "SugarCube", "script") == ["A"]
    assert names(code, "Snowman", "script", "other") == ["B"]
    assert names(code, "Chapbook", "script") == ["C"]
    assert names("[[A]]", "Harlowe", "script") == []
    for story_format in FORMATS:
        assert names("a::after { content: '[[A]]' }", story_format, "stylesheet") == []


def test_a_reference_says_what_it_is_for() -> None:
    text = '[[A]] <<goto A>> <<include "A">> <<if visited("A")>>'

    assert [(each.kind, each.spelling) for each in references(text, "SugarCube")] == [
        (Kind.LINK, Spelling.PLAIN),
        (Kind.GOTO, Spelling.WORD),
        (Kind.INCLUDE, Spelling.QUOTED),
        (Kind.QUESTION, Spelling.QUOTED),
    ]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("a", "a"),
        (r"it\'s \"\\\"", 'it\'s "\\"'),
        (r"\u0041\x42\u{43}\n\q", "ABC\nq"),
        (r"\ud83d\ude00", "😀"),
        (r"\u{fffffff}\u{ffffff}", r"u{fffffff}\u{ffffff}"),
        ("a\\", "a\\"),
    ],
)
def test_strings_say_what_javascript_reads_in_them(raw: str, said: str) -> None:
    assert unquote(raw) == said


# Renaming.


@pytest.mark.parametrize(
    ("story_format", "text", "after"),
    [
        ("SugarCube", "[[Old]] [[go->Old][$a to 1]] [[ go | Old ]] [[Old<-go]] [[Older]]",
         "[[New]] [[go->New][$a to 1]] [[ go | New ]] [[New<-go]] [[Older]]"),
        ("SugarCube", "<<goto Old>><<goto \"Old\">><<include 'Old'>><<if visited('Old')>>",
         "<<goto New>><<goto \"New\">><<include 'New'>><<if visited('New')>>"),
        ("SugarCube", "<!-- [[Old]] --> {{{[[Old]]}}} Old", "<!-- [[New]] --> {{{[[Old]]}}} Old"),
        ("Harlowe", "[[a->b->Old]](link-goto: \"Old\")(goto:'Old')(set: $a to \"Old\")",
         "[[a->b->New]](link-goto: \"New\")(goto:'New')(set: $a to \"Old\")"),
        ("Chapbook", "{embed passage: 'Old'} {link to: 'Old', label: 'Old'} [[a|Old]]",
         "{embed passage: 'New'} {link to: 'New', label: 'Old'} [[a|New]]"),
        ("Snowman", "<% story.show(\"Old\") %> [[Old]] <a data-passage='Old'>",
         "<% story.show(\"New\") %> [[New]] <a data-passage='New'>"),
        (None, "[[x->Old]] Old", "[[x->New]] Old"),
    ],
)  # fmt: skip
def test_a_rename_repairs_every_reference_and_nothing_else(
    story_format: str | None, text: str, after: str
) -> None:
    assert renamed(text, story_format) == after


@pytest.mark.parametrize(
    ("text", "new", "after"),
    [
        ("<<goto Old>>", "The New", '<<goto "The New">>'),
        ("<<goto Old>>", "true", '<<goto "true">>'),
        ("<<goto Old>>", 'a "b" \\', '<<goto "a \\"b\\" \\\\">>'),
        ("<<goto 'Old'>>", "it's", "<<goto 'it\\'s'>>"),
        ("<<goto 'Old'>>", 'say "x"', "<<goto 'say \"x\"'>>"),
        ('<a data-passage="Old">', 'a & "b"', '<a data-passage="a &amp; &quot;b&quot;">'),
        ("<<include Old>>", ">> [[x]]", '<<include ">> [[x]]">>'),
    ],
)
def test_a_name_is_written_as_its_place_demands(text: str, new: str, after: str) -> None:
    assert renamed(text, "SugarCube", new) == after


@pytest.mark.parametrize(
    ("story_format", "text", "new", "after"),
    [
        ("SugarCube", "[[Old]] <<goto 'Old'>>", "a]]b", "[[Old]] <<goto 'a]]b'>>"),
        ("SugarCube", "[[x->Old]] [[Old]]", "a->b", "[[x->a->b]] [[Old]]"),
        ("Harlowe", "[[x->Old]] (goto: 'Old')", "a|b", "[[x->Old]] (goto: 'a|b')"),
        ("Snowman", "[[Old]] [[x|Old]]", "a-b", "[[Old]] [[x|Old]]"),
        ("Chapbook", "[[Old]] {embed passage: 'Old'}", "http://e.com",
         "[[Old]] {embed passage: 'http://e.com'}"),
    ],
)  # fmt: skip
def test_a_reference_stays_where_the_new_name_cannot_be_written(
    story_format: str, text: str, new: str, after: str
) -> None:
    assert renamed(text, story_format, new) == after


@pytest.mark.parametrize("text", ["<<goto 'Ol\\x64'>>", '<a data-passage="&#79;ld">x</a>'])
def test_a_name_is_found_however_it_is_spelled(text: str) -> None:
    assert "New" in renamed(text, "SugarCube")


def test_where_few_cannot_hold_the_name_all_others_get_it() -> None:
    text = "<<goto 'Old'>> " * 500 + "[[Old]] " + "<<goto 'Old'>> " * 500

    assert renamed(text, "SugarCube", "a]]b") == text.replace("'Old'", "'a]]b'")


def test_a_text_is_not_read_again_and_again() -> None:
    assert renamed("[[Old]] " * 5_000, "SugarCube", "a]]b") == "[[Old]] " * 5_000


def test_scripts_are_repaired_as_code() -> None:
    assert renamed("Engine.play('Old'); [['Old']]", "SugarCube", "New", "script") == (
        "Engine.play('New'); [['Old']]"
    )


def test_what_may_be_a_reference_is_mentioned() -> None:
    text = "<<mine \"Old\">> <<goto 'Old'>> <<set $a to `Old`>> 'Older' Old"

    found = mentions(text, "Old", references(text, "SugarCube"))
    assert [text[start - 1 : end + 1] for start, end in found] == ['"Old"', "`Old`"]


PIECES = [
    "[[", "]]", "[", "]", "->", "<-", "|", "Old", "A", " ", "\n", "<<", ">>", "goto ", "link ",
    "include ", "set ", "script", "<</script>>", "(goto:", "(link-goto:", ")", ",", "'", '"', "`",
    "\\", "<!--", "-->", "/*", "*/", "//", "{{{", "}}}", "{embed passage:", "{reveal link:",
    "passage:", "}", "--", "[note]", "<%", "%>", "story.show(", "visited(", "data-passage=", "img[",
    "$x", "&amp;", "é", "<style", "</style>",
]  # fmt: skip
texts = st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
new_names = st.one_of(
    st.sampled_from(["New", "A", "a b", "a->b", "a|b", "]]", "it's", '"', "\\", "$x", "a<-b", "&"]),
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join),
)


@given(texts, st.sampled_from(FORMATS), st.sampled_from([(), ("script",)]))
@settings(max_examples=400)
def test_a_reference_is_where_it_says(
    text: str, story_format: str | None, tags: tuple[str, ...]
) -> None:
    last = 0
    for each in references(text, story_format, tags):
        assert last <= each.start < each.end or (last <= each.start == each.end)
        last = each.end
        raw = text[each.start : each.end]
        match each.spelling:
            case Spelling.PLAIN | Spelling.WORD:
                assert raw == each.target
            case Spelling.QUOTED:
                assert unquote(raw) == each.target
                assert text[each.start - 1] == text[each.end]
            case Spelling.ATTRIBUTE:
                assert html.unescape(raw) == each.target


@given(texts, st.sampled_from(FORMATS), new_names)
@settings(max_examples=400)
def test_after_a_rename_everything_leads_where_it_should(
    text: str, story_format: str | None, new: str
) -> None:
    splices = relink(text, story_format, "Old", new)
    before = references(text, story_format)
    after = references(apply(text, splices), story_format)

    assert not splices or may_refer(text, "Old")
    edited = {splice.start for splice in splices}
    assert [each.target for each in after] == [
        new if each.start in edited else each.target for each in before
    ]
    assert edited <= {each.start for each in before if each.target == "Old"}


@pytest.mark.parametrize("story_format", FORMATS)
@pytest.mark.parametrize(
    "unit",
    ["[[", "[[a ", "/*", "<!--", "`", "``` ` ", "<<a ", '<<goto "', "(link-goto:",
     "(link-goto:'a'", "{{{", "{reveal link:'a',", "<%", "'", '<<set "', "[img[",
     "\\", "data-passage='", "[a b]\n"],
)  # fmt: skip
def test_a_hostile_text_is_read_in_no_time(story_format: str | None, unit: str) -> None:
    text = unit * (60_000 // len(unit))
    began = time.process_time()

    references(text, story_format)

    assert time.process_time() - began < 3
