"""
References in Harlowe: links, and strings among the arguments of its macros.

The names of macros do not care about case, ``-`` and ``_``. What is between backticks
is shown as it is written, and holds no reference; comments hold some that are not live.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from whisker_sync.story.links import brackets
from whisker_sync.story.links.reference import Kind, Reference
from whisker_sync.story.links.scan import Ends, quoted, skip_blanks, string_at

MAX_ARGUMENTS = 1_024
"""How far behind its name a macro's second argument may begin, in code points."""

_OPENER = re.compile(
    r"<!--|`+|<script\b|<style\b|\[\[(?!\[)|\(([\w\-\u00c0-\u024f]+):(?!/)", re.IGNORECASE
)
_ARGUMENT = re.compile(r"[\"'()\[\],]")

_ONE_ARGUMENT: dict[str, Kind] = {
    "goto": Kind.GOTO,
    "redirect": Kind.GOTO,
    "display": Kind.INCLUDE,
    "passage": Kind.QUESTION,
    "visited": Kind.QUESTION,
}
"""Macros whose first argument names a passage, and what for."""

_LAST_OF_TWO: dict[str, Kind] = {
    "linkgoto": Kind.LINK,
    "linkrevealgoto": Kind.LINK,
    "clickgoto": Kind.LINK,
    "mouseovergoto": Kind.LINK,
    "mouseoutgoto": Kind.LINK,
}
"""Macros that name a passage last: behind a text, or instead of one."""


def references(text: str) -> Iterator[Reference]:
    """Return all references in a passage."""
    return _scan(text, 0, len(text), Ends(text))


def _scan(text: str, start: int, end: int, ends: Ends) -> Iterator[Reference]:
    at = start
    while opener := _OPENER.search(text, at, end):
        at = opener.end()
        what = opener[0].lower()
        if what == "<!--":
            if (close := ends.find("-->", at, end)) is not None:
                for found in _scan(text, at, close, ends):
                    yield replace(found, live=False)
                at = close + len("-->")
        elif what.startswith("`"):
            if (close := ends.backticks(what, at, end)) is not None:
                at = close + len(what)
        elif what in {"<script", "<style"}:
            if (close := ends.find(f"</{what[1:]}>", at, end)) is not None:
                at = close
        elif what == "[[":
            if link := brackets.harlowe(text, opener.start(), end):
                reference, at = link
                if reference is not None:
                    yield reference
        elif reference := _macro(text, opener[1], at, end):
            # Read on right here: the arguments may hold macros themselves.
            yield reference


def _macro(text: str, name: str, at: int, end: int) -> Reference | None:
    """Return the reference that a macro makes, given where its arguments begin."""
    name = name.lower().replace("-", "").replace("_", "")
    if kind := _ONE_ARGUMENT.get(name):
        argument = _literal(text, at, end)
        return quoted(text, argument, kind) if argument else None
    if kind := _LAST_OF_TWO.get(name):
        argument = _last_of_two(text, at, end)
        return quoted(text, argument, kind) if argument else None
    return None


def _last_of_two(text: str, at: int, end: int) -> tuple[int, int] | None:
    comma = _end_of_argument(text, at, min(end, at + MAX_ARGUMENTS))
    if comma is None:
        return None
    return _literal(text, at if text[comma] == ")" else comma + 1, end)


def _literal(text: str, at: int, end: int) -> tuple[int, int] | None:
    """Return the inside of an argument that is a string and nothing else."""
    inside = string_at(text, skip_blanks(text, at, end), end)
    if inside is None:
        return None
    following = skip_blanks(text, inside[1] + 1, end)
    return inside if following < end and text[following] in ",)" else None


def _end_of_argument(text: str, at: int, end: int) -> int | None:
    """Return where the comma or bracket behind an argument stands."""
    depth = 0
    while sign := _ARGUMENT.search(text, at, end):
        at = sign.end()
        match sign[0]:
            case '"' | "'":
                inside = string_at(text, sign.start(), end)
                if inside is None:
                    return None
                at = inside[1] + 1
            case "(" | "[":
                depth += 1
            case "," if depth == 0:
                return sign.start()
            case ")" | "]":
                if depth == 0:
                    return sign.start() if sign[0] == ")" else None
                depth -= 1
            case _:  # a comma within brackets
                pass
    return None
