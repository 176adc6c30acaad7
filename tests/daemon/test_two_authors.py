"""
The main job, end to end: two daemons, two folders, a real story, many edits.

The stories are not part of the project: name a directory in WHISKER_STORIES. Without one
the sample story of the demo is used.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.cli.terminal import Person, folder_of

CHECKOUT = Path(__file__).parents[2]
STORIES = Path(os.environ.get("WHISKER_STORIES", CHECKOUT.parent / "shared" / "stories"))
SAMPLE = CHECKOUT / "whisker_sync" / "cli" / "sample"

pytestmark = [
    pytest.mark.alone,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform == "win32", reason="kills processes as Unix does"),
]


@pytest.fixture
def couple(tmp_path: Path) -> Iterator[tuple[Person, Person]]:
    """Ada, who has a story, and Bob, who joined her."""
    ada, bob = Person(tmp_path, "ada"), Person(tmp_path, "bob")
    source = STORIES if STORIES.is_dir() else SAMPLE
    shutil.copytree(source, ada.folder)
    try:
        ada.run("init", "--title", "The Cave")
        ada.start()
        link = ada.json("invite", "--yes")["link"]
        bob.run("join", link, str(bob.folder), "--interface", "127.0.0.1", inside=False)
        yield ada, bob
    finally:
        for person in (ada, bob):
            person.end()


def status(person: Person) -> dict[str, Any]:
    return person.json("sync", "status")


def same(ada: Person, bob: Person) -> bool:
    """Equal digests, and ``diff -r`` finds nothing."""
    assert ada.run("sync", "now", "--timeout", "60").returncode == 0
    assert bob.run("sync", "now", "--timeout", "60").returncode == 0
    done = subprocess.run(
        ["diff", "-r", "-x", ".whisker", str(ada.folder), str(bob.folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""
    return bool(status(ada)["digest"] == status(bob)["digest"])


class Hand:
    """Edits files at random, as one author; remembers the words that only they wrote."""

    def __init__(self, person: Person, dice: Random) -> None:
        self.person = person
        self.dice = dice
        self.count = 0
        self.words: set[str] = set()

    def word(self) -> str:
        self.count += 1
        word = f"{self.person.name}word{self.count}"
        self.words.add(word)
        return word

    def edit(self) -> None:
        files = [path for path in folder_of(self.person.folder) if path.endswith((".tw", ".twee"))]
        path = self.person.folder / self.dice.choice(files)
        text = path.read_bytes().decode()
        lines = text.split("\n")
        at = self.dice.randrange(len(lines))
        match self.dice.randrange(10):
            case 0 | 1 | 2 | 3:
                if lines[at].startswith("::") or not lines[at].strip():
                    lines.insert(at + 1, f"A line with {self.word()} in it.")
                else:
                    words = lines[at].split(" ")
                    words.insert(self.dice.randrange(len(words) + 1), self.word())
                    lines[at] = " ".join(words)
            case 4 | 5:
                lines += ["", f":: Room {self.word()} [new]", f"It says {self.word()} here."]
            case 6:
                path = path.with_name(f"new-{self.person.name}-{self.count}.twee")
                lines = [f":: Passage {self.word()}", f"New: {self.word()}"]
            case 7:
                moved = path.with_name(f"renamed-{self.count}-{self.person.name}-{path.name[-20:]}")
                path.rename(moved)
                return
            case _:
                lines.insert(at, f"Before it, {self.word()}.")
        beside = path.with_name("beside.tmp")
        beside.write_bytes("\n".join(lines).encode())
        beside.replace(path)


def test_two_folders_stay_the_same_through_two_hundred_edits(couple: tuple[Person, Person]) -> None:
    ada, bob = couple
    assert same(ada, bob)
    dice = Random(11)
    hands = [Hand(person, dice) for person in couple]
    for _ in range(50):
        dice.choice(hands).edit()
    assert same(ada, bob)
    for absent, present in ((bob, hands[0]), (ada, hands[1])):
        absent.run("sync", "stop")
        for _ in range(50):
            present.edit()
        for _ in range(25):
            next(hand for hand in hands if hand is not present).edit()
        absent.start()
        assert same(ada, bob)
    everything = b"\n".join(folder_of(ada.folder).values()).decode(errors="replace")
    lost = [word for hand in hands for word in hand.words if word not in everything]
    assert not lost
    assert status(ada)["pending"] == status(bob)["pending"] == 0
    assert status(ada)["quarantined"] == status(ada)["held"] == 0
