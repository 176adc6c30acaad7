"""Tests for :mod:`whisker_sync.cli.qr`; they read the code as a camera does."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import segno

from whisker_sync.cli.output import Output
from whisker_sync.cli.qr import QUIET, qr, shown
from whisker_sync.identity.link import InvitationLink
from whisker_sync.ids import Address, DeviceId

Matrix = list[list[bool]]
"""Rows of squares; true is dark."""

LINK = InvitationLink(
    bytes(range(16)), DeviceId(bytes(range(32))), "The Cave", (Address("192.0.2.7", 4711),)
).link()


def seen(terminal: str) -> Matrix:
    """The squares of what a terminal shows, without the margin."""
    rows: Matrix = []
    for line in terminal.split("\n"):
        rows.append([letter not in "█▀" for letter in line])
        rows.append([letter not in "█▄" for letter in line])
    size = len(rows[0])
    rows = rows[:size]
    for edge in (rows[:QUIET], rows[-QUIET:], [row[:QUIET] + row[-QUIET:] for row in rows]):
        assert not any(any(row) for row in edge)
    return [row[QUIET:-QUIET] for row in rows[QUIET:-QUIET]]


def read(code: Matrix) -> bytes:
    """
    The bytes in a code of version 2, level L (ISO/IEC 18004): one block, nothing repaired.

    The mask is in the format beside the upper left corner; the squares are read in columns of
    two, from the right, up and down by turns, around what is there in every code.
    """
    assert len(code) == 25
    bits = [code[8][x] for x in (0, 1, 2, 3, 4, 5, 7, 8)]
    level_and_mask = int("".join(str(int(bit)) for bit in bits[:5]), 2) ^ 0b10101
    assert level_and_mask >> 3 == 0b01  # level L
    masks: dict[int, Callable[[int, int], int]] = {
        0: lambda y, x: (y + x) % 2,
        1: lambda y, x: y % 2,
        2: lambda y, x: x % 3,
        3: lambda y, x: (y + x) % 3,
        4: lambda y, x: (y // 2 + x // 3) % 2,
        5: lambda y, x: y * x % 2 + y * x % 3,
        6: lambda y, x: (y * x % 2 + y * x % 3) % 2,
        7: lambda y, x: ((y + x) % 2 + y * x % 3) % 2,
    }
    mask = masks[level_and_mask & 7]
    stream = [code[y][x] ^ (mask(y, x) == 0) for y, x in path() if not is_fixed(y, x)]
    number = int("".join(str(int(bit)) for bit in stream[: 34 * 8]), 2)
    words = number.to_bytes(34, "big")
    assert words[0] >> 4 == 0b0100  # bytes
    length = (words[0] & 15) << 4 | words[1] >> 4
    return bytes((words[i] & 15) << 4 | words[i + 1] >> 4 for i in range(1, length + 1))


def path() -> Iterator[tuple[int, int]]:
    """In which order the squares are read."""
    upwards = True
    for right in (24, 22, 20, 18, 16, 14, 12, 10, 8, 5, 3, 1):
        for y in range(24, -1, -1) if upwards else range(25):
            yield from ((y, right), (y, right - 1))
        upwards = not upwards


def is_fixed(y: int, x: int) -> bool:
    """Whether a square is the same in every code of version 2, or tells its format."""
    corners = (y < 9 and x < 9) or (y < 9 and x > 16) or (y > 16 and x < 9)
    return corners or 6 in {y, x} or (16 <= y <= 20 and 16 <= x <= 20)


@pytest.mark.parametrize("text", ["whisker:join#AbCdEf-_09", "x" * 30, "whisker:join#kitten 7 7"])
def test_a_camera_reads_what_was_to_be_shown(text: str) -> None:
    assert read(seen(qr(text))) == text.encode()


def test_an_invitation_fits_on_a_terminal() -> None:
    lines = qr(LINK).split("\n")
    assert len({len(line) for line in lines}) == 1
    assert len(lines[0]) <= 70
    assert len(lines) <= 35


def test_what_is_shown_is_the_whole_code() -> None:
    code = seen(qr(LINK))
    again = segno.make_qr(LINK, error="l", boost_error=False)
    assert code == [[bool(square) for square in row] for row in again.matrix]


def test_a_code_that_does_not_fit_is_not_shown() -> None:
    assert qr(LINK, columns=40) == ""
    assert qr("x" * 2000, columns=1000) == ""


@pytest.mark.parametrize("asked", ["plain", "json", "quiet"])
def test_who_asked_for_plain_words_is_shown_no_code(asked: str) -> None:
    output = Output()
    setattr(output, asked, True)

    assert shown(LINK, output) == ""


def test_a_file_is_shown_no_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(LINK, Output()) == ""
