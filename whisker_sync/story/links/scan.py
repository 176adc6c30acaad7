"""
What the readers of all story formats need: ends of things, strings, calls, attributes.

A text may be long and hostile, so nothing here looks for the same missing end twice.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping

from whisker_sync.story.links.reference import Kind, Reference, Spelling, unquote

ALL = -1
"""Instead of the position of an argument: every one of them names a passage."""

Calls = Mapping[str, tuple[int, Kind]]
"""For functions by name: which argument (from 0) names a passage, and what for."""

_ATTRIBUTE = re.compile(r"data-(?:init-)?passage\s*=\s*(?:\"([^\"<]*)\"|'([^'<]*)')", re.IGNORECASE)
_BACKTICKS = re.compile("`+")
_STRINGS = {
    '"': re.compile(r'"((?:\\.|[^"\\\n])*)"', re.DOTALL),
    "'": re.compile(r"'((?:\\.|[^'\\\n])*)'", re.DOTALL),
}
_BLANKS = re.compile(r"\s*")


class Ends:
    """Where things end in one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._missing: dict[tuple[str, int], int] = {}

    def find(self, closer: str, start: int, end: int) -> int | None:
        """Return where ``closer`` stands first between two places; None: nowhere."""
        if self._missing.get((closer, end), end + 1) <= start:
            return None
        found = self._text.find(closer, start, end)
        if found < 0:
            self._missing[closer, end] = start
            return None
        return found

    def backticks(self, run: str, start: int, end: int) -> int | None:
        """Return where exactly as many backticks stand as in ``run``."""
        if self._missing.get((run, end), end + 1) <= start:
            return None
        for match in _BACKTICKS.finditer(self._text, start, end):
            if match[0] == run:
                return match.start()
        self._missing[run, end] = start
        return None


def skip_blanks(text: str, at: int, end: int) -> int:
    """Return the first place from ``at`` on without a blank."""
    match = _BLANKS.match(text, at, end)
    return match.end() if match else at


def string_at(text: str, at: int, end: int) -> tuple[int, int] | None:
    """Return where the inside of the string literal at ``at`` begins and ends; None: none."""
    pattern = _STRINGS.get(text[at : at + 1])
    match = pattern.match(text, at, end) if pattern else None
    return match.span(1) if match else None


def quoted(text: str, inside: tuple[int, int], kind: Kind, *, live: bool = True) -> Reference:
    """Return the reference that a string literal is."""
    start, end = inside
    return Reference(unquote(text[start:end]), start, end, kind, Spelling.QUOTED, live)


def attribute_at(text: str, at: int, end: int, *, live: bool = True) -> Reference | None:
    """Return the reference that an attribute ``data-passage`` at this place makes."""
    match = _ATTRIBUTE.match(text, at, end)
    if match is None:
        return None
    group = 1 if match[1] is not None else 2
    start, end = match.span(group)
    target = html.unescape(match[group])
    return Reference(target, start, end, Kind.LINK, Spelling.ATTRIBUTE, live)


def literal_arguments(text: str, at: int, end: int) -> Iterator[tuple[int, int]]:
    """Return the string literals that the arguments of a call begin with."""
    while True:
        at = skip_blanks(text, at, end)
        inside = string_at(text, at, end)
        if inside is None:
            return
        at = skip_blanks(text, inside[1] + 1, end)
        if text[at : at + 1] not in {",", ")"} or at >= end:
            return  # it is only a part of what the argument is
        yield inside
        if text[at] == ")":
            return
        at += 1


class Code:
    """JavaScript, as far as it has to be understood to find the names of passages."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        # Longest first: one name may be the beginning of another.
        names = "|".join(re.escape(name) for name in sorted(calls, key=len, reverse=True))
        self._token = re.compile(
            rf"//|/\*|[\"'`]|(?<![\w$.])(?:window\.|SugarCube\.)?({names})\s*\("
        )

    def scan(
        self, text: str, start: int, end: int, ends: Ends
    ) -> Iterator[Reference | tuple[int, int]]:
        """
        Return the references in a piece of code, and the insides of its strings.

        A string may hold markup that the story shows later; whoever knows the markup
        looks into it.
        """
        at = start
        while token := self._token.search(text, at, end):
            at = token.end()
            match token[0]:
                case "//":
                    at = _or_end(ends.find("\n", at, end), end)
                case "/*":
                    at = _or_end(ends.find("*/", at, end), at)
                case "`":
                    closer = ends.find("`", at, end)
                    if closer is not None:
                        yield at, closer
                        at = closer + 1
                case '"' | "'":
                    inside = string_at(text, token.start(), end)
                    if inside is not None:
                        yield inside
                        at = inside[1] + 1
                case _:
                    position, kind = self._calls[token[1]]
                    for index, inside in enumerate(literal_arguments(text, at, end)):
                        if position in {ALL, index}:
                            yield quoted(text, inside, kind)
                        at = inside[1] + 1


def _or_end(found: int | None, otherwise: int) -> int:
    return otherwise if found is None else found
