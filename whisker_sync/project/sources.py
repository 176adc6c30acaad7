"""
The source files of a story on disk.

Files and folders are taken in the order in which they are named, and what is in a folder
in the order of its names, as Tweego does: the order decides which script runs first. Of a
folder only Twee files are taken; a style sheet or script that is to be a part of the story
has to be named, because a project's folder is full of scripts that are not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from whisker_sync.errors import UnreadableSource
from whisker_sync.story import files
from whisker_sync.story.files import StoryFile
from whisker_sync.story.kinds import is_twee

SKIPPED = frozenset({"node_modules", "storyformats"})
"""Folders that hold no story; neither do those whose names begin with a dot."""


def read_story(root: Path, named: Sequence[Path] = ()) -> list[StoryFile]:
    """
    Return the Twee files of a story, read, each under its path from ``root`` with ``/``.

    ``named`` are files and folders, relative to ``root``; none: all of ``root``.

    Raises:
        UnreadableSource: Something is not there, or cannot be read.
    """
    return [files.read(shown(path, root), load(path)) for path in paths(root, named)]


def paths(root: Path, named: Sequence[Path] = ()) -> list[Path]:
    """
    Return the files that are meant, each once, in order.

    Raises:
        UnreadableSource: One of those named is not there.
    """
    found: dict[Path, None] = {}
    for each in named or [Path()]:
        place = root / each
        if place.is_dir():
            found.update(dict.fromkeys(_below(place)))
        elif place.exists():
            found[place] = None
        else:
            raise UnreadableSource(str(each), "there is no such file or folder")
    return list(found)


def load(path: Path) -> bytes:
    """
    Return the bytes of a file.

    Raises:
        UnreadableSource: It cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as problem:
        raise UnreadableSource(str(path), problem.strerror or str(problem)) from None


def shown(path: Path, root: Path) -> str:
    """Return how a file is called in what we print: from the folder that we work in."""
    if path.is_relative_to(root):
        return path.relative_to(root).as_posix()
    return path.as_posix()


def _below(folder: Path) -> Iterator[Path]:
    """Return the Twee files in a folder and those below it, by name."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as problem:
        raise UnreadableSource(str(folder), problem.strerror or str(problem)) from None
    for entry in entries:
        if entry.name.startswith(".") or entry.name in SKIPPED:
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _below(Path(entry.path))
        elif is_twee(entry.name) and entry.is_file():
            yield Path(entry.path)
