"""
The author's files: Twee that must come back to the letter, headers, bytes as text.
"""

from __future__ import annotations

import json

from benchmarks.fuzz.corpus import kept
from benchmarks.fuzz.target import Broken, Target, Verdict
from whisker_sync.story import codec, json_text
from whisker_sync.story.twee import BLANKS, parse, parse_header, render, rewrite, segment

_SIGNS = (
    *("::", ":: ", "\n::", "\n", "\r", "\r\n", "\n\n", "\t", " ", "[", "]", "{", "}", "\\"),
    *('"', ":", ",", "[a b]", '{"position":"1,2"}', '{"a":[{}]}', "{}", "\\[", "\\\\", "\\ "),
    *("\u2028", "\u0085", "\u00a0", "\ufeff", "\x0b", "\x1c", "\0", "\U0001f600", "é", "\\u"),
    *("\\ud800", "1e999", "-0", "0.10", "null", "true", ":: StoryData\n", "[[link]]", "::\n"),
)
_WORDS = (
    *(sign.encode() for sign in _SIGNS),
    *(b"\xff", b"\xed\xa0\x80", b"\xc3", b"\xef\xbb\xbf", b"\xf4\x90\x80\x80"),
)

_SAMPLES = (
    b"",
    b"prologue\n\n:: A [x]\n\n  first\nlast  \n\n\n:: B\n\n::C\n::",
    b':: Start [dark cold] {"position":"100,200","size":"100,100"}\nIt is dark.\n\n:: Next\nText',
    b"\xef\xbb\xbf:: A\r\nText\r\n\r\n:: B\r\nmore\r\n",
    b":: A\rText\r:: B\rmore",
    b":: A\nText\r\nmixed\r:: B\n",
    ":: H\u00f6hle \\[1\\] [\u00e9]\n\u2028:: no header\n\U0001f600".encode(),
    b':: StoryData\n{\n\t"ifid": "D674C58C-DEFA-4F70-B7A2-27742230C0FC",\n\t"zoom": 1\n}\n',
)
_HEADERS = (
    b":: A",
    b"::",
    b':: Start [dark cold] {"position":"100,200","size":"100,100"}',
    b'::A[x]{"size":"1,2"}',
    rb":: A\[b\] [x\]y a\ b] ",
    b':: A { "p" : {"q": [1.0, "}"]} , "x":1e2 } ',
    b":: A [x",
    b':: A {"a":1',
    b':: A {"a":1,"a":2}',
    b":: A ] [x]",
)


class Text(Target):
    """:mod:`whisker_sync.story.codec`: any bytes are a text that spells them, or none."""

    def __init__(self) -> None:
        super().__init__([*_SAMPLES, *kept("text").values()], _WORDS)

    def judge(self, case: int, data: bytes) -> Verdict:
        """A text spells the bytes it came from."""
        decoded = codec.decode(data)
        if decoded is None:
            return Verdict.REFUSED
        if codec.encode(decoded.text, decoded.eol, decoded.bom) != data:
            raise Broken("the text spells other bytes")
        if "\r" in decoded.text and decoded.eol != "raw":
            raise Broken("a line end is in the text that belongs to the file")
        return Verdict.ACCEPTED


class Twee(Target):
    """:func:`whisker_sync.story.twee.parse`: whatever text it is, it comes back."""

    def __init__(self) -> None:
        super().__init__([*_SAMPLES, *kept("twee").values()], _WORDS)

    def judge(self, case: int, data: bytes) -> Verdict:
        """A source is rendered to the letter, and its pieces are what they are called."""
        decoded = codec.decode(data)
        if decoded is None:
            return Verdict.REFUSED
        text = decoded.text
        source = parse(text)
        if render(source) != text:
            raise Broken("it is rendered as something else")
        for passage in source.passages:
            if not passage.header.startswith("::") or "\n" in passage.header:
                raise Broken(f"{passage.header[:60]!r} is no header")
            if passage.gap.strip(BLANKS) or passage.body != passage.body.rstrip(BLANKS):
                raise Broken("a gap has words, or a body has a gap")
            if segment(passage.text) != passage:
                raise Broken("a passage alone is cut in another way")
            parse_header(passage.header)
        return Verdict.ACCEPTED


class Header(Target):
    """:func:`whisker_sync.story.twee.parse_header`, and what is written from what it says."""

    def __init__(self) -> None:
        super().__init__([*_HEADERS, *kept("header").values()], _WORDS)

    def judge(self, case: int, data: bytes) -> Verdict:
        """What says the same stays as it is spelled; what is told is what is said."""
        line = data.decode("utf-8", "ignore").replace("\n", "")
        said = parse_header(line)
        headed = line if line.startswith("::") else f":: {line}"
        if line.startswith("::") and rewrite(line, said.name, said.tags, said.metadata) != headed:
            raise Broken("a header that says the same is spelled in another way")
        for value in said.metadata.values():
            json.loads(value)
            if not json_text.is_value(value):
                raise Broken(f"{value[:60]!r} is metadata, but no value")
        # A return that is part of a name stays as long as nobody touches it, then it is a blank.
        if not any("\r" in part for part in (said.name, *said.tags, *said.metadata.values())):
            self._write(line)
        return Verdict.REFUSED if said.problems else Verdict.ACCEPTED

    def _write(self, line: str) -> None:
        said = parse_header(line)
        tags, values = {*said.tags, "new"}, {**said.metadata, "new": "[1]"}
        written = rewrite(line, "N", tags, values)
        again = parse_header(written)
        if (again.name, set(again.tags), again.metadata) != ("N", tags, values):
            raise Broken(f"what was told is not what is said: {written[:80]!r}")
        back = parse_header(rewrite(written, said.name, said.tags, said.metadata))
        if (back.name, set(back.tags), back.metadata) != (said.name, set(said.tags), said.metadata):
            raise Broken("what was said cannot be said again")
