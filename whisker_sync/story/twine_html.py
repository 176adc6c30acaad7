r"""
Twine 2's HTML: stories out of it, and stories into it.

A published story and an archive are HTML with one or more ``<tw-storydata>`` (Twine 2 HTML
output specification, version 1.0.1). It is read with a tokenizer for HTML and never by
patterns: other programs write names in upper case, leave out quotes, or close what
cannot be closed. What is missing or doubled is taken as it is.

We write what the oldest readers in use understand: ``& < > " '`` as entities, nothing else
but a carriage return. Scripts and style sheets cannot have entities; in them ``</script``
is written ``<\/script``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

from whisker_sync.story.story import Code, Passage, Story

DEFAULT_SIZE = "100,100"
GRID = 125
"""From one passage without a position to the next on Twine's map, in its pixels."""

COLUMNS = 10
"""Passages without a position in one row of the map."""

_ENTITIES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "\r": "&#13;"}
)
_SCRIPT_END = re.compile(r"<(?=/script|!--)", re.IGNORECASE)
_STYLE_END = re.compile(r"<(?=/style)", re.IGNORECASE)
_PIECE = re.compile(r'/\* twine-user-(?:script|stylesheet) #\d+: ("(?:[^"\\\n]|\\.)*") \*/\n')


# Writing.


def write(story: Story, creator: str, creator_version: str) -> str:
    """Return the ``<tw-storydata>`` of a story, with its IFID in a comment before it."""
    pids = {passage.name: pid for pid, passage in enumerate(story.passages, 1)}
    attributes = {
        "name": story.title,
        "startnode": str(pids.get(story.start, "")),
        "creator": creator,
        "creator-version": creator_version,
        "format": story.format,
        "format-version": story.format_version,
        "ifid": story.ifid,
        "options": " ".join(story.options),
        "tags": "",
        "zoom": story.zoom or "1",
    }
    pieces = [
        f"<!-- UUID://{story.ifid}// -->",
        f"<tw-storydata {_attributes(attributes)} hidden>",
        '<style role="stylesheet" id="twine-user-stylesheet" type="text/twine-css">',
        _STYLE_END.sub(r"<\\", _joined("stylesheet", story.styles)),
        '</style><script role="script" id="twine-user-script" type="text/twine-javascript">',
        _SCRIPT_END.sub(r"<\\", _joined("script", story.scripts)),
        "</script>",
    ]
    for tag, color in story.tag_colors.items():
        pieces.append(f"<tw-tag {_attributes({'name': tag, 'color': color})}></tw-tag>")
    for pid, passage in enumerate(story.passages, 1):
        said = {
            "pid": str(pid),
            "name": passage.name,
            "tags": " ".join(passage.tags),
            "position": passage.position or _on_grid(pid),
            "size": passage.size or DEFAULT_SIZE,
        }
        text = passage.text.translate(_ENTITIES)
        pieces.append(f"<tw-passagedata {_attributes(said)}>{text}</tw-passagedata>")
    pieces.append("</tw-storydata>")
    return "".join(pieces)


def closes_itself(code: Code, *, script: bool) -> bool:
    """Tell whether a script or style sheet says what would end it in HTML, and is changed."""
    return bool((_SCRIPT_END if script else _STYLE_END).search(code.text))


def escape(text: str) -> str:
    """Return a text as HTML says it."""
    return text.translate(_ENTITIES)


def _attributes(values: Mapping[str, str]) -> str:
    return " ".join(f'{name}="{escape(value)}"' for name, value in values.items())


def _on_grid(pid: int) -> str:
    row, column = divmod(pid - 1, COLUMNS)
    return f"{(column + 1) * GRID},{(row + 1) * GRID}"


def _joined(kind: str, codes: Sequence[Code]) -> str:
    """Return several scripts as one, with a line between them that tells where each came from."""
    if len(codes) < 2:
        return "".join(code.text for code in codes)
    pieces = []
    for number, code in enumerate(codes, 1):
        name = json.dumps(code.name, ensure_ascii=False).replace("*/", r"*\/")
        pieces.append(f"/* twine-user-{kind} #{number}: {name} */\n{code.text}")
    return "\n".join(pieces)


# Reading.


def read(text: str) -> list[Story]:
    """Return the stories in a page, in order; any text will do."""
    reader = _Reader()
    reader.feed(text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd"))
    reader.close()
    return [found.story() for found in reader.found]


Attributes = dict[str, str]


@dataclass(slots=True)
class _Found:
    """A story while it is read."""

    attributes: Attributes
    passages: list[tuple[Attributes, list[str]]] = field(default_factory=list)
    styles: list[list[str]] = field(default_factory=list)
    scripts: list[list[str]] = field(default_factory=list)
    colors: dict[str, str] = field(default_factory=dict)

    def story(self) -> Story:
        said = self.attributes
        passages = []
        start = ""
        for number, (attributes, pieces) in enumerate(self.passages, 1):
            passage = _passage(attributes, "".join(pieces), number)
            passages.append(passage)
            if not start and attributes.get("pid", "") == said.get("startnode", "") != "":
                start = passage.name
        return Story(
            title=said.get("name", "").strip() or "Untitled Story",
            passages=tuple(passages),
            start=start,
            ifid=said.get("ifid", "").strip().upper(),
            format=said.get("format", "").strip(),
            format_version=said.get("format-version", "").strip(),
            zoom=said.get("zoom", "").strip(),
            options=tuple(said.get("options", "").split()),
            tag_colors=self.colors,
            styles=_codes(self.styles, "StoryStylesheet"),
            scripts=_codes(self.scripts, "StoryScript"),
        )


def _passage(attributes: Attributes, text: str, number: int) -> Passage:
    return Passage(
        attributes.get("name", "").strip() or f"Untitled Passage {number}",
        text,
        tuple(attributes.get("tags", "").split()),
        attributes.get("position", "").strip(),
        attributes.get("size", "").strip(),
    )


def _codes(found: list[list[str]], name: str) -> tuple[Code, ...]:
    """Return scripts, split where several were written as one."""
    codes: list[Code] = []
    for pieces in found:
        codes += _split("".join(pieces), name)
    return tuple(codes)


def _split(text: str, name: str) -> Iterator[Code]:
    marks = list(_PIECE.finditer(text))
    if not marks or marks[0].start() > 0:
        if text.strip():
            yield Code(name, text)
        return
    ends = [mark.start() - 1 for mark in marks[1:]] + [len(text)]
    for mark, end in zip(marks, ends, strict=True):
        yield Code(str(json.loads(mark[1])), text[mark.end() : end])


class _Reader(HTMLParser):
    """Collects stories, wherever in a page they are."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[_Found] = []
        self._open = False
        self._into: list[str] | None = None
        self._closer = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # Of two attributes with one name, the first counts in HTML.
        attributes = {name: value or "" for name, value in reversed(attrs)}
        if tag == "tw-storydata":
            self.found.append(_Found(attributes))
            self._open, self._into = True, None
        elif not self._open:
            return
        elif tag == "tw-passagedata":
            self._begin(tag, self.found[-1].passages, attributes)
        elif self._into is not None:
            return  # stray markup in a text: only what it holds counts
        elif tag == "tw-tag" and attributes.get("name"):
            self.found[-1].colors[attributes["name"]] = attributes.get("color", "")
        elif tag == "style":
            self._collect(tag, self.found[-1].styles)
        elif tag == "script":
            self._collect(tag, self.found[-1].scripts)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)  # elements of Twine cannot be closed like that

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """Pass over ``<![...``, which is a comment up to ``>`` in HTML; the library knows SGML."""
        end = self.rawdata.find(">", i)
        return end + 1 if end >= 0 else -1

    def handle_endtag(self, tag: str) -> None:
        if tag == self._closer:
            self._into = None
        elif tag == "tw-storydata":
            self._open, self._into = False, None

    def handle_data(self, data: str) -> None:
        if self._into is not None:
            self._into.append(data)

    def _begin(
        self, tag: str, passages: list[tuple[Attributes, list[str]]], attributes: Attributes
    ) -> None:
        self._into, self._closer = [], tag
        passages.append((attributes, self._into))

    def _collect(self, tag: str, into: list[list[str]]) -> None:
        self._into, self._closer = [], tag
        into.append(self._into)
