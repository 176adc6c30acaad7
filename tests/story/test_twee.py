"""Tests of :mod:`whisker_sync.story.twee`."""

from __future__ import annotations

import json

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from whisker_sync.story.twee import (
    Header,
    HeaderProblem,
    Segment,
    Source,
    parse,
    parse_header,
    render,
    rewrite,
    segment,
)

PIECES = [
    "::",
    ":: A",
    "::B [c]",
    "\n",
    "\n\n",
    "\r",
    "\r\n",
    " ",
    "\t",
    "word",
    ":",
    "\u2028",
    "\x0b",
]
sources = st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join))

SIGNS = [*'[]{}\\":, \tab1', "\u00a0", "\r", "\\ ", '{"a":1}', '{"size": "1,2", "b":[]}', "[x y]"]
lines = st.lists(st.sampled_from(SIGNS)).map(lambda signs: "::" + "".join(signs))
plain = st.text(st.one_of(st.sampled_from('[]{}\\" a\t\u00a0'), st.characters(codec="utf-8")))
one_line = plain.map(lambda text: text.replace("\n", "").replace("\r", ""))
metadata = st.dictionaries(
    plain, st.one_of(st.text(), st.integers(), st.lists(st.none())), max_size=3
)


@given(sources)
@settings(max_examples=300)
def test_a_source_is_rendered_as_it_was(text: str) -> None:
    source = parse(text)

    assert render(source) == text
    assert source.prologue + "".join(each.text for each in source.passages) == text
    for passage in source.passages:
        assert passage.header.startswith("::")
        assert "\n" not in passage.header
        assert passage.body == passage.body.rstrip(" \t\r\n")
        assert not passage.gap.strip(" \t\r\n")
        assert segment(passage.text) == passage


def test_a_passage_has_three_pieces() -> None:
    text = "prologue\n\n:: A [x]\n\n  first\nlast  \n\n\n:: B\n\n::C\n::"

    assert parse(text) == Source(
        "prologue\n\n",
        (
            Segment(":: A [x]", "\n  first\nlast", "  \n\n\n"),
            Segment(":: B", "", "\n\n"),
            Segment("::C", "", "\n"),
            Segment("::", "", ""),
        ),
    )


def test_a_text_without_a_header_is_prologue() -> None:
    assert parse("") == Source("", ())
    assert parse(" :: A\nx :: B\n") == Source(" :: A\nx :: B\n", ())


@pytest.mark.parametrize("character", ["\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_only_a_line_feed_ends_a_line(character: str) -> None:
    source = parse(f":: A{character}:: B\nbody{character}:: C")

    assert source.passages == (Segment(f":: A{character}:: B", f"body{character}:: C", ""),)


def test_no_passage_swallows_the_next_ones_header() -> None:
    a, b = Segment(":: A", "text", ""), Segment(":: B", "", "")

    assert render(Source("prologue", (a, b, b))) == "prologue\n:: A\ntext\n:: B\n:: B"


# Headers.


@pytest.mark.parametrize(
    ("line", "name", "tags", "values"),
    [
        (":: A", "A", (), {}),
        ("::A", "A", (), {}),
        ("::\tA  ", "A", (), {}),
        ("::\u00a0A\u00a0", "A", (), {}),
        (":: A\r", "A", (), {}),
        ("::: A", ": A", (), {}),
        (":: A b  c", "A b  c", (), {}),
        (":: A [x y x]", "A", ("x", "y", "x"), {}),
        ('::A[x]{"size":"1,2"}', "A", ("x",), {"size": '"1,2"'}),
        (":: A []", "A", (), {}),
        (":: A {}", "A", (), {}),
        (r":: A\[b\] [x\]y a\ b] ", "A[b]", ("x]y", "a b"), {}),
        (r":: A\ [x]", "A ", ("x",), {}),
        (r":: \ A\q\\", " Aq\\", (), {}),
        (":: A\\", "A\\", (), {}),
        (
            ':: A { "p" : {"q": [1.0, "}"]} , "x":1e2 }',
            "A",
            (),
            {"p": '{"q": [1.0, "}"]}', "x": "1e2"},
        ),
    ],
)
def test_a_header_says(line: str, name: str, tags: tuple[str, ...], values: dict[str, str]) -> None:
    assert parse_header(line) == Header(name, tags, values, ())


@pytest.mark.parametrize(
    ("line", "name", "problem"),
    [
        (":: A [x", "A [x", HeaderProblem.UNTERMINATED_TAGS),
        (r":: A [x\]", r"A [x\]", HeaderProblem.UNTERMINATED_TAGS),
        (':: A {"a":1', 'A {"a":1', HeaderProblem.UNTERMINATED_METADATA),
        (":: A {x} [y]", "A {x} [y]", HeaderProblem.UNTERMINATED_METADATA),
        (':: A {"a":1} [x]', 'A {"a":1} [x]', HeaderProblem.JUNK),
        (r":: A\\ [x] y ", r"A\\ [x] y", HeaderProblem.JUNK),
        (":: A [x] [y]", "A [x] [y]", HeaderProblem.JUNK),
    ],
)
def test_a_header_that_does_not_follow_the_notation_is_a_name(
    line: str, name: str, problem: HeaderProblem
) -> None:
    assert parse_header(line) == Header(name, (), {}, (problem,))
    assert rewrite(line, name, (), {}) == line


@pytest.mark.parametrize(
    ("line", "header"),
    [
        ("::", Header("", (), {}, (HeaderProblem.EMPTY_NAME,))),
        (":: [x]", Header("", ("x",), {}, (HeaderProblem.EMPTY_NAME,))),
        (":: A ] [x]", Header("A ]", ("x",), {}, (HeaderProblem.STRAY_BRACKET,))),
        (":: A [x] {'a':1}", Header("A", ("x",), {}, (HeaderProblem.BAD_METADATA,))),
        (':: A {"a":1,}', Header("A", (), {}, (HeaderProblem.BAD_METADATA,))),
        (':: A {"a":1,"a":2}', Header("A", (), {"a": "2"}, (HeaderProblem.REPEATED_KEY,))),
    ],
)
def test_smaller_mistakes_are_named_and_the_rest_holds(line: str, header: Header) -> None:
    assert parse_header(line) == header


@given(lines)
@settings(max_examples=300)
def test_a_header_that_says_the_same_stays_as_it_is_spelled(line: str) -> None:
    said = parse_header(line)

    assert rewrite(line, said.name, said.tags, said.metadata) == line
    assert rewrite(line, said.name, sorted(set(said.tags)), dict(said.metadata)) == line


@given(lines, one_line, st.sets(one_line.filter(bool), max_size=4), metadata)
@settings(max_examples=400)
def test_a_rewritten_header_says_what_it_was_told(
    line: str, name: str, tags: set[str], values: dict[str, object]
) -> None:
    spelled = {key: json.dumps(value) for key, value in values.items()}
    written = rewrite(line, name, tags, spelled)
    said = parse_header(written)

    assert (said.name, set(said.tags), said.metadata) == (name, tags, spelled)
    assert parse(f"{written}\nbody").passages == (Segment(written, "body", ""),)
    assert rewrite(written, name, tags, spelled) == written


@given(lines, st.data())
def test_what_stays_of_a_header_can_change_alone(line: str, data: st.DataObject) -> None:
    assume("\r" not in line.rstrip())  # It becomes a blank where it is spelled anew.
    said = parse_header(line)
    tags = {"new", *data.draw(st.sets(st.sampled_from(said.tags or ("x",))))}
    values = {**said.metadata, "new": "1"}

    for written, name, some_tags, some_values in [
        (rewrite(line, said.name, tags, said.metadata), said.name, tags, said.metadata),
        (rewrite(line, said.name, said.tags, values), said.name, set(said.tags), values),
        (rewrite(line, "N", said.tags, said.metadata), "N", set(said.tags), said.metadata),
    ]:
        found = parse_header(written)
        assert (found.name, set(found.tags), found.metadata) == (name, some_tags, some_values)


@given(st.text(), st.text(), st.lists(st.text()), st.dictionaries(st.text(), st.text()))
def test_a_header_is_one_line_whatever_it_is_told(
    line: str, name: str, tags: list[str], values: dict[str, str]
) -> None:
    written = rewrite(line, name, tags, values)

    assert written.startswith("::")
    assert "\n" not in written


@pytest.mark.parametrize(
    ("line", "name", "tags", "values", "written"),
    [
        (":: A", "B", [], {}, ":: B"),
        ("::A", "A", ["y", "x"], {}, "::A [x y]"),
        ("::  A  [b  a] ", "A", ["a", "b", "c"], {}, "::  A  [b a c] "),
        ("::A[b a]", "A", ["a"], {}, "::A[a]"),
        (":: A [x]", "A", [], {}, ":: A"),
        (r":: A\!B [x]", "A!B", [], {}, r":: A\!B"),
        (":: A", "[x]", [], {}, r":: \[x\]"),
        (":: A [x]", " a ", ["x"], {}, "::" + r" \ a\  [x]"),
        ('::A {"position":"1,2","size":"3,4"}', "A", [], {"position": '"5,6"', "size": '"3,4"'},
         '::A {"position":"5,6","size":"3,4"}'),
        ('::A { "b": 1, "a": 2 }', "A", [], {"a": "2", "c": "3", "b": "1"},
         '::A { "b": 1, "a": 2, "c": 3 }'),
        ('::A { "b": 1, "a": 2 }', "A", ["t"], {"a": "2"}, '::A [t] { "a": 2 }'),
        ("::A", "A", [], {"b": " 1 ", "a": '"é"'}, '::A {"a":"é","b":1}'),
        ("::A", "A", [], {"a": "no", "b": "{"}, "::A"),
        (":: A {'a':1}", "B", [], {}, ":: B {'a':1}"),
        (":: A [x", "A [x", ["y"], {}, r":: A \[x [y]"),
        (":: A\\", "A\\", ["y"], {}, r":: A\\ [y]"),
        (":: [x]", "A", ["x"], {}, ":: A [x]"),
        ("::", "", ["x"], {}, ":: [x]"),
        ("", "A", [], {}, ":: A"),
        (":: A\n:: B", "A\n:: C", ["\nx"], {}, r":: A :: C [\ x]"),
        (':: A [x] {"a":1}', "A", ["x"], {}, ":: A [x]"),
    ],
)  # fmt: skip
def test_a_changed_header_looks_as_much_as_possible_like_it_was(
    line: str, name: str, tags: list[str], values: dict[str, str], written: str
) -> None:
    assert rewrite(line, name, tags, values) == written
