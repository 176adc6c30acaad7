"""What is wrong with the files of a story together, and with what it says about itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from whisker_sync.story.data import read_data
from whisker_sync.story.files import FilePassage, StoryFile
from whisker_sync.story.finding import Finding, Rule

STORY_DATA = "StoryData"
STORY_TITLE = "StoryTitle"


def check(story: Iterable[StoryFile]) -> list[Finding]:
    """Return all that is wrong with files, file by file, and then with them together."""
    files = list(story)
    return [
        *(finding for file in files for finding in file.findings),
        *(finding for file in files for finding in _broken_data(file)),
        *_duplicates(files),
    ]


def finding_at(rule: Rule, sentence: str, file: StoryFile, passage: FilePassage) -> Finding:
    """Return a finding about a passage."""
    return Finding(rule, sentence, file.path, passage.line, 1, passage.name)


def _broken_data(file: StoryFile) -> Iterator[Finding]:
    for passage in file.passages:
        if passage.name == STORY_DATA and read_data(passage.text).broken:
            sentence = "StoryData is not a JSON object; only what can be made out of it counts"
            yield finding_at(Rule.BAD_STORY_DATA, sentence, file, passage)


def _duplicates(files: Iterable[StoryFile]) -> Iterator[Finding]:
    """Return a finding for each passage whose name an earlier one has."""
    first: dict[str, str] = {}
    for file in files:
        for passage in file.passages:
            place = f"{file.path}:{passage.line}"
            if not passage.name or passage.name not in first:
                first[passage.name] = place
            elif passage.name == STORY_DATA:
                sentence = (
                    f"there is a StoryData in {first[passage.name]}, too; "
                    "are these files of two stories?"
                )
                yield finding_at(Rule.DUPLICATE_STORY_DATA, sentence, file, passage)
            else:
                sentence = (
                    f"“{passage.name}” is the name of a passage in {first[passage.name]}, too; "
                    "a story has room for one of them, and takes the last"
                )
                yield finding_at(Rule.DUPLICATE_PASSAGE, sentence, file, passage)
