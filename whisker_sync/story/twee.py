r"""
Twee 3 as a tree that loses nothing.

``render(parse(text)) == text`` for every text. A passage begins with a line that
begins with ``::`` and goes to the next one; it is cut into header line, body, and
the blank space behind the body, the *gap*::

    :: Cave [dark] {"position":"10,20"}      header, without its line end
    It is dark here.                         body
                                             gap: "\n\n"
    :: Next

The line end after the header belongs to neither where there is a body; without a
body the gap begins with it. What stands before the first header is the prologue.
Lines end at ``\n`` only: other characters that editors break lines at are text.

Headers follow the Twee 3 specification (version 3.0.2): name, tags in brackets,
metadata in braces, with a backslash before what is meant literally. Metadata keep
the JSON of their author, key by key. A header that does not fit is no reason to
refuse anything: the whole rest of the line is the name then, and ``problems``
says what is wrong.

A merge may make a line that begins with ``::`` within a body. Nothing is done about
it here: it reads as a header to every tool, and to us at the next save.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_HEADER = re.compile(r"(?:\A|(?<=\n))::[^\n]*")
_BLANKS = " \t\r\n"
_SPACE = " \t"
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_SPECIAL = re.compile(r"[\\\[\]{}]")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True, slots=True)
class Segment:
    """One passage as it stands in a file."""

    header: str
    """The header line without its line end."""

    body: str
    """The text, without blank space at its end."""

    gap: str
    """The blank space behind it; without a body it begins with the header's line end."""

    @property
    def text(self) -> str:
        """The passage as it stands in the file."""
        return f"{self.header}\n{self.body}{self.gap}" if self.body else self.header + self.gap


@dataclass(frozen=True, slots=True)
class Source:
    """A Twee file."""

    prologue: str
    """What stands before the first passage."""

    passages: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """What a header line says."""

    name: str
    tags: tuple[str, ...] = ()
    """As they stand, doubles included."""

    metadata: Mapping[str, str] = field(default_factory=dict)
    """For each key the author's JSON of its value, in their order."""

    problems: tuple[str, ...] = ()
    """Sentences for the author; empty: all is well."""


def parse(text: str) -> Source:
    """Cut a text into its passages; any text is a Twee file."""
    starts = [match.start() for match in _HEADER.finditer(text)]
    ends = [*starts[1:], len(text)]
    prologue = text[: starts[0]] if starts else text
    passages = (segment(text[start:end]) for start, end in zip(starts, ends, strict=True))
    return Source(prologue, tuple(passages))


def segment(text: str) -> Segment:
    """Cut a text that begins with a header line, and has no other, into its three parts."""
    header, newline, rest = text.partition("\n")
    body = rest.rstrip(_BLANKS)
    gap = rest[len(body) :]
    return Segment(header, body, gap if body else newline + gap)


def render(source: Source) -> str:
    """The text of a file; the opposite of :func:`parse`."""
    return source.prologue + "".join(passage.text for passage in source.passages)


# Headers.


@dataclass(frozen=True, slots=True)
class _Pieces:
    """A header line, cut so that its pieces in order are the line."""

    before_name: str
    name: str
    before_tags: str
    tags: str | None
    """With its brackets; None: there are none."""

    before_metadata: str
    metadata: str | None
    """With its braces; None: there is none."""

    end: str
    said: Header


def parse_header(line: str) -> Header:
    """Return what a header line (without its line end) says; any text will do."""
    return _cut(line).said


def rewrite(line: str, name: str, tags: Iterable[str], metadata: Mapping[str, str]) -> str:
    """
    Return a header line that says these things and looks as much as possible like ``line``.

    Each part that says the same already stays as it is spelled. Tags are a set and
    metadata is a mapping: what is left of the old ones keeps its place, new ones
    follow sorted, so that all devices write the same line. The result is one line
    whatever the values are, and a value that is not JSON is left out.
    """
    line = line.partition("\n")[0]
    cut = _cut(line)
    said = cut.said
    wanted = {tag for tag in tags if tag}
    values = {
        key: value.strip(json_text.BLANKS)
        for key, value in metadata.items()
        if said.metadata.get(key) == value or json_text.is_value(value.strip(json_text.BLANKS))
    }
    same_tags, same_values = wanted == set(said.tags), values == said.metadata
    if name == said.name and same_tags and same_values and line.startswith("::"):
        return line
    pieces = [cut.before_name if said.name else ":: "]
    pieces.append(cut.name if name == said.name and _holds(cut) else _spell_name(name))
    between = " " if said.name and cut.tags is None or name and not said.name else ""
    if wanted:
        spelled = cut.tags if same_tags and cut.tags is not None else _spell_tags(cut, wanted)
        pieces += (between or cut.before_tags, spelled)
    elif same_tags and cut.tags is not None:
        pieces += (between or cut.before_tags, cut.tags)
    if same_values and cut.metadata is not None:
        pieces += (cut.before_metadata, cut.metadata)
    elif values:
        pieces += (" " if cut.metadata is None else cut.before_metadata, _spell_values(cut, values))
    return "".join(pieces) + cut.end
