"""
References in Snowman: links, attributes, and calls in its templates and scripts.

``<% ... %>`` is JavaScript; its strings may hold links, because a template is filled in
before links are looked for. Behind a backslash and between backticks there is no link.
Snowman 1 reads brackets as Chapbook does, and Snowman 2 in a way of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from whisker_sync.story.links import brackets
from whisker_sync.story.links.reference import Kind, Reference
from whisker_sync.story.links.scan import ALL, Code, Ends, attribute_at

_OPENER = re.compile(
    r"<!--|`+|\\.|<%|<script\b|<style\b|\[\[|data-passage", re.IGNORECASE | re.DOTALL
)

CALLS: dict[str, tuple[int, Kind]] = {
    "story.show": (0, Kind.GOTO),
    "story.render": (0, Kind.INCLUDE),
    "story.passage": (0, Kind.QUESTION),
    "include": (0, Kind.INCLUDE),
    "renderToSelector": (1, Kind.INCLUDE),
    "visited": (ALL, Kind.QUESTION),
    "hasVisited": (ALL, Kind.QUESTION),
}
"""Functions that a story calls with the names of passages."""

_CODE = Code(CALLS)


def references(text: str) -> Iterator[Reference]:
    """Return all references in a passage, as Snowman 2 and later read it."""
    return _markup(text, 0, len(text), Ends(text), brackets.snowman)


def references_of_1(text: str) -> Iterator[Reference]:
    """Return all references in a passage, as Snowman 1 reads it."""
    return _markup(text, 0, len(text), Ends(text), brackets.chapbook)


def script(text: str) -> Iterator[Reference]:
    """Return all references in a passage with the tag ``script``."""
    return _code(text, 0, len(text), Ends(text), brackets.snowman)


def _markup(
    text: str, start: int, end: int, ends: Ends, link: brackets.Reader
) -> Iterator[Reference]:
    at = start
    while opener := _OPENER.search(text, at, end):
        at = opener.end()
        what = opener[0].lower()
        if what == "<!--":
            if (close := ends.find("-->", at, end)) is not None:
                for found in _markup(text, at, close, ends, link):
                    yield replace(found, live=False)
                at = close + len("-->")
        elif what.startswith("`"):
            if (close := ends.backticks(what, at, end)) is not None:
                at = close + len(what)
        elif what == "<%":
            if (close := ends.find("%>", at, end)) is not None:
                yield from _code(text, at, close, ends, link)
                at = close
        elif what == "<script":
            if (close := ends.find("</script>", at, end)) is not None:
                yield from _code(text, at, close, ends, link)
                at = close
        elif what == "<style":
            if (close := ends.find("</style>", at, end)) is not None:
                at = close
        elif what == "[[":
            if read := link(text, opener.start(), end):
                reference, at = read
                if reference is not None:
                    yield reference
        elif what == "data-passage" and (attribute := attribute_at(text, opener.start(), end)):
            yield attribute
            at = attribute.end + 1


def _code(
    text: str, start: int, end: int, ends: Ends, link: brackets.Reader
) -> Iterator[Reference]:
    for found in _CODE.scan(text, start, end, ends):
        if isinstance(found, Reference):
            yield found
        elif "\\" not in text[found[0] : found[1]]:
            yield from _markup(text, *found, ends, link)
