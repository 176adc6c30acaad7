"""``whisker sync stats`` and ``whisker sync reset``, as processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.terminal import Person

pytestmark = pytest.mark.waits


def test_nothing_is_forgotten_without_a_yes(pair: tuple[Person, Person]) -> None:
    ada, _ = pair
    refused = ada.run("sync", "reset")
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    assert ada.json("sync", "status")["peers"]


def test_a_story_that_was_never_shared_has_nothing_to_forget(tmp_path: Path) -> None:
    ada = Person(tmp_path, "ada")
    ada.run("init", str(ada.folder), inside=False)
    done = ada.run("sync", "reset", "--yes")
    assert (done.returncode, done.stdout) == (0, "There was nothing to forget yet.\n")
