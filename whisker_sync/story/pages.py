r"""
A story that is kept as Twine's own page, as passages that merge.

Twine publishes a story as one HTML file, and some authors keep just that. Word by word such a
file merges badly: two new passages get one number, two moves of a passage make a place that
nobody chose. So for merging it is spelled like Twee::

    <html>...<tw-storydata startnode="passage:Cave" ...>     what stands before the passages
    <!-- passages "" -->                                     what stands between them
    </tw-storydata></html>                                   what stands behind them
    :: Cave [dark] {"position":"100,200","size":"100,100"}
    It is dark.
    :: Sea

Numbers of passages are left out: they say nothing but the order. A line that begins with
``::`` gets a backslash, and so does one that has backslashes before it.

:func:`to_passages` refuses a page that :func:`to_page` would not give back exactly: one with
other attributes or spellings than Twine writes, or with several stories. Such a page merges
word by word, like any text.
"""

from __future__ import annotations

import json
import re

from whisker_sync.story.twee import parse, parse_header, spell_header
from whisker_sync.story.twine_html import escape

PAGE_ENDINGS = (".html", ".htm")
"""Ends of the names of files that may be such a page."""

_ELEMENT = re.compile(
    r'<tw-passagedata pid="(\d+)" name="([^"<>]*)" tags="([^"<>]*)" position="([^"<>]*)" '
    r'size="([^"<>]*)">([^<>]*)</tw-passagedata>'
)
_OPEN = "<tw-passagedata"
_START = re.compile(r'(<tw-storydata [^<>]*startnode=")([^"<>]*)(")')
_NAMED = "passage:"
_MARK = re.compile(r'(?:\A|\n)<!-- passages ("(?:[^"\\\n]|\\.)*") -->\n')
_LINE = re.compile(r"^(?=\\*::)", re.MULTILINE)
_ESCAPED = re.compile(r"^\\(?=\\*::)", re.MULTILINE)
_ENTITY = re.compile("&(?:amp|lt|gt|quot|#39);")
_MEANT = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'"}


def is_page(path: str) -> bool:
    """Tell whether a file may be a page of Twine's, by its name."""
    return path.lower().endswith(PAGE_ENDINGS)


def to_passages(text: str) -> str | None:
    """Return a page as passages; None: it is none, or not spelled as Twine does."""
    found = list(_ELEMENT.finditer(text))
    if not found or text.count(_OPEN) != len(found) or "\r" in text:
        return None
    head, tail = text[: found[0].start()], text[found[-1].end() :]
    between = text[found[0].end() : found[1].start()] if len(found) > 1 else ""
    names = {match[1]: _unescaped(match[2]) for match in found}

    def named(match: re.Match[str]) -> str:
        name = names.get(match[2])
        return match[0] if name is None else f"{match[1]}{_NAMED}{escape(name)}{match[3]}"

    head = _START.sub(named, head, count=1)
    pieces = [_LINE.sub(r"\\", head), f"\n<!-- passages {json.dumps(between)} -->\n"]
    pieces += [_LINE.sub(r"\\", tail), "\n"]
    for match in found:
        tags = [_unescaped(tag) for tag in match[3].split(" ") if tag]
        metadata = {"position": json.dumps(match[4]), "size": json.dumps(match[5])}
        header = spell_header(_unescaped(match[2]), tags, metadata)
        pieces.append(f"{header}\n{_LINE.sub(chr(92) * 2, _unescaped(match[6]))}\n")
    passages = "".join(pieces)
    return passages if to_page(passages) == text else None


def to_page(text: str) -> str:
    """Return the page that passages make up; any text will do."""
    source = parse(text)
    mark = _MARK.search(source.prologue)
    if mark is None:
        head, between, tail = source.prologue, "", "</tw-storydata>"
    else:
        head, between = source.prologue[: mark.start()], str(json.loads(mark[1]))
        tail = source.prologue[mark.end() :].removesuffix("\n")
    elements: list[str] = []
    numbers: dict[str, str] = {}
    for number, segment in enumerate(source.passages, 1):
        said = parse_header(segment.header)
        numbers.setdefault(said.name, str(number))
        body = segment.text[len(segment.header) + 1 :].removesuffix("\n")
        place, size = (_string(said.metadata.get(key)) for key in ("position", "size"))
        elements.append(
            f'<tw-passagedata pid="{number}" name="{escape(said.name)}" '
            f'tags="{escape(" ".join(said.tags))}" position="{escape(place)}" '
            f'size="{escape(size)}">{escape(_ESCAPED.sub("", body))}</tw-passagedata>'
        )

    def numbered(match: re.Match[str]) -> str:
        if not match[2].startswith(_NAMED):
            return match[0]
        name = _unescaped(match[2].removeprefix(_NAMED))
        return f"{match[1]}{numbers.get(name, '')}{match[3]}"

    head = _START.sub(numbered, _ESCAPED.sub("", head), count=1)
    return head + between.join(elements) + _ESCAPED.sub("", tail)


def _unescaped(text: str) -> str:
    return _ENTITY.sub(lambda match: _MEANT[match[0]], text)


def _string(spelled: str | None) -> str:
    """What a JSON string says; what is none says nothing."""
    if spelled is None or not spelled.startswith('"'):
        return ""
    return str(json.loads(spelled))
