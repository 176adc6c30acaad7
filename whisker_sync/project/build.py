"""
From the files of a project to one page that can be played, or to an archive for Twine.

The same files give the same bytes: there is no time in them and no chance. A source file is
never written; what should be in one and is not (an IFID) is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from whisker_sync.errors import NoStartPassage, UnsafePath
from whisker_sync.paths import accept
from whisker_sync.project import sources
from whisker_sync.project.formats import Installed, find
from whisker_sync.story import files, twine_html
from whisker_sync.story.compiling import Compiled, compile_story
from whisker_sync.story.files import StoryFile
from whisker_sync.story.finding import Finding, Rule
from whisker_sync.story.formats import bind
from whisker_sync.story.former import resolved
from whisker_sync.story.kinds import is_twee
from whisker_sync.story.story import Code, Story

CREATOR = "whisker_sync"
_NOT_IN_A_NAME = frozenset('<>:"/\\|?*')
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Built:
    """A page, and what is wrong with the story in it."""

    page: bytes
    story: Story
    findings: tuple[Finding, ...]


def load_story(
    root: Path,
    named: Sequence[Path] = (),
    *,
    start: str | None = None,
    trim: bool = True,
    seed: bytes = b"",
    former: Mapping[str, str] | None = None,
) -> Compiled:
    """
    Return the story in files and folders below ``root``, without its format.

    Files that are named and end in ``.css`` or ``.js`` become style sheets and scripts. Links to
    a ``former`` name lead to the passage that had it.

    Raises:
        UnreadableSource: Something is not there, or cannot be read.
    """
    twee: list[StoryFile] = []
    styles: list[Code] = []
    scripts: list[Code] = []
    for path in sources.paths(root, named):
        shown = sources.shown(path, root)
        data = sources.load(path)
        if is_twee(path.name):
            twee.append(files.read(shown, data))
        elif path.suffix.lower() in {".css", ".js"}:
            text = data.decode("utf-8-sig", "replace").replace("\r\n", "\n").strip()
            (styles if path.suffix.lower() == ".css" else scripts).append(Code(shown, text))
    known, findings = resolved(twee, former or {})
    code = (styles, scripts)
    compiled = compile_story(known, start=start, trim=trim, seed=seed, code=code)
    return replace(compiled, findings=(*compiled.findings, *findings))


def playable(compiled: Compiled, formats: Sequence[Installed], wanted: str | None) -> Built:
    """
    Return a page in a story format: the one that is ``wanted`` by name or id, or the story's own.

    Raises:
        NoStartPassage: Nobody could begin to read.
        NoStoryFormat: The format is not on this machine.
    """
    story = compiled.story
    if not compiled.has_start:
        raise NoStartPassage(story.start)
    own = not wanted or wanted.lower() == story.format.lower()
    found = find(formats, wanted or story.format, story.format_version if own else "")
    story = replace(story, format=found.format.name, format_version=found.format.version)
    page = bind(found.format, story, _data(story))
    return Built(page.encode(), story, (*compiled.findings, *_ended(story)))


def archive(compiled: Compiled) -> Built:
    """Return a page that Twine can import, without a story format."""
    page = f"{_data(compiled.story)}\n"
    return Built(page.encode(), compiled.story, (*compiled.findings, *_ended(compiled.story)))


def file_name(title: str, taken: set[str] | None = None) -> str:
    """Return a name for files about a story, which every system can hold, and none has yet."""
    kept = "".join(
        " " if each in _NOT_IN_A_NAME or not each.isprintable() else each for each in title
    )
    name = " ".join(kept.split())[:_LONGEST_NAME].strip(" .")
    try:
        accept(name)
        accept(f"{name}.html")
    except UnsafePath:
        name = "story"
    free, number = name, 1
    while taken is not None and free.casefold() in taken:
        number += 1
        free = f"{name} {number}"
    if taken is not None:
        taken.add(free.casefold())
    return free


def _data(story: Story) -> str:
    return twine_html.write(story, CREATOR, version("whisker-sync"))


def _ended(story: Story) -> list[Finding]:
    """Return which scripts and style sheets say what would end them within HTML."""
    ended = [code for code in story.scripts if twine_html.closes_itself(code, script=True)]
    ended += [code for code in story.styles if twine_html.closes_itself(code, script=False)]
    return [
        Finding(
            Rule.SCRIPT_END,
            f"“{code.name}” has </script, <!-- or </style in it, which would end it in the page; "
            "a backslash was put behind the <",
            passage=code.name,
        )
        for code in ended
    ]
