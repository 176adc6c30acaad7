"""
A story that cannot be read, built or changed as it was asked.
"""

from __future__ import annotations

from whisker_sync.errors.root import WhiskerError


class StoryError(WhiskerError):
    """A story cannot be read, built or changed as asked."""


class UnreadableSource(StoryError):
    """A file or folder of a story that is not there or cannot be read."""

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path} cannot be read: {self.problem}"


class NoSuchPassage(StoryError):
    """No passage of the story has this name."""

    def __init__(self, name: str, close: str | None = None) -> None:
        self.name = name
        self.close = close

    def __str__(self) -> str:
        hint = f"; did you mean “{self.close}”?" if self.close else "; names care about case"
        return f"there is no passage “{self.name}”{hint}"


class NotInHistory(StoryError):
    """At the moment that was asked for, a passage or file was not there."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return f"{self.name} was not there then; see: whisker log {self.name!r}"


class AmbiguousPassage(StoryError):
    """Several passages have the name that one was meant by."""

    def __init__(self, name: str, places: tuple[str, ...]) -> None:
        self.name = name
        self.places = places

    def __str__(self) -> str:
        return (
            f"there is more than one passage “{self.name}” ({', '.join(self.places)}); "
            "rename all but one of them in their files first"
        )


class NameTaken(StoryError):
    """Another passage has the name that one is to get."""

    def __init__(self, name: str, place: str) -> None:
        self.name = name
        self.place = place

    def __str__(self) -> str:
        return f"there is a passage “{self.name}” already, in {self.place}; nothing was changed"


class ImpossibleName(StoryError):
    """A name that no passage can have."""

    def __init__(self, name: str, problem: str) -> None:
        self.name = name
        self.problem = problem

    def __str__(self) -> str:
        return f"a passage cannot be called “{self.name}”: {self.problem}"


class NoStartPassage(StoryError):
    """A story that nobody can begin to read."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return (
            f"the story begins with “{self.name}”, and there is no such passage; "
            "say where it begins with --start, or with start in StoryData"
        )


class NoStoryFormat(StoryError):
    """The story format is not on this machine, or is not named."""

    def __init__(self, name: str, version: str, found: tuple[str, ...] = ()) -> None:
        self.name = name
        self.version = version
        self.found = found

    def __str__(self) -> str:
        if not self.name:
            return "the story does not say its format; name one with --format, or in StoryData"
        wanted = f"{self.name} {self.version}".strip()
        here = f" (found: {', '.join(self.found)})" if self.found else ""
        return (
            f"the story format {wanted} is not on this machine{here}; put its folder with "
            "format.js into storyformats beside the story, or build an --archive"
        )


class NotAStory(StoryError):
    """A file that is to be imported and holds no story."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __str__(self) -> str:
        return f"there is no Twine 2 story in {self.path}; publish it to a file, or archive it"


class WouldOverwrite(StoryError):
    """A file is in the place of one that is to be written."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __str__(self) -> str:
        return f"{self.path} is there already, and nothing was written; move it, or name another"


class ChangedMeanwhile(StoryError):
    """A file was saved between reading and writing it."""

    def __init__(self, path: str, written: tuple[str, ...] = ()) -> None:
        self.path = path
        self.written = written

    def __str__(self) -> str:
        before = f"; {', '.join(self.written)} was written before" if self.written else ""
        return f"{self.path} was changed just now, and was left alone{before}; try again"


class CannotWrite(StoryError):
    """A file that cannot be written."""

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path} cannot be written: {self.problem}"
