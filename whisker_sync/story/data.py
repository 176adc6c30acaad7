"""
What a passage ``StoryData`` says: a JSON object about the story as a whole.

A broken one says nothing in Twee, but authors lose their story's format by it; so what
can still be made out is taken, and :attr:`StoryData.broken` tells. Unknown keys are not
ours and stay in the file; nothing here writes it anew, except for one name, by
:func:`with_start`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from whisker_sync.story import json_text
from whisker_sync.text.edits import Splice

DEFAULT_START = "Start"
"""The passage that a story begins with, unless it says otherwise."""

_PAIR = re.compile(r'"([\w-]+)"\s*:\s*("(?:[^"\\\n]|\\.)*")')


@dataclass(frozen=True, slots=True)
class StoryData:
    """What is said about a story; an empty string or mapping: nothing."""

    ifid: str = ""
    format: str = ""
    format_version: str = ""
    start: str = ""
    """The name of the first passage."""

    zoom: str = ""
    """As it is spelled."""

    tag_colors: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    broken: bool = False
    """It is no JSON object."""


def read_data(text: str) -> StoryData:
    """Return what the text of a passage ``StoryData`` says; any text will do."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        values = None
    broken = not isinstance(values, dict)
    if broken:
        values = dict(_salvaged(text))
    colors = values.get("tag-colors")
    options = values.get("options")
    return StoryData(
        ifid=_text(values, "ifid"),
        format=_text(values, "format"),
        format_version=_text(values, "format-version"),
        start=_text(values, "start"),
        zoom=_zoom(values.get("zoom")),
        tag_colors={str(tag): str(color) for tag, color in colors.items()}
        if isinstance(colors, dict)
        else {},
        options=tuple(str(each) for each in options) if isinstance(options, list) else (),
        broken=broken,
    )


def with_start(text: str, old: str, new: str) -> list[Splice]:
    """
    Return the edits of ``StoryData`` that make a story begin with ``new`` instead of ``old``.

    A story that does not say where it begins, begins with ``Start``; then it is made to say so.
    None, if it begins elsewhere, or is broken.
    """
    spelled = json.dumps(new, ensure_ascii=False)
    start = len(text) - len(text.lstrip(json_text.BLANKS))
    match json_text.members(text, start):
        case members, end:
            starts = [member for member in members if member.key == "start"]
            if starts:
                return [
                    Splice(member.value_start, member.end, spelled)
                    for member in starts
                    if json.loads(text[member.value_start : member.end]) == old
                ]
            if old != DEFAULT_START:
                return []
            if not members:
                return [Splice(start + 1, end - 1, f'"start": {spelled}')]
            first = members[0].start
            return [Splice(first, first, f'"start": {spelled},{text[start + 1 : first] or " "}')]
        case None:
            return []


def _salvaged(text: str) -> list[tuple[str, str]]:
    """Return the pairs of strings in what is not JSON; of two with one key the first."""
    pairs = []
    for pair in reversed(list(_PAIR.finditer(text))):
        try:
            pairs.append((pair[1], str(json.loads(pair[2]))))
        except ValueError:
            continue
    return pairs


def _text(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key)
    return value.strip() if isinstance(value, str) else ""


def _zoom(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return ""
    return str(value)
