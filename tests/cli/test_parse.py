"""``whisker parse``, as a process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.terminal import Person


@pytest.fixture
def ada(tmp_path: Path) -> Person:
    person = Person(tmp_path, "ada")
    person.folder.mkdir()
    return person


def test_parse_shows_passages_and_ends_well_if_nothing_is_wrong(ada: Person) -> None:
    (ada.folder / "cave.twee").write_bytes(b"\r\n:: Cave [dark]\r\nDark.\r\n:: Sea\r\n")
    done = ada.run("parse", "cave.twee")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "cave.twee: 2 passages\n  line 2: Cave [dark]\n  line 4: Sea\n"


def test_parse_gives_the_tree_to_programs(ada: Person) -> None:
    (ada.folder / "cave.twee").write_bytes(
        b'\xef\xbb\xbflicence\r\n:: Cave [a b a] {"position":"1,2","mine":{"x":[1]}}\r\n'
        b"Dark.\r\n\\:: too\r\n\r\n:: Sea [x\r\n"
    )
    (ada.folder / "sub").mkdir()
    (ada.folder / "sub" / "b.tw").write_bytes(b":: Cave\n")
    answer = ada.json("parse", ".")

    (cave, sub) = answer["files"]
    assert (cave["path"], sub["path"]) == ("cave.twee", "sub/b.tw")
    assert (cave["bom"], cave["eol"], cave["prologue"], cave["lossless"]) == (
        True, "\r\n", "licence\n", True,
    )  # fmt: skip
    assert cave["passages"] == [
        {
            "name": "Cave",
            "tags": ["a", "b", "a"],
            "metadata": {"position": "1,2", "mine": {"x": [1]}},
            "position": {"line": 2, "column": 1},
            "text": "Dark.\n:: too",
        },
        {
            "name": "Sea [x",
            "tags": [],
            "metadata": {},
            "position": {"line": 6, "column": 1},
            "text": "",
        },
    ]
    assert [each["code"] for each in cave["errors"]] == ["TW102"]
    assert [(each["code"], each["path"], each["line"]) for each in answer["findings"]] == [
        ("TW102", "cave.twee", 6), ("ST203", "sub/b.tw", 1),
    ]  # fmt: skip


def test_parse_ends_with_3_and_a_place_to_jump_to_if_something_is_wrong(ada: Person) -> None:
    (ada.folder / "cave.twee").write_text(":: Cave\n\n::\nx\n")
    done = ada.run("parse", "cave.twee")

    assert done.returncode == 3
    assert "\ncave.twee:3:1: error TW101: this passage has no name" in done.stdout


def test_parse_says_what_is_not_there(ada: Person) -> None:
    done = ada.run("parse", "cave.twee")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "whisker: cave.twee cannot be read: there is no such file or folder\n"
