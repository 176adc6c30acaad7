"""``whisker workspaces`` and ``whisker service show``, as processes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.terminal import Person

pytestmark = pytest.mark.waits


def test_each_story_of_this_machine_has_one_sentence(tmp_path: Path) -> None:
    ada = Person(tmp_path, "ada")
    assert ada.json("workspaces") == {"v": 1, "workspaces": []}
    ada.run("init", str(ada.folder), "--title", "The Cave", inside=False)
    ada.start()
    lake = tmp_path / "lake"
    for command in (["init", str(lake), "--title", "The Lake"], ["-C", str(lake), "sync", "start"]):
        assert ada.run(*command, inside=False).returncode == 0
    ada.run("-C", str(lake), "sync", "stop", inside=False)
    try:
        cave, other = ada.json("workspaces")["workspaces"]
        assert (cave["title"], cave["running"]) == ("The Cave", True)
        assert cave["sentence"] == "Saved here, on this device only."
        assert (other["title"], other["running"]) == ("The Lake", False)
        assert "Not syncing" in other["sentence"]
        assert ada.run("workspaces", "--plain").stdout.count("\n") == 2
        shutil.rmtree(lake)
        assert [each["title"] for each in ada.json("workspaces")["workspaces"]] == ["The Cave"]
    finally:
        ada.end()


def test_a_service_is_shown_before_it_is_installed(tmp_path: Path) -> None:
    ada = Person(tmp_path, "ada")
    ada.run("init", str(ada.folder), inside=False)
    shown = ada.json("service", "show")
    assert str(ada.folder) in shown["text"]
    assert not Path(shown["file"]).exists()
