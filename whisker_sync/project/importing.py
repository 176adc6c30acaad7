"""
From Twine's HTML to Twee files.

One file for each story. Nothing that is there is ever replaced: whoever imports a second
time has to say where to.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from whisker_sync.errors import NotAStory, WouldOverwrite
from whisker_sync.project.build import file_name
from whisker_sync.project.sources import load
from whisker_sync.project.writing import Write, write_all
from whisker_sync.story import twine_html
from whisker_sync.story.ifid import ifid_of, is_ifid
from whisker_sync.story.story import Story
from whisker_sync.story.to_twee import to_twee


@dataclass(frozen=True, slots=True)
class Imported:
    """A story, and the file that it was written to."""

    story: Story
    path: Path


def import_page(page: Path, folder: Path) -> list[Imported]:
    """
    Write the stories of a published page or an archive into a folder, and return them.

    Several stories get a folder each: in one they would be built as one.

    Raises:
        UnreadableSource: The page cannot be read.
        NotAStory: There is none in it.
        WouldOverwrite: A file is there already; nothing was written.
        CannotWrite: There is no room, or no right to; nothing was written.
    """
    data = load(page)
    stories = _stories(data)
    if not stories:
        raise NotAStory(str(page))
    taken: set[str] = set()
    imported = []
    for story in stories:
        name = file_name(story.title, taken)
        place = folder / name if len(stories) > 1 else folder
        imported.append(Imported(story, place / f"{name}.twee"))
    for each in imported:
        if each.path.exists():
            raise WouldOverwrite(str(each.path))
    write_all([Write(each.path, to_twee(each.story).encode(), None) for each in imported])
    return imported


def _stories(data: bytes) -> list[Story]:
    """Return the stories in a page; one without an IFID gets one that follows from the page."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    return [
        story if is_ifid(story.ifid) else replace(story, ifid=ifid_of(_seed(data, number)))
        for number, story in enumerate(twine_html.read(text))
    ]


def _seed(data: bytes, number: int) -> bytes:
    return hashlib.sha256(data).digest() + number.to_bytes(4, "big")
