"""``whisker rename``, as a process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.terminal import Person, folder_of

DATA = ':: StoryData\n{"format": "SugarCube"}\n'


@pytest.fixture
def ada(tmp_path: Path) -> Person:
    person = Person(tmp_path, "ada")
    person.folder.mkdir()
    (person.folder / "data.twee").write_text(DATA)
    (person.folder / "cave.twee").write_bytes(b":: Dark Cave\r\nDark.\r\n")
    (person.folder / "sub").mkdir()
    (person.folder / "sub" / "sea.tw").write_text(":: Sea\n[[Dark Cave]] <<mine 'Dark Cave'>>\n")
    return person


def test_rename_repairs_all_files_and_says_what_it_did(ada: Person) -> None:
    done = ada.run("rename", "Dark Cave", "Lit Cave")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "“Dark Cave” is now “Lit Cave”.\n"
        "  cave.twee: the passage itself\n"
        "  sub/sea.tw: 1 link\n"
        "Look at these: they say “Dark Cave”, and may mean the passage.\n"
        "  sub/sea.tw:2:22\n"
    )
    assert folder_of(ada.folder) == {
        "data.twee": DATA.encode(),
        "cave.twee": b":: Lit Cave\r\nDark.\r\n",
        "sub/sea.tw": b":: Sea\n[[Lit Cave]] <<mine 'Dark Cave'>>\n",
    }


def test_a_dry_run_changes_nothing(ada: Person) -> None:
    before = folder_of(ada.folder)
    answer = ada.json("rename", "Dark Cave", "Lit Cave", "--dry-run")

    assert folder_of(ada.folder) == before
    assert answer == {
        "v": 1,
        "old": "Dark Cave",
        "new": "Lit Cave",
        "dry_run": True,
        "files": [
            {"path": "cave.twee", "header": True, "references": 0},
            {"path": "sub/sea.tw", "header": False, "references": 1},
        ],
        "left": [],
        "mentions": [{"path": "sub/sea.tw", "line": 2, "column": 22}],
        "start_unsaid": False,
    }


def test_inside_a_workspace_the_whole_of_it_is_looked_through(ada: Person) -> None:
    ada.run("init", str(ada.folder), inside=False)
    done = ada.run("rename", "Dark Cave", "Lit Cave", "-C", str(ada.folder / "sub"), inside=False)

    assert done.returncode == 0, done.stderr
    assert folder_of(ada.folder)["cave.twee"] == b":: Lit Cave\r\nDark.\r\n"


def test_a_link_that_cannot_hold_the_name_ends_with_3(ada: Person) -> None:
    done = ada.run("rename", "Dark Cave", "a|b]]")

    assert done.returncode == 3
    assert "These still lead to “Dark Cave”" in done.stdout
    assert "  sub/sea.tw:2:3\n" in done.stdout


@pytest.mark.parametrize(("old", "new"), [("Dark Cav", "x"), ("Sea", "Dark Cave"), ("Sea", "")])
def test_a_rename_that_cannot_be_changes_nothing(ada: Person, old: str, new: str) -> None:
    before = folder_of(ada.folder)
    done = ada.run("rename", old, new)

    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert folder_of(ada.folder) == before
