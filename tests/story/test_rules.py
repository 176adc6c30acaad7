"""
The rules of Twee 3 (version 3.0.2), and what we decided where it is silent.

One test for each rule; ``docs/reference/twee.md`` says them in words.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisker_sync.story.check import check
from whisker_sync.story.files import FilePassage, StoryFile, parse_bytes, read
from whisker_sync.story.finding import Rule
from whisker_sync.story.twee import body_of, rewrite, text_of


def file(text: str | bytes, path: str = "a.twee") -> StoryFile:
    return read(path, text.encode() if isinstance(text, str) else text)


def passages(text: str | bytes) -> list[tuple[str, str]]:
    return [(each.name, each.text) for each in file(text).passages]


def only(text: str | bytes) -> FilePassage:
    (passage,) = file(text).passages
    return passage


def rules(text: str | bytes) -> list[Rule]:
    return [finding.rule for finding in check([file(text)])]


def test_a_header_is_a_line_that_begins_with_two_colons() -> None:
    text = ":: A\n :: not indented\nnot :: in a line\n::: B\nx"

    assert passages(text) == [("A", " :: not indented\nnot :: in a line"), (": B", "x")]


def test_blanks_between_the_parts_of_a_header_are_optional() -> None:
    for line in (
        '::A[x]{"size":"1,2"}',
        '::\tA\t[x]\t{"size":"1,2"}',
        ':: A  [ x ]  { "size":"1,2" } ',
    ):
        assert (only(line).name, only(line).header.tags) == ("A", ("x",))
        assert only(line).header.metadata == {"size": '"1,2"'}
        assert file(line).tree.render() == line.encode()


def test_a_passage_without_a_name_is_reported_and_keeps_its_text() -> None:
    assert passages("::\nkept\n::\u00a0 [x]\nkept, too\n:: B\nb") == [
        ("", "kept"), ("", "kept, too"), ("B", "b"),
    ]  # fmt: skip
    assert rules("::\nkept\n:: B\nb") == [Rule.EMPTY_NAME]


def test_a_backslash_stands_before_what_belongs_to_a_name() -> None:
    assert only(r":: a\[b\]\{c\}\\ \q [t\]u]").name == "a[b]{c}\\ q"
    assert only(r":: a [t\]u]").header.tags == ("t]u",)
    assert only(r":: \ a\ ").name == " a "
    assert rewrite("::", " a[b]{c}\\d ", ["t]"], {}) == r":: \ a\[b\]\{c\}\\d\  [t\]]"


def test_tags_are_parted_by_blanks_and_keep_order_and_repetition() -> None:
    assert only(":: A [b  a\tb]").header.tags == ("b", "a", "b")


def test_metadata_keeps_unknown_keys_nested_objects_and_order() -> None:
    line = ':: A {"z":{"}":[1.50,"]"]},"position":"1157,311.3333333333333","a":null}'

    assert list(only(line).header.metadata.items()) == [
        ("z", '{"}":[1.50,"]"]}'), ("position", '"1157,311.3333333333333"'), ("a", "null"),
    ]  # fmt: skip
    assert rules(line) == []


def test_metadata_that_is_not_json_is_reported_and_left_out() -> None:
    assert only(":: A [x] {'a':1}\nb").header.metadata == {}
    assert only(":: A [x] {'a':1}\nb").header.tags == ("x",)
    assert rules(":: A [x] {'a':1}\nb") == [Rule.BAD_METADATA]


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (':: B {"a":1} [x]', Rule.MALFORMED_HEADER),
        (":: B [x] junk", Rule.MALFORMED_HEADER),
        (':: B {"a":1', Rule.MALFORMED_HEADER),
        (":: B [x", Rule.UNTERMINATED_TAGS),
        (":: B ]", Rule.STRAY_BRACKET),
    ],
)
def test_a_malformed_header_costs_that_passage_its_tags_and_nothing_else(
    line: str, rule: Rule
) -> None:
    text = f":: A\na\n{line}\nb\n:: C [y]\nc"

    assert [body for _, body in passages(text)] == ["a", "b", "c"]
    assert file(text).passages[2].header.tags == ("y",)
    assert rules(text) == [rule]
    assert [(each.line, each.passage) for each in file(text).findings] == [(3, line[3:])]


def test_blank_lines_at_the_end_of_a_passage_are_no_part_of_its_text() -> None:
    text = ":: A\n\n  first\nlast \n\n\n:: B\n\n"

    assert passages(text) == [("A", "\n  first\nlast"), ("B", "")]
    assert file(text).tree.render() == text.encode()


def test_a_backslash_lets_a_line_of_text_begin_with_two_colons() -> None:
    assert passages(":: A\n\\:: B\n\\::C\nx \\:: D") == [("A", ":: B\n::C\nx \\:: D")]
    assert body_of(":: B\nx\n::C") == "\\:: B\nx\n\\::C"


@given(st.lists(st.sampled_from(["::", "\n", "\\", " ", "x"])).map("".join))
def test_a_text_that_is_written_is_read_again(text: str) -> None:
    if not any(line.startswith("\\::") for line in text.split("\n")):
        assert text_of(body_of(text)) == text
    assert [name for name, _ in passages(f":: A\n{body_of(text)}")] == ["A"]


def test_a_selector_in_a_style_sheet_is_reported() -> None:
    text = (
        ":: Style [stylesheet]\na {}\n::selection { color: red }\n::-webkit-scrollbar {\n}\n:: B\n"
    )

    assert rules(text) == [Rule.HEADER_IN_CODE, Rule.HEADER_IN_CODE]
    assert rules(":: A\na\n::selection\n") == []


def test_text_before_the_first_header_is_kept_and_is_no_passage() -> None:
    text = "/* a licence */\n\n:: A\na"

    assert passages(text) == [("A", "a")]
    assert only(text).line == 3
    assert file(text).tree.source.prologue == "/* a licence */\n\n"
    assert file(text).tree.render() == text.encode()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("last", ["", "\n", "\n\n"])
def test_line_ends_mark_and_last_line_are_the_files_own(end: str, bom: bytes, last: str) -> None:
    data = bom + f":: A [x]\na\nb{last}".replace("\n", end).encode()

    assert passages(data) == [("A", "a\nb")]
    assert only(data).header.tags == ("x",)
    assert file(data).tree.render() == data


def test_what_is_not_utf_8_is_read_as_windows_1252_and_reported() -> None:
    data = ":: Caf\u00e9\n\u201cNo\u201d\r\n".encode("cp1252")

    assert passages(data) == [("Caf\u00e9", "\u201cNo\u201d")]
    assert rules(data) == [Rule.NOT_UTF8]
    assert parse_bytes(data) is None


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\x0b", "\x0c", "\x85", "\x1c"])
def test_only_a_line_feed_ends_a_line(character: str) -> None:
    text = f":: A\na{character}:: B\n:: C"

    assert passages(text) == [("A", f"a{character}:: B"), ("C", "")]


def test_two_passages_with_one_name_are_both_kept_and_reported() -> None:
    one, other = file(":: A\none\n:: a\n", "one.twee"), file("\n\n:: A\ntwo\n", "two.twee")
    (finding,) = check([one, other])

    assert (finding.rule, finding.path, finding.line) == (Rule.DUPLICATE_PASSAGE, "two.twee", 3)
    assert "one.twee:1" in finding.sentence
    assert rules(":: StoryData\n{}\n:: StoryData\n{}") == [Rule.DUPLICATE_STORY_DATA]


def test_a_header_may_be_the_last_line_of_a_file() -> None:
    assert passages(":: A") == [("A", "")]
    assert passages("::") == [("", "")]


def test_a_position_of_twee_2_counts_in_files_of_twee_2() -> None:
    old = file(":: A [x] <12, 34>\na", "a.tw2").passages[0]

    assert (old.name, old.header.tags) == ("A", ("x",))
    assert old.header.metadata == {"position": '"12,34"'}
    assert rules(":: A [x] <12, 34>\na") == [Rule.MALFORMED_HEADER]


def test_story_data_that_is_no_object_is_reported() -> None:
    assert rules(':: StoryData\n{"ifid": "A",}\n') == [Rule.BAD_STORY_DATA]
    assert rules(':: StoryData {"x":1}\n{"ifid": "A", "mine": 1}\n') == []


PIECES = [
    "::",
    ":: A",
    "[x]",
    "{",
    "}",
    "\n",
    "\r",
    "\r\n",
    "\0",
    "\ufeff",
    " ",
    "\\::",
    "\u2028",
    "w",
]
utf8 = st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join)).map(str.encode)


@given(utf8)
@settings(max_examples=500)
def test_every_byte_string_that_is_utf_8_is_rendered_as_it_was(data: bytes) -> None:
    tree = parse_bytes(data)

    assert tree is not None
    assert tree.render() == data
    assert file(data).tree == tree


@given(st.binary())
def test_every_byte_string_is_read(data: bytes) -> None:
    for passage in file(data).passages:
        assert passage.line >= 1


@given(utf8)
def test_a_passage_stands_on_the_line_that_it_says(data: bytes) -> None:
    found = file(data)
    text = found.tree.source.prologue + "".join(each.text for each in found.tree.source.passages)
    lines = text.split("\n")
    for passage in found.passages:
        assert lines[passage.line - 1] == passage.segment.header


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("::", 1),
        (":: Cave [dark", 9),
        (":: Cave [dark] [cold]", 16),
        (':: Cave {"position":"1,2"} [dark]', 28),
        (":: Cave ] two", 9),
        (":: Cave [x] {position: 1}", 13),
        (':: Cave {"a":1,"a":2}', 9),
        (":: Ü\u2028 [dark", 7),
        (':: Cave [x] {"a":1', 13),
    ],
)
def test_a_finding_about_a_header_says_in_which_column(header: str, column: int) -> None:
    (finding,) = file(f"Before.\n{header}\nText.\n").findings
    assert (finding.line, finding.column) == (2, column)
