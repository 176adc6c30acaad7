"""
Links that lead to a passage by a name that it had once.

A passage that got another name leaves no dead link behind in a shared story: renaming repairs
them. But somebody may write the old name later, out of habit, or bring back an old text. Who
knows the former names can still say where such a link leads, and a page that is built leads
there. The sources stay as they are; that they do is a finding, so that their author may mend
them, for outside of this workspace nobody knows the name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from whisker_sync.story.check import STORY_DATA, finding_at
from whisker_sync.story.data import read_data, with_start
from whisker_sync.story.files import FilePassage, StoryFile
from whisker_sync.story.finding import Finding, Rule
from whisker_sync.story.links.find import references, relink
from whisker_sync.story.rename import format_of
from whisker_sync.text.edits import apply


@dataclass(frozen=True, slots=True)
class Stray:
    """A link that leads to a name which its passage has no more."""

    path: str
    passage: str
    line: int
    """Of the passage's header, from 1."""

    old: str
    new: str


def strays(files: Sequence[StoryFile], former: Mapping[str, str]) -> list[Stray]:
    """
    Return all links to former names, in the order of the files.

    ``former`` says for each what the passage is called now. A name that a passage of these
    files has is nobody's former one.
    """
    return [
        Stray(file.path, passage.name, passage.line, old, new)
        for file, passage, old, new in _strays(files, former)
    ]


def resolved(
    files: Sequence[StoryFile], former: Mapping[str, str]
) -> tuple[list[StoryFile], list[Finding]]:
    """Return the files with these links leading to where they must, and what was found."""
    story_format = format_of(files)
    findings: list[Finding] = []
    bodies: dict[tuple[str, int], str] = {}
    for file, passage, old, new in _strays(files, former):
        place = file.path, passage.line
        body = bodies.get(place, passage.segment.body)
        if passage.name == STORY_DATA:
            splices = with_start(body, old, new)
        else:
            splices = relink(body, story_format, old, new, passage.header.tags)
        bodies[place] = apply(body, splices)
        leads = "the page leads there, " if splices else ""
        sentence = f"“{old}” is called “{new}” now; {leads}so change it in “{passage.name}”"
        findings.append(finding_at(Rule.FORMER_NAME, sentence, file, passage))
    return [_with(file, bodies) for file in files], findings


def _with(file: StoryFile, bodies: Mapping[tuple[str, int], str]) -> StoryFile:
    if not any(path == file.path for path, _ in bodies):
        return file
    passages = []
    for passage in file.passages:
        body = bodies.get((file.path, passage.line), passage.segment.body)
        passages.append(replace(passage, segment=replace(passage.segment, body=body)))
    return replace(file, passages=tuple(passages))


def _strays(
    files: Sequence[StoryFile], former: Mapping[str, str]
) -> Iterator[tuple[StoryFile, FilePassage, str, str]]:
    names = {passage.name for file in files for passage in file.passages}
    known = {old: new for old, new in former.items() if old not in names and new in names}
    if not known:
        return
    story_format = format_of(files)
    for file in files:
        for passage in file.passages:
            for target in dict.fromkeys(_targets(passage, story_format)):
                if target in known:
                    yield file, passage, target, known[target]


def _targets(passage: FilePassage, story_format: str | None) -> list[str]:
    if passage.name == STORY_DATA:
        return [read_data(passage.text).start]
    found = references(passage.segment.body, story_format, passage.header.tags)
    return [each.target for each in found if each.live]
