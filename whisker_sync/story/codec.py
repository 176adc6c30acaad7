r"""
The bytes of a file as text, and back without losing one of them.

A text is UTF-8 without NUL; everything else is not text, and is not touched. Line
ends belong to the file and not to its lines: where all are of one kind the text has
``\n`` and the kind is remembered, so that turning them all into another kind is one
fact and not an edit of every line. Where the kinds are mixed, the text keeps them.
The same goes for the byte order mark.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from whisker_sync.story import pages

Eol = Literal["\n", "\r\n", "\r", "raw", "html"]
"""
How all lines of a file end; ``raw``: in more than one way, and the text shows how; ``html``: the
text is that of a page as :mod:`whisker_sync.story.pages` spells it.
"""

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text as its author sees it, and what its bytes have besides."""

    text: str
    """Without byte order mark; its only line end is ``\\n``, unless ``eol`` is ``raw``."""

    eol: Eol
    """A text without any line end has ``\\n``."""

    bom: bool
    """Whether the bytes begin with a byte order mark."""


def decode(data: bytes, path: str = "") -> Decoded | None:
    """
    Return the text that the bytes of a file spell; None: they are not text.

    A page of Twine's, which is known by the end of its ``path``, is spelled as passages.
    """
    decoded = None if b"\0" in data else decode_utf8(data)
    if decoded is None or decoded.eol != "\n" or not pages.is_page(path):
        return decoded
    passages = pages.to_passages(decoded.text)
    return decoded if passages is None else Decoded(passages, "html", decoded.bom)


def decode_utf8(data: bytes) -> Decoded | None:
    """Return what UTF-8 spells, NUL included; None: it is not UTF-8."""
    bom = data.startswith(_BOM)
    try:
        text = data[len(_BOM) :].decode() if bom else data.decode()
    except UnicodeDecodeError:
        return None
    eol = _eol(text)
    if eol in {"\r\n", "\r"}:
        text = text.replace(eol, "\n")
    return Decoded(text, eol, bom)


def encode(text: str, eol: Eol, bom: bool) -> bytes:
    r"""
    Return the bytes of a file; ``encode`` undoes :func:`decode` exactly.

    What a merge brought along follows the file. In a file with one kind of line ends
    every line ends that way, even a line that came from a file where they are mixed;
    in a ``raw`` one every line end stays as it came.
    """
    if eol == "html":
        text = pages.to_page(text)
    if eol != "raw" and "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if eol in {"\r\n", "\r"}:
        text = text.replace("\n", eol)
    return (_BOM if bom else b"") + text.encode()


def _eol(text: str) -> Eol:
    returns = text.count("\r")
    if not returns:
        return "\n"
    newlines = text.count("\n")
    if not newlines:
        return "\r"
    return "\r\n" if text.count("\r\n") == returns == newlines else "raw"
