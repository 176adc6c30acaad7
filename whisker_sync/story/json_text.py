"""
Where the values of a JSON object stand in a text.

We keep metadata as its author spelled it, so we look for the ends of values and
never build them: a number keeps its digits and an object the order of its keys.
It is as strict as RFC 8259, and does not recurse: a header of a million brackets
is refused or read like any other.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

BLANKS = " \t\r\n"
"""What JSON allows around its values."""

_BLANKS = re.compile(r"[ \t\r\n]*")
_PLAIN = r'[^"\\\x00-\x1f]*'
_STRING = rf'"{_PLAIN}(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{{4}}){_PLAIN})*"'
_NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_SCALAR = re.compile(rf"{_STRING}|{_NUMBER}|true|false|null")
_KEY = re.compile(rf"[ \t\r\n]*({_STRING})[ \t\r\n]*:[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class Member:
    """A key and its value in the text of an object."""

    key: str
    start: int
    """Where the key's text begins."""

    value_start: int
    end: int
    """Where the value's text ends."""


def is_value(text: str) -> bool:
    """Tell whether a text is one JSON value and nothing else."""
    return end_of_value(text, 0) == len(text)


def members(text: str, start: int) -> tuple[list[Member], int] | None:
    """Return the members of the object that begins at ``start``, and its end; None: no object."""
    if not text.startswith("{", start):
        return None
    found: list[Member] = []
    at = _skip(text, start + 1)
    if text.startswith("}", at):
        return found, at + 1
    while True:
        match = _KEY.match(text, at)
        end = match and end_of_value(text, match.end())
        if match is None or end is None or (key := _key(match[1])) is None:
            return None
        found.append(Member(key, match.start(1), match.end(), end))
        at = _skip(text, end)
        if text.startswith("}", at):
            return found, at + 1
        if not text.startswith(",", at):
            return None
        at += 1


def end_of_value(text: str, start: int) -> int | None:
    """Return where the value that begins at ``start`` ends; None: it is not JSON."""
    closers: list[str] = []
    at = start
    while True:
        if scalar := _SCALAR.match(text, at):
            at = scalar.end()
        elif text[at : at + 1] in {"{", "["}:
            closers.append("}" if text[at] == "{" else "]")
            inside = _skip(text, at + 1)
            if not text.startswith(closers[-1], inside):
                following = _next_value(text, inside, closers[-1])
                if following is None:
                    return None
                at = following
                continue
            at = inside
        else:
            return None
        # A value is complete, or an empty one is about to be closed.
        while closers:
            at = _skip(text, at)
            if text.startswith(closers[-1], at):
                closers.pop()
                at += 1
            elif text.startswith(",", at):
                break
            else:
                return None
        else:
            return at
        following = _next_value(text, at + 1, closers[-1])
        if following is None:
            return None
        at = following


def _next_value(text: str, at: int, closer: str) -> int | None:
    """Return where the next value in an array or object begins."""
    if closer == "]":
        return _skip(text, at)
    key = _KEY.match(text, at)
    return key.end() if key else None


def _skip(text: str, at: int) -> int:
    blanks = _BLANKS.match(text, at)
    return blanks.end() if blanks else at


def _key(spelled: str) -> str | None:
    """Return the key; None: it holds half of a surrogate pair, which no document can."""
    key = json.loads(spelled)
    assert isinstance(key, str)
    try:
        key.encode()
    except UnicodeEncodeError:
        return None
    return key
