"""
A passage as it stands in a file, cut into what merges separately.

Header line, body and the blank space behind it are three things: two authors who
each append a paragraph would otherwise double the blank lines between passages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from whisker_sync.manuscript.shadow import Part, Piece
from whisker_sync.story.similarity import passage_digest, words
from whisker_sync.story.twee import Header, parse_header
from whisker_sync.text.edits import Splice, diff

_BLANKS = " \t\r\n"


@dataclass(slots=True, eq=False)
class Segment:
    """One passage of a file. What is asked for often is computed once."""

    header: str
    """The raw header line without its line end; empty if it has none."""

    body: str
    gap: str
    """Blank space after the body; with an empty body it begins with the header's line end."""

    _text: str | None = field(default=None, repr=False)
    _parsed: Header | None = field(default=None, repr=False)
    _words: list[str] | None = field(default=None, repr=False)
    _digest: str | None = field(default=None, repr=False)

    @property
    def text(self) -> str:
        """The passage as it stands in the file."""
        if self._text is None:
            newline = "\n" if self.header and self.body else ""
            self._text = f"{self.header}{newline}{self.body}{self.gap}"
        return self._text

    @property
    def parsed(self) -> Header:
        """What the header says."""
        if self._parsed is None:
            self._parsed = parse_header(self.header)
        return self._parsed

    @property
    def name(self) -> str:
        """The name in the header."""
        return self.parsed.name if self.header else ""

    @property
    def words(self) -> list[str]:
        """The words of the body."""
        if self._words is None:
            self._words = words(self.body)
        return self._words

    @property
    def digest(self) -> str:
        """The short name of the content."""
        if self._digest is None:
            tags = self.parsed.tags if self.header else ()
            self._digest = passage_digest(self.name, tags, self.body)
        return self._digest


def headed(text: str) -> Segment:
    """Cut a passage that begins with its header line."""
    header, newline, rest = text.partition("\n")
    body = rest.rstrip(_BLANKS)
    gap = rest[len(body) :]
    return Segment(header, body, gap if body else newline + gap)


def headless(text: str) -> Segment:
    """Cut a passage that is shown without its header line."""
    body = text.rstrip(_BLANKS)
    return Segment("", body, text[len(body) :])


def segment_of(part: Part) -> Segment:
    """Cut a part that is a passage."""
    return headed(part.text) if part.piece is Piece.PASSAGE else headless(part.text)


def distribute(old: Sequence[str], new: str) -> list[str]:
    """
    Say for each of several adjoining texts what it is now, given all of them as one.

    What was inserted where two of them meet goes to the first, but with the second's first line
    if it stands in that.
    """
    if len(old) == 1:
        return [new]
    whole = "".join(old)
    splices = diff(whole, new)
    texts: list[str] = []
    start = 0
    for i, text in enumerate(old):
        end = start + len(text)
        own = [_clip(s, start, end, first=i == 0, ahead=_begins_a_line(s, whole)) for s in splices]
        inside = [s for s in own if s is not None]
        texts.append(_apply(text, start, inside))
        start = end
    return texts


def _clip(splice: Splice, start: int, end: int, *, first: bool, ahead: bool) -> Splice | None:
    """
    Return what of a splice lies in a stretch; its insertion belongs to where it begins.

    ``ahead``: to what is behind it, if it lies between two.
    """
    if splice.start < splice.end or ahead:
        owns = start <= splice.start < end
    else:
        owns = start < splice.start <= end or (first and splice.start == 0)
    if not owns and (splice.end <= start or splice.start >= end):
        return None
    from_, to = max(splice.start, start), min(splice.end, end)
    return Splice(from_, max(from_, to), splice.insert if owns else "")


def _begins_a_line(splice: Splice, whole: str) -> bool:
    """Tell whether an insertion is before the first words of a line that was there."""
    inside = 0 < splice.start < len(whole)
    return inside and whole[splice.start - 1] == "\n" and not splice.insert.endswith("\n")


def _apply(text: str, offset: int, splices: Sequence[Splice]) -> str:
    pieces: list[str] = []
    done = 0
    for splice in splices:
        pieces += (text[done : splice.start - offset], splice.insert)
        done = splice.end - offset
    pieces.append(text[done:])
    return "".join(pieces)
