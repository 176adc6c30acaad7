"""
Story formats on this machine. None comes with us; each has a licence of its own.

They are looked for where Tweego and authors put them, the nearest first: ``storyformats`` and
``.storyformats`` beside the story, our own folder for this user, the folders in
``TWEEGO_PATH``, those beside the program ``tweego`` and in the home folder, and what an
unpacked Twine has brought along. Each format is a folder with a ``format.js`` in it, and its
folder's name is its id, as for Tweego.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from whisker_sync.errors import NoStoryFormat
from whisker_sync.story.formats import StoryFormat, choose, parse_version, read_format

FOLDERS = ("storyformats", ".storyformats", "storyFormats", "story-formats")
"""How folders with story formats are called."""

_TWINE = (
    "/opt/Twine/resources/app",
    "/opt/twine/resources/app",
    "/Applications/Twine.app/Contents/Resources/app",
    "/Applications/Twine.app/Contents/Resources/app.nw",
)
"""Where Twine may be, if it is not packed into one file."""


@dataclass(frozen=True, slots=True)
class Installed:
    """A story format at its place."""

    id: str
    """The name of its folder."""

    path: Path
    """Its ``format.js``."""

    format: StoryFormat


def places(root: Path, home: Path, environment: Mapping[str, str]) -> list[Path]:
    """
    Return the folders that may hold formats, the nearest first.

    ``root`` is the story's folder, ``home`` our own for this user.
    """
    above = [root, *root.parents][:3]
    found = [folder / name for folder in above for name in FOLDERS]
    found.append(home / "storyformats")
    given = environment.get("TWEEGO_PATH", "").split(os.pathsep)
    found += [Path(each) for each in given if each]
    if tweego := shutil.which("tweego", path=environment.get("PATH")):
        found += [Path(tweego).resolve().parent / name for name in FOLDERS]
    found += [Path.home() / name for name in FOLDERS]
    programs = [environment.get(each) for each in ("PROGRAMFILES", "LOCALAPPDATA")]
    twines = [Path(each, "Twine", "resources", "app") for each in programs if each]
    twines += [Path(each) for each in _TWINE]
    found += [twine / name for twine in twines for name in FOLDERS]
    return list(dict.fromkeys(found))


def installed(folders: Sequence[Path]) -> list[Installed]:
    """Return the formats in folders; of two with one id the one that is found first."""
    found: dict[str, Installed] = {}
    for folder in folders:
        for script in _scripts(folder):
            if script.parent.name in found:
                continue
            try:
                text = script.read_text("utf-8-sig", errors="replace")
            except OSError:
                continue
            if story_format := read_format(text):
                name = script.parent.name
                found[name] = Installed(name, script, story_format)
    return sorted(
        found.values(),
        key=lambda each: (each.format.name.lower(), parse_version(each.format.version), each.id),
    )


def find(formats: Sequence[Installed], name: str, version: str) -> Installed:
    """
    Return the format that a story wants, by its name and version, or by its id.

    Raises:
        NoStoryFormat: There is none.
    """
    if name:
        for each in formats:
            if each.id.lower() == name.lower():
                return each
    chosen = choose([each.format for each in formats], name, version)
    for each in formats:
        if each.format is chosen:
            return each
    known = tuple(f"{each.format.name} {each.format.version}" for each in formats)
    raise NoStoryFormat(name, version, known)


def _scripts(folder: Path) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if (entry / "format.js").is_file():
            yield entry / "format.js"
