"""
A story as the text of one Twee file, for who comes from Twine.

First what is said about the story, then style sheets and scripts, then the passages in their
order. Reading the text gives the same story again; only blank space around texts is lost,
which no compiler keeps.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

from whisker_sync.story.check import STORY_DATA, STORY_TITLE
from whisker_sync.story.story import Code, Passage, Story
from whisker_sync.story.twee import BLANKS, body_of, spell_header


def to_twee(story: Story) -> str:
    """Return the text of a Twee file that says all that a story says."""
    taken = {passage.name for passage in story.passages} | {STORY_DATA, STORY_TITLE}
    data = json.dumps(_data(story), ensure_ascii=False, indent=2)
    pieces = [
        _spelled(STORY_TITLE, (), story.title),
        _spelled(STORY_DATA, (), data),
        *_codes(story.styles, "stylesheet", taken),
        *_codes(story.scripts, "script", taken),
        *(_passage(passage) for passage in story.passages),
    ]
    return "\n\n".join(pieces) + "\n"


def _data(story: Story) -> dict[str, Any]:
    """Return what StoryData says, in the order in which Twine writes it."""
    values: dict[str, Any] = {
        "ifid": story.ifid,
        "format": story.format,
        "format-version": story.format_version,
        "start": story.start,
        "tag-colors": dict(story.tag_colors),
        "options": list(story.options),
        "zoom": _number(story.zoom),
    }
    return {key: value for key, value in values.items() if value not in ("", None, {}, [])}


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() else value


def _codes(codes: Sequence[Code], tag: str, taken: set[str]) -> Iterator[str]:
    for code in codes:
        name = _free(code.name.strip() or tag, taken)
        taken.add(name)
        yield _spelled(name, (tag,), code.text)


def _free(name: str, taken: set[str]) -> str:
    """Return a name that no passage has."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} {number}"
    return free


def _passage(passage: Passage) -> str:
    metadata = {"position": passage.position, "size": passage.size}
    said = {key: json.dumps(value) for key, value in metadata.items() if value}
    return _spelled(passage.name, passage.tags, passage.text, said)


def _spelled(
    name: str, tags: Sequence[str], text: str, metadata: dict[str, str] | None = None
) -> str:
    body = body_of(text.strip(BLANKS))
    header = spell_header(name, tags, metadata or {})
    return f"{header}\n{body}" if body else header
