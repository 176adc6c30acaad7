"""Tests of :mod:`whisker_sync.project.formats`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from whisker_sync.errors import NoStoryFormat
from whisker_sync.project.formats import find, installed, places


def put(folder: Path, name: str, story_format: str, version: str) -> Path:
    place = folder / name
    place.mkdir(parents=True)
    script = place / "format.js"
    script.write_text(
        f'window.storyFormat({{"name":"{story_format}","version":"{version}",'
        '"source":"<html>{{STORY_NAME}}: {{STORY_DATA}}</html>"})'
    )
    return script


def test_formats_are_found_where_authors_put_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "user")
    project, ours = tmp_path / "project", tmp_path / "ours"
    first, second = tmp_path / "one", tmp_path / "two"
    expected = {
        "here": put(project / "storyformats", "here", "A", "1.0.0"),
        "above": put(tmp_path / ".storyformats", "above", "B", "1.0.0"),
        "ours": put(ours / "storyformats", "ours", "C", "1.0.0"),
        "path-1": put(first, "path-1", "D", "1.0.0"),
        "path-2": put(second, "path-2", "E", "1.0.0"),
        "user": put(tmp_path / "user" / "storyformats", "user", "F", "1.0.0"),
    }
    put(first, "here", "Z", "9.0.0")
    environment = {"TWEEGO_PATH": f"{first}{os.pathsep}{second}", "PATH": ""}

    found = installed(places(project, ours, environment))

    assert {each.id: each.path for each in found} == expected
    assert [each.format.name for each in found] == ["A", "B", "C", "D", "E", "F"]


def test_formats_beside_tweego_are_found(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "tweego"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    put(tmp_path / "bin" / "storyformats", "harlowe-3", "Harlowe", "3.3.9")
    environment = {"PATH": str(program.parent)}

    assert "harlowe-3" in [
        each.id for each in installed(places(tmp_path / "x", tmp_path / "y", environment))
    ]


def test_what_is_no_format_is_passed_over(tmp_path: Path) -> None:
    put(tmp_path, "a", "A", "1.0.0")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "format.js").write_bytes(b"\xff\xfe nothing")
    (tmp_path / "c").write_text("a file")
    (tmp_path / "d" / "format.js").mkdir(parents=True)

    assert [each.id for each in installed([tmp_path / "missing", tmp_path])] == ["a"]


def test_a_format_is_found_by_id_or_by_name_and_version(tmp_path: Path) -> None:
    put(tmp_path, "sugarcube-2", "SugarCube", "2.37.3")
    put(tmp_path, "sugarcube-1", "SugarCube", "1.0.35")
    found = installed([tmp_path])

    assert find(found, "SugarCube-1", "").format.version == "1.0.35"
    assert find(found, "sugarcube", "2.31.1").format.version == "2.37.3"
    assert find(found, "SugarCube", "").format.version == "2.37.3"


def test_a_format_that_is_not_here_is_said_with_those_that_are(tmp_path: Path) -> None:
    put(tmp_path, "sugarcube-2", "SugarCube", "2.37.3")
    found = installed([tmp_path])

    with pytest.raises(NoStoryFormat, match=r"SugarCube 2\.40\.0 .*\(found: SugarCube 2\.37\.3\)"):
        find(found, "SugarCube", "2.40.0")
    with pytest.raises(NoStoryFormat, match="does not say its format"):
        find(found, "", "")
