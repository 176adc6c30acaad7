"""
Bytes of a file as text, and back, without loss.

Line ends are a property of the file, not of its lines: where all are of one kind,
the text has ``\\n`` and the kind is noted, so that a co-author on another system
changes one word and not every line. Files with mixed line ends are left as they
are. The byte order mark is noted, too.

``str.splitlines`` would break at eight more characters than Twee does; it is never
used here or anywhere near.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Eol = Literal["\n", "\r\n", "\r", "raw"]
"""The line end of all lines of a file; ``raw``: they differ, and stay in the text."""

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file that is text."""

    text: str
    """Without byte order mark; with ``\\n`` unless ``eol`` is ``raw``."""

    eol: Eol
    bom: bool


def decode(data: bytes) -> Decoded | None:
    """The text of a file; None if it is none: not UTF-8, or with zero bytes in it."""
    bom = data.startswith(_BOM)
    if b"\0" in data:
        return None
    try:
        text = data[len(_BOM) :].decode() if bom else data.decode()
    except UnicodeDecodeError:
        return None
    eol = _eol(text)
    return Decoded(text if eol in {"\n", "raw"} else text.replace(eol, "\n"), eol, bom)


def encode(text: str, eol: Eol, bom: bool) -> bytes:
    """The bytes of a file; the opposite of :func:`decode`."""
    if eol not in {"\n", "raw"}:
        text = text.replace("\n", eol)
    return (_BOM if bom else b"") + text.encode()


def _eol(text: str) -> Eol:
    returns = text.count("\r")
    if not returns:
        return "\n"
    newlines, both = text.count("\n"), text.count("\r\n")
    if both == returns == newlines:
        return "\r\n"
    return "\r" if not newlines else "raw"
