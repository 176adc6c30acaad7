"""
References in SugarCube: links, images, macros, attributes, and calls in its scripts.

A macro's tag is read as SugarCube reads it: strings in it may hold ``>>``. Arguments of
macros that we do not know count only if they are links. Comments are looked into, and what
is in them is not live; what is shown as it is written (``{{{...}}}``) holds no reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from whisker_sync.story.links import brackets
from whisker_sync.story.links.reference import Kind, Reference, Spelling, is_word
from whisker_sync.story.links.scan import (
    ALL,
    Code,
    Ends,
    attribute_at,
    quoted,
    skip_blanks,
    string_at,
)

_OPENER = re.compile(
    r"/\*|/%|<!--|\{\{\{|\"\"\"|<nowiki>|<script\b|<style\b|\[\[(?!\[)|\[[<>]?img\[|<<"
    r"|data-(?:init-)?passage",
    re.IGNORECASE,
)
_COMMENTS = {"/*": "*/", "/%": "%/", "<!--": "-->"}
_VERBATIM = {"{{{": "}}}", '"""': '"""', "<nowiki>": "</nowiki>", "<style": "</style>"}
_TAG = re.compile(r"<<(/?[A-Za-z][\w-]*|[=-])")
_IN_TAG = re.compile(r">>|/\*|[\"'`]|\[(?:[<>]?img)?\[", re.IGNORECASE)
_LINK = re.compile(r"\[(?:[<>]?img)?\[", re.IGNORECASE)
_WORD = re.compile(r"[^\s\"'`\[>]+|.", re.DOTALL)

_MACROS: dict[str, tuple[int, Kind]] = {
    "link": (1, Kind.LINK),
    "button": (1, Kind.LINK),
    "click": (1, Kind.LINK),
    "back": (1, Kind.LINK),
    "return": (1, Kind.LINK),
    "choice": (0, Kind.LINK),
    "actions": (ALL, Kind.LINK),
    "goto": (0, Kind.GOTO),
    "textbox": (2, Kind.GOTO),
    "numberbox": (2, Kind.GOTO),
    "include": (0, Kind.INCLUDE),
    "display": (0, Kind.INCLUDE),
}
"""Which argument of a macro names a passage, and what for."""

_CODE_MACROS = frozenset(
    {"set", "run", "print", "=", "-", "if", "elseif", "for", "switch", "case", "unset", "capture"}
)
"""Macros whose arguments are code and no list of values: ``[[1, 2]]`` is no link there."""

CALLS: dict[str, tuple[int, Kind]] = {
    "Engine.play": (0, Kind.GOTO),
    "Story.get": (0, Kind.QUESTION),
    "Story.has": (0, Kind.QUESTION),
    "State.hasPlayed": (0, Kind.QUESTION),
    "Dialog.wikiPassage": (0, Kind.INCLUDE),
    "visited": (ALL, Kind.QUESTION),
    "hasVisited": (ALL, Kind.QUESTION),
    "lastVisited": (ALL, Kind.QUESTION),
    "tags": (ALL, Kind.QUESTION),
}
"""Functions that a story calls with the names of passages."""

_CODE = Code(CALLS)


def references(text: str) -> Iterator[Reference]:
    """Return all references in a passage, those within others' arguments included."""
    return _Reader(text).markup(0, len(text))


def script(text: str) -> Iterator[Reference]:
    """Return all references in a passage with the tag ``script``."""
    return _Reader(text).code(0, len(text))


class _Reader:
    """One passage being read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._ends = Ends(text)

    def markup(self, start: int, end: int) -> Iterator[Reference]:
        text, at = self._text, start
        while opener := _OPENER.search(text, at, end):
            at = opener.end()
            what = opener[0].lower()
            if closer := _COMMENTS.get(what):
                if (close := self._ends.find(closer, at, end)) is not None:
                    for found in self.markup(at, close):
                        yield replace(found, live=False)
                    at = close + len(closer)
            elif closer := _VERBATIM.get(what):
                if (close := self._ends.find(closer, at, end)) is not None:
                    at = close + len(closer)
            elif what == "<script":
                if (close := self._ends.find("</script>", at, end)) is not None:
                    yield from self.code(at, close)
                    at = close
            elif what == "<<":
                found_in_tag, at = self._macro(opener.start(), end)
                yield from found_in_tag
            elif what.startswith("["):
                if link := brackets.sugarcube(text, opener.start(), end):
                    reference, at = link
                    if reference is not None:
                        yield reference
            elif reference := attribute_at(text, opener.start(), end):
                yield reference
                at = reference.end + 1

    def code(self, start: int, end: int) -> Iterator[Reference]:
        for found in _CODE.scan(self._text, start, end, self._ends):
            if isinstance(found, Reference):
                yield found
            else:
                yield from self._inside_string(found)

    def _macro(self, start: int, end: int) -> tuple[list[Reference], int]:
        """Return the references in a macro's tag, and where to read on."""
        tag = _TAG.match(self._text, start, end)
        close = tag and self._end_of_tag(tag.end(), end)
        if tag is None or close is None:
            return [], start + 2
        name = tag[1].lower() if tag[1] not in "=-" else tag[1]
        if name in _CODE_MACROS:
            return list(self.code(tag.end(), close)), close + 2
        if name == "script" and (last := self._ends.find("<</script>>", close, end)) is not None:
            return list(self.code(close + 2, last)), last
        return list(self._arguments(name, tag.end(), close)), close + 2

    def _end_of_tag(self, at: int, end: int) -> int | None:
        text = self._text
        if self._ends.find(">>", at, end) is None:
            return None
        while token := _IN_TAG.search(text, at, end):
            at = token.end()
            match token[0]:
                case ">>":
                    return token.start()
                case "/*":
                    at = _behind(self._ends.find("*/", at, end), 2, at)
                case "`":
                    at = _behind(self._ends.find("`", at, end), 1, at)
                case '"' | "'":
                    inside = string_at(text, token.start(), end)
                    at = inside[1] + 1 if inside else at
                case _:
                    link = brackets.sugarcube(text, token.start(), end)
                    at = link[1] if link else at
        return None

    def _arguments(self, name: str, at: int, end: int) -> Iterator[Reference]:
        text = self._text
        position, kind = _MACROS.get(name, (None, Kind.LINK))
        index = -1
        while (at := skip_blanks(text, at, end)) < end:
            index += 1
            counts = position in {ALL, index}
            if inside := string_at(text, at, end):
                if counts:
                    yield quoted(text, inside, kind)
                else:
                    yield from self._inside_string(inside)
                at = inside[1] + 1
            elif text[at] == "`":
                close = self._ends.find("`", at + 1, end)
                yield from self.code(at + 1, end if close is None else close)
                at = _behind(close, 1, end)
            elif link := self._link(at, end):
                reference, at = link
                if reference is not None:
                    yield replace(reference, kind=kind)
            else:
                word = _WORD.match(text, at, end)
                assert word is not None
                if counts and is_word(word[0]):
                    yield Reference(word[0], *word.span(), kind, Spelling.WORD)
                at = word.end()

    def _link(self, at: int, end: int) -> brackets.Found | None:
        if _LINK.match(self._text, at, end):
            return brackets.sugarcube(self._text, at, end)
        return None

    def _inside_string(self, inside: tuple[int, int]) -> Iterator[Reference]:
        """Return what a string refers to that the story may show as markup."""
        if "\\" not in self._text[inside[0] : inside[1]]:
            yield from self.markup(*inside)


def _behind(found: int | None, length: int, otherwise: int) -> int:
    return otherwise if found is None else found + length
