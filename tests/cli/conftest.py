"""Two authors at their terminals, for the tests of commands that need both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.terminal import LOOPBACK, Person

CAVE = ":: Start\nThe wind is cold.\n\n:: Cave\nIt is dark here.\n"


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Person, Person]]:
    """Ada and Bob, who share a story of two passages."""
    ada, bob = Person(tmp_path, "ada"), Person(tmp_path, "bob")
    ada.run("init", str(ada.folder), "--title", "The Cave", inside=False)
    (ada.folder / "story.twee").write_text(CAVE)
    ada.start()
    link = ada.json("invite", "--yes")["link"]
    joined = bob.run(
        "join", "-", str(bob.folder), "--interface", LOOPBACK, inside=False, given=link + "\n"
    )
    assert joined.returncode == 0, joined.stderr
    yield ada, bob
    ada.end()
    bob.end()
