"""
A whole story, as its readers get it: what Twee files and Twine's HTML both say.

No spelling of files is left in it, and nothing of what only authors see, but for the places
of passages on Twine's map.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage that readers can come to."""

    name: str
    text: str
    tags: tuple[str, ...] = ()
    position: str = ""
    """``x,y`` on Twine's map; empty: nobody has said."""

    size: str = ""
    """``width,height`` there."""


@dataclass(frozen=True, slots=True)
class Code:
    """A style sheet or a script."""

    name: str
    """Of the passage or file that it came from."""

    text: str


@dataclass(frozen=True, slots=True)
class Story:
    """A story; an empty string: it does not say."""

    title: str
    passages: tuple[Passage, ...]
    start: str = ""
    """The name of the first passage."""

    ifid: str = ""
    format: str = ""
    format_version: str = ""
    zoom: str = ""
    options: tuple[str, ...] = ()
    tag_colors: Mapping[str, str] = field(default_factory=dict)
    styles: tuple[Code, ...] = ()
    scripts: tuple[Code, ...] = ()
