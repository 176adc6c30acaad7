"""
From Twee files to a story, as other compilers do it.

Files and passages keep their order, which decides which script runs first. Where two
passages have one name, the last one's content stands in the first one's place. What is
wrong is found and said, and never stops anything: whether a story without a first passage
is worth writing is for the caller to decide.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from whisker_sync.story.check import STORY_DATA, STORY_TITLE, check
from whisker_sync.story.data import DEFAULT_START, StoryData, read_data
from whisker_sync.story.files import FilePassage, StoryFile
from whisker_sync.story.finding import Finding, Rule
from whisker_sync.story.ifid import ifid_of, is_ifid
from whisker_sync.story.story import Code, Passage, Story
from whisker_sync.story.twee import BLANKS

PRIVATE_TAG = "Twine.private"
"""Passages with this tag are for authors only; Tweego leaves them out, too."""

UNTITLED = "Untitled Story"


@dataclass(frozen=True, slots=True)
class Compiled:
    """A story, and what is wrong with its sources."""

    story: Story
    findings: tuple[Finding, ...]

    @property
    def has_start(self) -> bool:
        """Whether there is a passage to begin with."""
        return any(passage.name == self.story.start for passage in self.story.passages)


def compile_story(
    files: Sequence[StoryFile],
    *,
    start: str | None = None,
    trim: bool = True,
    seed: bytes = b"",
    code: tuple[Sequence[Code], Sequence[Code]] = ((), ()),
) -> Compiled:
    """
    Return the story that Twee files make up.

    ``start`` overrules what the story says; ``trim`` drops blank space around texts; from
    ``seed`` an IFID is made if there is none (empty: from the title); ``code`` are style
    sheets and scripts that came from files of their own, and follow those in passages.
    """
    findings = check(files)
    by_name = _by_name(files)
    title = _said(by_name, STORY_TITLE).strip(BLANKS)
    data = read_data(_said(by_name, STORY_DATA))
    first = start or data.start or DEFAULT_START
    passages = [passage for passage in by_name.values() if _is_read(passage)]
    findings += _about(files, by_name, title, first)
    ifid, about_ifid = _ifid(data, seed or (title or UNTITLED).encode())
    findings += about_ifid
    story = Story(
        title=title or UNTITLED,
        passages=tuple(_passage(each, trim) for each in passages if not _is_code(each)),
        start=first,
        ifid=ifid,
        format=data.format,
        format_version=data.format_version,
        zoom=data.zoom,
        options=data.options,
        tag_colors=data.tag_colors,
        styles=(*_codes(passages, "stylesheet"), *code[0]),
        scripts=(*_codes(passages, "script"), *code[1]),
    )
    return Compiled(story, tuple(findings))


def _by_name(files: Sequence[StoryFile]) -> dict[str, FilePassage]:
    """Return the passages that count; one without a name cannot be reached."""
    return {passage.name: passage for file in files for passage in file.passages if passage.name}


def _said(by_name: dict[str, FilePassage], name: str) -> str:
    return by_name[name].text if name in by_name else ""


def _is_read(passage: FilePassage) -> bool:
    if passage.name in {STORY_DATA, STORY_TITLE}:
        return False
    return PRIVATE_TAG not in passage.header.tags


def _is_code(passage: FilePassage) -> bool:
    """Tell whether a passage is a script or a style sheet; one that is both is neither."""
    return ("script" in passage.header.tags) != ("stylesheet" in passage.header.tags)


def _codes(passages: Sequence[FilePassage], tag: str) -> Iterator[Code]:
    for passage in passages:
        if tag in passage.header.tags and _is_code(passage):
            yield Code(passage.name, passage.text.strip(BLANKS))


def _passage(passage: FilePassage, trim: bool) -> Passage:
    header = passage.header
    tags = tuple(dict.fromkeys(header.tags))
    text = passage.text
    return Passage(
        header.name,
        text.strip(BLANKS) if trim else text + passage.segment.gap,
        tags,
        _string(header.metadata.get("position")),
        _string(header.metadata.get("size")),
    )


def _string(spelled: str | None) -> str:
    """Return what a JSON string says; what is none says nothing."""
    if spelled is None or not spelled.startswith('"'):
        return ""
    return str(json.loads(spelled))


def _about(
    files: Sequence[StoryFile], by_name: dict[str, FilePassage], title: str, first: str
) -> Iterator[Finding]:
    """Return what is wrong with the story as a whole."""
    if STORY_DATA not in by_name:
        sentence = "there is no passage StoryData, which says the story's format and IFID"
        yield Finding(Rule.NO_STORY_DATA, sentence)
    if not title:
        yield Finding(Rule.NO_TITLE, "there is no passage StoryTitle that says the story's title")
    if first not in by_name:
        sentence = f"the story begins with “{first}”, and there is no such passage"
        yield Finding(Rule.NO_START, sentence)
    for file in files:
        for passage in file.passages:
            if {"script", "stylesheet"} <= set(passage.header.tags):
                yield Finding(
                    Rule.SCRIPT_AND_STYLESHEET,
                    "a passage is a script or a style sheet; with both tags it is neither",
                    file.path,
                    passage.line,
                    1,
                    passage.name,
                )


def _ifid(data: StoryData, seed: bytes) -> tuple[str, list[Finding]]:
    """Return the story's IFID, and what is wrong with what StoryData says."""
    if is_ifid(data.ifid):
        return data.ifid, []
    if is_ifid(data.ifid.upper()):
        sentence = f"an IFID is in upper case; write “{data.ifid.upper()}”"
        return data.ifid.upper(), [Finding(Rule.BAD_IFID, sentence)]
    made = ifid_of(seed)
    what = f"“{data.ifid}” is no IFID" if data.ifid else "the story has no IFID"
    sentence = f'{what}; this build has one, keep it by writing into StoryData: "ifid": "{made}"'
    return made, [Finding(Rule.BAD_IFID, sentence)]
