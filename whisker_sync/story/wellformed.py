"""
Texts that a machine reads, and that are worth nothing if it can't.

Two people's changes to a story make a story. Two people's changes to a JSON file may make
something that no program reads any more, although each of the two was fine. Of such files
we know by the ends of their names what they have to be:

==================================================  =======================================
name ends in                                        is whole if it is
==================================================  =======================================
``.json .geojson .webmanifest .code-workspace``     JSON (RFC 8259), no name twice in an object
``.svg .xml .xhtml .tmx``                           well-formed XML 1.0
``.toml``                                           TOML 1.0
==================================================  =======================================

A file of another kind is whole whatever it holds.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from xml.parsers import expat

MAX_CHECKED = 256 * 1024
"""Letters of a text up to which it is looked at."""


def _json(text: str) -> None:
    json.loads(text, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


def _xml(text: str) -> None:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.Parse(text, True)


def _toml(text: str) -> None:
    tomllib.loads(text)


READERS: Mapping[str, Callable[[str], None]] = {
    **dict.fromkeys((".json", ".geojson", ".webmanifest", ".code-workspace"), _json),
    **dict.fromkeys((".svg", ".xml", ".xhtml", ".tmx"), _xml),
    ".toml": _toml,
}
"""What reads a file, by the end of its name without regard to case."""


def is_checked(path: str) -> bool:
    """Tell whether a file is of a kind of which we know when it is whole."""
    return any(path.lower().endswith(ending) for ending in READERS)


def is_whole(path: str, text: str) -> bool:
    """Tell whether what has to read a file can; of other kinds, and of large ones, it can."""
    reader = next((READERS[end] for end in READERS if path.lower().endswith(end)), None)
    if reader is None or len(text) > MAX_CHECKED:
        return True
    try:
        reader(text)
    except (ValueError, RecursionError, expat.ExpatError):
        return False
    return True
