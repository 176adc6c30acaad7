"""
A QR code on a terminal, for a machine with a camera that is to join.

Rule 1: it is never the only way. Who is shown one is shown the same link as text; with
``--plain``, which is for screen readers, there is none at all.

A letter of a terminal is twice as high as wide, so each shows two squares, one above the
other, by half blocks. The light squares are drawn and the dark ones left out: on a dark
terminal that looks as it is printed on paper. Cameras read it the other way round, too.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from itertools import zip_longest

from whisker_sync.cli.output import Output

QUIET = 2
"""Light squares around the code. Four are asked for; cameras need two, and lines are short."""

MAX_COLUMNS = 120
"""A code that needs more columns is not shown: half of it is none."""

_BLOCKS = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}


def shown(text: str, output: Output) -> str:
    """``text`` as a QR code for the terminal of this run; empty where one would be in the way."""
    if not output.fancy or not _has_blocks(sys.stdout.encoding):
        return ""
    return qr(text, shutil.get_terminal_size().columns)


def _has_blocks(encoding: str | None) -> bool:
    try:
        "█▀▄".encode(encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def qr(text: str, columns: int = 80) -> str:
    """
    ``text`` as a QR code of half blocks, lines separated by newlines.

    Empty if it does not fit into ``columns``: then there is the text alone.
    """
    import segno

    code = segno.make_qr(text, error="l", boost_error=False)
    light = [[not square for square in row] for row in code.matrix_iter(border=QUIET)]
    if len(light) > min(columns, MAX_COLUMNS):
        return ""
    return "\n".join(_line(upper, lower) for upper, lower in _two_by_two(light))


def _two_by_two(rows: list[list[bool]]) -> zip_longest[tuple[list[bool], list[bool]]]:
    # An odd last row stands alone, above what is dark.
    return zip_longest(rows[::2], rows[1::2], fillvalue=[False] * len(rows))


def _line(upper: Sequence[bool], lower: Sequence[bool]) -> str:
    return "".join(_BLOCKS[squares] for squares in zip(upper, lower, strict=True))
