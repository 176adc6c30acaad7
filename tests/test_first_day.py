"""The page about the first day of two authors says what the commands print today."""

from __future__ import annotations

import sys

import pytest

from tests.first_day import PAGE, write


@pytest.mark.waits
@pytest.mark.timeout(300)
@pytest.mark.skipif(sys.platform != "linux", reason="its commands are those of Linux")
def test_the_page_is_what_the_commands_print() -> None:
    assert write() == PAGE.read_text("utf-8"), "write it anew with: python -m tests.first_day"
