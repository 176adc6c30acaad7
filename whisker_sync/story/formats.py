r"""
Story formats: ``format.js`` read, and a story bound to one.

A ``format.js`` is a script that calls ``storyFormat({...})``. It looks like JSON and often
is none: Harlowe has functions in it, others leave out quotes. We never run it. Its object is
read value by value; strings are taken, and code is passed over, with its strings, comments
and regular expressions, up to the comma or brace behind it. Where we lose our way in such
code, what was read before still counts, and the rest is looked for behind it: a string
called ``source`` that has a place for a story in it is what we came for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from whisker_sync.story.links.reference import unquote
from whisker_sync.story.story import Story
from whisker_sync.story.twine_html import escape

_JSON = json.JSONDecoder(strict=False)
_CALL = re.compile(r"\bstoryFormat\s*\(\s*\{")
_BLANK = re.compile(r"(?:\s++|//[^\n]*+|/\*.*?\*/)*+", re.DOTALL)
_KEY = re.compile(r"[A-Za-z_$][\w$]*")
_WANTED = re.compile(r"[\"']?\b(name|version|source|license|author)[\"']?\s*:\s*")
_SINGLE = re.compile(r"'((?:\\.|[^'\\\n])*)'", re.DOTALL)
_DOUBLE = re.compile(r'"((?:\\.|[^"\\\n])*)"', re.DOTALL)
_TEMPLATE = re.compile(r"`((?:\\.|[^`\\])*)`", re.DOTALL)
_REGEX = re.compile(r"/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n])+/[a-z]*")
_IN_CODE = re.compile(r"//[^\n]*|/\*|[\"'`/(\[{}\]),]|[\w$]+|\s+|.", re.DOTALL)
_BEFORE_REGEX = frozenset("(,=:[!&|?{};+-*%~^<>")
_WORDS_BEFORE_REGEX = frozenset({"return", "typeof", "case", "in", "of", "delete", "void", "do"})
_PLACE = re.compile(r"\{\{STORY_(NAME|DATA)\}\}")
_VERSION = re.compile(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?")

Version = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class StoryFormat:
    """A story format, as its file says it."""

    name: str
    version: str
    source: str
    """The page in which ``{{STORY_NAME}}`` and ``{{STORY_DATA}}`` are to be replaced."""

    proofing: bool = False
    """It shows the text to its author, and is nothing to play."""

    license: str = ""
    author: str = ""


def read_format(text: str) -> StoryFormat | None:
    """Return the format that a ``format.js`` defines; None: it defines none."""
    call = _CALL.search(text)
    if call is None:
        return None
    values = dict(_members(text, call.end()))
    source = values.get("source")
    if not isinstance(source, str):
        values = {**_looked_for(text, call.end()), **values}
        source = values.get("source")
    if not isinstance(source, str):
        return None
    return StoryFormat(
        _word(values, "name") or "Untitled Story Format",
        _word(values, "version"),
        source,
        values.get("proofing") is True,
        _word(values, "license"),
        _word(values, "author"),
    )


def parse_version(text: str) -> Version:
    """Return a version as numbers; what is missing is 0."""
    match = _VERSION.match(text.strip())
    if match is None:
        return 0, 0, 0
    major, minor, patch = (int(part or 0) for part in match.groups())
    return major, minor, patch


def choose(formats: Iterable[StoryFormat], name: str, version: str) -> StoryFormat | None:
    """
    Return the format for a story; None: there is none.

    It has the wanted name, in any case, and the greatest version that has the same first
    number and is not less than the wanted one (no version: the greatest of all).
    """
    named = [each for each in formats if each.name.lower() == name.lower()]
    if version:
        wanted = parse_version(version)
        named = [
            each
            for each in named
            if wanted <= parse_version(each.version) and parse_version(each.version)[0] == wanted[0]
        ]
    return max(named, key=lambda each: parse_version(each.version), default=None)


def bind(story_format: StoryFormat, story: Story, data: str) -> str:
    """Return a playable page; ``data`` is what :func:`twine_html.write` returned."""
    title = escape(story.title)
    return _PLACE.sub(lambda place: title if place[1] == "NAME" else data, story_format.source)


# JavaScript, as far as it has to be understood.


def _members(text: str, at: int) -> Iterator[tuple[str, object]]:
    """Return the members of the object that begins before ``at``; code is None."""
    while True:
        at = _skip(text, at)
        key = _string(text, at) or _identifier(text, at)
        if key is None:
            return
        colon = _skip(text, key[1])
        if not text.startswith(":", colon):
            return
        value, end = _value(text, _skip(text, colon + 1))
        if end is None:
            return
        yield key[0], value
        at = _skip(text, end)
        if not text.startswith(",", at):
            return
        at += 1


def _looked_for(text: str, at: int) -> dict[str, object]:
    """Return the strings that stand behind the keys we want, wherever they are."""
    found: dict[str, object] = {}
    for key in _WANTED.finditer(text, at):
        value = _string(text, key.end())
        if value is None or key[1] in found:
            continue
        if key[1] != "source" or "{{STORY_DATA}}" in value[0]:
            found[key[1]] = value[0]
    return found


def _value(text: str, at: int) -> tuple[object, int | None]:
    """Return a value and where it ends; None: it never does."""
    if found := _string(text, at):
        end = _skip(text, found[1])
        if text[end : end + 1] in {",", "}"}:
            return found[0], end
    code = _end_of_code(text, at)
    if code is not None and text[at:code].strip() in {"true", "!0"}:
        return True, code
    return None, code


def _string(text: str, at: int) -> tuple[str, int] | None:
    """Return the string literal at a place, and where it ends."""
    if text.startswith('"', at):
        try:
            value, end = _JSON.raw_decode(text, at)
            return str(value), end
        except ValueError:
            pass  # JavaScript has escapes that JSON has not
    for pattern in (_DOUBLE, _SINGLE):
        if match := pattern.match(text, at):
            return unquote(match[1]), match.end()
    match = _TEMPLATE.match(text, at)
    if match and "${" not in match[1]:
        return unquote(match[1]), match.end()
    return None


def _identifier(text: str, at: int) -> tuple[str, int] | None:
    match = _KEY.match(text, at)
    return (match[0], match.end()) if match else None


def _skip(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return blank.end() if blank else at


def _end_of_code(text: str, at: int) -> int | None:
    """Return where the comma or brace behind an expression stands."""
    depth = 0
    before = ":"
    while token := _IN_CODE.match(text, at):
        at = token.end()
        sign = token[0]
        if sign.isspace() or sign.startswith("//"):
            continue
        if sign == "/*":
            close = text.find("*/", at)
            if close < 0:
                return None
            at = close + 2
            continue
        if sign in {'"', "'", "`"}:
            pattern = {'"': _DOUBLE, "'": _SINGLE, "`": _TEMPLATE}[sign]
            literal = pattern.match(text, token.start())
            if literal is None:
                return None
            at = literal.end()
        elif sign == "/" and (before in _BEFORE_REGEX or before in _WORDS_BEFORE_REGEX):
            literal = _REGEX.match(text, token.start())
            at = literal.end() if literal else at
        elif sign in "([{":
            depth += 1
        elif sign in ")]}":
            if depth == 0:
                return token.start()
            depth -= 1
        elif sign == "," and depth == 0:
            return token.start()
        before = sign
    return None


def _word(values: dict[str, object], key: str) -> str:
    value = values.get(key)
    return value.strip() if isinstance(value, str) else ""
