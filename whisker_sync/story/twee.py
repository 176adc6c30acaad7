r"""
Twee source as a tree that loses nothing.

It refuses to repair: whatever an author saved is what :func:`render` gives back,
character for character, and what the notation (Twee 3, version 3.0.2) does not
allow is kept and named in :attr:`Header.problems`. It does not know story formats,
links or macros.

How a file is cut
=================

A header is a line that begins with ``::``, at the start of the text or behind
``\n``; nothing else ends a line, neither ``\r`` nor U+2028. What stands before the
first header is the prologue. Each header begins a passage of three pieces::

    :: Cave [dark] {"size":"100,100"}     header, without its line end
    It is dark.                           body, up to its last word
                                          gap: the blank space behind the body
    :: Next

The line end between header and body belongs to neither; it stands there whenever
the body is not empty. If the body is empty the gap begins with it, and a header at
the very end of a file has an empty gap. So two authors who both append a paragraph
do not double the blank line behind it, and a missing line end at the end of a file
is an empty gap and nothing special.

A merge may form a line that begins with ``::`` inside a body. Nothing is done
about it here: who keeps bodies apart knows where they begin and end, and to all who
parse the file, this module included, that line is a passage. An author who wants such a
line in a text writes ``\::``, as Twine does: :func:`text_of` reads that, and
:func:`body_of` writes it.

How a header is read
====================

``:: name [tag tag] {"key": value}``. In names and tags ``\c`` means ``c``; it is
needed before ``[``, ``]``, ``{``, ``}`` and ``\``, and before a blank at either end
of a name. Metadata is a JSON object of which we keep each value as its author
spelled it. Where tags or metadata do not end, or something follows them, the header
says nothing but a name: everything behind ``::``, backslashes included. Metadata
that ends with a brace but is not JSON says nothing, but name and tags hold.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from whisker_sync.story import json_text

BLANKS = " \t\r\n"
"""What a gap is made of, and nothing else: other blanks are an author's text."""

_TRIMMED = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""Blanks around the parts of a header: those of JavaScript, which all Twine tools
trim. Written out, because what Python calls a blank depends on its version, and
devices must agree on names."""

_HEADER = re.compile(r"(?:\A|(?<=\n))::[^\n]*")
_NOT_IN_NAME = re.compile(r"\\.|[\[{]", re.DOTALL)
_END_OF_TAGS = re.compile(r"\\.|\]", re.DOTALL)
_STRAY = re.compile(r"\\.|([\]}])", re.DOTALL)
_TAG = re.compile(rf"(?:\\.|[^\\{_TRIMMED}])+", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_SPECIAL = re.compile(r"[\\\[\]{}]")
_SPECIAL_IN_TAG = re.compile(rf"[\\\[\]{{}}{_TRIMMED}]")
_LINE_END = re.compile(r"\r\n?|\n")
_ESCAPED_LINE = re.compile(r"(?:\A|(?<=\n))\\::")
_HEADER_LIKE_LINE = re.compile(r"(?:\A|(?<=\n))::")


@dataclass(frozen=True, slots=True)
class Segment:
    """A passage as it stands in a file."""

    header: str
    """The raw header line from ``::`` on, without its line end."""

    body: str
    """What follows the header, without blank space at its end."""

    gap: str
    """The blank space behind the body; with an empty body it begins with the header's line end."""

    @property
    def text(self) -> str:
        """The passage, exactly."""
        return f"{self.header}\n{self.body}{self.gap}" if self.body else self.header + self.gap


@dataclass(frozen=True, slots=True)
class Source:
    """A Twee file, cut into passages."""

    prologue: str
    """What stands before the first header; the whole text if there is no passage."""

    passages: tuple[Segment, ...]


class HeaderProblem(Enum):
    """Why a header does not follow the notation."""

    EMPTY_NAME = "the passage has no name"
    STRAY_BRACKET = "the name has a bracket or brace without a backslash before it"
    UNTERMINATED_TAGS = "the tags have no ] at their end"
    UNTERMINATED_METADATA = "the metadata has no } at its end"
    JUNK = "something follows the tags or the metadata"
    BAD_METADATA = "the metadata is not JSON"
    REPEATED_KEY = "the metadata has a key twice; the last one counts"


_NAME_ONLY = frozenset(
    {HeaderProblem.UNTERMINATED_TAGS, HeaderProblem.UNTERMINATED_METADATA, HeaderProblem.JUNK}
)
"""With one of these a header is nothing but a name."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a header line says."""

    name: str
    """Without escapes and surrounding blanks."""

    tags: tuple[str, ...]
    """In the order of the file, repetitions included."""

    metadata: Mapping[str, str]
    """The JSON text of each value under its key, in the order of the file."""

    problems: tuple[HeaderProblem, ...]


# Files.


def parse(text: str) -> Source:
    """Cut a text into passages; any text will do."""
    headers = [match.span() for match in _HEADER.finditer(text)]
    if not headers:
        return Source(text, ())
    ends = [start for start, _ in headers[1:]] + [len(text)]
    return Source(
        text[: headers[0][0]],
        tuple(
            _segment(text[start:header_end], text[header_end:end])
            for (start, header_end), end in zip(headers, ends, strict=True)
        ),
    )


def render(source: Source) -> str:
    """
    Return the text of a file; ``render(parse(text)) == text`` for every text.

    A passage (or a prologue) that does not end its last line gets a line end if
    another follows: otherwise it would swallow that one's header.
    """
    pieces: list[str] = []
    last = source.prologue
    for passage in source.passages:
        pieces.append(last)
        if last and not last.endswith("\n"):
            pieces.append("\n")
        last = passage.text
    pieces.append(last)
    return "".join(pieces)


def segment(text: str) -> Segment:
    """Cut a text that begins with a header line and has no other passage in it."""
    header = text.partition("\n")[0]
    return _segment(header, text[len(header) :])


def text_of(body: str) -> str:
    r"""Return the text that a body spells: ``\::`` at the start of a line means ``::``."""
    return _ESCAPED_LINE.sub("::", body)


def body_of(text: str) -> str:
    """Return a body that spells a text, and in which no line is a header."""
    return _HEADER_LIKE_LINE.sub(r"\\::", text)


def _segment(header: str, rest: str) -> Segment:
    body = rest[1:].rstrip(BLANKS)
    return Segment(header, body, rest[1 + len(body) :] if body else rest)


# Headers.


@dataclass(frozen=True, slots=True)
class _Pieces:
    """A header line, cut so that its pieces in order are the line (with a name, at least)."""

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
    places: tuple[int, ...]
    """Where each problem is, in code points from the start of the line."""


def parse_header(line: str) -> Header:
    """Return what a header line (without its line end) says; any text will do."""
    return _cut(line).said


def problem_places(line: str) -> dict[HeaderProblem, int]:
    """Return where in a header line each of its problems is, in code points from its start."""
    cut = _cut(line)
    return dict(zip(cut.said.problems, cut.places, strict=True))


def rewrite(line: str, name: str, tags: Iterable[str], metadata: Mapping[str, str]) -> str:
    """
    Return a header line that says these things and looks as much as possible like ``line``.

    Each part that says the same already stays as it is spelled. Tags are a set and
    metadata is a mapping: what is left of the old ones keeps its place, new ones
    follow sorted, so that all devices write the same line. The result is one line
    whatever the values are, and a value that is not JSON is left out.
    """
    line = line.partition("\n")[0]
    if not line.startswith("::"):
        line = f":: {line}"
    cut = _cut(line)
    wanted = {tag for tag in tags if tag}
    values = _valid(cut.said, metadata)
    same_tags, same_values = wanted == set(cut.said.tags), values == cut.said.metadata
    if name == cut.said.name and same_tags and same_values:
        return line
    pieces = [_spell_beginning(cut, name)]
    if same_tags and cut.tags is not None:
        pieces += (cut.before_tags, cut.tags)
    elif wanted:
        pieces += (cut.before_tags, _spell_tags(cut, wanted))
    if same_values and cut.metadata is not None:
        pieces += (cut.before_metadata, cut.metadata)
    elif values:
        pieces += (cut.before_metadata, _spell_values(cut.metadata or "{}", values))
    return "".join(pieces) + cut.end


def spell_header(name: str, tags: Iterable[str], metadata: Mapping[str, str]) -> str:
    """Return a new header line; tags and metadata (JSON texts) keep their order."""
    pieces = [f":: {_spell_name(name)}"]
    if spelled := [_spell_tag(tag) for tag in tags if tag]:
        pieces.append(f"[{' '.join(spelled)}]")
    if values := _valid(parse_header("::"), metadata):
        pieces.append(_spell_values("{}", values, sort=False))
    return " ".join(pieces)


def _cut(line: str) -> _Pieces:
    """Cut a header line."""
    start = len(line) - len(line.removeprefix("::").lstrip(_TRIMMED))
    match = next((m for m in _NOT_IN_NAME.finditer(line, start) if m[0] in "[{"), None)
    name_end = _rstrip(line, start, match.start() if match else len(line))
    raw = line[start:name_end]
    name = _unescape(raw)
    problems: dict[HeaderProblem, int] = {}
    if not name:
        problems[HeaderProblem.EMPTY_NAME] = 0
    if strays := [stray.start() for stray in _STRAY.finditer(raw) if stray[1]]:
        problems[HeaderProblem.STRAY_BRACKET] = start + strays[0]

    at = match.start() if match else len(line)
    before_tags, tags = " ", None
    said_tags: tuple[str, ...] = ()
    if line.startswith("[", at):
        end = next((m.end() for m in _END_OF_TAGS.finditer(line, at + 1) if m[0] == "]"), None)
        if end is None:
            return _malformed(line, start, HeaderProblem.UNTERMINATED_TAGS, at)
        before_tags, tags = line[name_end:at], line[at:end]
        said_tags = tuple(_unescape(tag) for tag in _TAG.findall(tags[1:-1]))
        name_end, at = end, len(line) - len(line[end:].lstrip(_TRIMMED))

    before_metadata, metadata = " ", None
    said_metadata: dict[str, str] = {}
    line_end = len(line.rstrip(_TRIMMED))
    if line.startswith("{", at):
        match json_text.members(line, at):
            case members, end if end == line_end:
                said_metadata = {
                    member.key: line[member.value_start : member.end] for member in members
                }
                if len(said_metadata) < len(members):
                    problems[HeaderProblem.REPEATED_KEY] = at
            case _, end:
                junk = len(line) - len(line[end:].lstrip(_TRIMMED))
                return _malformed(line, start, HeaderProblem.JUNK, junk)
            case None if line[line_end - 1] == "}":
                problems[HeaderProblem.BAD_METADATA] = at
            case None:
                return _malformed(line, start, HeaderProblem.UNTERMINATED_METADATA, at)
        before_metadata, metadata, name_end = line[name_end:at], line[at:line_end], line_end
    elif at < line_end:
        return _malformed(line, start, HeaderProblem.JUNK, at)
    said = Header(name, said_tags, said_metadata, tuple(problems))
    if not name:
        before_tags, before_metadata = before_tags or " ", before_metadata or " "
    end_of_line, places = line[name_end:], tuple(problems.values())
    return _Pieces(
        line[:start], raw, before_tags, tags, before_metadata, metadata, end_of_line, said, places
    )


def _malformed(line: str, start: int, problem: HeaderProblem, at: int) -> _Pieces:
    """Take a header for a name and nothing else."""
    raw = line[start:].rstrip(_TRIMMED)
    end = line[start + len(raw) :]
    said = Header(raw, (), {}, (problem,))
    return _Pieces(line[:start], raw, " ", None, " ", None, end, said, (at,))


def _rstrip(line: str, start: int, end: int) -> int:
    """Return where a name ends, which may end with a blank that has a backslash before it."""
    raw = line[start:end]
    name = raw.rstrip(_TRIMMED)
    if len(name) < len(raw) and _ends_in_backslash(name):
        return start + len(name) + 1
    return start + len(name)


def _ends_in_backslash(raw: str) -> bool:
    """Tell whether a backslash at the end would speak of what follows."""
    return (len(raw) - len(raw.rstrip("\\"))) % 2 == 1


def _unescape(raw: str) -> str:
    return _ESCAPE.sub(r"\1", raw)


def _valid(said: Header, metadata: Mapping[str, str]) -> dict[str, str]:
    """Return the metadata that can be written into a header."""
    stripped = {key: value.strip(json_text.BLANKS) for key, value in metadata.items()}
    return {
        key: value
        for key, value in stripped.items()
        if said.metadata.get(key) == value or json_text.is_value(value)
    }


def _spell_beginning(cut: _Pieces, name: str) -> str:
    said = cut.said
    if not said.name:
        return f":: {_spell_name(name)}" if name else "::"
    # What says its name only as long as nothing follows is spelled anew.
    alone = _NAME_ONLY & set(said.problems) or _ends_in_backslash(cut.name)
    if name == said.name and not alone:
        return cut.before_name + cut.name
    return cut.before_name + _spell_name(name)


def _spell_name(name: str) -> str:
    name = _SPECIAL.sub(r"\\\g<0>", _LINE_END.sub(" ", name))
    if name and name[-1] in _TRIMMED and len(name) > 1:
        name = f"{name[:-1]}\\{name[-1]}"
    return f"\\{name}" if name and name[0] in _TRIMMED else name


def _spell_tags(cut: _Pieces, wanted: set[str]) -> str:
    raw = _TAG.findall(cut.tags[1:-1]) if cut.tags else []
    kept = [tag for tag in raw if _unescape(tag) in wanted]
    new = sorted(wanted - set(cut.said.tags))
    return f"[{' '.join(kept + [_spell_tag(tag) for tag in new])}]"


def _spell_tag(tag: str) -> str:
    return _SPECIAL_IN_TAG.sub(r"\\\g<0>", _LINE_END.sub(" ", tag))


def _spell_values(raw: str, values: Mapping[str, str], *, sort: bool = True) -> str:
    """Return the text of an object with these values, spelled like ``raw`` where it can be."""
    match json_text.members(raw, 0):
        case (_, *_) as members, _:
            pass
        case _:
            members = []
    last = {member.key: member for member in members}
    colon = next((raw[each.start : each.value_start] for each in members), "")
    colon = colon[colon.rindex('"') + 1 :] if colon else ":"
    pieces = []
    for member in last.values():
        if member.key in values:
            key = raw[member.start : member.value_start]
            pieces.append(key + _LINE_END.sub(" ", values[member.key]))
    new = [key for key in values if key not in last]
    for key in sorted(new) if sort else new:
        value = _LINE_END.sub(" ", values[key])
        pieces.append(f"{json.dumps(key, ensure_ascii=False)}{colon}{value}")
    between = raw[members[0].end : members[1].start] if len(members) > 1 else ","
    left = raw[1 : members[0].start] if members else ""
    right = raw[members[-1].end : -1] if members else ""
    return "{" + left + between.join(pieces) + right + "}"
