"""``whisker build``, ``formats`` and ``import``, as processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.terminal import Person, folder_of
from tests.project.test_formats import put

STORY = (
    ':: StoryTitle\nThe Cave\n\n:: StoryData\n{"format": "A"}\n\n:: Start\nDark. [[Sea]]\n:: Sea\n'
)


@pytest.fixture
def ada(tmp_path: Path) -> Person:
    person = Person(tmp_path, "ada")
    person.folder.mkdir()
    (person.folder / "cave.twee").write_text(STORY)
    put(person.folder / "storyformats", "a-1", "A", "1.2.0")
    return person


def test_build_makes_a_page_and_changes_no_source(ada: Person) -> None:
    before = folder_of(ada.folder)
    done = ada.run("build")
    page = ada.folder / "build" / "The Cave.html"

    assert (done.returncode, done.stderr) == (0, "")
    assert "warning ST206: the story has no IFID" in done.stdout
    assert f"“The Cave”, 2 passages, A 1.2.0: {page} (" in done.stdout
    assert page.read_text().startswith("<html>The Cave: <!-- UUID://")
    first = page.read_bytes()
    assert ada.run("build").returncode == 0
    assert page.read_bytes() == first
    page.unlink()
    assert folder_of(ada.folder) == before


def test_all_members_of_a_workspace_build_the_same_ifid(ada: Person) -> None:
    alone = ada.json("build")["ifid"]
    ada.run("init", str(ada.folder), inside=False)
    shared = ada.json("build")["ifid"]
    (ada.folder / "sub").mkdir()

    assert shared != alone
    assert ada.json("build", "--start", "Sea")["ifid"] == shared


def test_build_ends_with_3_if_readers_would_notice_and_makes_the_page(ada: Person) -> None:
    (ada.folder / "again.twee").write_text(":: Sea\n")
    done = ada.run("build", "-o", "x.html")

    assert done.returncode == 3
    assert "error ST203" in done.stdout
    assert (ada.folder / "x.html").exists()


def test_build_prints_the_page_if_asked(ada: Person) -> None:
    done = ada.run("build", "-o", "-", "--archive")

    assert done.returncode == 0
    assert done.stdout.startswith("<!-- UUID://")
    assert "warning ST206" in done.stderr
    assert "warning ST206" not in done.stdout
    assert not (ada.folder / "build").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--format", "Nope"], "the story format Nope is not on this machine (found: A 1.2.0)"),
        (["--start", "Nope"], "the story begins with “Nope”, and there is no such passage"),
        (["-o", "cave.twee"], "cave.twee is there already, and nothing was written"),
        (["nope.twee"], "nope.twee cannot be read: there is no such file or folder"),
    ],
)
def test_build_says_why_it_cannot(ada: Person, arguments: list[str], sentence: str) -> None:
    before = folder_of(ada.folder)
    done = ada.run("build", *arguments)

    assert (done.returncode, done.stdout) == (1, "")
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert folder_of(ada.folder) == before


def test_formats_are_listed(ada: Person) -> None:
    (found,) = [each for each in ada.json("formats")["formats"] if each["id"] == "a-1"]

    assert (found["name"], found["version"], found["proofing"]) == ("A", "1.2.0", False)
    assert "a-1: A 1.2.0 (" in ada.run("formats").stdout


def test_a_page_is_imported_once(ada: Person) -> None:
    ada.run("build", "-o", "page.html")
    done = ada.run("import", "page.html", "new")

    assert done.returncode == 0, done.stderr
    assert done.stdout == "“The Cave”, 2 passages: new/The Cave.twee\n"
    assert "Dark. [[Sea]]" in (ada.folder / "new" / "The Cave.twee").read_text()
    again = ada.run("import", "page.html", "new")
    assert (again.returncode, again.stdout) == (1, "")
    assert "is there already, and nothing was written" in again.stderr
    assert ada.json("import", "page.html", "other")["stories"][0]["passages"] == 2
    assert ada.run("import", "cave.twee").returncode == 1


def test_a_link_to_a_former_name_leads_on_in_the_page_and_is_said(ada: Person) -> None:
    sea = ":: Sea\nThe sea is grey and calm today.\n"
    ada.run("init", inside=True)
    (ada.folder / "sea.twee").write_text(sea)
    (ada.folder / "cave.twee").write_text(STORY.replace(":: Sea\n", ""))
    ada.start()
    try:
        ada.run("sync", "now")
        (ada.folder / "sea.twee").write_text(sea.replace(":: Sea", ":: Ocean"))
        ada.run("sync", "now")
        assert "[[Ocean]]" in (ada.folder / "cave.twee").read_text()
        # Out of habit, somebody writes the old name later.
        (ada.folder / "new.twee").write_text(":: Moor\nTo the [[Sea]].\n")
        ada.run("sync", "now")
        running = ada.run("build", "-o", "-")
    finally:
        ada.end()
    stopped = ada.run("build", "-o", "-")
    for done in (running, stopped):
        assert done.returncode == 0, done.stderr
        assert "To the [[Ocean]]." in done.stdout
        assert "new.twee:1:1: warning ST213: “Sea” is called “Ocean” now" in done.stderr
    assert (ada.folder / "new.twee").read_text() == ":: Moor\nTo the [[Sea]].\n"
