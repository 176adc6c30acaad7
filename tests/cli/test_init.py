"""Tests of ``whisker init``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.terminal import Person
from whisker_sync.project.starting import TEMPLATES


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_is_a_story_in_which_nothing_is_wrong(tmp_path: Path, template: str) -> None:
    ada = Person(tmp_path, "ada")
    made = ada.run("init", str(ada.folder), "--title", "Cave", "--template", template, inside=False)
    parsed = ada.run("parse", "story.twee")
    built = ada.run("build", "--archive")

    assert made.returncode == 0, made.stderr
    assert "There is a small story in story.twee to begin with." in made.stdout
    assert parsed.returncode == 0, parsed.stdout
    assert (built.returncode, built.stderr) == (0, "")


def test_two_stories_of_one_template_have_two_ifids(tmp_path: Path) -> None:
    ada = Person(tmp_path, "ada")
    for name in ("one", "two"):
        ada.run("init", str(tmp_path / name), "--template", "harlowe", inside=False)
    one, two = (tmp_path.joinpath(name, "story.twee").read_text() for name in ("one", "two"))

    assert one.split('"ifid"')[1] != two.split('"ifid"')[1]


def test_a_template_replaces_nothing_and_then_the_folder_is_no_story_either(
    tmp_path: Path,
) -> None:
    ada = Person(tmp_path, "ada")
    ada.folder.mkdir(exist_ok=True)
    (ada.folder / "story.twee").write_text("mine")
    made = ada.run("init", str(ada.folder), "--template", "harlowe", inside=False)

    assert made.returncode == 1
    assert "there is one already" in made.stderr
    assert (ada.folder / "story.twee").read_text() == "mine"
    assert not (ada.folder / ".whisker").exists()


def test_an_empty_folder_is_said_to_be_empty(tmp_path: Path) -> None:
    ada = Person(tmp_path, "ada")

    assert "It is empty" in ada.run("init", str(ada.folder), inside=False).stdout
