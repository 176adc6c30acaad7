r"""
References in Chapbook: links, inserts, and calls in its JavaScript.

A passage may begin with a section of variables, which ends with a line ``--`` and names
no passage. A line such as ``[JavaScript]`` or ``[note to myself]`` says what follows it,
up to the next such line: code, styles, or what no reader sees. Behind a backslash and
between backticks there is no link.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from whisker_sync.story.links import brackets
from whisker_sync.story.links.reference import Kind, Reference
from whisker_sync.story.links.scan import Code, Ends, quoted, skip_blanks, string_at

_VARIABLES_END = re.compile(r"^--$", re.MULTILINE)
_MODIFIER = re.compile(r"^\[([^\[\n].+[^\]\n])\]$", re.MULTILINE)
_OPENER = re.compile(
    r"<!--|`+|\\.|\[\[|\{\s*(embed\s+passage(?:\s+named)?|link\s+to|reveal\s+link)\s*:",
    re.IGNORECASE | re.DOTALL,
)
_PASSAGE = re.compile(r"\s*,\s*passage\s*:\s*", re.IGNORECASE)
_PROPERTY = re.compile(r"\s*,\s*\w+\s*:\s*")
_UNSEEN = re.compile(r"note(?:\s+to\s+(?:myself|self))?|n\.?b\.?|fixme|todo", re.IGNORECASE)

_CODE = Code({"go": (0, Kind.GOTO)})


def references(text: str) -> Iterator[Reference]:
    """Return all references in a passage."""
    ends = Ends(text)
    variables = _VARIABLES_END.search(text)
    start = variables.end() if variables else 0
    said: list[str] = []
    for modifier in _MODIFIER.finditer(text, start):
        yield from _section(text, start, modifier.start(), said, ends)
        said = [each.strip().lower() for each in modifier[1].split(";")]
        start = modifier.end()
    yield from _section(text, start, len(text), said, ends)


def script(text: str) -> Iterator[Reference]:
    """Return all references in a passage with the tag ``script``."""
    return _code(text, 0, len(text), Ends(text))


def _section(text: str, start: int, end: int, said: list[str], ends: Ends) -> Iterator[Reference]:
    if "css" in said:
        return
    unseen = any(_UNSEEN.fullmatch(each) for each in said)
    reader = _code if "javascript" in said else _markup
    for found in reader(text, start, end, ends):
        yield replace(found, live=False) if unseen else found


def _code(text: str, start: int, end: int, ends: Ends) -> Iterator[Reference]:
    for found in _CODE.scan(text, start, end, ends):
        if isinstance(found, Reference):
            yield found


def _markup(text: str, start: int, end: int, ends: Ends) -> Iterator[Reference]:
    at = start
    while opener := _OPENER.search(text, at, end):
        at = opener.end()
        what = opener[0]
        if what == "<!--":
            if (close := ends.find("-->", at, end)) is not None:
                for found in _markup(text, at, close, ends):
                    yield replace(found, live=False)
                at = close + len("-->")
        elif what.startswith("`"):
            if (close := ends.backticks(what, at, end)) is not None:
                at = close + len(what)
        elif what == "[[":
            if link := brackets.chapbook(text, opener.start(), end):
                reference, at = link
                if reference is not None:
                    yield reference
        elif opener[1] and (reference := _insert(text, opener[1].lower(), at, end)):
            yield reference
            at = reference.end + 1


def _insert(text: str, name: str, at: int, end: int) -> Reference | None:
    """Return the reference that an insert makes, given where its first argument begins."""
    first = string_at(text, skip_blanks(text, at, end), end)
    if first is None:
        return None
    if name.startswith("embed"):
        return quoted(text, first, Kind.INCLUDE)
    if name.startswith("link"):
        reference = quoted(text, first, Kind.LINK)
        return None if brackets.leads_outside(reference.target) else reference
    at = first[1] + 1
    while property_ := _PROPERTY.match(text, at, end):
        value = string_at(text, property_.end(), end)
        if value is None:
            return None
        if _PASSAGE.fullmatch(property_[0]):
            return quoted(text, value, Kind.INCLUDE)
        at = value[1] + 1
    return None
