r"""
``[[text->Cave]]``: six ways to read the same brackets.

What stands between ``[[`` and ``]]`` means different things in different story formats,
and every author relies on one of them. Each reader here gives the reference at a place
that begins with ``[[``, and where the link ends; None: the format sees no link there.
They were written after what the formats do in a browser, not after what their manuals
say: Snowman 2 goes to the text of ``[[Cave<-text]]``, and so do we.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from whisker_sync.story.links.reference import Kind, Reference

Found = tuple[Reference | None, int]
"""What a link refers to (None: nothing that is written out), and where it ends."""

Reader = Callable[[str, int, int], Found | None]
"""Reads the link that begins at the first number, up to the second one at most."""

_EXTERNAL = re.compile(r"\w+:///?\w|mailto:|javascript:", re.IGNORECASE)
"""How the target of a link begins that leads out of the story."""

MAX_LINK = 4_096
"""Longest link in code points, brackets included; what is longer is none. Otherwise text
with nothing but opening brackets would be read to its end again and again."""

_LINE = re.compile(r"\[\[(.*?)\]\]")
_SUGARCUBE = re.compile(r'["|\[\]\n]|->|<-')
_STRING = re.compile(r'"(?:\\.|[^"\\\n])*"')
_IMAGE = re.compile(r"\[[<>]?img\[", re.IGNORECASE)
_HARLOWE = re.compile(
    r"\[\[(?!\[)(?:([^\]]*(?:->|\|))([^\]]*)|([^\]]*?)<-([^\]]*))\]\]"
    r"|\[\[(?!\[)((?:[^|\]]|\](?!\]))+)\]\]"
)
_SNOWMAN = re.compile(r"\[\[([^\]|<-]+)(?:\|([^\]|<-]+)|->([^\]|<-]+)|<-([^\]|<-]+))?\]\]")
_VALUE = re.compile(r"\s*[$_][A-Za-z_$]")
"""How a target begins that is put together while the story runs."""


def sugarcube(text: str, start: int, end: int) -> Found | None:
    """
    Read a link or an image with one; the leftmost separator counts, blanks around do not.

    ``[[text|Cave][$seen to true]]``, ``[img[cave.png][Cave]]``. A quote in it has to end.
    """
    end = _closing(text, start, end)
    image = _IMAGE.match(text, start, end)
    at = image.end() if image else start + 2
    pieces = [at]
    separator: str | None = None
    middle: tuple[int, int] | None = None
    depth = 2
    while token := _SUGARCUBE.search(text, at, end):
        at = token.end()
        match token[0]:
            case "\n":
                return None
            case '"':
                string = _STRING.match(text, token.start(), end)
                if string is None:
                    return None
                at = string.end()
            case "[":
                depth += 1
            case "]":
                depth -= 1
                if depth > 1:
                    continue
                pieces.append(token.start())
                following = text[at : at + 1] if at < end else ""
                at += 1
                if following == "]":
                    break
                if following != "[":
                    return None
                pieces.append(at)
                depth = 2
            case _ if separator is None and len(pieces) == 1:
                separator, middle = token[0], token.span()
    else:
        return None
    if image:
        target = (pieces[2], pieces[3]) if len(pieces) > 3 else None
    elif middle is None or separator is None:
        target = (pieces[0], pieces[1])
    elif separator == "<-":
        target = (pieces[0], middle[0])
    else:
        target = (middle[1], pieces[1])
    return (_reference(text, target, trim=True) if target else None), at


def harlowe(text: str, start: int, end: int) -> Found | None:
    """Read a link; the rightmost ``->`` or ``|`` counts, else the leftmost ``<-``."""
    match = _HARLOWE.match(text, start, _closing(text, start, end))
    if match is None:
        return None
    if match[5] is not None:
        span = match.span(5)
    elif match[3] is not None:
        span = match.span(3)
    else:
        span = match.span(2) if match[1] not in {"->", "|"} else (end, end)
    return _reference(text, span, external=False), match.end()


def chapbook(text: str, start: int, end: int) -> Found | None:
    """Read a link; the first ``|`` counts, else the first ``->``, else the first ``<-``."""
    match = _LINE.match(text, start, _closing(text, start, end))
    if match is None:
        return None
    inside, (first, last) = match[1], match.span(1)
    for separator in ("|", "->", "<-"):
        at = inside.find(separator)
        if at >= 0:
            left, right = (first, first + at), (first + at + len(separator), last)
            if left[0] == left[1] or right[0] == right[1]:
                return None
            span = left if separator == "<-" else right
            return _reference(text, span, values=False), match.end()
    return _reference(text, (first, last), values=False), match.end()


def snowman(text: str, start: int, end: int) -> Found | None:
    """Read a link with one separator at most, and none of ``] | < -`` in its parts."""
    match = _SNOWMAN.match(text, start, _closing(text, start, end))
    if match is None:
        return None
    group = match.lastindex or 1
    return _reference(text, match.span(group), values=False, external=False), match.end()


def twine(text: str, start: int, end: int) -> Found | None:
    """Read a link as Twine's editor does, for formats that we do not know."""
    match = _LINE.match(text, start, _closing(text, start, end))
    if match is None:
        return None
    inside, (first, last) = match[1], match.span(1)
    setter = inside.find("][")
    if setter >= 0:
        inside, last = inside[:setter], first + setter
    if (at := inside.rfind("->")) >= 0:
        span = (first + at + 2, last)
    elif (at := inside.find("<-")) >= 0:
        span = (first, first + at)
    elif (at := inside.rfind("|")) >= 0:
        span = (first + at + 1, last)
    else:
        span = (first, last)
    return _reference(text, span), match.end()


def _closing(text: str, start: int, end: int) -> int:
    """Return how far a link may reach; nowhere, if nothing closes it."""
    end = min(end, start + MAX_LINK)
    return end if text.find("]]", start, end) >= 0 else start


def leads_outside(target: str) -> bool:
    """Tell whether a target is an address on the web and no passage's name."""
    return _EXTERNAL.match(target) is not None


def _reference(
    text: str,
    span: tuple[int, int],
    *,
    trim: bool = False,
    values: bool = True,
    external: bool = True,
) -> Reference | None:
    """
    Return the reference to what is spelled at a place; None: it is no passage's name.

    ``trim``: blanks around it do not count; ``values``: ``$name`` is the value of a
    variable; ``external``: an address on the web leads there.
    """
    start, end = span
    raw = text[start:end]
    if trim:
        start += len(raw) - len(raw.lstrip())
        raw = raw.strip()
        end = start + len(raw)
    if not raw or (values and _VALUE.match(raw)) or (external and leads_outside(raw)):
        return None
    return Reference(raw, start, end, Kind.LINK)
