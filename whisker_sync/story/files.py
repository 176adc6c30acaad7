r"""
One Twee file, as a tree that renders to the same bytes, and as passages.

:func:`read` takes whatever bytes a file has. UTF-8 is kept exactly; what is not UTF-8 is
read as Windows-1252, so that a story from an old editor can be built, and reported. Each
passage says where it stands and what it means; what its header does wrong becomes a
finding, and its text is kept in any case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from whisker_sync.story.codec import Decoded, Eol, decode_utf8, encode
from whisker_sync.story.finding import Finding, Rule
from whisker_sync.story.twee import (
    Header,
    HeaderProblem,
    Segment,
    Source,
    parse,
    parse_header,
    problem_places,
    render,
    text_of,
)

CODE_TAGS = frozenset({"script", "stylesheet"})
"""Tags of passages that are no prose."""

_SENTENCES = {
    HeaderProblem.EMPTY_NAME: "this passage has no name; write one behind the ::",
    HeaderProblem.STRAY_BRACKET: (
        "the name has a bracket or brace; put a backslash before it if it belongs to the name"
    ),
    HeaderProblem.UNTERMINATED_TAGS: (
        "the tags have no ] at their end, so all of the line is taken for the name"
    ),
    HeaderProblem.UNTERMINATED_METADATA: (
        "the metadata has no } at its end, so all of the line is taken for the name"
    ),
    HeaderProblem.JUNK: (
        "something follows the tags or the metadata, so all of the line is taken for the name; "
        "the order is: name [tags] {metadata}"
    ),
    HeaderProblem.BAD_METADATA: "what is between the braces is not JSON, and is left out",
    HeaderProblem.REPEATED_KEY: "the metadata has a key twice; the last one counts",
}
_RULES = {
    HeaderProblem.EMPTY_NAME: Rule.EMPTY_NAME,
    HeaderProblem.STRAY_BRACKET: Rule.STRAY_BRACKET,
    HeaderProblem.UNTERMINATED_TAGS: Rule.UNTERMINATED_TAGS,
    HeaderProblem.UNTERMINATED_METADATA: Rule.MALFORMED_HEADER,
    HeaderProblem.JUNK: Rule.MALFORMED_HEADER,
    HeaderProblem.BAD_METADATA: Rule.BAD_METADATA,
    HeaderProblem.REPEATED_KEY: Rule.BAD_METADATA,
}
_SELECTOR = re.compile(r"::[-a-z][\w-]*(?:\([^)]*\))?\s*(?:[{,]|$)")
"""A line of CSS that looks like a header: ``::selection {``."""

_TWEE2 = (".tw2", ".twee2")
_TWEE2_POSITION = re.compile(r"\s*<\s*(\d+)\s*,\s*(\d+)\s*>\s*$")


@dataclass(frozen=True, slots=True)
class TweeFile:
    """A Twee file without anything lost."""

    source: Source
    eol: Eol
    bom: bool

    def render(self) -> bytes:
        """Return the bytes of the file; the same as were parsed, if nothing was changed."""
        return encode(render(self.source), self.eol, self.bom)


@dataclass(frozen=True, slots=True)
class FilePassage:
    """A passage at its place in a file."""

    header: Header
    segment: Segment
    line: int
    """Number of the header's line, from 1; its text begins on the next one."""

    @property
    def name(self) -> str:
        """The name, without escapes."""
        return self.header.name

    @property
    def text(self) -> str:
        """The text, without blank space at its end and without escapes."""
        return text_of(self.segment.body)


@dataclass(frozen=True, slots=True)
class StoryFile:
    """What was read from one file."""

    path: str
    """As it was named when it was read."""

    tree: TweeFile
    passages: tuple[FilePassage, ...]
    findings: tuple[Finding, ...]


def parse_bytes(data: bytes) -> TweeFile | None:
    """Return the tree of a file whose bytes are UTF-8; None: they are not."""
    decoded = decode_utf8(data)
    if decoded is None:
        return None
    return TweeFile(parse(decoded.text), decoded.eol, decoded.bom)


def read(path: str, data: bytes) -> StoryFile:
    """Return what a file holds; every byte string is some text."""
    findings: list[Finding] = []
    tree = parse_bytes(data)
    if tree is None:
        tree = _windows(data)
        sentence = "the file is not UTF-8; it was read as Windows-1252, save it anew as UTF-8"
        findings.append(Finding(Rule.NOT_UTF8, sentence, path))
    passages = tuple(_passages(tree.source, path.lower().endswith(_TWEE2)))
    findings += _findings(path, passages)
    return StoryFile(path, tree, passages, tuple(findings))


def _windows(data: bytes) -> TweeFile:
    decoded = decode_utf8(data.decode("cp1252", "replace").encode())
    assert isinstance(decoded, Decoded)
    return TweeFile(parse(decoded.text), decoded.eol, decoded.bom)


def _passages(source: Source, twee2: bool) -> Iterator[FilePassage]:
    line = 1 + source.prologue.count("\n")
    for segment in source.passages:
        said = parse_header(segment.header)
        if twee2:
            said = _with_twee2_position(segment.header, said)
        yield FilePassage(said, segment, line)
        line += segment.text.count("\n")


def _with_twee2_position(line: str, said: Header) -> Header:
    """Read a header of Twee2, whose position stands behind it: ``:: Cave [dark] <12,34>``."""
    position = _TWEE2_POSITION.search(line)
    if position is None:
        return said
    said = parse_header(line[: position.start()])
    metadata = {"position": f'"{position[1]},{position[2]}"', **said.metadata}
    return Header(said.name, said.tags, metadata, said.problems)


def _findings(path: str, passages: tuple[FilePassage, ...]) -> Iterator[Finding]:
    in_code = False
    for passage in passages:
        problems = passage.header.problems
        if in_code and _SELECTOR.match(passage.segment.header):
            sentence = (
                "this line begins with ::, which ends the passage before it; "
                "if it is a part of that one, write a * or a backslash before it"
            )
            yield _finding(Rule.HEADER_IN_CODE, sentence, path, passage)
            continue
        places = problem_places(passage.segment.header) if problems else {}
        for problem in problems:
            column = 1 + places.get(problem, 0)
            yield _finding(_RULES[problem], _SENTENCES[problem], path, passage, column)
        in_code = not CODE_TAGS.isdisjoint(passage.header.tags)


def _finding(
    rule: Rule, sentence: str, path: str, passage: FilePassage, column: int = 1
) -> Finding:
    return Finding(rule, sentence, path, passage.line, column, passage.name)
