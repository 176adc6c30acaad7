"""Tests for :mod:`whisker_sync.daemon.process`: what a background process says, and to whom."""

from __future__ import annotations

import logging
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from whisker_sync.daemon import process
from whisker_sync.store.layout import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Iterator[Layout]:
    logger = logging.getLogger("whisker_sync")
    before, level, umask = list(logger.handlers), logger.level, os.umask(0)
    yield Layout.make(tmp_path / "story")
    os.umask(umask)
    for handler in set(logger.handlers) - set(before):
        logger.removeHandler(handler)
        handler.close()
    logger.setLevel(level)


@pytest.mark.skipif(sys.platform == "win32", reason="modes are as Unix has them")
def test_every_log_is_its_owners_only(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LOG_BYTES", 1000)
    process.log_to_file(layout, verbose=True)
    for i in range(100):
        logging.getLogger("whisker_sync").debug("line %d", i)
    logs = sorted(layout.local.glob("log*"))
    assert [log.name for log in logs] == ["log", "log.1", "log.2"]
    assert {stat.S_IMODE(log.stat().st_mode) for log in logs} == {0o600}


def test_what_others_chose_cannot_look_like_a_line_of_its_own(layout: Layout) -> None:
    process.log_to_file(layout, verbose=False)
    name = "x\x1b[2J\u202e\n2026-01-01 00:00:00,000 ERROR all is lost"
    logging.getLogger("whisker_sync").warning("%s was left out", name)
    (line,) = layout.log.read_text("utf-8").splitlines()
    assert line.endswith("WARNING x[2J 2026-01-01 00:00:00,000 ERROR all is lost was left out")
