"""A short run of ``benchmarks/open_project.py``: a folder is opened and arrives as it is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.open_project import measure

pytestmark = [
    pytest.mark.alone,
    pytest.mark.skipif(sys.platform == "win32", reason="starts daemons as Unix does"),
]


def test_a_project_arrives_as_it_is(tmp_path: Path) -> None:
    project = tmp_path / "project"
    for i in range(40):
        path = project / f"chapter {i % 4}" / f"{i}.twee"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\xef\xbb\xbf:: Room %d\r\nodd  spacing \r\n\r\n" % i)
    (project / "map.png").write_bytes(bytes(range(256)) * 100)
    (project / ".gitignore").write_text("*.log\n")
    (project / "a.log").write_text("left out")
    figures = measure(project, tmp_path / "place")
    assert figures.files == 42
    assert figures.wrong == ()
    assert not (tmp_path / "place" / "other" / "a.log").exists()
