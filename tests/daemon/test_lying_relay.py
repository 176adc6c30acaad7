"""
Real daemons, and a relay whose operator lies: who repeats and reorders.

The relay is ``whisker relay`` with SQLite; between two starts its file is changed, as an operator
could who wants to harm. It can read nothing of what it changes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from tests.cli.terminal import LOOPBACK, Person, folder_of
from tests.daemon.relays import Relay, wait_until_exchanged

pytestmark = [pytest.mark.alone, pytest.mark.timeout(300)]

SECONDS = 60.0
Rows = list[tuple[bytes, float, bytes]]
"""Id, time and body of each entry, in order."""


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relay]:
    started = Relay(tmp_path)
    yield started
    started.kill()


@pytest.fixture
def pair(tmp_path: Path, relay: Relay) -> Iterator[tuple[Person, Person]]:
    """Ada and Bob, who have met once; both use the relay, and are off."""
    ada, bob = Person(tmp_path, "ada"), Person(tmp_path, "bob")
    done = ada.run("init", str(ada.folder), "--title", "The Cave", inside=False)
    assert done.returncode == 0, done.stderr
    ada.start()
    link = ada.json("invite", "--yes")["link"]
    done = bob.run("join", link, str(bob.folder), "--name", "Bob", inside=False)
    assert done.returncode == 0, done.stderr
    ada.end()
    bob.end()
    for person in (ada, bob):
        done = person.run("sync", "config", "--url", f"http://{LOOPBACK}:{relay.port}")
        assert done.returncode == 0, done.stderr
    yield ada, bob
    ada.end()
    bob.end()


def on(person: Person) -> None:
    done = person.run("sync", "start", "--interface", LOOPBACK, "--no-lan")
    assert done.returncode == 0, done.stderr


def turn(person: Person, relay: Relay, *names: str) -> None:
    """One is on alone, and writes a file after the other, so that each is a letter."""
    relay.start()
    on(person)
    for name in names:
        (person.folder / name).write_text(f":: {name}\nWords in {name}.\n")
        wait_until_exchanged(person)
    wait_until_exchanged(person)
    person.end()
    relay.kill()


def change(relay: Relay, how: Callable[[Rows], Rows]) -> None:
    """Have the operator change the log of the only mailbox, as if it had always been so."""
    with sqlite3.connect(relay.store) as database:
        ((box,),) = database.execute("SELECT number FROM mailbox")
        rows = database.execute(
            "SELECT id, time, body FROM entry WHERE box = ? ORDER BY position", (box,)
        ).fetchall()
        database.execute("DELETE FROM entry WHERE box = ?", (box,))
        for position, (id_, when, body) in enumerate(how(rows), 1):
            database.execute(
                "INSERT INTO entry VALUES (?, ?, ?, ?, ?)", (box, position, id_, when, body)
            )
            database.execute("UPDATE mailbox SET head = ? WHERE number = ?", (position, box))
    database.close()


def test_what_is_repeated_and_reordered_changes_nothing(
    pair: tuple[Person, Person], relay: Relay
) -> None:
    ada, bob = pair
    dice = Random(3)
    turn(ada, relay, "one.twee", "two.twee", "three.twee")

    def shuffled_with_repetitions(rows: Rows) -> Rows:
        mixed = [*rows, *_anew(dice, rows), *_anew(dice, rows[:2])]
        dice.shuffle(mixed)
        return mixed

    change(relay, shuffled_with_repetitions)
    turn(bob, relay, "bob.twee")
    assert set(folder_of(bob.folder)) >= {"one.twee", "two.twee", "three.twee"}
    # What Ada has not read yet comes to her backwards, and twice.
    change(relay, lambda rows: [*rows[:6], *_anew(dice, rows[6:][::-1]), *rows[6:][::-1]])
    turn(ada, relay)
    assert folder_of(ada.folder) == folder_of(bob.folder)
    relay.start()
    on(bob)
    wait_until_exchanged(bob)
    assert bob.json("sync", "status")["relay"]["missing"] == 0


def _anew(dice: Random, rows: Rows) -> Rows:
    """The same bodies, under ids that the relay makes up."""
    return [(dice.randbytes(16), when, body) for _, when, body in rows]
