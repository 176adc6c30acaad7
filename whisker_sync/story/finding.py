"""
What is wrong with a story, as its author is told.

A finding never stops anything: the rest of the file, and of the story, is read as if it
were not there. Codes are stable, because scripts look for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """How much a finding matters."""

    ERROR = "error"
    """Readers of the story will notice."""

    WARNING = "warning"
    """It is probably not meant."""


class Rule(Enum):
    """What can be found while a story is read; the value is the code."""

    EMPTY_NAME = "TW101"
    UNTERMINATED_TAGS = "TW102"
    MALFORMED_HEADER = "TW103"
    BAD_METADATA = "TW104"
    STRAY_BRACKET = "TW105"
    NOT_UTF8 = "TW106"
    HEADER_IN_CODE = "TW108"
    SCRIPT_END = "TW111"
    NO_STORY_DATA = "ST201"
    NO_START = "ST202"
    DUPLICATE_PASSAGE = "ST203"
    DUPLICATE_STORY_DATA = "ST204"
    BAD_STORY_DATA = "ST205"
    BAD_IFID = "ST206"
    SCRIPT_AND_STYLESHEET = "ST209"
    NO_TITLE = "ST212"
    FORMER_NAME = "ST213"

    @property
    def severity(self) -> Severity:
        """How much it matters."""
        return Severity.WARNING if self in _WARNINGS else Severity.ERROR


_WARNINGS = frozenset(
    {
        Rule.BAD_METADATA,
        Rule.STRAY_BRACKET,
        Rule.NOT_UTF8,
        Rule.SCRIPT_END,
        Rule.NO_STORY_DATA,
        Rule.BAD_IFID,
        Rule.SCRIPT_AND_STYLESHEET,
        Rule.NO_TITLE,
        Rule.FORMER_NAME,
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong at one place."""

    rule: Rule
    sentence: str
    """What it is and what to do, without a full stop."""

    path: str = ""
    """The file; empty: the story as a whole."""

    line: int = 1
    column: int = 1
    """Where in the file, both from 1; columns count code points."""

    passage: str | None = None
    """The name of the passage; None: it is about none."""
